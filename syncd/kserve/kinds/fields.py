"""Types of the fields in the kinds' parts of the mapping, and how a part says what it needs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import BeforeValidator
from pydantic_core import core_schema

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.interface import Inputs
from syncd.schema.source import SourceSpec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic.json_schema import JsonSchemaValue

    FieldValue = str | bool | SourceSpec | None

_PLACEHOLDER: Final = "$("
_HUMP: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Literal:
    """Marks a text field that the mapping itself gives.

    `check` sees it at once, so that a mistake is found in the mapping with its line; where a placeholder
    stands in it, only when that is filled in.
    """

    check: Callable[[str], str]

    def read(self, value: object) -> str:
        """Return the text as it was written."""
        if not isinstance(value, str):
            raise ValueError("must be text")  # noqa: TRY004 - pydantic reports a ValueError with its place
        if _PLACEHOLDER not in value:
            self.check(value)
        return value

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_before_validator_function(self.read, core_schema.str_schema())


@dataclass(frozen=True, slots=True)
class LiteralOrSource(Literal):
    """Marks a text field: a bare scalar is the text itself, a map says where the text is."""

    def read_either(
        self, value: object, handler: core_schema.ValidatorFunctionWrapHandler
    ) -> str | SourceSpec:
        """Return text, or the source; mistakes inside the map keep their own place."""
        if isinstance(value, dict | SourceSpec):
            return cast("SourceSpec", handler(value))
        return self.read(value)

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return core_schema.no_info_wrap_validator_function(
            self.read_either, handler.generate_schema(SourceSpec)
        )

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, handler(schema)]}


def _only_a_source(value: Any) -> Any:  # noqa: ANN401 - what stands in the mapping, passed on as it is
    if isinstance(value, dict | SourceSpec):
        return value
    raise ValueError(
        "secret values do not belong in the mapping; write {property: …}, {pointer: …} or {whole: true}"
    )


Secret = Annotated[SourceSpec, BeforeValidator(_only_a_source)]
"""A secret field: it says where the value is, never what it is."""

Text = Annotated[str | SourceSpec, LiteralOrSource(checks.line)]
Endpoint = Annotated[str | SourceSpec, LiteralOrSource(checks.s3_endpoint)]
Region = Annotated[str | SourceSpec, LiteralOrSource(checks.region)]
Path = Annotated[str | SourceSpec, LiteralOrSource(checks.absolute_path)]
ObjectName = Annotated[str | SourceSpec, LiteralOrSource(checks.object_name)]
KeyId = Annotated[str | SourceSpec, LiteralOrSource(checks.token)]
AzureId = Annotated[str | SourceSpec, LiteralOrSource(checks.azure_id)]
Host = Annotated[str | SourceSpec, LiteralOrSource(checks.https_host)]
Namenode = Annotated[str | SourceSpec, LiteralOrSource(checks.namenode)]
Username = Annotated[str | SourceSpec, LiteralOrSource(checks.username)]
Registry = Annotated[str | SourceSpec, LiteralOrSource(checks.registry)]

RoleArn = Annotated[str, Literal(checks.role_arn)]
LiteralAzureId = Annotated[str, Literal(checks.azure_id)]


def usual_names(field: str, *keys: str, also: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Return the usual names of a field in order, each once.

    `keys` are KServe's data key and its key in `storage-config`; then come the field as it is written, in
    snake_case and in kebab-case, then `also`.
    """
    words = [word.lower() for word in _HUMP.split(field)]
    return tuple(dict.fromkeys((*keys, field, "_".join(words), "-".join(words), *also)))


def inputs_of(
    values: Mapping[str, FieldValue],
    usual: Mapping[str, tuple[str, ...]],
    *,
    whole: str | None = None,
    optional: frozenset[str] = frozenset(),
) -> Inputs:
    """Sort what the user wrote, field → value, into sources and literals.

    A field that was left out is looked for if it has usual names; flags become `true` and `false`. An
    optional one is not looked for where another field takes the whole of `from`: it has no names then.
    """
    given = [value for value in values.values() if isinstance(value, SourceSpec)]
    nameless = any(value.whole and value.secret is None for value in given)
    sources: dict[str, SourceSpec | None] = {}
    literals: dict[str, str] = {}
    for name, value in values.items():
        if isinstance(value, SourceSpec):
            sources[name] = value
        elif isinstance(value, bool):
            literals[name] = str(value).lower()
        elif value is not None:
            literals[name] = value
        elif name in usual and not (nameless and name in optional):
            sources[name] = None
    return Inputs(
        sources=sources,
        literals=literals,
        usual={name: usual[name] for name in sources if name in usual},
        whole_field=whole,
        optional=optional & sources.keys(),
    )

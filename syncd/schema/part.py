"""The pydantic base of every part of the mapping, and field types that read Kubernetes-style text.

The mapping reaches pydantic as a tree of text: a field's type decides what `no` or `0012` means, never YAML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    WithJsonSchema,
)
from pydantic.alias_generators import to_camel

from syncd.schema.docstrings import attribute_docstrings

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema

_DURATION: Final = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_UNITS: Final = (86_400, 3_600, 60, 1)


class Part(BaseModel):
    """A part of the mapping: camelCase keys, unknown keys refused, immutable, no input echoed in errors."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        hide_input_in_errors=True,
        str_strip_whitespace=False,
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Describe each field by the text below it in the source."""
        schema = handler(core_schema)
        properties = handler.resolve_ref_schema(schema)["properties"]
        for base in reversed(cls.__mro__):
            if not issubclass(base, Part):
                continue
            for name, text in attribute_docstrings(base).items():
                field = properties[cls.model_fields[name].alias or name]
                field["description"] = text
        return schema


def _flag(value: object) -> object:
    if isinstance(value, bool):
        return value
    if value in {"true", "false"}:
        return value == "true"
    msg = "must be true or false"
    raise ValueError(msg)


def _seconds(value: object) -> object:
    if isinstance(value, int | float):
        return value
    match = _DURATION.fullmatch(value) if isinstance(value, str) and value else None
    if match is None:
        msg = "must be a duration such as 30s, 5m, 1h30m or 14d"
        raise ValueError(msg)
    return sum(int(number or 0) * unit for number, unit in zip(match.groups(), _UNITS, strict=True))


Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
"""`true` or `false`, and no other spelling."""

Seconds = Annotated[
    float,
    BeforeValidator(_seconds),
    WithJsonSchema(
        {
            "type": "string",
            "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$",
            "examples": ["30s", "5m"],
        }
    ),
]
"""A duration as Kubernetes writes it (30s, 5m, 1h30m, 14d); in seconds."""

DnsLabel = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
"""RFC 1123 label: lower-case letters, digits and hyphens, at most 63 characters."""

DnsSubdomain = Annotated[
    str,
    StringConstraints(
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
        max_length=253,
    ),
]
"""RFC 1123 subdomain: what Secrets and ServiceAccounts may be called, at most 253 characters."""

NonEmpty = Annotated[str, StringConstraints(min_length=1)]
"""Text with at least one character."""

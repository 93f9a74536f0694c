"""What a field of the mapping is: `syncd explain`, and the reference, from the schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from syncd.mapping.schema import fields, free_values, json_schema, resolve
from syncd.mapping.suggest import did_you_mean
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

_INDEX: Final = re.compile(r"\[\d*\]")
_TYPES: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
}


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """One field: its name, what it takes, and what it is for."""

    name: str
    type: str
    description: str
    required: bool = False
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A place of the mapping, and the fields below it."""

    path: str
    type: str
    description: str
    required: bool
    default: str | None
    fields: tuple[FieldDoc, ...]


def explain(path: str) -> Explanation:
    """Return what stands at a path, such as `credentials.s3.endpoint`, `stores.vault.auth` or `` for all.

    Names of stores and credentials may be left out, and so may indexes of lists.

    Raises:
        UsageError: when the mapping has no such field; the text has the nearest one.

    """
    schema: Mapping[str, Any] = json_schema()
    required = False
    walked: list[str] = []
    for key in filter(None, _INDEX.sub("", path).split(".")):
        below = fields(schema)
        walked.append(key)
        if key in below:
            required = key in _required(schema)
            schema = below[key]
            continue
        free = free_values(resolve(schema))
        if free is None:
            where = ".".join(walked[:-1]) or "a mapping"
            raise UsageError(f"{where} has no field {key}; {did_you_mean(key, below) or 'it has no fields'}")
        schema, required = free, False
    return Explanation(
        path=".".join(walked),
        type=type_words(schema),
        description=_description(schema),
        required=required,
        default=default_words(schema),
        fields=field_docs(schema),
    )


def field_docs(schema: Mapping[str, Any]) -> tuple[FieldDoc, ...]:
    """Return the fields below a place, in the order of the form."""
    required = _required(schema)
    return tuple(
        FieldDoc(name, type_words(below), _description(below), name in required, default_words(below))
        for name, below in fields(schema).items()
    )


def type_words(schema: Mapping[str, Any]) -> str:
    """Return in words what a field takes."""
    found = resolve(schema)
    if "choices" in found:
        return " or ".join(dict.fromkeys(type_words(choice) for choice in found["choices"]))
    if "enum" in found:
        return " or ".join(found["enum"])
    if "const" in found:
        return str(found["const"])
    if found.get("type") == "array":
        return f"list of {type_words(found.get('items', {}))}"
    free = free_values(found)
    if free is not None:
        return f"map of name to {type_words(free)}"
    if "properties" in found:
        return "source" if "pointer" in found["properties"] else "fields"
    if found.get("pattern", "").startswith(r"^(\d+d)?"):
        return "duration"
    return _TYPES.get(_first_type(found), "text")


def default_words(schema: Mapping[str, Any]) -> str | None:
    """Return the default as it is written in YAML; None when there is none worth telling."""
    default = resolve(schema).get("default")
    if default in (None, [], {}):
        return None
    if isinstance(default, bool):
        return str(default).lower()
    if isinstance(default, list):
        return f"[{', '.join(map(str, default))}]"
    return None if isinstance(default, dict) else str(default)


def render(explanation: Explanation) -> str:
    """Return the explanation as text for a terminal."""
    head = [f"FIELD: {explanation.path or 'a mapping'} <{explanation.type}>", ""]
    head += [f"    {line}" for line in explanation.description.splitlines()]
    if explanation.required:
        head.append("    Required.")
    if explanation.default is not None:
        head.append(f"    Default: {explanation.default}")
    if explanation.fields:
        head += ["", "FIELDS:"]
    for field in explanation.fields:
        mark = ", required" if field.required else f", default {field.default}" if field.default else ""
        head.append(f"  {field.name} <{field.type}{mark}>")
        head += [f"    {line}" for line in field.description.splitlines()]
    return "\n".join(head) + "\n"


def _description(schema: Mapping[str, Any]) -> str:
    return str(resolve(schema).get("description", ""))


def _first_type(schema: Mapping[str, Any]) -> str:
    kind = schema.get("type", "string")
    return str(kind[0]) if isinstance(kind, list) else str(kind)


def _required(schema: Mapping[str, Any]) -> frozenset[str]:
    found = resolve(schema)
    inner = found.get("items") or free_values(found)
    if isinstance(inner, dict):
        return _required(inner)
    return frozenset(found.get("required", ()))

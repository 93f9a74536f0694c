"""The JSON Schema of the mapping, made from the parts; editors, `explain`, messages and reference use it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from syncd.mapping.document import MappingPart

if TYPE_CHECKING:
    from collections.abc import Mapping

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_DEFINITIONS: Final = "#/$defs/"
_DURATION: Final = r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$"


@cache
def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of a mapping file; not to be changed by the caller."""
    schema = _tidy(MappingPart.model_json_schema(by_alias=True))
    header = ("apiVersion", "kind")
    properties = {name: schema["properties"][name] for name in header} | schema["properties"]
    return {"$schema": DIALECT, "title": "Mapping", **schema, "properties": properties}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Take away what pydantic adds and nobody reads, and write defaults and versions as people write them."""
    tidied = {key: _tidy_below(key, value) for key, value in schema.items()}
    if isinstance(tidied.get("title"), str):
        del tidied["title"]
    if tidied.get("default", "") is None:
        del tidied["default"]
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
    if tidied.get("pattern") == _DURATION and "default" in tidied:
        tidied["default"] = f"{tidied['default']:g}s"
    return tidied


def _tidy_below(key: str, value: object) -> object:
    if key == "anyOf" and isinstance(value, list):
        return [_tidy(choice) for choice in value]
    if key in {"properties", "patternProperties", "$defs"} and isinstance(value, dict):
        return {name: _version(name, _tidy(inner)) for name, inner in value.items()}
    if key in {"items", "additionalProperties", "propertyNames"} and isinstance(value, dict):
        return _tidy(value)
    return value


def _version(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    """Let an editor accept `version: 7`; syncd reads the text as it is written."""
    if name != "version" or "anyOf" not in schema:
        return schema
    return {**schema, "anyOf": [{"type": "integer"}, *schema["anyOf"]]}


def resolve(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of the schema with its reference followed; its own words win over those it refers to.

    Of alternatives the one that is a map is taken, and `null` is left out: such a field may be left out.
    """
    reference = schema.get("$ref")
    if reference is not None:
        target = json_schema()["$defs"][str(reference).removeprefix(_DEFINITIONS)]
        own = {key: value for key, value in schema.items() if key != "$ref"}
        return resolve({**target, **own})
    choices = [resolve(choice) for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if not choices:
        return schema
    chosen = next((choice for choice in choices if "properties" in choice), choices[0])
    own = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**chosen, **own, "choices": choices} if len(choices) > 1 else {**chosen, **own}


def fields(schema: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    """Return the fields that a map, or each item of a list or map of maps, has by its form: name → schema."""
    found = resolve(schema)
    if "properties" in found:
        return dict(found["properties"])
    inner = found.get("items") or free_values(found)
    return fields(inner) if isinstance(inner, dict) else {}


def free_values(schema: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the schema of the values of a map whose keys are the user's; None for any other form."""
    if "properties" in schema:
        return None
    by_pattern = list(schema.get("patternProperties", {}).values())
    inner = by_pattern[0] if by_pattern else schema.get("additionalProperties")
    return inner if isinstance(inner, dict) else None


def step(schema: Mapping[str, Any], key: str | int) -> Mapping[str, Any] | None:
    """Return the schema one step further down: a field, an item, a value of a map with free keys."""
    found = resolve(schema)
    inner = found.get("items") if isinstance(key, int) else found.get("properties", {}).get(key)
    if inner is None and isinstance(key, str):
        return free_values(found)
    return inner if isinstance(inner, dict) else None


def at(path: tuple[str | int, ...]) -> Mapping[str, Any] | None:
    """Return the schema at a path of the mapping; None where the mapping has no such place."""
    schema: Mapping[str, Any] | None = json_schema()
    for key in path:
        schema = step(schema, key) if schema is not None else None
    return resolve(schema) if schema is not None else None

"""What pydantic found wrong, in words for the people who write mappings. No input is ever repeated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, get_args

from syncd.mapping.settings import Problem
from syncd.mapping.suggest import did_you_mean, for_unknown_field
from syncd.mapping.tree import origin
from syncd.schema.part import DnsLabel, DnsSubdomain

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from syncd.mapping.tree import Node, Path
    from syncd.model.names import CredentialId

_KEY: Final = "[key]"
"""What pydantic puts at the end of the place of an error in a map's key."""

_WORDS: Final = {
    "missing": "is required",
    "extra_forbidden": "unknown field",
    "string_type": "must be text",
    "path_type": "must be a path",
    "model_type": "must be a map of fields",
    "model_attributes_type": "must be a map of fields",
    "dict_type": "must be a map",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "string_too_short": "must not be empty",
    "string_too_long": "must have at most {max_length} characters",
    "too_short": "must have at least {min_length}",
    "greater_than_equal": "must be at least {ge}",
    "greater_than": "must be more than {gt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "value_error": "{error}",
}

_PATTERNS: Final = {
    get_args(DnsLabel)[1].pattern: "must be a DNS label: lower-case letters, digits and '-', at most 63",
    get_args(DnsSubdomain)[1].pattern: "must be a DNS name: lower-case letters, digits, '-' and '.'",
}


def problems_of(
    error: ValidationError, node: Node, path: Path, credential: CredentialId | None = None
) -> Iterator[Problem]:
    """Return each thing that is wrong with a part of the mapping.

    Args:
        error: what pydantic found in `node.plain()`.
        node: the part.
        path: of the part, from the top of the mapping.
        credential: the entry that the part belongs to.

    """
    for item in error.errors(include_url=False, include_input=False):
        within, about_key = _place(item, node)
        if item["type"] == "too_short" and _counts_only_good_ones(item, node, within):
            continue
        mark = node.locate(within, at_key=about_key)
        where = origin(mark, (*path, *within))
        yield Problem(where, _message(item, node, within), _hint(item, node, path, within), credential)


def _place(item: ErrorDetails, node: Node) -> tuple[Path, bool]:
    """Return the place without what pydantic adds to it, and whether the error is about a key."""
    place: list[str | int] = []
    about_key = item["type"] == "extra_forbidden"
    here: Node | None = node
    for step, key in enumerate(item["loc"]):
        child = here.child(key) if here is not None else None
        last = step == len(item["loc"]) - 1
        if child is not None or (last and item["type"] == "missing"):
            place.append(key)
            here = child
        about_key = about_key or key == _KEY
    return tuple(place), about_key


def _counts_only_good_ones(item: ErrorDetails, node: Node, within: Path) -> bool:
    """Tell whether a list is long enough, and pydantic missed the items that it said were wrong."""
    found = _at(node, within)
    counted = len(found.value) if found is not None and isinstance(found.value, tuple | Mapping) else 0
    return counted >= int(item.get("ctx", {})["min_length"])


def _message(item: ErrorDetails, node: Node, within: Path) -> str:
    context: dict[str, Any] = item.get("ctx", {})
    found = _at(node, within)
    if item["type"] not in {"missing", "extra_forbidden"} and found is not None and found.value is None:
        return "has no value"
    if item["type"] == "string_pattern_mismatch":
        pattern = str(context["pattern"])
        return _PATTERNS.get(pattern, f"must have the form {pattern}")
    words = _WORDS.get(item["type"], "does not fit ({type})")
    return words.format_map({"type": item["type"], **context})


def _hint(item: ErrorDetails, node: Node, path: Path, within: Path) -> str:
    if item["type"] == "extra_forbidden":
        return for_unknown_field((*path, *within))
    found = _at(node, within)
    if item["type"] == "literal_error" and found is not None and isinstance(found.value, str):
        expected = str(item.get("ctx", {}).get("expected", ""))
        return did_you_mean(found.value, expected.replace(" or ", ", ").replace("'", "").split(", "))
    return ""


def _at(node: Node, within: Path) -> Node | None:
    here: Node | None = node
    for key in within:
        here = here.child(key) if here is not None else None
    return here

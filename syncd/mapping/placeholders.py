"""Placeholders in texts of the mapping: `$(namespace)` and `$(label:KEY)`, filled in per placement.

They may stand in `from.secret`, in the `secret` of a field's source, in `storageConfig.key` and `.bucket`,
and in values of `serviceAccountAnnotations`. They may not stand where a Secret is named (it is in its
namespace anyway), nor in a kind's settings: whoever labels a namespace would decide where keys are sent.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.model.errors import SyncdError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_OPENING: Final = "$("
_PLACEHOLDER: Final = re.compile(r"\$\(([^()]*)\)")
_NAMESPACE: Final = "namespace"
_LABEL: Final = "label:"
_FORMS: Final = "$(namespace) and $(label:KEY)"
_SAFE: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


class PlaceholderError(SyncdError):
    """A placeholder has no value in this namespace, or none that may stand in a path."""


def fill(text: str, namespace: str, labels: Mapping[str, str]) -> str:
    """Return the text with every placeholder filled in.

    Args:
        text: of an accepted mapping: its placeholders were checked by `check`.
        namespace: of the placement.
        labels: of that namespace.

    Raises:
        PlaceholderError: when the namespace has not that label, or its value is empty or unfit for a path.

    """
    return _PLACEHOLDER.sub(lambda match: _value(match[1], namespace, labels), text)


def present(text: str) -> bool:
    """Tell whether the text holds a placeholder."""
    return _OPENING in text


def stand_in(text: str) -> str:
    """Return the text with `x` for every placeholder, to check what is around them."""
    return _PLACEHOLDER.sub("x", text)


def for_namespace(text: str, namespace: str) -> str:
    """Return the text with `$(namespace)` filled in; placeholders of labels stay."""
    return text.replace(f"$({_NAMESPACE})", namespace)


def check(text: str, trusted: Sequence[str] | None) -> str | None:
    """Return what is wrong with the placeholders of a text, or None.

    Args:
        text: where placeholders are allowed.
        trusted: label keys or `prefix/*` patterns (`trustedNamespaceLabels`); None: not known, so any.

    """
    if _OPENING in _PLACEHOLDER.sub("", text):
        return f"has a placeholder that does not end; there are {_FORMS}"
    for match in _PLACEHOLDER.finditer(text):
        name = match[1]
        if name == _NAMESPACE:
            continue
        if not name.startswith(_LABEL):
            return f"has an unknown placeholder; there are {_FORMS}"
        if not is_trusted(name.removeprefix(_LABEL), trusted):
            return untrusted(trusted)
    return None


def is_trusted(key: str, trusted: Sequence[str] | None) -> bool:
    """Tell whether a label key of namespaces is one of `trustedNamespaceLabels`; any when they are None."""
    return trusted is None or any(
        key.startswith(pattern[:-1]) and key != pattern[:-1] if pattern.endswith("/*") else key == pattern
        for pattern in trusted
    )


def untrusted(trusted: Sequence[str] | None) -> str:
    """Return the message about a label key that is not trusted."""
    listed = ", ".join(trusted or ()) or "none"
    return f"uses a namespace label that trustedNamespaceLabels does not list ({listed})"


def _value(name: str, namespace: str, labels: Mapping[str, str]) -> str:
    if name == _NAMESPACE:
        return namespace
    key = name.removeprefix(_LABEL)
    value = labels.get(key, "")
    if not value:
        raise PlaceholderError(
            f"namespace {namespace} has no value for label {key}; set it, or change the selector"
        )
    if not _SAFE.fullmatch(value) or ".." in value:
        raise PlaceholderError(
            f"label {key} of namespace {namespace} has a value that may not stand in a path"
        )
    return value

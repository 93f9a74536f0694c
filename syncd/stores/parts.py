"""Secrets that are made of named byte strings: a Kubernetes Secret, a folder of files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.secret import SecretValue, canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping


def payload_of(parts: Mapping[str, SecretValue]) -> SecretValue:
    """Return the parts as one JSON object, for `whole` and JSON pointers.

    It is empty when one of them is no text: JSON has no bytes, and an empty value is published by nobody.
    """
    try:
        return SecretValue(canonical_json({name: part.reveal().decode() for name, part in parts.items()}))
    except UnicodeDecodeError:
        return SecretValue(b"")

"""From remote secrets to the fields of one placement; pure. A set of fields comes whole or not at all."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import InvalidPayload, StoreError
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue, canonical_json, json_value, parse_json

if TYPE_CHECKING:
    from syncd.mapping.credential import Placement, Source
    from syncd.model.secret import RemoteSecret, SecretRef
    from syncd.stores.interface import Fetched

_NAMES_SHOWN: Final = 20


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a field has no value; the message has names of properties, never values."""

    field: str
    reason: Reason
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Fields:
    """The values of one placement: literals of the mapping as `str`, fetched ones hidden."""

    values: Mapping[str, SecretValue | str]
    missing: tuple[Missing, ...] = ()


_Picked = SecretValue | Missing | None


def resolve(placement: Placement, fetched: Mapping[SecretRef, Fetched]) -> Fields:
    """Take every field of the placement from what was fetched.

    A field that is only looked for by its usual names and not found is simply absent: the kind knows whether
    it needs it. One that the mapping writes a source for is missing.
    """
    values: dict[str, SecretValue | str] = dict(placement.settings)
    missing: list[Missing] = []
    opened = _Opened()
    for name, source in placement.sources.items():
        picked = _pick(name, source, fetched[source.ref], opened)
        if isinstance(picked, Missing):
            missing.append(picked)
        elif picked is not None:
            values[name] = picked
    return Fields(values, tuple(_once(missing)))


def property_names(
    placement: Placement, fetched: Mapping[SecretRef, Fetched]
) -> dict[SecretRef, tuple[str, ...]]:
    """Return the names of the properties of each remote secret that there is, for messages."""
    names: dict[SecretRef, tuple[str, ...]] = {}
    for ref in sorted(placement.refs):
        answer = fetched[ref]
        if isinstance(answer, StoreError):
            continue
        try:
            names[ref] = tuple(sorted(answer.properties()))
        except InvalidPayload:
            names[ref] = ()
    return names


class _Opened:
    """The properties of the secrets of one placement, each parsed once however many fields it has."""

    def __init__(self) -> None:
        self._known: dict[SecretRef, Mapping[str, SecretValue]] = {}

    def properties(self, secret: RemoteSecret) -> Mapping[str, SecretValue]:
        """Return what `RemoteSecret.properties` does, or raise what it raises."""
        known = self._known.get(secret.ref)
        if known is None:
            known = self._known[secret.ref] = secret.properties()
        return known


def _once(missing: list[Missing]) -> list[Missing]:
    """Say a store's error once, for the first of the fields that come from it."""
    first: dict[tuple[Reason, str], Missing] = {}
    for gap in missing:
        first.setdefault((gap.reason, gap.message), gap)
    return list(first.values())


def _pick(name: str, source: Source, answer: Fetched, opened: _Opened) -> _Picked:
    if isinstance(answer, StoreError):
        return Missing(name, answer.reason, answer.message, _remedy(answer.reason))
    try:
        picked = _take(name, source, answer, opened)
    except InvalidPayload as error:
        return Missing(
            name, Reason.INVALID_PAYLOAD, str(error), "Correct the secret in the store, or the mapping"
        )
    if isinstance(picked, SecretValue) and source.decode == "base64":
        return _decoded(name, source, picked)
    return picked


def _remedy(reason: Reason) -> str:
    if reason is Reason.SECRET_NOT_FOUND:
        return "Nothing is deleted; create the secret, or correct the path in the mapping"
    return "The last good credential stays in use; it is read again on schedule"


def _take(name: str, source: Source, secret: RemoteSecret, opened: _Opened) -> _Picked:
    if source.pick == "whole":
        return _whole(secret)
    if source.pick == "pointer":
        return _pointed(name, source, secret)
    if source.pick == "property":
        properties = opened.properties(secret)
        if source.name in properties:
            return properties[source.name]
        return Missing(
            name,
            Reason.PROPERTY_NOT_FOUND,
            f"{secret.ref} has no property {source.name!r}; it has {_listing(properties)}",
            "Correct the property in the mapping, or add it to the secret",
        )
    return _usual(name, source, secret, opened)


def _whole(secret: RemoteSecret) -> SecretValue:
    if secret.parts is None:
        return secret.payload
    try:
        return SecretValue(
            canonical_json({name: value.reveal().decode() for name, value in secret.parts.items()})
        )
    except UnicodeDecodeError:
        pass
    msg = f"{secret.ref} has binary parts, so it cannot be taken whole; name a property"
    raise InvalidPayload(msg)


def _pointed(name: str, source: Source, secret: RemoteSecret) -> _Picked:
    """Follow an RFC 6901 pointer."""
    node: object = parse_json(_whole(secret), secret.ref)
    for token in source.name.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and key in node:
            node = node[key]
        elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            return Missing(
                name,
                Reason.PROPERTY_NOT_FOUND,
                f"{secret.ref} has nothing at pointer {source.name!r}",
                "Correct the pointer (RFC 6901) in the mapping, or the secret",
            )
    return json_value(node)


def _usual(name: str, source: Source, secret: RemoteSecret, opened: _Opened) -> _Picked:
    """Take the first of the usual names that is there; several with different values are refused."""
    try:
        properties = opened.properties(secret)
    except InvalidPayload:
        if source.bare:
            return secret.payload
        raise
    found = [usual for usual in source.names if usual in properties]
    if not found and source.written:
        return Missing(
            name,
            Reason.PROPERTY_NOT_FOUND,
            f"{secret.ref} has none of {', '.join(source.names)}; it has {_listing(properties)}",
            "Say which property it is, or add it to the secret",
        )
    if not found:
        return None
    value = properties[found[0]]
    for other in found[1:]:
        if properties[other] != value:
            return Missing(
                name,
                Reason.INVALID_VALUE,
                f"{secret.ref} has {found[0]!r} and {other!r} with different values, both usual for {name}",
                f"Say which one: {name}: {{property: {found[0]}}}",
            )
    return value


def _decoded(name: str, source: Source, value: SecretValue) -> _Picked:
    try:
        return SecretValue(base64.b64decode(value.stripped().reveal(), validate=True))
    except (binascii.Error, ValueError):
        return Missing(
            name,
            Reason.INVALID_PAYLOAD,
            f"the value of {name} in {source.ref} is not base64",
            "Correct the secret, or take away `decode: base64`",
        )


def _listing(properties: Mapping[str, SecretValue]) -> str:
    shown = sorted(properties)[:_NAMES_SHOWN]
    more = len(properties) - len(shown)
    return (", ".join(shown) or "none") + (f" and {more} more" if more > 0 else "")

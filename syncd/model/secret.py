"""Secret values, where they come from, and how they are compared without being looked at."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NewType, NoReturn, final

from syncd.model.errors import InvalidPayload

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

StoreName = NewType("StoreName", str)
"""The user's name of a configured store (`stores.<name>` in the mapping)."""

ChangeToken = NewType("ChangeToken", str)
"""What a store calls this version of a secret; it informs, it never decides."""

Digest = NewType("Digest", str)
"""Keyed BLAKE2b of a value, hexadecimal; the key lives as long as the process."""

_DIGEST_BYTES = 16


@final
class SecretValue:
    """Bytes that nothing prints: no repr, str, format, length, hash, iteration or pickle of the content.

    `reveal` is the only way to the content; a test counts its call sites.
    """

    __slots__ = ("__raw",)

    def __init__(self, raw: bytes) -> None:
        """Hide `raw`, as it is."""
        self.__raw = raw

    def reveal(self) -> bytes:
        """Return the content; only for the place where it has to leave."""
        return self.__raw

    def stripped(self) -> SecretValue:
        """Return the value without white space at its ends (a trailing newline breaks S3 signatures)."""
        return SecretValue(self.__raw.strip())

    def digest(self, key: bytes) -> Digest:
        """Return the keyed digest that stands for the value in comparisons; `key` has 16 to 64 bytes."""
        return Digest(hashlib.blake2b(self.__raw, key=key, digest_size=_DIGEST_BYTES).hexdigest())

    def size(self) -> int:
        """Return the number of bytes, for the size limits of the API server."""
        return len(self.__raw)

    def __bool__(self) -> bool:
        """Tell whether there is more than blanks."""
        return bool(self.__raw.strip())

    def __eq__(self, other: object) -> bool:
        """Compare contents; an assertion on two values shows `SecretValue(***)` twice and nothing else."""
        return isinstance(other, SecretValue) and self.__raw == other.__raw

    def __hash__(self) -> NoReturn:
        """Refuse: an ordinary hash tells equal values apart from others."""
        raise TypeError("a SecretValue has no hash")

    def __repr__(self) -> str:
        """Return the same text for every value."""
        return "SecretValue(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        """Return the same text for every value and every format."""
        return repr(self)

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled or copied through pickle."""
        msg = "a SecretValue is not to be serialised"
        raise TypeError(msg)

    def __copy__(self) -> SecretValue:
        """Return itself: the value never changes."""
        return self

    def __deepcopy__(self, memo: object) -> SecretValue:
        """Return itself: the value never changes."""
        return self


@dataclass(frozen=True, slots=True)
class SecretRef:
    """One secret in one store: the unit of fetching. `version` only when the mapping pins it."""

    store: StoreName
    secret: str
    version: str | None = None

    def __lt__(self, other: SecretRef) -> bool:
        """Sort by store, name and version; what is not pinned comes first."""
        mine = (self.store, self.secret, self.version or "")
        return mine < (other.store, other.secret, other.version or "")

    def __str__(self) -> str:
        """Return `store:secret` or `store:secret@version`."""
        return f"{self.store}:{self.secret}" + (f"@{self.version}" if self.version else "")


@dataclass(frozen=True, slots=True)
class RemoteSecret:
    """What a store answered for one reference.

    `payload` is the whole secret as the store has it: text or bytes, or the canonical JSON (sorted keys)
    of an object. `parts` is set by stores whose secrets are made of named byte strings (a folder of files,
    a Kubernetes Secret); otherwise the properties are the keys of the JSON object in `payload`.
    """

    ref: SecretRef
    token: ChangeToken | None
    payload: SecretValue
    parts: Mapping[str, SecretValue] | None = None
    created: datetime | None = None
    expires: datetime | None = None

    def properties(self) -> Mapping[str, SecretValue]:
        """Return the named values of the secret: property name → value.

        Strings are taken as they are; numbers, booleans, objects and lists as their compact JSON;
        `null` as an empty value.

        Raises:
            InvalidPayload: when the payload is no JSON object; the error carries no part of it.

        """
        if self.parts is not None:
            return self.parts
        tree = parse_json(self.payload, self.ref)
        if not isinstance(tree, dict):
            msg = f"{self.ref} is not a JSON object, so it has no properties; use `whole: true`"
            raise InvalidPayload(msg)
        return {name: json_value(value) for name, value in tree.items()}


def parse_json(payload: SecretValue, ref: SecretRef) -> object:
    """Return the JSON tree in `payload`; equal keys in one object are refused.

    Raises:
        InvalidPayload: when it is not JSON; raised outside the `except`, since `JSONDecodeError.doc`
            is the whole secret.

    """
    try:
        return json.loads(payload.reveal(), object_pairs_hook=_no_duplicates)
    except (ValueError, RecursionError):
        pass
    msg = f"{ref} is not JSON (or has a key twice), so it has no properties; use `whole: true`"
    raise InvalidPayload(msg)


def json_value(value: object) -> SecretValue:
    """Hide one value of a JSON tree: text as it is, `null` as empty, the rest as compact JSON."""
    if value is None:
        return SecretValue(b"")
    if isinstance(value, str):
        return SecretValue(value.encode("utf-8", "surrogatepass"))
    return SecretValue(canonical_json(value))


def canonical_json(value: object) -> bytes:
    """Return compact JSON with sorted keys in ASCII, so that equal trees are equal bytes."""
    return _CANONICAL.encode(value).encode()


_CANONICAL: Final = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def _no_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build the object, or refuse it when a key stands there twice (json would keep the last in silence)."""
    tree = dict(pairs)
    if len(tree) != len(pairs):
        msg = "duplicate key"
        raise ValueError(msg)
    return tree

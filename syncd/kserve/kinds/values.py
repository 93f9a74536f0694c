"""Reads the fields of one credential and gathers all that is wrong, instead of stopping at the first."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from syncd.kserve.kinds.checks import Unfit, line
from syncd.kserve.kinds.interface import Invalid
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@final
class Values:
    """The fields of one credential, read with checks.

    A field that cannot be used is noted in `problems` and reads as empty, so that a kind composes its Secret
    without looking back; it is thrown away when there are problems.
    """

    __slots__ = ("_fields", "_usual", "problems")

    def __init__(
        self,
        fields: Mapping[str, SecretValue | str],
        usual: Mapping[str, tuple[str, ...]],
    ) -> None:
        """Take the fields, and the usual names for messages about those that are missing."""
        self._fields = fields
        self._usual = usual
        self.problems: list[Invalid] = []

    def has(self, name: str) -> bool:
        """Tell whether there is a value, be it empty."""
        return name in self._fields

    def is_blank(self, name: str) -> bool:
        """Tell whether a field that is there holds nothing but blanks."""
        value = self._fields[name]
        return not (value if isinstance(value, SecretValue) else value.strip())

    def under(self, prefix: str) -> tuple[str, ...]:
        """Return the names of the fields of a nested part, without its name, sorted."""
        start = f"{prefix}."
        return tuple(sorted(name[len(start) :] for name in self._fields if name.startswith(start)))

    def refuse(self, name: str, reason: Reason, message: str) -> None:
        """Note that a field cannot be used; the message follows the field's name and holds no value."""
        self.problems.append(Invalid(name, reason, message))

    def raw(self, name: str) -> bytes:
        """Return the bytes of a field that must be there, as they are."""
        value = self._fields.get(name)
        if value is None:
            names = ", ".join(self._usual.get(name, ()))
            looked = f"; none of {names} is in the secret" if names else ""
            self.refuse(name, Reason.PROPERTY_NOT_FOUND, f"is missing{looked}")
            return b""
        raw = value.reveal() if isinstance(value, SecretValue) else value.encode()
        if not raw.strip():
            self.refuse(name, Reason.EMPTY_VALUE, "is empty")
            return b""
        return raw

    def text(self, name: str, check: Callable[[str], str] = line) -> str:
        """Return the text of a field that must be there, as `check` normalises it."""
        raw = self.raw(name)
        if not raw:
            return ""
        try:
            return check(raw.decode())
        except UnicodeDecodeError:
            message = "is not UTF-8 text; if it is base64 in the store, write `decode: base64`"
        except Unfit as unfit:
            message = str(unfit)
        self.refuse(name, Reason.INVALID_VALUE, message)
        return ""

    def optional(self, name: str, check: Callable[[str], str] = line) -> str | None:
        """Return the text of a field if it is there; an empty one is a problem, not an absent one."""
        return self.text(name, check) if self.has(name) else None


def secret(text: str) -> SecretValue:
    """Hide text that goes into a Secret."""
    return SecretValue(text.encode())

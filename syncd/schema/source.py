"""How a field of a credential says where its value is: literally, or in a remote secret."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import model_validator

from syncd.schema.part import DnsLabel, Flag, NonEmpty, Part


class SourceSpec(Part):
    """Where one field's value is; what is left out comes from the credential's `from`."""

    property: NonEmpty | None = None
    """One key of the remote secret, dots and all."""
    pointer: Annotated[str, ...] | None = None
    """RFC 6901 JSON pointer into the remote secret, e.g. `/keys/0/secret`."""
    whole: Flag | None = None
    """The whole remote secret is the value."""
    store: DnsLabel | None = None
    """Another store than `from.store`."""
    secret: NonEmpty | None = None
    """Another remote secret than `from.secret`."""
    version: NonEmpty | None = None
    """Pins a version of the remote secret."""
    decode: Literal["base64"] | None = None
    """The value is base64 in the store; it is decoded before it is checked and written."""

    @model_validator(mode="after")
    def _at_most_one_pick(self) -> SourceSpec:
        if sum(pick is not None for pick in (self.property, self.pointer, self.whole)) > 1:
            msg = "give one of property, pointer, whole"
            raise ValueError(msg)
        if self.pointer is not None and self.pointer and not self.pointer.startswith("/"):
            msg = "a JSON pointer starts with / (RFC 6901)"
            raise ValueError(msg)
        if self.whole is False:
            msg = "whole is true or left out"
            raise ValueError(msg)
        return self

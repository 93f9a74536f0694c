"""The form `exactly one of` that stores' settings use: logins, own secrets, certificate authorities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import model_validator

from syncd.schema.part import Part

if TYPE_CHECKING:
    from typing import Self


class OneOf(Part):
    """A part of which exactly one field is given; every field is optional and None when left out."""

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if sum(value is not None for _, value in self) != 1:
            names = [field.alias or name for name, field in type(self).model_fields.items()]
            raise ValueError(f"give exactly one of {', '.join(names)}")
        return self

"""The base of every type of store's part of the mapping."""

from __future__ import annotations

from abc import abstractmethod

from syncd.schema.part import Part


class StorePart(Part):
    """A part under `stores.<name>`: one type of store, how it is reached and how syncd logs in."""

    @abstractmethod
    def identity(self) -> str:
        """Return what tells this store from every other, without logins; it is recorded on our objects.

        A secret that is not found may count as deleted only if the identity that wrote the object is the one
        that is asked now.
        """

"""What a storage kind is: its part of the mapping, its usual names, its rendering; one module a kind."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from syncd.model.objects import EMPTY, ListName
from syncd.schema.part import Part

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.reasons import Reason
    from syncd.model.secret import SecretValue
    from syncd.schema.source import SourceSpec


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a kind's part of the mapping asks for; fields of nested parts are joined by dots.

    `sources`: field → what the user wrote, or None: the first of the field's usual names that is there.
    `literals`: field → text that stands in the mapping.
    `usual`: field → its usual names in order, for the fields that have any.
    `whole_field`: the field that a bare-string payload stands for, when just one secret field is asked for.
    `optional`: the fields that may be missing in the remote secret when their source is None. They alone are
    no reason to demand `from`: without it nobody looks for them.
    """

    sources: Mapping[str, SourceSpec | None]
    literals: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: EMPTY)
    whole_field: str | None = None
    optional: frozenset[str] = frozenset()


class KindPart(Part):
    """Base of every kind's part of the mapping."""

    @abstractmethod
    def inputs(self) -> Inputs:
        """Say which values are needed and where they are."""

    def keyless(self) -> bool:
        """Tell whether this needs no remote secret at all (S3 by role, anonymous S3, Azure by identity).

        Then `from` may be left out. HDFS without any secret of its own is keyless too; with `from` its
        optional fields are looked for there.
        """
        inputs = self.inputs()
        return all(source is None and name in inputs.optional for name, source in inputs.sources.items())


@dataclass(frozen=True, slots=True)
class EntrySettings:
    """`storageConfig` of a target, placeholders filled in."""

    key: str
    bucket: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """One credential as KServe wants it.

    `detects_as` is what KServe's builder will take the Secret for (None: nothing); `exclusive` whether two of
    that kind on one ServiceAccount break each other. `data` None means that no Secret is written at all
    (keyless). `entry` is the value of the `storage-config` key, where one was asked for.
    """

    detects_as: str | None
    exclusive: bool
    type: str
    data: Mapping[str, SecretValue] | None
    annotations: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    account_annotations: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    entry: SecretValue | None = None
    bind_to: ListName | None = "secrets"


@dataclass(frozen=True, slots=True)
class Invalid:
    """Why one field cannot be published; the message names things, never values."""

    field: str
    reason: Reason
    message: str


StorageConfigType = Literal["s3", "hdfs", "webhdfs"]


class Kind(Protocol):
    """One storage kind."""

    @property
    def name(self) -> str:
        """The key in the mapping, e.g. `s3`."""
        ...

    @property
    def part(self) -> type[KindPart]:
        """Its part of the mapping."""
        ...

    @property
    def usual(self) -> Mapping[str, tuple[str, ...]]:
        """Field → its usual names in order, for every field of any form of the part that has some."""
        ...

    @property
    def storage_config(self) -> bool:
        """Whether KServe reads this kind in `storage-config` (s3 and hdfs only)."""
        ...

    @property
    def since(self) -> str:
        """The first KServe version that reads it, e.g. `v0.14`; for people."""
        ...

    def render(
        self,
        fields: Mapping[str, SecretValue | str],
        entry: EntrySettings | None,
        config: KServeConfig,
    ) -> Rendered | tuple[Invalid, ...]:
        """Return the Secret, annotations and entry, or everything that is wrong with the fields.

        Args:
            fields: values from stores (`SecretValue`) and literals of the mapping (`str`); a field that was
                looked for by its usual names and not found is absent. A source that the user wrote and that
                has nothing must not come here: it is `PropertyNotFound` before.
            entry: key and bucket, where the target asks for a `storage-config` entry.
            config: the names of this cluster's KServe.

        """
        ...

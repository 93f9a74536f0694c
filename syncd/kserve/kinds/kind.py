"""A storage kind made of its part, its usual names, and a function that composes its Secret."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.kserve.kinds.interface import EntrySettings, Invalid, KindPart, Rendered
from syncd.kserve.kinds.values import Values
from syncd.kserve.storage_config import entry_problems
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.model.secret import SecretValue

    Compose = Callable[[Values, EntrySettings | None, KServeConfig], Rendered]


@dataclass(frozen=True, slots=True)
class StorageKind:
    """One kind; `compose` reads values (which notes what is wrong with them) and puts the Secret together."""

    name: str
    part: type[KindPart]
    usual: Mapping[str, tuple[str, ...]]
    since: str
    compose: Compose
    storage_config: bool = False

    def render(
        self,
        fields: Mapping[str, SecretValue | str],
        entry: EntrySettings | None,
        config: KServeConfig,
    ) -> Rendered | tuple[Invalid, ...]:
        """Return the Secret, annotations and entry, or everything that is wrong (see `Kind.render`)."""
        values = Values(fields, self.usual)
        rendered = self.compose(values, entry, config)
        problems = (*values.problems, *self._entry_problems(entry, config))
        return problems or rendered

    def _entry_problems(self, entry: EntrySettings | None, config: KServeConfig) -> tuple[Invalid, ...]:
        if entry is None:
            return ()
        if self.storage_config:
            return tuple(
                Invalid(name, Reason.MAPPING_INVALID, message)
                for name, message in entry_problems(entry, config).items()
            )
        message = f"KServe reads only s3 and hdfs there, not {self.name}; bind the Secret to a ServiceAccount"
        return (Invalid("storageConfig", Reason.MAPPING_INVALID, message),)

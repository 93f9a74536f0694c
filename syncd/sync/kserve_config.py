"""The last readable `inferenceservice-config`: an unreadable one changes nothing that works."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.kserve.cluster_config import InvalidKServeConfig, KServeConfig, parse

if TYPE_CHECKING:
    from syncd.cluster.interface import Reader

_MISSING: Final = "ConfigMap inferenceservice-config, or its key credentials, is missing"


@dataclass(frozen=True, slots=True)
class ConfigSeen:
    """What is in force, what is wrong with what was read (None: nothing), whether names are assumed."""

    config: KServeConfig
    problem: str | None = None
    assumed: bool = False

    def unreadable(self, *, ours_exist: bool) -> str | None:
        """Return why shapes may not change; shipped names are assumed only where nothing is ours yet."""
        if self.assumed and not ours_exist:
            return None
        return self.problem


class ConfigMemory:
    """Reads the ConfigMap and remembers the last one that could be read."""

    def __init__(self, *, missing_is_shipped: bool = False) -> None:
        """Start with nothing seen.

        Args:
            missing_is_shipped: a directory of manifests need not have the ConfigMap: then the names are those
                that KServe ships, now and later. In a cluster a ConfigMap that is missing is an accident.

        """
        self._seen: KServeConfig | None = KServeConfig() if missing_is_shipped else None
        self._missing = None if missing_is_shipped else _MISSING
        self._text: str | None = None
        self._names: dict[str, None] = {}

    @property
    def text(self) -> str | None:
        """The last text that could be read, None before there was one."""
        return self._text

    def storage_configs(self) -> tuple[str, ...]:
        """Return the names that entries of ours may stand under: in force, seen before, and as shipped."""
        now = (self._seen or KServeConfig()).storage_spec_secret_name
        return tuple(dict.fromkeys((now, *self._names, KServeConfig().storage_spec_secret_name)))

    def recall(self, text: str) -> None:
        """Take the text that an earlier process read last: it holds until another one can be read."""
        try:
            self._seen = parse(text)
        except InvalidKServeConfig:
            return
        self._text = text
        self._names[self._seen.storage_spec_secret_name] = None

    def read(self, reader: Reader) -> ConfigSeen:
        """Return what is in force now.

        Raises:
            ClusterUnreachable: when the API server does not answer.

        """
        text = reader.kserve_config()
        if text is None:
            return ConfigSeen(self._seen or KServeConfig(), self._missing, assumed=self._seen is None)
        try:
            self._seen = parse(text)
        except InvalidKServeConfig as error:
            return ConfigSeen(self._seen or KServeConfig(), str(error))
        self._text = text
        self._names[self._seen.storage_spec_secret_name] = None
        return ConfigSeen(self._seen)

"""What `syncd run` is told by its flags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.app import ClusterOptions
    from syncd.telemetry.log import Form, Level

CONFIG_MAP: Final = "syncd"
"""Name of the mapping's ConfigMap when no flag says otherwise."""

MAPPING_POLL: Final = 5.0
"""Seconds between two looks at the mapping."""

_HIGHEST_PORT: Final = 65535


@dataclass(frozen=True, slots=True)
class Listen:
    """Where probes and metrics are served; port 0 takes any free one and the log says which."""

    host: str = "0.0.0.0"  # noqa: S104  # the kubelet and Prometheus come from outside the pod
    port: int = 8080

    @classmethod
    def parse(cls, text: str) -> Listen:
        """Return what `HOST:PORT` or `:PORT` means; an IPv6 host stands in brackets.

        Raises:
            UsageError: when it is neither.

        """
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            colon = ""
        if not colon or not (port.isascii() and port.isdecimal()) or int(port) > _HIGHEST_PORT:
            raise UsageError(f"--listen {text}: write HOST:PORT, such as 0.0.0.0:8080 or [::1]:8080")
        return cls(host or cls().host, int(port))


@dataclass(frozen=True, slots=True)
class DaemonOptions:
    """Everything that the daemon needs to know before it reads the mapping.

    Attributes:
        cluster: which cluster to write to, and who we are in it; `cluster.namespace` is also that of
            `config_map`.
        files: files and directories of the mapping (`-f`), read again whenever they change. None of them:
            the mapping is the ConfigMap.
        config_map: name of the mapping's ConfigMap in our own namespace.
        listen: where probes and metrics are served.
        log_level: the least that a line of ours must be.
        log_format: `json`, or `console` for people; None: `console` on a terminal.
        mapping_poll: seconds between two looks at the mapping.

    """

    cluster: ClusterOptions
    files: tuple[Path, ...] = ()
    config_map: str = CONFIG_MAP
    listen: Listen = Listen()
    log_level: Level = "info"
    log_format: Form | None = None
    mapping_poll: float = MAPPING_POLL

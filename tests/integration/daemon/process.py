"""The daemon as a process, seen as its users see it: its output, its port, its exit code."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.processes import Child, wait_for

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

WITHIN = 60.0
"""Seconds that anything may take before a test gives up: generous, since two cores may be busy."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Daemon:
    """One `syncd run` with debug output. The mapping is looked at five times a second."""

    child: Child
    port: int
    _pool: urllib3.PoolManager

    @classmethod
    def start(cls, folder: Path, arguments: Sequence[str]) -> Daemon:
        """Starts it with these flags of `run`, and waits until it says where it listens."""
        command = [sys.executable, "-m", "syncd", "--log-level", "debug", "--log-format", "json", "run"]
        flags = ["--listen", "127.0.0.1:0", "--mapping-poll", "0.2", *arguments]
        # Neither the caller's kubeconfig nor its proxies and tokens.
        env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
        child = Child.start("syncd", [*command, *flags], folder=folder, env=env)
        line = wait_for(
            "the daemon to listen",
            lambda: next(iter(said(child, "listening")), None),
            within=WITHIN,
            child=child,
        )
        return cls(child, int(line["port"]), urllib3.PoolManager(retries=False, timeout=10))

    def get(self, path: str, *, method: str = "GET") -> tuple[int, str]:
        """Status and body of one request."""
        response = self._pool.request(method, f"http://127.0.0.1:{self.port}{path}")
        return response.status, response.data.decode()

    def value(self, metric: str, **labels: str) -> float | None:
        """The value of the only series of a metric that has these labels among its own; None for none."""
        values = [
            sample.value
            for family in text_string_to_metric_families(self.get("/metrics")[1])
            for sample in family.samples
            if sample.name == metric and labels.items() <= sample.labels.items()
        ]
        return values[0] if len(values) == 1 else None

    def state(self, credential: str, namespace: str) -> tuple[str, str] | None:
        """State and reason of a placement by the metric; None while it has none."""
        for family in text_string_to_metric_families(self.get("/metrics")[1]):
            for sample in family.samples:
                who = (sample.labels.get("credential"), sample.labels.get("namespace"))
                if sample.name == "syncd_placement_state" and who == (credential, namespace):
                    return sample.labels["state"], sample.labels["reason"]
        return None

    def until_state(self, credential: str, namespace: str, state: str, reason: str | None = None) -> None:
        """Waits until a placement is in a state, for a reason or for any."""

        def reached() -> bool:
            now = self.state(credential, namespace)
            return now is not None and now[0] == state and reason in (None, now[1])

        wait_for(f"{credential} to be {state} {reason or ''}", reached, within=WITHIN, child=self.child)

    def until_value(self, wanted: float, metric: str, **labels: str) -> None:
        """Waits until a series has a value."""
        wait_for(
            f"{metric}{labels} to be {wanted}",
            lambda: self.value(metric, **labels) == wanted,
            within=WITHIN,
            child=self.child,
        )

    def said(self, word: str) -> list[Line]:
        """The log lines with this event, oldest first."""
        return said(self.child, word)

    def until_said(self, word: str) -> Line:
        """Waits for a log line with this event; returns the first."""
        what = f"the daemon to say {word!r}"
        return wait_for(what, lambda: next(iter(self.said(word)), None), within=WITHIN)

    def until_swept(self, group: str, more: int) -> None:
        """Waits for so many more sweeps of a group."""
        word = "sweep finished"
        start = sum(line["group"] == group for line in self.said(word))
        wait_for(
            f"{more} sweeps of {group}",
            lambda: sum(line["group"] == group for line in self.said(word)) >= start + more,
            within=WITHIN,
            child=self.child,
        )

    @property
    def output(self) -> str:
        """All that it has written so far."""
        return self.child.log.read_text()


def said(child: Child, word: str) -> list[Line]:
    """The complete log lines with this event. Raises ValueError when one is no JSON."""
    text = child.log.read_text()
    lines = text[: text.rfind("\n") + 1].splitlines()
    return [line for line in map(json.loads, lines) if line["event"] == word]

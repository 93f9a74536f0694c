"""Whether the daemon does its work: judged by work that was finished, never by a heartbeat."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.daemon.times import stale_after

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from syncd.daemon.queue import Group

LONGEST_SWEEP: Final = 900.0
"""Seconds after which a sweep that has not ended counts as hung."""
LONGEST_LOOK: Final = 120.0
"""Seconds after which a look at the mapping that has not ended counts as hung."""


@dataclass(slots=True)
class _Progress:
    """Unix times in seconds: when it was last finished (or is known since), and since when it runs."""

    finished: float
    began: float | None = None


class Health:
    """Keeps book of what was begun and finished; safe for use by many threads.

    A sweep that found the cluster or a store unreachable is finished: starting the daemon anew would not
    help. One that ended in a bug is not.
    """

    def __init__(self, now: Callable[[], float], *, mapping_poll: float) -> None:
        """Take a clock in Unix seconds, and how often the mapping is looked at, in seconds."""
        self._now = now
        self._lock = threading.Lock()
        self._groups: dict[Group, _Progress] = {}
        self._looked = now()
        self._look_again = mapping_poll
        self._mapping = False
        self._swept = False
        self._ending = False

    def expect(self, groups: Iterable[Group]) -> None:
        """Expect exactly these groups to be swept from now on: a valid mapping is in force."""
        with self._lock:
            now = self._now()
            self._groups = {group: self._groups.get(group) or _Progress(now) for group in groups}
            self._mapping = True
            self._swept = self._swept or not self._groups

    def began(self, group: Group) -> None:
        """Note that a sweep of the group begins."""
        with self._lock:
            if group in self._groups:
                self._groups[group].began = self._now()

    def finished(self, group: Group, *, reached: bool) -> None:
        """Note that a sweep of the group was finished; `reached` if the API server answered."""
        with self._lock:
            self._swept = self._swept or reached
            if group in self._groups:
                self._groups[group] = _Progress(self._now())

    def failed(self, group: Group) -> None:
        """Note that a sweep of the group ended in a bug."""
        with self._lock:
            if group in self._groups:
                self._groups[group].began = None

    def looked(self) -> None:
        """Note that the mapping was looked at."""
        with self._lock:
            self._looked = self._now()

    def end(self) -> None:
        """Note that the daemon is ending: it is alive, and not ready."""
        with self._lock:
            self._ending = True

    def not_alive(self) -> tuple[str, ...]:
        """Return what should have been finished by now; nothing: the daemon is alive."""
        with self._lock:
            now = self._now()
            late = [text for group in self._groups if (text := self._late(group, now))]
            if now - self._looked > self._look_again + LONGEST_LOOK:
                late.append(f"the mapping was last looked at {now - self._looked:.0f} s ago")
            return tuple(late)

    def not_ready(self) -> tuple[str, ...]:
        """Return what is missing; nothing: the daemon is ready."""
        with self._lock:
            checks = (
                (not self._mapping, "no mapping was accepted yet"),
                (self._mapping and not self._swept, "the first sweep is not done"),
                (self._ending, "it is ending"),
            )
            return tuple(text for is_missing, text in checks if is_missing)

    def _late(self, group: Group, now: float) -> str | None:
        progress = self._groups[group]
        if progress.began is not None:
            seconds = now - progress.began
            return f"{group}: a sweep has run for {seconds:.0f} s" if seconds > LONGEST_SWEEP else None
        if now > stale_after(group.schedule, progress.finished) + LONGEST_SWEEP:
            return f"{group}: no sweep was finished for {now - progress.finished:.0f} s"
        return None

"""One event, many listeners: none of them can break a sweep or another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.events import ListenerFailed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.events import Emit, Event


class Emitter:
    """An `Emit` that passes each event to every listener, in order, on the caller's thread."""

    def __init__(self, listeners: Mapping[str, Emit]) -> None:
        """Take the listeners by name; the name stands in the line and the metric about a failure."""
        self._listeners = dict(listeners)

    def __call__(self, event: Event) -> None:
        """Pass the event on; the others are told of a listener that raises."""
        for name, error in self._pass_on(event, self._listeners):
            others = {other: hear for other, hear in self._listeners.items() if other != name}
            self._pass_on(ListenerFailed(name, error), others)

    @staticmethod
    def _pass_on(event: Event, listeners: Mapping[str, Emit]) -> list[tuple[str, str]]:
        """Return which listeners raised, and the class of what they raised: its text may quote anything."""
        failed: list[tuple[str, str]] = []
        for name, hear in listeners.items():
            try:
                hear(event)
            except Exception as error:  # noqa: BLE001 a bug in telemetry must not stop rotations
                failed.append((name, type(error).__qualname__))
        return failed

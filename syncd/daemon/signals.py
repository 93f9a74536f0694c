"""SIGTERM and SIGINT: the first asks the daemon to end, the second ends it."""

from __future__ import annotations

import os
import select
import signal
import socket
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType, TracebackType
    from typing import Self

ENDING: Final = (signal.SIGTERM, signal.SIGINT)

_WAKINGS: Final = 4096
_KILLED: Final = 128
"""What a shell adds to the number of the signal that ended a program."""


class Signals:
    """A context in which the signals set a flag; entered and waited in by the main thread only.

    The flag is no `threading.Event`: its lock could be held by the very thread that the handler interrupts.
    """

    def __init__(self, leave: Callable[[int], Any] = os._exit) -> None:
        """Call `leave` with an exit code at the second signal."""
        self._leave = leave
        self._asked = False
        self._woken, self._wake = socket.socketpair()
        self._wake.settimeout(0)
        self._before: dict[signal.Signals, Any] = {}
        self._before_fd = -1

    def __enter__(self) -> Self:
        """Begin to listen."""
        self._before_fd = signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._note) for number in ENDING}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the signals as they were."""
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._before_fd)
        self._wake.close()
        self._woken.close()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the daemon is asked to end, at most `timeout` seconds; tell whether it is.

        Any signal that Python handles ends the wait, so call it again.
        """
        if not self._asked:
            readable, _, _ = select.select([self._woken], [], [], timeout)
            if readable:
                self._woken.recv(_WAKINGS)
        return self._asked

    def _note(self, number: int, _frame: FrameType | None) -> None:
        if self._asked:
            self._leave(_KILLED + number)
        self._asked = True

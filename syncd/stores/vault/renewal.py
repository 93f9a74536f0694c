"""The thread that looks after one login: what is read once an hour still has its token."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from syncd.stores.vault.login import Login

_LONGEST_WAIT: Final = 3600.0


class Renewal:
    """Calls `Login.tend` when it wants to be called; started by the first read, ended by `stop`."""

    def __init__(self, login: Login, name: str) -> None:
        """Prepare the thread for `login`; `name` is shown in thread dumps."""
        self._login = login
        self._name = f"renewal of {name}"
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread, if it does not run."""
        with self._lock:
            if self._thread is None and not self._stopped.is_set():
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        with self._lock:
            self._stopped.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        wait = self._login.tend()
        while not self._stopped.wait(min(wait, _LONGEST_WAIT)):
            wait = self._login.tend()

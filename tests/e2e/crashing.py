"""A connection to the API server that ends at a chosen write, as a crash or a cut cable would end it."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from syncd.kube.transport import JSON, NO_QUERY
from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kube.transport import Transport

Ending = Literal["killed", "answer lost", "not sent"]
"""``killed``: the write was done, and no request comes after it. ``answer lost``: it was done, and nobody
heard. ``not sent``: it never arrived."""


class Killed(BaseException):
    """The process is gone. Not an `Exception`: nothing in it may go on, or tidy up."""


@dataclass(slots=True)
class CrashingTransport:
    """Ends at the n-th write, counted from 1; ``writes`` is how many there were.

    One request at a time, so that "after the n-th" means one thing with eight writers.
    """

    transport: Transport
    ending: Ending
    at: int
    writes: int = 0
    over: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: object | None = None,
        content_type: str = JSON,
        query: Mapping[str, str] = NO_QUERY,
        accept: str = JSON,
        deadline: float,
    ) -> dict[str, Any]:
        """Sends one request, unless it is over."""

        def send() -> dict[str, Any]:
            return self.transport.request(
                method,
                path,
                body=body,
                content_type=content_type,
                query=query,
                accept=accept,
                deadline=deadline,
            )

        with self._lock:
            if self.over and self.ending == "killed":
                raise Killed
            if method == "GET":
                return send()
            self.writes += 1
            if self.writes != self.at:
                return send()
            self.over = True
            if self.ending != "not sent":
                send()
        if self.ending == "killed":
            raise Killed
        raise ClusterUnreachable("the connection was cut")

"""How far the state of a cluster had come when we last read it, so that no standby takes us back.

Vault Enterprise and OpenBao say it with every answer, in `X-Vault-Index`; a standby that is sent it knows
whether it is behind. Source: https://developer.hashicorp.com/vault/docs/enterprise/consistency, OpenBao 2.7.2
"""

from __future__ import annotations

import base64
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

INDEX: Final = "X-Vault-Index"
_OURS_FIRST: Final = {"X-Vault-Inconsistent": "forward-active-node"}
_LONGEST: Final = 1024

_Point = tuple[str, tuple[int, ...]]
"""A cluster, and how far it was: one number of OpenBao, two of Vault (local and replicated)."""


class Index:
    """The furthest state that an answer told of; shared by all threads, and never goes back."""

    def __init__(self) -> None:
        """Know nothing yet: the first read may be as old as the standby that answers it."""
        self._lock = threading.Lock()
        self._point: _Point | None = None
        self._sent: dict[str, str] = {}

    def headers(self) -> Mapping[str, str]:
        """Return what a request takes along: a standby that is behind passes it on to the active node."""
        return self._sent

    def note(self, status: int, index: str | None) -> None:
        """Take what an answer told, unless another thread was told of a later state.

        Another cluster at the same address starts anew. A server that refuses a request altogether (400) may
        mean the index, in the form of the product that was there before: it is not sent again.
        """
        if status == HTTPStatus.BAD_REQUEST:
            with self._lock:
                self._point, self._sent = None, {}
            return
        if index is None or index == self._sent.get(INDEX) or len(index) > _LONGEST:
            return
        point = _point(index)
        with self._lock:
            if _is_before(point, self._point):
                return
            self._point, self._sent = point, {INDEX: index, **_OURS_FIRST}


def _is_before(point: _Point | None, known: _Point | None) -> bool:
    if point is None or known is None or point[0] != known[0]:
        return False
    return all(new <= old for new, old in zip(point[1], known[1], strict=False))


def _point(index: str) -> _Point | None:
    """Read an index: `{"cluster": …, "value": "35"}`, or `v1:CLUSTER:LOCAL:REPLICATED:HMAC` of Vault."""
    try:
        text = base64.b64decode(index, validate=True).decode()
        if text.startswith("v1:"):
            _, cluster, *numbers = text.split(":")
            return cluster, (int(numbers[0]), int(numbers[1]))
        tree = json.loads(text)
        return str(tree["cluster"]), (int(tree["value"]),)
    except (ValueError, TypeError, LookupError, RecursionError):
        return None

"""What stands for an API server where none is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.kube.transport import JSON, NO_QUERY
from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping


class NoTransport:
    """A `Transport` to nowhere: whoever needs a cluster after all is told why there is none."""

    def __init__(self, problem: str) -> None:
        """Answer everything with this problem."""
        self._problem = problem

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
        """Send nothing.

        Raises:
            ClusterUnreachable: always.

        """
        del method, path, body, content_type, query, accept, deadline
        raise ClusterUnreachable(self._problem)

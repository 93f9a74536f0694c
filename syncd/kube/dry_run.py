"""Writes that the API server checks and does not keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from syncd.kube.transport import JSON, NO_QUERY

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kube.transport import Transport


class DryRunTransport:
    """A `Transport` whose writes carry `dryRun=All`: admission, quota and types are asked, nothing stays."""

    def __init__(self, transport: Transport) -> None:
        """Wrap the transport that sends."""
        self._transport = transport

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
        """Send one request, as `Transport.request` says."""
        asked = query if method == "GET" else {**query, "dryRun": "All"}
        return self._transport.request(
            method,
            path,
            body=body,
            content_type=content_type,
            query=asked,
            accept=accept,
            deadline=deadline,
        )

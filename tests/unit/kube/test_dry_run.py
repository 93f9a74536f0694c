"""What a dry run adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from syncd.kube.dry_run import DryRunTransport
from syncd.kube.transport import JSON, NO_QUERY

if TYPE_CHECKING:
    from collections.abc import Mapping


class Recording:
    """A transport that remembers the query of the last request."""

    query: Mapping[str, str]
    accept: str

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] = NO_QUERY, accept: str = JSON, **_: Any
    ) -> dict[str, Any]:
        """Answer with the method and the path."""
        self.query = query
        self.accept = accept
        return {method: path}


@pytest.mark.parametrize(("method", "added"), [("GET", {}), ("PATCH", {"dryRun": "All"})])
def test_only_writes_are_dry(method: str, added: dict[str, str]) -> None:
    """Reads are passed on as they are, writes carry dryRun=All besides."""
    recording = Recording()
    dry = DryRunTransport(recording)
    answer = dry.request(method, "/x", query={"a": "b"}, accept="x/y", deadline=1.0)
    assert recording.accept == "x/y"
    assert (answer, recording.query) == ({method: "/x"}, {"a": "b", **added})

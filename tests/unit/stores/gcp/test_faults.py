"""What gRPC says of the way to Secret Manager."""

from __future__ import annotations

import pytest
from google.api_core.exceptions import ServiceUnavailable, from_grpc_status

from syncd.stores.gcp.faults import Code, of_grpc


@pytest.mark.parametrize(
    "text",
    [
        "errors resolving a.svc:9090: [field:hostname lookup error:address lookup failed for a.svc:9090]",
        "DNS resolution failed for emulator.svc:9090: C-ares status is not ARES_SUCCESS",
    ],
)
def test_host_that_nobody_knows(text: str) -> None:
    """A host name that does not resolve is called so, in the words of each resolver of gRPC."""
    error = from_grpc_status(Code.UNAVAILABLE, text)
    assert isinstance(error, ServiceUnavailable)
    assert of_grpc(error).detail == "the host name is not known"

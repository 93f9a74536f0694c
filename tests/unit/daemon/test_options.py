"""What the flags of `syncd run` mean."""

from __future__ import annotations

import pytest

from syncd.daemon.options import Listen
from syncd.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000),
        (":9000", "0.0.0.0", 9000),  # noqa: S104
        ("[::1]:0", "::1", 0),
        ("localhost:65535", "localhost", 65535),
    ],
)
def test_an_address_has_host_and_port(text: str, host: str, port: int) -> None:
    """The host may be left out, and an IPv6 one stands in brackets."""
    assert Listen.parse(text) == Listen(host, port)


@pytest.mark.parametrize("text", ["", "8080", "localhost", "host:", "host:-1", "host:65536", "::1:80", "h:٣"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    """A text without a port from 0 to 65535, or with bare colons, says how to write it."""
    with pytest.raises(UsageError, match="write HOST:PORT"):
        Listen.parse(text)

"""The address of a store, checked when the mapping is read."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator

_HIGHEST_PORT: Final = 65_535


def _address(text: str) -> str:
    try:
        parts = urlsplit(text)
        fits = parts.port is None or 0 < parts.port <= _HIGHEST_PORT
    except ValueError:
        fits, parts = False, urlsplit("")
    if not fits or parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an address such as https://vault.vault.svc:8200")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not hold a user name or password; use `auth`")
    if parts.query or parts.fragment or any(mark in text for mark in "?# \t\r\n"):
        raise ValueError("must be scheme, host, port and path only")
    return text.rstrip("/")


Address = Annotated[str, AfterValidator(_address)]
"""`http://` or `https://`, host, port and path, without a trailing slash, user name or query."""

"""For whom a token is, as far as it says so itself: told to people, and trusted by nobody."""

from __future__ import annotations

import base64
import json
import re
from typing import Final

_ID: Final = re.compile(r"[0-9A-Za-z._-]{1,64}")
_SHOWN: Final = (("appid", "application"), ("azp", "application"), ("oid", "object"), ("tid", "tenant"))


def holder(token: str | None) -> str:
    """Return application, object and tenant of a JSON web token; other tokens say nothing of themselves."""
    claims = _claims(token or "")
    known: dict[str, str] = {}
    for claim, word in _SHOWN:
        value = claims.get(claim)
        if isinstance(value, str) and _ID.fullmatch(value):
            known.setdefault(word, value)
    return (
        ", ".join(f"{word} {value}" for word, value in known.items()) or "a token that does not say for whom"
    )


def _claims(token: str) -> dict[str, object]:
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, IndexError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}

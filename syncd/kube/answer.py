"""What the API server answered, read without keeping what may not be kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final

from syncd.kube.transport import ApiError

_UNAUTHORIZED: Final = 401
_TOO_MANY_REQUESTS: Final = 429
_LONGEST_WORD: Final = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer; the body is in no repr, since it can be a Secret."""

    code: int
    retry_after: str | None
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        """Tell whether the request was done."""
        return 200 <= self.code < 300  # noqa: PLR2004  # the class of codes that means success

    @property
    def unknown_caller(self) -> bool:
        """Tell whether the API server does not know who asks."""
        return self.code == _UNAUTHORIZED

    def tree(self) -> dict[str, Any] | None:
        """Return the JSON object in the body, None when it holds none.

        The decoder's error is not let out: it carries the whole body.
        """
        try:
            tree = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return tree if isinstance(tree, dict) else None

    def error(self) -> ApiError | None:
        """Return what is safe to keep of the `Status` in the body; None when it is not the API server's word.

        A 429 counts without a `Status`: priority and fairness answers in plain text.
        """
        status = self.tree()
        if status is not None and status.get("kind") == "Status":
            return ApiError(
                self.code, _word(status.get("reason")), _causes(status), retry_after=self._seconds()
            )
        if self.code == _TOO_MANY_REQUESTS:
            return ApiError(self.code, "TooManyRequests", retry_after=self._seconds())
        return None

    def _seconds(self) -> float | None:
        return float(self.retry_after) if self.retry_after and self.retry_after.isdecimal() else None


def _causes(status: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return reason and field of each cause; their messages can quote the object, and are left."""
    details = status.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    if not isinstance(causes, list):
        return ()
    return tuple(
        (_word(cause.get("reason")), _word(cause.get("field"))) for cause in causes if isinstance(cause, dict)
    )


def _word(value: object) -> str:
    """Return a short text as it is, anything else as nothing: a webhook may put what it likes here."""
    return value if isinstance(value, str) and len(value) <= _LONGEST_WORD else ""

"""What is kept of an answer."""

from __future__ import annotations

import json

import pytest

from syncd.kube.answer import Answer

CANARY = "canary-5521"


def answer(code: int, body: object, retry_after: str | None = None) -> Answer:
    """Return an answer with a JSON body."""
    return Answer(code, retry_after, json.dumps(body).encode())


def test_the_body_is_in_no_repr() -> None:
    """An answer can be in a traceback; its body cannot."""
    assert (CANARY in repr(answer(200, {"a": CANARY}))) is False


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b"null", b"\xff", b"[" * 100_000])
def test_what_is_no_object(body: bytes) -> None:
    """Anything but a JSON object is None, and raises nothing."""
    assert Answer(200, None, body).tree() is None


@pytest.mark.parametrize(("code", "ok"), [(199, False), (200, True), (201, True), (299, True), (300, False)])
def test_success(code: int, ok: bool) -> None:
    """Codes from 200 to 299 are success."""
    assert Answer(code, None, b"").ok is ok


def test_an_error_without_a_status_is_not_the_api_servers() -> None:
    """JSON of somebody else is no error of the API server."""
    assert answer(403, {"error": "proxy"}).error() is None


def test_too_many_requests_in_plain_text() -> None:
    """Priority and fairness answers 429 in text; Retry-After counts."""
    error = Answer(429, "3", b"Too many requests").error()
    assert error is not None
    assert (error.code, error.reason, error.retry_after) == (429, "TooManyRequests", 3.0)


@pytest.mark.parametrize(
    "details",
    [None, {}, {"causes": None}, {"causes": "x"}, "x", {"causes": ["x"]}],
    ids=["none", "empty", "null", "text", "no object", "no cause"],
)
def test_a_status_with_odd_details(details: object) -> None:
    """Details that are not as they should be are no causes."""
    error = answer(403, {"kind": "Status", "reason": "Forbidden", "details": details}).error()
    assert error is not None
    assert error.causes == ()


def test_words_are_short_texts() -> None:
    """Reason and field that are no short text are left out: a webhook may put anything there."""
    causes = [{"reason": 7, "field": "x" * 201}, {"reason": "R", "field": "f"}]
    error = answer(422, {"kind": "Status", "reason": {"a": 1}, "details": {"causes": causes}}).error()
    assert error is not None
    assert (error.reason, error.causes) == ("", (("", ""), ("R", "f")))


@pytest.mark.parametrize("text", [None, "", "soon", "-1", "1.5"])
def test_retry_after_that_is_no_number(text: str | None) -> None:
    """Only whole seconds are taken from Retry-After."""
    error = answer(503, {"kind": "Status", "reason": "ServiceUnavailable"}, text).error()
    assert error is not None
    assert error.retry_after is None

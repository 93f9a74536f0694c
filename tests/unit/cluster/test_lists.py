"""Lists: every page, converted before the next is asked for."""

from __future__ import annotations

import traceback
from collections import deque
from typing import TYPE_CHECKING, Any

import pytest

from syncd.cluster.kubernetes.lists import Lists
from syncd.kube.transport import JSON, METADATA_LIST, NO_QUERY, ApiError
from syncd.model.errors import ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Mapping

CANARY = "canary-6610"
PATH = "/api/v1/secrets"
EXPIRED = ApiError(410, "Expired")


class Script:
    """A transport that answers, or raises, what it is told, in that order."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        """Take the answers."""
        self._answers = deque(answers)
        self.queries: list[Mapping[str, str]] = []
        self.accepted: list[str] = []

    def request(
        self, method: str, path: str, *, query: Mapping[str, str] = NO_QUERY, accept: str = JSON, **_: Any
    ) -> dict[str, Any]:
        """Give the next answer."""
        assert (method, path) == ("GET", PATH)
        self.accepted.append(accept)
        self.queries.append(query)
        answer = self._answers.popleft()
        if isinstance(answer, Exception):
            raise answer
        return answer


def page(*items: str, token: str | None = None) -> dict[str, Any]:
    """Return one page of Secrets."""
    metadata = {"continue": token} if token else {}
    return {"kind": "SecretList", "metadata": metadata, "items": [{"value": item} for item in items]}


def names(script: Script) -> list[str]:
    """Return each value of the list."""
    return Lists(script, timeout=1).all(PATH, "SecretList", lambda item: item["value"], {"a": "b"})


def test_all_pages_are_read() -> None:
    """The query stays, and the token of each page asks for the next."""
    script = Script(page("x", token="t"), page("y"))
    assert names(script) == ["x", "y"]
    first = {"a": "b", "limit": "500"}
    assert script.queries == [first, {**first, "continue": "t"}]


def test_names_are_asked_for_without_values() -> None:
    """For names alone the metadata is asked for, on every page; an answer with whole objects is refused."""
    kind = "PartialObjectMetadataList"
    items = [{"metadata": {"name": "a"}}]
    script = Script(
        {"kind": kind, "metadata": {"continue": "t"}, "items": items}, {"kind": kind, "items": []}
    )
    assert Lists(script, timeout=1).names(PATH) == {"a"}
    assert script.accepted == [METADATA_LIST, METADATA_LIST]
    with pytest.raises(ClusterUnreachable, match="is no PartialObjectMetadataList"):
        Lists(Script(page("x")), timeout=1).names(PATH)


def test_an_empty_list() -> None:
    """Null for items is an empty list."""
    assert names(Script({"kind": "SecretList", "items": None})) == []


def test_an_expired_list_is_begun_again() -> None:
    """What was read before the token expired is not kept."""
    assert names(Script(page("old", token="t"), EXPIRED, page("new"))) == ["new"]


def test_a_list_that_always_expires() -> None:
    """After three tries it is given up."""
    begun = page("x", token="t")
    with pytest.raises(ClusterUnreachable, match="expired while it was read"):
        names(Script(begun, EXPIRED, begun, EXPIRED, begun, EXPIRED))


def test_a_list_that_is_expired_at_once() -> None:
    """A 410 for the first page is no expired token."""
    with pytest.raises(ClusterUnreachable, match="410 Expired"):
        names(Script(EXPIRED))


@pytest.mark.parametrize("answer", [{}, {"kind": "Status"}, {"kind": "SecretList", "items": "x"}])
def test_what_is_no_list(answer: dict[str, Any]) -> None:
    """Another object is not taken for an empty list."""
    with pytest.raises(ClusterUnreachable, match="the answer is no SecretList"):
        names(Script(answer))


def test_what_may_not_be_read() -> None:
    """A 403 says what to grant, any other error what it is."""
    with pytest.raises(ClusterUnreachable, match="403 Forbidden; grant get and list"):
        names(Script(ApiError(403, "Forbidden")))
    with pytest.raises(ClusterUnreachable, match=r"500 InternalError$"):
        Lists(Script(ApiError(500, "InternalError")), timeout=1).one(PATH, dict)


def test_one_object() -> None:
    """One object is converted; 404 is None."""
    assert Lists(Script({"a": 1}), timeout=1).one(PATH, len) == 1
    assert Lists(Script(ApiError(404, "NotFound")), timeout=1).one(PATH, len) is None


@pytest.mark.parametrize("error", [ApiError(500, "InternalError"), ClusterUnreachable("down")])
def test_no_frame_that_fails_holds_an_earlier_page(error: Exception) -> None:
    """When the second page fails, a traceback with locals shows nothing of the first."""
    script = Script(page(CANARY, token="t"), error)
    with pytest.raises(ClusterUnreachable) as caught:
        Lists(script, timeout=1).all(PATH, "SecretList", lambda item: len(item["value"]), {})
    shown = "".join(traceback.TracebackException.from_exception(caught.value, capture_locals=True).format())
    assert (CANARY in shown) is False

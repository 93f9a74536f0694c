"""Lists and single objects from the API server; an object is turned into a value before the next request."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeVar

from syncd.kube.transport import JSON, METADATA_LIST, ApiError
from syncd.model.errors import ClusterDenied, ClusterUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from syncd.kube.transport import Transport

_PAGE: Final = "500"
_METADATA_ONLY: Final = "PartialObjectMetadataList"
_TRIES: Final = 3
"""How often a list is begun: its continue token expires when the server compacts (410)."""

T = TypeVar("T")


class Lists:
    """Reads whole lists and single objects; what is not allowed or not answered is `ClusterUnreachable`.

    No frame that waits for an answer holds an earlier one: a traceback with locals would show its values.
    """

    def __init__(self, transport: Transport, *, timeout: float) -> None:
        """Ask this transport; `timeout` in seconds for each request."""
        self._transport = transport
        self._timeout = timeout

    def all(
        self, path: str, kind: str, convert: Callable[[dict[str, Any]], T], query: Mapping[str, str]
    ) -> list[T]:
        """Return every object of a collection, converted; never from resourceVersion 0, which may be old.

        Raises:
            ClusterUnreachable: when there is no answer, or none that is a list of this kind.

        """
        for _ in range(_TRIES):
            found: list[T] = []
            if self._pages(path, kind, convert, query, found):
                return found
        raise ClusterUnreachable(f"{path}: the list expired while it was read, {_TRIES} times")

    def names(self, path: str) -> frozenset[str]:
        """Return the names of the objects of a collection; nothing else of them is sent to us.

        Raises:
            ClusterUnreachable: as `all`.

        """
        return frozenset(self.all(path, _METADATA_ONLY, _name, {}))

    def one(self, path: str, convert: Callable[[dict[str, Any]], T]) -> T | None:
        """Return one object, converted; None when it does not exist.

        Raises:
            ClusterUnreachable: when there is no answer, or we may not read it.

        """
        found: list[T] = []
        error = self._into(found, path, convert)
        if error is None:
            return found[0]
        if error.code == HTTPStatus.NOT_FOUND:
            return None
        raise _unreadable(path, error)

    def _into(self, found: list[T], path: str, convert: Callable[[dict[str, Any]], T]) -> ApiError | None:
        try:
            found.append(convert(self._get(path, {})))
        except ApiError as error:
            return error
        return None

    def _pages(
        self,
        path: str,
        kind: str,
        convert: Callable[[dict[str, Any]], T],
        query: Mapping[str, str],
        found: list[T],
    ) -> bool:
        """Fill `found`; return false when the list expired on the way."""
        token: str | None = ""
        while token is not None:
            asked = {**query, "limit": _PAGE} | ({"continue": token} if token else {})
            page = self._page(path, kind, convert, asked, found)
            if isinstance(page, ApiError):
                if page.code == HTTPStatus.GONE and token:
                    return False
                raise _unreadable(path, page)
            token = page or None
        return True

    def _page(
        self,
        path: str,
        kind: str,
        convert: Callable[[dict[str, Any]], T],
        query: Mapping[str, str],
        found: list[T],
    ) -> str | ApiError:
        """Append one page to `found`; return the token of the next, empty after the last."""
        try:
            answer = self._get(path, query, METADATA_LIST if kind == _METADATA_ONLY else JSON)
        except ApiError as error:
            return error
        if answer.get("kind") != kind or not isinstance(answer.get("items"), list | None):
            raise ClusterUnreachable(f"{path}: the answer is no {kind}")
        found.extend(convert(item) for item in answer.get("items") or ())
        return str((answer.get("metadata") or {}).get("continue") or "")

    def _get(self, path: str, query: Mapping[str, str], accept: str = JSON) -> dict[str, Any]:
        deadline = time.monotonic() + self._timeout
        return self._transport.request("GET", path, query=query, accept=accept, deadline=deadline)


def _name(item: dict[str, Any]) -> str:
    return str(item["metadata"]["name"])


def _unreadable(path: str, error: ApiError) -> ClusterUnreachable:
    if error.code == HTTPStatus.FORBIDDEN:
        return ClusterDenied(f"{path} cannot be read: {error}; grant get and list to syncd as deploy/ does")
    return ClusterUnreachable(f"{path} cannot be read: {error}")

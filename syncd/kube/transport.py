"""What asking the API server looks like to the rest of syncd: JSON in, JSON out, errors without secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from syncd.model.errors import SyncdError

if TYPE_CHECKING:
    from collections.abc import Mapping

JSON: Final = "application/json"
METADATA_LIST: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
"""A list of any resource with nothing but the metadata of its objects."""
MERGE_PATCH: Final = "application/merge-patch+json"
APPLY_PATCH: Final = "application/apply-patch+yaml"
FIELD_MANAGER: Final = "syncd"
"""Whose writes ours are, in `managedFields`."""
NO_QUERY: Final[Mapping[str, str]] = {}


class ApiError(SyncdError):
    """The API server answered with an error.

    Only `code`, `reason` and `causes` (pairs of cause reason and field) are kept: its messages can quote the
    whole object, Secret values included. `retry_after` is in seconds.
    """

    def __init__(
        self,
        code: int,
        reason: str,
        causes: tuple[tuple[str, str], ...] = (),
        *,
        retry_after: float | None = None,
    ) -> None:
        """Take what is safe to keep of a `Status` object."""
        super().__init__(f"{code} {reason}" + "".join(f" ({cause}: {where})" for cause, where in causes))
        self.code = code
        self.reason = reason
        self.causes = causes
        self.retry_after = retry_after


class Transport(Protocol):
    """Requests to one API server; safe for use by many threads."""

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
        """Send one request, without retries, and return the object that was answered.

        Args:
            method: the HTTP method.
            path: absolute, as `/api/v1/namespaces/…`.
            body: sent as JSON (which is valid YAML, for server-side apply).
            content_type: of the body.
            query: parameters of the URL.
            accept: the form of the answer; JSON of one sort or another.
            deadline: on `time.monotonic()`, in seconds.

        Raises:
            ApiError: when the answer is an error.
            ClusterUnreachable: when there is no answer by the deadline, or it is not the API server's.

        """
        ...

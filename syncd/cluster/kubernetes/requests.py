"""The requests as the API server takes them."""

from __future__ import annotations

import time
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from syncd.cluster.interface import Written
from syncd.cluster.kubernetes.rejections import rejected
from syncd.kube.transport import APPLY_PATCH, MERGE_PATCH, ApiError

if TYPE_CHECKING:
    from syncd.cluster.interface import WriteResult
    from syncd.cluster.manifest import Resource
    from syncd.kube.transport import Transport
    from syncd.model.names import ObjectRef

_CREATE_ONLY: Final = "1"
"""No object ever has this resourceVersion: an apply that carries it creates, or is a 409."""


class ApiRequests:
    """The three requests, sent to an API server; `timeout` in seconds for each."""

    def __init__(self, transport: Transport, *, timeout: float) -> None:
        """Send through this transport."""
        self._transport = transport
        self._timeout = timeout

    def create(self, resource: Resource, ref: ObjectRef, manifest: dict[str, Any]) -> WriteResult:
        """Create by server-side apply with a resourceVersion that no object has.

        Unlike POST it can be granted by name, and unlike an apply without resourceVersion it never merges
        into what is there.
        """
        metadata = {**manifest["metadata"], "resourceVersion": _CREATE_ONLY}
        body = {**manifest, "metadata": metadata}
        return self._send(resource, ref, body, APPLY_PATCH, creating=True)

    def patch(self, resource: Resource, ref: ObjectRef, patch: dict[str, Any]) -> WriteResult:
        """Send the merge patch; with uid and resourceVersion in it, a moved object is a 409."""
        return self._send(resource, ref, patch, MERGE_PATCH, creating=False)

    def delete(self, resource: Resource, ref: ObjectRef, *, uid: str, resource_version: str) -> WriteResult:
        """Delete with both as preconditions; a finalizer may keep the object for a while."""
        body = {"preconditions": {"uid": uid, "resourceVersion": resource_version}}
        try:
            self._transport.request(
                "DELETE", _path(resource, ref), body=body, deadline=time.monotonic() + self._timeout
            )
        except ApiError as error:
            if error.code != HTTPStatus.NOT_FOUND:
                return rejected(error, resource, ref, creating=False)
        return Written(uid, resource_version)

    def _send(
        self,
        resource: Resource,
        ref: ObjectRef,
        body: dict[str, Any],
        content_type: str,
        *,
        creating: bool,
    ) -> WriteResult:
        try:
            return self._written(resource, ref, body, content_type)
        except ApiError as error:
            return rejected(error, resource, ref, creating=creating)

    def _written(
        self, resource: Resource, ref: ObjectRef, body: dict[str, Any], content_type: str
    ) -> Written:
        answer = self._transport.request(
            "PATCH",
            _path(resource, ref),
            body=body,
            content_type=content_type,
            deadline=time.monotonic() + self._timeout,
        )
        return Written(answer["metadata"]["uid"], answer["metadata"]["resourceVersion"])


def _path(resource: Resource, ref: ObjectRef) -> str:
    return f"/api/v1/namespaces/{ref.namespace}/{resource}/{ref.name}"

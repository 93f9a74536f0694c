"""Secret Manager over REST: https://cloud.google.com/secret-manager/docs/reference/rest."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import grpc
from google.protobuf.json_format import MessageToDict

from tests.harness.fault_http import Handler, Reply, ScriptedServer
from tests.harness.gcp.model import ApiError
from tests.harness.tls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.harness.gcp.model import SecretManager
    from tests.harness.tls import CertificateAuthority

Code = grpc.StatusCode

# https://cloud.google.com/apis/design/errors#handling_errors
HTTP = {
    Code.CANCELLED: 499,
    Code.UNKNOWN: 500,
    Code.INVALID_ARGUMENT: 400,
    Code.DEADLINE_EXCEEDED: 504,
    Code.NOT_FOUND: 404,
    Code.ALREADY_EXISTS: 409,
    Code.PERMISSION_DENIED: 403,
    Code.RESOURCE_EXHAUSTED: 429,
    Code.FAILED_PRECONDITION: 400,
    Code.ABORTED: 409,
    Code.OUT_OF_RANGE: 400,
    Code.UNIMPLEMENTED: 501,
    Code.INTERNAL: 500,
    Code.UNAVAILABLE: 503,
    Code.DATA_LOSS: 500,
    Code.UNAUTHENTICATED: 401,
}


class RestServer(ScriptedServer):
    """Serves a model from memory, except where a rule says otherwise."""

    def __init__(
        self,
        model: SecretManager,
        authority: CertificateAuthority | None = None,
        hosts: Sequence[str] = LOOPBACK,
    ) -> None:
        """Listen at once; with TLS where an authority is given, as these hosts."""
        self._model = model
        super().__init__(authority, hosts)

    def close(self) -> None:
        """Stop listening."""
        self._model.hang.clear()
        super().close()

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        path = unquote(urlsplit(handler.path).path)
        name = path.removeprefix("/v1/")
        bearer = handler.headers.get("Authorization", "").removeprefix("Bearer ") or None
        if handler.command != "GET" or name == path:
            return Reply(404, b"<html>Not Found</html>", {"Content-Type": "text/html"})
        try:
            return _json(200, self._answer(name, bearer))
        except ApiError as error:
            return _refusal(error)

    def _answer(self, name: str, bearer: str | None) -> dict[str, Any]:
        if name.endswith(":access"):
            answer = self._model.access(name.removesuffix(":access"), bearer)
            if answer.data is None:
                return {"name": answer.name}
            payload = {"data": base64.b64encode(answer.data).decode()}
            if answer.crc is not None:
                payload["dataCrc32c"] = str(answer.crc)
            return {"name": answer.name, "payload": payload}
        if "/versions/" in name:
            resource, version = self._model.version(name, bearer)
            return {"name": resource, "state": version.state, "createTime": version.created.isoformat()}
        return {"name": self._model.secret(name, bearer)}


def _json(status: int, tree: object) -> Reply:
    return Reply(status, json.dumps(tree).encode(), {"Content-Type": "application/json; charset=UTF-8"})


def _refusal(error: ApiError) -> Reply:
    details = [
        {"@type": f"type.googleapis.com/{detail.DESCRIPTOR.full_name}", **MessageToDict(detail)}
        for detail in error.details
        if hasattr(detail, "DESCRIPTOR")
    ]
    status = HTTP[error.code]
    inner = {"code": status, "message": error.message, "status": error.code.name, "details": details}
    return _json(status, {"error": inner})

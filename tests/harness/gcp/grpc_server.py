"""Secret Manager over gRPC: the SDK's own messages, served from memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc
from google.cloud.secretmanager_v1.types import resources, service
from google.protobuf import any_pb2
from google.rpc import status_pb2
from grpc_status import rpc_status

from tests.harness.gcp.model import ApiError
from tests.harness.tls import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.harness.gcp.model import SecretManager
    from tests.harness.tls import CertificateAuthority

_SERVICE = "google.cloud.secretmanager.v1.SecretManagerService"
_THREADS = 16


class GrpcServer:
    """Listens on loopback, with TLS where an authority is given."""

    def __init__(
        self,
        model: SecretManager,
        authority: CertificateAuthority | None = None,
        hosts: Sequence[str] = LOOPBACK,
        port: int = 0,
    ) -> None:
        """Serve `model` at once; with TLS as these hosts, on any port when 0."""
        self._model = model
        self._server = grpc.server(
            ThreadPoolExecutor(_THREADS), handlers=[self._handlers()], options=[("grpc.so_reuseport", 0)]
        )
        if authority is None:
            self.port: int = self._server.add_insecure_port(f"127.0.0.1:{port}")
        else:
            pair = authority.server("grpc", hosts)
            tls = grpc.ssl_server_credentials([(pair.key.read_bytes(), pair.certificate.read_bytes())])
            self.port = self._server.add_secure_port(f"127.0.0.1:{port}", tls)
        self.url = f"http{'s' if authority else ''}://127.0.0.1:{self.port}"
        self._server.start()

    def close(self) -> None:
        """Stop listening, and break off what is under way."""
        self._model.hang.clear()
        self._server.stop(0).wait(10)

    def _handlers(self) -> Any:
        return grpc.method_handlers_generic_handler(
            _SERVICE,
            {
                "AccessSecretVersion": _method(
                    self._access, service.AccessSecretVersionRequest, service.AccessSecretVersionResponse
                ),
                "GetSecret": _method(self._secret, service.GetSecretRequest, resources.Secret),
                "GetSecretVersion": _method(
                    self._version, service.GetSecretVersionRequest, resources.SecretVersion
                ),
            },
        )

    def _access(self, name: str, bearer: str | None) -> object:
        answer = self._model.access(name, bearer)
        if answer.data is None:
            return service.AccessSecretVersionResponse(name=answer.name)
        payload = resources.SecretPayload(data=answer.data, data_crc32c=answer.crc)
        return service.AccessSecretVersionResponse(name=answer.name, payload=payload)

    def _secret(self, name: str, bearer: str | None) -> object:
        return resources.Secret(name=self._model.secret(name, bearer))

    def _version(self, name: str, bearer: str | None) -> object:
        resource, version = self._model.version(name, bearer)
        return resources.SecretVersion(name=resource, state=version.state, create_time=version.created)


def _method(answer: Callable[[str, str | None], object], request: Any, response: Any) -> Any:
    def call(message: Any, context: Any) -> object:
        headers = dict(context.invocation_metadata())
        bearer = headers.get("authorization", "").removeprefix("Bearer ") or None
        try:
            return answer(message.name, bearer)
        except ApiError as error:
            refusal = _status(error)
        return context.abort_with_status(refusal)

    return grpc.unary_unary_rpc_method_handler(
        call, request_deserializer=request.deserialize, response_serializer=response.serialize
    )


def _status(error: ApiError) -> Any:
    details = []
    for detail in error.details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        details.append(packed)
    return rpc_status.to_status(
        status_pb2.Status(code=error.code.value[0], message=error.message, details=details)
    )

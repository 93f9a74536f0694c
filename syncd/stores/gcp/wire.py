"""Requests to Secret Manager through Google's client, one attempt each, over gRPC or HTTP; errors as values.

The token goes into the headers of each request, instead of being fetched by gRPC on the way: so a login that
fails is not taken for an outage, and is bounded by our deadline.
"""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar
from urllib.parse import urlsplit

import grpc
import requests
from google.api_core.exceptions import GoogleAPICallError
from google.auth.credentials import AnonymousCredentials
from google.cloud.secretmanager_v1 import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import (
    SecretManagerServiceGrpcTransport,
    SecretManagerServiceRestTransport,
)
from google.protobuf.json_format import ParseError
from requests.utils import get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError

from syncd.model.errors import StoreMisconfigured
from syncd.stores.connection import by
from syncd.stores.gcp.faults import Code, Fault, RestFault, of_grpc, of_the_way
from syncd.stores.gcp.http import Answers, connections

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.cloud.secretmanager_v1.services.secret_manager_service.transports.base import (
        SecretManagerServiceTransport,
    )

    from syncd.stores.gcp.settings import GcpSettings
    from syncd.stores.gcp.ticket import Ticket

Message = TypeVar("Message")
Operation: TypeAlias = "Callable[[SecretManagerServiceClient], Callable[..., Message]]"

ROOTS: Final = "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"
"""Environment variable of gRPC that names a file with the authorities to trust."""

LOGGING: Final = "GOOGLE_SDK_PYTHON_LOGGING_SCOPE"
"""Environment variable by which Google's libraries print requests and answers, values and all."""

_UNIVERSE: Final = "googleapis.com"
_OPTIONS: Final = (
    # The guard decides about trying again.
    ("grpc.enable_retries", 0),
    # A server that is back is noticed at the guard's next try, not two minutes later.
    ("grpc.initial_reconnect_backoff_ms", 200),
    ("grpc.max_reconnect_backoff_ms", 1000),
    # Sends no ping, since no request takes a minute; but a connection that died silently is given up after
    # ten seconds without an acknowledgement: https://github.com/grpc/proposal/blob/master/A18-tcp-user-timeout.md
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


class Wire:
    """The connection to one endpoint, shared by all threads; nothing is opened before it is needed."""

    def __init__(self, settings: GcpSettings, pool: int) -> None:
        """Keep `pool` connections open where they cannot be shared (REST)."""
        self._settings = settings
        self._pool = pool
        self._lock = threading.Lock()
        self._client: SecretManagerServiceClient | None = None

    @property
    def host(self) -> str:
        """The host and port that are asked."""
        if self._settings.endpoint is None:
            region = self._settings.location
            # https://cloud.google.com/secret-manager/docs/reference/rest (regional service endpoints)
            return f"secretmanager.{region}.rep.{_UNIVERSE}" if region else f"secretmanager.{_UNIVERSE}"
        return urlsplit(self._settings.endpoint).netloc

    def ask(
        self, operation: Operation[Message], name: str, ticket: Ticket, deadline: float
    ) -> Message | Fault:
        """Send one request about the resource `name`, and return what Secret Manager said by the deadline.

        Raises:
            StoreMisconfigured: when the environment's settings for connections cannot be used.

        """
        client = self._connected()
        send = operation(client)
        remaining = deadline - time.monotonic()
        if remaining <= 0:
            return Fault(Code.DEADLINE_EXCEEDED, "no time left before the deadline")
        try:
            with by(deadline):
                return send(request={"name": name}, retry=None, timeout=remaining, metadata=ticket.metadata())
        except RestFault as error:
            return error.fault
        except GoogleAPICallError as error:
            return of_grpc(error)
        except (requests.RequestException, HTTPError, OSError) as error:
            return of_the_way(error)
        except ParseError:
            # Its text quotes the answer.
            return Fault(Code.UNAVAILABLE, "an answer that is not Secret Manager's")
        except ValueError:
            if client is self._client:
                raise
            # gRPC's way to say that the channel was closed meanwhile.
            return Fault(Code.UNAVAILABLE, "the store was closed")

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            client.transport.close()

    def _connected(self) -> SecretManagerServiceClient:
        with self._lock:
            if self._client is None:
                if os.environ.get(LOGGING):
                    raise StoreMisconfigured(f"{LOGGING} is set: it prints secrets; unset it")
                transport = self._rest() if self._settings.transport == "rest" else self._grpc()
                self._client = SecretManagerServiceClient(
                    transport=transport, client_options={"universe_domain": _UNIVERSE}
                )
            return self._client

    def _rest(self) -> SecretManagerServiceTransport:
        scheme = "http" if self._settings.is_plaintext else "https"
        return _RestTransport(f"{scheme}://{self.host}", Answers(connections(self._pool)))

    def _grpc(self) -> SecretManagerServiceTransport:
        options: list[tuple[str, Any]] = [*_OPTIONS, self._proxy()]
        if self._settings.is_plaintext:
            channel = grpc.insecure_channel(self._target(80), options)
        else:
            channel = grpc.secure_channel(self._target(443), grpc.ssl_channel_credentials(_roots()), options)
        return SecretManagerServiceGrpcTransport(host=self.host, channel=channel)

    def _target(self, port: int) -> str:
        return self.host if urlsplit(f"//{self.host}").port else f"{self.host}:{port}"

    def _proxy(self) -> tuple[str, Any]:
        """Return the option that makes gRPC take the proxy that everything else takes.

        By itself it would send what goes to `http://` to HTTPS_PROXY as well.
        """
        url = self._settings.endpoint or f"https://{self.host}"
        proxy = select_proxy(url, get_environ_proxies(url, no_proxy=None))
        return ("grpc.http_proxy", proxy) if proxy else ("grpc.enable_http_proxy", 0)


class _RestTransport(SecretManagerServiceRestTransport):
    """The SDK's REST transport over connections of ours, with nothing else from the environment."""

    def __init__(self, host: str, answers: Answers) -> None:
        super().__init__(host=host, credentials=AnonymousCredentials())
        self._session.trust_env = False
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, answers)


def _roots() -> bytes | None:
    """Return the authorities that gRPC is to trust, None for its own list.

    Raises:
        StoreMisconfigured: when they cannot be read; gRPC would go on with its own list.

    """
    file = os.environ.get(ROOTS)
    if not file:
        return None
    try:
        return Path(file).read_bytes()
    except OSError:
        pass
    raise StoreMisconfigured(f"{ROOTS} names {file}, which cannot be read; is it mounted?")

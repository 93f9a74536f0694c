"""A small client of the Kubernetes API: one request, its status and its JSON. Never retries."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import urllib3

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.harness.tls import KeyPair

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
TIMEOUT = 30.0

Object = dict[str, Any]
Answer = tuple[int, Object]


@dataclass(frozen=True, slots=True)
class KubeClient:
    """One identity's view of one API server. Safe to share between threads."""

    url: str
    _pool: urllib3.PoolManager
    _token: str | None = None

    @classmethod
    def create(
        cls, url: str, ca: Path, *, pair: KeyPair | None = None, token: str | None = None
    ) -> KubeClient:
        """Connects as the client certificate's user, or as the token's."""
        pool = urllib3.PoolManager(
            maxsize=16,
            retries=False,
            timeout=TIMEOUT,
            ca_certs=str(ca),
            cert_file=str(pair.certificate) if pair else None,
            key_file=str(pair.key) if pair else None,
        )
        return cls(url, pool, token)

    def request(
        self,
        method: str,
        path: str,
        body: object | None = None,
        *,
        content_type: str = JSON,
        query: Mapping[str, str] | None = None,
    ) -> Answer:
        """Sends one request. Returns the status, and the body's JSON ({} for a body that is none)."""
        response = self._send(method, path, body, content_type, query or {})
        try:
            answer = json.loads(response.data)
        except ValueError:
            answer = {}
        return response.status, answer

    def text(self, path: str) -> str:
        """The body of a GET as text; for /metrics."""
        return self._send("GET", path, None, JSON, {}).data.decode()

    def _send(
        self, method: str, path: str, body: object | None, content_type: str, query: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        headers = {"Content-Type": content_type}
        if self._token is not None:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self.url}{path}" + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        return self._pool.request(method, url, body=data, headers=headers)

    def get(self, path: str, query: Mapping[str, str] | None = None) -> Answer:
        """Reads an object or a list."""
        return self.request("GET", path, query=query)

    def post(self, path: str, body: Object, query: Mapping[str, str] | None = None) -> Answer:
        """Creates an object in the collection at ``path``."""
        return self.request("POST", path, body, query=query)

    def put(self, path: str, body: Object, query: Mapping[str, str] | None = None) -> Answer:
        """Replaces an object, or a subresource such as ``/status`` or ``/finalize``."""
        return self.request("PUT", path, body, query=query)

    def patch(self, path: str, body: object, query: Mapping[str, str] | None = None) -> Answer:
        """A JSON merge patch."""
        return self.request("PATCH", path, body, content_type=MERGE_PATCH, query=query)

    def apply(self, path: str, body: Object, *, manager: str, force: bool = False) -> Answer:
        """A server-side apply under a field manager's name."""
        query = {"fieldManager": manager} | ({"force": "true"} if force else {})
        return self.request("PATCH", path, body, content_type=APPLY, query=query)

    def delete(self, path: str, body: Object | None = None) -> Answer:
        """Deletes an object; ``body`` may be DeleteOptions with preconditions."""
        return self.request("DELETE", path, body)

    def must(self, answer: Answer) -> Object:
        """The body of an answer below 300. Raises AssertionError with status and reason otherwise.

        The message of the API server stays out: one about a Secret can hold its values.
        """
        status, body = answer
        assert status < 300, f"the API server answered {status} {body.get('reason')}"
        return body


def secret(
    name: str,
    data: Mapping[str, bytes | str],
    *,
    type_: str = "Opaque",
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> Object:
    """The manifest of a Secret. Text is encoded as UTF-8, then everything as base64."""
    raw = {key: value.encode() if isinstance(value, str) else value for key, value in data.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": type_,
        "metadata": {"name": name, "annotations": dict(annotations or {}), "labels": dict(labels or {})},
        "data": {key: base64.b64encode(value).decode() for key, value in raw.items()},
    }


def service_account(
    name: str,
    *,
    secrets: Sequence[str] = (),
    pull_secrets: Sequence[str] = (),
    annotations: Mapping[str, str] | None = None,
) -> Object:
    """The manifest of a ServiceAccount with these Secrets on its two lists, in this order."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": name, "annotations": dict(annotations or {})},
        "secrets": [{"name": item} for item in secrets],
        "imagePullSecrets": [{"name": item} for item in pull_secrets],
    }

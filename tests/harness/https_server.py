"""A server on loopback that hands out files to whoever sends the right headers."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from tests.harness.fault_http import Handler, Reply, ScriptedServer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.tls import CertificateAuthority


class FileServer(ScriptedServer):
    """Serves ``files``, path → content; 401 for a request without all of ``required`` headers."""

    def __init__(
        self,
        files: Mapping[str, bytes],
        required: Mapping[str, str],
        authority: CertificateAuthority | None = None,
    ) -> None:
        """With TLS where an authority is given. Header names match in any case, values exactly."""
        self._files = dict(files)
        self._required = dict(required)
        super().__init__(authority)

    @property
    def host(self) -> str:
        """The host as ``https-host`` must name it: KServe's initializer looks it up without a port."""
        return "127.0.0.1"

    def require(self, required: Mapping[str, str]) -> None:
        """Changes what is demanded, as a rotation at the server does."""
        self._required = dict(required)

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        for name, value in self._required.items():
            if not hmac.compare_digest(handler.headers.get(name, "").encode(), value.encode()):
                return Reply(401)
        content = self._files.get(handler.path.partition("?")[0])
        if content is None:
            return Reply(404)
        return Reply(200, content, {"Content-Type": "application/octet-stream"})

"""How each condition is brought about, on both wires."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncd.testing.stores import Failure
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.gcp.grpc_server import GrpcServer
from tests.harness.gcp.model import ApiError, info
from tests.harness.processes import wait_for
from tests.integration.stores.gcp.rig import ERRORS, Code, Google, read

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.gcp.adapter import GcpStore
    from tests.harness.tls import CertificateAuthority

HTML = Reply(404, b"<html>nothing here</html>", {"Content-Type": "text/html"})
READER = "reader@ml-prod.iam.gserviceaccount.com"


@dataclass(slots=True)
class Scene:
    """What is asked, of which store."""

    google: Google
    authority: CertificateAuthority
    store: GcpStore
    secret: str = "models"
    version: str | None = None
    within: float = 20.0


def arrange(name: str, google: Google, authority: CertificateAuthority) -> Scene:
    """Bring a condition about: everything is well, but for it."""
    google.model.put("models", b'{"key": "value"}')
    scene = Scene(google, authority, google.store())
    _HOW[name](scene)
    return scene


def _missing(scene: Scene) -> None:
    scene.secret = "missing"


def _pinned_missing(scene: Scene) -> None:
    scene.secret, scene.version = "missing", "1"


def _hidden(scene: Scene) -> None:
    scene.secret = "missing"
    scene.google.model.deny("secret", "missing")


def _version(scene: Scene) -> None:
    scene.version = "7"


def _empty(scene: Scene) -> None:
    scene.secret = "empty"
    scene.google.model.empty("empty")


def _disabled(scene: Scene) -> None:
    scene.google.model.set_state("models", "1", "DISABLED")


def _destroyed(scene: Scene) -> None:
    scene.google.model.set_state("models", "1", "DESTROYED")


def _denied(scene: Scene) -> None:
    scene.google.model.deny("access", "models")


def _not_enabled(scene: Scene) -> None:
    scene.google.model.fault = ApiError(
        Code.PERMISSION_DENIED, "Secret Manager API has not been used in project", info("SERVICE_DISABLED")
    )


def _login_refused(scene: Scene) -> None:
    scene.google.services.subject = "another"


def _login_expired(scene: Scene) -> None:
    read(scene.store, "models")
    scene.google.tokens.revoke()


def _impersonation_refused(scene: Scene) -> None:
    account = f"{scene.google.services.url}/v1/projects/-/serviceAccounts/{READER}:generateAccessToken"
    scene.google.services.external_account(scene.google.folder, service_account_impersonation_url=account)


def _token_service_down(scene: Scene) -> None:
    scene.google.services.answer("", Reply(503, b"upstream", {"Content-Type": "text/plain"}))


def _error(how: Failure) -> Callable[[Scene], None]:
    def set_fault(scene: Scene) -> None:
        scene.google.model.fault = ERRORS[how]

    return set_fault


def _timeout(scene: Scene) -> None:
    read(scene.store, "models")
    scene.google.model.hang.set()
    scene.within = 0.5


def _refused(scene: Scene) -> None:
    scene.google.server.close()


def _distrusted(scene: Scene) -> None:
    scene.google.trust(None)


def _cut(scene: Scene) -> None:
    """Over gRPC the server goes away while it answers; over HTTP the answer is shorter than it says."""
    server = scene.google.server
    if not isinstance(server, GrpcServer):
        server.answer(":access", Reply(200, b'{"name": "projects/1/secr', ending="cut"))
        return
    scene.google.model.hang.set()

    def close() -> None:
        wait_for("the request", lambda: scene.google.model.counts["access"] > 0)
        server.close()

    threading.Thread(target=close, daemon=True).start()


def _page(scene: Scene) -> None:
    server = scene.google.server
    if not isinstance(server, GrpcServer):
        server.answer(":access", HTML)
        return
    page = ScriptedServer(scene.authority)
    page.answer("", HTML)
    scene.google.pages.append(page)
    scene.store = scene.google.store(endpoint=page.url)


def _damaged(scene: Scene) -> None:
    scene.google.model.wrong_checksums = True


def _damaged_for_long(scene: Scene) -> None:
    scene.google.model.wrong_checksums = True
    for _ in range(2):
        read(scene.store, "models")


def _no_name(scene: Scene) -> None:
    scene.secret = "no.name"


def _no_payload(scene: Scene) -> None:
    scene.google.model.no_payloads = True


_HOW: dict[str, Callable[[Scene], None]] = {
    "found": lambda _: None,
    "secret missing": _missing,
    "secret missing, version pinned": _pinned_missing,
    "secret missing, metadata not granted": _hidden,
    "version missing": _version,
    "no version yet": _empty,
    "version disabled or deleted": _disabled,
    "version destroyed": _destroyed,
    "access denied": _denied,
    "API not enabled": _not_enabled,
    "login refused": _login_refused,
    "login expired": _login_expired,
    "impersonation refused": _impersonation_refused,
    "token service down": _token_service_down,
    "throttled": _error(Failure.THROTTLE_SILENTLY),
    "throttled, with delay": _error(Failure.THROTTLE),
    "5xx": _error(Failure.ERROR),
    "timeout": _timeout,
    "connection refused": _refused,
    "TLS not trusted": _distrusted,
    "answer cut short": _cut,
    "proxy's page instead of an answer": _page,
    "checksum wrong": _damaged,
    "checksum stays wrong": _damaged_for_long,
    "name not allowed": _no_name,
    "value absent": _no_payload,
}

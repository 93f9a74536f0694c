"""Ways to log in to OpenBao, set up by the root token. Each returns what a client needs to log in."""

from __future__ import annotations

import base64
import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.openbao import OpenBao
    from tests.harness.tls import CertificateAuthority, KeyPair


@dataclass(frozen=True, slots=True)
class AppRole:
    """A role and its secret id."""

    role_id: str
    secret_id: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class JwtIssuer:
    """Signs tokens that the jwt mount accepts: ES256, issuer ``tests``."""

    _key: ec.EllipticCurvePrivateKey

    def token(self, subject: str, audience: str, *, lifetime: int = 600) -> str:
        """A token, valid for ``lifetime`` seconds; negative for an expired one."""
        now = int(time.time())
        claims = {"iss": "tests", "sub": subject, "aud": audience, "iat": now - 60, "exp": now + lifetime}
        text = f"{_encode({'alg': 'ES256', 'typ': 'JWT'})}.{_encode(claims)}"
        r, s = utils.decode_dss_signature(self._key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{text}.{_base64(r.to_bytes(32, 'big') + s.to_bytes(32, 'big'))}"


def enable_approle(
    server: OpenBao, mount: str, role: str, policies: Sequence[str], ttl: str = "1h"
) -> AppRole:
    """An AppRole at ``auth/<mount>``, its tokens valid for ``ttl``."""
    _enable(server, mount, "approle")
    path = f"auth/{mount}/role/{role}"
    server.root.must("POST", path, {"token_policies": list(policies), "token_ttl": ttl})
    role_id = server.root.must("GET", f"{path}/role-id")["data"]["role_id"]
    return AppRole(role_id, new_secret_id(server, mount, role))


def new_secret_id(server: OpenBao, mount: str, role: str) -> str:
    """One more secret id of an AppRole."""
    return str(server.root.must("POST", f"auth/{mount}/role/{role}/secret-id")["data"]["secret_id"])


def wrapped_secret_id(server: OpenBao, mount: str, role: str) -> str:
    """A response-wrapping token of a fresh secret id, good for one unwrapping within a minute."""
    _, answer = server.root.request("POST", f"auth/{mount}/role/{role}/secret-id", wrap_ttl="60s")
    return str(answer["wrap_info"]["token"])


def enable_userpass(server: OpenBao, mount: str, user: str, password: str, policies: Sequence[str]) -> None:
    """A user with a password at ``auth/<mount>``."""
    _enable(server, mount, "userpass")
    body = {"password": password, "token_policies": list(policies)}
    server.root.must("POST", f"auth/{mount}/users/{user}", body)


def enable_jwt(server: OpenBao, mount: str, role: str, audience: str, policies: Sequence[str]) -> JwtIssuer:
    """A jwt role at ``auth/<mount>`` for tokens of the issuer that is returned."""
    _enable(server, mount, "jwt")
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    config = {"jwt_validation_pubkeys": [public.decode()], "bound_issuer": "tests"}
    server.root.must("POST", f"auth/{mount}/config", config)
    body = {
        "role_type": "jwt",
        "bound_audiences": [audience],
        "user_claim": "sub",
        "token_policies": list(policies),
    }
    server.root.must("POST", f"auth/{mount}/role/{role}", body)
    return JwtIssuer(key)


def enable_cert(
    server: OpenBao, mount: str, role: str, authority: CertificateAuthority, policies: Sequence[str]
) -> KeyPair:
    """A role at ``auth/<mount>`` for the client certificate that is returned. The server needs TLS."""
    _enable(server, mount, "cert")
    body = {"certificate": authority.file.read_text(), "token_policies": list(policies)}
    server.root.must("POST", f"auth/{mount}/certs/{role}", body)
    return authority.client(role)


def enable_kubernetes(
    server: OpenBao,
    mount: str,
    role: str,
    plane: ControlPlane,
    account: tuple[str, str],
    policies: Sequence[str],
) -> None:
    """A role at ``auth/<mount>`` for the ServiceAccount (namespace, name) of the control plane.

    The server asks the API server for a TokenReview, as a ServiceAccount ``openbao/reviewer`` that
    this creates where it is missing.
    """
    _enable(server, mount, "kubernetes")
    config = {
        "kubernetes_host": plane.url,
        "kubernetes_ca_cert": plane.ca_file.read_text(),
        "token_reviewer_jwt": _reviewer_token(plane),
        "disable_local_ca_jwt": True,
    }
    server.root.must("POST", f"auth/{mount}/config", config)
    namespace, name = account
    body = {
        "bound_service_account_names": [name],
        "bound_service_account_namespaces": [namespace],
        "token_policies": list(policies),
    }
    server.root.must("POST", f"auth/{mount}/role/{role}", body)


def write_secret_file(path: Path, value: str) -> Path:
    """Writes what a client reads from a file (a token, a secret id), for its owner only."""
    path.touch(mode=0o600)
    path.write_text(value)
    return path


def _enable(server: OpenBao, mount: str, kind: str) -> None:
    server.root.must("POST", f"sys/auth/{mount}", {"type": kind})


def _reviewer_token(plane: ControlPlane) -> str:
    if plane.admin.get("/api/v1/namespaces/openbao")[0] == 404:
        plane.create_namespace("openbao")
        plane.create_service_account("openbao", "reviewer")
        path = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings/openbao-reviewer"
        binding = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": "openbao-reviewer"},
            "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "system:auth-delegator",
            },
            "subjects": [{"kind": "ServiceAccount", "namespace": "openbao", "name": "reviewer"}],
        }
        # The binding outlives the namespace, which goes with the test that made it.
        plane.admin.must(plane.admin.apply(path, binding, manager="tests", force=True))
    return plane.token_for("openbao", "reviewer")


def _encode(value: object) -> str:
    return _base64(json.dumps(value).encode())


def _base64(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

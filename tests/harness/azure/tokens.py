"""JSON web tokens: those that the server gives and checks, and those that a Kubernetes cluster would give.

Source: RFC 7515, RFC 7519; "Access tokens in the Microsoft identity platform" (claims `aud`, `appid`, `oid`,
`tid`, `exp`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

if TYPE_CHECKING:
    from collections.abc import Mapping


def encode(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """The reverse."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def claims_of(token: str) -> Mapping[str, Any]:
    """What a token says, whoever signed it; empty for what is no token."""
    try:
        claims = json.loads(decode(token.split(".")[1]))
    except (ValueError, IndexError):
        return {}
    return claims if isinstance(claims, dict) else {}


def header_of(token: str) -> Mapping[str, Any]:
    """How a token is signed."""
    header = json.loads(decode(token.split(".", maxsplit=1)[0]))
    assert isinstance(header, dict)
    return header


def signed_by(token: str, key: rsa.RSAPublicKey) -> bool:
    """Whether the token has a signature of this key (RS256 or PS256)."""
    content, _, signature = token.rpartition(".")
    pss = header_of(token)["alg"] == "PS256"
    scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 32) if pss else padding.PKCS1v15()
    try:
        key.verify(decode(signature), content.encode(), scheme, hashes.SHA256())
    except InvalidSignature:
        return False
    return True


def _content(algorithm: str, claims: Mapping[str, object]) -> str:
    header = {"alg": algorithm, "typ": "JWT"}
    return f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"


@dataclass(frozen=True, slots=True)
class Cluster:
    """A cluster that gives ServiceAccount tokens, as Entra knows it from its OIDC issuer."""

    issuer: str = "https://oidc.example/cluster"
    _key: rsa.RSAPrivateKey = field(default_factory=lambda: rsa.generate_private_key(65_537, 2048))

    @property
    def public_key(self) -> rsa.RSAPublicKey:
        """With which its tokens are checked."""
        return self._key.public_key()

    def token(
        self, subject: str, *, audience: str = "api://AzureADTokenExchange", seconds: float = 3600.0
    ) -> str:
        """A projected token of `system:serviceaccount:NAMESPACE:NAME`."""
        claims = {"iss": self.issuer, "sub": subject, "aud": [audience], "exp": int(time.time() + seconds)}
        content = _content("RS256", claims)
        signature = self._key.sign(content.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{content}.{encode(signature)}"


@dataclass(slots=True)
class Tokens:
    """The access tokens of one tenant; those that it gave can be revoked."""

    tenant: str
    seconds: int = 3600
    given: list[str] = field(default_factory=list)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _revoked: set[str] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def give(self, client_id: str, audience: str) -> str:
        """A new token for one application."""
        claims = {
            "aud": audience,
            "iss": f"https://sts.windows.net/{self.tenant}/",
            "appid": client_id,
            "oid": str(uuid.uuid5(uuid.NAMESPACE_OID, client_id)),
            "tid": self.tenant,
            "jti": uuid.uuid4().hex,
            "exp": int(time.time()) + self.seconds,
        }
        content = _content("HS256", claims)
        token = f"{content}.{self._signature(content)}"
        with self._lock:
            self.given.append(token)
        return token

    def revoke(self) -> None:
        """Take back all tokens that were given so far."""
        with self._lock:
            self._revoked.update(self.given)

    def client_of(self, authorization: str, audience: str) -> str | None:
        """The application whose token this header has; None when it has none that is good for `audience`."""
        scheme, _, token = authorization.partition(" ")
        content, _, signature = token.rpartition(".")
        if scheme != "Bearer" or not hmac.compare_digest(signature, self._signature(content)):
            return None
        claims = claims_of(token)
        with self._lock:
            good = token not in self._revoked
        good = good and claims["aud"] == audience and claims["exp"] > time.time()
        return str(claims["appid"]) if good else None

    def _signature(self, content: str) -> str:
        return encode(hmac.digest(self._key, content.encode(), hashlib.sha256))

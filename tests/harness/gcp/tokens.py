"""Tokens that Google on loopback gives out and knows again; and keys whose holders sign tokens themselves."""

from __future__ import annotations

import json
import secrets
import threading
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import exceptions, jwt

from tests.harness.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class Tokens:
    """Who is known. Self-signed tokens: https://google.aip.dev/auth/4111."""

    def __init__(self) -> None:
        """Nobody yet."""
        self._accounts: dict[str, str] = {}
        self._keys: dict[str, bytes] = {}
        self._lock = threading.Lock()
        self.nobody = False
        """Set, nobody is known whatever they have."""

    def issue(self, account: str) -> str:
        """A new token of this account."""
        token = f"ya29.{secrets.token_urlsafe(32)}"
        with self._lock:
            self._accounts[token] = account
        return token

    def revoke(self) -> None:
        """Forget every token and key."""
        with self._lock:
            self._accounts.clear()
            self._keys.clear()

    def account(self, token: str | None, *scopes: str) -> str | None:
        """Whose token this is; None when it is nobody's, or one that was signed for none of the scopes."""
        if not token or self.nobody:
            return None
        return self._accounts.get(token) or self._signer(token, {SCOPE, *scopes})

    def knows(self, token: str | None) -> bool:
        """Whether it is somebody's."""
        return self.account(token) is not None

    def key_file(
        self, file: Path, account: str, token_uri: str = "https://oauth2.googleapis.com/token"
    ) -> Path:
        """Write a new key of this account, as `gcloud iam service-accounts keys create` does.

        Form: https://cloud.google.com/iam/docs/keys-create-delete
        """
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key_id = secrets.token_hex(20)
        with self._lock:
            self._keys[key_id] = _certificate(key)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        content = {
            "type": "service_account",
            "project_id": "ml-prod",
            "private_key_id": key_id,
            "private_key": pem.decode(),
            "client_email": account,
            "client_id": "1",
            "token_uri": "https://oauth2.googleapis.com/token",
        }
        fresh = file.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(content, indent=2))
        fresh.replace(file)
        return file

    def _signer(self, token: str, scopes: set[str]) -> str | None:
        try:
            claims = jwt.decode(token, certs=self._keys)
        except (ValueError, exceptions.GoogleAuthError):
            return None
        fits = scopes & set(claims.get("scope", "").split()) and claims["iss"] == claims["sub"]
        return str(claims["iss"]) if fits else None


def _certificate(key: rsa.RSAPrivateKey) -> bytes:
    return self_signed("key", key).public_bytes(serialization.Encoding.PEM)

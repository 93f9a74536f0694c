"""Whom syncd is for Google: application default credentials or a key, and whom that one impersonates.

Impersonation: https://cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken
(`delegates` is the chain, each of which must be allowed to make tokens for the next).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import google.auth
from google.auth import impersonated_credentials
from google.auth.credentials import Credentials, with_scopes_if_required
from google.oauth2 import service_account

from syncd.model.errors import AuthenticationFailed
from syncd.stores.own_secret import OwnSecret, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.gcp.http import LoginRequest
    from syncd.stores.gcp.settings import GcpSettings
    from syncd.stores.interface import StoreContext
    from syncd.stores.own_secret import Stamp

SCOPES: Final = ("https://www.googleapis.com/auth/cloud-platform",)
"""The only scope that Secret Manager takes."""

FILE: Final = "GOOGLE_APPLICATION_CREDENTIALS"
"""Environment variable that names a file with credentials: a key, or how to log in from elsewhere."""


class Identity:
    """Makes credentials as the settings say, and notices when they would become others. Thread-safe."""

    def __init__(self, settings: GcpSettings, context: StoreContext, now: Callable[[], float]) -> None:
        """Read nothing yet; `now` is in seconds."""
        spec = settings.auth.service_account_key
        self._key = OwnSecret(spec, context, now, several_lines=True) if spec is not None else None
        self._chain = settings.impersonate
        self._stamp: Stamp | None = None

    def __str__(self) -> str:
        """Return where the credentials are from, for messages."""
        if self._key is not None:
            return f"service account key ({self._key})"
        file = os.environ.get(FILE)
        return f"{FILE} ({file})" if file else "application default credentials"

    @property
    def last(self) -> str | None:
        """The account that is impersonated and reads; None without impersonation."""
        return self._chain[-1] if self._chain else None

    def changed(self) -> bool:
        """Tell whether the key, or the file that the environment names, is another one than was read."""
        return self._key.changed() if self._key is not None else _stamp() != self._stamp

    def credentials(self, request: LoginRequest) -> Credentials:
        """Return new credentials, which have no token yet.

        Raises:
            AuthenticationFailed, StoreUnavailable: when the key cannot be read, or is none.
            Exception: what google-auth raises where there are no default credentials.

        """
        source = self._from_key(self._key) if self._key is not None else self._default(request)
        if isinstance(source, service_account.Credentials):
            # It signs its tokens itself, as Google's clients do: https://google.aip.dev/auth/4111
            source = source.with_always_use_jwt_access(True)  # noqa: FBT003  # google-auth's signature
        if not self._chain:
            return source
        return impersonated_credentials.Credentials(
            source,
            target_principal=self._chain[-1],
            target_scopes=list(SCOPES),
            delegates=list(self._chain[:-1]),
        )

    def _default(self, request: LoginRequest) -> Credentials:
        self._stamp = _stamp()
        # Without scopes: with them, it would ask other APIs for a project that nobody needs.
        credentials, _ = google.auth.default(request=request)
        scoped: Credentials = with_scopes_if_required(credentials, list(SCOPES))
        return scoped

    def _from_key(self, key: OwnSecret) -> Credentials:
        raw = key.read()
        try:
            info: Any = json.loads(raw.reveal())
            credentials: Credentials = service_account.Credentials.from_service_account_info(
                info, scopes=list(SCOPES)
            )
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            pass
        else:
            return credentials
        raise AuthenticationFailed(
            f"{key}: is no key of a service account (JSON of `gcloud iam service-accounts keys create`)"
        )


def account_of(credentials: Credentials) -> str:
    """Return the e-mail address of credentials that have a token, as far as they tell it."""
    for name in ("service_account_email", "account"):
        value = getattr(credentials, name, None)
        if isinstance(value, str) and "@" in value:
            return value
    about = getattr(credentials, "info", None)
    audience = about.get("audience") if isinstance(about, dict) else None
    return f"a federated identity of {audience}" if audience else "an identity without an e-mail address"


def _stamp() -> Stamp | None:
    file = os.environ.get(FILE)
    return stamp(Path(file)) if file else None

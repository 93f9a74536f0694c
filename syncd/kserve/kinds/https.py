"""HTTP and HTTPS servers that demand a header.

Source: KServe v0.19.0 `pkg/credentials/https/https_secret.go`. KServe copies the headers as plain text into
the pod, so whoever may read pods may read them: KServe's choice, not ours.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, model_validator

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.fields import Host, Secret, Username, inputs_of, usual_names
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.model.reasons import Reason
from syncd.model.secret import canonical_json
from syncd.schema.part import Part

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig

USUAL: Final = {
    "bearerToken": usual_names("bearerToken", also=("token",)),
    "basicAuth.username": usual_names("username"),
    "basicAuth.password": usual_names("password"),
}


class BasicAuth(Part):
    """User name and password (RFC 7617)."""

    username: Username | None = None
    """User name, without a colon. Left out: the first of its usual names in the secret."""
    password: Secret | None = None
    """Password. Left out: the first of its usual names in the secret."""


class HttpsPart(KindPart):
    """Servers that are reached by http:// or https:// and want a header; exactly one way to give it."""

    host: Host
    """Host name of the storage URI, without scheme and port: KServe looks the headers up under it
    (`https-host`). Written in lower case."""
    bearer_token: Secret | None = None
    """Token, sent as `Authorization: Bearer …`; `{}` takes the first of its usual names in the secret."""
    basic_auth: BasicAuth | None = None
    """User name and password, sent as `Authorization: Basic …`."""
    headers: dict[Annotated[str, AfterValidator(checks.header_name)], Secret] | None = None
    """Any headers, each name with the source of its value (`headers`)."""

    @model_validator(mode="after")
    def _exactly_one(self) -> HttpsPart:
        ways = (self.bearer_token, self.basic_auth, self.headers)
        if sum(way is not None for way in ways) != 1:
            raise ValueError("give exactly one of bearerToken, basicAuth, headers")
        names = [name.lower() for name in self.headers or {}]
        if len(set(names)) != len(names):
            raise ValueError("headers: one header stands there twice; case is ignored")
        if self.headers == {}:
            raise ValueError("headers: give at least one")
        return self

    def inputs(self) -> Inputs:
        """Ask for the host and the fields of the one way that is given."""
        host = {"host": self.host}
        if self.bearer_token is not None:
            return inputs_of({**host, "bearerToken": self.bearer_token}, USUAL, whole="bearerToken")
        if self.basic_auth is not None:
            given = self.basic_auth.username is not None
            return inputs_of(
                {
                    **host,
                    "basicAuth.username": self.basic_auth.username,
                    "basicAuth.password": self.basic_auth.password,
                },
                USUAL,
                whole="basicAuth.password" if given else None,
            )
        headers = self.headers or {}
        names = {f"headers.{name}": (name,) for name in headers}
        sources = {f"headers.{name}": source for name, source in headers.items()}
        return inputs_of(
            {**host, **sources},
            names,
            whole=next(iter(names)) if len(names) == 1 else None,
        )


def _compose(values: Values, _entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    headers = canonical_json(_headers(values)).decode()
    return Rendered(
        detects_as="https",
        exclusive=False,
        type="Opaque",
        data={
            "https-host": secret(values.text("host", checks.https_host)),
            "headers": secret(headers),
        },
    )


def _headers(values: Values) -> dict[str, str]:
    if values.has("bearerToken"):
        return {"Authorization": f"Bearer {values.text('bearerToken', checks.token)}"}
    if values.under("basicAuth"):
        user = values.text("basicAuth.username", checks.username)
        pair = f"{user}:{values.text('basicAuth.password')}".encode()
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}
    names = values.under("headers")
    if not names:
        values.refuse(
            "bearerToken|basicAuth|headers",
            Reason.PROPERTY_NOT_FOUND,
            "is missing; none of the usual names is in the secret",
        )
    return {name: values.text(f"headers.{name}", checks.header_value) for name in names}


KIND: Final = StorageKind(name="https", part=HttpsPart, usual=USUAL, since="v0.6", compose=_compose)

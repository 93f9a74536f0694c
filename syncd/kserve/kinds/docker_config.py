"""Image pulls: modelcars and native OCI volumes are pulled by the kubelet with imagePullSecrets.

Source: Kubernetes, type `kubernetes.io/dockerconfigjson`; KServe's builder reads none of it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from pydantic import model_validator

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.checks import Unfit
from syncd.kserve.kinds.fields import Registry, Secret, Username, inputs_of, usual_names
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.model.secret import canonical_json

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig

_KEY: Final = ".dockerconfigjson"

USUAL: Final = {
    "username": usual_names("username"),
    "password": usual_names("password"),
    "configJson": usual_names("configJson", _KEY),
}


class DockerConfigPart(KindPart):
    """An image registry: `registry` with user name and password, or a whole `configJson`.

    Bound as imagePullSecrets of the ServiceAccounts.
    """

    registry: Registry | None = None
    """Address of the registry, e.g. `ghcr.io`, `registry.example.com:5000`, `https://index.docker.io/v1/`."""
    username: Username | None = None
    """User name. Left out: the first of its usual names in the secret."""
    password: Secret | None = None
    """Password or token. Left out: the first of its usual names in the secret."""
    config_json: Secret | None = None
    """A whole `.dockerconfigjson` with `auths`, instead of the three others; where the secret itself is it,
    write `{whole: true}`."""

    @model_validator(mode="after")
    def _one_form(self) -> DockerConfigPart:
        three = (self.registry, self.username, self.password)
        if self.config_json is None and self.registry is None:
            raise ValueError("give registry (with username and password) or configJson")
        if self.config_json is not None and any(part is not None for part in three):
            raise ValueError("configJson goes without registry, username and password")
        return self

    def inputs(self) -> Inputs:
        """Ask for user name and password, or for the whole file."""
        if self.config_json is not None:
            return inputs_of({"configJson": self.config_json}, USUAL, whole="configJson")
        return inputs_of(
            {
                "registry": self.registry,
                "username": self.username,
                "password": self.password,
            },
            USUAL,
            whole=None if self.username is None else "password",
        )


def _config_json(text: str) -> str:
    """Return the text of a Docker configuration as it is, if it has something to log in with."""
    auths = checks.json_object(checks.document(text)).get("auths")
    if not isinstance(auths, dict) or not auths:
        raise Unfit("has no `auths`, which is where registries stand")
    if not all(_can_log_in(login) for login in auths.values()):
        raise Unfit("has a registry without `auth`, without username and password, and without a token")
    return text.strip()


def _can_log_in(login: object) -> bool:
    if not isinstance(login, dict):
        return False
    if login.get("username") and login.get("password"):
        return True
    return any(login.get(name) for name in ("auth", "identitytoken", "registrytoken"))


def _composed(values: Values) -> str:
    name = values.text("username", checks.username)
    password = values.text("password")
    auth = base64.b64encode(f"{name}:{password}".encode()).decode()
    login = {"username": name, "password": password, "auth": auth}
    registry = values.text("registry", checks.registry)
    return canonical_json({"auths": {registry: login}}).decode()


def _compose(values: Values, _entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    text = _composed(values) if values.has("registry") else values.text("configJson", _config_json)
    return Rendered(
        detects_as=None,
        exclusive=False,
        type="kubernetes.io/dockerconfigjson",
        data={_KEY: secret(text)},
        bind_to="imagePullSecrets",
    )


KIND: Final = StorageKind(
    name="dockerConfig", part=DockerConfigPart, usual=USUAL, since="any", compose=_compose
)

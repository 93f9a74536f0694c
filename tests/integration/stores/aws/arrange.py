"""How each condition of AWS comes about: what is done to the rig, and which secret is then asked for."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from syncd.stores.aws.adapter import AwsStore
from syncd.stores.aws.settings import AwsSettings
from syncd.testing.stores import Failure, one
from tests.harness.aws import ACCOUNT, REGION, refusal, sts_refusal
from tests.harness.fault_http import Reply
from tests.integration.stores.aws.rig import NAME
from tests.integration.stores.rig import Surroundings

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.integration.stores.aws.rig import AwsRig

THERE: Final = "there"
Asked = tuple[str, str | None]
"""A name, and a version."""

PAGE: Final = Reply(404, b"<html><body>no such page</body></html>", {"Content-Type": "text/html"})
_NO_STAGE: Final = "Secrets Manager can't find the specified secret value for staging label: previous"
_EMPTY: Final = (
    b'{"ARN":"arn","Name":"n","VersionId":"00000000-0000-4000-8000-000000000001","SecretString":""}'
)
_PINS: Final[dict[str, Callable[[AwsRig], Asked]]] = {
    "secret missing": lambda _: ("elsewhere", None),
    "secret missing, version pinned": lambda rig: ("elsewhere", rig.no_version),
    "secret missing, stage pinned": lambda _: ("elsewhere", "AWSPENDING"),
    "version missing": lambda rig: (THERE, rig.no_version),
    "name not allowed": lambda _: ("with space", None),
    "ARN of another region": lambda _: (f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:a-AbCdEf", None),
}
_READS: Final = "GetSecretValue"
_REPLIES: Final[dict[str, tuple[str, Reply]]] = {
    "role not to be assumed": ("AssumeRole", sts_refusal("AccessDenied", "is not authorized to perform")),
    "login throttled": ("AssumeRole", sts_refusal("Throttling", "Rate exceeded", 400)),
    "login unavailable": ("AssumeRole", sts_refusal("InternalFailure", "", 500)),
    "throttled": (_READS, refusal("ThrottlingException", "Rate exceeded")),
    "throttled, with delay": (_READS, refusal("ThrottlingException", "Rate exceeded", Retry_After="2")),
    "5xx": (_READS, refusal("InternalServiceError", "An error occurred on the server side.", 500)),
    "timeout": (_READS, Reply(200, b"{}" + b" " * 1000, drip=0.05)),
    "answer cut short": (_READS, Reply(200, b'{"SecretValues":[{"Name":"there","SecretStr', ending="cut")),
    "answer empty": (_READS, Reply(200, b"{}")),
    "proxy's page instead of an answer": (_READS, PAGE),
    "clock wrong": (
        _READS,
        refusal("InvalidSignatureException", "Signature expired: 20260101T000000Z is now earlier than"),
    ),
}
_ENTRIES: Final = {
    "decryption denied": ("AccessDeniedException", "Access to KMS is not allowed"),
    "key disabled": ("DecryptionFailure", "Secrets Manager can't decrypt the protected secret text"),
    "stage missing": ("ResourceNotFoundException", _NO_STAGE),
}


def arrange(name: str, rig: AwsRig, patch: pytest.MonkeyPatch) -> Asked:
    """Bring about the condition of that name, and return what is to be asked for."""
    if name != "value absent":
        rig.put(THERE, {"key": "value"})
    if name in _PINS:
        return _PINS[name](rig)
    if name in _REPLIES:
        rig.proxy.when(*_REPLIES[name])
    elif name in _ENTRIES:
        rig.proxy.denied[rig.ref(THERE).secret] = _ENTRIES[name]
    else:
        _EVENTS[name](rig, patch)
    return THERE, "previous" if name == "stage missing" else None


def _expire(rig: AwsRig, _: pytest.MonkeyPatch) -> None:
    one(rig, THERE)
    rig.forget_login()


def _empty(rig: AwsRig, _: pytest.MonkeyPatch) -> None:
    rig.proxy.deny_batches()
    rig.proxy.when("^GetSecretValue", Reply(200, _EMPTY))


def _hide(_: AwsRig, patch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    patch.setattr(socket, "getaddrinfo", unknown)


def _reopen(rig: AwsRig, **settings: Any) -> None:
    rig.store.close()
    part = AwsSettings.model_validate({"region": REGION, "endpoint": rig.proxy.url, **settings})
    rig.store = AwsStore(NAME, part, Surroundings().context(), 8)


_EVENTS: Final[dict[str, Callable[[AwsRig, pytest.MonkeyPatch], object]]] = {
    "found": lambda *_: None,
    "scheduled for deletion": lambda rig, _: rig.take_away(THERE, ""),
    "value absent": lambda rig, _: rig.server.client().create_secret(Name=rig.ref(THERE).secret),
    "access denied": lambda rig, _: rig.deny(THERE),
    "value empty": _empty,
    "batch not allowed": lambda rig, _: rig.proxy.deny_batches(),
    "login refused": lambda rig, _: rig.fail(Failure.UNKNOWN_TO_IT),
    "login expired": _expire,
    "no credentials": lambda rig, _: _reopen(rig),
    "connection refused": lambda rig, _: rig.fail(Failure.STOP),
    "host name not known": _hide,
    "TLS not trusted": lambda rig, _: rig.fail(Failure.DISTRUSTED),
    "region malformed": lambda rig, _: _reopen(rig, region="eu west", auth=rig.auth),
}

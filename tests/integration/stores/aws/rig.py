"""AWS Secrets Manager as the stores' contract and tests use it: moto behind a proxy that can refuse."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from syncd.model.secret import RemoteSecret, SecretRef, StoreName, canonical_json
from syncd.stores.aws.adapter import AwsStore
from syncd.stores.aws.settings import AwsSettings
from syncd.stores.clock import SYSTEM, Clock
from syncd.testing.stores import Failure
from tests.harness.aws import ACCOUNT, REGION, AwsProxy, AwsServer, refusal, sts_refusal
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.tls import CertificateAuthority
from tests.integration.stores.rig import SOON, Surroundings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from syncd.stores.interface import Fetched, SecretStore

NAME: Final = StoreName("cloud")
ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/reader"
KEY_ID: Final = "AKIAUSEROFTESTS00001"
KEY: Final = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def aws(
    endpoint: str | None,
    around: Surroundings | None = None,
    clock: Clock = SYSTEM,
    **settings: Any,
) -> AwsStore:
    """A store as the mapping would configure it."""
    where = {} if endpoint is None else {"endpoint": endpoint}
    part = AwsSettings.model_validate({"region": REGION, **where, **settings})
    return AwsStore(NAME, part, (around or Surroundings()).context(), 8, clock)


def static(folder: Path, key_id: str = KEY_ID, key: str = KEY) -> dict[str, Any]:
    """The settings of an access key whose halves are in `folder`, written now."""
    files = {"accessKeyId": folder / "key-id", "secretAccessKey": folder / "key"}
    for file, text in zip(files.values(), (key_id, key), strict=True):
        file.write_text(text + "\n")
    return {"static": {name: {"file": str(file)} for name, file in files.items()}}


def put(server: AwsServer, name: str, **value: Any) -> str:
    """Write a secret, or its next version; return the version's id."""
    client = server.client()
    try:
        answer = client.create_secret(Name=name, **value)
    except client.exceptions.ResourceExistsException:
        answer = client.put_secret_value(SecretId=name, **value)
    return str(answer["VersionId"])


def get(store: AwsStore, secret: str, version: str | None = None, *, within: float = SOON) -> Fetched:
    """One fetch of one secret."""
    ref = SecretRef(NAME, secret, version)
    return store.fetch([ref], deadline=time.monotonic() + within)[ref]


def must_read(store: AwsStore, secret: str) -> None:
    """Fetch a secret that is there."""
    answer = get(store, secret)
    assert isinstance(answer, RemoteSecret), repr(answer)


def reader(proxy: AwsProxy) -> str:
    """Id of the key that signed the last read."""
    return [asked.key_id for asked in proxy.asked if asked.operation.endswith("GetSecretValue")][-1]


@dataclass(slots=True)
class AwsRig:
    """Secrets below a name of the test's own, read through a role that an access key may assume."""

    server: AwsServer
    proxy: AwsProxy
    prefix: str
    folder: Path
    store: SecretStore
    distrusted: ScriptedServer | None = None
    largest: int = 65_536
    unusual: Sequence[str] = ("a/b/c", "+=.@-_", "ends-like-an-AbCdEf", "0", "../a", "a" * 400)
    no_names: Sequence[str] = (
        "",
        "with space",
        "schlüssel",
        "a\nb",
        "a:b",
        "a" * 513,
        "arn:aws:s3:::bucket",
        f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:elsewhere-AbCdEf",
    )
    no_version: str = "00000000-0000-4000-8000-000000000000"
    auth: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def make(cls, server: AwsServer, proxy: AwsProxy, prefix: str, folder: Path) -> AwsRig:
        """A store whose keys are in `folder`."""
        auth = static(folder)
        store = aws(proxy.url, auth=auth, assumeRole=[{"roleArn": ROLE}])
        return cls(server, proxy, prefix, folder, store, auth=auth)

    def close(self) -> None:
        """End what was started."""
        self.store.close()
        if self.distrusted is not None:
            self.distrusted.close()

    def ref(self, name: str, version: str | None = None) -> SecretRef:
        """A secret below the test's own name."""
        return SecretRef(NAME, self._placed(name), version)

    def put(self, name: str, values: Mapping[str, Any]) -> str:
        """Write it past the proxy."""
        return put(self.server, self._placed(name), SecretString=canonical_json(values).decode())

    def put_bytes(self, name: str, values: Mapping[str, bytes]) -> None:
        """A secret of AWS has no parts that are bytes."""
        raise AssertionError(name, sorted(values))

    def put_value(self, name: str, value: bytes) -> str:
        """Write a text, or else bytes."""
        try:
            return put(self.server, self._placed(name), SecretString=value.decode())
        except UnicodeDecodeError:
            return put(self.server, self._placed(name), SecretBinary=value)

    def take_away(self, name: str, version: str) -> None:
        """Schedule the secret for deletion: a single version cannot be taken away."""
        self.server.client().delete_secret(SecretId=self._placed(name), RecoveryWindowInDays=7)

    def deny(self, name: str) -> None:
        """Refuse one name."""
        self.proxy.deny(self._placed(name))

    def forget_login(self) -> None:
        """End every session that was given out so far."""
        self.proxy.expired |= {asked.key_id for asked in self.proxy.asked} - {KEY_ID}

    def fail(self, how: Failure) -> None:
        """Let the proxy answer; the store was asked before, or it was not: both must work."""
        match how:
            case Failure.STOP:
                self.proxy.close()
            case Failure.DISTRUSTED:
                self.store.close()
                self.distrusted = ScriptedServer(CertificateAuthority.create(self.folder / "unknown"))
                self.store = aws(self.distrusted.url, auth=self.auth)
            case Failure.UNKNOWN_TO_IT:
                self.proxy.known = set()
            case Failure.HANG:
                self.proxy.when("", Reply(200, b'{"SecretValues":[]}' + b" " * 1000, drip=0.05))
            case _:
                text, xml = _REPLIES[how]
                self.proxy.when("Secret|Random", text)
                self.proxy.when("Assume|Caller", xml)

    def _placed(self, name: str) -> str:
        return f"{self.prefix}/{name}"


_SLOW: Final = "Rate exceeded"
_REPLIES: Final = {
    Failure.ERROR: (
        refusal("InternalServiceError", "An error occurred on the server side.", 500),
        sts_refusal("InternalFailure", "An error occurred on the server side.", 500),
    ),
    Failure.THROTTLE: (
        refusal("ThrottlingException", _SLOW, Retry_After="3"),
        sts_refusal("Throttling", _SLOW, 400, Retry_After="3"),
    ),
    Failure.THROTTLE_SILENTLY: (
        refusal("ThrottlingException", _SLOW),
        sts_refusal("Throttling", _SLOW, 400),
    ),
}

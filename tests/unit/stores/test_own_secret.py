"""What a store needs to log in: read when asked for, noticed when it changes, never shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import AuthenticationFailed, StoreMisconfigured, StoreUnavailable
from syncd.model.secret import SecretValue
from syncd.stores.ambient import with_callers_login
from syncd.stores.certificate_authority import CaSpec, trusting
from syncd.stores.own_secret import OwnSecret, OwnSecretSpec
from syncd.stores.vault.settings import VaultSettings
from syncd.testing.stores import digest
from tests.unit.stores.rigs import FakeCluster, Time

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "hunter2-canary"


def own(cluster: FakeCluster | None = None, time: Time | None = None, **where: object) -> OwnSecret:
    """An own secret as the mapping would configure it."""
    clock = (time or Time()).clock()
    return OwnSecret(OwnSecretSpec.model_validate(where), (cluster or FakeCluster()).context(), clock.now)


def is_value(secret: SecretValue, value: str = VALUE) -> bool:
    """Compare without showing."""
    return digest(secret) == digest(SecretValue(value.encode()))


def test_file_is_stripped(tmp_path: Path) -> None:
    """White space around the secret in a file is not part of it."""
    file = tmp_path / "secret"
    file.write_text(f"\n {VALUE} \r\n")
    assert is_value(own(file=str(file)).read())


def test_file_that_is_rewritten(tmp_path: Path) -> None:
    """A file that is rewritten or replaced has changed until it is read again."""
    file, fresh = tmp_path / "secret", tmp_path / "fresh"
    file.write_text(VALUE)
    secret = own(file=str(file))
    secret.read()
    assert not secret.changed()
    fresh.write_text("another")
    fresh.replace(file)
    assert secret.changed()
    assert is_value(secret.read(), "another")
    assert not secret.changed()


def test_file_behind_the_kubelets_links(tmp_path: Path) -> None:
    """The swap of `..data` in a mounted volume is a change of every file in it."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "token").write_text(f"token-{version}")
    (tmp_path / "..data").symlink_to("1")
    (tmp_path / "token").symlink_to("..data/token")
    secret = own(file=str(tmp_path / "token"))
    assert is_value(secret.read(), "token-1")
    (tmp_path / "..new").symlink_to("2")
    (tmp_path / "..new").replace(tmp_path / "..data")
    assert secret.changed()
    assert is_value(secret.read(), "token-2")


def test_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the environment is read at every login."""
    monkeypatch.setenv("OWN_SECRET", VALUE)
    assert is_value(own(env="OWN_SECRET").read())


def test_secret_of_the_cluster() -> None:
    """A key of a Secret in the daemon's namespace is read, and looked at every ten seconds at most."""
    cluster, time = FakeCluster(secrets={("syncd", "login"): {"password": VALUE.encode()}}), Time()
    secret = own(cluster, time, secretKeyRef={"name": "login", "key": "password"})
    assert is_value(secret.read())
    cluster.secrets["syncd", "login"] = {"password": b"another"}
    assert not secret.changed()
    assert cluster.reads == 1
    time.now += 10
    assert secret.changed()
    assert cluster.reads == 2
    assert is_value(secret.read(), "another")


def test_cluster_that_does_not_answer() -> None:
    """When the Secret's cluster is down the store is unavailable, which is no refused login."""
    cluster, time = FakeCluster(down=True), Time()
    secret = own(cluster, time, secretKeyRef={"name": "login", "key": "password"})
    with pytest.raises(StoreUnavailable) as raised:
        secret.read()
    assert raised.value.__context__ is None
    time.now += 60
    assert not secret.changed()


@pytest.mark.parametrize("raw", [b"", b" \n", b"two\nlines", b"bell\x07", b"\xff\xfe", b"x" * 70_000])
def test_secrets_that_are_none(tmp_path: Path, raw: bytes) -> None:
    """An empty, binary, huge or many-lined secret is refused by where it is, not by what it is."""
    file = tmp_path / "secret"
    file.write_bytes(raw)
    with pytest.raises(AuthenticationFailed) as raised:
        own(file=str(file)).read()
    assert str(file) in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    "where",
    [{"file": "/nonexistent/x"}, {"env": "NOT_SET_HERE"}, {"secretKeyRef": {"name": "login", "key": "none"}}],
)
def test_secrets_that_are_missing(where: dict[str, Any]) -> None:
    """What is not there is named."""
    with pytest.raises(AuthenticationFailed, match="no such thing"):
        own(FakeCluster(secrets={("syncd", "login"): {}}), **where).read()


def test_secret_that_is_a_folder(tmp_path: Path) -> None:
    """What cannot be read says why."""
    with pytest.raises(AuthenticationFailed, match="directory"):
        own(file=str(tmp_path)).read()


def test_missing_file_that_appears(tmp_path: Path) -> None:
    """A file that was not there has changed as soon as it is."""
    file = tmp_path / "late"
    secret = own(file=str(file))
    with pytest.raises(AuthenticationFailed):
        secret.read()
    assert not secret.changed()
    file.write_text(VALUE)
    assert secret.changed()


def test_authority_of_a_dead_cluster() -> None:
    """A CA in a ConfigMap of a cluster that does not answer is an outage, not a mistake."""
    spec = CaSpec.model_validate({"configMapKeyRef": {"name": "roots", "key": "ca.crt"}})
    with pytest.raises(StoreUnavailable):
        trusting(spec, FakeCluster(down=True).context())


@pytest.mark.parametrize(
    "pem", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "ä"]
)
def test_authority_that_is_none(tmp_path: Path, pem: str) -> None:
    """A file without a certificate is named."""
    file = tmp_path / "ca.pem"
    file.write_text(pem)
    with pytest.raises(StoreMisconfigured, match=r"ca\.pem"):
        trusting(CaSpec(file=file), FakeCluster().context())


def test_authorities_of_the_system_stay() -> None:
    """Without settings the system's authorities are trusted, certificates and names are checked."""
    tls = trusting(None, FakeCluster().context())
    assert tls.check_hostname
    assert tls.verify_mode.name == "CERT_REQUIRED"


def test_callers_login(tmp_path: Path) -> None:
    """`--store-auth ambient` takes the caller's token from where `vault` has it, and keeps all else."""
    part = VaultSettings.model_validate(
        {"address": "https://v:8200", "namespace": "ml", "auth": {"jwt": {"role": "r", "tokenFile": "/x"}}}
    )
    by_variable = with_callers_login(part, {"VAULT_TOKEN": "x"}, tmp_path)
    (tmp_path / ".vault-token").touch()
    by_file = with_callers_login(part, {}, tmp_path)
    assert by_variable.auth.token == OwnSecretSpec(env="VAULT_TOKEN")
    assert by_file.auth.token == OwnSecretSpec(file=tmp_path / ".vault-token")
    assert by_file.auth.jwt is None
    assert by_file.namespace == "ml"


def test_nothing_is_shown(tmp_path: Path) -> None:
    """The text of an own secret is where it is."""
    file = tmp_path / "secret"
    file.write_text(VALUE)
    secret = own(file=str(file))
    secret.read()
    assert str(secret) == f"file {file}"
    assert VALUE not in f"{secret!r} {secret}"
    assert os.fspath(file) in str(secret)

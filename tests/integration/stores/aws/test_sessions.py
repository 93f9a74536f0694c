"""How long a login to AWS is used, when it is renewed, and how often a refused one is tried."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from syncd.model.errors import AuthenticationFailed
from syncd.model.secret import RemoteSecret, SecretRef
from tests.harness.aws import ACCOUNT, sts_refusal
from tests.harness.aws_identity import temporary, use_pod_identity
from tests.harness.fixtures import unique
from tests.harness.processes import wait_for
from tests.integration.stores.aws.rig import NAME, aws, get, must_read, put, reader, static
from tests.integration.stores.rig import SOON
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.harness.aws import AwsProxy, AwsServer
    from tests.harness.fault_http import ScriptedServer

ROLE = f"arn:aws:iam::{ACCOUNT}:role/first"


def test_a_role_that_is_refused_is_not_asked_for_at_every_read(
    proxy: AwsProxy, secret: str, tmp_path: Path
) -> None:
    """After a refusal the next login waits, and the message says for how long."""
    proxy.when("AssumeRole", sts_refusal("AccessDenied", "no"))
    turned = Time(time.monotonic())
    store = aws(proxy.url, None, turned.clock(), auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    answers = [get(store, secret) for _ in range(3)]
    assert len(proxy.operations("AssumeRole")) == 1
    assert all(isinstance(answer, AuthenticationFailed) for answer in answers)
    assert f"assumeRole {ROLE}" in str(answers[0])
    assert "next login in 5 s" in str(answers[0])
    turned.now += 6
    proxy.rules.clear()
    must_read(store, secret)
    store.close()


def test_a_session_is_renewed_before_it_ends(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Near its end a session is replaced while reads go on with it; a spent one is never used."""
    beside.answer("", temporary("ASIASECOND"))
    # Of a session that lasts less than 15 minutes the SDK itself asks for another one at once.
    beside.answer("", temporary("ASIAFIRST", lasting=800), times=2)
    use_pod_identity(beside, monkeypatch, tmp_path / "token")
    turned = Time(time.monotonic())
    store = aws(proxy.url, None, turned.clock())
    must_read(store, secret)
    must_read(store, secret)
    assert len(beside.seen()) == 2
    turned.now += 121
    must_read(store, secret)
    assert [asked.key_id for asked in proxy.asked] == ["ASIAFIRST"] * 3

    def renewed() -> bool:
        must_read(store, secret)
        return reader(proxy) == "ASIASECOND"

    wait_for("the next session", renewed)
    assert len(beside.seen()) == 3
    store.close()


def test_a_spent_session_is_not_used(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A session that ends within seconds is replaced before the read."""
    beside.answer("", temporary("ASIASECOND"))
    beside.answer("", temporary("ASIAFIRST", lasting=20), times=2)
    use_pod_identity(beside, monkeypatch, tmp_path / "token")
    store = aws(proxy.url)
    must_read(store, secret)
    must_read(store, secret)
    assert [asked.key_id for asked in proxy.asked] == ["ASIAFIRST", "ASIASECOND"]
    store.close()


def test_a_session_that_ends_in_the_middle(proxy: AwsProxy, aws_server: AwsServer, tmp_path: Path) -> None:
    """When AWS says that the session has expired there is one new login, and all that was asked is read."""
    names = [unique("middle") for _ in range(5)]
    for name in names:
        put(aws_server, name, SecretString="value")
    store = aws(proxy.url, auth=static(tmp_path), assumeRole=[{"roleArn": ROLE}])
    refs = [SecretRef(NAME, name) for name in names]
    store.fetch(refs, deadline=time.monotonic() + SOON)
    proxy.expired.add(reader(proxy))
    answers = store.fetch(refs, deadline=time.monotonic() + SOON)
    assert all(isinstance(answer, RemoteSecret) for answer in answers.values())
    assert proxy.operations() == [
        "AssumeRole",
        "BatchGetSecretValue",
        "BatchGetSecretValue",
        "AssumeRole",
        "BatchGetSecretValue",
    ]
    store.close()


def test_a_key_that_stays_unknown(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """A key that AWS does not know is tried twice, then not until the pause is over or the key changes."""
    proxy.known = set()
    turned = Time(time.monotonic())
    store = aws(proxy.url, None, turned.clock(), auth=static(tmp_path))
    answers = [get(store, secret) for _ in range(4)]
    assert all(isinstance(answer, AuthenticationFailed) for answer in answers)
    assert "is the region right" in str(answers[-1])
    assert len(proxy.asked) == 2
    turned.now += 6
    get(store, secret)
    assert len(proxy.asked) == 3
    static(tmp_path, "AKIANEXT", "another")
    proxy.known = {"AKIANEXT"}
    must_read(store, secret)
    store.close()

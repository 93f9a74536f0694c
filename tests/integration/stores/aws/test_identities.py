"""Each way to log in to AWS, by the SDK as it is: STS is moto, what runs beside a pod is a server of ours."""

from __future__ import annotations

import json
import threading
import time
from typing import TYPE_CHECKING

import pytest

from syncd.model.errors import AuthenticationFailed, StoreError, StoreUnavailable
from syncd.model.events import StoreRequest
from tests.harness import s3
from tests.harness.aws import ACCOUNT, REGION, AwsProxy, sts_refusal
from tests.harness.aws_identity import temporary, use_instance_role, use_pod_identity
from tests.harness.fault_http import Reply, ScriptedServer
from tests.harness.fixtures import unique
from tests.integration.stores.aws.rig import KEY_ID, aws, get, must_read, reader, static
from tests.integration.stores.rig import SOON, Surroundings
from tests.unit.stores.rigs import Time

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.s3 import S3Server

FIRST = f"arn:aws:iam::{ACCOUNT}:role/first"
SECOND = f"arn:aws:iam::{ACCOUNT}:role/second"


@pytest.fixture
def web_identity(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The variables that EKS sets in a pod whose ServiceAccount has a role; the file with the token."""
    file = tmp_path / "token"
    file.write_text("token-of-the-service-account")
    monkeypatch.setenv("AWS_ROLE_ARN", FIRST)
    monkeypatch.setenv("AWS_WEB_IDENTITY_TOKEN_FILE", str(file))
    return file


def test_web_identity(proxy: AwsProxy, secret: str, web_identity: Path) -> None:
    """IRSA: the ServiceAccount's token becomes a session of the role with one call, for many cold threads."""
    store = aws(proxy.url)
    threads = [threading.Thread(target=must_read, args=(store, secret)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)
    (login,) = [asked for asked in proxy.asked if asked.operation == "AssumeRoleWithWebIdentity"]
    assert (login.form["RoleArn"], login.key_id) == (FIRST, "")
    assert login.form["WebIdentityToken"] == web_identity.read_text()
    assert len(proxy.operations("GetSecretValue")) == 16
    assert reader(proxy).startswith("ASIA")
    store.close()


def test_web_identity_is_read_again(proxy: AwsProxy, secret: str, web_identity: Path) -> None:
    """At the next login the token's file is read anew: the kubelet replaces it."""
    store = aws(proxy.url)
    must_read(store, secret)
    web_identity.write_text("token-of-the-next-hour")
    proxy.expired.add(reader(proxy))
    must_read(store, secret)
    tokens = [asked.form["WebIdentityToken"] for asked in proxy.asked if "WebIdentity" in asked.operation]
    assert tokens == ["token-of-the-service-account", "token-of-the-next-hour"]
    store.close()


def test_web_identity_without_its_token(proxy: AwsProxy, secret: str, web_identity: Path) -> None:
    """A token file that is not mounted is a failed login that names the file."""
    web_identity.unlink()
    store = aws(proxy.url)
    answer = get(store, secret)
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert str(web_identity) in answer.message
    store.close()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDenied", "trust policy"),
        ("InvalidIdentityToken", "OIDC provider"),
        ("ExpiredTokenException", "has expired"),
        ("RegionDisabledException", "not active in this region"),
    ],
)
def test_web_identity_refused(
    proxy: AwsProxy, secret: str, web_identity: Path, code: str, words: str
) -> None:
    """What STS refuses is told apart, and is a failed login."""
    proxy.when("AssumeRole", sts_refusal(code, "no"))
    store = aws(proxy.url)
    answer = get(store, secret)
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert words in answer.message
    store.close()


def test_pod_identity(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """EKS Pod Identity: the agent is asked once, with the pod's token."""
    beside.answer("^/v1/credentials$", temporary("ASIAPOD"))
    use_pod_identity(beside, monkeypatch, tmp_path / "token")
    store = aws(proxy.url)
    must_read(store, secret)
    must_read(store, secret)
    assert reader(proxy) == "ASIAPOD"
    (asked,) = beside.seen()
    assert "authorization" in asked.headers
    store.close()


def test_a_check_logs_in_once(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A check and the read after it share one login, and the question whether AWS answers needs none."""
    beside.answer("^/v1/credentials$", temporary("ASIAPOD"))
    use_pod_identity(beside, monkeypatch, tmp_path / "token")
    store = aws(proxy.url)
    found = store.check(deadline=time.monotonic() + SOON)
    assert [finding.error for finding in found] == [None, None]
    must_read(store, secret)
    assert len(beside.seen()) == 1
    assert [asked.key_id for asked in proxy.asked] == ["", "ASIAPOD", "ASIAPOD"]
    store.close()


def test_pod_identity_that_is_down(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An agent that fails is an outage, not a wrong login, and what it said is not repeated."""
    beside.answer("", Reply(500, b"canary-of-the-agent"))
    use_pod_identity(beside, monkeypatch, tmp_path / "token")
    store = aws(proxy.url)
    answer = get(store, secret)
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert "canary" not in answer.message
    store.close()


def test_instance_role(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The role of an instance: IMDSv2 is asked for a session, the role's name and its credentials, once."""
    use_instance_role(beside, monkeypatch, "ASIANODE")
    store = aws(proxy.url)
    must_read(store, secret)
    must_read(store, secret)
    assert reader(proxy) == "ASIANODE"
    assert len(beside.seen()) == 3
    store.close()


def test_a_metadata_service_that_hangs(
    proxy: AwsProxy, secret: str, beside: ScriptedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A metadata service whose answer drips costs a read its deadline and no more."""
    use_instance_role(beside, monkeypatch, "ASIANODE")
    beside.answer("api/token", Reply(200, b"x" * 200, drip=0.05), method="PUT")
    store = aws(proxy.url)
    start = time.monotonic()
    answer = get(store, secret, within=0.7)
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert time.monotonic() - start < 1.7
    store.close()


def test_environment(proxy: AwsProxy, secret: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An access key in the environment is used, and STS is not asked."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAENVIRONMENT")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    store = aws(proxy.url)
    must_read(store, secret)
    assert {asked.key_id for asked in proxy.asked} == {"AKIAENVIRONMENT"}
    store.close()


def profile(file: Path, key_id: str) -> None:
    """Write a credentials file with the profile `ml`."""
    file.write_text(f"[ml]\naws_access_key_id = {key_id}\naws_secret_access_key = secret\n")


def test_profile(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """A profile of a file is used, and read again when the file changes."""
    profile(file := tmp_path / "credentials", "AKIAOLDPROFILE")
    store = aws(proxy.url, auth={"profile": {"name": "ml", "file": str(file)}})
    must_read(store, secret)
    assert reader(proxy) == "AKIAOLDPROFILE"
    profile(file, "AKIANEWERPROFILE")
    must_read(store, secret)
    assert reader(proxy) == "AKIANEWERPROFILE"
    store.close()


def test_profile_that_is_not_there(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """A profile that the file does not have is a failed login that names both; it heals with the file."""
    profile(file := tmp_path / "credentials", "AKIAPROFILE")
    text = file.read_text()
    file.write_text(text.replace("[ml]", "[other]"))
    store = aws(proxy.url, auth={"profile": {"name": "ml", "file": str(file)}})
    answer = get(store, secret)
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert "auth.profile ml" in answer.message
    assert str(file) in answer.message
    store.close()


def test_a_process_that_hangs(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """A login that takes longer than a read may is not lost: a later read has it."""
    credentials = '{"Version": 1, "AccessKeyId": "AKIAPROCESS", "SecretAccessKey": "secret"}'
    script = tmp_path / "credentials.sh"
    script.write_text(f"sleep 1.5\necho '{credentials}'\n")
    (file := tmp_path / "credentials").write_text(f"[ml]\ncredential_process = sh {script}\n")
    store = aws(proxy.url, auth={"profile": {"name": "ml", "file": str(file)}})
    answer = get(store, secret, within=0.3)
    assert isinstance(answer, StoreUnavailable), repr(answer)
    assert "no login before the deadline" in answer.message
    must_read(store, secret)
    assert reader(proxy) == "AKIAPROCESS"
    store.close()


def test_static_key_rotated_in_its_file(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """A new access key in the files is used by the next read, though the old one is not known any more."""
    store = aws(proxy.url, auth=static(tmp_path))
    must_read(store, secret)
    static(tmp_path, "AKIANEXT", "another")
    proxy.known = {"AKIANEXT"}
    must_read(store, secret)
    assert [asked.key_id for asked in proxy.asked] == [KEY_ID, "AKIANEXT"]
    store.close()


def test_static_key_that_is_not_there(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """Half of a key that is not mounted is named, nothing is asked, and the read heals when it comes."""
    auth = static(tmp_path)
    (tmp_path / "key").unlink()
    store = aws(proxy.url, auth=auth)
    answer = get(store, secret)
    assert isinstance(answer, AuthenticationFailed), repr(answer)
    assert f"file {tmp_path / 'key'}: there is no such thing" in answer.message
    assert proxy.asked == []
    static(tmp_path)
    must_read(store, secret)
    store.close()


def test_static_key_of_a_secret(proxy: AwsProxy, secret: str) -> None:
    """An access key can be in a Secret of the daemon's namespace, and is looked at again now and then."""
    around = Surroundings(secrets={"aws": {"id": b"AKIACLUSTER", "key": b"secret"}})
    turned = Time(time.monotonic())
    refs = {
        "accessKeyId": {"secretKeyRef": {"name": "aws", "key": "id"}},
        "secretAccessKey": {"secretKeyRef": {"name": "aws", "key": "key"}},
    }
    store = aws(proxy.url, around, turned.clock(), auth={"static": refs})
    must_read(store, secret)
    around.secrets["aws"]["id"] = b"AKIACLUSTERNEXT"
    turned.now += 11
    must_read(store, secret)
    assert [asked.key_id for asked in proxy.asked] == ["AKIACLUSTER", "AKIACLUSTERNEXT"]
    store.close()


def test_a_chain_of_roles(proxy: AwsProxy, secret: str, tmp_path: Path) -> None:
    """Roles are assumed in order, each with the session of the one before, and with what each asks for."""
    roles = [
        {"roleArn": FIRST, "sessionName": "first-session"},
        {"roleArn": SECOND, "externalId": "ml-platform", "sessionTags": {"team": "ml", "stage": "prod"}},
    ]
    around = Surroundings()
    store = aws(proxy.url, around, auth=static(tmp_path), assumeRole=roles)
    must_read(store, secret)
    must_read(store, secret)
    first, second = (asked for asked in proxy.asked if asked.operation == "AssumeRole")
    assert (first.form["RoleArn"], first.form["RoleSessionName"], first.key_id) == (
        FIRST,
        "first-session",
        KEY_ID,
    )
    assert (second.form["RoleArn"], second.form["ExternalId"]) == (SECOND, "ml-platform")
    assert {second.form[f"Tags.member.{n}.Key"]: second.form[f"Tags.member.{n}.Value"] for n in (1, 2)} == {
        "team": "ml",
        "stage": "prod",
    }
    assert len({first.key_id, second.key_id, reader(proxy)}) == 3
    assert {asked.region for asked in proxy.asked} == {REGION}
    logins = [event for event in around.events if isinstance(event, StoreRequest)]
    assert [(event.operation, event.outcome) for event in logins] == [("login", "ok")]
    store.close()


def test_signatures_arrive_as_they_were_made(
    s3_server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that checks signatures and keys takes what we send, and a wrong half of a key is refused."""
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    key = s3_server.create_user(user := unique("reader"))
    policy = {"Effect": "Allow", "Action": "secretsmanager:*", "Resource": "*"}
    s3_server.client("iam").put_user_policy(
        UserName=user,
        PolicyName="reads",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [policy]}),
    )
    s3_server.client("secretsmanager").create_secret(Name=(name := unique("signed")), SecretString="value")
    store = aws(s3_server.url, region=s3.REGION, auth=static(tmp_path, key.key_id, key.secret))
    must_read(store, name)
    static(tmp_path, key.key_id, "another")
    assert isinstance(get(store, name), StoreError)
    store.close()

"""Rule 3: an outage, a typo or a missing secret takes nothing away, whatever the deletion policies say."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING

import pytest

from syncd.model.reasons import Reason, State
from syncd.stores import guarded
from syncd.stores.backoff import Backoff
from tests.e2e.everybody import digest, force, hidden, objects, published
from tests.e2e.workbench import Workbench
from tests.harness.fault_http import FaultProxy, Reply, ScriptedServer
from tests.harness.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao

POLICY = "  deletionPolicy: {whenUnmapped: Delete, whenSecretNotFound: Delete}\n"
HTML = b"<html><body>It works!</body></html>"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stores are asked again after milliseconds: what is tested is what happens, not how long we wait."""
    soon = Backoff(first=0.001, longest=0.01)
    patience = functools.partial(guarded.Patience, retry=soon, outage=soon)
    monkeypatch.setattr(guarded, "Patience", patience)


@pytest.fixture
def proxy(openbao: OpenBao) -> Iterator[FaultProxy]:
    """What stands between syncd and OpenBao."""
    with FaultProxy(openbao.url) as proxy:
        yield proxy


@pytest.fixture
def behind(
    proxy: FaultProxy, control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path
) -> Iterator[Workbench]:
    """A workbench that reaches OpenBao by way of the proxy."""
    bench = Workbench.create(control_plane, openbao, judge, tmp_path, store_url=proxy.url)
    yield bench
    bench.close()


def credential(namespace: str, secret: str = "KV/models", more: str = "") -> str:
    """S3 keys as Secret, binding and entry, with both policies set to Delete."""
    return (
        f"models:\n  from: {{store: platform, secret: {secret}{more}}}\n"
        f"  s3: {{endpoint: 'https://minio:9000'}}\n{POLICY}"
        f"  to: [{{namespaces: [{namespace}], serviceAccounts: [models], storageConfig: {{key: m}}}}]\n"
    )


def put(bench: Workbench, version: int) -> None:
    """Writes a version of the keys."""
    bench.put("models", {"access_key": f"AK{version}", "secret_key": f"SK{version}"})


def start(bench: Workbench) -> str:
    """A namespace in which version 1 is published."""
    namespace = bench.new_namespace()
    put(bench, 1)
    force(bench, bench.text(credential(namespace)))
    bench.sync()
    assert bench.outcome("models", namespace).state is State.SYNCED
    return namespace


def check_kept(bench: Workbench, namespace: str, reason: Reason, *, sweeps: int = 4) -> None:
    """Sweep after sweep nothing changes, KServe sees what it saw, and the reason is said."""
    before, seen = objects(bench.plane, namespace), sight(bench, namespace)
    for _ in range(sweeps):
        bench.sync()
        assert objects(bench.plane, namespace) == before
        outcome = bench.outcome("models", namespace)
        assert (outcome.state, outcome.reasons) == (reason.state, (reason,))
        assert outcome.version == "1"
    assert sight(bench, namespace) == seen


def sight(bench: Workbench, namespace: str) -> str:
    """What KServe gives the workloads there."""
    account, entry = bench.judge_account(namespace), bench.judge_storage(namespace, "m", {"bucket": "b"})
    assert account.error == entry.error == ""
    return digest([bench.env(namespace, account), bench.env(namespace, entry)])


def check_recovered(bench: Workbench, namespace: str, version: int) -> None:
    """What the store has now arrives, in the next sweep that reaches it."""
    put(bench, version)
    wait_for("the recovery", lambda: _synced(bench, namespace))
    assert published(bench, namespace, "models") == hidden(
        AWS_ACCESS_KEY_ID=f"AK{version}", AWS_SECRET_ACCESS_KEY=f"SK{version}"
    )
    assert not bench.preview().plan


def _synced(bench: Workbench, namespace: str) -> bool:
    bench.sync()
    return bench.outcome("models", namespace).state is State.SYNCED


def answer(status: int, tree: object) -> Reply:
    """An answer as the store itself writes them."""
    return Reply(status, json.dumps(tree).encode(), JSON)


ANSWERS = {
    "429": (answer(429, {"errors": ["request path: rate limit quota exceeded"]}), Reason.RATE_LIMITED),
    "429 of a standby": (answer(429, {"errors": []}), Reason.STORE_UNAVAILABLE),
    "500": (answer(500, {"errors": ["internal error"]}), Reason.STORE_UNAVAILABLE),
    "502": (Reply(502, HTML), Reason.STORE_UNAVAILABLE),
    "503": (answer(503, {"errors": ["Vault is sealed"]}), Reason.STORE_UNAVAILABLE),
    "403 of a policy": (
        answer(403, {"errors": ["1 error occurred:\n\t* permission denied\n\n"]}),
        Reason.ACCESS_DENIED,
    ),
    "403 of a proxy": (Reply(403, HTML), Reason.STORE_UNAVAILABLE),
    "404 of a proxy": (Reply(404, HTML), Reason.STORE_UNAVAILABLE),
    "404 without a body": (Reply(404), Reason.STORE_UNAVAILABLE),
    "404 with a list": (answer(404, []), Reason.STORE_UNAVAILABLE),
    "404 with other words": (answer(404, {"message": "not found"}), Reason.STORE_UNAVAILABLE),
    "404 of the store": (answer(404, {"errors": []}), Reason.SECRET_NOT_FOUND),
    "200 of a proxy": (Reply(200, HTML), Reason.STORE_UNAVAILABLE),
    "200 with nothing in it": (answer(200, {}), Reason.STORE_UNAVAILABLE),
    "200 with null": (answer(200, {"data": None}), Reason.STORE_UNAVAILABLE),
    "200 with a list": (answer(200, []), Reason.STORE_UNAVAILABLE),
    "204": (Reply(204), Reason.STORE_UNAVAILABLE),
    "cut": (Reply(200, b'{"data": {"data": {"access_key": "A', JSON, ending="cut"), Reason.STORE_UNAVAILABLE),
    "hang up": (Reply(ending="hang up"), Reason.STORE_UNAVAILABLE),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_no_answer_takes_anything_away(behind: Workbench, proxy: FaultProxy, case: str) -> None:
    """Whatever stands for the answer to a read: all stays as it is, and moves on when it is over."""
    namespace = start(behind)
    reply, reason = ANSWERS[case]
    proxy.answer(f"/v1/{behind.mount}/data/", reply)
    check_kept(behind, namespace, reason)
    proxy.clear()
    check_recovered(behind, namespace, 2)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(behind: Workbench, proxy: FaultProxy, status: int) -> None:
    """The other host would get the token; it gets nothing, and its secret is not taken."""
    namespace = start(behind)
    theirs = {"data": {"data": {"access_key": "theirs", "secret_key": "theirs"}, "metadata": {"version": 9}}}
    with ScriptedServer() as elsewhere:
        elsewhere.answer("", answer(200, theirs))
        proxy.answer("/v1/", Reply(status, headers={"Location": f"{elsewhere.url}/v1/x"}))
        check_kept(behind, namespace, Reason.STORE_UNAVAILABLE)
        assert elsewhere.seen() == []
    proxy.clear()
    check_recovered(behind, namespace, 2)


def test_nothing_is_published_while_nothing_was_ever_read(behind: Workbench, proxy: FaultProxy) -> None:
    """The store is down from the start: no Secret, no entry, no binding; Pending, not Stale."""
    namespace = behind.new_namespace()
    put(behind, 1)
    force(behind, behind.text(credential(namespace)))
    before = objects(behind.plane, namespace)
    proxy.answer("/v1/", Reply(502, HTML))
    behind.sync()
    assert objects(behind.plane, namespace) == before
    outcome = behind.outcome("models", namespace)
    assert (outcome.state, outcome.reasons) == (State.PENDING, (Reason.STORE_UNAVAILABLE,))
    proxy.clear()
    check_recovered(behind, namespace, 2)


def test_a_restart_during_an_outage_forgets_nothing(behind: Workbench, proxy: FaultProxy) -> None:
    """A new process that has never reached the store leaves what the old one wrote."""
    namespace = start(behind)
    proxy.answer("/v1/", Reply(ending="hang up"))
    behind.restart()
    check_kept(behind, namespace, Reason.STORE_UNAVAILABLE)
    proxy.clear()
    check_recovered(behind, namespace, 2)


def test_one_dead_store_does_not_hold_back_another(behind: Workbench, proxy: FaultProxy) -> None:
    """Two stores, one down: what comes from the other rotates."""
    namespace = behind.new_namespace()
    put(behind, 1)
    behind.put("hub", {"token": "hf1"})
    auth = {"token": {"file": str(behind.folder / "vault-token")}}
    stores = {
        "platform": {"vault": {"address": proxy.url, "auth": auth}},
        "other": {"vault": {"address": behind.bao.url, "auth": auth}},
    }
    hub = (
        f"  hub:\n    from: {{store: other, secret: {behind.mount}/hub}}\n    huggingFace: {{}}\n"
        f"    to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]\n"
    )
    text = behind.text(credential(namespace)) + hub
    line = next(line for line in text.splitlines() if line.startswith("stores:"))
    force(behind, text.replace(line, f"stores: {json.dumps(stores)}"))
    behind.sync()
    proxy.answer("/v1/", Reply(502, HTML))
    behind.put("hub", {"token": "hf2"})
    behind.sync()
    assert published(behind, namespace, "hub") == hidden(HF_TOKEN="hf2")
    assert behind.outcome("models", namespace).reasons == (Reason.STORE_UNAVAILABLE,)


# the real server


@pytest.fixture
def alone(
    control_plane: ControlPlane, own_openbao: OpenBao, judge: Judge, tmp_path: Path
) -> Iterator[Workbench]:
    """A workbench on an OpenBao of its own."""
    bench = Workbench.create(control_plane, own_openbao, judge, tmp_path)
    yield bench
    bench.close()


def test_a_sealed_server(alone: Workbench) -> None:
    """Sealed, and unsealed again."""
    namespace = start(alone)
    alone.bao.seal()
    check_kept(alone, namespace, Reason.STORE_UNAVAILABLE)
    alone.bao.unseal()
    check_recovered(alone, namespace, 2)


def test_a_stopped_server(alone: Workbench) -> None:
    """Stopped, and started again."""
    namespace = start(alone)
    alone.bao.kill()
    check_kept(alone, namespace, Reason.STORE_UNAVAILABLE)
    alone.bao.restart()
    check_recovered(alone, namespace, 2)


def _policy_gone(bench: Workbench) -> None:
    bench.bao.write_policy(bench.instance, {"nothing/*": ("read",)})


def _policy_back(bench: Workbench) -> None:
    bench.bao.least_policy(bench.instance, {bench.mount: bench.version})


def _token_gone(bench: Workbench) -> None:
    token = (bench.folder / "vault-token").read_text()
    bench.bao.root.must("POST", "auth/token/revoke", {"token": token})


def _token_back(bench: Workbench) -> None:
    (bench.folder / "vault-token").write_text(bench.bao.token([bench.instance]))


def _deleted(bench: Workbench) -> None:
    bench.bao.delete_versions(bench.mount, "models", [1])


def _destroyed(bench: Workbench) -> None:
    bench.bao.delete_versions(bench.mount, "models", [1], destroy=True)


def _purged(bench: Workbench) -> None:
    bench.bao.root.must("DELETE", f"{bench.mount}/metadata/models")


def _unmounted(bench: Workbench) -> None:
    bench.bao.root.must("DELETE", f"sys/mounts/{bench.mount}")


def _mounted(bench: Workbench) -> None:
    bench.bao.enable_kv(bench.mount, 2)


def _nothing(bench: Workbench) -> None:
    """The next version makes it good by itself."""


DEEDS: dict[str, tuple[Callable[[Workbench], None], Callable[[Workbench], None], Reason]] = {
    "policy gone": (_policy_gone, _policy_back, Reason.ACCESS_DENIED),
    "token revoked": (_token_gone, _token_back, Reason.AUTHENTICATION_FAILED),
    "version deleted": (_deleted, _nothing, Reason.VERSION_UNAVAILABLE),
    "version destroyed": (_destroyed, _nothing, Reason.VERSION_UNAVAILABLE),
    "secret purged": (_purged, _nothing, Reason.SECRET_NOT_FOUND),
    "mount gone": (_unmounted, _mounted, Reason.STORE_MISCONFIGURED),
}


@pytest.mark.parametrize("deed", DEEDS)
def test_what_people_do_in_the_store(bench: Workbench, deed: str) -> None:
    """Somebody takes the policy, the token, the version, the secret or the mount away, and gives it back."""
    namespace = start(bench)
    undone, done_again, reason = DEEDS[deed]
    undone(bench)
    check_kept(bench, namespace, reason)
    done_again(bench)
    check_recovered(bench, namespace, 2)


@pytest.mark.parametrize(
    ("secret", "more", "reason"),
    [
        ("KV/modles", "", Reason.SOURCE_NOT_FOUND),
        ("KV/models/prod", "", Reason.SOURCE_NOT_FOUND),
        ("KV/data/models", "", Reason.STORE_MISCONFIGURED),
        ("no-such-mount/models", "", Reason.ACCESS_DENIED),
        ("KV/models", ", version: 7", Reason.VERSION_UNAVAILABLE),
        ("KV/models", ", version: latest", Reason.STORE_MISCONFIGURED),
    ],
)
def test_a_typo_in_the_mapping(bench: Workbench, secret: str, more: str, reason: Reason) -> None:
    """A misspelt path, mount or version is no deletion: the last good one stays until it is corrected."""
    namespace = start(bench)
    force(bench, bench.text(credential(namespace, secret, more)))
    check_kept(bench, namespace, reason)
    force(bench, bench.text(credential(namespace)))
    check_recovered(bench, namespace, 2)

"""What leaves the mapping, or a label, is reported and left as it is: nothing is ever removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.model.names import CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.e2e.everybody import edit, force, objects

if TYPE_CHECKING:
    from tests.e2e.workbench import Workbench

POLICY = "  deletionPolicy: {whenUnmapped: Delete, whenSecretNotFound: Delete}\n"
ROLE = "arn:aws:iam::111122223333:role/reader"
LABEL = "syncd.dev/models"


def models(target: str, policy: str = POLICY) -> str:
    """S3 keys with one target."""
    return f"models:\n  from: {{store: platform, secret: KV/models}}\n  s3: {{}}\n{policy}  to: [{target}]\n"


def hub(namespace: str) -> str:
    """Another credential, so that the mapping is not empty."""
    return (
        "hub:\n  from: {store: platform, secret: KV/hub}\n  huggingFace: {}\n"
        f"  to: [{{namespaces: [{namespace}]}}]\n"
    )


def role(account: str, namespace: str) -> str:
    """A keyless credential."""
    target = f"{{namespaces: [{namespace}], serviceAccounts: [{account}]}}"
    return f"role:\n  s3: {{roleArn: '{ROLE}', region: eu-west-1}}\n  to: [{target}]\n"


def by_label() -> str:
    """A target wherever the label is."""
    return f"{{namespaceSelector: {{matchLabels: {{{LABEL}: 'true'}}}}, serviceAccounts: [models]}}"


def start(bench: Workbench, credentials: str) -> None:
    """Everything published."""
    bench.put("models", {"access_key": "AK", "secret_key": "SK"})
    bench.put("hub", {"token": "hf"})
    force(bench, bench.text(credentials))
    bench.sync()
    assert {outcome.state for outcome in bench.app.engine.outcomes.values()} == {State.SYNCED}


def left_over(bench: Workbench, *namespaces: str) -> set[tuple[str, str, str]]:
    """What four sweeps and a restart report, having touched nothing: kind, name and detail."""
    before = objects(bench.plane, *namespaces)
    found: set[tuple[str, str, str]] = set()
    for sweep in range(4):
        swept = bench.sync()
        assert objects(bench.plane, *namespaces) == before
        found = {(left.kind, left.ref.name, left.detail) for left in swept.plan.leftovers}
        assert found
        if sweep == 2:
            bench.restart()
    return found


FULL = "serviceAccounts: [models, default], storageConfig: {key: m, bucket: b}"


@pytest.mark.parametrize("policy", [POLICY, ""], ids=["delete", "retain"])
def test_a_credential_that_leaves(bench: Workbench, policy: str) -> None:
    """Secret, bindings and entry stay, the Secret is shown as Retained, and it comes back without a write."""
    namespace = bench.new_namespace()
    mapped = models(f"{{namespaces: [{namespace}], {FULL}}}", policy)
    start(bench, mapped + hub(namespace))
    seen = bench.judge_account(namespace)
    force(bench, bench.text(hub(namespace)))
    assert left_over(bench, namespace) == {
        ("Secret", "models", "of credential models"),
        ("storage-config entry", "storage-config", "m"),
    }
    outcome = bench.app.engine.outcomes[PlacementId(CredentialId("models"), namespace)]
    assert (outcome.state, outcome.reasons) == (State.RETAINED, (Reason.UNMAPPED,))
    assert bench.judge_account(namespace) == seen
    force(bench, bench.text(mapped + hub(namespace)))
    before = objects(bench.plane, namespace)
    assert not bench.sync().plan.leftovers
    assert objects(bench.plane, namespace) == before
    assert bench.outcome("models", namespace).state is State.SYNCED


def test_a_namespace_that_leaves_the_target(bench: Workbench) -> None:
    """What is in it stays there."""
    stays, leaves = bench.new_namespace(), bench.new_namespace()
    start(bench, models(f"{{namespaces: [{stays}, {leaves}], {FULL}}}"))
    force(bench, bench.text(models(f"{{namespaces: [{stays}], {FULL}}}")))
    assert left_over(bench, stays, leaves) == {
        ("Secret", "models", "of credential models"),
        ("storage-config entry", "storage-config", "m"),
    }


def test_a_namespace_that_loses_its_label(bench: Workbench) -> None:
    """As if it had left the mapping; once labelled again it goes on."""
    name = bench.instance
    namespace = bench.new_namespace({LABEL: name})
    start(bench, models(by_label().replace("'true'", name)) + hub(namespace))
    path = f"/api/v1/namespaces/{namespace}"
    bench.plane.admin.must(bench.plane.admin.patch(path, {"metadata": {"labels": {LABEL: None}}}))
    assert left_over(bench, namespace) == {("Secret", "models", "of credential models")}
    bench.plane.admin.must(bench.plane.admin.patch(path, {"metadata": {"labels": {LABEL: name}}}))
    bench.put("models", {"access_key": "AK2", "secret_key": "SK2"})
    assert not bench.sync().plan.leftovers
    assert bench.values(namespace, "models")["AWS_ACCESS_KEY_ID"] == b"AK2"


@pytest.mark.parametrize("policy", [POLICY, ""], ids=["delete", "retain"])
def test_a_service_account_that_leaves_the_target(bench: Workbench, policy: str) -> None:
    """It keeps the Secret on its list."""
    namespace = bench.new_namespace()
    start(bench, models(f"{{namespaces: [{namespace}], serviceAccounts: [models, default]}}", policy))
    force(bench, bench.text(models(f"{{namespaces: [{namespace}], serviceAccounts: [models]}}", policy)))
    assert left_over(bench, namespace) == {("binding", "default", "still lists models")}
    assert bench.listed(namespace, "default") == ["models"]


def test_a_service_account_that_loses_its_label(bench: Workbench) -> None:
    """No longer selected, and not unbound either."""
    namespace = bench.new_namespace()
    labels = {"metadata": {"labels": {"bind": "true"}}}
    edit(bench.plane, "serviceaccounts", namespace, "models", labels)
    selector = "serviceAccountSelector: {matchLabels: {bind: 'true'}}"
    start(bench, models(f"{{namespaces: [{namespace}], {selector}}}"))
    assert bench.listed(namespace) == ["models"]
    edit(bench.plane, "serviceaccounts", namespace, "models", {"metadata": {"labels": None}})
    assert left_over(bench, namespace) == {("binding", "models", "still lists models")}


def test_an_entry_that_leaves_the_target(bench: Workbench) -> None:
    """It stays beside the Secret, also where no target asks for any entry any more."""
    namespace = bench.new_namespace()
    start(bench, models(f"{{namespaces: [{namespace}], {FULL}}}"))
    force(bench, bench.text(models(f"{{namespaces: [{namespace}], serviceAccounts: [models, default]}}")))
    assert left_over(bench, namespace) == {("storage-config entry", "storage-config", "m")}
    assert bench.judge_storage(namespace, "m").error == ""


def test_an_entry_that_gets_another_key(bench: Workbench) -> None:
    """The new one is written, the old one stays and is reported."""
    namespace = bench.new_namespace()
    start(bench, models(f"{{namespaces: [{namespace}], {FULL}}}"))
    other = FULL.replace("key: m", "key: other")
    force(bench, bench.text(models(f"{{namespaces: [{namespace}], {other}}}")))
    bench.sync()
    assert left_over(bench, namespace) == {("storage-config entry", "storage-config", "m")}
    assert bench.values(namespace, "storage-config").keys() == {"m", "other"}


def test_a_secret_that_gets_another_name(bench: Workbench) -> None:
    """The new one takes its place on the list in one patch; the old one stays beside it."""
    namespace = bench.new_namespace()
    start(bench, models(f"{{namespaces: [{namespace}], serviceAccounts: [models]}}"))
    renamed = f"{{namespaces: [{namespace}], serviceAccounts: [models], secret: other}}"
    force(bench, bench.text(models(renamed)))
    bench.sync()
    assert left_over(bench, namespace) == {("Secret", "models", "of credential models")}
    assert bench.listed(namespace) == ["other"]


@pytest.mark.parametrize("gone", [True, False], ids=["credential", "account"])
def test_a_role_that_leaves(bench: Workbench, gone: bool) -> None:
    """The annotations stay on the ServiceAccount that had them."""
    namespace = bench.new_namespace()
    start(bench, role("models", namespace) + hub(namespace))
    rest = "" if gone else role("default", namespace)
    force(bench, bench.text(rest + hub(namespace)))
    bench.sync()
    assert left_over(bench, namespace) == {
        ("annotation", "models", "still has annotation eks.amazonaws.com/role-arn"),
        ("annotation", "models", "still has annotation serving.kserve.io/s3-region"),
    }


def test_a_suspended_credential_is_neither_written_nor_left_over(bench: Workbench) -> None:
    """Told to leave it: the store's next version waits, and nothing is reported as gone."""
    namespace = bench.new_namespace()
    mapped = models(f"{{namespaces: [{namespace}], {FULL}}}")
    start(bench, mapped)
    before = objects(bench.plane, namespace)
    force(bench, bench.text(mapped + "  suspend: true\n"))
    bench.put("models", {"access_key": "AK2", "secret_key": "SK2"})
    swept = bench.sync()
    assert objects(bench.plane, namespace) == before
    assert swept.plan.leftovers == ()
    assert bench.outcome("models", namespace).state is State.SUSPENDED

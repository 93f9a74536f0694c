"""What deploy/ makes is taken by a real API server, at the restricted level, and fits the program."""

from __future__ import annotations

import copy
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from syncd.daemon import lifecycle
from syncd.daemon.options import CONFIG_MAP, Listen
from tests.harness.fixtures import unique
from tests.integration.deploy.manifests import (
    BASE,
    DEPLOY,
    EXAMPLES,
    apply,
    apply_all,
    only,
    place,
    pod_of,
)
from tests.unit.deploy.dockerfile import dockerfile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object
    from tests.integration.deploy.manifests import Kustomize


def _validate(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "syncd", "validate", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_everything_is_accepted(plane: ControlPlane, kustomize: Kustomize, base: list[Object]) -> None:
    """The base and each example are accepted under strict validation, tried first and then for real."""
    for manifests in (base, *map(kustomize.build, EXAMPLES)):
        answers = [
            (place(manifest), apply(plane, manifest, dry_run=dry)[0])
            for dry in (True, False)
            for manifest in manifests
        ]
        assert [answer for answer in answers if answer[1] not in {200, 201}] == []
    apply_all(plane, base)


def test_applying_again_changes_nothing(plane: ControlPlane, base: list[Object]) -> None:
    """Applied twice, no object gets another version: what is said is what is stored."""
    apply_all(plane, base)
    first = [plane.admin.must(plane.admin.get(place(manifest))) for manifest in base]
    apply_all(plane, base)
    second = [plane.admin.must(plane.admin.get(place(manifest))) for manifest in base]
    assert [o["metadata"]["resourceVersion"] for o in first] == [
        o["metadata"]["resourceVersion"] for o in second
    ]


@pytest.mark.parametrize("folder", [BASE, *EXAMPLES], ids=lambda folder: folder.name)
def test_its_pod_meets_the_restricted_level(plane: ControlPlane, kustomize: Kustomize, folder: Path) -> None:
    """A namespace that enforces `restricted` takes the Deployment's pod, and refuses one with more."""
    own = plane.admin.must(plane.admin.get("/api/v1/namespaces/syncd"))
    assert own["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = pod_of(only(kustomize.build(folder), "Deployment"), unique("syncd"))
    stored = plane.admin.must(plane.admin.post("/api/v1/namespaces/syncd/pods", pod))
    (container,) = stored["spec"]["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    # The token that the ServiceAccount does not hand out unasked.
    assert [v for v in stored["spec"]["volumes"] if v["name"].startswith("kube-api-access-")]
    rights: list[Object] = [{"allowPrivilegeEscalation": True}, {"capabilities": {}}, {"runAsUser": 0}]
    for more in rights:
        wrong = copy.deepcopy(pod)
        wrong["metadata"]["name"] = unique("syncd")
        wrong["spec"]["containers"][0]["securityContext"] |= more
        assert plane.admin.post("/api/v1/namespaces/syncd/pods", wrong)[0] == 403, more


@pytest.mark.parametrize(
    ("example", "annotation"),
    [
        ("eks-irsa", "eks.amazonaws.com/role-arn"),
        ("aks-workload-identity", "azure.workload.identity/client-id"),
        ("gke-workload-identity", None),
    ],
)
def test_a_cloud_knows_the_pod_by_its_service_account(
    kustomize: Kustomize, example: str, annotation: str | None
) -> None:
    """The ServiceAccount is annotated, and on AKS the pod labelled, as the cloud's webhook wants it."""
    made = kustomize.build(DEPLOY / "examples" / example)
    annotations = only(made, "ServiceAccount")["metadata"].get("annotations", {})
    assert list(annotations) == ([annotation] if annotation else [])
    labels = only(made, "Deployment")["spec"]["template"]["metadata"]["labels"]
    assert ("azure.workload.identity/use" in labels) is example.startswith("aks")


def test_the_manifests_fit_the_program(base: list[Object]) -> None:
    """Names, ports, times and the user are those of the program and of the image."""
    deployment, service = only(base, "Deployment"), only(base, "Service")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert only(base, "ConfigMap")["metadata"]["name"] == CONFIG_MAP
    (port,) = container["ports"]
    assert (port["containerPort"], service["spec"]["ports"][0]["port"]) == (Listen().port, Listen().port)
    assert service["spec"]["ports"][0]["targetPort"] == port["name"]
    assert service["spec"]["selector"].items() <= deployment["spec"]["template"]["metadata"]["labels"].items()
    assert pod["terminationGracePeriodSeconds"] > lifecycle.DRAIN + 10
    user, group = dockerfile()[-1].one("USER").text.split(":")
    context = pod["securityContext"]
    assert (context["runAsUser"], context["runAsGroup"]) == (int(user), int(group))
    assert (deployment["spec"]["replicas"], deployment["spec"]["strategy"]) == (1, {"type": "Recreate"})


@pytest.mark.parametrize("folder", [BASE, *EXAMPLES], ids=lambda folder: folder.name)
def test_its_mappings_are_valid(folder: Path) -> None:
    """`syncd validate` finds nothing to say about a mapping in deploy/."""
    done = _validate(folder / "mapping.yaml")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_commented_mapping_is_valid_too(tmp_path: Path) -> None:
    """The base's mapping is right when its example is taken out of the comments."""
    lines = (BASE / "mapping.yaml").read_text().splitlines()
    text = "\n".join(
        line.removesuffix(" {}").removeprefix("#") for line in lines if not re.match(r"# \S", line)
    )
    file = tmp_path / "mapping.yaml"
    file.write_text(text)
    done = _validate(file)
    assert (done.returncode, done.stderr, "1 credential" in done.stdout) == (0, "", True)


def test_the_image_is_set_by_kustomize(kustomize: Kustomize, tmp_path: Path) -> None:
    """Name, tag and digest of the image are an overlay's."""
    digest = f"sha256:{'0' * 64}"
    for number, (image, wanted) in enumerate(
        (
            (
                {"newName": "registry.example.com/ml/syncd", "newTag": "1.2.3"},
                "registry.example.com/ml/syncd:1.2.3",
            ),
            (
                {"newName": "registry.example.com/syncd", "digest": digest},
                f"registry.example.com/syncd@{digest}",
            ),
        )
    ):
        made = kustomize.overlay(tmp_path / str(number), images=[{"name": "syncd", **image}])
        (container,) = only(made, "Deployment")["spec"]["template"]["spec"]["containers"]
        assert container["image"] == wanted


def test_another_namespace_is_one_line(plane: ControlPlane, kustomize: Kustomize, tmp_path: Path) -> None:
    """With `namespace` everything goes there, the bindings' subjects too; nothing names the old one."""
    rename = [{"op": "replace", "path": "/metadata/name", "value": "syncd-second"}]
    patch = {"target": {"kind": "ClusterRoleBinding"}, "patch": yaml.safe_dump(rename)}
    made = kustomize.overlay(tmp_path / "overlay", namespace="second", patches=[patch])
    apply_all(plane, made)
    for manifest in made:
        if manifest["kind"] == "Namespace":
            assert manifest["metadata"]["name"] == "second"
        elif not manifest["kind"].startswith("ClusterRole"):
            assert manifest["metadata"]["namespace"] == "second", manifest["kind"]
        assert all(subject["namespace"] == "second" for subject in manifest.get("subjects", []))


def test_a_mapping_of_several_files_is_put_together(kustomize: Kustomize, tmp_path: Path) -> None:
    """An overlay adds files to the ConfigMap, and together they are one valid mapping."""
    folder = tmp_path / "overlay"
    head = "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n"
    cluster = (
        f"{head}stores: {{platform: {{vault: {{address: 'https://v', auth: {{token: {{env: T}}}}}}}}}}\n"
    )
    credentials = (
        f"{head}credentials: {{hub: {{from: {{store: platform, secret: kv/a}}, huggingFace: {{}},"
        " to: [{namespaces: [a]}]}}\n"
    )
    literals = [f"cluster.yaml={cluster}", f"credentials.yaml={credentials}"]
    generator = {"name": "syncd", "behavior": "replace", "literals": literals}
    data = only(kustomize.overlay(folder, configMapGenerator=[generator]), "ConfigMap")["data"]
    files = tmp_path / "files"
    files.mkdir()
    for name, text in data.items():
        (files / name).write_text(text)
    assert sorted(data) == ["cluster.yaml", "credentials.yaml"]
    assert _validate(files).returncode == 0, _validate(files).stdout

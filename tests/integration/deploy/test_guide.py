"""docs/guides/deploy.md, as far as it goes without a container engine and a kubelet."""

from __future__ import annotations

import re
import shutil
import subprocess
import textwrap
from functools import partial
from typing import TYPE_CHECKING, Final

import yaml

from syncd.telemetry.events import CONTROLLER
from tests.harness.fixtures import unique
from tests.harness.processes import wait_for
from tests.integration.deploy.manifests import DEPLOY, apply_all, only
from tests.unit.deploy.dockerfile import ROOT, dockerfile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Answer, Object
    from tests.integration.deploy.manifests import Kustomize

GUIDE: Final = (ROOT / "docs" / "guides" / "deploy.md").read_text()


def _block(beginning: str) -> str:
    """The fenced block that begins so, without its indentation. Raises ValueError for none or several."""
    found = re.findall(r"^( *)```\w+\n(.*?)^\1```$", GUIDE, re.MULTILINE | re.DOTALL)
    (text,) = (text for _, block in found if (text := textwrap.dedent(block)).startswith(beginning))
    return text


def test_its_rights_are_those_of_the_manifests(base: list[Object]) -> None:
    """The guide's table has every right of the two roles, and no other."""
    explained = {
        (where == "everywhere", resource, frozenset(re.findall(r"`([^`]+)`", named)), verb)
        for where, resource, named, verbs in re.findall(
            r"^\| (everywhere|its own namespace) \| (\w+)( named [^|]*| in [^|]*)? \| ([a-z, ]+) \|",
            GUIDE,
            re.MULTILINE,
        )
        for verb in verbs.split(", ")
    }
    granted = {
        (kind == "ClusterRole", resource, frozenset(rule.get("resourceNames", _groups(rule))), verb)
        for kind in ("ClusterRole", "Role")
        for rule in only(base, kind)["rules"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert explained == granted


def _groups(rule: Object) -> list[str]:
    return [group for group in rule["apiGroups"] if group]


def test_its_image_is_that_of_the_dockerfile() -> None:
    """Base and user are the Dockerfile's."""
    end = dockerfile()[-1]
    assert f"`{end.base}`" in GUIDE
    assert f"user {end.one('USER').text.split(':')[0]}," in GUIDE


def test_its_overlay_is_built(plane: ControlPlane, kustomize: Kustomize, tmp_path: Path) -> None:
    """The example, copied where the guide says and given an image as it says, is accepted with that image."""
    deploy = tmp_path / "deploy"
    shutil.copytree(DEPLOY, deploy, ignore=shutil.ignore_patterns("overlays"))
    mine = deploy / "overlays" / "mine"
    shutil.copytree(deploy / "examples" / "vault-kubernetes-auth", mine)
    (line,) = re.findall(r"kustomize (edit set image \S+)\)$", GUIDE, re.MULTILINE)
    subprocess.run([kustomize.program, *line.split()], cwd=mine, check=True, timeout=60)
    manifests = kustomize.build(mine)
    (container,) = only(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["image"] == line.partition("=")[2]
    apply_all(plane, manifests)


def test_a_second_one_keeps_out_of_the_first_ones_way(
    plane: ControlPlane, kustomize: Kustomize, base: list[Object], tmp_path: Path
) -> None:
    """With the guide's patch only the ClusterRole is shared: the second has rights, and so has the first."""
    patches = yaml.safe_load(_block("patches:"))["patches"]
    second = kustomize.overlay(tmp_path / "overlay", namespace="second", patches=patches)
    apply_all(plane, second)
    shared = {_identity(item) for item in base} & {_identity(item) for item in second}
    assert shared == {("ClusterRole", "", "syncd")}
    for namespace in ("syncd", "second"):
        ask = partial(
            plane.client_for_service_account(namespace, "syncd").get, "/api/v1/secrets", {"limit": "1"}
        )
        wait_for("its rights", partial(_is_allowed, ask))


def _is_allowed(ask: Callable[[], Answer]) -> bool:
    return ask()[0] == 200


def _identity(manifest: Object) -> tuple[str, str, str]:
    metadata = manifest["metadata"]
    return manifest["kind"], metadata.get("namespace", ""), metadata["name"]


def test_an_included_config_map_can_be_read(plane: ControlPlane) -> None:
    """With the guide's role syncd reads the one ConfigMap of a team, and no other of it."""
    manifests = list(yaml.safe_load_all(_block("# include.yaml")))
    team = plane.create_namespace(unique("team"))
    for manifest in manifests:
        manifest["metadata"]["namespace"] = team
    for name in ("credentials", "other"):
        body = {"metadata": {"name": name}, "data": {"a": "b"}}
        plane.admin.must(plane.admin.post(f"/api/v1/namespaces/{team}/configmaps", body))
    apply_all(plane, manifests)
    client = plane.client_for_service_account("syncd", "syncd")
    path = f"/api/v1/namespaces/{team}/configmaps"
    wait_for("the right to read it", lambda: client.get(f"{path}/credentials")[0] == 200)
    assert client.get(f"{path}/other")[0] == 403


def test_its_way_to_the_events_shows_ours(plane: ControlPlane) -> None:
    """The field selector that the guide gives to `kubectl get events` shows our Events and no others."""
    namespace = plane.create_namespace(unique("team"))
    for controller in (CONTROLLER, "example.com/other"):
        body = {
            "metadata": {"generateName": "event-", "namespace": namespace},
            "eventTime": "2026-01-01T00:00:00.000000Z",
            "reportingController": controller,
            "reportingInstance": "here",
            "action": "Sync",
            "reason": "Published",
            "type": "Normal",
            "regarding": {"apiVersion": "v1", "kind": "Secret", "namespace": namespace, "name": "a"},
        }
        plane.admin.must(plane.admin.post(f"/apis/events.k8s.io/v1/namespaces/{namespace}/events", body))
    (selector,) = re.findall(r"--field-selector (\S+)", GUIDE)
    shown = plane.admin.must(plane.admin.get("/api/v1/events", {"fieldSelector": selector}))["items"]
    assert [item["reportingComponent"] for item in shown if item["metadata"]["namespace"] == namespace] == [
        CONTROLLER
    ]

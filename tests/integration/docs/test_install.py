"""The install guide on a real API server and a real OpenBao: its manifests and commands as they stand there.

The steps of `kubectl` are done by the tests' own client.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
import yaml

from tests.harness.apiserver import ControlPlane
from tests.harness.judge import install_kserve_config
from tests.harness.openbao import OpenBao
from tests.harness.processes import wait_for
from tests.unit.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.harness.fixtures import Tools

GUIDE: Final = ROOT / "docs" / "guides" / "install.md"
DELEGATOR: Final = "system:auth-delegator"
RBAC: Final = "/apis/rbac.authorization.k8s.io/v1"
SECONDS: Final = 60


@dataclass(frozen=True, slots=True)
class Installation:
    """The guide up to the end of its fifth step, in a directory of its own; `typed` runs a block of it."""

    plane: ControlPlane
    bao: OpenBao
    folder: Path

    def typed(self, first_words: str, *, then: str = "") -> subprocess.CompletedProcess[str]:
        """Run the one shell block that begins with these words, as it stands in the guide, and `then`."""
        (text,) = [
            block.text
            for block in blocks(GUIDE)
            if block.language == "sh" and block.text.startswith(first_words)
        ]
        environment = {
            # The console scripts of this Python: syncd and bao.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "BAO_ADDR": self.bao.url,
            "BAO_TOKEN": self.bao.token(["root"]),
            "server": self.plane.url,
            "reviewer_token": self.plane.token_for("syncd", "bao-reviewer"),
        }
        command = ["bash", "-e", "-c", f"{text}\n{then}"]
        return subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def done(self, first_words: str) -> str:
        """Run a block that has to succeed; return what it printed."""
        result = self.typed(first_words)
        assert result.returncode == 0, f"{first_words}: {result.stdout}{result.stderr}"
        return result.stdout

    def apply(self, manifest: dict[str, Any]) -> None:
        """Create one object of the guide."""
        metadata = manifest["metadata"]
        top = RBAC if manifest["apiVersion"].startswith("rbac.") else "/api/v1"
        where = f"/namespaces/{metadata['namespace']}" if "namespace" in metadata else ""
        path = f"{top}{where}/{manifest['kind'].lower()}s"
        self.plane.admin.must(self.plane.admin.post(path, manifest))


def block_of(file: str) -> str:
    """Return the block that the guide has the reader save under this name."""
    (text,) = [block.text for block in blocks(GUIDE) if block.text.startswith(f"# {file}\n")]
    return text


@pytest.fixture(scope="module")
def plane(tools: Tools, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server of the guide's own, since it gives names of its own."""
    plane = ControlPlane.start(
        tmp_path_factory.mktemp("install"),
        kube_apiserver=tools.path("kube-apiserver"),
        etcd=tools.path("etcd"),
    )
    install_kserve_config(plane)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def installed(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Everything that comes before the first `syncd plan`."""
    folder = tmp_path_factory.mktemp("guide")
    bao = OpenBao.start(folder / "openbao")
    installation = Installation(plane, bao, folder)
    for namespace in ("syncd", "recsys"):
        plane.create_namespace(namespace)
    plane.create_service_account("recsys", "models")
    plane.create_service_account("syncd", "bao-reviewer")
    for manifest in yaml.safe_load_all(block_of("rbac.yaml")):
        installation.apply(manifest)
    installation.apply(delegation())
    (folder / "ca.crt").write_bytes(plane.ca_file.read_bytes())
    token = folder / "syncd-token"
    token.touch(mode=0o600)
    token.write_text(plane.token_for("syncd", "syncd"))
    kubeconfig = plane.kubeconfig_for_service_account("syncd", "syncd")
    (folder / "syncd.kubeconfig").write_bytes(kubeconfig.read_bytes())
    text = block_of("mapping.yaml").replace("https://openbao.example.com:8200", bao.url)
    text = text.replace("/etc/syncd/syncd-token", str(token))
    (folder / "mapping.yaml").write_text(text)
    installation.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "syncd", "namespace": "syncd"},
            "data": {"mapping.yaml": text},
        }
    )
    for words in ("bao secrets enable", "bao policy write", "bao auth enable"):
        installation.done(words)
    client = plane.client_for_service_account("syncd", "syncd")
    wait_for("syncd's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)
    yield installation
    bao.stop()


def delegation() -> dict[str, Any]:
    """Return what `kubectl create clusterrolebinding bao-reviewer …` of the guide makes."""
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "bao-reviewer"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": DELEGATOR},
        "subjects": [{"kind": "ServiceAccount", "name": "bao-reviewer", "namespace": "syncd"}],
    }


def test_the_mapping_of_the_guide_is_valid(installed: Installation) -> None:
    """`syncd validate` of the guide's mapping finds nothing."""
    assert installed.done("syncd validate") == "valid: 1 credential, 1 store\n"


def test_the_guide_ends_in_a_cluster_in_sync(installed: Installation) -> None:
    """With the guide's rights and login, plan, sync and plan come out as it prints them."""
    printed = installed.done("export KUBECONFIG")
    (plan,) = [block.text for block in blocks(GUIDE) if block.language == "text"]
    assert printed.startswith(plan)
    assert printed.endswith("Plan: 3 unchanged\n")
    values = installed.plane.secret_values("recsys", "models-s3")
    assert bool(values == {"AWS_ACCESS_KEY_ID": b"AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": b"first"})


def test_the_rights_of_the_guide_suffice_for_events(installed: Installation) -> None:
    """The ServiceAccount of the guide may create an Event, and may not delete a ServiceAccount."""
    client = installed.plane.client_for_service_account("syncd", "syncd")
    event = {
        "metadata": {"generateName": "syncd-", "namespace": "recsys"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "syncd.dev/syncd",
        "reportingInstance": "syncd",
        "action": "Sync",
        "reason": "Rotated",
        "type": "Normal",
        "regarding": {"apiVersion": "v1", "kind": "Secret", "namespace": "recsys", "name": "models-s3"},
    }
    assert client.post("/apis/events.k8s.io/v1/namespaces/recsys/events", event)[0] == 201
    assert client.delete("/api/v1/namespaces/recsys/serviceaccounts/models")[0] == 403

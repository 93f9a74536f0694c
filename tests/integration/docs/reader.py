"""Somebody who follows a page: a cluster, a store and a shell in which its commands run as they stand."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import yaml

from tests.harness.fixtures import unique
from tests.harness.processes import wait_for
from tests.harness.storage_initializer import container_env
from tests.integration.deploy.manifests import Kustomize, apply_all
from tests.unit.docs.pages import blocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.apiserver import ControlPlane
    from tests.harness.fixtures import Tools
    from tests.harness.judge import Judge, Judgement
    from tests.harness.kube_client import Object
    from tests.harness.openbao import OpenBao

SECONDS: Final = 60
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC")


@dataclass(frozen=True, slots=True)
class Sight:
    """Digests of what a new pod gets: on ServiceAccount ``models``, and by storage key ``models-s3``."""

    account: str
    key: str


@dataclass(frozen=True, slots=True)
class Reader:
    """One reader of one page, with a folder of their own and the identity of syncd in it.

    ``names`` are what the page calls something and what it is here. The namespace has as many letters as
    the page's, since columns are part of what is compared. ``own`` is syncd's namespace and instance.
    """

    page: Path
    plane: ControlPlane
    bao: OpenBao
    judge: Judge
    folder: Path
    namespace: str
    own: str
    mount: str
    programs: tuple[Path, ...]
    names: Mapping[str, str]

    @classmethod
    def of(
        cls, page: Path, plane: ControlPlane, bao: OpenBao, judge: Judge, tools: Tools, folder: Path
    ) -> Reader:
        """Prepares what the page presupposes: syncd's account with the rights of deploy/, and its login."""
        own = unique("syncd")
        renamed = json.dumps([{"op": "replace", "path": "/metadata/name", "value": own}])
        patches = [{"target": {"kind": "ClusterRoleBinding"}, "patch": renamed}]
        kustomize = Kustomize(tools.path("kustomize"))
        apply_all(plane, kustomize.overlay(folder / "overlay", namespace=own, patches=patches))
        client = plane.client_for_service_account(own, "syncd")
        wait_for("syncd's rights", lambda: client.get("/api/v1/secrets", {"limit": "1"})[0] == 200)
        kubeconfig = plane.kubeconfig_for_service_account(own, "syncd")
        (folder / "syncd.kubeconfig").write_bytes(kubeconfig.read_bytes())
        mount = bao.enable_kv(unique("kv"), 2)
        token = folder / "vault-token"
        token.touch(mode=0o600)
        token.write_text(bao.token([bao.least_policy(mount, {mount: 2})]))
        namespace = plane.create_namespace(f"r{unique('')[-5:]}")
        names = {
            "recsys": namespace,
            "https://openbao.example.com:8200": bao.url,
            "/etc/syncd/vault-token": str(token),
            "kv/ml/": f"{mount}/ml/",
        }
        # The console scripts of this Python: syncd and bao.
        programs = (Path(sys.executable).parent, tools.path("kubectl").parent)
        return cls(page, plane, bao, judge, folder, namespace, own, mount, programs, names)

    def block(self, first_words: str, *, nth: int = 0) -> str:
        """The page's block that begins so, with what things are called here; the ``nth`` of several."""
        found = [block.text for block in blocks(self.page) if block.text.startswith(first_words)]
        assert len(found) > nth, f"{self.page.name} has no block {nth} that begins with {first_words!r}"
        return self.here(found[nth])

    def here(self, text: str) -> str:
        """The text of a page with what things are called here."""
        for said, name in self.names.items():
            text = text.replace(said, name)
        return text

    def save(self, file: str) -> str:
        """Saves the block that the page has its reader save under this name."""
        text = self.block(f"# {file}\n")
        self.write(file, text)
        return text

    def write(self, file: str, text: str) -> None:
        """Saves a file that the page has its reader edit."""
        (self.folder / file).write_text(text)

    def typed(self, text: str) -> subprocess.CompletedProcess[str]:
        """Runs a text in a shell that stops at the first failure."""
        return subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", text],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )

    def done(self, first_words: str, *, nth: int = 0) -> str:
        """Runs a block that has to succeed; returns what it printed."""
        result = self.typed(self.block(first_words, nth=nth))
        assert result.returncode == 0, f"{first_words}: {result.stdout}{result.stderr}"
        return result.stdout

    def sees(self) -> Sight:
        """What a new pod gets now. Raises AssertionError where KServe's builder refuses it."""
        account = self._variables(self.judge.service_account(self.namespace, "models"))
        storage = self.judge.storage(self.namespace, "models-s3")
        variables = self._variables(storage)
        # The storage initializer reads it as JSON: how it is formatted says nothing.
        entry = json.loads(variables.pop("STORAGE_CONFIG"))
        return Sight(_digest(account), _digest([variables, entry, list(storage.args)]))

    def _variables(self, judgement: Judgement) -> dict[str, str]:
        assert not judgement.error, judgement.error
        return container_env(self.plane.admin, self.namespace, judgement)

    def secret(self, name: str) -> Object:
        """A Secret of the namespace as it is. Do not print it."""
        return self.plane.admin.must(
            self.plane.admin.get(f"/api/v1/namespaces/{self.namespace}/secrets/{name}")
        )

    def value(self, name: str, key: str) -> str:
        """One value of a Secret: compare ``bool``."""
        return self.plane.secret_values(self.namespace, name)[key].decode()

    def objects(self) -> str:
        """A digest of all Secrets and ServiceAccounts of the namespace, their versions included."""
        found = [
            self.plane.admin.must(self.plane.admin.get(f"/api/v1/namespaces/{self.namespace}/{resource}"))
            for resource in ("secrets", "serviceaccounts")
        ]
        return _digest([each["items"] for each in found])

    def out_of_the_mapping(self, credential: str) -> None:
        """Saves `mapping.yaml` without this credential."""
        mapping = yaml.safe_load(self.block("# mapping.yaml"))
        del mapping["credentials"][credential]
        self.write("mapping.yaml", yaml.safe_dump(mapping))

    def listed(self) -> list[str]:
        """The Secrets on ServiceAccount ``models``."""
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/models"
        account = self.plane.admin.must(self.plane.admin.get(path))
        return [str(item["name"]) for item in account.get("secrets", [])]

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([*(str(folder) for folder in self.programs), os.environ["PATH"]]),
            "HOME": str(self.folder),
            "KUBECONFIG": str(self.plane.kubeconfig),
            "BAO_ADDR": self.bao.url,
            "BAO_TOKEN": self.bao.token(["root"]),
            "SYNCD_INSTANCE": self.own,
            "SYNCD_NAMESPACE": self.own,
        }


def _digest(found: object) -> str:
    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def timeless(text: str) -> str:
    """A text with every time of a writer replaced: it is another one in each run."""
    return _TIME.sub("TIME", text)


def without(line: str, text: str) -> str:
    """A file without the one line that says this. Raises ValueError when there is not exactly one."""
    lines = text.splitlines(keepends=True)
    (number,) = (number for number, each in enumerate(lines) if each.strip() == line)
    return "".join(lines[:number] + lines[number + 1 :])

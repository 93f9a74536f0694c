"""The sample of the guide to checking is what syncd check prints of a real OpenBao."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.harness.processes import free_port
from tests.integration.cli.command import syncd
from tests.unit.docs.pages import ROOT, blocks

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from tests.harness.openbao import OpenBao

GUIDE = ROOT / "docs" / "guides" / "checking-stores.md"
MAPPING = """\
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores:
  platform:
    vault:
      address: {platform}
      auth: {{token: {{file: vault-token}}}}
  archive:
    vault:
      address: {archive}
      auth: {{token: {{file: vault-token}}}}
credentials:
  models-s3:
    from: {{store: platform, secret: kv/ml/models-s3}}
    s3: {{endpoint: "https://minio.minio.svc:9000"}}
    to: [{{namespaces: [recsys]}}]

  reader:
    from: {{store: platform, secret: kv/ml/reader}}
    s3: {{accessKeyId: {{property: access_key}}}}
    to: [{{namespaces: [search]}}]
  speech:
    from: {{store: platform, secret: kv/ml/speech}}
    huggingFace: {{}}
    to: [{{namespaces: [speech]}}]
  hub:
    from: {{store: platform, secret: kv/other/hub}}
    huggingFace: {{}}
    to: [{{namespaces: [nlp]}}]
    suspend: true
  old:
    from: {{store: archive, secret: kv/ml/old}}
    huggingFace: {{}}
    to: [{{namespaces: [archive]}}]
"""


def test_the_sample_is_what_it_prints(
    own_openbao: OpenBao, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row for row and line for line; addresses, ages and what is left of the token's life aside."""
    archive = f"http://127.0.0.1:{free_port()}"
    fill(own_openbao)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "vault-token").write_text(own_openbao.token(["syncd"]))
    (tmp_path / "mapping.yaml").write_text(MAPPING.format(platform=own_openbao.url, archive=archive))
    ended = syncd("check", "-f", "mapping.yaml")
    assert ended.code == 3, ended.err
    (sample,) = [block.text for block in blocks(GUIDE) if block.language == "text"]
    names = {own_openbao.url: "https://vault.vault.svc:8200", archive: "https://vault.archive.example.com"}
    assert comparable(ended.out, names) == comparable(sample, {"/etc/syncd/vault-token": "vault-token"})


def fill(bao: OpenBao) -> None:
    """Writes the secrets of the sample, and a policy that does not allow all of them."""
    bao.enable_kv("kv", 2)
    for _ in range(2):
        bao.put("kv", "ml/models-s3", {"access_key": "key", "secret_key": "secret"})
    bao.put("kv", "ml/reader", {"acces_key": "key", "secret_key": "secret"})
    bao.put("kv", "other/hub", {"token": "token"})
    bao.write_policy("syncd", {"kv/data/ml/*": ("read",)})


def comparable(text: str, names: dict[str, str]) -> list[list[str]]:
    """Return the cells of each line, with what is different every time made the same."""
    for found, said in names.items():
        text = text.replace(found, said)
    text = re.sub(r", cluster vault-cluster-\w+", "", text)
    text = re.sub(r"\b\d+ min left", "59 min left", text)
    text = re.sub(r"(?<=   )\d+[smhd](?=   )", "3d", text)
    return [re.split(r" {3,}", line.strip()) for line in text.strip().splitlines()]

"""KServe's storage initializer fetches real objects with exactly what the judge printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.harness.fixtures import unique
from tests.harness.https_server import FileServer
from tests.harness.storage_initializer import Download, download

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.e2e.kinds import Fields
    from tests.e2e.workbench import Workbench
    from tests.harness.fixtures import Tools
    from tests.harness.judge import Judgement
    from tests.harness.s3 import AccessKey, S3Server
    from tests.harness.tls import CertificateAuthority

MODEL = {"weights.bin": b"weights"}


def fetch(
    bench: Workbench,
    tools: Tools,
    judgement: Judgement,
    namespace: str,
    uri: str,
    ca_file: Path | None = None,
) -> Download:
    """Runs the initializer for the URI with the variables of the judgement and nothing else."""
    assert judgement.error == ""
    return download(
        tools.path("storage-initializer"),
        uri,
        bench.folder / unique("models"),
        bench.env(namespace, judgement),
        ca_file=ca_file,
    )


def keys(key: AccessKey) -> Fields:
    """A key pair as the remote secret holds it."""
    return {"access_key": key.key_id, "secret_key": key.secret}


def test_initializer_downloads_from_s3_on_both_paths(
    bench: Workbench, s3_server: S3Server, tools: Tools
) -> None:
    """By ServiceAccount and by storage-config the synced keys open the bucket, the rotated ones too."""
    namespace, user = bench.new_namespace(), unique("user")
    key = s3_server.create_user(user)
    bucket = unique("bucket")
    s3_server.put(bucket, "model/weights.bin", MODEL["weights.bin"])
    bench.put("minio", keys(key))
    bench.mapping(f"""
        minio:
          from: {{store: platform, secret: KV/minio}}
          s3: {{endpoint: '{s3_server.url}'}}
          to:
            - namespaces: [{namespace}]
              serviceAccounts: [models]
              storageConfig: {{key: minio, bucket: {bucket}}}
    """)
    bench.sync()
    _both_paths(bench, tools, namespace, bucket)
    before = bench.judge_account(namespace)
    fresh = s3_server.rotate(user, key)
    assert fetch(bench, tools, before, namespace, f"s3://{bucket}/model").code != 0
    bench.put("minio", keys(fresh))
    bench.sync()
    _both_paths(bench, tools, namespace, bucket)


def _both_paths(bench: Workbench, tools: Tools, namespace: str, bucket: str) -> None:
    found = fetch(bench, tools, bench.judge_account(namespace), namespace, f"s3://{bucket}/model")
    assert (found.code, found.files()) == (0, MODEL)
    entry = bench.judge_storage(namespace, "minio")
    found = fetch(bench, tools, entry, namespace, entry.args[0])
    assert (found.code, found.files()) == (0, MODEL)


WAYS: Mapping[str, tuple[str, Fields, Mapping[str, str]]] = {
    "bearer": ("bearerToken: {}", {"token": "t/1+="}, {"Authorization": "Bearer t/1+="}),
    "basic": (
        "basicAuth: {}",
        {"username": "models", "password": "pä ss"},
        {"Authorization": "Basic bW9kZWxzOnDDpCBzcw=="},
    ),
    "headers": (
        "headers: {PRIVATE-TOKEN: {property: t}, X-Team: {property: n}}",
        {"t": "one", "n": "nlp"},
        {"PRIVATE-TOKEN": "one", "X-Team": "nlp"},
    ),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_initializer_downloads_from_a_server_that_demands_headers(
    bench: Workbench, authority: CertificateAuthority, tools: Tools, scheme: str, way: str
) -> None:
    """The headers that were synced open the server, over HTTP and HTTPS; without them it refuses."""
    form, remote, required = WAYS[way]
    namespace = bench.new_namespace()
    bench.put("web", remote)
    with FileServer(
        {"/weights.bin": MODEL["weights.bin"]}, required, authority if scheme == "https" else None
    ) as server:
        bench.mapping(f"""
            web:
              from: {{store: platform, secret: KV/web}}
              https: {{host: {server.host}, {form}}}
              to: [{{namespaces: [{namespace}], serviceAccounts: [models]}}]
        """)
        nothing = bench.judge_account(namespace)
        uri = f"{server.url}/weights.bin"
        assert fetch(bench, tools, nothing, namespace, uri, authority.file).code != 0
        bench.sync()
        found = fetch(bench, tools, bench.judge_account(namespace), namespace, uri, authority.file)
        assert (found.code, found.files()) == (0, MODEL)

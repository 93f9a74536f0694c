"""Whoever makes ten mistakes is told ten things at once, each with file, line, column, path and a way out."""

from __future__ import annotations

from syncd.mapping.read import read

TEXT = """\
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores:
  platform:
    vault:
      address: https://vault.vault.svc:8200
      auth: {kubernetes: {role: syncd}}
credentials:
  models-s3:
    from: {store: platfrom, secret: kv/ml/models-s3}
    s3:
      accesKeyId: {property: access_key}
      secretAccessKey: PLANTED-LITERAL
      endpoint: https://minio.minio.svc:9000/bucket
    to:
      - namespaces: [recsys]
        secret: models_s3
        storageConfig: {key: models-s3}
  hub:
    from: {store: platform, secret: kv/../hf}
    huggingFace: {}
    clientSecret: {whole: true}
    to: [{namespaces: [nlp]}]
  models-gcs:
    from: {store: platform, secret: kv/gcs}
    gcs: {}
    to:
      - namespaces: [vision]
        storageConfig: {key: models-gcs}
      - namespaceSelector: {matchLabels: {team: vision}}
  nightly:
    from: {store: platform, secret: kv/nightly}
    huggingFace: {}
    schedule: {cron: 0 0 31 2 *}
    to: [{namespaces: [nlp]}]
  good:
    from: {store: platform, secret: kv/good}
    huggingFace: {}
    to: [{namespaces: [nlp]}]
"""

SAID = [
    (
        "m.yaml:10:19: credentials.models-s3.from.store: names no store of this mapping; did you mean"
        " platform?"
    ),
    "m.yaml:12:7: credentials.models-s3.s3.accesKeyId: unknown field; did you mean accessKeyId?",
    (
        "m.yaml:13:24: credentials.models-s3.s3.secretAccessKey: secret values do not belong in the "
        "mapping; write {property: …}, {pointer: …} or {whole: true}"
    ),
    (
        "m.yaml:14:17: credentials.models-s3.s3.endpoint: has a path or a query; S3 needs host and "
        "port, and the bucket is in the storage URI"
    ),
    (
        "m.yaml:17:17: credentials.models-s3.to[0].secret: must be a DNS name: lower-case letters, "
        "digits, '-' and '.'"
    ),
    (
        "m.yaml:20:37: credentials.hub.from.secret: must be a plain path: no empty, `.` or `..` "
        "segment, no blank ends"
    ),
    (
        "m.yaml:22:5: credentials.hub.clientSecret: unknown field; clientSecret belongs to "
        "azure.servicePrincipal"
    ),
    (
        "m.yaml:29:24: credentials.models-gcs.to[0].storageConfig: KServe reads only s3 and hdfs from"
        " storage-config, not gcs; bind it by serviceAccounts"
    ),
    (
        "m.yaml:30:28: credentials.models-gcs.to[1].namespaceSelector: uses a namespace label that "
        "trustedNamespaceLabels does not list (syncd.dev/*); whoever may label a namespace would get "
        "the credential; list the key there if that is meant"
    ),
    ("m.yaml:34:22: credentials.nightly.schedule.cron: never fires: none of its months has such a day"),
]


def test_ten_mistakes_are_told_at_once() -> None:
    """One reading tells all ten mistakes in the order of the file, and accepts what is right."""
    result = read({"m.yaml": TEXT})
    assert [str(problem) for problem in result.problems] == SAID
    assert result.document is not None
    assert list(result.document.credentials) == ["good"]
    assert set(result.refused) == {"models-s3", "hub", "models-gcs", "nightly"}

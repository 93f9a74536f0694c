"""From a credential's text to its sources, targets, schedule and policy."""

from __future__ import annotations

import pytest

from syncd.mapping.credential import DeletionPolicy, Requirement, Schedule, Source
from syncd.mapping.resolve import KEYLESS_SCHEDULE
from syncd.model.secret import SecretRef, StoreName
from tests.unit.mapping.texts import only, reading, said

TO = "to: [{namespaces: [nlp], serviceAccounts: [models]}]"
FROM = "from: {store: platform, secret: kv/a, version: 7}"
STORES = """\
stores:
  platform: {allowedSecrets: [kv/*], vault: {address: 'https://vault:8200', auth: {token: {env: T}}}}
  other: {vault: {address: 'https://other:8200', auth: {token: {env: T}}}}
  copies: {kubernetes: {namespaces: [vault-backed]}}
  mounted: {file: {directory: /etc/credentials}}
"""


def ref(store: str, secret: str, version: str | None = None) -> SecretRef:
    """Return a reference."""
    return SecretRef(StoreName(store), secret, version)


def messages(credential: str) -> list[str]:
    """Return what is wrong with a credential called a."""
    return [line.partition(": credentials.a")[2] for line in said(reading(f"a: {credential}", stores=STORES))]


def test_fields_that_are_left_out_have_usual_names() -> None:
    """A field without a source is looked for by its usual names in the secret of `from`."""
    hub = only(f"a: {{{FROM}, huggingFace: {{}}, {TO}}}")
    source = hub.sources["token"]
    assert source.ref == ref("platform", "kv/a", "7")
    assert source.pick == "default"
    assert source.names[0] == "HF_TOKEN"
    assert source.bare
    assert hub.kind.name == "huggingFace"
    assert not hub.optional
    assert not hub.suspended
    assert str(hub.origin) == "m.yaml:5:3: credentials.a"


def test_sources_are_taken_from_the_field_and_completed_from_above() -> None:
    """What a field's source leaves out comes from `from`; a version belongs to its own secret."""
    credential = only(
        f"""
        a:
          {FROM}
          azure:
            servicePrincipal:
              clientId: 4f1c
              tenantId: {{secret: kv/tenant}}
              clientSecret: {{pointer: /keys/0, decode: base64}}
              subscriptionId: {{store: other, property: a.b, version: 9}}
          {TO}
        """,
        stores=STORES,
    )
    sources = credential.sources
    tenant = sources["servicePrincipal.tenantId"]
    assert (tenant.ref, tenant.pick, tenant.bare) == (ref("platform", "kv/tenant"), "default", True)
    assert sources["servicePrincipal.clientSecret"] == Source(
        ref("platform", "kv/a", "7"), "pointer", "/keys/0", decode="base64"
    )
    assert sources["servicePrincipal.subscriptionId"] == Source(ref("other", "kv/a", "9"), "property", "a.b")
    assert credential.settings == {"servicePrincipal.clientId": "4f1c"}
    assert credential.stores == {"platform", "other"}


def test_a_whole_secret_is_one_value() -> None:
    """`whole: true` takes the secret as it is."""
    gcs = only(f"a: {{{FROM}, gcs: {{credentials: {{whole: true}}}}, {TO}}}")
    assert gcs.sources == {"credentials": Source(ref("platform", "kv/a", "7"), "whole")}


def test_every_field_may_name_its_own_secret() -> None:
    """Without `from`, each field says store and secret by itself."""
    hub = only(f"a: {{huggingFace: {{token: {{store: platform, secret: kv/b}}}}, {TO}}}")
    assert hub.sources["token"].ref == ref("platform", "kv/b")


def test_targets_have_their_defaults() -> None:
    """A Secret is called like its credential, and nothing is adopted, created or bound unless asked for."""
    (target,) = only(f"a: {{{FROM}, huggingFace: {{}}, to: [{{namespaces: [nlp, search]}}]}}").targets
    assert target.namespaces == ("nlp", "search")
    assert target.secret == "a"
    assert (target.accounts.names, target.accounts.selector, target.accounts.create) == ((), None, False)
    assert target.selector is None
    assert target.storage_config is None
    assert not target.adopt
    assert str(target.origin).endswith(": credentials.a.to[0]")


def test_targets_say_everything() -> None:
    """Selectors, ServiceAccounts, entry, labels and annotations arrive as they are written."""
    (target,) = only(f"""
        a:
          {FROM}
          s3: {{region: eu-west-1}}
          to:
            - namespaceSelector:
                matchLabels: {{syncd.dev/models: "true"}}
                matchExpressions: [{{key: syncd.dev/x, operator: NotIn, values: [b, c]}}]
              secret: models
              serviceAccounts: [one]
              serviceAccountSelector: {{matchExpressions: [{{key: any, operator: Exists}}]}}
              createServiceAccounts: true
              serviceAccountAnnotations: {{iam.gke.io/gcp-service-account: $(namespace)@x}}
              storageConfig: {{key: k-$(label:syncd.dev/t), bucket: $(namespace)}}
              labels: {{team: ml}}
              annotations: {{reloader.stakater.com/match: "true"}}
        """).targets
    assert target.selector is not None
    assert target.selector.requirements == (
        Requirement("syncd.dev/models", "In", frozenset({"true"})),
        Requirement("syncd.dev/x", "NotIn", frozenset({"b", "c"})),
    )
    assert target.accounts.names == ("one",)
    assert target.accounts.create
    assert target.accounts.selector is not None
    assert target.accounts.selector.requirements == (Requirement("any", "Exists"),)
    assert target.account_annotations == {"iam.gke.io/gcp-service-account": "$(namespace)@x"}
    assert target.storage_config is not None
    assert (target.storage_config.key, target.storage_config.bucket) == (
        "k-$(label:syncd.dev/t)",
        "$(namespace)",
    )
    assert (target.labels, target.annotations) == ({"team": "ml"}, {"reloader.stakater.com/match": "true"})


def test_defaults_hold_where_nothing_is_said() -> None:
    """Schedule and policy come from the credential, then from `defaults`, then from the release."""
    plain = f"a: {{{FROM}, huggingFace: {{}}, {TO}}}"
    assert only(plain).schedule == Schedule(300.0)
    assert only(plain).deletion == DeletionPolicy("Retain", "Retain")
    settings = (
        "defaults: {schedule: {cron: '@hourly', timeZone: UTC}, deletionPolicy: {whenUnmapped: Retain}}\n"
    )
    assert only(plain, settings=settings).schedule == Schedule(None, "0 * * * *", "UTC")
    own = plain[:-1] + ", schedule: {interval: 1m}, suspend: true}"
    credential = only(own.replace("version: 7", "optional: true"), settings=settings)
    assert credential.schedule == Schedule(60.0)
    assert credential.suspended
    assert credential.optional


def test_policies_are_merged_by_field() -> None:
    """A credential that sets one policy keeps the default of the other."""
    result = reading(
        f"a: {{{FROM}, huggingFace: {{}}, {TO}, deletionPolicy: {{whenUnmapped: Retain}}}}",
        settings="defaults: {deletionPolicy: {whenUnmapped: Delete, whenSecretNotFound: Delete}}\n",
    )
    assert result.document is not None
    (credential,) = result.document.credentials.values()
    assert credential.deletion == DeletionPolicy("Retain", "Delete")


@pytest.mark.parametrize(
    "kind",
    [
        's3: {roleArn: "arn:aws:iam::111122223333:role/reader"}',
        "azure: {workloadIdentity: {clientId: 4f1c, tenantId: 72f9}}",
        "s3: {useAnonymousCredential: true}",
        'hdfs: {namenode: "http://namenode:9870"}',
    ],
)
def test_keyless_credentials_have_no_store(kind: str) -> None:
    """What needs no secret has no source, and is looked at hourly."""
    credential = only(f"a: {{{kind}, {TO}}}")
    assert credential.sources == {}
    assert credential.stores == frozenset()
    assert credential.schedule == KEYLESS_SCHEDULE


def test_optional_fields_are_looked_for_where_there_is_a_secret() -> None:
    """HDFS with `from` looks for the secret fields that it may have."""
    credential = only(f"a: {{{FROM}, hdfs: {{namenode: 'http://namenode:9870'}}, {TO}}}")
    assert "tlsCa" in credential.sources
    assert credential.schedule == Schedule(300.0)


@pytest.mark.parametrize(
    ("credential", "message"),
    [
        (f"{{{FROM}, {TO}}}", ": must have exactly one kind, and has none; kinds: s3, gcs"),
        (
            f"{{{FROM}, gcs: {{}}, huggingFace: , {TO}}}",
            ": must have exactly one kind, and has gcs and huggingFace",
        ),
        (
            f"{{huggingFace: {{}}, {TO}}}",
            ".huggingFace.token: has no source; give `from: {store: …, secret: …}`",
        ),
        (
            f"{{huggingFace: {{token: {{property: t}}}}, {TO}}}",
            ".huggingFace.token: does not say which secret of",
        ),
        (
            f"{{{FROM}, s3: {{endpoint: {{secret: kv/b}}}}, {TO}}}",
            ".s3.endpoint: does not say what of the secret it is; give one of property, pointer, whole",
        ),
        (
            f"{{{FROM}, s3: {{region: {{store: othr, property: r}}}}, {TO}}}",
            ".s3.region.store: names no store of this mapping; did you mean other?",
        ),
        (
            f"{{{FROM}, s3: {{region: {{secret: secret/x, property: r}}}}, {TO}}}",
            ".s3.region.secret: is not among the secrets that store platform allows; correct it, or extend",
        ),
        (
            f"{{from: {{store: platform, secret: a/b}}, gcs: {{}}, {TO}}}",
            ".from.secret: is not among the secrets",
        ),
        (
            f"{{from: {{store: platform, secret: kv//b}}, gcs: {{}}, {TO}}}",
            ".from.secret: must be a plain path",
        ),
        (f"{{from: {{store: platform, secret: kv/$(n)}}, gcs: {{}}, {TO}}}", ".from.secret: has an unknown"),
        (
            f"{{from: {{store: platform, secret: kv/$(label:team)}}, gcs: {{}}, {TO}}}",
            ".from.secret: uses a namespace label that trustedNamespaceLabels does not list (syncd.dev/*)",
        ),
        (f"{{from: {{store: copies, secret: a}}, gcs: {{}}, {TO}}}", ".from.secret: must be NAMESPACE/NAME"),
        (
            f"{{from: {{store: copies, secret: kube-system/a}}, gcs: {{}}, {TO}}}",
            ".from.secret: is in a namespace that its store does not list; correct it, or extend",
        ),
        (
            f"{{from: {{store: zzz, secret: a}}, s3: {{endpoint: {{secret: kv/b}}}}, {TO}}}",
            ".from.store: names no store of this mapping",
        ),
        (
            f"{{from: {{store: mounted, secret: a, version: 1}}, gcs: {{}}, {TO}}}",
            ".from.version: a file store has no versions; take it away",
        ),
        (
            f"{{{FROM}, s3: {{useAnonymousCredential: true}}, {TO}}}",
            ".from: is read by no field of s3; take it away",
        ),
        (
            f"{{s3: {{useAnonymousCredential: true}}, schedule: {{interval: 1m}}, {TO}}}",
            ".schedule: is of no use without a remote secret",
        ),
        (
            f"{{{FROM}, s3: {{endpoint: 'https://$(namespace).x'}}, {TO}}}",
            ".s3.endpoint: may have no placeholder: labels of a namespace must not decide where",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [nlp], storageConfig: {{key: k}}}}]}}",
            ".to[0].storageConfig: KServe reads only s3 and hdfs from storage-config, not gcs; bind it by",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [nlp], secret: storage-config}}]}}",
            ".to[0].secret: is the Secret whose entries KServe reads as JSON",
        ),
        (
            f"{{{FROM}, opaque: {{data: {{a: {{}}}}}}, to: [{{namespaces: [nlp], serviceAccounts: [b]}}]}}",
            ".to[0]: KServe would skip this Secret on a ServiceAccount: opaque is bound to nothing",
        ),
        (
            "{s3: {roleArn: 'arn:aws:iam::111122223333:role/r'}, to: [{namespaces: [nlp]}]}",
            ".to[0]: a role is an annotation of ServiceAccounts, and none is given; give serviceAccounts",
        ),
        (
            (
                "{s3: {roleArn: 'arn:aws:iam::111122223333:role/r'},"
                " to: [{namespaces: [nlp], serviceAccounts: [a], secret: x}]}"
            ),
            ".to[0].secret: a role has no keys, so secret has nothing to hold; take it away",
        ),
        (
            (
                "{s3: {roleArn: 'arn:aws:iam::111122223333:role/r'},"
                " to: [{namespaces: [nlp], serviceAccounts: [a], storageConfig: {key: x}}]}"
            ),
            ".to[0].storageConfig: a role has no keys, so storageConfig has nothing to hold; take it away",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [nlp]}}, {{namespaces: [a, nlp]}}]}}",
            ".to[1].namespaces: namespace nlp is in this credential twice: one target for each namespace",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaceSelector: {{matchLabels: {{team: a}}}}}}]}}",
            ".to[0].namespaceSelector: uses a namespace label that trustedNamespaceLabels does not list",
        ),
        (
            f"{{{FROM}, s3: {{}}, to: [{{namespaces: [nlp], storageConfig: {{key: a, bucket: $(x)}}}}]}}",
            ".to[0].storageConfig.bucket: has an unknown placeholder",
        ),
        (
            (
                f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [nlp], serviceAccounts: [a],"
                " serviceAccountAnnotations: {a/b: $(x)}}]}"
            ),
            ".to[0].serviceAccountAnnotations['a/b']: has an unknown placeholder",
        ),
        (f"{{{FROM}, gcs: {{}}, to: []}}", ".to: must have at least 1"),
        (f"{{{FROM}, gcs: {{}}, to: [{{}}]}}", ".to[0]: give either namespaces or namespaceSelector"),
        (f"{{{FROM}, gcs: {{}}, to: [{{namespaces: []}}]}}", ".to[0].namespaces: must have at least 1"),
        (f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [A]}}]}}", ".to[0].namespaces[0]: must be a DNS label"),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [a], secret: A_}}]}}",
            ".to[0].secret: must be a DNS name",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaceSelector: {{}}}}]}}",
            ".to[0].namespaceSelector: matches everything; give at least one requirement",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [a], createServiceAccounts: true}}]}}",
            ".to[0]: createServiceAccounts needs serviceAccounts: names to create",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [a], serviceAccountAnnotations: {{a: b}}}}]}}",
            ".to[0]: serviceAccountAnnotations needs serviceAccounts or serviceAccountSelector",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [a], labels: {{syncd.dev/instance: x}}}}]}}",
            ".to[0].labels['syncd.dev/instance']: is written by syncd itself",
        ),
        (
            f"{{{FROM}, gcs: {{}}, to: [{{namespaces: [a], annotations: {{a b: x}}}}]}}",
            ".to[0].annotations['a b']: is no label or annotation key",
        ),
        (
            f"{{{FROM}, s3: {{}}, to: [{{namespaces: [a], storageConfig: {{key: a/b}}}}]}}",
            ".to[0].storageConfig.key: must have the form",
        ),
        (
            (
                f"{{{FROM}, gcs: {{}}, to: [{{namespaceSelector:"
                " {matchExpressions: [{key: syncd.dev/a, operator: In}]}}]}"
            ),
            ".to[0].namespaceSelector.matchExpressions[0]: In and NotIn need values",
        ),
        (
            f"{{{FROM}, gcs: {{}}, {TO}, schedule: {{interval: 1m, cron: '@daily'}}}}",
            "give either interval or cron",
        ),
        (
            f"{{{FROM}, gcs: {{}}, {TO}, schedule: {{interval: 1m, timeZone: UTC}}}}",
            "timeZone goes with cron only",
        ),
        (f"{{{FROM}, gcs: {{}}, {TO}, suspend: yes}}", ".suspend: must be true or false"),
        (f"{{{FROM}, gcs: {{}}, {TO}, deletionPolicy: {{whenUnmapped: Keep}}}}", "there are: Retain, Delete"),
    ],
)
def test_a_wrong_credential_says_why(credential: str, message: str) -> None:
    """Each mistake has its place and its reason, in words of KServe and Kubernetes."""
    assert any(message in line for line in messages(credential)), messages(credential)


def test_a_secret_is_looked_at_once() -> None:
    """A path that many fields come from is complained about once."""
    assert messages(f"{{from: {{store: zzz, secret: kv/a}}, s3: {{}}, {TO}}}") == [
        ".from.store: names no store of this mapping; there are: platform, other, copies, mounted"
    ]


def test_a_placeholder_may_stand_for_the_namespace_of_a_copy() -> None:
    """A placeholder in a copy's name is looked at once it is filled in."""
    for secret in ("$(namespace)/hub", "vault-backed/$(namespace)"):
        hub = only(
            f"a: {{from: {{store: copies, secret: {secret}}}, huggingFace: {{}}, {TO}}}", stores=STORES
        )
        assert hub.sources["token"].ref.secret == secret

"""inferenceservice-config, detection, and conflicts on a ServiceAccount."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncd.kserve.cluster_config import InvalidKServeConfig, KServeConfig, parse
from syncd.kserve.conflicts import Clash, Occupant, clashes, role
from syncd.kserve.detect import ROLE_ARN, deciding_key, detect, detection_order
from syncd.model.names import CredentialId
from syncd.model.reasons import Reason

A, B = CredentialId("a"), CredentialId("b")


def test_a_missing_config_is_what_kserve_ships() -> None:
    """Without a ConfigMap the names are those of KServe's manifests."""
    assert parse(None) == KServeConfig()


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "null",
        '{"s3": null, "gcs": {"gcsCredentialFileName": null}}',
        '{"s3": {"s3AccessKeyIDName": ""}}',
    ],
)
def test_what_a_config_leaves_out_is_kserves_default_in_code(text: str) -> None:
    """In a config that is there, absent, null and empty names are not the shipped ones: S3 keys differ."""
    config = parse(text)
    assert (config.s3_access_key_id_name, config.s3_secret_access_key_name) == (
        "awsAccessKeyID",
        "awsSecretAccessKey",
    )
    assert config.gcs_credential_file_name == "gcloud-application-credentials.json"
    assert (config.storage_spec_secret_name, config.storage_secret_name_annotation) == ("storage-config", "")


def test_the_names_of_a_config_are_read_as_go_reads_them() -> None:
    """Names are taken from the text; the case of field names does not matter, other fields neither."""
    text = json.dumps(
        {
            "storageSpecSecretName": "sc",
            "storageSecretNameAnnotation": "serving.kserve.io/secretName",
            "S3": {"s3accesskeyidname": "id", "s3SecretAccessKeyName": "key", "s3Endpoint": "x", "n": 1},
            "gcs": {"gcsCredentialFileName": "key.json"},
        }
    )
    assert parse(text) == KServeConfig("id", "key", "key.json", "sc", "serving.kserve.io/secretName")


@pytest.mark.parametrize(
    "text",
    ["", "canary{", "[]", '"canary"', '{"s3": []}', '{"gcs": {"gcsCredentialFileName": 1}}', "[" * 100_000],
)
def test_a_config_that_kserve_panics_on_is_refused(text: str) -> None:
    """An unparsable text is an error with its own reason, without any of the text in it."""
    with pytest.raises(InvalidKServeConfig) as caught:
        parse(text)
    assert caught.value.reason is Reason.KSERVE_CONFIG_INVALID
    assert "canary" not in str(caught.value)
    assert caught.value.__context__ is None


@given(
    st.lists(st.sampled_from([key for key, _ in detection_order(KServeConfig())] + ["other", "GIT_USERNAME"]))
)
def test_the_first_key_in_kserves_order_decides(keys: list[str]) -> None:
    """Whatever keys a Secret has, the earliest in KServe's order says what it is."""
    order = list(detection_order(KServeConfig()))
    expected = next(((key, kind) for key, kind in order if key in keys), (None, None))
    assert (deciding_key(keys, KServeConfig()), detect(keys, KServeConfig())) == expected


def test_detection_uses_the_clusters_names() -> None:
    """Under another config the shipped S3 name means nothing (vectors S18 and S19)."""
    config = KServeConfig(s3_secret_access_key_name="awsSecretAccessKey")
    assert detect(["AWS_SECRET_ACCESS_KEY"], config) is None
    assert detect(["awsSecretAccessKey"], config) == "s3"
    assert detect(["AZURE_ACCESS_TOKEN"], config) == "azure"


@pytest.mark.parametrize("kind", ["s3", "gcs", "hdfs"])
@pytest.mark.parametrize("owner", [None, B])
def test_a_second_one_of_an_exclusive_kind_is_refused(kind: str, owner: CredentialId | None) -> None:
    """Whoever the first one belongs to, the newcomer is refused, and the message names both and why."""
    bound, newcomer = Occupant("old", kind, owner), Occupant("new", kind, A)
    [clash] = clashes([Occupant("x", None), bound], [newcomer])
    assert clash == Clash(newcomer, bound, kind)
    assert clash.message.startswith("Secret new (credential a) and Secret old (")
    assert ("not ours" in clash.message) == (owner is None)


def test_what_is_bound_stays_even_where_it_clashes() -> None:
    """Two S3 Secrets that are there already are nobody's newcomers."""
    there = [Occupant("one", "s3", A), Occupant("two", "s3", None)]
    assert clashes(there, there) == ()


def test_of_two_newcomers_the_first_wins() -> None:
    """With nothing bound, the order of what is wanted decides."""
    one, two = Occupant("one", "gcs", A), Occupant("two", "gcs", B)
    assert clashes([], [one, two]) == (Clash(two, one, "gcs"),)
    assert clashes([], [one, one]) == ()


@pytest.mark.parametrize("kind", [None, "azure", "huggingFace", "modelScope", "https"])
def test_other_kinds_may_stand_side_by_side(kind: str | None) -> None:
    """Kinds that KServe merges without harm are never refused, nor are different exclusive ones."""
    assert clashes([Occupant("old", kind, B)], [Occupant("new", kind, A)]) == ()
    assert clashes([Occupant("s", "s3"), Occupant("g", "gcs")], [Occupant("h", "hdfs", A)]) == ()


def test_a_role_and_an_s3_secret_exclude_each_other() -> None:
    """Keys of the Secret would replace the role, and go to the ServiceAccount's endpoint (vector S22)."""
    [clash] = clashes([Occupant("keys", "s3", B)], [role(A)])
    assert f"annotation {ROLE_ARN} (credential a)" in clash.message
    assert len(clashes([role(None)], [Occupant("keys", "s3", A)])) == 1
    assert clashes([role(A)], [role(A)]) == ()

"""S3: what is written on the Secret, on the ServiceAccount and in storage-config."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import differing, messages, refused, rendered, tree

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG"}
ENTRY = EntrySettings("models", "b")
PREFIX = "serving.kserve.io/s3-"


def written(form: object, remote: dict[str, str] | None = None) -> dict[str, str]:
    """Return KServe's annotations without their prefix."""
    result = rendered("s3", form, KEYS | (remote or {}))
    return {name.removeprefix(PREFIX): value for name, value in result.annotations.items()}


def test_aws_gets_nothing_but_the_keys() -> None:
    """Without endpoint and settings only the two keys are written, and KServe takes the Secret for S3."""
    result = rendered("s3", {}, KEYS)
    assert differing(result.data, KEYS) == []
    assert (result.annotations, result.detects_as, result.exclusive, result.bind_to, result.type) == (
        {},
        "s3",
        True,
        "secrets",
        "Opaque",
    )


@pytest.mark.parametrize(
    ("endpoint", "host", "https"),
    [
        ("minio.svc:9000", "minio.svc:9000", "1"),
        ("http://minio.svc:9000", "minio.svc:9000", "0"),
        ("HTTPS://MinIO.svc/", "minio.svc", "1"),
        ("  https://minio.svc \n", "minio.svc", "1"),
        ("10.0.0.5:9000", "10.0.0.5:9000", "1"),
        ("http://[::1]:9000", "[::1]:9000", "0"),
    ],
)
def test_endpoint_is_written_without_scheme_and_with_usehttps(endpoint: str, host: str, https: str) -> None:
    """An endpoint becomes host and port, an explicit usehttps, and the defaults that MinIO wants."""
    assert written({"endpoint": endpoint}) == {
        "endpoint": host,
        "usehttps": https,
        "region": "us-east-1",
        "usevirtualbucket": "false",
    }


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        " ",
        "ftp://minio:21",
        "https://user:pw@minio",
        "https://minio/bucket",
        "https://minio?x=1",
        "https://minio#x",
        "https://",
        "https://mi nio",
        "https://minio:port",
        "https://minio:0",
        "https://minio:70000",
        "https://-minio",
        "https://[::1",
        "https://[fe80::1%eth0]",
        "mini\no",
    ],
)
def test_a_broken_endpoint_is_refused_where_it_stands(endpoint: str) -> None:
    """An endpoint that KServe would misread is an error of the mapping, and of a value from a store."""
    with pytest.raises(ValidationError):
        KINDS["s3"].part.model_validate({"endpoint": endpoint})
    [(field, reason)] = refused("s3", {"endpoint": {"property": "e"}}, KEYS | {"e": endpoint})
    assert field == "endpoint"
    assert reason == (Reason.INVALID_VALUE if endpoint.strip() else Reason.EMPTY_VALUE)


def test_a_placeholder_is_checked_when_it_is_filled_in() -> None:
    """A literal with a placeholder passes the mapping and is checked as it stands at last."""
    assert refused("s3", {"endpoint": "https://$(namespace)/"}, KEYS) == [("endpoint", Reason.INVALID_VALUE)]


def test_every_setting_is_written_in_the_words_that_all_readers_take() -> None:
    """Flags are 1 and 0 for usehttps and verifyssl, true and false for the others; what is given wins."""
    form = {
        "endpoint": "minio",
        "region": " eu-west-1 ",
        "verifySSL": "false",
        "useVirtualBucket": "true",
        "useAccelerate": "true",
        "useAnonymousCredential": "false",
        "caBundle": "/etc/ssl/custom-certs/cabundle.crt",
        "caBundleConfigMap": "local-ca",
    }
    assert written(form) == {
        "endpoint": "minio",
        "usehttps": "1",
        "region": "eu-west-1",
        "verifyssl": "0",
        "usevirtualbucket": "true",
        "useaccelerate": "true",
        "useanoncredential": "false",
        "cabundle": "/etc/ssl/custom-certs/cabundle.crt",
        "cabundle-configmap": "local-ca",
    }


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({"region": {"property": "v"}}, "region"),
        ({"caBundle": {"property": "v"}}, "caBundle"),
        ({"caBundleConfigMap": {"property": "v"}}, "caBundleConfigMap"),
        ({"accessKeyId": {"property": "v"}}, "accessKeyId"),
    ],
)
@pytest.mark.parametrize("value", ["us east", "-----BEGIN CERTIFICATE-----\nAB", "cabundle_crt ü"])
def test_settings_that_break_a_reader_are_refused(form: object, field: str, value: str) -> None:
    """A region with blanks, a certificate in place of its path, a name that no object has."""
    assert (field, Reason.INVALID_VALUE) in refused("s3", form, KEYS | {"v": value})


def test_a_ca_bundle_beside_its_config_map_has_the_name_that_kserve_mounts() -> None:
    """With caBundleConfigMap the file is cabundle.crt; another name would be missing in the pod."""
    form = {"caBundle": "/etc/ssl/ca.pem", "caBundleConfigMap": "ca"}
    assert refused("s3", form, KEYS) == [("caBundle", Reason.INVALID_VALUE)]
    assert written({"caBundle": "/etc/ssl/ca.pem"}) == {"cabundle": "/etc/ssl/ca.pem"}


def test_blanks_are_taken_off_the_keys() -> None:
    """A trailing newline, which gives wrong signatures, is taken off."""
    result = rendered("s3", {}, {name: f" {value}\n" for name, value in KEYS.items()})
    assert differing(result.data, KEYS) == []


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ({}, [("accessKeyId", "PropertyNotFound"), ("secretAccessKey", "PropertyNotFound")]),
        (
            {"access_key": "", "secret_key": "\n"},
            [("accessKeyId", "EmptyValue"), ("secretAccessKey", "EmptyValue")],
        ),
        ({"access_key": "AK", "secret_key": b"\xff\xfe"}, [("secretAccessKey", "InvalidValue")]),
        (
            {"access_key": "A K", "secret_key": "a\x00b"},
            [("accessKeyId", "InvalidValue"), ("secretAccessKey", "InvalidValue")],
        ),
    ],
)
def test_everything_that_is_wrong_with_the_keys_is_said_at_once(
    remote: dict[str, str | bytes], expected: list[tuple[str, str]]
) -> None:
    """Missing, empty, undecodable and unprintable keys are refused, all of them together."""
    assert refused("s3", {}, remote) == expected


def test_a_missing_key_is_told_with_the_names_that_were_looked_for() -> None:
    """The message lists the usual names, in the order in which they are looked for."""
    assert "none of AWS_ACCESS_KEY_ID, access_key_id, accessKeyId, access-key-id, access_key" in messages(
        "s3", {}
    )


@pytest.mark.parametrize(
    ("remote", "field"),
    [
        (KEYS | {"AWS_SESSION_TOKEN": "FwoG"}, "sessionToken"),
        (KEYS | {"session_token": "FwoG"}, "sessionToken"),
        (KEYS | {"AWS_ACCESS_KEY_ID": "ASIAIOSFODNN7EXAMPLE"}, "accessKeyId"),
    ],
)
@pytest.mark.parametrize(
    "form",
    [
        {},
        {
            "accessKeyId": {"property": "AWS_ACCESS_KEY_ID"},
            "secretAccessKey": {"property": "AWS_SECRET_ACCESS_KEY"},
        },
    ],
)
def test_temporary_keys_are_refused(form: object, remote: dict[str, str], field: str) -> None:
    """Keys that need a session token cannot work through KServe, which reads none."""
    assert refused("s3", form, remote) == [(field, Reason.TEMPORARY_CREDENTIAL)]


def test_an_empty_session_token_is_none() -> None:
    """Vault's long-lived keys come with a null token beside them: they are published."""
    assert differing(rendered("s3", {}, KEYS | {"security_token": ""}).data, KEYS) == []


def test_a_mapped_session_token_is_an_error_of_the_mapping() -> None:
    """Whoever writes sessionToken is told why there is none, and that error repeats nothing."""
    with pytest.raises(ValidationError, match="KServe reads no session token"):
        KINDS["s3"].part.model_validate({"sessionToken": {"property": "t"}})


def test_anonymous_access_writes_both_keys_empty_and_needs_no_secret() -> None:
    """KServe recognises the Secret by its keys, so they are there and empty."""
    form = {"useAnonymousCredential": "true", "endpoint": "http://minio:9000"}
    result = rendered("s3", form, entry=ENTRY)
    assert KINDS["s3"].part.model_validate(form).keyless()
    assert differing(result.data, dict.fromkeys(KEYS, "")) == []
    assert result.annotations[PREFIX + "useanoncredential"] == "true"
    assert tree(result.entry) == {
        "type": "s3",
        "anonymous": "true",
        "endpoint_url": "http://minio:9000",
        "region": "us-east-1",
        "bucket": "b",
    }


def test_a_role_is_written_on_the_service_account_alone() -> None:
    """With roleArn there is no Secret: role and settings are annotations of the ServiceAccount."""
    form = {"roleArn": "arn:aws:iam::111122223333:role/reader", "region": "eu-west-1"}
    result = rendered("s3", form)
    assert KINDS["s3"].part.model_validate(form).keyless()
    assert (result.data, result.annotations, result.bind_to, result.detects_as) == (None, {}, None, None)
    assert result.account_annotations == {
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/reader",
        "serving.kserve.io/s3-region": "eu-west-1",
    }
    assert refused("s3", form, entry=ENTRY) == [("storageConfig", Reason.MAPPING_INVALID)]


@pytest.mark.parametrize(
    "form",
    [
        {"roleArn": "reader"},
        {"roleArn": ["arn"]},
        {"roleArn": "arn:aws:iam::111122223333:role/r", "secretAccessKey": {"property": "s"}},
        {"roleArn": "arn:aws:iam::111122223333:role/r", "endpoint": {"property": "e"}},
        {"roleArn": "arn:aws:iam::111122223333:role/r", "useAnonymousCredential": "true"},
        {"useAnonymousCredential": "true", "accessKeyId": "AK"},
        {"verifySSL": "1"},
        {"endpoint": {"propertyy": "e"}},
        "text",
    ],
)
def test_forms_that_contradict_themselves_are_errors_of_the_mapping(form: object) -> None:
    """A role with keys, anonymous access with keys, a flag that is neither true nor false."""
    with pytest.raises(ValidationError):
        KINDS["s3"].part.model_validate(form)


def test_an_entry_is_the_portable_form() -> None:
    """The entry has the endpoint with its scheme, strings only, sorted keys, nothing empty."""
    form = {
        "endpoint": "minio:9000",
        "verifySSL": "true",
        "caBundle": "/c/cabundle.crt",
        "caBundleConfigMap": "ca",
    }
    result = rendered("s3", form, KEYS, entry=ENTRY)
    assert result.entry is not None
    assert bool(
        result.entry.reveal()
        == b'{"access_key_id":"AKIAIOSFODNN7EXAMPLE","bucket":"b","ca_bundle":"/c/cabundle.crt",'
        b'"cabundle_configmap":"ca","endpoint_url":"https://minio:9000","region":"us-east-1",'
        b'"secret_access_key":"wJalrXUtnFEMI/K7MDENG","type":"s3","verify_ssl":"1"}'
    )


@pytest.mark.parametrize("name", ["useVirtualBucket", "useAccelerate"])
def test_a_setting_that_storage_config_lacks_is_refused_there(name: str) -> None:
    """Virtual buckets and acceleration cannot be said in an entry, so asking for both is refused."""
    assert refused("s3", {name: "true"}, KEYS, entry=ENTRY) == [(name, Reason.MAPPING_INVALID)]


def test_a_bare_secret_key_beside_a_literal_id() -> None:
    """With the id in the mapping a bare payload stands for the secret key, and no token is looked for."""
    inputs = KINDS["s3"].part.model_validate({"accessKeyId": "AK"}).inputs()
    assert (inputs.whole_field, set(inputs.sources)) == ("secretAccessKey", {"secretAccessKey"})
    whole = (
        KINDS["s3"].part.model_validate({"accessKeyId": "AK", "secretAccessKey": {"whole": "true"}}).inputs()
    )
    assert set(whole.sources) == {"secretAccessKey"}


def test_a_literal_in_place_of_a_secret_is_not_repeated() -> None:
    """The error about a secret in the mapping says what to write, and not what was there."""
    with pytest.raises(ValidationError, match="do not belong in the mapping") as caught:
        KINDS["s3"].part.model_validate({"secretAccessKey": "canary-1f0c"})
    assert "canary-1f0c" not in str(caught.value)


def test_the_names_of_the_cluster_are_used() -> None:
    """A cluster with other key names gets those."""
    config = KServeConfig(s3_access_key_id_name="id", s3_secret_access_key_name="key")
    assert sorted(rendered("s3", {}, KEYS, config=config).data or ()) == ["id", "key"]

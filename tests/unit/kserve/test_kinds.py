"""All kinds but S3: what is written, what is refused, and what holds for every kind."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.detect import detect
from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings, Rendered
from syncd.kserve.kinds.values import Values
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue
from syncd.schema.part import Part
from tests.unit.kserve.forms import (
    SERVICE_ACCOUNT,
    SHIPPED,
    WHOLE,
    attempt,
    differing,
    messages,
    refused,
    rendered,
    tree,
)

PEM = "-----BEGIN CERTIFICATE-----\nAB\n-----END CERTIFICATE-----"
KEYTAB = b"\x05\x02\x00\xff\xfe\x00 \n"
NAMENODE = {"namenode": "https://nn1:9871"}
PRINCIPAL = {"servicePrincipal": {"clientId": "cid", "tenantId": "t"}}
EXAMPLES: dict[str, tuple[object, dict[str, str | bytes]]] = {
    "s3": ({}, {"access_key": "AK", "secret_key": "SK"}),
    "gcs": ({"credentials": {"whole": "true"}}, {WHOLE: SERVICE_ACCOUNT}),
    "azure": (PRINCIPAL, {"client_secret": "cs"}),
    "huggingFace": ({}, {"token": "hf_abc"}),
    "modelScope": ({}, {"token": "t"}),
    "https": ({"host": "a.com", "bearerToken": {}}, {"token": "t"}),
    "hdfs": (NAMENODE, {}),
    "dockerConfig": ({"registry": "ghcr.io"}, {"username": "u", "password": "p"}),
    "opaque": ({"data": {"KEY": {"property": "v"}}}, {"v": "x"}),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_kserve_takes_every_kind_for_what_the_mapping_says(name: str) -> None:
    """What is rendered is recognised by KServe as that kind, or not at all where it should not be."""
    form, remote = EXAMPLES[name]
    result = rendered(name, form, remote)
    expected = None if name in {"dockerConfig", "opaque"} else name
    assert result.detects_as == expected
    assert detect(result.data or {}, SHIPPED) == expected
    assert result.exclusive == (name in {"s3", "gcs", "hdfs"})


def test_every_kind_stands_under_its_own_name() -> None:
    """The table has the nine kinds of the mapping, and an example here for each."""
    assert list(KINDS) == list(EXAMPLES)
    assert all(kind.name == name and kind.since for name, kind in KINDS.items())


def _parts() -> list[type[Part]]:
    nested: list[type[Part]] = [kind.part for kind in KINDS.values()]
    for part in nested:
        for field in part.model_fields.values():
            nested += [
                inner
                for inner in getattr(field.annotation, "__args__", ())
                if isinstance(inner, type) and issubclass(inner, Part) and inner not in nested
            ]
    return nested


@pytest.mark.parametrize("part", _parts(), ids=lambda part: part.__name__)
def test_every_field_is_described(part: type[Part]) -> None:
    """Each field has a text for `syncd explain` and the JSON Schema."""
    assert part.__doc__
    assert [name for name, field in part.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_form_has_a_json_schema(name: str) -> None:
    """Text fields take text or a source, secret fields only a source."""
    schema = KINDS[name].part.model_json_schema()
    assert "SourceSpec" in schema["$defs"]
    if name == "s3":
        text, secret = (schema["properties"][field]["anyOf"] for field in ("endpoint", "secretAccessKey"))
        assert {"type": "string"} in text
        assert {"type": "string"} not in secret


@pytest.mark.parametrize("name", [name for name in KINDS if not KINDS[name].storage_config])
def test_storage_config_is_refused_where_kserve_does_not_read_it(name: str) -> None:
    """An entry of a kind other than s3 and hdfs would be refused by KServe for every pod."""
    form, remote = EXAMPLES[name]
    assert refused(name, form, remote, entry=EntrySettings("k")) == [
        ("storageConfig", Reason.MAPPING_INVALID)
    ]


@pytest.mark.parametrize("name", ["s3", "hdfs"])
@pytest.mark.parametrize("key", ["", ".", "..", "..a", "a/b", "HF_TOKEN", "a" * 254])
def test_an_entry_has_a_key_that_neither_kubernetes_nor_kserve_mistakes(name: str, key: str) -> None:
    """A key that Kubernetes refuses, or by which KServe would recognise the whole Secret, is refused."""
    form, remote = EXAMPLES[name]
    assert refused(name, form, remote, entry=EntrySettings(key)) == [
        ("storageConfig.key", Reason.MAPPING_INVALID)
    ]


@pytest.mark.parametrize("bucket", ["", "s3://b", "a b", "b/path"])
def test_a_bucket_is_a_name(bucket: str) -> None:
    """A URL or a path in place of a bucket's name is refused."""
    found = refused("s3", *EXAMPLES["s3"], entry=EntrySettings("k", bucket))
    assert found == [("storageConfig.bucket", Reason.MAPPING_INVALID)]


SECRETS = [
    ("s3", {"secretAccessKey": "canary-1f0c"}),
    ("gcs", {"credentials": "canary-1f0c"}),
    ("azure", {"servicePrincipal": {"clientSecret": "canary-1f0c"}}),
    ("azure", {"accountKey": {"key": "canary-1f0c"}}),
    ("azure", {"sasToken": {"key": "canary-1f0c"}}),
    ("huggingFace", {"token": "canary-1f0c"}),
    ("modelScope", {"token": "canary-1f0c"}),
    ("https", {"host": "a.com", "bearerToken": "canary-1f0c"}),
    ("https", {"host": "a.com", "headers": {"X": "canary-1f0c"}}),
    ("https", {"host": "a.com", "basicAuth": {"password": "canary-1f0c"}}),
    ("hdfs", NAMENODE | {"tlsKey": "canary-1f0c"}),
    ("dockerConfig", {"registry": "ghcr.io", "password": "canary-1f0c"}),
    ("opaque", {"data": {"KEY": "canary-1f0c"}}),
]


@pytest.mark.parametrize(("name", "form"), SECRETS)
def test_a_secret_in_the_mapping_is_refused_and_not_repeated(name: str, form: object) -> None:
    """A bare scalar in a secret field is an error that says what to write, and does not hold the scalar."""
    with pytest.raises(ValidationError, match="secret values do not belong in the mapping") as caught:
        KINDS[name].part.model_validate(form)
    assert "canary-1f0c" not in str(caught.value)
    assert "canary-1f0c" not in repr(caught.value.errors(include_input=False))


@given(name=st.sampled_from([*EXAMPLES]), canary=st.binary(min_size=1))
def test_no_message_repeats_a_value(name: str, canary: bytes) -> None:
    """Whatever stands in the fields: kinds answer with a Secret or with messages, and none holds a value."""
    marked = b"canary" + canary
    fields = {
        field: SecretValue(marked)
        for field in KINDS[name].part.model_validate(EXAMPLES[name][0]).inputs().sources
    }
    result = KINDS[name].render(fields, None, SHIPPED)
    assert isinstance(result, Rendered) or "canary" not in repr(result)


@given(
    values=st.dictionaries(
        st.sampled_from(["endpoint", "region", "accessKeyId", "secretAccessKey"]), st.text(), min_size=4
    )
)
def test_whatever_is_published_for_s3_can_be_read(values: dict[str, str]) -> None:
    """Any text in any field: what is published has no blanks at its ends, no line breaks, nothing empty."""
    result = KINDS["s3"].render(values, EntrySettings("k", "b"), SHIPPED)
    if not isinstance(result, Rendered):
        return
    texts = [value.reveal().decode() for value in (result.data or {}).values()]
    assert all(
        text and text == text.strip() and text.isprintable()
        for text in (*texts, *result.annotations.values())
    )
    entry = tree(result.entry)
    assert all(isinstance(value, str) and value for value in entry.values())
    assert list(entry) == sorted(entry)


# gcs


def test_gcs_writes_the_key_as_it_is_under_the_clusters_name() -> None:
    """The JSON stays as the store has it, without blanks at its ends, under the configured file name."""
    config = KServeConfig(gcs_credential_file_name="key.json")
    result = rendered("gcs", {}, {"credentials": f"\n{SERVICE_ACCOUNT}\n"}, config=config)
    assert differing(result.data, {"key.json": SERVICE_ACCOUNT}) == []


@pytest.mark.parametrize(
    "key",
    [
        '{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}',
        '{"type":"external_account","audience":"a","subject_token_type":"b","token_url":"c","credential_source":{"file":"f"}}',
    ],
)
def test_gcs_takes_the_keys_of_users_and_external_accounts(key: str) -> None:
    """The three types that the storage initializer can use are published."""
    assert rendered("gcs", {"credentials": {"whole": "true"}}, {WHOLE: key}).detects_as == "gcs"


@pytest.mark.parametrize(
    "key",
    [
        "AIza",
        "[]",
        '"text"',
        "{}",
        '{"type":["service_account"]}',
        '{"type":"service_account","client_email":"a","token_uri":"b"}',
        '{"type":"service_account","client_email":"a","token_uri":"b","private_key":"AB"}',
        "\ufeff" + SERVICE_ACCOUNT,
    ],
)
def test_gcs_refuses_what_google_auth_cannot_read(key: str) -> None:
    """No JSON object, an unknown type, a missing part, a private key that is no PEM."""
    assert refused("gcs", {"credentials": {"whole": "true"}}, {WHOLE: key}) == [
        ("credentials", Reason.INVALID_VALUE)
    ]


def test_gcs_says_how_to_take_a_secret_that_is_the_key() -> None:
    """Where no usual name is found, the message says `whole: true`: the usual mistake."""
    assert "credentials: {whole: true}" in messages("gcs", {}, {"type": "service_account"})


# azure


def test_azure_service_principal() -> None:
    """Three keys, and the subscription where it is given."""
    form = {"servicePrincipal": {"subscriptionId": "sub", "clientId": " cid\n"}}
    result = rendered("azure", form, {"tenant_id": "t\n", "client_secret": "c s"})
    assert (
        differing(
            result.data,
            {
                "AZURE_CLIENT_ID": "cid",
                "AZURE_TENANT_ID": "t",
                "AZURE_CLIENT_SECRET": "c s",
                "AZURE_SUBSCRIPTION_ID": "sub",
            },
        )
        == []
    )


def test_azure_without_tenant_is_refused() -> None:
    """KServe refers to the tenant in any case, and the container would never start without it."""
    found = refused("azure", {"servicePrincipal": {"clientId": "cid"}}, {"client_secret": "cs"})
    assert found == [("servicePrincipal.tenantId", Reason.PROPERTY_NOT_FOUND)]


def test_azure_workload_identity_needs_no_secret() -> None:
    """Both ids are written out in the mapping, and the Secret has nothing else."""
    form = {"workloadIdentity": {"clientId": "cid", "tenantId": "$(label:tenant)"}}
    assert KINDS["azure"].part.model_validate(form).keyless()
    assert refused("azure", form) == [("workloadIdentity.tenantId", Reason.INVALID_VALUE)]
    result = rendered("azure", {"workloadIdentity": {"clientId": "cid", "tenantId": "t"}})
    assert differing(result.data, {"AZURE_CLIENT_ID": "cid", "AZURE_TENANT_ID": "t"}) == []


@pytest.mark.parametrize(
    ("way", "value", "written"),
    [("accountKey", "a2V5\n", "a2V5"), ("sasToken", "?sv=1&sig=a%2Fb", "sv=1&sig=a%2Fb")],
)
def test_azure_key_and_sas(way: str, value: str, written: str) -> None:
    """One key, under which KServe gives either to the storage client; the tenant only where it is given."""
    assert (
        differing(rendered("azure", {way: {}}, {"key": value}).data, {"AZURE_STORAGE_ACCESS_KEY": written})
        == []
    )
    with_tenant = rendered("azure", {way: {"tenantId": "t"}}, {"key": value})
    assert differing(with_tenant.data, {"AZURE_STORAGE_ACCESS_KEY": written, "AZURE_TENANT_ID": "t"}) == []
    assert refused("azure", {way: {}}, {"key": "plain!"}) == [(f"{way}.key", Reason.INVALID_VALUE)]


def test_azure_with_nothing_found() -> None:
    """When no field has a value, that is said once."""
    [(_, reason)] = refused("azure", {"accountKey": {}})
    assert reason == Reason.PROPERTY_NOT_FOUND


@pytest.mark.parametrize(
    ("form", "whole"),
    [
        ({"servicePrincipal": {}}, None),
        (PRINCIPAL, "servicePrincipal.clientSecret"),
        ({"accountKey": {}}, "accountKey.key"),
        ({"sasToken": {}}, "sasToken.key"),
        ({"workloadIdentity": {"clientId": "c", "tenantId": "t"}}, None),
    ],
)
def test_azure_takes_a_bare_secret_where_it_can_be_only_one_thing(form: object, whole: str | None) -> None:
    """A bare payload is the client secret only where both ids stand in the mapping."""
    assert KINDS["azure"].part.model_validate(form).inputs().whole_field == whole


@pytest.mark.parametrize(
    "form", [{}, PRINCIPAL | {"accountKey": {}}, {"workloadIdentity": {"clientId": "c"}}]
)
def test_azure_has_exactly_one_way(form: object) -> None:
    """None, two, or half of one is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["azure"].part.model_validate(form)


# huggingFace, modelScope


@pytest.mark.parametrize(
    ("name", "key"), [("huggingFace", "HF_TOKEN"), ("modelScope", "MODELSCOPE_API_TOKEN")]
)
def test_hub_tokens(name: str, key: str) -> None:
    """The token is written without blanks at its ends; one with blanks inside is refused."""
    assert differing(rendered(name, {}, {"token": "hf_abc\n"}).data, {key: "hf_abc"}) == []
    assert refused(name, {}, {"token": "hf abc"}) == [("token", Reason.INVALID_VALUE)]
    assert refused(name, {}, {"token": "\n"}) == [("token", Reason.EMPTY_VALUE)]


# https


@pytest.mark.parametrize(
    ("form", "remote", "headers"),
    [
        ({"bearerToken": {"property": "t"}}, {"t": "abc\n"}, {"Authorization": "Bearer abc"}),
        ({"basicAuth": {}}, {"username": "u", "password": "p:w"}, {"Authorization": "Basic dTpwOnc="}),
        (
            {"headers": {"X-Key": {"property": "k"}, "account": {}}},
            {"k": "a b", "account": '"q"'},
            {"X-Key": "a b", "account": '"q"'},
        ),
    ],
)
def test_https_headers(form: dict[str, object], remote: dict[str, str], headers: dict[str, str]) -> None:
    """The host in lower case, and the headers as one JSON object of strings."""
    result = rendered("https", {"host": "Models.Example.COM"} | form, remote)
    data = result.data or {}
    assert bool(data["https-host"].reveal() == b"models.example.com")
    assert bool(tree(data["headers"]) == headers)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "https://a.com",
        "a.com/x",
        "u@a.com",
        "a.com:8443",
        "10.0.0.5",
        "::1",
        "a_b.com",
        "a\nb.com",
        "-a.com",
    ],
)
def test_https_host_is_a_name_alone(host: str) -> None:
    """KServe finds the headers by the bare host name, and makes an environment variable of it."""
    with pytest.raises(ValidationError):
        KINDS["https"].part.model_validate({"host": host, "bearerToken": {}})


@pytest.mark.parametrize(
    ("form", "remote", "expected"),
    [
        ({"bearerToken": {}}, {"token": "Bearer abc"}, ("bearerToken", Reason.INVALID_VALUE)),
        (
            {"basicAuth": {}},
            {"username": "a:b", "password": "p"},
            ("basicAuth.username", Reason.INVALID_VALUE),
        ),
        ({"headers": {"X": {}}}, {"X": "ü"}, ("headers.X", Reason.INVALID_VALUE)),
        ({"headers": {"X": {}}}, {"X": "a\r\nY: b"}, ("headers.X", Reason.INVALID_VALUE)),
        ({"bearerToken": {}}, {}, ("bearerToken|basicAuth|headers", Reason.PROPERTY_NOT_FOUND)),
    ],
)
def test_https_refuses_what_no_header_can_carry(
    form: dict[str, object], remote: dict[str, str], expected: tuple[str, Reason]
) -> None:
    """A token with blanks, a colon in a user name, text beyond ASCII, a second header smuggled in."""
    assert refused("https", {"host": "a.com"} | form, remote) == [expected]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"bearerToken": {}, "basicAuth": {}},
        {"headers": {}},
        {"headers": {"X: y": {}}},
        {"headers": {"X-a": {}, "x-A": {}}},
    ],
)
def test_https_has_exactly_one_way(form: dict[str, object]) -> None:
    """No way, two ways, no header, an impossible header or one twice is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["https"].part.model_validate({"host": "a.com"} | form)


@pytest.mark.parametrize(
    ("form", "whole"),
    [
        ({"bearerToken": {}}, "bearerToken"),
        ({"basicAuth": {"username": "u"}}, "basicAuth.password"),
        ({"basicAuth": {}}, None),
        ({"headers": {"X": {}}}, "headers.X"),
        ({"headers": {"X": {}, "Y": {}}}, None),
    ],
)
def test_https_takes_a_bare_secret_where_it_can_be_only_one_thing(
    form: dict[str, object], whole: str | None
) -> None:
    """A bare payload stands for the only secret that is asked for."""
    assert KINDS["https"].part.model_validate({"host": "a.com"} | form).inputs().whole_field == whole


# hdfs

FULL = NAMENODE | {
    "rootPath": "/models",
    "userProxy": "ml",
    "kerberosPrincipal": "a@R\n",
    "tlsSkipVerify": "false",
    "namenode": "https://NN1:9871/ ; http://nn2/webhdfs/",
}
REMOTE: dict[str, str | bytes] = {
    "kerberosKeytab": KEYTAB,
    "tls_cert": PEM + "\n",
    "TLS_KEY": PEM,
    "tls-ca": PEM,
    "headers": '{"X": "1"}',
}


def test_hdfs_writes_text_stripped_and_the_keytab_as_it_is() -> None:
    """The storage initializer takes no blanks off, so none are written; a keytab's bytes are not touched."""
    expected: dict[str, str | bytes] = {
        "HDFS_NAMENODE": "https://nn1:9871;http://nn2/webhdfs",
        "HDFS_ROOTPATH": "/models",
        "USER_PROXY": "ml",
        "KERBEROS_PRINCIPAL": "a@R",
        "TLS_SKIP_VERIFY": "false",
        "HEADERS": '{"X":"1"}',
    }
    files: dict[str, str | bytes] = {
        "KERBEROS_KEYTAB": KEYTAB,
        "TLS_CERT": PEM,
        "TLS_KEY": PEM,
        "TLS_CA": PEM,
    }
    result = rendered("hdfs", FULL, REMOTE, entry=EntrySettings("k"))
    assert differing(result.data, expected | files) == []
    entry = tree(result.entry)
    assert entry.pop("type") == "hdfs"
    assert bool(base64.b64decode(entry["KERBEROS_KEYTAB"]) == KEYTAB)
    assert bool({key: value for key, value in entry.items() if key not in files} == expected)


def test_hdfs_without_secrets_needs_no_from() -> None:
    """A cluster without Kerberos and TLS needs only the name node, which stands in the mapping."""
    assert KINDS["hdfs"].part.model_validate(NAMENODE).keyless()
    assert differing(rendered("hdfs", NAMENODE).data, {"HDFS_NAMENODE": "https://nn1:9871"}) == []
    assert not KINDS["hdfs"].part.model_validate(NAMENODE | {"kerberosPrincipal": "a@R"}).keyless()


def test_hdfs_looks_for_nothing_in_a_secret_that_is_taken_whole() -> None:
    """A secret that is the keytab has no names, so the other fields are not looked for in it."""
    form = NAMENODE | {"kerberosPrincipal": "a@R", "kerberosKeytab": {"whole": "true"}}
    assert set(KINDS["hdfs"].part.model_validate(form).inputs().sources) == {"kerberosKeytab"}


@pytest.mark.parametrize(
    ("form", "remote", "expected"),
    [
        ({"kerberosPrincipal": "a@R"}, {}, ("kerberosKeytab", Reason.PROPERTY_NOT_FOUND)),
        ({"kerberosPrincipal": "a@R"}, {"KERBEROS_KEYTAB": "BQIA"}, ("kerberosKeytab", Reason.INVALID_VALUE)),
        ({}, {"TLS_CERT": PEM}, ("tlsKey", Reason.PROPERTY_NOT_FOUND)),
        ({}, {"TLS_KEY": PEM}, ("tlsCert", Reason.PROPERTY_NOT_FOUND)),
        ({}, {"TLS_CA": "AB"}, ("tlsCa", Reason.INVALID_VALUE)),
        ({}, {"headers": "X: 1"}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": '{"X": 1}'}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": '{"X y": "1"}'}, ("headers", Reason.INVALID_VALUE)),
        ({}, {"headers": "{}"}, ("headers", Reason.INVALID_VALUE)),
    ],
)
def test_hdfs_refuses_halves_and_what_it_cannot_read(
    form: dict[str, object], remote: dict[str, str | bytes], expected: tuple[str, Reason]
) -> None:
    """A principal without keytab, base64 in its place, half a certificate, headers that are no JSON."""
    assert refused("hdfs", NAMENODE | form, remote) == [expected]


@pytest.mark.parametrize(
    "form",
    [
        {"namenode": "nn1:9871"},
        {"namenode": "hdfs://nn1"},
        {"namenode": "https://u@nn1"},
        {"namenode": "https://nn1/?x"},
        {"namenode": "https://nn1;"},
        NAMENODE | {"kerberosKeytab": {"property": "k"}},
        NAMENODE | {"rootPath": "models"},
        NAMENODE | {"rootPath": ""},
    ],
)
def test_hdfs_forms_that_cannot_work(form: object) -> None:
    """A name node without scheme, with a user or a query; a keytab without principal; a relative root."""
    with pytest.raises(ValidationError):
        KINDS["hdfs"].part.model_validate(form)


def test_hdfs_entries_have_no_bucket() -> None:
    """A bucket beside HDFS is a mistake, and told as one."""
    found = refused("hdfs", NAMENODE, entry=EntrySettings("k", "b"))
    assert found == [("storageConfig.bucket", Reason.MAPPING_INVALID)]


# dockerConfig


def test_docker_config_has_auth_beside_user_and_password() -> None:
    """One registry, with everything that any reader looks for; bound as imagePullSecrets."""
    result = rendered("dockerConfig", {"registry": "ghcr.io"}, {"username": "u", "password": "p\n"})
    assert (result.type, result.bind_to) == ("kubernetes.io/dockerconfigjson", "imagePullSecrets")
    login = {"username": "u", "password": "p", "auth": "dTpw"}
    assert bool(tree((result.data or {})[".dockerconfigjson"]) == {"auths": {"ghcr.io": login}})


@pytest.mark.parametrize(
    "login", [{"auth": "dTpw"}, {"username": "u", "password": "p"}, {"identitytoken": "t"}]
)
def test_a_whole_docker_config_is_written_as_it_is(login: dict[str, str]) -> None:
    """A configuration that can log in stays as the store has it."""
    text = '{"auths": {"ghcr.io": ' + repr(login).replace("'", '"') + "}}"
    result = rendered("dockerConfig", {"configJson": {"whole": "true"}}, {WHOLE: text + "\n"})
    assert differing(result.data, {".dockerconfigjson": text}) == []


@pytest.mark.parametrize(
    "text", ["x", "[]", "{}", '{"auths": {}}', '{"auths": {"a": {}}}', '{"auths": {"a": "b"}}']
)
def test_a_docker_config_that_cannot_log_in_is_refused(text: str) -> None:
    """No JSON object, no registry, or a registry without login."""
    found = refused("dockerConfig", {"configJson": {"whole": "true"}}, {WHOLE: text})
    assert found == [("configJson", Reason.INVALID_VALUE)]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"configJson": {}, "registry": "ghcr.io"},
        {"registry": "u@ghcr.io"},
        {"registry": "ghcr.io", "username": "a:b"},
    ],
)
def test_docker_config_has_one_form(form: object) -> None:
    """Neither form, both forms, a login in the address or a colon in the name is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["dockerConfig"].part.model_validate(form)


def test_docker_config_takes_a_bare_secret_beside_a_user_name() -> None:
    """A bare payload is the password only where the user name stands in the mapping."""
    validate = KINDS["dockerConfig"].part.model_validate
    assert validate({"registry": "ghcr.io"}).inputs().whole_field is None
    assert validate({"registry": "ghcr.io", "username": "u"}).inputs().whole_field == "password"
    assert validate({"configJson": {}}).inputs().whole_field == "configJson"


# opaque


def test_opaque_is_written_byte_for_byte_and_bound_to_nothing() -> None:
    """No blank is taken off, bytes may be anything, and no ServiceAccount lists it."""
    result = rendered("opaque", {"data": {"a.bin": {"property": "v"}}}, {"v": b"\xff \n"})
    assert differing(result.data, {"a.bin": b"\xff \n"}) == []
    assert result.bind_to is None
    assert refused("opaque", {"data": {"k": {}}}, {"k": ""}) == [("data.k", Reason.EMPTY_VALUE)]


@pytest.mark.parametrize("key", ["", "..", "a b", "HF_TOKEN", "https-host", "AWS_SECRET_ACCESS_KEY"])
def test_opaque_keys_look_like_no_kind(key: str) -> None:
    """A key that Kubernetes refuses, or by which KServe recognises a kind, is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["opaque"].part.model_validate({"data": {key: {"property": "v"}}})


def test_opaque_keys_look_like_no_kind_in_this_cluster() -> None:
    """A cluster whose KServe has other names refuses those when the Secret is rendered."""
    config = KServeConfig(s3_secret_access_key_name="password")
    found = refused("opaque", {"data": {"password": {}}}, {"password": "p"}, config=config)
    assert found == [("data.password", Reason.INVALID_VALUE)]


def test_opaque_takes_a_bare_secret_for_its_only_key() -> None:
    """A bare payload stands for the key, if there is one; no key at all is an error of the mapping."""
    validate = KINDS["opaque"].part.model_validate
    assert validate({"data": {"k": {}}}).inputs().whole_field == "data.k"
    assert validate({"data": {"k": {}, "l": {}}}).inputs().whole_field is None
    with pytest.raises(ValidationError):
        validate({"data": {}})


def test_literals_are_checked_like_values_from_stores() -> None:
    """A literal of the mapping and the same text from a store give the same Secret."""
    literal = attempt("azure", PRINCIPAL, {"client_secret": "cs"})
    remote = attempt(
        "azure", {"servicePrincipal": {}}, {"client_id": "cid", "tenant_id": "t", "client_secret": "cs"}
    )
    assert bool(literal == remote)


def test_values_know_what_is_there() -> None:
    """A field may be there and blank, literal or hidden."""
    values = Values({"a": " ", "b": SecretValue(b"x"), "n.c": "1"}, {})
    assert (values.has("a"), values.is_blank("a"), values.is_blank("b"), values.under("n")) == (
        True,
        True,
        False,
        ("c",),
    )

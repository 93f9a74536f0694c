"""The stores' parts of the mapping: what is accepted, what is refused, and how it is told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from syncd.stores.settings import STORE_PARTS
from tests.unit.stores.test_build import SETTINGS

if TYPE_CHECKING:
    from syncd.stores.store_part import StorePart

TOKEN = {"token": {"file": "/x"}}
ROLE = "arn:aws:iam::111122223333:role/reader"

ACCEPTED: list[tuple[str, dict[str, Any]]] = [
    *SETTINGS.items(),
    ("vault", {"address": "http://127.0.0.1:8200/", "auth": {"kubernetes": {"role": "syncd"}}}),
    (
        "vault",
        {
            "address": "https://vault.vault.svc:8200/under/a/path",
            "namespace": "ml/prod",
            "ca": {"file": "/etc/syncd/ca.pem"},
            "tlsServerName": "vault.internal",
            "auth": {"cert": {"certFile": "/a", "keyFile": "/b"}},
        },
    ),
    (
        "vault",
        {
            "address": "https://v",
            "auth": {"appRole": {"roleId": "r", "secretId": {"file": "/x"}, "secretIdWrapped": "true"}},
        },
    ),
    (
        "awsSecretsManager",
        {
            "region": "eu-west-1",
            "auth": {"static": {"accessKeyId": {"file": "/a"}, "secretAccessKey": {"env": "B"}}},
            "assumeRole": [{"roleArn": ROLE, "sessionTags": {"team": "ml"}}],
        },
    ),
    (
        "gcpSecretManager",
        {
            "project": "p",
            "location": "europe-west6",
            "transport": "rest",
            "auth": {"serviceAccountKey": {"file": "/a"}},
            "impersonate": ["reader@ml-prod.iam.gserviceaccount.com"],
        },
    ),
    (
        "azureKeyVault",
        {
            "vaultUrl": "https://v",
            "cloud": "China",
            "auth": {
                "servicePrincipal": {
                    "tenantId": "t",
                    "clientId": "c",
                    "certificate": {"file": "/p", "password": {"env": "P"}},
                }
            },
        },
    ),
    ("azureKeyVault", {"vaultUrl": "https://v", "auth": {"workloadIdentity": {}}}),
]
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("vault", {"address": "vault:8200", "auth": TOKEN}, "must be an address"),
    ("vault", {"address": "ftp://vault", "auth": TOKEN}, "must be an address"),
    ("vault", {"address": "https://vault:99999", "auth": TOKEN}, "must be an address"),
    ("vault", {"address": "https://a:canary@vault", "auth": TOKEN}, "must not hold a user name"),
    ("vault", {"address": "https://vault/?x=1", "auth": TOKEN}, "scheme, host, port and path only"),
    ("vault", {"address": "https://vault"}, "Field required"),
    ("vault", {"address": "https://vault", "auth": {}}, "give exactly one of kubernetes, jwt, token"),
    ("vault", {"address": "https://vault", "auth": {**TOKEN, "kubernetes": {"role": "r"}}}, "exactly one of"),
    ("vault", {"address": "https://vault", "auth": {"token": {"file": "/x", "env": "X"}}}, "exactly one of"),
    ("vault", {"address": "https://vault", "auth": {"token": {"value": "canary"}}}, "Extra inputs"),
    ("vault", {"address": "http://vault", "ca": {"pem": "x"}, "auth": TOKEN}, "need an address with https"),
    ("vault", {"address": "https://v", "ca": {"pem": "x", "file": "/x"}, "auth": TOKEN}, "give exactly one"),
    ("vault", {"address": "https://vault", "namespace": "a b", "auth": TOKEN}, "match pattern"),
    ("vault", {"address": "https://vault", "namespace": "../a", "auth": TOKEN}, "match pattern"),
    (
        "vault",
        {"address": "https://v", "auth": {"kubernetes": {"role": "r", "mountPath": "a/../b"}}},
        "match pattern",
    ),
    ("awsSecretsManager", {"region": "r", "assumeRole": [{"roleArn": "reader"}]}, "match pattern"),
    (
        "awsSecretsManager",
        {"region": "r", "endpoint": "https://e", "useFipsEndpoint": "true"},
        "endpoint, or useFipsEndpoint",
    ),
    ("awsSecretsManager", {"region": "r", "useFipsEndpoint": "yes"}, "must be true or false"),
    ("gcpSecretManager", {"project": "p", "transport": "http"}, "'grpc' or 'rest'"),
    ("gcpSecretManager", {"project": "p", "impersonate": ["reader"]}, "match pattern"),
    (
        "azureKeyVault",
        {"vaultUrl": "https://v", "auth": {"servicePrincipal": {"tenantId": "t", "clientId": "c"}}},
        "exactly one of secret, certificate",
    ),
    (
        "azureKeyVault",
        {"vaultUrl": "https://v", "auth": {"managedIdentity": {"clientId": "c", "resourceId": "r"}}},
        "clientId or resourceId",
    ),
    ("kubernetes", {"namespaces": []}, "at least 1 item"),
    ("kubernetes", {"namespaces": ["A"]}, "match pattern"),
    ("file", {"directory": "relative"}, "absolute path"),
]


@pytest.mark.parametrize(("store_type", "text"), ACCEPTED)
def test_accepted(store_type: str, text: dict[str, Any]) -> None:
    """What MAPPING shows is accepted, and is its own identity."""
    part = STORE_PARTS[store_type].model_validate(text)
    assert part.identity().split()[0] == store_type


@pytest.mark.parametrize(("store_type", "text", "message"), REFUSED)
def test_refused(store_type: str, text: dict[str, Any], message: str) -> None:
    """What cannot work is refused when the mapping is read, without quoting it."""
    with pytest.raises(ValidationError) as raised:
        STORE_PARTS[store_type].model_validate(text)
    assert message in str(raised.value)
    assert "canary" not in str(raised.value)


def test_address_has_no_slash_at_its_end() -> None:
    """Two spellings of an address are one identity."""
    one, other = (
        STORE_PARTS["vault"].model_validate({"address": address, "auth": TOKEN})
        for address in ("https://vault:8200", "https://vault:8200/")
    )
    assert one.identity() == other.identity()


@pytest.mark.parametrize("part", STORE_PARTS.values(), ids=list(STORE_PARTS))
def test_every_field_is_documented(part: type[StorePart]) -> None:
    """Each field of each part has its docstring: the reference and `explain` are made of them."""
    schema = part.model_json_schema(by_alias=True)
    for name, definition in {part.__name__: schema, **schema.get("$defs", {})}.items():
        assert definition.get("description"), name
        for field, described in definition.get("properties", {}).items():
            assert described.get("description"), f"{name}.{field}"

"""Remote secrets with a planted value in each field: one that is published, and one that is refused."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from tests.e2e.kinds import compact, google_key, pem

Plant: TypeAlias = Callable[[str], str]
"""Field → a new value that is searched for."""
Remote: TypeAlias = dict[str, str]


def encoded(text: str) -> str:
    """Base64, as some stores hold values."""
    return base64.b64encode(text.encode()).decode()


FORMS: Final = {
    "s3": "s3: {region: us-east-1}",
    "gcs": "gcs: {credentials: {property: key}}",
    "principal": "azure: {servicePrincipal: {subscriptionId: {property: subscription}}}",
    "account": "azure: {accountKey: {}}",
    "sas": "azure: {sasToken: {tenantId: {property: tenant}}}",
    "hub": "huggingFace: {}",
    "scope": "modelScope: {}",
    "bearer": "https: {host: a.example.com, bearerToken: {}}",
    "basic": "https: {host: b.example.com, basicAuth: {}}",
    "headers": "https: {host: c.example.com, headers: {X-A: {property: a}, X-B: {property: b}}}",
    "hadoop": "hdfs: {namenode: 'https://nn1:9871', userProxy: {property: proxy},"
    " kerberosPrincipal: {property:"
    " principal}, kerberosKeytab: {property: keytab, decode: base64}, tlsCert: {property: cert}, tlsKey:"
    " {property: key}, tlsCa: {property: ca}, headers: {property: headers}}",
    "registry": "dockerConfig: {registry: registry.example.com}",
    "registry-file": "dockerConfig: {configJson: {property: file}}",
    "opaque": "opaque: {data: {KEY: {property: v, decode: base64}}}",
}
"""Credential → its kind, every field of which that can come from a store does."""

TARGETS: Final = dict.fromkeys(FORMS, "serviceAccounts: [%s], createServiceAccounts: true") | {
    "s3": "serviceAccounts: [%s], createServiceAccounts: true, storageConfig: {key: s3, bucket: b}",
    "hadoop": "serviceAccounts: [%s], createServiceAccounts: true, storageConfig: {key: hadoop}",
    "opaque": "secret: %s",
}
"""Credential → its target, all but the namespace; `%s` is its own name."""


def good(name: str, plant: Plant) -> Remote:
    """A remote secret that is published, with a planted value in each field."""
    remote: Mapping[str, Callable[[], Remote]] = {
        "s3": lambda: {"access_key": plant("id"), "secret_key": plant("key"), "unused": plant("unused")},
        "gcs": lambda: {"key": google_key(plant("private_key"))},
        "principal": lambda: {
            field: plant(field) for field in ("client_id", "tenant_id", "client_secret", "subscription")
        },
        "account": lambda: {"account_key": encoded(plant("key"))},
        "sas": lambda: {"sas_token": f"sv=2022-11-02&sig={plant('sig')}", "tenant": plant("tenant")},
        "hub": lambda: {"token": plant("token")},
        "scope": lambda: {"token": plant("token")},
        "bearer": lambda: {"token": plant("token")},
        "basic": lambda: {"username": plant("username"), "password": plant("password")},
        "headers": lambda: {"a": plant("a"), "b": plant("b")},
        "hadoop": lambda: {
            "proxy": plant("proxy"),
            "principal": plant("principal"),
            "keytab": encoded(f"\x05\x02{plant('keytab')}"),
            "cert": pem(plant("cert")),
            "key": pem(plant("key")),
            "ca": pem(plant("ca")),
            "headers": compact({"X-A": plant("headers")}),
        },
        "registry": lambda: {"username": plant("username"), "password": plant("password")},
        "registry-file": lambda: {"file": compact({"auths": {"r.example.com": {"auth": plant("auth")}}})},
        "opaque": lambda: {"v": encoded(plant("v"))},
    }
    return remote[name]()


def broken(text: str) -> str:
    """A text that no kind may take."""
    return f"{text}\n\x07x"


def bad(name: str, plant: Plant) -> Remote:
    """A remote secret that is refused, with a planted value in each field."""
    remote: Mapping[str, Callable[[], Remote]] = {
        "s3": lambda: {
            "access_key": plant("id"),
            "secret_key": plant("key"),
            "session_token": plant("token"),
        },
        "gcs": lambda: {"key": google_key(plant("private_key"))[:-9]},
        "principal": lambda: {
            field: broken(plant(field))
            for field in ("client_id", "tenant_id", "client_secret", "subscription")
        },
        "account": lambda: {"account_key": broken(plant("key"))},
        "sas": lambda: {
            "sas_token": broken(f"sv=2022&sig={plant('sig')}"),
            "tenant": broken(plant("tenant")),
        },
        "hub": lambda: {"token": plant("token"), "hf_token": plant("other")},
        "scope": lambda: {"token": broken(plant("token"))},
        "bearer": lambda: {"token": broken(plant("token"))},
        "basic": lambda: {"username": broken(plant("username")), "password": broken(plant("password"))},
        "headers": lambda: {"a": broken(plant("a")), "b": broken(plant("b"))},
        "hadoop": lambda: {
            "proxy": broken(plant("proxy")),
            "principal": broken(plant("principal")),
            "keytab": f"{plant('keytab')}!",
            "cert": encoded(pem(plant("cert"))),
            "key": encoded(pem(plant("key"))),
            "ca": encoded(pem(plant("ca"))),
            "headers": f'{{"X-A": ["{plant("headers")}"',
        },
        "registry": lambda: {"username": broken(plant("username")), "password": broken(plant("password"))},
        "registry-file": lambda: {"file": f'{{"auths": "{plant("auth")}"}}'},
        "opaque": lambda: {"v": f"{plant('v')}!"},
    }
    return remote[name]()

"""HDFS by WebHDFS, with Kerberos, client certificates, headers, or nothing at all.

Source: KServe v0.19.0 `pkg/credentials/hdfs/hdfs_secret.go` and `_load_hdfs_configuration` of
`python/storage/kserve_storage/kserve_storage.py`, which reads text without taking blanks off.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.fields import Namenode, Path, Secret, Text, inputs_of, usual_names
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.kserve.storage_config import entry_value
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue
from syncd.schema.part import Flag  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig

USUAL: Final = {
    "kerberosKeytab": usual_names("kerberosKeytab", "KERBEROS_KEYTAB"),
    "tlsCert": usual_names("tlsCert", "TLS_CERT"),
    "tlsKey": usual_names("tlsKey", "TLS_KEY"),
    "tlsCa": usual_names("tlsCa", "TLS_CA"),
    "headers": usual_names("headers", "HEADERS"),
}

_TEXTS: Final = {
    "namenode": ("HDFS_NAMENODE", checks.namenode),
    "rootPath": ("HDFS_ROOTPATH", checks.absolute_path),
    "userProxy": ("USER_PROXY", checks.line),
    "kerberosPrincipal": ("KERBEROS_PRINCIPAL", checks.line),
    "tlsSkipVerify": ("TLS_SKIP_VERIFY", checks.line),
    "headers": ("HEADERS", checks.headers_json),
}
_CERTIFICATES: Final = {"tlsCert": "TLS_CERT", "tlsKey": "TLS_KEY", "tlsCa": "TLS_CA"}

_KEYTAB: Final = b"\x05\x02"
"""First bytes of a keytab (MIT krb5, keytab file format version 2)."""


class HdfsPart(KindPart):
    """HDFS or WebHDFS; without Kerberos and TLS it needs no `from`."""

    namenode: Namenode
    """WebHDFS address of the name node; several are joined by a semicolon (`HDFS_NAMENODE`)."""
    root_path: Path | None = None
    """Path that relative paths start from (`HDFS_ROOTPATH`)."""
    user_proxy: Text | None = None
    """User to act as (`USER_PROXY`)."""
    kerberos_principal: Text | None = None
    """Kerberos principal; needs a keytab (`KERBEROS_PRINCIPAL`)."""
    kerberos_keytab: Secret | None = None
    """Keytab, as bytes; where the store can hold only text, base64 and `decode: base64` (`KERBEROS_KEYTAB`).
    KServe ignores one without `kerberosPrincipal`. Left out: the first of its usual names in the secret, if
    one is there."""
    tls_cert: Secret | None = None
    """Client certificate, PEM; needs `tlsKey` (`TLS_CERT`). Left out: as kerberosKeytab."""
    tls_key: Secret | None = None
    """Key of the client certificate, PEM (`TLS_KEY`). Left out: as kerberosKeytab."""
    tls_ca: Secret | None = None
    """CA certificates of the servers, PEM (`TLS_CA`). Left out: as kerberosKeytab."""
    tls_skip_verify: Flag | None = None
    """Whether the servers' certificates go unverified (`TLS_SKIP_VERIFY`). Left out: KServe's default,
    false."""
    headers: Secret | None = None
    """JSON object of headers and their values (`HEADERS`). KServe's storage initializer logs them.
    Left out: as kerberosKeytab."""

    def inputs(self) -> Inputs:
        """Ask for what is written; look for the secret fields that are left out."""
        values = {
            "namenode": self.namenode,
            "rootPath": self.root_path,
            "userProxy": self.user_proxy,
            "kerberosPrincipal": self.kerberos_principal,
            "tlsSkipVerify": self.tls_skip_verify,
            "tlsCert": self.tls_cert,
            "tlsKey": self.tls_key,
            "tlsCa": self.tls_ca,
            "headers": self.headers,
            "kerberosKeytab": self.kerberos_keytab,
        }
        optional = frozenset(USUAL)
        if self.kerberos_principal is not None:
            optional -= {"kerberosKeytab"}
        return inputs_of(values, USUAL, optional=optional)


def _compose(values: Values, entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    texts = _texts(values)
    files = _files(values)
    return Rendered(
        detects_as="hdfs",
        exclusive=True,
        type="Opaque",
        data={key: secret(text) for key, text in texts.items()}
        | {key: SecretValue(content) for key, content in files.items()},
        entry=None if entry is None else _entry(values, texts, files, entry),
    )


def _texts(values: Values) -> dict[str, str]:
    texts = {"HDFS_NAMENODE": values.text("namenode", checks.namenode)}
    for field, (key, check) in _TEXTS.items():
        if field != "namenode" and values.has(field):
            texts[key] = values.text(field, check)
    return texts


def _files(values: Values) -> dict[str, bytes]:
    """Read what KServe uses as files; only whole pairs."""
    files = {
        key: values.text(field, checks.pem).encode()
        for field, key in _CERTIFICATES.items()
        if values.has(field)
    }
    if ("TLS_CERT" in files) != ("TLS_KEY" in files):
        missing = "tlsKey" if "TLS_CERT" in files else "tlsCert"
        values.refuse(
            missing,
            Reason.PROPERTY_NOT_FOUND,
            "is missing: a client certificate and its key come together",
        )
    if values.has("kerberosPrincipal") or values.has("kerberosKeytab"):
        files["KERBEROS_KEYTAB"] = _keytab(values)
    return files


def _keytab(values: Values) -> bytes:
    keytab = values.raw("kerberosKeytab")
    if checks.decoded(keytab).startswith(_KEYTAB):
        values.refuse(
            "kerberosKeytab",
            Reason.INVALID_VALUE,
            "is base64 of a keytab; write `decode: base64`",
        )
    return keytab


def _entry(
    values: Values,
    texts: dict[str, str],
    files: dict[str, bytes],
    entry: EntrySettings,
) -> SecretValue:
    if entry.bucket is not None:
        values.refuse("storageConfig.bucket", Reason.MAPPING_INVALID, "has no meaning for HDFS")
    encoded = {key: base64.b64encode(content).decode() for key, content in files.items()}
    return entry_value("hdfs", texts | encoded)


KIND: Final = StorageKind(
    name="hdfs",
    part=HdfsPart,
    usual=USUAL,
    since="v0.10",
    compose=_compose,
    storage_config=True,
)

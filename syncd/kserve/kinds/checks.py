"""Checks of single values: text in, normalised text out, or `Unfit`. No message repeats any of the value."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from syncd.model.secret import canonical_json

_HOST: Final = re.compile(r"(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
_REGION: Final = re.compile(r"(?![0-9]+$)(?!-)[a-zA-Z0-9-]{1,63}(?<!-)")
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::[0-9]{12}:role/[\w+=,.@/-]{1,576}")
_OBJECT_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
_AZURE_ID: Final = re.compile(r"[A-Za-z0-9._-]+")
_TOKEN: Final = re.compile(r"[!-~]+")
_HEADER_VALUE: Final = re.compile(r"[ -~]+")
_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


class Unfit(ValueError):
    """A value cannot be published; the message says why, in words that follow the field's name."""


def line(text: str) -> str:
    """Return the text without blanks at its ends; one printable line."""
    stripped = text.strip()
    if not stripped:
        raise Unfit("is empty")
    if not stripped.isprintable():
        raise Unfit("has a line break, a tab or another character inside that cannot be printed")
    return stripped


def document(text: str) -> str:
    """Return the text without blanks at its ends; it may have lines."""
    stripped = text.strip()
    if not stripped:
        raise Unfit("is empty")
    return stripped


def token(text: str) -> str:
    """Return one word of printable ASCII, as headers and signatures need it."""
    word = line(text)
    if _TOKEN.fullmatch(word) is None:
        raise Unfit("has a blank or a character beyond ASCII inside")
    return word


def header_value(text: str) -> str:
    """Return the value of an HTTP header: one line of ASCII."""
    value = line(text)
    if _HEADER_VALUE.fullmatch(value) is None:
        raise Unfit("has a character beyond ASCII, which HTTP headers cannot carry")
    return value


def header_name(text: str) -> str:
    """Return the name of an HTTP header (RFC 9110 `token`), as it is written."""
    if _HEADER_NAME.fullmatch(text) is None:
        raise Unfit("is not the name of an HTTP header: letters, digits and hyphens, no blanks, no colon")
    return text


def s3_endpoint(text: str) -> str:
    """Return `http://host[:port]` or `https://host[:port]`; without a scheme it is https.

    KServe wants the host in the annotation and the URL in `storage-config`, so a path has no place in either.
    """
    url = line(text)
    scheme, found, rest = url.partition("://")
    if not found:
        scheme, rest = "https", url
    if scheme.lower() not in {"http", "https"}:
        raise Unfit("has another scheme than http and https")
    return f"{scheme.lower()}://{_authority(rest)}"


def _authority(rest: str) -> str:
    """Return `host[:port]` in lower case, if there is nothing else in the text but a closing slash."""
    parts = _split(rest)
    if "@" in parts.netloc:
        raise Unfit("has a user or a password in it, which do not belong there")
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise Unfit("has a path or a query; S3 needs host and port, and the bucket is in the storage URI")
    return _host_and_port(parts)


def _split(rest: str) -> SplitResult:
    """Take the text apart; the host may be a name or an address, an IPv6 one without a zone."""
    try:
        parts = urlsplit(f"//{rest}")
        host = parts.hostname or ""
        named = _HOST.fullmatch(host) is not None
        if (named or ipaddress.IPv6Address(host).scope_id is None) and parts.port != 0:
            return parts
    except ValueError:
        pass
    raise Unfit("has no valid host or port: letters, digits, hyphens and dots, or an address; 1 to 65535")


def _host_and_port(parts: SplitResult) -> str:
    host = parts.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    return bracketed if parts.port is None else f"{bracketed}:{parts.port}"


def region(text: str) -> str:
    """Return a region as the AWS SDK accepts it: a DNS label, since it becomes part of a host name."""
    name = line(text)
    if _REGION.fullmatch(name) is None:
        raise Unfit("is not a region: letters, digits and hyphens")
    return name


def https_host(text: str) -> str:
    """Return a host name in lower case.

    KServe looks the headers up under the host name of the storage URI, without port, and makes it the name of
    an environment variable (KServe v0.19.0 `pkg/credentials/https/https_secret.go`).
    """
    host = line(text).lower()
    if "://" in host or "/" in host or "@" in host:
        raise Unfit("is a URL; write the host name alone, such as models.example.com")
    if ":" in host:
        raise Unfit("has a port; KServe looks the headers up by the host name alone")
    if _HOST.fullmatch(host) is None:
        raise Unfit("is not a host name: letters, digits, hyphens and dots")
    return host


def namenode(text: str) -> str:
    """Return the WebHDFS URLs of the name nodes, joined by semicolons, without closing slashes."""
    return ";".join(_webhdfs(part) for part in line(text).split(";"))


def _webhdfs(text: str) -> str:
    scheme, found, rest = text.strip().partition("://")
    if not found or scheme.lower() not in {"http", "https"}:
        raise Unfit("is not a WebHDFS URL such as https://namenode:9871 (several: joined by a semicolon)")
    parts = _split(rest)
    if "@" in parts.netloc or parts.query or parts.fragment or " " in parts.path:
        raise Unfit("has a user, a query or blanks in it, which do not belong there")
    return f"{scheme.lower()}://{_host_and_port(parts)}{parts.path.rstrip('/')}"


def absolute_path(text: str) -> str:
    """Return an absolute path; a certificate in its place is refused."""
    path = document(text)
    if path.startswith("-----BEGIN"):
        raise Unfit("is a certificate; KServe wants the path of a file in the pod here")
    path = line(path)
    if not path.startswith("/"):
        raise Unfit("is not an absolute path")
    return path


def object_name(text: str) -> str:
    """Return the name of a Kubernetes object: a DNS subdomain."""
    name = line(text)
    if _OBJECT_NAME.fullmatch(name) is None:
        raise Unfit("is not the name of a Kubernetes object")
    return name


def role_arn(text: str) -> str:
    """Return the ARN of an IAM role."""
    arn = line(text)
    if _ROLE_ARN.fullmatch(arn) is None:
        raise Unfit("is not the ARN of a role: arn:aws:iam::111122223333:role/name")
    return arn


def azure_id(text: str) -> str:
    """Return a client, tenant or subscription id: what the Azure SDK takes for one."""
    name = line(text)
    if _AZURE_ID.fullmatch(name) is None:
        raise Unfit("is not an Azure id: letters, digits, dots and hyphens")
    return name


def sas_token(text: str) -> str:
    """Return an Azure SAS token without its question mark."""
    return token(text).removeprefix("?")


def pem(text: str) -> str:
    """Return a certificate or key as it is; base64 of one, as some stores hold it, is refused."""
    block = document(text)
    if decoded(block.encode()).startswith(b"-----BEGIN "):
        raise Unfit("is base64 of a certificate or key; write `decode: base64`")
    return block


def username(text: str) -> str:
    """Return a user name that HTTP basic authentication can carry: a colon would end it."""
    name = line(text)
    if ":" in name:
        raise Unfit("has a colon, which ends the name in basic authentication")
    return name


def registry(text: str) -> str:
    """Return the address of an image registry: host, host:port, with or without path or https://."""
    name = token(text)
    if "@" in name or "?" in name:
        raise Unfit("is not the address of a registry such as ghcr.io or registry.example.com:5000")
    return name


def headers_json(text: str) -> str:
    """Return a JSON object of header names and values, compact and sorted."""
    tree = json_object(text)
    headers = {}
    for name, value in tree.items():
        if not isinstance(value, str):
            raise Unfit("has a header whose value is not text")
        headers[header_name(name)] = header_value(value)
    if not headers:
        raise Unfit("has no header in it")
    return canonical_json(headers).decode()


def json_object(text: str) -> dict[str, object]:
    """Return the JSON object in the text."""
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        tree = None
    if not isinstance(tree, dict):
        raise Unfit("is not a JSON object")
    return tree


def decoded(raw: bytes) -> bytes:
    """Return what padded base64 of the standard alphabet stands for; nothing for what is none."""
    try:
        return base64.b64decode(b"".join(raw.split()), validate=True)
    except (binascii.Error, ValueError):
        return b""

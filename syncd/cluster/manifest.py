"""Manifests as plain dicts whose Secret values are hidden from the moment they are read."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any, Final, Literal

from syncd.model.secret import SecretValue

Resource = Literal["secrets", "serviceaccounts", "configmaps"]
"""The resources that syncd writes, as they are spelt in paths; of ConfigMaps only its own memory."""

KINDS: Final[dict[Resource, str]] = {
    "secrets": "Secret",
    "serviceaccounts": "ServiceAccount",
    "configmaps": "ConfigMap",
}
INFERENCE_SERVICE_CONFIG: Final = "inferenceservice-config"
"""KServe's ConfigMap; its key `credentials` holds JSON."""
CREDENTIALS_KEY: Final = "credentials"


@dataclass(frozen=True, slots=True)
class Undecodable:
    """A text under `data` that is no base64: an API server has none, a directory may."""

    text: SecretValue


def hidden(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return the manifest of a Secret with every value of `data` and `stringData` hidden.

    `data` then holds `SecretValue`, or `Undecodable` for what is no base64; `stringData` is folded into it,
    as an API server does.
    """
    rest = {name: part for name, part in manifest.items() if name not in {"data", "stringData"}}
    data = {key: _decoded(text) for key, text in (manifest.get("data") or {}).items()}
    plain = {
        key: SecretValue(text.encode("utf-8", "surrogatepass"))
        for key, text in (manifest.get("stringData") or {}).items()
    }
    return rest | {"data": data | plain}


def revealed(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a hidden manifest as it is stored: values of a Secret as base64; all others as they are."""
    data = manifest.get("data")
    if manifest.get("kind") != KINDS["secrets"] or not isinstance(data, dict):
        return manifest
    return manifest | {"data": {key: _encoded(value) for key, value in data.items()}}


def secret_data(manifest: dict[str, Any]) -> dict[str, SecretValue]:
    """Return the values in a hidden manifest of a Secret; what is no base64 is left out."""
    return {key: value for key, value in manifest["data"].items() if not isinstance(value, Undecodable)}


def config_map_data(manifest: dict[str, Any]) -> dict[str, str]:
    """Return the texts in the manifest of a ConfigMap."""
    return dict(manifest.get("data") or {})


def _decoded(text: str | None) -> SecretValue | Undecodable:
    """Decode standard base64 with its padding; line breaks are let through, as Go's decoder does."""
    raw = (text or "").translate({ord("\n"): None, ord("\r"): None}).encode()
    try:
        return SecretValue(base64.b64decode(raw, validate=True))
    except binascii.Error:
        return Undecodable(SecretValue(raw))


def _encoded(value: SecretValue | Undecodable) -> str:
    if isinstance(value, Undecodable):
        return value.text.reveal().decode()
    return base64.b64encode(value.reveal()).decode()

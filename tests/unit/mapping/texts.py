"""Texts of mappings for the tests, and what is read from them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from syncd.mapping.read import read

if TYPE_CHECKING:
    from syncd.mapping.credential import Credential
    from syncd.mapping.settings import MappingDocument, Reading

HEADER = "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n"
STORE = "stores: {platform: {vault: {address: 'https://vault:8200', auth: {kubernetes: {role: syncd}}}}}\n"
HUB = "hub: {from: {store: platform, secret: kv/hf}, huggingFace: {}, to: [{namespaces: [nlp]}]}"


def mapping(credentials: str = "", *, stores: str = STORE, settings: str = "") -> str:
    """Return a mapping with these credentials; their indentation may be that of the test."""
    body = textwrap.indent(textwrap.dedent(credentials).strip("\n"), "  ")
    return HEADER + settings + stores + ("credentials:\n" + body + "\n" if body else "")


def reading(credentials: str = "", *, stores: str = STORE, settings: str = "") -> Reading:
    """Read such a mapping."""
    return read({"m.yaml": mapping(credentials, stores=stores, settings=settings)})


def said(result: Reading) -> list[str]:
    """Return what is wrong, as it is printed."""
    return [str(problem) for problem in result.problems]


def document(result: Reading) -> MappingDocument:
    """Return the accepted document of a mapping without any problem."""
    assert said(result) == []
    assert result.document is not None
    return result.document


def only(credentials: str, *, stores: str = STORE, settings: str = "") -> Credential:
    """Return the one credential of a mapping without any problem."""
    (credential,) = document(reading(credentials, stores=stores, settings=settings)).credentials.values()
    return credential

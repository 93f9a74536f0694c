"""The page about KServe says what the code does by."""

from __future__ import annotations

import re
from typing import Final

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.conflicts import EXCLUSIVE
from syncd.kserve.detect import ROLE_ARN, detection_order
from tests.harness.judge import HELM_CREDENTIALS, SHIPPED_CREDENTIALS
from tests.unit.docs.pages import ROOT, text_of

PAGE: Final = ROOT / "docs" / "how-kserve-finds-credentials.md"


def section(heading: str) -> str:
    """Return the text below a heading."""
    return text_of(PAGE).partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def test_the_keys_stand_in_the_order_in_which_kserve_looks() -> None:
    """The table of data keys is the builder's order, each with its kind."""
    rows = re.findall(r"^\| (`.+?) \| \[(\w+)\]", section("What a Secret is taken for"), re.MULTILINE)
    told = [(key, kind) for keys, kind in rows for key in re.findall(r"`(\S+)`", keys)]
    assert tuple(told) == detection_order(KServeConfig())


def test_both_spellings_of_the_annotation_are_told() -> None:
    """The annotation that names a Secret is told as the manifests and the Helm chart of KServe have it."""
    text = section("One annotation, two spellings")
    for credentials in (SHIPPED_CREDENTIALS, HELM_CREDENTIALS):
        assert f"`{credentials['storageSecretNameAnnotation']}`" in text


def test_what_a_service_account_can_bear_once_is_told() -> None:
    """The section on conflicts names the kinds that are refused twice, and the role."""
    text = section("Why one ServiceAccount bears one S3").lower()
    assert {kind for kind in EXCLUSIVE if f"two {kind}" not in text} == set()
    assert ROLE_ARN in text_of(PAGE)

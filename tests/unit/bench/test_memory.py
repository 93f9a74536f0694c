"""What is pure in the measurement of memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from bench.memory import CEILING_MIB, Kept, as_json, as_text, mapping, too_much
from syncd.mapping.read import read
from tests.harness.four_stores import STORES

if TYPE_CHECKING:
    from tests.harness.four_stores import Store

ALONE: Final = Kept(("aws",), 2000, 110.4, 120.0)
ALL: Final = Kept(STORES, 2000, 180.0, 190.6)


def test_the_mapping_reads_each_store_that_it_uses() -> None:
    """The mapping is valid, spreads its credentials over teams, and holds no store that nobody reads."""
    settings = {
        "vault": {"vault": {"address": "https://vault:8200", "auth": {"token": {"env": "T"}}}},
        "gcp": {"gcpSecretManager": {"project": "ml-prod"}},
    }
    secrets: dict[str, tuple[Store, str]] = {"a": ("vault", "kv/a"), "b": ("vault", "kv/b")}
    reading = read({"mapping.yaml": mapping(settings, secrets, "team")})
    assert reading.problems == ()
    assert reading.document is not None
    assert set(reading.document.stores) == {"vault"}
    targets = [each.targets[0].namespaces for each in reading.document.credentials.values()]
    assert targets == [("team-0",), ("team-1",)]


def test_the_table_names_the_stores() -> None:
    """One store is named, four are `all four`; MiB are whole numbers."""
    lines = as_text((ALONE, ALL)).splitlines()
    assert lines[1].split() == ["aws", "2,000", "110", "120"]
    assert lines[2].split() == ["all", "four", "2,000", "180", "191"]
    assert as_json((ALONE,)) == [
        {"stores": ["aws"], "credentials": 2000, "residentMiB": 110.4, "peakMiB": 120.0}
    ]


def test_the_ceiling_is_for_the_peak() -> None:
    """A daemon that was above the ceiling at any time is too much."""
    above = Kept(STORES, 2000, CEILING_MIB - 1, CEILING_MIB + 1)
    assert too_much((ALONE, above, ALL)) == [above]

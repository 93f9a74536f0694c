"""Every golden vector that a mapping can produce is produced, or refused with its reason."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.kserve.cluster_config import parse
from syncd.kserve.conflicts import Occupant, clashes
from syncd.kserve.detect import detect
from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings, Rendered
from syncd.model.names import CredentialId
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import attempt, differing, rendered, tree
from tests.unit.kserve.golden_cases import CASES, MINIO, ROOT, VECTORS, Case, Outcome, vector_data
from tests.unit.kserve.golden_page import page

PRODUCED = [name for name, case in CASES.items() if case.outcome in {Outcome.PRODUCED, Outcome.NORMALISED}]
SECRETS = [name for name in PRODUCED if CASES[name].entry is None]
ENTRIES = [name for name in PRODUCED if CASES[name].entry is not None]
CLASHES = [name for name, case in CASES.items() if case.clash]
REFUSED = [name for name, case in CASES.items() if case.outcome is Outcome.REFUSED and not case.clash]


def test_every_vector_is_accounted_for() -> None:
    """The table has each vector once, in their order; whatever is refused has a reason."""
    assert list(CASES) == list(VECTORS)
    assert all(CASES[name].reason for name in REFUSED)


def test_the_page_is_the_table() -> None:
    """docs/golden.md is what the table of the tests says."""
    assert (ROOT / "docs" / "golden.md").read_text() == page()


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_produced(name: str) -> None:
    """The rendered Secret is the vector's own, or the spelling that the table gives for it."""
    case, vector = CASES[name], VECTORS[name]
    config = parse(vector["input"]["Config"] or None)
    theirs = vector_data(vector)
    result = rendered(case.kind, case.form, theirs if case.remote is None else case.remote, config=config)
    assert differing(result.data, theirs if case.data is None else case.data) == []
    expected = case.annotations
    if expected is None:
        expected = vector["input"]["Secrets"][0]["Annotations"] or {}
        expected = (MINIO if "serving.kserve.io/s3-endpoint" in expected else {}) | expected
    assert result.annotations == expected
    assert detect(result.data or {}, config) == result.detects_as


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_is_produced(name: str) -> None:
    """The rendered entry is the vector's own, or the spelling that the table gives for it."""
    case = CASES[name]
    entry = EntrySettings(VECTORS[name]["input"]["Key"] or "default_s3", case.bucket)
    result = rendered(case.kind, case.form, case.remote, entry=entry)
    assert bool(tree(result.entry) == case.entry)


@pytest.mark.parametrize("name", CLASHES)
def test_a_second_binding_is_refused(name: str) -> None:
    """The Secret itself is right; beside another of its kind on one ServiceAccount it is not bound."""
    case, vector = CASES[name], VECTORS[name]
    result = rendered(case.kind, case.form, vector_data(vector) if case.remote is None else case.remote)
    first, second = vector["input"]["SASecrets"]
    assert result.exclusive
    newcomer = Occupant(second, result.detects_as, CredentialId("second"))
    for owner in (None, CredentialId("first")):
        [clash] = clashes([Occupant(first, result.detects_as, owner)], [newcomer])
        assert clash.newcomer == newcomer


@pytest.mark.parametrize("name", REFUSED)
def test_a_vector_is_refused_for_its_reason(name: str) -> None:
    """The mapping or the rendering says no, with the reason of the table."""
    case = CASES[name]
    assert case.reason in _reasons(case, name)


def _reasons(case: Case, name: str) -> set[Reason]:
    try:
        KINDS[case.kind].part.model_validate(case.form)
    except ValidationError:
        return {Reason.MAPPING_INVALID}
    remote = vector_data(VECTORS[name]) if case.remote is None else case.remote
    entry = None if case.bucket is None else EntrySettings("k", case.bucket)
    result = attempt(case.kind, case.form, remote, entry=entry)
    assert not isinstance(result, Rendered)
    return {invalid.reason for invalid in result}


@pytest.mark.parametrize("name", ["H05", "F04"])
def test_what_goes_together_is_bound_together(name: str) -> None:
    """Two HTTPS hosts, or two hub tokens, on one ServiceAccount are no conflict."""
    kind = CASES[name].kind
    first, second = VECTORS[name]["input"]["SASecrets"]
    assert clashes([Occupant(first, kind)], [Occupant(second, kind, CredentialId("second"))]) == ()

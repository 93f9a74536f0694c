"""Label selectors as Kubernetes reads them."""

from __future__ import annotations

from typing import Literal

import pytest

from syncd.mapping.credential import Placement, Requirement, Selector
from syncd.model.names import ObjectRef, PlacementId
from tests.unit.mapping.texts import HUB, only

VALUES = frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("operator", "values", "labels", "expected"),
    [
        ("In", VALUES, {"k": "a"}, True),
        ("In", VALUES, {"k": "c"}, False),
        ("In", VALUES, {}, False),
        ("NotIn", VALUES, {"k": "a"}, False),
        ("NotIn", VALUES, {"k": "c"}, True),
        ("NotIn", VALUES, {}, True),
        ("Exists", frozenset(), {"k": ""}, True),
        ("Exists", frozenset(), {}, False),
        ("DoesNotExist", frozenset(), {"k": ""}, False),
        ("DoesNotExist", frozenset(), {}, True),
    ],
)
def test_requirements_match_as_in_kubernetes(
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"],
    values: frozenset[str],
    labels: dict[str, str],
    expected: bool,
) -> None:
    """Each operator says of a label, there or not, what Kubernetes says."""
    assert Requirement("k", operator, values).matches(labels) is expected


def test_a_selector_needs_all_requirements() -> None:
    """Labels match when every requirement does."""
    selector = Selector((Requirement("a", "Exists"), Requirement("b", "Exists")))
    assert selector.matches({"a": "", "b": ""})
    assert not selector.matches({"a": ""})


def test_a_placement_needs_the_secrets_of_its_sources() -> None:
    """The references of a placement are those of its fields, each once."""
    hub = only(HUB)
    placement = Placement(
        id=PlacementId(hub.id, "nlp"),
        credential=hub,
        target=hub.targets[0],
        secret=ObjectRef("nlp", "hub"),
        accounts=(),
        sources=hub.sources,
        settings={},
        account_annotations={},
        entry=None,
        suspended=False,
    )
    assert {str(ref) for ref in placement.refs} == {"platform:kv/hf"}

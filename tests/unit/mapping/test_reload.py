"""What is in force after a mapping was read again."""

from __future__ import annotations

from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.mapping.settings import MappingDocument, Reading
from tests.unit.mapping.texts import HUB, document, mapping, reading


def again(before: MappingDocument, text: str) -> MappingDocument:
    """Return what is in force after this text was read."""
    after = accept(before, read({"m.yaml": text}, before))
    assert after is not None
    return after


def test_the_first_mapping_is_taken_as_it_is() -> None:
    """Without anything in force, what is accepted is in force; nothing is when nothing is accepted."""
    result = reading(HUB)
    assert accept(None, result) is result.document
    assert accept(None, Reading(None)) is None


def test_a_broken_document_changes_nothing() -> None:
    """A mapping that is not accepted leaves the whole of the previous one in force."""
    before = document(reading(HUB))
    assert again(before, "a: b: c") is before


def test_a_broken_credential_keeps_its_last_accepted_form() -> None:
    """A mistake in one credential leaves its old form in force, and its neighbours move on."""
    before = document(reading(HUB + "\n" + HUB.replace("hub:", "other:").replace("[nlp]", "[search]")))
    text = mapping(
        HUB.replace("huggingFace", "huggingFaze")
        + "\n"
        + HUB.replace("hub:", "other:").replace("[nlp]", "[vision]")
    )
    after = again(before, text)
    assert after.credentials[next(iter(before.credentials))] is next(iter(before.credentials.values()))
    assert {name: value.targets[0].namespaces for name, value in after.credentials.items()} == {
        "hub": ("nlp",),
        "other": ("vision",),
    }


def test_a_broken_newcomer_is_not_in_force() -> None:
    """A credential that never was right has no form to fall back to."""
    before = document(reading(HUB))
    after = again(before, mapping(HUB + "\nnew: {}"))
    assert list(after.credentials) == ["hub"]


def test_a_removed_credential_is_not_kept() -> None:
    """What left the mapping is not in force, whatever else is wrong."""
    before = document(reading(HUB))
    assert again(before, mapping("new: {}")).credentials == {}


def test_a_kept_credential_keeps_its_store() -> None:
    """When a store is renamed and a credential is not, both stay in force for that credential."""
    before = document(reading(HUB))
    stores = "stores: {vault: {vault: {address: 'https://vault:8200', auth: {token: {env: T}}}}}\n"
    after = again(before, mapping(HUB, stores=stores))
    assert set(after.stores) == {"vault", "platform"}
    assert after.stores[next(iter(before.stores))] is next(iter(before.stores.values()))
    assert list(after.credentials) == ["hub"]

"""What another text of the mapping puts in force, and whom it makes due."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from syncd.daemon.mapping_source import Missing, Texts
from syncd.daemon.reload import Reload
from syncd.model.errors import UsageError
from syncd.model.events import MappingRead
from syncd.model.secret import StoreName
from tests.unit.daemon.samples import TWO, Heard, document

if TYPE_CHECKING:
    from syncd.daemon.reload import Change
    from syncd.mapping.settings import MappingDocument

TYPO = TWO.replace("https://minio.example.com", "https://minio.example.com/", 1).replace(
    "endpoint", "endpiont", 1
)
MOVED = "# a comment, so that every line is another\n" + TWO


class Stores:
    """Opens the stores of a mapping, or refuses to."""

    def __init__(self) -> None:
        """Refuse nothing."""
        self.used: list[MappingDocument] = []
        self.refuse = False

    def __call__(self, document: MappingDocument) -> None:
        """Keep the mapping."""
        if self.refuse:
            raise UsageError("store one: its type comes later")
        self.used.append(document)


@pytest.fixture
def stores() -> Stores:
    """Return stores that open."""
    return Stores()


@pytest.fixture
def reload(stores: Stores, heard: Heard) -> Reload:
    """Return a reload without a mapping."""
    return Reload(stores, heard)


def take(reload: Reload, text: str) -> Change | None:
    """Take one file."""
    return reload.take(Texts({"mapping.yaml": text}))


def names(change: Change | None) -> set[str] | None:
    """Return the credentials that changed, None when nothing did."""
    return None if change is None else set(change.changed)


def last(heard: Heard) -> MappingRead:
    """Return what was said last."""
    event = heard[-1]
    assert isinstance(event, MappingRead)
    return event


def test_everything_is_new_at_first(reload: Reload, heard: Heard, stores: Stores) -> None:
    """The first mapping opens its stores and makes all of its credentials due."""
    assert names(take(reload, TWO)) == {"alpha", "beta"}
    assert len(stores.used) == 1
    assert last(heard) == MappingRead(
        valid=True,
        accepted=True,
        credentials=2,
        refused=0,
        problems=(),
        stores=frozenset({StoreName("one"), StoreName("two")}),
    )


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (TWO.replace("minio", "other"), {"alpha"}),
        (TWO.replace("/etc/two", "/etc/other"), {"beta"}),
        (MOVED, set()),
        (TWO[: TWO.index("  beta:")], set()),
        (TWO + "mode: observe\n", {"alpha", "beta"}),
        (TWO + "trustedNamespaceLabels: [example.com/*]\n", {"alpha", "beta"}),
        (TWO, None),
    ],
    ids=["credential", "store", "only lines", "removal", "mode", "trusted labels", "nothing"],
)
def test_a_change_makes_due_whom_it_concerns(reload: Reload, text: str, changed: set[str] | None) -> None:
    """A credential is due when its own entry or its store changed, not when it moved in the file."""
    take(reload, TWO)
    assert names(take(reload, text)) == changed


def test_a_refused_credential_keeps_its_last_form(reload: Reload, heard: Heard, stores: Stores) -> None:
    """A typo in one entry changes nothing for it, and the others move on."""
    take(reload, TWO)
    change = take(reload, TYPO.replace("secret: beta", "secret: gamma"))
    assert names(change) == {"beta"}
    assert change is not None
    assert change.document.credentials.keys() == {"alpha", "beta"}
    read = last(heard)
    assert (read.valid, read.accepted, read.credentials, read.refused) == (False, True, 1, 1)
    assert any("did you mean endpoint" in problem for problem in read.problems)


def test_a_first_mapping_with_a_typo_serves_the_others(reload: Reload, heard: Heard) -> None:
    """Without a last form the refused credential is left out, and said to be wrong."""
    assert names(take(reload, TYPO)) == {"beta"}
    assert last(heard).refused == 1


@pytest.mark.parametrize(
    "text", ["{", "", "stores: [", TWO.replace("v1alpha1", "v9"), TWO.replace("{file:", "{fole:")]
)
def test_a_mapping_that_cannot_be_accepted_changes_nothing(
    reload: Reload, heard: Heard, stores: Stores, text: str
) -> None:
    """No YAML, no mapping, another version or a broken store: what was in force stays, all of it."""
    take(reload, TWO)
    assert take(reload, text) is None
    assert len(stores.used) == 1
    read = last(heard)
    assert (read.valid, read.accepted, read.credentials) == (False, False, 2)
    assert read.problems
    assert names(take(reload, TWO.replace("minio", "other"))) == {"alpha"}


def test_a_missing_mapping_changes_nothing(reload: Reload, heard: Heard) -> None:
    """A ConfigMap that was deleted is loud, and deletes nothing."""
    take(reload, TWO)
    assert reload.take(Missing("ConfigMap syncd/mapping does not exist")) is None
    assert last(heard) == MappingRead(
        valid=False,
        accepted=False,
        credentials=2,
        refused=0,
        problems=("ConfigMap syncd/mapping does not exist",),
    )


def test_stores_that_do_not_open_change_nothing(reload: Reload, heard: Heard, stores: Stores) -> None:
    """A store that cannot be used at all refuses the text, and says why."""
    take(reload, TWO)
    stores.refuse = True
    assert take(reload, TWO.replace("/etc/one", "/etc/other")) is None
    assert last(heard).problems == ("store one: its type comes later",)
    stores.refuse = False
    assert names(take(reload, TWO.replace("/etc/one", "/etc/other"))) == {"alpha"}


@pytest.mark.parametrize("found", [Texts({"mapping.yaml": "{"}), Missing("there is none")])
def test_after_a_restart_the_last_valid_mapping_goes_on(
    reload: Reload, heard: Heard, stores: Stores, found: Texts | Missing
) -> None:
    """A first text that is no mapping, or none, puts all of what the process before had in force, loudly."""
    reload.recall(document())
    change = reload.take(found)
    assert names(change) == {"alpha", "beta"}
    assert len(stores.used) == 1
    read = last(heard)
    assert (read.valid, read.accepted, read.credentials) == (False, False, 2)
    assert reload.accepted is None
    assert reload.take(found) is None
    assert names(take(reload, TWO.replace("minio", "other"))) == {"alpha"}
    assert reload.accepted is not None


def test_after_a_restart_a_broken_entry_keeps_its_last_form(reload: Reload, stores: Stores) -> None:
    """Nothing is in force before the first text was read; then its broken entry is, as it was."""
    reload.recall(document())
    assert stores.used == []
    change = take(reload, TYPO)
    assert names(change) == {"alpha", "beta"}
    assert change is not None
    assert change.document.refused == frozenset()
    assert len(stores.used) == 1


def test_what_left_the_mapping_during_a_restart_is_not_taken_up_again(reload: Reload) -> None:
    """An entry that is gone from the first text is never in force, though the process before had it."""
    reload.recall(document())
    assert names(take(reload, TWO[: TWO.index("  beta:")])) == {"alpha"}


def test_a_last_valid_mapping_whose_stores_do_not_open_is_told(
    reload: Reload, heard: Heard, stores: Stores
) -> None:
    """When neither the first text nor the one before can be served, both reasons are said."""
    reload.recall(document())
    stores.refuse = True
    assert take(reload, "{") is None
    read = last(heard)
    assert read.credentials == 0
    assert read.problems[-1] == "store one: its type comes later"

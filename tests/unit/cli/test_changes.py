"""A plan as rows: names of what changes, and never a value."""

from __future__ import annotations

import pytest

from syncd.cli.changes import rows, unread_row
from syncd.model.difference import Difference
from syncd.model.objects import AccountAnnotation
from syncd.sync.action import Action, PatchAccount, WriteEntry, WriteSecret
from tests.unit.sync.builders import HUB, account, as_written, binding, desired, entry, ref

WANT = desired({"HF_TOKEN": "t", "EXTRA": "e"}, annotations={"serving.kserve.io/s3-region": "x"})
HAVE = as_written(WANT)


@pytest.mark.parametrize(
    ("action", "verb", "changes"),
    [
        (WriteSecret("create", WANT, None), "create", "keys EXTRA, HF_TOKEN; 1 annotation"),
        (
            WriteSecret(
                "update",
                WANT,
                HAVE,
                Difference(
                    frozenset({"HF_TOKEN"}), frozenset({"data.EXTRA", "data.OLD", "annotations.a/b", "type"})
                ),
            ),
            "update",
            "values HF_TOKEN; annotation a/b +EXTRA -OLD type",
        ),
        (
            WriteSecret("update", WANT, HAVE, Difference(records=frozenset({"syncd.dev/source"}))),
            "update",
            "records only",
        ),
        (
            WriteEntry("create", entry(), None, Difference(shape=frozenset({"hub"}))),
            "create",
            "entry hub",
        ),
        (
            WriteEntry("create", entry(), HAVE, Difference(shape=frozenset({"hub"}))),
            "update",
            "entry hub",
        ),
        (
            WriteEntry("update", entry(), HAVE, Difference(frozenset({"hub"}))),
            "update",
            "entry hub: value",
        ),
        (
            PatchAccount(ref("models"), account(), (binding(),), {"a/b": AccountAnnotation("v", HUB)}),
            "bind",
            "secrets +hub; annotation a/b",
        ),
        (
            PatchAccount(ref("models"), account(), (), {"a/b": AccountAnnotation("v", HUB)}),
            "update",
            "annotation a/b",
        ),
        (PatchAccount(ref("models"), None, (binding(),), {}), "create", "secrets +hub"),
    ],
)
def test_one_row_an_action(action: Action, verb: str, changes: str) -> None:
    """Each action is one row with what changes, by name."""
    [row] = rows([action])
    assert (row.verb, row.changes, row.credentials) == (verb, changes, ("hub",))


def test_rows_are_grouped() -> None:
    """Rows go by namespace, Secrets before ServiceAccounts."""
    actions: list[Action] = [
        PatchAccount(ref("a"), account(), (binding(),), {}),
        WriteSecret("create", desired(name="z"), None),
        WriteSecret("create", desired(namespace="other", name="m"), None),
    ]
    assert [row.short_name() for row in rows(actions)] == [
        "secret/nlp/z",
        "serviceaccount/nlp/a",
        "secret/other/m",
    ]


def test_what_was_not_read() -> None:
    """What exists and was not compared says so."""
    assert unread_row(ref(), "hub").changes == "(not read)"
    assert unread_row(ref(), "hub", "models").changes == "entry models (not read)"

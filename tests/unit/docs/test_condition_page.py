"""The table of conditions is the one that is tested."""

from __future__ import annotations

from syncd.model.reasons import Reason
from tests.unit.docs.condition_page import PAGE, STORES, page
from tests.unit.docs.pages import text_of

EVERY_SERVER: set[str] = {
    "found",
    "secret missing",
    "secret missing, version pinned",
    "version missing",
    "access denied",
    "login refused",
    "login expired",
    "throttled",
    "throttled, with delay",
    "5xx",
    "timeout",
    "connection refused",
    "TLS not trusted",
    "answer cut short",
    "proxy's page instead of an answer",
    "name not allowed",
}


def test_the_page_is_what_is_tested() -> None:
    """`python -m tests.unit.docs.condition_page` writes it: every cell is a row that a test drives."""
    assert text_of(PAGE) == page()


def test_every_store_with_a_server_is_put_through_the_same() -> None:
    """No store leaves out what can happen to every server."""
    servers = list(STORES)[:4]
    missing = {store: EVERY_SERVER - {row.name for row in STORES[store]} for store in servers}
    assert {store: names for store, names in missing.items() if names} == {}


def test_a_condition_stands_once() -> None:
    """A store has no condition twice."""
    for rows in STORES.values():
        names = [row.name for row in rows]
        assert len(names) == len(set(names))


def test_only_a_missing_secret_that_is_not_pinned_may_delete() -> None:
    """Whatever the store: one condition counts as deleted, and it is never asked for again at once."""
    for rows in STORES.values():
        assert [row.name for row in rows if row.may_delete] == ["secret missing"]
        assert all(row.reason is Reason.SECRET_NOT_FOUND for row in rows if row.may_delete)
        assert not any(row.retried and row.may_delete for row in rows)

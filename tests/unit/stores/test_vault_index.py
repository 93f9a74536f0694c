"""How far a Vault cluster had come: remembered across threads, and never backwards."""

from __future__ import annotations

import base64
import json

import pytest

from syncd.stores.vault.index import INDEX, Index


def _openbao(value: int, cluster: str = "here") -> str:
    return base64.b64encode(json.dumps({"cluster": cluster, "value": str(value)}).encode()).decode()


def _vault(local: int, replicated: int, cluster: str = "here") -> str:
    return base64.b64encode(f"v1:{cluster}:{local}:{replicated}:aGFzaA==".encode()).decode()


def _after(*answers: str | None) -> str | None:
    index = Index()
    for answer in answers:
        index.note(200, answer)
    return index.headers().get(INDEX)


def test_first_request_takes_nothing_along() -> None:
    """Before the first answer there is no state to ask for."""
    assert Index().headers() == {}


def test_a_standby_that_is_behind_is_to_pass_on() -> None:
    """With the state goes the wish that a standby behind it passes the request on to the active node."""
    index = Index()
    index.note(200, _openbao(7))
    assert index.headers() == {INDEX: _openbao(7), "X-Vault-Inconsistent": "forward-active-node"}


@pytest.mark.parametrize("form", [_openbao, lambda value: _vault(value, 3), lambda value: _vault(3, value)])
def test_forward_only(form: object) -> None:
    """An answer that was on its way for longer than a later one takes nobody back."""
    assert callable(form)
    assert _after(form(9), form(10), form(9)) == form(10)


def test_parts_of_vaults_state_that_move_apart() -> None:
    """Where the one number went forward and the other back, the later answer counts."""
    assert _after(_vault(9, 3), _vault(8, 4)) == _vault(8, 4)


def test_another_cluster_at_the_same_address() -> None:
    """A cluster that took another's place is counted anew, however far the first had come."""
    assert _after(_openbao(900, "old"), _openbao(3, "new")) == _openbao(3, "new")


@pytest.mark.parametrize(
    "unknown", ["no base64!", base64.b64encode(b"[]").decode(), base64.b64encode(b"v1:x").decode()]
)
def test_forms_that_we_do_not_know(unknown: str) -> None:
    """A state that we cannot read is given back as it came."""
    assert _after(_openbao(9), unknown) == unknown


def test_answers_that_tell_nothing() -> None:
    """An answer without a state, or with one too long for a header, changes nothing."""
    assert _after(_openbao(9), None, "x" * 2000) == _openbao(9)


def test_a_server_that_refuses_the_request() -> None:
    """After a 400, which OpenBao answers to a state of Vault's form, the state is not sent again."""
    index = Index()
    index.note(200, _vault(9, 9))
    index.note(400, None)
    assert index.headers() == {}

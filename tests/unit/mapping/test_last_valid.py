"""The accepted mapping as texts that the next process reads again."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from syncd.mapping.include import IncludedText
from syncd.mapping.last_valid import (
    ACCEPTED,
    INCLUDED,
    MAPPING,
    Accepted,
    accepted_in,
    read_last_valid,
    texts_of,
)
from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.mapping.settings import Form
from syncd.model.names import CredentialId
from tests.unit.mapping.test_include import MAIN, RIGHT, TEAM_A, credentials
from tests.unit.mapping.texts import HEADER, HUB, STORE, document, mapping, reading

if TYPE_CHECKING:
    from syncd.mapping.credential import Credential
    from syncd.mapping.settings import MappingDocument

HUB_NAME = CredentialId("hub")
ODD = (
    HUB.replace(
        "}]}", ", annotations: {x: \"no\\u0085\\u2028\\x7f'\\\"\\U0001F600 # ~\", y: 'null', z: '0012'}}]}"
    )
    + "\nnull: {huggingFace: , from: {store: platform, secret: kv/x}, to: [{namespaces: [a]}], suspend: true}"
    + "\nonly-anonymous: {s3: {useAnonymousCredential: true}, to: [{namespaces: [b]}]}"
)


def placeless(document: MappingDocument) -> object:
    """Return all that a mapping is, save where it stands."""
    kept = {name: _placeless(one) for name, one in sorted(document.credentials.items())}
    stores = {name: replace(store, origin=None) for name, store in sorted(document.stores.items())}
    return replace(document, credentials=kept, stores=stores, form=Form())


def _placeless(credential: Credential) -> Credential:
    targets = tuple(replace(target, origin=None) for target in credential.targets)
    return replace(credential, targets=targets, origin=replace(credential.origin, file="", line=0, column=0))


def again(document: MappingDocument) -> MappingDocument:
    """Write a mapping, and read what was written."""
    found = read_last_valid(texts_of(document)).document
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        mapping(HUB),
        mapping(ODD),
        mapping(HUB.replace("kv/hf", "kv/hf, settle: 90s"), settings="defaults: {expiryWarning: 7d}\n"),
        mapping(HUB, settings="mode: observe\nlimits: {removals: 7}\ntrustedNamespaceLabels: [a.io/*]\n"),
        mapping(HUB, settings='defaults: {schedule: {cron: "0 3 * * 1-5", timeZone: Europe/Zurich}}\n'),
        mapping(""),
        HEADER + STORE,
    ],
)
def test_what_is_kept_is_what_was_in_force(text: str) -> None:
    """Stores, settings and credentials are read again as they were, whatever their texts hold."""
    before = document(read({"m.yaml": text}))
    assert placeless(again(before)) == placeless(before)
    assert texts_of(again(before)) == texts_of(before)


def test_included_credentials_are_kept_as_such() -> None:
    """What an included file had in force is its own after a restart, too."""
    main = MAIN.replace(
        ", {configMap: team-b/credentials, namespaces: [team-b], secrets: {platform: [kv/team-b/*]}}", ""
    )
    before = document(read({"m.yaml": main}, None, {TEAM_A: IncludedText({"c.yaml": credentials(RIGHT)})}))
    assert placeless(again(before)) == placeless(before)
    assert again(before).credentials[CredentialId("models")].include == TEAM_A


def test_a_form_that_is_kept_has_its_defaults_written_out() -> None:
    """What a refused credential had from `defaults` and `stores` stays as it was, across restarts too."""
    defaults = "defaults: {schedule: {interval: 30s}, deletionPolicy: {whenUnmapped: Delete}}\n"
    anonymous = "open: {s3: {useAnonymousCredential: true}, to: [{namespaces: [b]}]}"
    cron = HUB.replace("hub:", "cron:").replace("}]}", '}], schedule: {cron: "0 3 * * 1", timeZone: UTC}}')
    local = HUB.replace("hub:", "local:").replace("}]}", '}], schedule: {cron: "0 3 * * 1"}}')
    entries = (
        f"{HUB.replace('}]}', '}]}')}\n{anonymous}\n{cron.replace('nlp', 'c')}\n{local.replace('nlp', 'd')}"
    )
    before = document(reading(entries, settings=defaults))
    stores = STORE.replace("platform", "vault")
    text = mapping("\n".join(f"{name}: {{}}" for name in ("hub", "open", "cron", "local")), stores=stores)
    after = accept(before, read({"m.yaml": text}, before))
    assert after is not None
    assert placeless(again(after)) == placeless(after)
    hub = again(after).credentials[HUB_NAME]
    assert (hub.schedule.interval, hub.deletion.when_unmapped) == (30, "Delete")


def test_a_kept_form_that_is_not_known_is_left_out() -> None:
    """A credential in force of which no text is known is not there after a restart, and breaks nothing."""
    before = document(reading(HUB))
    forgotten = replace(before, form=replace(before.form, credentials={}))
    after = accept(forgotten, read({"m.yaml": mapping("hub: {}")}, forgotten))
    assert after is not None
    assert list(after.credentials) == ["hub"]
    assert again(after).credentials == {}


def test_the_digest_is_that_of_what_the_mapping_says() -> None:
    """Comments, order and files make no difference to it; every accepted word does."""
    one = document(reading(HUB)).form.digest
    commented = "# a comment\n" + mapping(HUB)
    assert document(read({"m.yaml": commented})).form.digest == one
    parts = {"a.yaml": mapping(HUB, stores=""), "b.yaml": HEADER + STORE}
    assert document(read(parts)).form.digest == one
    assert document(reading(HUB.replace("nlp", "search"))).form.digest != one


@pytest.mark.parametrize(
    "data", [{}, {MAPPING: "a: b: c"}, {MAPPING: mapping(HUB), INCLUDED: "["}, {INCLUDED: "[" * 100_000}]
)
def test_data_that_cannot_be_read_breaks_nothing(data: dict[str, str]) -> None:
    """Whatever somebody made of the ConfigMap, reading it raises nothing."""
    found = read_last_valid(data).document
    assert (found is not None) == ("a: b" not in data.get(MAPPING, "a: b"))


def test_the_record_knows_what_was_in_force_before() -> None:
    """Accepting the same mapping changes no record; going back to an earlier one takes it out of the past."""
    first = Accepted("syncd", "1", "2026-11-22T19:00:00Z")
    assert first.followed_by("1", "2026-11-22T20:00:00Z") is first
    second = first.followed_by("2", "2026-11-22T20:00:00Z")
    assert second == Accepted("syncd", "2", "2026-11-22T20:00:00Z", ("1",))
    assert second.followed_by("1", "2026-11-22T21:00:00Z").earlier == ("2",)
    for digest in map(str, range(100)):
        second = second.followed_by(digest, "2026-11-22T22:00:00Z")
    assert len(second.earlier) == 50
    assert accepted_in({ACCEPTED: second.text()}) == second


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"instance": 1, "digest": "", "at": "", "earlier": []}', '{"earlier": [1]}'],
)
def test_a_record_that_is_none_is_not_read(text: str) -> None:
    """A record that is missing, or is no record, is nobody's."""
    assert accepted_in({ACCEPTED: text} if text else {}) is None

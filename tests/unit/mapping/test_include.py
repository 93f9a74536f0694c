"""Included files: whose a name is, what they may not do however written, and what is kept of them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from syncd.mapping.include import IncludedText, to_look_for
from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.model.names import CredentialId
from tests.unit.mapping.texts import HEADER, HUB, STORE, mapping, said

if TYPE_CHECKING:
    from syncd.mapping.settings import MappingDocument, Reading

TEAM_A = "team-a/credentials"
TEAM_B = "team-b/credentials"
STORES = """\
stores:
  platform: {vault: {address: 'https://vault:8200', auth: {kubernetes: {role: syncd}}}}
  other: {vault: {address: 'https://other:8200', auth: {kubernetes: {role: syncd}}}}
  copies: {kubernetes: {namespaces: [vault-backed]}}
  mounted: {file: {directory: /etc/credentials}}
"""
FOR_A = (
    "{configMap: team-a/credentials, namespaces: [team-a, team-a-dev],"
    " secrets: {platform: [kv/team-a/*, 'kv/teams/team-a*/s3'], copies: ['*'], mounted: ['*'], other: []}}"
)
FOR_B = "{configMap: team-b/credentials, namespaces: [team-b], secrets: {platform: [kv/team-b/*]}}"
MAIN = mapping(HUB, stores=STORES, settings=f"include: [{FOR_A}, {FOR_B}]\n")
RIGHT = """\
models:
  from: {store: platform, secret: kv/team-a/models}
  huggingFace: {}
  to: [{namespaces: [team-a]}]
"""


def credentials(text: str) -> str:
    """Return an included file with these credentials."""
    return f"{HEADER}credentials:\n" + textwrap.indent(text, "  ")


def included(**files: str) -> dict[str, IncludedText]:
    """Return the included ConfigMaps of teams, by their namespaces (`_` for `-`)."""
    return {
        f"{team.replace('_', '-')}/credentials": IncludedText({"c.yaml": text})
        for team, text in files.items()
    }


def of_a(text: str, before: MappingDocument | None = None, main: str = MAIN) -> Reading:
    """Read the mapping with these credentials of team-a; those of team-b are none."""
    return read({"m.yaml": main}, before, included(team_a=credentials(text), team_b=credentials("")))


def names(document: MappingDocument | None) -> list[str]:
    """Return the credentials in force."""
    assert document is not None
    return list(document.credentials)


def accepted(text: str = RIGHT) -> MappingDocument:
    """Return the mapping in force with these credentials of team-a."""
    reading = of_a(text)
    assert said(reading) == []
    assert reading.document is not None
    return reading.document


def test_included_credentials_are_in_force() -> None:
    """What an included file has stands beside the mapping's own, and is known to be the file's."""
    document = accepted()
    assert {str(name): credential.include for name, credential in document.credentials.items()} == {
        "hub": None,
        "models": TEAM_A,
    }
    assert str(document.credentials[CredentialId("models")].origin).startswith(
        "team-a/credentials/c.yaml:4:3: credentials.models"
    )


def test_a_placeholder_is_filled_in_before_it_is_matched() -> None:
    """`$(namespace)` counts as each of the credential's namespaces."""
    text = RIGHT.replace("kv/team-a/models", "kv/teams/$(namespace)/s3").replace(
        "[team-a]", "[team-a, team-a-dev]"
    )
    assert accepted(text).unread == frozenset()
    narrow = MAIN.replace("kv/teams/team-a*/s3", "kv/teams/team-a/s3")
    assert "not among the secrets that team-a/credentials is included for" in str(
        said(of_a(text, main=narrow))
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[team-a]", "[team-b]", "namespace team-b is not one of those that team-a/credentials is included"),
        ("[team-a]", "[team-a, nlp]", "namespace nlp is not one of those"),
        ("[team-a]}", "[team-a]}, {namespaces: [kserve]}", "namespace kserve is not one of those"),
        (
            "namespaces: [team-a]",
            "namespaceSelector: {matchLabels: {syncd.dev/models: 'true'}}",
            "to[0].namespaceSelector: selects by label",
        ),
        (
            "[team-a]}",
            "[team-a], serviceAccountSelector: {matchLabels: {a: b}}}",
            "to[0].serviceAccountSelector: selects by label",
        ),
        ("[team-a]}", "[team-a], adopt: true}", "to[0].adopt: an included file takes over nothing"),
        (
            "[team-a]}",
            "[team-a], serviceAccounts: [x], serviceAccountAnnotations: {iam.gke.io/x: y}}",
            "to[0].serviceAccountAnnotations: an included file may not annotate",
        ),
        ("kv/team-a/models", "kv/team-b/models", "huggingFace.token: is not among the secrets"),
        ("kv/team-a/models", "kv/team-a/../team-b/models", "from.secret: must be a plain path"),
        ("kv/team-a/models", "kv/team-a/%2e%2e/team-b/x", "from.secret: must be a plain path"),
        ("kv/team-a/models", "kv/team-a/%252e%252e/team-b/x", "is not among the secrets"),
        ("kv/team-a/models", "kv/team-a/%25252e./team-b/x", "is not among the secrets"),
        ("kv/team-a/models", "'kv/team-a/x?path=/kv/team-b/x'", "is not among the secrets"),
        ("kv/team-a/models", "'kv/team-a/x%23'", "is not among the secrets"),
        ("kv/team-a/models", "kv/teams/team-a%2Fb/s3%2f..", "from.secret: must be a plain path"),
        ("kv/team-a/models", "kv/team-a%2Fmodels", "is not among the secrets"),
        ("kv/team-a/models", "KV/team-a/models", "is not among the secrets"),
        (
            "kv/team-a/models",
            "kv/team-a/$(label:syncd.dev/x)",
            "may use no placeholder but $(namespace)",
        ),
        ("store: platform", "store: other", "is not among the secrets that team-a/credentials is included"),
        (
            "platform, secret: kv/team-a/models",
            "copies, secret: vault-backed/models",
            "an included file may not read a kubernetes store",
        ),
        ("store: platform", "store: mounted", "an included file may not read a file store"),
        ("store: platform", "store: mine", "names no store of this mapping"),
        (
            "huggingFace: {}",
            "huggingFace: {token: {secret: kv/team-b/x}}",
            "huggingFace.token: is not among the secrets",
        ),
        ("to:", "renamedFrom: hub\n  to:", "renamedFrom: names a credential that is still there (m.yaml"),
    ],
)
def test_no_bound_can_be_got_past(old: str, new: str, words: str) -> None:
    """Each of these tries to do more than the include allows, and is refused alone, with its reason."""
    text = RIGHT.replace(old, new)
    assert text != RIGHT
    reading = of_a(text)
    assert words in str(said(reading)), said(reading)
    assert list(reading.refused) == ["models"]
    assert names(reading.document) == ["hub"]


def test_a_store_that_is_not_listed_is_refused() -> None:
    """A store of the mapping that the include does not name is not the team's."""
    text = RIGHT.replace("kv/team-a/models", "kv/team-b/models")
    reading = read({"m.yaml": MAIN}, None, included(team_b=credentials(text.replace("platform", "other"))))
    assert "store other is not one of those that team-b/credentials is included for" in str(said(reading))


def test_a_role_is_an_annotation() -> None:
    """A keyless credential would annotate ServiceAccounts, which an included file may not."""
    text = """\
role:
  s3: {roleArn: "arn:aws:iam::111122223333:role/reader"}
  to: [{namespaces: [team-a], serviceAccounts: [models]}]
"""
    assert "s3.roleArn: a role is an annotation" in str(said(of_a(text)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEADER + STORE, "stores.platform: stands in an included file, which has credentials and nothing"),
        (HEADER + "mode: paused\n", "mode: stands in an included file"),
        (HEADER + f"include: [{FOR_B}]\n", "include: stands in an included file"),
        ("kind: Mapping\n", "apiVersion: is required"),
        ("a: b: c", "team-a/credentials/c.yaml:1:5: is no YAML"),
        ("", "no mapping: nothing here has apiVersion"),
    ],
)
def test_a_broken_file_breaks_only_itself(text: str, words: str) -> None:
    """An included file with anything but credentials is refused whole; the others and the mapping go on."""
    files = included(team_a=text, team_b=credentials(RIGHT.replace("team-a", "team-b")))
    reading = read({"m.yaml": MAIN}, None, files)
    assert words in str(said(reading))
    assert names(reading.document) == ["hub", "models"]
    assert reading.document is not None
    assert reading.document.unread == {"team-a", "team-a-dev"}


def test_the_mapping_s_own_names_cannot_be_taken() -> None:
    """A name that the mapping uses is refused in the include, and harms the mapping's own in no way."""
    for text in (RIGHT.replace("models:", "hub:"), RIGHT.replace("models:", "hub:") + "hub: {}\n"):
        reading = of_a(text)
        assert "credentials.hub: has a name that is taken by the mapping itself (m.yaml:" in str(
            said(reading)
        )
        assert reading.refused == {}
        assert reading.document is not None
        assert reading.document.credentials[next(iter(reading.document.credentials))].include is None


def test_of_two_includes_the_first_has_the_name() -> None:
    """A name that an earlier include uses is refused in a later one."""
    files = included(team_a=credentials(RIGHT), team_b=credentials(RIGHT.replace("team-a", "team-b")))
    reading = read({"m.yaml": MAIN}, None, files)
    assert "taken by team-a/credentials (team-a/credentials/c.yaml:4:3)" in str(said(reading))
    assert reading.document is not None
    assert {one.include for one in reading.document.credentials.values()} == {None, TEAM_A}


def test_a_name_in_force_is_not_taken_by_an_earlier_include() -> None:
    """A team that comes first in the list cannot take a name that another team has in force."""
    files = included(team_a=credentials(""), team_b=credentials(RIGHT.replace("team-a", "team-b")))
    before = read({"m.yaml": MAIN}, None, files).document
    files |= included(team_a=credentials(RIGHT))
    reading = read({"m.yaml": MAIN}, before, files)
    assert "taken by team-b/credentials, which has it in force" in str(said(reading))
    after = accept(before, reading)
    assert after is not None
    assert {one.include for one in after.credentials.values()} == {None, TEAM_B}
    unread = read({"m.yaml": MAIN}, before, included(team_a=credentials(RIGHT)))
    assert "taken by team-b/credentials, which has it in force" in str(said(unread))
    left = included(team_a=credentials(RIGHT), team_b=credentials(""))
    assert said(read({"m.yaml": MAIN}, before, left)) == []


def test_an_included_credential_gets_nothing_that_the_mapping_has() -> None:
    """A claim of the mapping in force on a Secret in the team's namespace is not the team's."""
    main = mapping(HUB.replace("[nlp]", "[team-a]"), stores=STORES, settings=f"include: [{FOR_A}]\n")
    text = RIGHT.replace("[team-a]}", "[team-a], secret: hub}")
    reading = of_a(text, main=main)
    assert "Secret hub in namespace team-a belongs to credential hub" in str(said(reading))


def test_a_missing_file_keeps_its_last_accepted_form() -> None:
    """A ConfigMap that is gone is said to be, and what it had goes on; before it was, this warns."""
    before = accepted()
    gone = {TEAM_A: IncludedText(problem=f"ConfigMap {TEAM_A} does not exist"), **included(team_b=HEADER)}
    reading = read({"m.yaml": MAIN}, before, gone)
    (problem,) = reading.problems
    assert (problem.severity, problem.include) == ("error", TEAM_A)
    assert str(problem) == (
        "m.yaml:3:23: include[0].configMap: include not checked: ConfigMap team-a/credentials does not exist;"
        " its last accepted form stays in force"
    )
    after = accept(before, reading)
    assert after is not None
    assert names(after) == ["hub", "models"]
    assert after.unread == frozenset()
    first = read({"m.yaml": MAIN}, None, gone)
    assert [problem.severity for problem in first.problems] == ["warning"]
    assert first.document is not None
    assert first.document.unread == {"team-a", "team-a-dev"}


def test_what_an_unread_file_has_in_force_is_not_given_away() -> None:
    """While a file cannot be read, neither its names nor what its credentials claim are anybody else's."""
    before = accepted()
    taker = HUB.replace("hub:", "taker:").replace("[nlp]", "[team-a], secret: models")
    main = mapping(f"{HUB}\n{taker}", stores=STORES, settings=f"include: [{FOR_A}, {FOR_B}]\n")
    after_reading = read({"m.yaml": main}, before, included(team_b=HEADER))
    assert "Secret models in namespace team-a belongs to credential models" in str(said(after_reading))
    after = accept(before, after_reading)
    assert names(after) == ["hub", "models"]


def test_a_name_that_the_mapping_took_is_not_kept_twice() -> None:
    """What the mapping itself calls so is in force, not the last form of a file that cannot be read."""
    main = mapping(HUB.replace("hub", "models"), stores=STORES, settings=f"include: [{FOR_A}, {FOR_B}]\n")
    after = accept(accepted(), read({"m.yaml": main}, accepted(), included(team_b=HEADER)))
    assert after is not None
    assert [(str(name), one.include) for name, one in after.credentials.items()] == [("models", None)]


@pytest.mark.parametrize("text", [RIGHT, "models: {}\n", None], ids=["right", "broken", "unread"])
def test_bounds_that_were_narrowed_hold_at_once(text: str | None) -> None:
    """What an include no longer allows is not kept in its last form; what it wrote is left as it is."""
    before = accepted()
    main = MAIN.replace("[team-a, team-a-dev]", "[team-a-dev]")
    files = included(team_b=HEADER) | ({} if text is None else included(team_a=credentials(text)))
    after = accept(before, read({"m.yaml": main}, before, files))
    assert names(after) == ["hub"]
    assert after is not None
    assert after.refused == {"models"}


def test_a_broken_entry_keeps_its_last_accepted_form() -> None:
    """A mistake in one included credential leaves its old form in force."""
    before = accepted()
    reading = of_a(RIGHT.replace("huggingFace", "huggingFaze"), before)
    assert list(reading.refused) == ["models"]
    after = accept(before, reading)
    assert after is not None
    assert after.credentials == before.credentials


def test_a_broken_entry_keeps_no_form_of_somebody_else() -> None:
    """A team's broken entry of a name that was the mapping's does not keep the mapping's alive."""
    before = accepted("")
    main = mapping("", stores=STORES, settings=f"include: [{FOR_A}, {FOR_B}]\n")
    after = accept(before, of_a("hub: {}\n", before, main))
    assert names(after) == []


def test_a_file_that_is_no_longer_included_is_not_kept() -> None:
    """Taking an include away takes its credentials out of the mapping."""
    before = accepted()
    assert names(accept(before, read({"m.yaml": mapping(HUB, stores=STORES)}, before))) == ["hub"]


@pytest.mark.parametrize(
    ("settings", "words", "broken"),
    [
        (f"include: [{FOR_A}, {FOR_A}]\n", "include[1].configMap: is included twice", True),
        (
            f"include: [{FOR_B.replace('platform', 'platfrom')}]\n",
            "include[0].secrets.platfrom: names no store of this mapping; did you mean platform?",
            False,
        ),
    ],
)
def test_mistakes_in_include_itself(settings: str, words: str, broken: bool) -> None:
    """A ConfigMap included twice is no mapping; a store that is not there costs only that include."""
    reading = read({"m.yaml": mapping(HUB, stores=STORES, settings=settings)})
    assert words in str(said(reading))
    assert (reading.document is None) == broken


def test_a_rename_within_a_file_is_its_own() -> None:
    """An included file renames what it had itself, and goes on saying so; never what another one had."""
    before = accepted()
    renamed = RIGHT.replace("models:", "new:").replace("to:", "renamedFrom: models\n  to:")
    after = accept(before, of_a(renamed, before))
    assert names(after) == ["hub", "new"]
    assert said(of_a(renamed, after)) == []
    other = included(team_a=credentials(""), team_b=credentials(renamed.replace("team-a", "team-b")))
    reading = read({"m.yaml": MAIN}, before, other)
    assert "renamedFrom: names no credential that team-b/credentials had" in str(said(reading))
    main = mapping("", stores=STORES, settings=f"include: [{FOR_A}, {FOR_B}]\n")
    taking = of_a(renamed.replace("renamedFrom: models", "renamedFrom: hub"), before, main)
    assert "renamedFrom: names no credential that team-a/credentials had" in str(said(taking))
    unknown = of_a(renamed.replace("renamedFrom: models", "renamedFrom: older"), before)
    assert "renamedFrom: names no credential that team-a/credentials had" in str(said(unknown))


def manifest(namespace: str | None, text: str) -> str:
    """Return the manifest of a ConfigMap called `credentials`."""
    place = "" if namespace is None else f", namespace: {namespace}"
    body = textwrap.indent(text, "    ")
    return (
        f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: credentials{place}}}\ndata:\n  c.yaml: |\n{body}"
    )


@pytest.mark.parametrize("namespace", ["team-a", None])
def test_a_manifest_among_the_files_is_the_include(namespace: str | None) -> None:
    """With files, an included ConfigMap is found among their manifests, and is no part of the mapping."""
    files = {"a.yaml": manifest(namespace, credentials(RIGHT)), "m.yaml": MAIN}
    reading = read(files)
    assert [problem.include for problem in reading.problems] == [TEAM_B]
    assert "include not checked: no manifest of it is among these files" in str(said(reading))
    assert reading.document is not None
    assert {one.include for one in reading.document.credentials.values()} == {None, TEAM_A}
    assert to_look_for(files) == (TEAM_B,)


def test_a_manifest_of_another_namespace_is_another() -> None:
    """A ConfigMap of the same name elsewhere is not the included one."""
    files = {"a.yaml": manifest("team-c", credentials(RIGHT)), "m.yaml": MAIN}
    assert to_look_for(files) == (TEAM_A, TEAM_B)


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        HEADER,
        HEADER + "# include\n",
        HEADER + "include: x\n",
        HEADER + "include: [{configMap: ../../x}, {configMap: }]\n",
    ],
)
def test_nothing_is_looked_for_by_a_name_that_is_none(text: str) -> None:
    """Whatever the mapping's text is, only names of ConfigMaps are looked for."""
    assert to_look_for({"m.yaml": text}) == ()

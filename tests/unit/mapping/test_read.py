"""What of a mapping is accepted, and what is said about the rest."""

from __future__ import annotations

import pytest

from syncd.mapping.read import read
from syncd.model.names import CredentialId
from tests.unit.mapping.texts import HEADER, HUB, STORE, document, mapping, reading, said

BAD = "bad: {from: {store: platform, secret: kv/bad}, huggingFaze: {}, to: [{namespaces: [nlp]}]}"


def test_a_good_mapping_is_accepted_whole() -> None:
    """Stores, settings and credentials of a mapping without mistakes are all there."""
    text = mapping(HUB, settings="mode: observe\ntrustedNamespaceLabels: [team, acme.io/*]\n")
    accepted = document(read({"m.yaml": text}))
    assert accepted.mode == "observe"
    assert accepted.trusted_labels == ("team", "acme.io/*")
    assert list(accepted.credentials) == ["hub"]
    (store,) = accepted.stores.values()
    assert (store.name, store.type, str(store.origin)) == (
        "platform",
        "vault",
        "m.yaml:5:10: stores.platform",
    )
    assert (store.requests.timeout, store.requests.concurrency, store.requests.per_second) == (10, 8, 50)


def test_a_bad_credential_is_refused_alone() -> None:
    """A mistake in one credential leaves its neighbours accepted."""
    result = reading(f"{BAD}\n{HUB}")
    assert said(result) == [
        "m.yaml:5:50: credentials.bad.huggingFaze: unknown field; did you mean huggingFace?"
    ]
    assert result.document is not None
    assert list(result.document.credentials) == ["hub"]
    assert list(result.refused) == ["bad"]
    assert result.problems[0].credential == CredentialId("bad")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: b: c", "m.yaml:1:5: is no YAML"),
        ("- a", "m.yaml:1:1: must be a map of fields"),
        ("", "m.yaml:1:1: no mapping: nothing here has apiVersion: syncd.dev/v1alpha1"),
        ("kind: Mapping", "m.yaml:1:1: apiVersion: is required; this release reads syncd.dev/v1alpha1"),
        (
            "apiVersion: syncd.dev/v2\nkind: Mapping",
            "m.yaml:1:13: apiVersion: is another; this release reads",
        ),
        ("apiVersion: syncd.dev/v1alpha1\nkind: Maping", "m.yaml:2:7: kind: is another; this release reads"),
        (
            HEADER + "mode: enforced",
            "m.yaml:3:7: mode: must be 'enforce', 'observe' or 'paused'; did you mean",
        ),
        (HEADER + "modes: a", "m.yaml:3:1: modes: unknown field; did you mean mode?"),
        (
            HEADER + "metadata: a",
            "m.yaml:3:1: metadata: unknown field; there are: apiVersion, kind, defaults",
        ),
        (HEADER + "storageConfigOwner: odh", "storageConfigOwner: odh comes with a later release"),
        (HEADER + "stores: [a]", "m.yaml:3:9: stores: must be a map: name → what it is"),
        (HEADER + "stores: {a: b}", "m.yaml:3:13: stores.a: must be a map of fields"),
        (HEADER + "stores: {a: }", "m.yaml:3:13: stores.a: has no value"),
        (HEADER + "stores: {a: {}}", "stores.a: must have exactly one type, and has none; types: vault, aws"),
        (HEADER + "stores: {A_: {file: {directory: /x}}}", "m.yaml:3:10: stores.A_: must be a DNS label"),
        (
            HEADER + "stores: {a: {file: {directory: /x}, kubernetes: {namespaces: [a]}}}",
            "must have exactly one type, and has kubernetes and file",
        ),
        (HEADER + "stores: {a: {file: }}", "stores.a.file.directory: is required"),
        (
            HEADER + "stores: {a: {vault: {adress: x}}}",
            "stores.a.vault.adress: unknown field; did you mean address?",
        ),
        (HEADER + "stores: {a: {auth: {}, vault: {}}}", "stores.a.auth: unknown field"),
        (HEADER + "stores: {a: {requests: {timeout: 0s}}}", "requests.timeout: must be at least 1s"),
        (HEADER + "stores: {a: {requests: {concurrency: x}}}", "concurrency: must be a whole number"),
        (HEADER + "stores: {a: {requests: {concurrency: 0}}}", "concurrency: must be at least 1"),
        (HEADER + "stores: {a: {requests: {concurrency: 257}}}", "concurrency: must be at most 256"),
        (HEADER + "stores: {a: {requests: {perSecond: 0}}}", "perSecond: must be more than 0"),
        (HEADER + "stores: {a: {requests: {perSecond: x}}}", "perSecond: must be a number"),
        (HEADER + "stores: {a: {allowedSecrets: kv/*}}", "allowedSecrets: must be a list"),
        (HEADER + "stores: {a: {allowedSecrets: ['']}}", "allowedSecrets[0]: must not be empty"),
        (
            HEADER + "stores: {a: {allowedSecrets: [kv/../*]}}",
            "must not have `..`: no such path is ever read",
        ),
        (
            HEADER + "stores: {a: {file: {directory: /x}, file: {directory: /y}}}",
            "stores.a.file: stands here twice",
        ),
        (HEADER + "limits: {removals: lots}", "m.yaml:3:20: limits.removals: must have the form"),
        (HEADER + "defaults: {schedule: {interval: 5}}", "must be a duration such as 30s"),
        (HEADER + "defaults: {schedule: {}}", "defaults.schedule: give either interval or cron"),
        (
            HEADER + "trustedNamespaceLabels: ['*']",
            "trustedNamespaceLabels[0]: is no label or annotation key",
        ),
        (
            HEADER + "trustedNamespaceLabels: ['UPPER/*']",
            "trustedNamespaceLabels[0]: is no label or annotation",
        ),
        (HEADER + "include: [{configMap: x}]", "include[0].configMap: must have the form"),
        (
            HEADER + "mode: enforce\nmode: paused",
            "m.yaml:4:1: mode: stands here twice; the first is at m.yaml:3:1",
        ),
        (HEADER + "credentials: [a]", "m.yaml:3:14: credentials: must be a map: name → what it is"),
        (HEADER + "---\n" + HEADER, "m.yaml:4:1: is a second document, and a mapping is one document"),
    ],
)
def test_a_broken_document_is_not_accepted_at_all(text: str, words: str) -> None:
    """What is wrong outside of credentials means that nothing is accepted, and has its place."""
    result = read({"m.yaml": text})
    assert result.document is None
    assert any(words in line for line in said(result)), said(result)


def test_a_broken_document_still_tells_every_credential_s_mistakes() -> None:
    """A mistake at the top hides none below."""
    result = reading(BAD, settings="mode: off\n")
    assert result.document is None
    assert [problem.origin.path for problem in result.problems] == ["mode", "credentials.bad.huggingFaze"]
    assert list(result.refused) == ["bad"]


def test_a_broken_store_is_no_missing_store() -> None:
    """A credential of a store that is wrong is not told that there is no such store."""
    result = reading(HUB, stores="stores: {platform: {vault: {}}}\n")
    assert {problem.origin.path for problem in result.problems} == {
        "stores.platform.vault.address",
        "stores.platform.vault.auth",
    }


def test_an_unreadable_file_makes_no_store_missing() -> None:
    """When a file cannot be read, nothing is said about stores that may be in it."""
    result = read({"stores.yaml": "a: b: c", "credentials.yaml": mapping(HUB, stores="")})
    assert said(result) == ["stores.yaml:1:5: is no YAML: mapping values are not allowed in this context"]
    assert result.document is None


def test_settings_that_cannot_be_read_make_no_label_untrusted() -> None:
    """When the settings are wrong, nothing is said about labels that they may list."""
    result = reading(
        "hub: {from: {store: platform, secret: kv/hf}, huggingFace: {},"
        " to: [{namespaceSelector: {matchLabels: {team: a}}}]}",
        settings="trustedNamespaceLabels: [team]\nmode: off\n",
    )
    assert [problem.origin.path for problem in result.problems] == ["mode"]


def test_settings_without_a_value_are_left_out() -> None:
    """`defaults:` with nothing below it is as if it were not there."""
    text = HEADER + "defaults:\nmode:\nstores:\ncredentials:\nx-anything: {a: [b]}\n"
    assert document(read({"m.yaml": text})).mode == "enforce"


def test_a_name_that_is_no_dns_label_is_refused() -> None:
    """Names of credentials appear in URLs and annotations, so they are DNS labels."""
    result = reading(
        "Hub_1: {from: {store: platform, secret: a}, huggingFace: {}, to: [{namespaces: [nlp]}]}"
    )
    assert said(result) == [
        "m.yaml:5:3: credentials.Hub_1: must be a DNS label: lower-case letters, digits and '-', at most 63"
    ]


def test_a_field_in_the_wrong_place_is_told_where_it_belongs() -> None:
    """A field that exists elsewhere in the same credential is answered with that place."""
    result = reading("""
        a: {from: {store: platform, secret: a}, huggingFace: {}, to: [{namespaces: [n]}], clientSecret: {}}
        b: {from: {store: platform, secret: a}, huggingFace: {serviceAccounts: [x]}, to: [{namespaces: [n]}]}
        c: {from: {store: platform, secret: a}, huggingFace: {}, to: [{namespaces: [n], suspend: true}]}
        d: {from: {store: platform, secret: a}, huggingFace: {}, to: [{namespaces: [n], zzz: true}]}
        e: {from: {store: platform, secret: a}, huggingFace: {}, to: [{namespaces: [n]}], property: x}
        """)
    hints = [problem.hint for problem in result.problems]
    assert hints[:3] == [
        "clientSecret belongs to azure.servicePrincipal",
        "serviceAccounts belongs to to",
        "suspend belongs to the credential itself",
    ]
    assert hints[3].startswith("there are: namespaces, namespaceSelector")
    assert hints[4] == ""


def test_everything_wrong_with_a_credential_is_said_at_once() -> None:
    """A wrong field does not hide that the store or the path is wrong too."""
    result = reading(
        "a: {from: {store: platfrom, secret: kv/../x}, huggingFaze: {}, to: [{namespaces: [n]}]}"
    )
    assert [problem.origin.path for problem in result.problems] == [
        "credentials.a.from.store",
        "credentials.a.from.secret",
        "credentials.a.huggingFaze",
    ]
    assert result.problems[0].hint == "did you mean platform?"


def test_a_credential_without_a_value_is_refused() -> None:
    """A name with nothing below it is said to be empty."""
    assert said(reading("a:\nb: [x]\nc: {from: x}")) == [
        "m.yaml:5:5: credentials.a: has no value",
        "m.yaml:6:6: credentials.b: must be a map of fields",
        "m.yaml:7:6: credentials.c.to: is required",
        "m.yaml:7:13: credentials.c.from: must be a map of fields",
    ]


@pytest.mark.parametrize(
    ("written", "seconds"), [("", 600.0), (", settle: 5m", 300.0), (", settle: 0s", 0.0)]
)
def test_how_long_a_pair_may_be_half_rotated(written: str, seconds: float) -> None:
    """Ten minutes, unless the credential says otherwise; nothing is warned about."""
    result = read({"m.yaml": mapping(HUB.replace("kv/hf", f"kv/hf{written}"))})
    assert said(result) == []
    assert result.document is not None
    assert [credential.settle for credential in result.document.credentials.values()] == [seconds]


@pytest.mark.parametrize(
    ("written", "seconds"), [("", 14 * 86400.0), ("defaults: {expiryWarning: 7d}\n", 7 * 86400.0)]
)
def test_how_long_before_its_expiry_a_secret_is_warned_about(written: str, seconds: float) -> None:
    """Fourteen days, unless the mapping says otherwise; nothing is warned about."""
    result = read({"m.yaml": mapping(HUB, settings=written)})
    assert said(result) == []
    assert result.document is not None
    assert result.document.expiry_warning == seconds


@pytest.mark.parametrize(
    ("text", "owned", "removals", "reshapes"),
    [
        ("", 200, 20, 40),
        ("", 20, 5, 5),
        ("limits: {removals: 3, reshapes: 100%}\n", 200, 3, 200),
        ("limits: {removals: 0}\n", 1000, 0, 200),
    ],
)
def test_limits_are_shares_of_what_is_ours_or_numbers(
    text: str, owned: int, removals: int, reshapes: int
) -> None:
    """A share is never under five things; a number counts as it is written."""
    document = read({"m.yaml": mapping(HUB, settings=text)}).document
    assert document is not None
    limits = document.limits
    assert (limits.removals.of(owned), limits.reshapes.of(owned)) == (removals, reshapes)


def test_limits_are_said_as_they_are_written() -> None:
    """Whoever reads of a limit finds it in the mapping."""
    document = read({"m.yaml": mapping(HUB, settings="limits: {removals: 7%, reshapes: 12}\n")}).document
    assert document is not None
    assert (str(document.limits.removals), str(document.limits.reshapes)) == ("7%", "12")


def test_problems_come_in_the_order_of_the_files() -> None:
    """Whoever works through the list goes through each file once, from top to bottom."""
    second = mapping(f"{HUB}\nlast: {{}}", settings="mode: off\n")
    first = mapping("zzz: {}\naaa: {}", stores="")
    result = read({"b.yaml": first, "a.yaml": second})
    places = [(problem.origin.file, problem.origin.line) for problem in result.problems]
    assert places == [("b.yaml", 4), ("b.yaml", 5), ("a.yaml", 3), ("a.yaml", 7)]


def test_store_only_mapping_is_fine() -> None:
    """A mapping without credentials wants nothing, and is right."""
    assert document(read({"m.yaml": HEADER + STORE})).credentials == {}


def test_no_files_are_no_mapping() -> None:
    """A ConfigMap without any file is said to have no mapping."""
    assert said(read({}))[0].startswith("mapping:1:1: no mapping")

"""What syncd check prints of versions, ages and what many secrets share."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from syncd.cli.check_report import show
from syncd.cli.checked import Checked
from syncd.mapping.settings import StoreSettings
from syncd.model.errors import AccessDenied, StoreUnavailable
from syncd.model.names import CredentialId, Origin
from syncd.model.reasons import Reason
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.file.settings import FileSettings
from syncd.stores.interface import Finding
from syncd.sync.look import Seen
from syncd.sync.verdicts import Use, Verdict
from tests.unit.cli.test_console import Terminal
from tests.unit.sync.builders import ORIGIN, remote

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from syncd.stores.interface import Fetched

NOW = datetime(2026, 3, 1, tzinfo=UTC)
WARNING = timedelta(days=14).total_seconds()
STORE = StoreName("aws")
LONG = "7f8c1d2e-0000-4000-8000-123456789abc"


def ref(name: str, version: str | None = None) -> SecretRef:
    """Name a secret."""
    return SecretRef(STORE, name, version)


def verdict(name: str = "hub", **changes: Any) -> Verdict:
    """A verdict on a secret that is well."""
    use = Use(CredentialId(name), ("nlp",), suspended=False, optional=False, origin=ORIGIN)
    return Verdict(ref(name), (use,), rendered=frozenset({use.credential}), **changes)


def checked(
    *verdicts: Verdict, findings: tuple[Finding, ...] = (), fetched: dict[SecretRef, Fetched] | None = None
) -> Checked:
    """What was found, in one store."""
    settings = StoreSettings(
        STORE,
        "file",
        FileSettings.model_validate({"directory": "/etc/credentials"}),
        origin=Origin("m.yaml", 4, 3, "stores.aws"),
    )
    return Checked(
        {STORE: settings}, {STORE: Seen(findings, fetched or {}, {})}, verdicts, (), "", NOW, WARNING
    )


def printed(found: Checked, capsys: pytest.CaptureFixture[str], output: Any = None) -> list[str]:
    """The lines that are printed."""
    show(found, output, ())
    return capsys.readouterr().out.splitlines()


def row(lines: Sequence[str], word: str) -> list[str]:
    """The cells of the first line that has this word."""
    return next(line.split() for line in lines if word in line.split())


def test_versions_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a long version the table shows the beginning, of a resource's name the last part; wide shows all."""
    google = "projects/1/secrets/hub/versions/12"
    found = checked(verdict("long", version=LONG), verdict("google", version=google), verdict("none"))
    lines = printed(found, capsys)
    assert row(lines, "google")[3] == "12"
    assert row(lines, "long")[3] == "7f8c1d2e…"
    assert row(lines, "none")[3] == "-"
    wide = printed(found, capsys, "wide")
    assert row(wide, "long")[3] == LONG
    assert row(wide, "google")[3] == google


def test_a_pinned_version(capsys: pytest.CaptureFixture[str]) -> None:
    """A version that the mapping pins stands with the name of the secret."""
    lines = printed(checked(Verdict(ref("hub", "7"), (), version="7")), capsys)
    assert row(lines, "hub@7")[3] == "7"


def test_ages_and_expiry(capsys: pytest.CaptureFixture[str]) -> None:
    """How old a version is, and when it expires; the column is there when one does."""
    young = verdict("young", created=NOW - timedelta(hours=5), expires=NOW + timedelta(days=9))
    gone = verdict("gone", created=NOW - timedelta(days=80), expires=NOW - timedelta(hours=3))
    lines = printed(checked(young, gone, verdict("plain")), capsys)
    assert row(lines, "young")[4:7] == ["5h", "in", "9d"]
    assert row(lines, "gone")[4:7] == ["80d", "3h", "ago"]
    assert row(lines, "plain")[4:6] == ["-", "-"]
    assert "EXPIRES" not in "".join(printed(checked(verdict()), capsys))
    assert "EXPIRES" in "".join(printed(checked(verdict()), capsys, "wide"))


def test_what_expires_soon(capsys: pytest.CaptureFixture[str]) -> None:
    """What expires within the time of the warning is told, what lasts longer or for ever is not."""
    soon, late = (
        verdict("soon", expires=NOW + timedelta(days=9)),
        verdict("late", expires=NOW + timedelta(days=20)),
    )
    lines = printed(checked(soon, late, verdict("ever")), capsys)
    assert lines[lines.index("Expires soon:") + 1 :][:2] == ["  aws:soon: in 9d", ""]
    assert "Expires soon:" not in printed(checked(late), capsys)


def test_what_many_secrets_share(capsys: pytest.CaptureFixture[str]) -> None:
    """An answer that a store gave for many secrets is told once, with the first of their names."""
    unread = [verdict(f"s{n}", reason=Reason.RATE_LIMITED, message="slow down") for n in range(5)]
    lines = printed(checked(*unread), capsys)
    assert "  aws:s0, aws:s1, aws:s2 and 2 more: RateLimited" in lines
    assert sum("slow down" in line for line in lines) == 1


def test_a_store_that_finds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A store without a check is known by its secrets: well, down, or not asked at all."""
    assert row(printed(checked(fetched={ref("hub"): remote("{}")}), capsys), "aws")[1:3] == ["ok", "read"]
    assert row(printed(checked(), capsys), "aws")[1] == "-"
    lines = printed(checked(fetched={ref("hub"): StoreUnavailable("no such folder")}), capsys)
    assert row(lines, "aws")[1] == "StoreUnavailable"
    assert "  store aws: StoreUnavailable" in lines
    assert "      no such folder" in lines
    assert "      m.yaml:4:3: stores.aws" in lines


def test_a_login_that_fails(capsys: pytest.CaptureFixture[str]) -> None:
    """A store that answers and does not let us in has a row for each, and is not well."""
    denied = AccessDenied("store aws: it takes sts:AssumeRole on arn:x")
    lines = printed(
        checked(findings=(Finding("reachable", "v1"), Finding("authenticated", "", denied))), capsys
    )
    assert [line.split()[1:3] for line in lines if line.startswith("aws ")] == [
        ["ok", "reachable"],
        ["AccessDenied", "authenticated"],
    ]
    assert "      it takes sts:AssumeRole on arn:x" in lines
    assert lines[-1] == "Check: 1 store (1 not well), 0 secrets"


def test_on_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No status is broken, and long messages go on under their beginning."""
    message = "denied; " + "it takes a policy with read on kv/data/other/hf, " * 4
    monkeypatch.setattr(sys, "stdout", terminal := Terminal())
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    show(checked(verdict("a/long/path/" * 4, reason=Reason.ACCESS_DENIED, message=message)), None, ())
    lines = terminal.getvalue().splitlines()
    assert any("AccessDenied" in line.split() for line in lines)
    below = lines[next(i for i, line in enumerate(lines) if "denied; it takes" in line) :][:3]
    assert all(line.startswith("      ") and len(line.rstrip()) <= 80 for line in below)

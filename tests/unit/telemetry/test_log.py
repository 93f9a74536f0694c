"""Log lines: their form, and what never stands in them."""

from __future__ import annotations

import io
import json
import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

import pytest

from syncd.model.errors import UsageError
from syncd.telemetry import log

if TYPE_CHECKING:
    from collections.abc import Iterator

CANARY = "c4n4ry-value"


class Output:
    """What was logged, line by line."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        """Everything that was written."""
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        """Every line, read as JSON."""
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def output() -> Iterator[Output]:
    """Return where lines go; logging and the hooks are as before afterwards."""
    root = logging.getLogger()
    loggers = [root, *(logging.getLogger(name) for name in (log.NAME, *log.SDK_LOGGERS))]
    before = [(item, item.level) for item in loggers]
    handlers, hooks = root.handlers[:], (sys.excepthook, sys.unraisablehook, threading.excepthook)
    raising = logging.raiseExceptions
    yield Output()
    root.handlers[:] = handlers
    sys.excepthook, sys.unraisablehook, threading.excepthook = hooks
    logging.raiseExceptions = raising
    for item, level in before:
        item.setLevel(level)


def fail_with(text: str) -> None:
    """Raise somebody else's error, caused by another one, with the text in both and in a local variable."""
    local = text
    try:
        os.environ[local]
    except KeyError as error:
        raise ValueError(local) from error


def test_a_stream_that_is_no_terminal_gets_json(output: Output) -> None:
    """Where nobody reads along, each line is one JSON object with time, level, words and fields."""
    log.configure(stream=output.stream)
    log.logger().info("rotated", credential="models-s3", changed=["a", "b"])
    (line,) = output.lines
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "rotated", "level": "info", "credential": "models-s3", "changed": ["a", "b"]}


def test_a_terminal_gets_text(output: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal each line is text, without colours if NO_COLOR is set."""
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(output.stream, "isatty", lambda: True)
    log.configure(stream=output.stream)
    log.logger().info("rotated", credential="models-s3")
    assert "rotated" in output.text
    assert "credential=models-s3" in output.text
    assert "\x1b" not in output.text


def test_the_level_decides_what_is_written(output: Output) -> None:
    """Lines below the configured level are left out."""
    log.configure(level="warning", stream=output.stream)
    log.logger().info("quiet")
    log.logger().warning("loud")
    assert [line["event"] for line in output.lines] == ["loud"]


def test_configuring_again_replaces_the_first(output: Output) -> None:
    """After a second configuration each line is written once, where the second one says."""
    other = Output()
    log.configure(stream=other.stream)
    log.configure(stream=output.stream)
    log.logger().info("once")
    assert other.text == ""
    assert len(output.lines) == 1


@pytest.mark.parametrize("name", log.SDK_LOGGERS)
def test_sdks_are_silent_below_warning_at_debug_too(name: str, output: Output) -> None:
    """With our level at debug no SDK logger writes below WARNING, not even one that lowered its own level."""
    log.configure(level="debug", stream=output.stream)
    child = logging.getLogger(f"{name}.wire.{name}")
    child.setLevel(logging.DEBUG)
    for logger in (logging.getLogger(name), child):
        logger.debug("token %s", CANARY)
        logger.info("header %s", CANARY, extra={"body": CANARY})
    assert output.text == ""


def test_foreign_warnings_keep_their_words_and_lose_their_arguments(output: Output) -> None:
    """A warning of an SDK is told by its template; arguments, extras, exception texts and locals are not."""
    log.configure(level="debug", stream=output.stream)
    logger = logging.getLogger("urllib3.connectionpool")
    try:
        fail_with(CANARY)
    except ValueError:
        logger.warning("retrying after %r", CANARY, extra={"body": CANARY}, exc_info=True)
    (line,) = output.lines
    assert bool(CANARY not in output.text)
    assert line["event"] == "retrying after %r"
    assert line["logger"] == "urllib3.connectionpool"
    assert line["error"] == "ValueError"
    assert "KeyError" in line["exception"]


def test_a_foreign_exception_as_message_is_told_by_its_class(output: Output) -> None:
    """A logger that is given an exception for a message writes the name of its class."""
    log.configure(stream=output.stream)
    logging.getLogger("google.auth").warning(ValueError(CANARY))
    assert [line["event"] for line in output.lines] == ["ValueError"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_our_own_lines_tell_exceptions_without_texts_and_locals(form: log.Form, output: Output) -> None:
    """An exception that is logged by us shows classes and places, in either form."""
    log.configure(form=form, stream=output.stream)
    try:
        fail_with(CANARY)
    except ValueError:
        log.logger().exception("failed")
    assert bool(CANARY not in output.text)
    assert "fail_with" in output.text
    assert "ValueError" in output.text


def test_our_own_errors_keep_their_texts(output: Output) -> None:
    """The text of a SyncdError is made for users, so it stays."""
    log.configure(stream=output.stream)
    log.logger().error("failed", exc_info=UsageError("no such file: mapping.yaml"))
    assert output.lines[0]["error"] == "UsageError: no such file: mapping.yaml"


def test_what_json_does_not_know_is_told_by_its_class(output: Output) -> None:
    """A field of a strange type shows the name of the type, since its repr might hold anything."""
    log.configure(stream=output.stream)
    log.logger().info("odd", field=ValueError(CANARY))
    assert output.lines[0]["field"] == "ValueError"


def test_a_line_that_cannot_be_formatted_prints_no_arguments(
    output: Output, capsys: pytest.CaptureFixture[str]
) -> None:
    """A closed stream makes no complaint with the record's arguments in it."""
    log.configure(stream=output.stream)
    output.stream.close()
    logging.getLogger("azure").warning("token %s", CANARY)
    assert capsys.readouterr() == ("", "")


def test_an_uncaught_exception_is_logged_without_values(output: Output) -> None:
    """What ends the process is one critical line; Ctrl-C is none."""
    log.configure(stream=output.stream)
    error = ValueError(CANARY)
    sys.excepthook(ValueError, error, None)
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    (line,) = output.lines
    assert (line["level"], line["event"], line["error"]) == ("critical", "unexpected error", "ValueError")
    assert bool(CANARY not in output.text)


def test_a_dead_thread_is_logged_without_values(output: Output) -> None:
    """What ends a thread is one critical line with the thread's name; SystemExit is none."""
    log.configure(stream=output.stream)
    for target, args in ((fail_with, (CANARY,)), (sys.exit, ())):
        thread = threading.Thread(target=target, args=args, name="store-1")
        thread.start()
        thread.join(10)
    (line,) = output.lines
    assert (line["event"], line["thread"], line["error"]) == ("thread died", "store-1", "ValueError")
    assert bool(CANARY not in output.text)


def test_an_unraisable_exception_is_logged_without_values(output: Output) -> None:
    """What fails in `__del__` is one line, not a traceback with its text on the terminal."""
    log.configure(stream=output.stream)

    class Fails:
        def __del__(self) -> None:
            raise ValueError(CANARY)

    Fails().__class__  # noqa: B018 made and collected here
    assert [line["error"] for line in output.lines] == ["ValueError"]
    assert bool(CANARY not in output.text)

"""Log lines: JSON for machines, aligned text on a terminal. No value, no local variable, no foreign text."""

from __future__ import annotations

import logging
import os
import sys
import threading
from typing import TYPE_CHECKING, Any, Final, Literal

import structlog
from structlog.processors import JSONRenderer, TimeStamper
from structlog.stdlib import BoundLogger, ProcessorFormatter

from syncd.telemetry import failure

if TYPE_CHECKING:
    from types import TracebackType
    from typing import TextIO

    from structlog.typing import EventDict, Processor

Level = Literal["debug", "info", "warning", "error"]
Form = Literal["json", "console"]

NAME: Final = "syncd"
"""Name of our own logger; everything under it is ours, everything else is foreign."""

SDK_LOGGERS: Final = (
    "apscheduler",
    "azure",
    "boto3",
    "botocore",
    "google",
    "hvac",
    "kubernetes",
    "msal",
    "requests",
    "urllib3",
)
"""Loggers that print secrets, tokens, or names and paths below WARNING (tried with planted values)."""

SILENT_LOGGERS: Final = ("azure.identity", "msal")
"""Loggers that put what a server said into their warnings; what went wrong is an error of the store."""


def configure(*, level: Level = "info", form: Form | None = None, stream: TextIO | None = None) -> None:
    """Send every log line of this process to one stream; a second call replaces the first.

    Args:
        level: the least that our own lines must be; foreign ones must be warnings, at any level of ours.
        form: `json`, or `console` for people; by default `console` if the stream is a terminal.
        stream: standard error by default.

    """
    out = stream or sys.stderr
    form = form or ("console" if out.isatty() else "json")
    handler = logging.StreamHandler(out)
    handler.setFormatter(_formatter(form, colors=out.isatty() and "NO_COLOR" not in os.environ))
    handler.addFilter(_no_foreign_detail)
    root = logging.getLogger()
    for old in [item for item in root.handlers if isinstance(item.formatter, _Formatter)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger(NAME).setLevel(level.upper())
    for name in SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in SILENT_LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    # When a line cannot be formatted, logging would print its arguments.
    logging.raiseExceptions = False
    sys.excepthook = _log_uncaught
    sys.unraisablehook = _log_unraisable
    threading.excepthook = _log_dead_thread


def logger() -> BoundLogger:
    """Return our logger: `logger().info("words for people", name=value, …)`."""
    wrapped: BoundLogger = structlog.wrap_logger(
        logging.getLogger(NAME),
        processors=[
            structlog.stdlib.filter_by_level,
            *_COMMON,
            ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=BoundLogger,
    )
    return wrapped


class _Formatter(ProcessorFormatter):
    """Renders our lines and foreign ones alike; its type also marks the handler that is ours."""

    def format(self, record: logging.LogRecord) -> str:
        """Render one record; a foreign message that is no text (an exception) is told by its class."""
        if not isinstance(record.msg, str | dict):
            record = logging.makeLogRecord(record.__dict__)
            record.msg = type(record.msg).__qualname__
        return super().format(record)


def _formatter(form: Form, *, colors: bool) -> _Formatter:
    """Build the formatter: foreign lines keep their template and lose their arguments and extras."""
    render: Processor = (
        JSONRenderer(default=_name_of_type, ensure_ascii=False)
        if form == "json"
        # exception_formatter: the default prints local variables as soon as rich is installed.
        else structlog.dev.ConsoleRenderer(
            colors=colors, exception_formatter=structlog.dev.plain_traceback, sort_keys=False
        )
    )
    return _Formatter(
        processors=[ProcessorFormatter.remove_processors_meta, render],
        foreign_pre_chain=[structlog.stdlib.add_logger_name, *_COMMON],
        use_get_message=False,
    )


def _tell_exception(_logger: object, _method: str, line: EventDict) -> EventDict:
    """Replace `exc_info` by class names and places; texts and locals stay where they are."""
    error = failure.exc_info(line.pop("exc_info", None))
    line.pop("stack_info", None)
    if error is not None:
        line["error"] = failure.describe(error)
        line["exception"] = failure.trace(error)
    return line


_COMMON: Final[tuple[Any, ...]] = (
    structlog.stdlib.add_log_level,
    TimeStamper(fmt="iso", utc=True),
    _tell_exception,
)


def _no_foreign_detail(record: logging.LogRecord) -> bool:
    """Keep foreign lines below WARNING out, even where an SDK has lowered the level of its own logger."""
    ours = record.name == NAME or record.name.startswith(NAME + ".")
    return ours or record.levelno >= logging.WARNING


def _name_of_type(value: object) -> str:
    """Stand for what JSON does not know: its repr might be long, or secret."""
    return type(value).__qualname__


def _log_uncaught(kind: type[BaseException], error: BaseException, place: TracebackType | None) -> None:
    """Log what ended the process; Ctrl-C is no failure."""
    if issubclass(kind, KeyboardInterrupt):
        return
    logger().critical("unexpected error", exc_info=(kind, error, place))


def _log_dead_thread(args: threading.ExceptHookArgs) -> None:
    """Log what ended a thread; leaving one by SystemExit is no failure."""
    if args.exc_value is None or issubclass(args.exc_type, SystemExit):
        return
    name = args.thread.name if args.thread else "unknown"
    logger().critical("thread died", thread=name, exc_info=args.exc_value)


def _log_unraisable(args: sys.UnraisableHookArgs) -> None:
    """Log an exception that had nowhere to go (in `__del__`, while an object is collected)."""
    logger().error("error while cleaning up", exc_info=args.exc_value)

"""Values that nothing but a Secret may show, and a search for them in any form that they could take."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import sys
import threading
import time
import traceback
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

import syncd
from syncd.model.errors import SyncdError
from syncd.model.names import ObjectRef
from syncd.telemetry.emitter import Emitter
from syncd.telemetry.events import EventListener
from syncd.telemetry.lines import LogListener
from syncd.telemetry.log import SDK_LOGGERS, configure, logger
from syncd.telemetry.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType, TracebackType

    from syncd.model.events import Emit
    from tests.harness.apiserver import ControlPlane
    from tests.harness.kube_client import Object

OURS: Final = str(Path(syncd.__file__).parent)
_SHORTEST: Final = 12


class Canaries:
    """The planted values by name. No method returns or prints one, but ``plant``."""

    def __init__(self) -> None:
        """Plants nothing yet."""
        self._forms: dict[str, dict[str, str]] = {}

    def plant(self, name: str, *, text: str | None = None) -> str:
        """A new value (or ``text``) that is searched for from now on under this name."""
        value = text or f"Canary{uuid.uuid4().hex}"
        self._forms[name] = _forms(value)
        return value

    def __len__(self) -> int:
        return len(self._forms)

    def sightings(self, texts: Mapping[str, str]) -> list[str]:
        """``name as form in place`` for each value that one of the texts (place → text) shows."""
        return [
            f"{name} as {form} in {place}"
            for place, text in texts.items()
            for name, forms in self._forms.items()
            for form, needle in forms.items()
            if needle in text
        ]


def _forms(value: str) -> dict[str, str]:
    raw = value.encode()
    forms = {
        "text": value,
        "json": json.dumps(value)[1:-1],
        "url": quote(value, safe=""),
        "hex": raw.hex(),
        "HEX": raw.hex().upper(),
        "bytes": ", ".join(str(byte) for byte in raw),
        "reversed": value[::-1],
    }
    for shift in range(3):
        # Where it begins inside a longer text decides what its base64 is; the ends depend on the neighbours.
        whole = base64.b64encode(b"\0" * shift + raw).decode()
        inner = whole[4 if shift else 0 : -4]
        forms[f"base64+{shift}"] = inner
        forms[f"base64+{shift} twice"] = base64.b64encode(inner[: len(inner) // 3 * 3].encode()).decode()[:-4]
    for algorithm in ("md5", "sha1", "sha256", "sha512", "blake2b"):
        forms[algorithm] = hashlib.new(algorithm, raw).hexdigest()
    assert min(map(len, forms.values())) >= _SHORTEST
    return forms


@dataclass(slots=True)
class Watch:
    """Everything that syncd tells the world: the log at debug level, metrics, Events, exceptions."""

    plane: ControlPlane
    log: StringIO = field(default_factory=StringIO)
    metrics: Metrics = field(default_factory=lambda: Metrics(time.time))
    notes: list[Object] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    emitter: Emitter = field(init=False)

    def __post_init__(self) -> None:
        now = time.time
        events = EventListener(self._post, now, instance="tests", mapping=ObjectRef("default", "syncd"))
        listeners: dict[str, Emit] = {
            "metrics": self.metrics,
            "log": LogListener(logger(), now),
            "events": events,
        }
        self.emitter = Emitter(listeners)

    def _post(self, namespace: str, body: Mapping[str, Any]) -> None:
        path = f"/apis/events.k8s.io/v1/namespaces/{namespace}/events"
        self.notes.append(self.plane.admin.must(self.plane.admin.post(path, dict(body))))

    def texts(self) -> dict[str, str]:
        """Place → what stands there."""
        return {
            "log": self.log.getvalue(),
            "metrics": self.metrics.exposition("")[1].decode(),
            "Events": json.dumps(self.notes),
            "exceptions": "\n".join(self.errors),
        }


@contextmanager
def watching(plane: ControlPlane, form: Literal["json", "console"]) -> Iterator[Watch]:
    """Sends the log of this process, its SDKs at debug level too, to the watch; then puts it all back."""
    names: tuple[str | None, ...] = (None, "syncd", *SDK_LOGGERS)
    before = {name: logging.getLogger(name).level for name in names}
    handlers, hooks = list(logging.getLogger().handlers), (sys.excepthook, sys.unraisablehook)
    in_threads, raising = threading.excepthook, logging.raiseExceptions
    watch = Watch(plane)
    configure(level="debug", form=form, stream=watch.log)
    for name in SDK_LOGGERS:
        logging.getLogger(name).setLevel(logging.DEBUG)
    try:
        yield watch
    finally:
        logging.getLogger().handlers[:] = handlers
        for known, level in before.items():
            logging.getLogger(known).setLevel(level)
        sys.excepthook, sys.unraisablehook = hooks
        threading.excepthook, logging.raiseExceptions = in_threads, raising


@contextmanager
def every_error(found: list[str]) -> Iterator[None]:
    """Adds each error of syncd's own that passes one of its frames: its chain, and that frame's locals.

    What a frame of ours holds while a third party's exception passes is not looked at: it is translated
    there, and nobody gets to see it.
    """
    kept: list[BaseException] = []

    def local(frame: FrameType, event: str, argument: Any) -> Callable[..., Any]:
        if event == "exception" and isinstance(argument[1], SyncdError):
            if not any(error is argument[1] for error in kept):
                kept.append(argument[1])
                found.append(chain(argument[1]))
            found.append(repr(frame.f_locals))
        return local

    def trace(frame: FrameType, _event: str, _argument: object) -> Callable[..., Any] | None:
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        frame.f_trace_lines = False
        return local

    before = sys.gettrace()
    sys.settrace(trace)
    threading.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(before)
        threading.settrace(before)


def chain(error: BaseException) -> str:
    """An exception and all that hang on it, suppressed ones too: texts, arguments, attributes."""
    links: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        link = waiting.pop()
        if link is not None and link not in links:
            links.append(link)
            waiting += [link.__cause__, link.__context__]
    return "\n".join(f"{type(link)} {link} {link!r} {link.args!r} {vars(link)!r}" for link in links)


def with_locals(error: BaseException) -> str:
    """What a debugger would show: each frame of ours in the traceback with its local variables."""
    shown: list[str] = [chain(error)]
    link: BaseException | None = error
    while link is not None:
        shown += [
            f"{frame.f_code.co_qualname} {frame.f_locals!r}"
            for frame in _frames(link.__traceback__)
            if frame.f_code.co_filename.startswith(OURS)
        ]
        link = link.__cause__ or link.__context__
    return "\n".join(shown)


def _frames(place: TracebackType | None) -> Iterator[FrameType]:
    yield from (frame for frame, _ in traceback.walk_tb(place))

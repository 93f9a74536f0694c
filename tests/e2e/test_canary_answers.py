"""What servers answer is quoted nowhere, whatever it quotes itself (rule 5)."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from syncd.model.reasons import State
from tests.e2e.planted import good
from tests.e2e.scene import staged
from tests.e2e.workbench import Workbench
from tests.harness.fault_http import FaultProxy, Handler, Reply

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.scene import Scene
    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao


class Distorting(FaultProxy):
    """Hands requests on; what matches method and path comes back distorted, and is remembered."""

    def __init__(self, upstream: str, method: str, pattern: str, *, ca_file: str | None = None) -> None:
        """Distorts nothing before ``distort`` is set."""
        self.distort: Callable[[Reply], Reply] = lambda reply: reply
        self.request: Callable[[bytes], bytes] = lambda body: body
        self.answered = ""
        self._matches = (method, re.compile(pattern))
        super().__init__(upstream, ca_file=ca_file)

    def _otherwise(self, handler: Handler, body: bytes) -> Reply:
        method, pattern = self._matches
        if handler.command != method or not pattern.search(handler.path):
            return super()._otherwise(handler, body)
        reply = self.distort(super()._otherwise(handler, self.request(body)))
        self.answered += reply.body.decode()
        return reply


def _status(code: int) -> Callable[[Reply], Reply]:
    """An error of an API server and of Vault at once, with the whole answer in each of its texts."""

    def distort(reply: Reply) -> Reply:
        text = reply.body.decode()
        causes = [{"reason": "FieldValueInvalid", "message": text, "field": "data"}]
        body = {
            "kind": "Status",
            "reason": "Invalid",
            "code": code,
            "message": text,
            "details": {"name": text, "causes": causes},
            "errors": [text],
            "warnings": [text],
        }
        return Reply(code, json.dumps(body).encode(), {"Content-Type": "application/json"})

    return distort


FEW = ("s3", "bearer", "registry")
"""What is read and written by the same code whatever the kind is needs no more of them."""

DISTORTIONS: dict[str, Callable[[Reply], Reply]] = {
    "cut": lambda reply: replace(reply, ending="cut"),
    "truncated": lambda reply: replace(reply, body=reply.body[:-7]),
    "a list": lambda reply: replace(reply, body=b"[" + reply.body + b"]"),
    "a page": lambda reply: Reply(200, b"<html>" + reply.body, {"Content-Type": "text/html"}),
    "a page that is not found": lambda reply: Reply(404, b"<html>" + reply.body),
    "redirected": lambda reply: Reply(307, reply.body, {"Location": f"/?{quote(reply.body[:900])}"}),
    "no more than a status": lambda reply: replace(reply, status=500),
    **{str(code): _status(code) for code in (400, 401, 403, 404, 409, 422, 429, 503)},
}


def _through(scene: Scene, proxy: Distorting) -> None:
    """Sweeps with each distortion, from a fresh start each time, so that no breaker is open."""
    scene.sync()
    for distort in DISTORTIONS.values():
        proxy.distort, proxy.answered = distort, ""
        scene.put(good)
        scene.bench.restart()
        scene.attempt()
        quoted = scene.canaries.sightings({"answers": proxy.answered})
        assert quoted
    scene.check()


@pytest.mark.parametrize(("method", "pattern"), [("GET", "/secrets"), ("PATCH", "/secrets/")])
def test_answers_of_the_api_server_stay_unquoted(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path, method: str, pattern: str
) -> None:
    """However an answer with Secrets in it is mangled, and whatever its error quotes, no value is told."""
    with Distorting(control_plane.url, method, pattern, ca_file=str(control_plane.ca_file)) as proxy:
        bench = Workbench.create(control_plane, openbao, judge, tmp_path, api_url=proxy.url)
        with staged(bench, "json", FEW) as scene:
            _through(scene, proxy)
        bench.close()


def test_answers_of_the_store_stay_unquoted(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path
) -> None:
    """However an answer of the store is mangled, and whatever its error quotes, no value is told."""
    with Distorting(openbao.url, "GET", "/data/") as proxy:
        bench = Workbench.create(control_plane, openbao, judge, tmp_path, store_url=proxy.url)
        with staged(bench, "json", FEW) as scene:
            _through(scene, proxy)
        bench.close()


def test_the_api_servers_word_about_an_undecodable_secret_is_not_repeated(
    control_plane: ControlPlane, openbao: OpenBao, judge: Judge, tmp_path: Path
) -> None:
    """The real API server quotes a patch that it cannot decode; nothing of that is kept."""

    def undecodable(body: bytes) -> bytes:
        tree = json.loads(body)
        return json.dumps(tree | {"data": {key: f"{text}!" for key, text in tree["data"].items()}}).encode()

    with Distorting(control_plane.url, "PATCH", "/secrets/", ca_file=str(control_plane.ca_file)) as proxy:
        bench = Workbench.create(control_plane, openbao, judge, tmp_path, api_url=proxy.url)
        with staged(bench, "json") as scene:
            scene.sync()
            proxy.request, proxy.answered = undecodable, ""
            scene.put(good)
            swept = scene.sync()
            assert all(outcome.state is not State.SYNCED for outcome in swept.outcomes.values())
            quoted = scene.canaries.sightings({"answers": proxy.answered})
            assert quoted
            scene.check()
        bench.close()

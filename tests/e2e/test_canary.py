"""A value planted in every field of every kind is found in the Secrets, and nowhere else (rule 5)."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import quote

import pytest

from syncd.model.errors import SyncdError
from syncd.model.events import ApiRequest, ObjectWritten, StateChanged, StoreRequest
from syncd.model.reasons import State
from tests.e2e.canary import Canaries, every_error, watching, with_locals
from tests.e2e.planted import FORMS, TARGETS, Plant, Remote, bad, encoded, good
from tests.e2e.workbench import Workbench
from tests.harness.fault_http import FaultProxy, Handler, Reply
from tests.harness.hidden import must_equal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from syncd.model.events import Event
    from syncd.sync.sweep import Swept
    from tests.e2e.canary import Watch
    from tests.harness.apiserver import ControlPlane
    from tests.harness.judge import Judge
    from tests.harness.openbao import OpenBao


@dataclass(slots=True)
class Scene:
    """A workbench with planted values in every field, and everything that it says."""

    bench: Workbench
    watch: Watch
    namespace: str
    names: Collection[str] = tuple(FORMS)
    canaries: Canaries = field(default_factory=Canaries)
    texts: dict[str, str] = field(default_factory=dict)

    def put(self, fields_of: Callable[[str, Plant], Remote]) -> None:
        """Writes a new version of every remote secret, with values of its own."""
        turn = len(self.canaries)
        for name in self.names:
            self.bench.put(name, fields_of(name, partial(self._plant, name, turn)))

    def _plant(self, name: str, turn: int, field_name: str) -> str:
        return self.canaries.plant(f"{name}.{field_name}.{turn}")

    def mapping(self) -> None:
        """All kinds, each bound to a ServiceAccount of its own."""
        self.bench.mapping(
            "".join(
                f"{name}:\n  from: {{store: platform, secret: KV/{name}}}\n  {form}\n  to:\n"
                f"    - {{namespaces: [{self.namespace}], {TARGETS[name] % name}}}\n"
                for name, form in FORMS.items()
                if name in self.names
            )
        )

    def sync(self, within: float = 30.0) -> Swept:
        """One sweep under the eyes of the tracer; what it returns is looked through."""
        with every_error(self.watch.errors):
            swept = self.bench.sync(within=within)
        self.note(swept)
        return swept

    def attempt(self) -> None:
        """One sweep, of which an error may come; that is looked through as a debugger would."""
        try:
            self.sync(within=1.0)
        except SyncdError as error:
            self.watch.errors.append(with_locals(error))

    def note(self, swept: Swept) -> None:
        """Keeps everything that a sweep's result prints."""
        turn = len(self.texts)
        self.texts[f"plan {turn}"] = json.dumps(swept.plan.public()) + repr(swept.plan) + str(swept.plan)
        self.texts[f"sweep {turn}"] = repr(swept)
        self.texts[f"fetched {turn}"] = repr(swept.wanted.fetched) + str(swept.wanted.fetched)

    def objects(self) -> dict[str, str]:
        """Every object that syncd can have written, without the data of Secrets."""
        texts = {}
        admin = self.bench.plane.admin
        for kind in ("secrets", "serviceaccounts", "configmaps", "events"):
            for item in admin.must(admin.get(f"/api/v1/namespaces/{self.namespace}/{kind}"))["items"]:
                item.pop("data", None)
                texts[f"{kind} {item['metadata']['name']}"] = json.dumps(item)
        return texts

    def published(self) -> dict[str, str]:
        """The data of every Secret, to see that the values are there at all."""
        admin = self.bench.plane.admin
        items = admin.must(admin.get(f"/api/v1/namespaces/{self.namespace}/secrets"))["items"]
        return {item["metadata"]["name"]: json.dumps(item.get("data")) for item in items}

    def check(self) -> None:
        """Fails with the names of the values that were seen, and where."""
        everything = {
            **self.watch.texts(),
            **self.texts,
            **self.objects(),
            "events": repr(self.bench.events),
        }
        assert self.canaries.sightings(everything) == []


@contextmanager
def staged(
    bench: Workbench, form: Literal["json", "console"], names: Collection[str] = tuple(FORMS)
) -> Iterator[Scene]:
    """These credentials in one namespace, with planted values; nothing is synced yet."""
    with watching(bench.plane, form) as watch:
        scene = Scene(bench, watch, bench.new_namespace(), names)
        scene.canaries.plant("vault-token", text=(bench.folder / "vault-token").read_text())
        scene.canaries.plant("kube-token", text=_token_in(bench.options.kubeconfig))
        bench.listeners.append(watch.emitter)
        scene.put(good)
        scene.mapping()
        yield scene


def _token_in(kubeconfig: str | None) -> str:
    assert kubeconfig is not None
    return str(json.loads(Path(kubeconfig).read_text())["users"][0]["user"]["token"])


@pytest.fixture(params=["json", "console"])
def scene(bench: Workbench, request: pytest.FixtureRequest) -> Iterator[Scene]:
    """A stage with the log in each of its forms."""
    with staged(bench, request.param) as scene:
        yield scene


def test_the_search_finds_what_it_looks_for() -> None:
    """A planted value is found in all its disguises, so that finding none means that none is there."""
    canaries = Canaries()
    value = canaries.plant("x")
    disguises = [
        value,
        f"a{value}b",
        encoded(value),
        encoded(f"a{value}"),
        encoded(f"ab{value}"),
        encoded(encoded(value)),
        value.encode().hex(),
        repr(value.encode()),
        value[::-1],
    ]
    assert [bool(canaries.sightings({"text": disguise})) for disguise in disguises] == [True] * len(disguises)
    assert canaries.sightings({"text": value[:-8]}) == []


FAILING = """
from pathlib import Path

from syncd.model.secret import SecretValue
from tests.harness.hidden import must_equal


def test_fails():
    value = SecretValue(Path(__file__).with_name("value").read_bytes())
    published, wanted = {"key": value}, {"key": SecretValue(b"another")}
    assert published == wanted


def test_raises():
    value = Path(__file__).with_name("value").read_bytes()
    must_equal({"key": value}, {"key": b"another"})
"""


def test_a_failing_test_shows_no_value(tmp_path: Path) -> None:
    """What pytest prints of a failed comparison holds no value, even if it is asked for local variables."""
    canaries = Canaries()
    (tmp_path / "value").write_text(canaries.plant("value"))
    (tmp_path / "test_failing.py").write_text(FAILING)
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-c", str(root / "pyproject.toml"), "--rootdir", str(root)),
            *("-p", "tests.conftest", "-p", "no:cacheprovider", "--showlocals", "-vv", str(tmp_path)),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "2 failed" in result.stdout
    assert canaries.sightings({"output": result.stdout + result.stderr}) == []


def test_published_values_are_in_the_secrets_only(scene: Scene) -> None:
    """Creating, rotating, repairing and previewing every kind shows no value of any field anywhere."""
    previewed = scene.bench.preview()
    scene.note(previewed)
    for _ in range(2):
        swept = scene.sync()
        states = {str(identity): outcome.state for identity, outcome in swept.outcomes.items()}
        assert set(states.values()) == {State.SYNCED}, states
        scene.put(good)
    drifted = {"data": {"HF_TOKEN": encoded(scene.canaries.plant("foreign"))}}
    plane = scene.bench.plane
    plane.admin.must(plane.admin.patch(f"/api/v1/namespaces/{scene.namespace}/secrets/hub", drifted))
    scene.sync()
    planted = {line.partition(" ")[0] for line in scene.canaries.sightings(scene.published())}
    newest = {name for name in FORMS if any(seen.startswith(f"{name}.") for seen in planted)}
    assert newest == set(FORMS)
    assert "rotated" in scene.watch.log.getvalue()
    assert "syncd_rotations_total" in scene.watch.texts()["metrics"]
    assert scene.watch.notes
    scene.check()


def test_refused_values_are_nowhere(scene: Scene) -> None:
    """A value that cannot be published is in no message, and not in a Secret either."""
    scene.sync()
    kept = scene.published()
    scene.put(bad)
    swept = scene.sync()
    states = {str(identity): outcome.state for identity, outcome in swept.outcomes.items()}
    assert set(states.values()) == {State.REFUSED}, states
    must_equal(scene.published(), kept)
    scene.note(scene.bench.preview())
    scene.check()


class PlantedError(Exception):
    """What a bug of ours would raise."""


def _point(event: Event) -> object:
    match event:
        case ApiRequest():
            return ("api", event.verb, event.resource)
        case StoreRequest():
            return ("store", event.operation)
        case ObjectWritten():
            return ("written", event.verb, event.kind)
        case _:
            return type(event)


def test_no_frame_of_ours_holds_a_value_in_the_open(scene: Scene) -> None:
    """Raised at any point where something happened, a bug's traceback with local variables shows no value."""
    hit: set[object] = set()

    def explode(event: Event) -> None:
        if _point(event) not in hit:
            hit.add(_point(event))
            raise PlantedError

    scene.bench.listeners.append(explode)
    for _ in range(2):
        before = -1
        while before != len(hit):
            before = len(hit)
            try:
                scene.note(scene.bench.sync())
            except PlantedError as error:
                scene.watch.errors.append(with_locals(error))
                # What ends a process is logged by this hook.
                sys.excepthook(type(error), error, error.__traceback__)
        scene.put(good)
    assert scene.watch.log.getvalue().count("PlantedError") >= len(hit)
    assert {("api", "patch", "secrets"), ("api", "get", "secrets"), ("store", "fetch"), StateChanged} <= hit
    scene.check()


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

"""A value planted in every field of every kind is found in the Secrets, and nowhere else (rule 5)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from syncd.model.events import ApiRequest, ObjectWritten, StateChanged, StoreRequest
from syncd.model.reasons import State
from tests.e2e.canary import Canaries, every_error, watching, with_locals
from tests.e2e.planted import FORMS, bad, encoded, good
from tests.e2e.scene import staged
from tests.harness.hidden import must_equal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.events import Event
    from tests.e2e.scene import Scene
    from tests.e2e.workbench import Workbench


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
    seen = canaries.sightings({"text": value[:-8]})
    assert seen == []


FAILING = """
from pathlib import Path

from syncd.model.secret import SecretValue
from tests.e2e.scene import staged
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
    seen = canaries.sightings({"output": result.stdout + result.stderr})
    assert seen == []


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


def test_no_error_about_a_payload_keeps_it(bench: Workbench, tmp_path: Path) -> None:
    """A payload that is no JSON, no text or no base64 hangs on no error, not even behind `__context__`."""
    namespace, canaries, folder = bench.new_namespace(), Canaries(), tmp_path / "store"
    payloads = {
        "text": canaries.plant("text").encode(),
        "twice": f'{{"t": "{canaries.plant("twice")}", "t": ""}}'.encode(),
        "deep": b"[" * 100_000 + canaries.plant("deep").encode(),
        "binary": b"\xff\xfe" + canaries.plant("binary").encode(),
        "parts/key": b"\xff\xfe" + canaries.plant("part").encode(),
    }
    for name, payload in payloads.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(payload)
    ways = {"by-name": "property: t", "by-pointer": "pointer: /t", "decoded": "whole: true, decode: base64"}
    entries = [(f"{name}-{way}", name, ways[way]) for name in payloads for way in ways if "/" not in name]
    entries += [("parts", "parts", "whole: true"), ("binary", "binary", "whole: true")]
    credentials = "".join(
        f"  {name}:\n    from: {{store: files, secret: {secret}}}\n    huggingFace: {{token: {{{source}}}}}\n"
        f"    to: [{{namespaces: [{namespace}]}}]\n"
        for name, secret, source in entries
    )
    with watching(bench.plane, "json") as watch:
        bench.listeners.append(watch.emitter)
        stores = f"stores:\n  files: {{file: {{directory: {folder}}}}}\n"
        bench.use(f"apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n{stores}credentials:\n{credentials}")
        with every_error(watch.errors):
            swept = bench.sync()
        assert {outcome.state for outcome in swept.outcomes.values()} == {State.REFUSED}
        assert watch.errors
        told = watch.texts() | {"sweep": repr(swept), "plan": json.dumps(swept.plan.public())}
        seen = canaries.sightings(told)
        assert seen == []


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

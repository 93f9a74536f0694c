"""Whatever happens in whatever order: half of a pair is published once it has settled, and not before."""

from __future__ import annotations

import base64
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hypothesis import given, settings
from hypothesis import strategies as st

from syncd.model.errors import StoreUnavailable
from syncd.model.reasons import State
from tests.unit.sync.pairs import IT, SETTLE
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from syncd.model.objects import Outcome

YEAR: Final = 365 * 86_400
STEPS: Final = st.lists(
    st.sampled_from(
        ["a", "b", "both", "restart", "down", "up", "minute", "drift", "sweep", "sweep", "sweep"]
    ),
    max_size=25,
)


class Pair:
    """A pair in two stores, and how many times each half was written."""

    def __init__(self, root: Path, settle: int, *, versioned: bool) -> None:
        """Publish generation 1 of both."""
        fields = "accessKeyId: {property: id}, secretAccessKey: {property: key, store: second, secret: b}"
        target = "{namespaces: [nlp], secret: models, serviceAccounts: [models], storageConfig: {key: k}}"
        source = f"{{store: vault, secret: a, settle: {settle}s}}"
        self.mapping = f"it: {{from: {source}, s3: {{{fields}}}, to: [{target}]}}"
        self.world = World(root)
        self.world.shelf.versioned = self.world.second.versioned = versioned
        self.written = {"a": 0, "b": 0}
        self.step("both")
        self.step("sweep")

    def step(self, step: str) -> None:
        """Do one thing."""
        if step in ("a", "both"):
            self.written["a"] += 1
            self.world.shelf.put("a", id=f"AKIA-{self.written['a']}")
        if step in ("b", "both"):
            self.written["b"] += 1
            self.world.second.put("b", key=f"key-{self.written['b']}")
        if step == "restart":
            self.world.again()
        if step in ("down", "up"):
            self.world.second.down = StoreUnavailable("second: no answer") if step == "down" else None
        if step == "minute":
            self.world.time += 60
        if step == "drift":
            have = self.world.secret("models") or {}
            have["metadata"].setdefault("labels", {})["mine"] = "yes"
            self.world.write(
                "secrets", "Secret", have["metadata"], {"type": have["type"], "data": have["data"]}
            )
        if step == "sweep":
            self.sweep()

    def sweep(self) -> Outcome:
        """Sweep once."""
        return self.world.sync(self.mapping).outcomes[IT]

    @property
    def published(self) -> tuple[int, int]:
        """The generations that stand in the Secret."""
        data = (self.world.secret("models") or {})["data"]
        texts = [
            base64.b64decode(data[key]).decode() for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        ]
        return int(texts[0].rpartition("-")[2]), int(texts[1].rpartition("-")[2])


@contextmanager
def folder() -> Iterator[Path]:
    """A folder for one example."""
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=60, deadline=None)
@given(steps=STEPS, versioned=st.booleans())
def test_one_half_alone_is_never_published(steps: list[str], versioned: bool) -> None:
    """While nothing settles, a publication changes both halves or none; restarts and outages included."""
    with folder() as root:
        pair = Pair(root, YEAR, versioned=versioned)
        before = pair.published
        for step in steps:
            pair.step(step)
            after = pair.published
            assert (after[0] > before[0]) is (after[1] > before[1]), (step, before, after)
            before = after


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, versioned=st.booleans())
def test_what_is_there_is_published_in_the_end(steps: list[str], versioned: bool) -> None:
    """Whatever went before, a pair that is left alone for its time is what the stores have, and stays."""
    with folder() as root:
        pair = Pair(root, int(SETTLE), versioned=versioned)
        for step in [*steps, "up", "sweep"]:
            pair.step(step)
        pair.world.time += SETTLE
        pair.sweep()
        assert pair.published == (pair.written["a"], pair.written["b"])
        outcome = pair.sweep()
        assert outcome.state is State.SYNCED
        assert not pair.world.sync(pair.mapping).plan

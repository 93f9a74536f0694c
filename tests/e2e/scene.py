"""A workbench with planted values in every field of every kind, and all that it says about them."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from syncd.model.errors import SyncdError
from tests.e2e.canary import Canaries, every_error, watching, with_locals
from tests.e2e.planted import FORMS, TARGETS, Plant, Remote, good

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from syncd.sync.sweep import Swept
    from tests.e2e.canary import Watch
    from tests.e2e.workbench import Workbench


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

"""Anything may happen in any order, several writers and crashes included: what a sweep never does.

`SYNCD_STATEFUL=long` looks for a long time. A failure prints the steps, and what reproduces them.
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from syncd.mapping.read import read
from syncd.mapping.reload import accept
from syncd.model.errors import ClusterUnreachable
from syncd.model.names import ObjectRef
from syncd.sync import apply
from syncd.sync.engine import Engine
from syncd.sync.kserve_config import ConfigMemory
from syncd.sync.surroundings import Surroundings
from tests.unit.sync.ground import KEY, ME, Ground, GroundCluster, Killed
from tests.unit.sync.somebody import Somebody
from tests.unit.sync.team import (
    ACCOUNTS,
    CREDENTIALS,
    DEEDS,
    NAMES,
    NAMESPACES,
    SELECTED,
    TAKING_AWAY,
    Deed,
    Entry,
    Team,
    entries,
)
from tests.unit.sync.witness import STORAGE, Asked, Witness
from tests.unit.sync.world import STORE, Shelf

if TYPE_CHECKING:
    from syncd.mapping.settings import MappingDocument
    from syncd.model.names import PlacementId

LONG = os.environ.get("SYNCD_STATEFUL") == "long"


class Cluster(Somebody, RuleBasedStateMachine):
    """A mapping, a store, namespaces, and several writers, one of whom is syncd."""

    def __init__(self) -> None:
        """Start with nothing, and with a witness to every write."""
        super().__init__()
        self.ground = Ground()
        self.shelf = Shelf()
        self.team = Team()
        self.document: MappingDocument | None = None
        self.versions = 0
        self.witness = Witness(self.ground, self.asked)
        self.ground.heard = self.witness
        # One request at a time, so that a failure can be repeated.
        self.patcher = patch.object(apply, "WRITERS", 1)
        self.patcher.start()

    def teardown(self) -> None:
        """Let everything come to rest at the end, wherever it was."""
        self.settle()
        self.patcher.stop()

    @initialize(a=entries(), b=entries(), c=st.none() | entries(), selected=NAMES)
    def begin(self, a: Entry, b: Entry, c: Entry | None, selected: str) -> None:
        """Namespaces with two ServiceAccounts each, syncd's own, and a mapping in force."""
        self.ground.namespaces["syncd"] = {"metadata": {"name": "syncd"}}
        for namespace in NAMESPACES:
            self.namespace_appears(namespace)
        self.namespace_changes(selected, "label")
        for name, entry in (("a", a), ("b", b), ("c", c)):
            if entry is not None:
                self.map(name, entry)
        self.restart()
        self.sweep("act")

    # what syncd does

    def asked(self, namespace: str) -> Asked:
        """Return what the mapping in force asks of a namespace."""
        names: dict[str, str] = {}
        accounts: dict[str, frozenset[str]] = {}
        kept, adopting = set(), set()
        labels = self.ground.namespaces.get(namespace, {"metadata": {}})["metadata"].get("labels") or {}
        for name, credential in (self.document.credentials if self.document else {}).items():
            names[name] = name
            if credential.renamed_from is not None:
                names.setdefault(credential.renamed_from, name)
            for target in credential.targets:
                if target.adopt:
                    adopting.add(target.secret)
                if (target.selector is not None and target.selector.matches(labels)) or namespace in (
                    target.namespaces or ()
                ):
                    accounts[name] = frozenset(target.accounts.names)
                    kept |= {name} if target.storage_config is not None else set()
        return Asked(accounts, frozenset(kept), frozenset(adopting), names)

    @rule(fresh=st.booleans())
    def restart(self, fresh: bool = True) -> None:
        """The process starts anew, with or without the mapping that it accepted last."""
        if fresh:
            self.document = None
        self.ground.over = False
        self.engine = Engine(
            Surroundings(
                cluster=GroundCluster(self.ground),
                stores={STORE: self.shelf},
                addresses={STORE: "vault memory"},
                instance=ME,
                namespace="syncd",
                digest_key=KEY,
                config=ConfigMemory(missing_is_shipped=True),
                fence=lambda: None,
                emit=lambda _: None,
            )
        )

    def run_sweep(self, removal: Any = "act", due: Any = None) -> None:
        """Put what is written in force, and sweep."""
        self.document = accept(self.document, read({"m.yaml": self.team.text()}, self.document))
        if self.document is None:
            return
        self.witness.begin()
        self.engine.run(self.document, due, removal=removal, deadline=time.monotonic() + 30)

    @rule(removal=st.sampled_from(["act", "act", "act", "report"]))
    def sweep(self, removal: Any) -> None:
        """One sweep of everything."""
        self.ground.ending, self.ground.at, self.ground.before = None, 0, None
        self.run_sweep(removal)

    @rule(due=st.sets(CREDENTIALS, max_size=2))
    def sweep_some(self, due: Any) -> None:
        """One sweep of what is due."""
        self.ground.ending, self.ground.at, self.ground.before = None, 0, None
        self.run_sweep(due=frozenset(due))

    @rule(at=st.integers(1, 8), ending=st.sampled_from(["killed", "answer lost", "not sent"]))
    def interrupted(self, at: int, ending: Any) -> None:
        """A sweep that ends at one of its writes."""
        self.ground.ending, self.ground.at, self.ground.before = ending, at, None
        try:
            self.run_sweep()
        except Killed:
            self.restart(fresh=bool(at % 2))
        except ClusterUnreachable:
            pass

    @rule(at=st.integers(1, 6), deed=DEEDS)
    def meddled(self, at: int, deed: Deed) -> None:
        """A sweep during which somebody else does something, between two of its writes.

        Whoever takes a Secret away right then makes its name dangle: no request can be tied to another.
        """

        def act() -> None:
            if deed.what in TAKING_AWAY:
                return
            self.somebody(deed)
            self.witness.meanwhile()

        self.ground.ending, self.ground.at, self.ground.before = None, at, act
        self.run_sweep()

    @rule()
    def settle(self) -> None:
        """Once nobody edits anything a few sweeps are enough, and nothing is left to do."""
        if not hasattr(self, "engine"):
            return
        self.ground.ending, self.ground.at, self.ground.before = None, 0, None
        for _ in range(4):
            self.run_sweep()
        if self.document is None:
            return
        swept = self.engine.preview(self.document, "act", deadline=time.monotonic() + 30)
        assert [(type(one).__name__, one.verb, str(one.ref)) for one in swept.plan.actions] == []
        refused = {refusal.placement for refusal in swept.plan.refused}
        unexplained = [
            (one.kind, str(one.ref), one.name)
            for one in swept.plan.leftovers
            if one.placement not in refused and not self._rests(one.placement)
        ]
        assert unexplained == []

    def _rests(self, placement: PlacementId) -> bool:
        """Tell whether somebody said that nothing is to be done there."""
        entry = self.team.entries.get(placement.credential)
        namespace = self.ground.namespaces.get(placement.namespace)
        paused = namespace is not None and bool(namespace["metadata"].get("annotations"))
        return paused or (entry is not None and entry.suspend)

    @invariant()
    def nothing_was_broken(self) -> None:
        """No single write did what none may do."""
        assert self.witness.wrong == [], self.witness.wrong

    # what the teams do

    @rule(name=CREDENTIALS, entry=entries())
    def map(self, name: str, entry: Entry) -> None:
        """A credential comes, or gets another form; its path in the store is its own."""
        known = self.team.entries.get(name)
        if known is None:
            self.team.paths += 1
        path = known.path if known else f"p{self.team.paths}q"
        before = known.renamed_from if known else None
        if known is None:
            self._forget(name)
        self.team.entries[name] = replace(entry, path=path, renamed_from=before)
        if known is None:
            self.rotate(name)

    @precondition(lambda self: self.team.entries)
    @rule(data=st.data(), change=st.integers(0, 7), entry=entries())
    def edit(self, data: Any, change: int, entry: Entry) -> None:
        """One thing about a credential changes."""
        name = data.draw(st.sampled_from(sorted(self.team.entries)))
        known = self.team.entries[name]
        edits: list[dict[str, Any]] = [
            {"secret": entry.secret},
            {"accounts": entry.accounts},
            {"key": entry.key},
            {"policy": entry.policy},
            {"namespaces": entry.namespaces},
            {"suspend": not known.suspend},
            {"typo": not known.typo},
            {"adopt": not known.adopt},
        ]
        self.team.entries[name] = replace(known, **edits[change])

    @precondition(lambda self: self.team.entries)
    @rule(data=st.data())
    def unmap(self, data: Any) -> None:
        """A credential goes."""
        del self.team.entries[data.draw(st.sampled_from(sorted(self.team.entries)))]

    @precondition(lambda self: self.team.entries)
    @rule(data=st.data(), new=CREDENTIALS)
    def rename(self, data: Any, new: str) -> None:
        """A credential gets another name, and says so."""
        old = data.draw(st.sampled_from(sorted(self.team.entries)))
        if new not in self.team.entries:
            self._forget(new)
            self.team.entries[new] = replace(self.team.entries.pop(old), renamed_from=old)

    def _forget(self, name: str) -> None:
        """Nobody was called what somebody is called now: the mapping would be refused."""
        for other, entry in self.team.entries.items():
            if entry.renamed_from == name:
                self.team.entries[other] = replace(entry, renamed_from=None)

    @precondition(lambda self: len(self.team.entries) > 1)
    @rule()
    def swap_secrets(self) -> None:
        """Two credentials change the names of their Secrets with each other."""
        (one, first), (other, second) = sorted(self.team.entries.items())[:2]
        self.team.entries[one] = replace(first, secret=second.secret)
        self.team.entries[other] = replace(second, secret=first.secret)

    # what happens in the store

    @precondition(lambda self: self.team.entries)
    @rule(name=CREDENTIALS, what=st.sampled_from(["whole", "whole", "half", "empty", "gone"]))
    def rotate(self, name: str, what: str = "whole") -> None:
        """A new version, a broken one, or none."""
        if name not in self.team.entries:
            return
        path = self.team.entries[name].path
        self.versions += 1
        names = ("token", "access_key", "secret_key", "username", "password")
        properties = {key: f"{path}-{key}-{self.versions}".replace("_", "-") for key in names}
        if what == "half":
            properties = {key: value for key, value in properties.items() if key.startswith("access")}
        if what == "empty":
            properties = dict.fromkeys(properties, "")
        self.shelf.put(path, **properties)
        if what == "gone":
            self.shelf.take(path)

    # what happens to namespaces

    @rule(name=NAMES)
    def namespace_appears(self, name: str) -> None:
        """A namespace with its ServiceAccounts."""
        if name not in self.ground.namespaces:
            self.ground.namespaces[name] = {"metadata": {"name": name}}
        for account in ACCOUNTS:
            if ("serviceaccounts", ObjectRef(name, account)) not in self.ground.objects:
                self.ground.put("serviceaccounts", ObjectRef(name, account), {"kind": "ServiceAccount"})

    @rule(name=NAMES, how=st.sampled_from(["label"] * 4 + ["pause", "pause", "terminate", "gone"]))
    def namespace_changes(self, name: str, how: str) -> None:
        """It gets or loses its label, is paused or goes on, is going away, or gone."""
        metadata = self.ground.namespaces.get(name, {"metadata": None})["metadata"]
        if metadata is None:
            return
        if how == "label":
            on = SELECTED in metadata.get("labels", {})
            metadata["labels"] = {} if on else {SELECTED: "true"}
        elif how == "pause":
            on = bool(metadata.get("annotations"))
            metadata["annotations"] = {} if on else {"syncd.dev/paused": "true"}
        elif how == "terminate":
            metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        else:
            del self.ground.namespaces[name]
            for place in [place for place in self.ground.objects if place[1].namespace == name]:
                del self.ground.objects[place]

    # what others do in the cluster

    @rule(deed=DEEDS)
    def somebody(self, deed: Deed) -> None:
        """Somebody else does something, to a Secret that is there if any is."""
        there = sorted(
            ref.name
            for resource, ref in self.ground.objects
            if resource == "secrets" and ref.namespace == deed.namespace and ref.name not in STORAGE
        )
        name = deed.name if deed.name in there or not there else there[0]
        deeds = (
            lambda: self.somebody_creates(deed.namespace, deed.name, deed.kind),
            lambda: self.somebody_deletes(deed.namespace, name),
            lambda: self.somebody_edits(deed.namespace, name),
            lambda: self.somebody_takes_the_label(deed.namespace, name),
            lambda: self.somebody_copies(deed.namespace, name, deed.where, deed.to),
            lambda: self.somebody_binds(deed.namespace, deed.account, name),
            lambda: self.somebody_unbinds(deed.namespace, deed.account, name),
            lambda: self.somebody_lists_nothing(deed.namespace, deed.account),
            lambda: self.an_account_goes(deed.namespace, deed.account),
            lambda: self.somebody_writes_an_entry(deed.namespace, deed.key),
        )
        deeds[deed.what]()

    @rule(name=st.sampled_from(["storage-config", "kserve-storage"]))
    def kserve_is_told(self, name: str) -> None:
        """`storageSpecSecretName` in `inferenceservice-config`."""
        s3 = {"s3AccessKeyIDName": "AWS_ACCESS_KEY_ID", "s3SecretAccessKeyName": "AWS_SECRET_ACCESS_KEY"}
        text = json.dumps({"storageSpecSecretName": name, "s3": s3})
        data = {"data": {"credentials": text}}
        self.ground.put("configmaps", ObjectRef("kserve", "inferenceservice-config"), data)


Cluster.TestCase.settings = settings(
    max_examples=5000 if LONG else 60,
    stateful_step_count=60 if LONG else 30,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
TestAnythingInAnyOrder = Cluster.TestCase

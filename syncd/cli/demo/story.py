"""The demo's acts: each shows one thing, and checks it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from syncd.cli.console import say, table
from syncd.cli.demo.example_secrets import hub_token, s3_keys
from syncd.cli.demo.failed import DemoFailed, expect, until
from syncd.cli.demo.folder_cluster import ACCOUNT, NAMESPACES, STORAGE_CONFIG
from syncd.cli.demo.stage import Stage
from syncd.cli.demo.world import CLUSTER, MAPPING
from syncd.cli.exit_codes import ExitCode
from syncd.mapping.read import read
from syncd.model.names import KSERVE_PREFIX

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.cli.demo.folder_cluster import Published
    from syncd.cli.demo.running_daemon import RunningDaemon
    from syncd.cli.demo.world import World
    from syncd.kserve.kinds.interface import Kind

_ON_BOTH: Final = ("-f", MAPPING, "--directory", CLUSTER)
_S3: Final = "models-s3"
_HUB: Final = "hub-token"


class Story:
    """Tells all of it, act by act."""

    def __init__(self, world: World) -> None:
        """Tell it in this world."""
        self._world = world
        self._acts: tuple[Callable[[], None], ...] = (
            self._prepare,
            self._plan,
            self._sync,
            self._rotate,
            self._half_fill,
            self._mistype,
            self._kill_store,
            self._bring_store_back,
        )
        self._stage = Stage(len(self._acts))

    def tell(self) -> None:
        """Tell it.

        Raises:
            DemoFailed: when something is not as it should be.

        """
        for act in self._acts:
            act()

    def _prepare(self) -> None:
        self._stage.act("A real OpenBao with a secret for each storage kind, and a cluster made of files")
        with self._stage.waiting("starting OpenBao"):
            count = self._world.fill()
        self._stage.seen(f"OpenBao serves {count} secrets at {self._world.openbao.address}")
        self._stage.seen(f"namespaces {' and '.join(NAMESPACES)}, each with ServiceAccount {ACCOUNT}")
        self._stage.note(f"all of it is in {self._world.folder}")

    def _plan(self) -> None:
        self._stage.act("The plan: what syncd would write, and why; nothing is written yet")
        before = self._world.cluster.digests()
        code = self._stage.command(self._world.folder, "plan", *_ON_BOTH)
        expect(code == ExitCode.DIFFERENCES, "plan ends with 1: there is something to write")
        expect(self._world.cluster.digests() == before, "plan writes nothing")

    def _sync(self) -> None:
        self._stage.act("One sync, and what came out (values hidden)")
        code = self._stage.summed_up(self._world.folder, "sync", *_ON_BOTH)
        expect(code == ExitCode.DONE, "sync ends with 0: everything is in sync")
        self._show_objects()
        code = self._stage.summed_up(self._world.folder, "plan", *_ON_BOTH)
        expect(code == ExitCode.DONE, "a plan after the sync is empty")
        self._stage.seen("unchanged means untouched: the next plan is empty")

    def _show_objects(self) -> None:
        document = read({MAPPING: self._world.mapping.read_text(encoding="utf-8")}).document
        expect(document is not None, "the demo's mapping is valid")
        kinds = {str(name): one.kind for name, one in document.credentials.items()} if document else {}
        published = self._world.cluster.published()
        expect({item.credential for item in published} == kinds.keys(), "every credential has a Secret")
        rows = [
            (
                item.namespace,
                f"Secret {item.name}",
                kinds[item.credential].name,
                _since(kinds[item.credential]),
                _contents(item),
            )
            for item in published
        ]
        entries = self._world.cluster.entries()
        expect(len(entries) == len(NAMESPACES), "each namespace has its storage-config entry")
        rows += [
            (namespace, f"Secret {STORAGE_CONFIG}", "s3", _since(kinds[key]), f"entry {key}")
            for namespace, key in entries
        ]
        for namespace in NAMESPACES:
            bound = self._world.cluster.bound(namespace)
            names = [name for names in bound.values() for name in names]
            expect(_S3 in names and _HUB in names, f"ServiceAccount {namespace}/{ACCOUNT} lists its Secrets")
            lists = "; ".join(f"{name}: {', '.join(items)}" for name, items in bound.items() if items)
            rows.append((namespace, f"ServiceAccount {ACCOUNT}", "", "any", lists))
        columns = ("namespace", "object", "kind", "KServe", "contents")
        table(columns, sorted(rows, key=lambda row: row[0]))
        self._stage.note("KServe: the versions that read it")
        say()

    def _rotate(self) -> None:
        self._stage.act("The daemon runs, and a secret is rotated in OpenBao")
        with self._stage.waiting("starting the daemon"):
            self._world.start_daemon().wait()
        self._stage.seen("syncd run is up; nobody touches the cluster from here on")
        self._wait_for_rotation(_S3, s3_keys(), version="2")
        line = self._log_line("rotated", credential=_S3)
        self._stage.note(f"its log: rotated version={line['version']} changed={', '.join(line['changed'])}")

    def _wait_for_rotation(self, name: str, values: dict[str, str], version: str) -> None:
        """Put new values into OpenBao, and wait until every namespace has them."""
        before, mark = self._copies(name), self._daemon().mark()
        started = time.monotonic()
        self._world.openbao.put(name, values)
        with self._stage.waiting(f"waiting for version {version} of {name}"):
            until(
                f"version {version} of {name} is in every namespace",
                lambda: all(copy.version == version for copy in self._copies(name)),
            )
        seconds = time.monotonic() - started
        # Told when the sweep ends: until then entries may still be on their way.
        self._wait_for_line("rotated", mark, credential=name, version=version)
        after = self._copies(name)
        for old, new in zip(before, after, strict=True):
            expect(old.digest != new.digest, f"the file of {new.namespace}/{new.name} changed")
            expect(old.annotations == new.annotations, f"{new.namespace}/{new.name} has the same annotations")
        places = " and ".join(copy.namespace for copy in after)
        self._stage.seen(f"{name}: version {before[0].version} → {version} in {places} after {seconds:.1f} s")

    def _half_fill(self) -> None:
        self._stage.act("Somebody writes half a secret: an access key without its secret key")
        good, mark = self._world.cluster.digests(), self._daemon().mark()
        self._world.openbao.put(_S3, s3_keys() | {"secret_key": ""})
        with self._stage.waiting("waiting for the refusal"):
            line = self._wait_for_line("refused", mark, credential=_S3, reason="EmptyValue")
        self._stage.seen(f"refused: {line['reason']}: {line['where']} {line['problem']}")
        expect(self._world.cluster.digests() == good, "the last good credential is still there, to the byte")
        self._stage.seen(f"version {self._copies(_S3)[0].version} stays in use, not a byte has changed")
        self._wait_for_rotation(_S3, s3_keys(), version="4")

    def _mistype(self) -> None:
        self._stage.act("Somebody makes a typo in the mapping")
        mark = self._daemon().mark()
        self._world.edit_mapping("accessKeyId:", "accesKeyId:")
        with self._stage.waiting("the daemon looks at its mapping every second"):
            line = self._wait_for_line("mapping entry refused", mark)
        problem = str(line["problem"])
        expect(problem.startswith(f"{MAPPING}:"), "the answer names file, line and column")
        expect("did you mean accessKeyId" in problem, "the answer has a suggestion")
        self._stage.seen(problem)
        self._stage.note(str(line["effect"]))
        self._wait_for_rotation(_HUB, hub_token(), version="2")
        self._wait_for_rotation(_S3, s3_keys(), version="5")
        self._stage.seen("both keep rotating: the mistaken entry by its last accepted form")
        self._world.edit_mapping("accesKeyId:", "accessKeyId:")

    def _kill_store(self) -> None:
        self._stage.act("OpenBao is killed")
        good, mark, all_of_them = self._world.cluster.digests(), self._daemon().mark(), self._synced()
        self._world.openbao.kill()
        with self._stage.waiting("waiting for the daemon to notice"):
            line = self._wait_for_line("store unavailable", mark)
            until("every placement is Stale", lambda: self._daemon().states().get("Stale") == all_of_them)
        self._stage.seen(f"one line in the log: store unavailable, reason {line['reason']}: {line['effect']}")
        expect(self._world.cluster.digests() == good, "an outage changes nothing in the cluster")
        self._stage.seen(f"{all_of_them} placements are Stale, and nothing is lost: not a byte has changed")

    def _bring_store_back(self) -> None:
        self._stage.act("OpenBao is back")
        mark = self._daemon().mark()
        with self._stage.waiting("starting OpenBao again"):
            self._world.openbao.restart()
        with self._stage.waiting("waiting for the daemon's next try"):
            self._wait_for_line("store available", mark)
            until("nothing is Stale any more", lambda: self._synced() == len(self._world.cluster.published()))
        self._stage.seen(f"{self._synced()} placements are Synced")
        self._wait_for_rotation(_S3, s3_keys(), version="6")
        self._wait_for_line("mapping accepted", 0)
        self._stage.seen("the corrected mapping was accepted meanwhile")

    def _synced(self) -> int:
        return self._daemon().states().get("Synced", 0)

    def _copies(self, name: str) -> list[Published]:
        return [self._world.cluster.secret(namespace, name) for namespace in NAMESPACES]

    def _daemon(self) -> RunningDaemon:
        daemon = self._world.daemon
        if daemon is None:
            raise DemoFailed("the daemon was not started")
        return daemon

    def _log_line(self, event: str, **fields: str) -> dict[str, Any]:
        return self._wait_for_line(event, 0, **fields)

    def _wait_for_line(self, event: str, since: int, **fields: str) -> dict[str, Any]:
        return until(f"the daemon says: {event}", lambda: self._daemon().line(event, since, **fields))


def _contents(item: Published) -> str:
    """Return the keys of a Secret, and how many of KServe's annotations it has."""
    count = sum(name.startswith(KSERVE_PREFIX) for name in item.annotations)
    return ", ".join(item.keys) + (f"; {count} annotations" if count else "")


def _since(kind: Kind) -> str:
    """Return which KServe reads it: `v0.14` and later, `any` where it is not KServe that reads it."""
    return f"from {kind.since}" if kind.since.startswith("v") else kind.since

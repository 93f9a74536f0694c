"""What is measured: how many secrets go where, for syncd as a mapping, and for the bare script. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

STORE: Final = "platform"
MOUNT: Final = "kv"
LABEL: Final = "bench.example.com/models"
FIELDS: Final = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
ENDPOINT: Final = "https://minio.minio.svc:9000"
_TEAMS: Final = 20


@dataclass(frozen=True, slots=True)
class Write:
    """One object for the bare script to create, from these secrets."""

    namespace: str
    name: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scene:
    """One piece of work: `secrets` in the store, `namespaces` in the cluster, and what is made of them."""

    name: str
    title: str
    secrets: tuple[str, ...]
    namespaces: tuple[str, ...]
    credentials: Mapping[str, Any] = field(repr=False)
    writes: tuple[Write, ...] = field(repr=False)
    refreshes: int
    """How many placements one sweep looks after."""


def separate(count: int) -> Scene:
    """Each credential its own secret and its own Secret, spread over twenty namespaces."""
    return _each_its_own("separate", f"{count} credentials in {_TEAMS} namespaces", count, _TEAMS)


def together(count: int) -> Scene:
    """The same in a single namespace."""
    return _each_its_own("together", f"{count} credentials in one namespace", count, 1)


def placements(count: int) -> Scene:
    """One credential in so many namespaces, found by their label."""
    namespaces = tuple(f"team-{number:04}" for number in range(count))
    credential = _credential("shared", {"namespaceSelector": {"matchLabels": {LABEL: "true"}}})
    return Scene(
        "placements",
        f"one credential in {count} namespaces",
        ("shared",),
        namespaces,
        {"shared": credential},
        tuple(Write(namespace, "bare", ("shared",)) for namespace in namespaces),
        count,
    )


def entries(count: int) -> Scene:
    """So many entries of one `storage-config`, each beside a Secret of its own."""
    names = _names(count)
    credentials = {
        name: _credential(name, {"namespaces": ["team-0"], "storageConfig": {"key": name}}) for name in names
    }
    writes = (*(Write("team-0", f"bare-{name}", (name,)) for name in names), Write("team-0", "bare", names))
    title = f"{count} entries in one storage-config"
    return Scene("entries", title, names, ("team-0",), credentials, writes, count)


SCENES: Final[Mapping[str, tuple[Callable[[int], Scene], int]]] = {
    "separate": (separate, 2000),
    "together": (together, 2000),
    "placements": (placements, 2000),
    "entries": (entries, 500),
}
"""How each scene is made, and how large it is by default."""


def mapping(
    scene: Scene, *, address: str, token_file: str, interval: str, requests: Mapping[str, int]
) -> str:
    """Return the mapping of a scene as YAML.

    Args:
        scene: what to map.
        address: of the OpenBao server.
        token_file: holds a token that may read the mount.
        interval: of the schedule, such as `10s`.
        requests: `stores.<name>.requests`; empty for syncd's defaults.

    """
    store: dict[str, Any] = {"vault": {"address": address, "auth": {"token": {"file": token_file}}}}
    if requests:
        store["requests"] = dict(requests)
    document = {
        "apiVersion": "syncd.dev/v1alpha1",
        "kind": "Mapping",
        "trustedNamespaceLabels": [LABEL],
        "defaults": {"schedule": {"interval": interval}},
        "stores": {STORE: store},
        "credentials": dict(scene.credentials),
    }
    return yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False)


def _each_its_own(name: str, title: str, count: int, teams: int) -> Scene:
    names = _names(count)
    homes = {each: f"team-{number % teams}" for number, each in enumerate(names)}
    return Scene(
        name,
        title,
        names,
        tuple(f"team-{number}" for number in range(teams)),
        {each: _credential(each, {"namespaces": [home]}) for each, home in homes.items()},
        tuple(Write(home, f"bare-{each}", (each,)) for each, home in homes.items()),
        count,
    )


def _names(count: int) -> tuple[str, ...]:
    return tuple(f"models-{number:04}" for number in range(count))


def _credential(secret: str, target: dict[str, Any]) -> dict[str, Any]:
    return {
        "from": {"store": STORE, "secret": f"{MOUNT}/{secret}"},
        "s3": {"endpoint": ENDPOINT, "region": "us-east-1"},
        "to": [target],
    }

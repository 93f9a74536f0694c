"""A pair of keys in two secrets, in a world of its own: what the tests of halves have in common."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Final

from syncd.model.names import VERSION, CredentialId, PlacementId
from syncd.model.reasons import Reason, State
from tests.unit.sync.world import World

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.model.objects import Outcome

MINUTE: Final = 60.0
SETTLE: Final = 10 * MINUTE
IT: Final = PlacementId(CredentialId("it"), "nlp")
NEIGHBOUR: Final = "hub: {from: {store: vault, secret: hub}, huggingFace: {}, to: [{namespaces: [search]}]}"


def pair(first: str = "", second: str = "secret: b", *, more: str = "") -> str:
    """Return an S3 credential whose id is in `a` and whose key is in `b`, with an entry."""
    target = "{namespaces: [nlp], secret: models, serviceAccounts: [models], storageConfig: {key: k}}"
    source = f"{{store: vault, secret: a{first}}}"
    fields = f"accessKeyId: {{property: id}}, secretAccessKey: {{property: key, {second}}}"
    return f"it: {{from: {source}, s3: {{{fields}, endpoint: 'https://m:9000'}}, to: [{target}]{more}}}"


def begun(root: Path, *, versioned: bool = True, mapping: str | None = None) -> World:
    """Publish the pair of generation 1."""
    one = World(root)
    one.shelf.versioned = one.second.versioned = versioned
    for shelf in (one.shelf, one.second):
        shelf.put("a", id="AKIA1")
        shelf.put("b", key="key-1")
    one.sync(mapping or pair())
    assert standing(one) == ("1", "1")
    return one


def standing(world: World) -> tuple[str, str]:
    """Return the generations of id and key that are published; Secret and entry have to agree."""
    data = (world.secret("models") or {})["data"]
    found = [
        base64.b64decode(data[key]).decode()[-1] for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    ]
    entry = base64.b64decode((world.secret("storage-config") or {})["data"]["k"]).decode()
    agree = [f'"AKIA{found[0]}"' in entry, f'"key-{found[1]}"' in entry]
    assert agree == [True, True]
    return found[0], found[1]


def look(world: World, later: float = MINUTE, mapping: str | None = None) -> Outcome:
    """Sweep so much later, and return how the pair came out."""
    world.time += later
    return world.sync(mapping or pair()).outcomes[IT]


def is_half(outcome: Outcome) -> bool:
    """Tell whether the pair waits, for nothing but its other half."""
    return (outcome.state, outcome.reasons) == (State.PENDING, (Reason.HALF_ROTATED,))


def recorded(first: int, second: int) -> str:
    """Return the record of two versions; a session token is looked for in the first secret, and not there."""
    versions = {"accessKeyId": str(first), "secretAccessKey": str(second), "sessionToken": str(first)}
    return json.dumps(versions, separators=(",", ":"))


def version_of(world: World) -> str:
    """Return the recorded versions; those of Secret and entry have to agree."""
    found = str((world.secret("models") or {})["metadata"]["annotations"][VERSION])
    entries = (world.secret("storage-config") or {})["metadata"]["annotations"]["syncd.dev/entries.syncd"]
    assert json.loads(entries)["k"]["version"] == found
    return found

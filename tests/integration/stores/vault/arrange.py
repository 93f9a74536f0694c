"""How each condition of Vault comes about: what is done to the rig, and which secret is then asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.testing.stores import Failure, found, one
from tests.harness.fault_http import Reply
from tests.harness.fixtures import unique
from tests.integration.stores.vault.rig import vault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.integration.stores.vault.rig import VaultRig

THERE: Final = "there"
Asked = tuple[str, str | None]
"""A path in the store, and a version."""

_SECRET: Final = "/contract/there"
_LOGIN: Final = "/login"
_NO_ERRORS: Final = b'{"errors":[]}'
_QUOTA: Final = b'{"errors":["request path \\"kv\\": rate limit quota exceeded"]}'
_PAGE: Final = Reply(404, b"<html><body>no such page</body></html>", {"Content-Type": "text/html"})
_REPLIES: Final[Mapping[str, tuple[str, Reply]]] = {
    "throttled": (_SECRET, Reply(429, _QUOTA)),
    "throttled, with delay": (_SECRET, Reply(429, _QUOTA, {"Retry-After": "2"})),
    "login throttled": (_LOGIN, Reply(429, _QUOTA)),
    "login refused": (_LOGIN, Reply(400, b'{"errors":["invalid role or secret ID"]}')),
    "standby behind": (_SECRET, Reply(429, _NO_ERRORS)),
    "disaster recovery secondary": (_SECRET, Reply(472, _NO_ERRORS)),
    "performance standby": (_SECRET, Reply(473, _NO_ERRORS)),
    "5xx": (_SECRET, Reply(500, b'{"errors":["internal error"]}')),
    "sealed": ("", Reply(503, b'{"errors":["Vault is sealed"]}')),
    "redirect": (_SECRET, Reply(307, b"", {"Location": "https://elsewhere.example.com/v1/kv/data/a"})),
    "timeout": (_SECRET, Reply(200, b"{}" + b" " * 1000, drip=0.05)),
    "answer cut short": (_SECRET, Reply(200, b'{"data":{"data":{"key":"hal', ending="cut")),
    "proxy's page instead of an answer": (_SECRET, _PAGE),
    "answer without data": (_SECRET, Reply(200, b'{"data":{"data":null,"metadata":{"version":1}}}')),
}


def arrange(name: str, rig: VaultRig) -> Asked:
    """Bring about the condition of that name, and return what is to be asked for."""
    version = rig.put(THERE, {"key": "value"})
    path = rig.ref(THERE).secret
    if name in _REPLIES:
        rig.proxy.answer(*_REPLIES[name])
        return path, None
    if name in _ASKED:
        return _ASKED[name](rig, path)
    _DONE[name](rig, version or "")
    return path, None


_ASKED: Final[Mapping[str, Callable[[VaultRig, str], Asked]]] = {
    "secret missing": lambda rig, _: (rig.ref("elsewhere").secret, None),
    "secret missing, version pinned": lambda rig, _: (rig.ref("elsewhere").secret, "1"),
    "version missing": lambda rig, path: (path, rig.no_version),
    "version pinned in KV version 1": lambda rig, _: (f"{_kv1(rig)}/a", "1"),
    "mount missing": lambda *_: ("no-such-mount/a", None),
    "mount of another engine": lambda rig, _: (f"{_transit(rig)}/keys/a", None),
    "name not allowed": lambda rig, _: (f"{rig.mount}/../other/a", None),
    "path with data/": lambda rig, _: (f"{rig.mount}/data/contract/there", None),
}


def _kv1(rig: VaultRig) -> str:
    """A mount of KV version 1 that the role may read, too."""
    mount = rig.server.enable_kv(unique("kv1"), 1)
    _allow(rig, mount)
    return mount


def _transit(rig: VaultRig) -> str:
    mount = unique("transit")
    rig.server.root.must("POST", f"sys/mounts/{mount}", {"type": "transit"})
    _allow(rig, mount)
    return mount


def _allow(rig: VaultRig, mount: str) -> None:
    rig.server.write_policy(f"contract-{rig.mount}", {f"{each}/*": ("read",) for each in (rig.mount, mount)})


def _unmount(rig: VaultRig, _: str) -> None:
    found(one(rig, THERE))
    rig.proxy.answer(
        f"/v1/{rig.mount}/",
        Reply(404, b'{"errors":["no handler for route \\"kv/data/a\\". route entry not found."]}'),
    )


def _expire(rig: VaultRig, _: str) -> None:
    found(one(rig, THERE))
    rig.forget_login()


def _expire_for_good(rig: VaultRig, _: str) -> None:
    _expire(rig, "")
    rig.proxy.answer(*_REPLIES["login refused"])


def _other_namespace(rig: VaultRig, _: str) -> None:
    rig.store.close()
    rig.store = vault(rig.proxy.url, rig.auth, namespace="no-such-namespace")


def _other_host(rig: VaultRig, _: str) -> None:
    rig.store.close()
    rig.store = vault("http://vault.invalid:8200", rig.auth)


def _other_mount(rig: VaultRig, _: str) -> None:
    rig.store.close()
    auth = {"appRole": {**rig.auth["appRole"], "mountPath": "nowhere"}}
    rig.store = vault(rig.proxy.url, auth)


_DONE: Final[Mapping[str, Callable[[VaultRig, str], None]]] = {
    "found": lambda *_: None,
    "version disabled or deleted": lambda rig, version: rig.take_away(THERE, version),
    "version destroyed": lambda rig, version: rig.server.delete_versions(
        rig.mount, f"contract/{THERE}", [int(version)], destroy=True
    ),
    "access denied": lambda rig, _: rig.deny(THERE),
    "mount missing, after it was read": _unmount,
    "namespace missing": _other_namespace,
    "login mount missing": _other_mount,
    "login expired": _expire,
    "login expired, and refused since": _expire_for_good,
    "connection refused": lambda rig, _: rig.fail(Failure.STOP),
    "TLS not trusted": lambda rig, _: rig.fail(Failure.DISTRUSTED),
    "host name not known": _other_host,
}

"""Reads secrets of a KV2 mount, and prints the CPU seconds of the reads alone.

``python bench/reads.py MODE URL TOKEN_FILE CONCURRENCY PATHS``; PATHS is a file, one path a line. MODE is
``urllib3`` (what no client can be below), ``wire`` (syncd's own requests, without hvac), ``hvac`` (hvac
over that) or ``store`` (the adapter with its guard, as a sweep uses it).
"""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import urllib3

from syncd.model.errors import StoreError
from syncd.model.secret import SecretRef, SecretValue, StoreName
from syncd.stores.build import build
from syncd.stores.certificate_authority import trusting
from syncd.stores.connection import Transport, by
from syncd.stores.guarded import Bounds
from syncd.stores.interface import StoreContext
from syncd.stores.vault.index import Index
from syncd.stores.vault.session import VaultSession
from syncd.stores.vault.settings import VaultSettings
from syncd.stores.vault.wire import Wire

if TYPE_CHECKING:
    from collections.abc import Callable

    Read = Callable[[str], bool]

_STORE = StoreName("bench")
_MOST_A_SECOND = 10_000.0


def main(mode: str, url: str, token_file: str, concurrency: str, paths: str) -> None:
    """Read every path once with so many threads, after one read that is not counted."""
    settings = VaultSettings.model_validate({"address": url, "auth": {"token": {"file": token_file}}})
    token = Path(token_file).read_text().strip()
    context = StoreContext("bench", lambda _, __: None, lambda _, __: None, lambda _: None)
    ways = {"urllib3": _bare, "wire": _wire, "hvac": _hvac, "store": _store}
    read = ways[mode](settings, context, token, int(concurrency))
    wanted = Path(paths).read_text().split()
    read(wanted[0])
    started = time.process_time()
    with ThreadPoolExecutor(int(concurrency)) as threads:
        if not all(threads.map(read, wanted)):
            sys.exit(f"{mode}: a secret was not read")
    print(time.process_time() - started)


def _bare(settings: VaultSettings, _: StoreContext, token: str, concurrency: int) -> Read:
    pool = urllib3.PoolManager(maxsize=concurrency, retries=False)
    headers = {"X-Vault-Token": token}

    def read(path: str) -> bool:
        answer = pool.request("GET", _url(settings, path), headers=headers)
        return bool(json.loads(answer.data)["data"]["data"])

    return read


def _wire(settings: VaultSettings, context: StoreContext, token: str, concurrency: int) -> Read:
    wire = Wire(settings.address, Transport(trusting(None, context), None, concurrency), Index())
    headers = {"X-Vault-Token": token}

    def read(path: str) -> bool:
        mount, _, inside = path.partition("/")
        with by(time.monotonic() + 30):
            answer = wire.send("GET", f"/v1/{mount}/data/{inside}", headers, None)
        return bool(json.loads(answer.body)["data"]["data"])

    return read


def _hvac(settings: VaultSettings, context: StoreContext, token: str, concurrency: int) -> Read:
    session = VaultSession(settings, context, concurrency)
    client = session.client(SecretValue(token.encode()))

    def read(path: str) -> bool:
        mount, _, inside = path.partition("/")
        answer: Any = session.ask(
            lambda: client.secrets.kv.v2.read_secret_version(
                inside, mount_point=mount, raise_on_deleted_version=True
            ),
            time.monotonic() + 30,
        )
        return bool(answer["data"]["data"])

    return read


def _store(settings: VaultSettings, context: StoreContext, _: str, concurrency: int) -> Read:
    store = build(_STORE, "vault", settings, Bounds(10.0, concurrency, _MOST_A_SECOND), context)

    def read(path: str) -> bool:
        ref = SecretRef(_STORE, path)
        return not isinstance(store.fetch([ref], deadline=time.monotonic() + 30)[ref], StoreError)

    return read


def _url(settings: VaultSettings, path: str) -> str:
    mount, _, inside = path.partition("/")
    return f"{settings.address}/v1/{mount}/data/{inside}"


if __name__ == "__main__":
    main(*sys.argv[1:])

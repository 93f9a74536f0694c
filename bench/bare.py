"""The work without the rules: 16 threads, each secret read once and each object created once.

``python bench/bare.py JOB``, a JSON file with both addresses, a token each, the secrets and the writes; and
whether to create by POST, or as syncd does, by a server-side apply that only creates.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import urllib3

job = json.loads(Path(sys.argv[1]).read_text())
pool = urllib3.PoolManager(maxsize=16, ca_certs=job["ca"], retries=False)


def ask(method: str, url: str, headers: dict[str, str], body: str | None = None) -> Any:
    """Send one request; return the JSON of its answer."""
    answer = pool.request(method, url, headers={"Content-Type": "application/json"} | headers, body=body)
    if answer.status >= 300:
        sys.exit(f"{method} {url} answered {answer.status}")
    return json.loads(answer.data)


def read(secret: str) -> tuple[str, dict[str, str]]:
    """Read one secret of the store."""
    answer = ask("GET", f"{job['store']}/v1/kv/data/{secret}", {"X-Vault-Token": job["storeToken"]})
    return secret, answer["data"]["data"]


def create(write: dict[str, Any]) -> None:
    """Create one Secret: of one secret its fields, of several one key each."""
    first, *others = write["secrets"]
    fields = {name: json.dumps(values[name]) for name in write["secrets"]} if others else values[first]
    data = {key: base64.b64encode(text.encode()).decode() for key, text in fields.items()}
    url = f"{job['api']}/api/v1/namespaces/{write['namespace']}/secrets"
    login = {"Authorization": f"Bearer {job['apiToken']}"}
    meta = {"name": write["name"]} | ({} if job["create"] == "POST" else {"resourceVersion": "1"})
    body = json.dumps({"apiVersion": "v1", "kind": "Secret", "metadata": meta, "data": data})
    if job["create"] == "POST":
        ask("POST", url, login, body)
        return
    login |= {"Content-Type": "application/apply-patch+yaml"}
    ask("PATCH", f"{url}/{write['name']}?fieldManager=bare", login, body)


with ThreadPoolExecutor(16) as threads:
    values = dict(threads.map(read, job["secrets"]))
    list(threads.map(create, job["writes"]))

"""The work without the rules: 16 threads, each secret read once and each object created once.

``python bench/bare.py JOB``, a JSON file with both addresses, a token each, the secrets and the writes.
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
    answer = pool.request(method, url, headers=headers | {"Content-Type": "application/json"}, body=body)
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
    body = json.dumps({"metadata": {"name": write["name"]}, "data": data})
    ask("POST", url, {"Authorization": f"Bearer {job['apiToken']}"}, body)


with ThreadPoolExecutor(16) as threads:
    values = dict(threads.map(read, job["secrets"]))
    list(threads.map(create, job["writes"]))

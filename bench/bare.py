"""The work without the rules: 16 threads, each secret read once and each object created once.

``python bench/bare.py JOB``, a JSON file with both addresses, a token each, and the writes.
"""

import base64
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import urllib3

job = json.loads(Path(sys.argv[1]).read_text())
pool = urllib3.PoolManager(maxsize=16, ca_certs=job["ca"], retries=False)


def ask(method, url, token, body=None):
    answer = pool.request(method, url, headers=token | {"Content-Type": "application/json"}, body=body)
    if answer.status >= 300:
        sys.exit(f"{method} {url} answered {answer.status}")
    return json.loads(answer.data)


def read(secret):
    answer = ask("GET", f"{job['store']}/v1/kv/data/{secret}", {"X-Vault-Token": job["storeToken"]})
    return secret, answer["data"]["data"]


def create(write):
    parts = {secret: json.dumps(values[secret]) for secret in write["secrets"]}
    if len(parts) == 1:
        parts = values[write["secrets"][0]]
    data = {key: base64.b64encode(text.encode()).decode() for key, text in parts.items()}
    body = json.dumps({"metadata": {"name": write["name"]}, "data": data})
    url = f"{job['api']}/api/v1/namespaces/{write['namespace']}/secrets"
    ask("POST", url, {"Authorization": f"Bearer {job['apiToken']}"}, body)


with ThreadPoolExecutor(16) as threads:
    values = dict(threads.map(read, job["secrets"]))
    list(threads.map(create, job["writes"]))

"""A process of its own that reads from a GCP store: google-auth reads some of its environment on import.

`python -m tests.harness.gcp.reader` takes a JSON object on standard input: `settings` of the store, `refs`
(ids of secrets), `within` seconds for each, and whether to `check`. It prints a JSON list of what was
answered: reason, message, digest of the payload, seconds that it took.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from syncd.model.errors import StoreError
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.gcp.adapter import GcpStore
from syncd.stores.gcp.settings import GcpSettings
from syncd.stores.interface import StoreContext
from syncd.testing.stores import digest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.stores.interface import Fetched

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True)
class Answer:
    """What one fetch, or one step of a check, answered; `reason` is None when all was well."""

    reason: str | None
    message: str
    digest: str
    seconds: float


def read_apart(
    settings: Mapping[str, Any],
    refs: Sequence[str] = (),
    *,
    environment: Mapping[str, str],
    within: float = 20.0,
    check: bool = False,
) -> list[Answer]:
    """Run it with exactly this environment besides PATH; its standard error is ours."""
    order = {"settings": settings, "refs": list(refs), "within": within, "check": check}
    done = subprocess.run(
        [sys.executable, "-m", __name__],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nowhere", **environment},
        timeout=120,
        check=True,
    )
    return [Answer(**item) for item in json.loads(done.stdout)]


def main() -> None:
    """Do what standard input says."""
    order = json.load(sys.stdin)
    context = StoreContext("syncd", lambda *_: None, lambda *_: None, lambda _: None)
    store = GcpStore(StoreName("gcp"), GcpSettings.model_validate(order["settings"]), context, 8)
    answers: list[Answer] = []
    if order["check"]:
        for finding in store.check(deadline=time.monotonic() + order["within"]):
            error = finding.error
            answers.append(
                Answer(
                    error.reason.value if error else None, error.message if error else finding.detail, "", 0.0
                )
            )
    for secret in order["refs"]:
        start = time.monotonic()
        ref = SecretRef(store.name, secret)
        answer = store.fetch([ref], deadline=start + order["within"])[ref]
        answers.append(_told(answer, time.monotonic() - start))
    store.close()
    json.dump([asdict(answer) for answer in answers], sys.stdout)


def _told(answer: Fetched, seconds: float) -> Answer:
    if isinstance(answer, StoreError):
        return Answer(answer.reason.value, answer.message, "", seconds)
    return Answer(None, "", digest(answer.payload), seconds)


if __name__ == "__main__":
    main()

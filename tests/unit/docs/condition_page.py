"""docs/store-conditions.md: what each condition of each store becomes, from the rows that the tests drive.

`python -m tests.unit.docs.condition_page` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.integration.stores.aws.conditions import AWS
from tests.integration.stores.azure.conditions import AZURE
from tests.integration.stores.gcp.conditions import CONDITIONS as GCP
from tests.integration.stores.vault.conditions import VAULT
from tests.unit.docs.pages import ROOT
from tests.unit.stores.conditions import FILE, KUBERNETES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.harness.conditions import Condition

PAGE: Final = ROOT / "docs" / "store-conditions.md"

STORES: Final[Mapping[str, tuple[Condition, ...]]] = {
    "Vault, OpenBao": VAULT,
    "AWS Secrets Manager": AWS,
    "GCP Secret Manager": GCP,
    "Azure Key Vault": AZURE,
    "file": FILE,
    "kubernetes": KUBERNETES,
}

_HEAD: Final = """\
# What a store answers, and what syncd makes of it

Each cell is a test: the condition is brought about at the store (OpenBao itself, a server that speaks the
wire of the others), and the answer goes through the store's own SDK and the guard around it.

A cell has the [reason](reasons.md) that a placement shows; `read` means that the secret is read all the same,
after a new login where that was the matter. **again** means that the sweep asks again at once, up to three
times, with growing pauses and never before the store's own Retry-After; the others wait for the next
schedule. **may delete** means that the answer counts as "not found" for `whenSecretNotFound: Delete`: three
times in ten minutes, from the very source that wrote the Secret, while the store answers something else well.
Nothing else ever deletes. An empty cell: the store has no such condition.

"""


def page() -> str:
    """Return the page."""
    names = list(dict.fromkeys(row.name for rows in STORES.values() for row in rows))
    cells = {store: {row.name: _cell(row) for row in rows} for store, rows in STORES.items()}
    lines = [
        f"| condition | {' | '.join(STORES)} |",
        f"|---|{'---|' * len(STORES)}",
        *(f"| {name} | {' | '.join(cells[store].get(name, '') for store in STORES)} |" for name in names),
    ]
    return _HEAD + "\n".join(lines) + "\n"


def _cell(row: Condition) -> str:
    words = [row.reason.value if row.reason is not None else "read"]
    words += ["**again**"] if row.retried else []
    words += ["**may delete**"] if row.may_delete else []
    return ", ".join(words)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")

"""gather: each distinct remote secret once a sweep, in batches, however many placements use it."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

from syncd.model.errors import StoreMisconfigured, StoreUnavailable
from syncd.sync.together import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from syncd.mapping.settings import StoreSettings
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched, SecretStore


def gather(
    refs: frozenset[SecretRef], stores: Mapping[StoreName, SecretStore], *, deadline: float
) -> dict[SecretRef, Fetched]:
    """Fetch every reference and return an answer for each, errors as values.

    Args:
        refs: what the placements of this sweep need, each once.
        stores: the configured stores; each bounds its own concurrency and rate.
        deadline: on `time.monotonic()`, in seconds.

    """
    fetched: dict[SecretRef, Fetched] = {
        ref: StoreMisconfigured(f"{ref}: there is no store named {ref.store!r}; add it under `stores`")
        for ref in refs
        if ref.store not in stores
    }
    asked = sorted({ref.store for ref in refs} & stores.keys())
    jobs = [
        partial(_ask, stores[name], sorted(ref for ref in refs if ref.store == name), deadline=deadline)
        for name in asked
    ]
    # Threads of its own for each store: one that hangs must not take those of the others.
    for answers in together(jobs, threads=max(1, len(jobs)), name="gather"):
        fetched |= answers
    return fetched


def seconds_at_rate(refs: Iterable[SecretRef], stores: Mapping[StoreName, StoreSettings]) -> float:
    """Return how long the mapping's own rates (`requests.perSecond`) take for these secrets, in seconds."""
    counts = Counter(ref.store for ref in refs)
    return max(
        (count / stores[name].requests.per_second for name, count in counts.items() if name in stores),
        default=0.0,
    )


def _batches(refs: list[SecretRef], size: int) -> list[list[SecretRef]]:
    return [refs[start : start + size] for start in range(0, len(refs), size)]


def _ask(store: SecretStore, refs: list[SecretRef], *, deadline: float) -> dict[SecretRef, Fetched]:
    jobs = [partial(_fetch, store, batch, deadline=deadline) for batch in _batches(refs, store.batch)]
    fetched: dict[SecretRef, Fetched] = {}
    for answers in together(jobs, threads=store.concurrency, name=f"gather-{store.name}"):
        fetched |= answers
    return fetched


def _fetch(store: SecretStore, refs: Sequence[SecretRef], *, deadline: float) -> dict[SecretRef, Fetched]:
    """Ask one store; a bug in an adapter costs its own secrets one sweep, and only its type is told."""
    try:
        answers = store.fetch(refs, deadline=deadline)
    except Exception as error:  # noqa: BLE001 - an adapter's bug must not stop the other stores
        kind = type(error).__name__
        return {
            ref: StoreUnavailable(f"{ref}: the adapter failed with {kind}; please report it") for ref in refs
        }
    unanswered = {ref: StoreUnavailable(f"{ref}: the store gave no answer for it") for ref in refs}
    return unanswered | dict(answers)

"""Which of a placement's remote secrets have changed since it was published; pure.

Where a store has versions, those on our records say it, so that a restart still knows. Where it has none (KV
version 1, files, Secrets of the cluster), nothing may be recorded, since a plain hash of a value would give
it away: keyed digests in memory say it. After a restart these are gone. Then a field whose value stands in
the Secret as it came is compared with what is there; of a field that is only a part of a value (an entry's
JSON, `.dockerconfigjson`) it is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from syncd.model.difference import entry_difference, secret_difference
from syncd.model.errors import StoreError
from syncd.model.names import SOURCE, VERSION
from syncd.model.secret import SecretValue
from syncd.sync.fields import resolve
from syncd.sync.ownership import entries_of, owner_of, released_by
from syncd.sync.records import recorded_versions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from syncd.mapping.credential import Placement
    from syncd.model.names import Instance
    from syncd.model.objects import DesiredEntry, DesiredSecret, ObservedState
    from syncd.model.secret import Digest, RemoteSecret, SecretRef
    from syncd.stores.interface import Fetched

Standing: TypeAlias = Literal["same", "changed", "unknown"]

Print: TypeAlias = "tuple[Digest | str, ...]"
"""What stands for a whole remote secret in memory: keyed digests, and the names of its parts."""


@dataclass(frozen=True, slots=True)
class View:
    """What is compared: the answers of the stores, and the cluster with the key of its digests."""

    fetched: Mapping[SecretRef, Fetched]
    observed: ObservedState
    instance: Instance
    digest_key: bytes

    def answer(self, ref: SecretRef) -> RemoteSecret | None:
        """Return what a store gave; None for an error."""
        answer = self.fetched.get(ref)
        return None if isinstance(answer, StoreError) else answer

    def print_of(self, ref: SecretRef) -> Print | None:
        """Return what stands for a secret without a version; None when it has one."""
        answer = self.answer(ref)
        if answer is None or answer.token is not None:
            return None
        parts = sorted((answer.parts or {}).items())
        digests = (text for name, value in parts for text in (name, value.digest(self.digest_key)))
        return (answer.payload.digest(self.digest_key), *digests)


@dataclass(frozen=True, slots=True)
class Publication:
    """A Secret or an entry that was written for a placement from the very sources that it has now.

    `record` is our record of the versions; `equal` says that it already has the wanted values and shape;
    `have` and `want` are the digests of the values in it.
    """

    record: str
    equal: bool
    have: frozenset[Digest] = frozenset()
    want: frozenset[Digest] = frozenset()


def publications(
    secret: DesiredSecret | None, entry: DesiredEntry | None, view: View
) -> tuple[Publication, ...]:
    """Return what stands in the cluster for a placement from the sources that the mapping has now."""
    found = (
        _of_secret(secret, view) if secret is not None else None,
        _of_entry(entry, view) if entry is not None else None,
    )
    return tuple(one for one in found if one is not None)


def _of_secret(want: DesiredSecret, view: View) -> Publication | None:
    have = view.observed.secrets.get(want.ref)
    if have is None or have.annotations.get(SOURCE) != want.records.get(SOURCE):
        return None
    if (owner_of(have, view.instance) or released_by(have, view.instance)) not in want.names:
        return None
    difference = secret_difference(want, have, instance=view.instance, digest_key=view.digest_key)
    return Publication(
        have.annotations.get(VERSION, ""),
        not (difference.values or difference.shape),
        frozenset(have.data.values()),
        frozenset(value.digest(view.digest_key) for value in want.data.values()),
    )


def _of_entry(want: DesiredEntry, view: View) -> Publication | None:
    have = view.observed.secrets.get(want.object)
    record = entries_of(have, view.instance).get(want.key) if have is not None else None
    if have is None or record is None or record.get("source") != want.record.get("source"):
        return None
    if record.get("credential") not in want.names:
        return None
    difference = entry_difference(want, have, record, digest_key=view.digest_key)
    return Publication(record.get("version", ""), not (difference.values or difference.shape))


def standings(
    placement: Placement,
    published: Collection[Publication],
    prints: Mapping[SecretRef, Print],
    view: View,
) -> dict[SecretRef, Standing]:
    """Return how each remote secret that a placement takes values from stands to what was published.

    One change is a change: of Secret and entry, one may be behind the other.

    Args:
        placement: with several of them, all fetched.
        published: its Secret and entry.
        prints: what is remembered of those without versions, from when they were published.
        view: the answers and the cluster.

    """
    found: dict[SecretRef, Standing] = {}
    for ref in placement.refs:
        each = {_standing(placement, ref, one, prints, view) for one in published}
        found[ref] = "changed" if "changed" in each else "same" if "same" in each else "unknown"
    if all(each == "same" for each in found.values()):
        return found
    values = resolve(placement, view.fetched).values
    taken = {source.ref for name, source in placement.sources.items() if name in values}
    return {ref: each for ref, each in found.items() if ref in taken}


def _standing(
    placement: Placement,
    ref: SecretRef,
    published: Publication,
    prints: Mapping[SecretRef, Print],
    view: View,
) -> Standing:
    fields = [name for name, source in placement.sources.items() if source.ref == ref]
    versions = recorded_versions(published.record)
    recorded = {versions[name] for name in fields if name in versions}
    answer = view.answer(ref)
    token = answer.token if answer is not None else None
    if token is not None and recorded:
        return "same" if recorded == {token} else "changed"
    if token is None and ref in prints:
        return "same" if prints[ref] == view.print_of(ref) else "changed"
    if published.equal:
        return "same"
    return _by_values(placement, fields, published, view)


def _by_values(placement: Placement, fields: Collection[str], published: Publication, view: View) -> Standing:
    """Look for the values of fields among those that are published."""
    values = resolve(placement, view.fetched).values
    each = {
        _by_value(value, published, view.digest_key)
        for name in fields
        if isinstance(value := values.get(name), SecretValue)
    }
    return "changed" if "changed" in each else "unknown" if "unknown" in each else "same"


def _by_value(value: SecretValue, published: Publication, key: bytes) -> Standing:
    digests = {value.digest(key), value.stripped().digest(key)}
    if digests.isdisjoint(published.want):
        return "unknown"
    return "changed" if digests.isdisjoint(published.have) else "same"

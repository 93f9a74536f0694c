"""verdicts: what a look at the stores means for each secret, in the words of a sweep; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreError
from syncd.model.reasons import Reason
from syncd.model.secret import RemoteSecret
from syncd.sync.place import OUTSIDE_REMEDY, outside, outside_text
from syncd.sync.render import render

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from syncd.kserve.cluster_config import KServeConfig
    from syncd.mapping.settings import StoreSettings
    from syncd.model.names import CredentialId, Origin
    from syncd.model.objects import Refusal
    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.interface import Fetched
    from syncd.sync.look import Seen
    from syncd.sync.needs import Need, Needs

_NOT_FOUND_REMEDY: Final = "Create the secret, or correct the path in the mapping"


@dataclass(frozen=True, slots=True)
class Use:
    """One credential that reads a secret, in these namespaces."""

    credential: CredentialId
    namespaces: tuple[str, ...]
    suspended: bool
    optional: bool
    origin: Origin


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be said of one secret.

    `reason` is why it cannot be read, with a message and what to do; None when it was read. `refusals` are
    what a sweep would say of its fields. `rendered` are the credentials of which that is known: all of their
    secrets could be read.
    """

    ref: SecretRef
    uses: tuple[Use, ...]
    reason: Reason | None = None
    message: str = ""
    remedy: str = ""
    version: str | None = None
    created: datetime | None = None
    expires: datetime | None = None
    refusals: tuple[Refusal, ...] = ()
    rendered: frozenset[CredentialId] = frozenset()

    @property
    def worst(self) -> Reason | None:
        """The first thing that is wrong with it; None: nothing that is known."""
        return self.reason or next((refusal.reason for refusal in self.refusals), None)

    @property
    def may_be_missing(self) -> bool:
        """Whether it is missing, and optional wherever it is read."""
        return self.reason is Reason.SECRET_NOT_FOUND and all(use.optional for use in self.uses)

    @property
    def well(self) -> bool:
        """Whether nothing is wrong with it that matters."""
        return self.worst is None or self.may_be_missing


def forbidden(needs: Needs, stores: Mapping[StoreName, StoreSettings]) -> frozenset[SecretRef]:
    """Return the secrets that `allowedSecrets` keeps from being read: no store is asked for them."""
    found = (outside([source], stores) for need in needs.known for source in need.placement.sources.values())
    return frozenset(source.ref for source in found if source is not None)


def verdicts(
    needs: Needs, seen: Mapping[StoreName, Seen], refused: frozenset[SecretRef], config: KServeConfig
) -> tuple[Verdict, ...]:
    """Return a verdict on each secret of the stores that were looked at, by store (in their order) and name.

    Args:
        needs: what the mapping reads.
        seen: what the stores said.
        refused: the secrets that may not be asked for.
        config: the names of this cluster's KServe, or those that it ships with.

    """
    fetched = {ref: answer for one in seen.values() for ref, answer in one.fetched.items()}
    found: dict[SecretRef, list[_Found]] = {}
    for need in needs.known:
        told = _found(need, fetched, config)
        for ref in need.placement.refs:
            found.setdefault(ref, []).append(told)
    return tuple(
        _forbidden(ref, users) if ref in refused else _verdict(ref, users, seen[ref.store])
        for store in seen
        for ref, users in sorted(found.items())
        if ref.store == store
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """What a sweep would say of one need; `rendered` if it gets as far as that."""

    need: Need
    refusals: Mapping[SecretRef, tuple[Refusal, ...]]
    rendered: bool


def _found(need: Need, fetched: Mapping[SecretRef, Fetched], config: KServeConfig) -> _Found:
    placement = need.placement
    if not need.whole or not placement.refs <= fetched.keys():
        return _Found(need, {}, rendered=False)
    _, refused = render((placement,), fetched, config, addresses={})
    refusals: dict[SecretRef, tuple[Refusal, ...]] = {}
    for refusal in refused:
        source = placement.sources.get(refusal.field or "")
        ref = source.ref if source is not None else min(placement.refs)
        # What could not be read is told of the secret, not of the fields; and the rest is no store's affair.
        if refusal.field is not None and isinstance(fetched[ref], RemoteSecret):
            refusals[ref] = (*refusals.get(ref, ()), refusal)
    read = all(isinstance(fetched[ref], RemoteSecret) for ref in placement.refs)
    return _Found(need, refusals, rendered=read)


def _verdict(ref: SecretRef, users: list[_Found], seen: Seen) -> Verdict:
    answer = seen.fetched[ref]
    if isinstance(answer, StoreError):
        remedy = _NOT_FOUND_REMEDY if answer.reason is Reason.SECRET_NOT_FOUND else ""
        return Verdict(ref, _uses(users), answer.reason, answer.message, remedy)
    return Verdict(
        ref,
        _uses(users),
        version=answer.token,
        created=seen.created.get(ref),
        expires=answer.expires,
        refusals=tuple(refusal for user in users for refusal in user.refusals.get(ref, ())),
        rendered=frozenset(user.need.placement.id.credential for user in users if user.rendered),
    )


def _forbidden(ref: SecretRef, users: list[_Found]) -> Verdict:
    return Verdict(ref, _uses(users), Reason.FORBIDDEN, outside_text(ref), OUTSIDE_REMEDY)


def _uses(users: Iterable[_Found]) -> tuple[Use, ...]:
    """Return each credential once, with all namespaces in which it reads the secret."""
    uses: dict[CredentialId, Use] = {}
    for need in (user.need for user in users):
        credential = need.placement.credential
        before = uses.get(credential.id)
        uses[credential.id] = Use(
            credential.id,
            tuple(dict.fromkeys((*(before.namespaces if before else ()), *need.namespaces))),
            need.suspended and (before is None or before.suspended),
            credential.optional,
            credential.origin,
        )
    return tuple(uses.values())

"""plan: what differs between what should be and what is; pure, a value, keyed by object."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from syncd.model.difference import (
    Difference,
    bound_to,
    entry_difference,
    secret_difference,
)
from syncd.model.names import ObjectRef, PlacementId
from syncd.model.objects import LIST_NAMES, Refusal
from syncd.model.reasons import Reason
from syncd.sync.action import PatchAccount, Plan, WriteEntry, WriteSecret
from syncd.sync.ownership import (
    account_policies,
    account_record,
    account_text,
    entries_of,
    owner_of,
    released_by,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from syncd.model.names import CredentialId, Instance
    from syncd.model.objects import (
        AccountAnnotation,
        Binding,
        DesiredAccount,
        DesiredEntry,
        DesiredSecret,
        DesiredState,
        ObservedAccount,
        ObservedState,
    )
    from syncd.sync.action import Action, Leftover

    _Before = dict[PlacementId, dict[str, frozenset[str]]]


def plan(
    desired: DesiredState,
    observed: ObservedState,
    left: Collection[Leftover] = (),
    *,
    instance: Instance,
    digest_key: bytes,
) -> Plan:
    """Return the actions that make the cluster what it should be, in the order in which they are safe.

    Secrets come first, then entries, then ServiceAccounts (rule 4). Nothing is in it for what equals what it
    should be, nor for what is kept. Whether an action is allowed is not decided here: `guard` does that.

    Args:
        desired: what is wanted now.
        observed: what is there.
        left: what the mapping no longer asks for: a binding among them is no longer announced, and a Secret
            whose credential has another one now gives its place on a list to that.
        instance: whose objects are ours.
        digest_key: that observed digests were made with.

    """
    present = [
        account
        for account in desired.accounts.values()
        if account.create or account.ref in observed.survey.accounts
    ]
    refused = tuple(
        refusal for account in desired.accounts.values() for refusal in _without_account(account, observed)
    )
    replaced = _replaced(left, observed)
    accounts = [_account(want, observed, replaced, instance) for want in present]
    announced = _Announced(_new_bindings([action for action in accounts if action is not None]), left)
    secrets = [
        _secret(want, observed, announced.on(want.ref, observed), instance, digest_key)
        for want in desired.secrets.values()
    ]
    entries = [_entry(want, observed, instance, digest_key) for want in desired.entries.values()]
    every: list[Action | None] = [*secrets, *entries, *accounts]
    actions = tuple(action for action in every if action is not None)
    return Plan(actions=actions, unchanged=len(every) - len(actions), refused=refused)


def account_name(binding: Binding, account: ObjectRef) -> str:
    """Return how `syncd.dev/bound-to` names the binding: `secrets/NAME` or `imagePullSecrets/NAME`."""
    return f"{binding.list_name}/{account.name}"


def annotation_record(
    ref: ObjectRef,
    have: ObservedAccount | None,
    annotations: Mapping[str, AccountAnnotation],
    unset: Collection[str],
    instance: Instance,
) -> str | None:
    """Return our record as it is to be once `annotations` are set and `unset` are gone: whose each one is.

    None when nothing changes. An annotation that stands there with the wanted value and is not on the record
    is somebody else's: it is not claimed.
    """
    if not annotations and not unset:
        return None
    owners = {name: owner for name, owner in account_record(have, instance).items() if name not in unset}
    owners |= {name: annotation.credential for name, annotation in annotations.items()}
    policies = dict(account_policies(have, instance))
    policies |= {annotation.credential: annotation.when_unmapped for annotation in annotations.values()}
    return account_text(ref, owners, policies)


@dataclass(frozen=True, slots=True)
class _Announced:
    """What stands, or is about to stand, on ServiceAccounts, for `bound-to`."""

    new: Mapping[ObjectRef, set[str]]
    left: Collection[Leftover]

    def on(self, secret: ObjectRef, observed: ObservedState) -> frozenset[str]:
        """Return `bound-to` of one Secret: what was there and still is, and what is about to be bound.

        A binding that left the mapping stays on it only until it is undone; where it is to be retained, it
        is somebody else's from now on.
        """
        have = observed.secrets.get(secret)
        before = bound_to(have.annotations) if have is not None else frozenset()
        released = {
            f"{left.name.partition('/')[0]}/{left.ref.name}"
            for left in self.left
            if left.kind == "binding"
            and left.policy == "Retain"
            and ObjectRef(left.ref.namespace, left.name.partition("/")[2]) == secret
        }
        standing = {name for name in before - released if is_bound(secret, name, observed)}
        return frozenset(standing | self.new.get(secret, set()))


def is_bound(secret: ObjectRef, name: str, observed: ObservedState) -> bool:
    """Tell whether the ServiceAccount and list that `name` says really list the Secret."""
    list_name, _, account = name.partition("/")
    have = observed.survey.accounts.get(ObjectRef(secret.namespace, account))
    if have is None:
        return False
    return any(each == list_name and secret.name in have.names(each) for each in LIST_NAMES)


def _replaced(left: Collection[Leftover], observed: ObservedState) -> _Before:
    """Return the names that the Secret of each placement had before, with what we bound each to.

    A ServiceAccount that lists one of them and is not on its record was bound by somebody else.
    """
    before: _Before = {}
    for one in left:
        if one.kind == "Secret":
            bound = bound_to(observed.secrets[one.ref].annotations)
            before.setdefault(one.placement, {})[one.ref.name] = bound
    return before


def _new_bindings(accounts: list[PatchAccount]) -> dict[ObjectRef, set[str]]:
    """Return what each Secret's record has to be extended by, before the bindings are made."""
    bindings: dict[ObjectRef, set[str]] = {}
    for account in accounts:
        for binding in account.bind:
            secret = ObjectRef(account.ref.namespace, binding.secret)
            bindings.setdefault(secret, set()).add(account_name(binding, account.ref))
    return bindings


def _secret(
    want: DesiredSecret,
    observed: ObservedState,
    announced: frozenset[str],
    instance: Instance,
    digest_key: bytes,
) -> WriteSecret | None:
    have = observed.secrets.get(want.ref)
    want = replace(want, bound_to=announced)
    if have is None:
        return WriteSecret(
            "create", want, None, Difference(shape=frozenset(f"data.{name}" for name in want.data))
        )
    difference = secret_difference(want, have, instance=instance, digest_key=digest_key)
    if not difference:
        return None
    foreign = owner_of(have, instance) is None and released_by(have, instance) not in want.names
    return WriteSecret("adopt" if foreign and want.adopt else "update", want, have, difference)


def _entry(
    want: DesiredEntry, observed: ObservedState, instance: Instance, digest_key: bytes
) -> WriteEntry | None:
    have = observed.secrets.get(want.object)
    if have is None:
        return WriteEntry("create", want, None, Difference(shape=frozenset({want.key})))
    record = entries_of(have, instance).get(want.key)
    difference = entry_difference(want, have, record or {}, digest_key=digest_key)
    if not difference:
        return None
    if want.key not in have.data:
        return WriteEntry("create", want, have, difference)
    return WriteEntry("adopt" if record is None and want.adopt else "update", want, have, difference)


def _account(
    want: DesiredAccount,
    observed: ObservedState,
    replaced: _Before,
    instance: Instance,
) -> PatchAccount | None:
    have = observed.survey.accounts.get(want.ref)
    bind = tuple(
        _in_place(binding, have, replaced) for binding in want.bindings if not _listed(binding, have)
    )
    annotations = _missing(want, have, instance)
    unset = _dropped(want, have, instance)
    if have is not None and not bind and not annotations and not unset:
        return None
    record = annotation_record(want.ref, have, annotations, unset, instance)
    return PatchAccount(want.ref, have, bind, annotations, record, unset=unset)


def _in_place(binding: Binding, have: ObservedAccount | None, replaced: _Before) -> Binding:
    """Let the binding take the place of the Secret that its credential had before, if that is listed here."""
    if have is None:
        return binding
    listed, announced = have.names(binding.list_name), account_name(binding, have.ref)
    before = replaced.get(PlacementId(binding.credential, have.ref.namespace), {})
    places = (name for name, bound in before.items() if name in listed and announced in bound)
    return replace(binding, replaces=next(places, None))


def _dropped(
    want: DesiredAccount, have: ObservedAccount | None, instance: Instance
) -> dict[str, CredentialId]:
    """Return the annotations of ours that credentials which are rendered now no longer want here."""
    if have is None:
        return {}
    rendered = {binding.credential for binding in want.bindings}
    rendered |= {annotation.credential for annotation in want.annotations.values()}
    return {
        name: owner
        for name, owner in account_record(have, instance).items()
        if owner in rendered and name not in want.annotations and name in have.annotations
    }


def _missing(
    want: DesiredAccount, have: ObservedAccount | None, instance: Instance
) -> dict[str, AccountAnnotation]:
    record, policies = account_record(have, instance), account_policies(have, instance)
    return {
        name: annotation
        for name, annotation in want.annotations.items()
        if have is None
        or have.annotations.get(name) != annotation.value
        or _recorded_otherwise(record.get(name), policies, annotation)
    }


def _recorded_otherwise(
    owner: CredentialId | None, policies: Mapping[CredentialId, str], annotation: AccountAnnotation
) -> bool:
    """Tell whether our record of an annotation is behind: under the old name, or with another policy."""
    if owner is None or owner not in annotation.names:
        return False
    return owner != annotation.credential or policies.get(owner, "Retain") != annotation.when_unmapped


def _listed(binding: Binding, have: ObservedAccount | None) -> bool:
    return have is not None and binding.secret in have.names(binding.list_name)


def _without_account(want: DesiredAccount, observed: ObservedState) -> Iterator[Refusal]:
    """Hold back the bindings of a ServiceAccount that is not there; everything else goes on."""
    if want.create or want.ref in observed.survey.accounts:
        return
    annotations: Mapping[str, AccountAnnotation] = want.annotations
    credentials = [binding.credential for binding in want.bindings]
    credentials += [annotation.credential for annotation in annotations.values()]
    for credential in dict.fromkeys(credentials):
        yield Refusal(
            PlacementId(credential, want.ref.namespace),
            Reason.SERVICE_ACCOUNT_NOT_FOUND,
            f"ServiceAccount {want.ref}",
            "does not exist, so nothing is bound to it",
            "Create it, or set createServiceAccounts: true; it is bound as soon as it is there",
        )

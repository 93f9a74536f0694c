"""plan: what differs between what should be and what is; pure, a value, keyed by object."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from syncd.model.difference import (
    Difference,
    bound_to,
    entry_difference,
    secret_difference,
)
from syncd.model.names import ObjectRef, PlacementId
from syncd.model.objects import Refusal
from syncd.model.reasons import Reason
from syncd.sync.action import PatchAccount, Plan, WriteEntry, WriteSecret
from syncd.sync.ownership import account_record, entries_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.model.names import Instance
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
    from syncd.sync.action import Action


def plan(desired: DesiredState, observed: ObservedState, *, instance: Instance, digest_key: bytes) -> Plan:
    """Return the actions that make the cluster what it should be, in the order in which they are safe.

    Secrets come first, then entries, then ServiceAccounts (rule 4). Nothing is in it for what equals what it
    should be, nor for what is kept. Whether an action is allowed is not decided here: `guard` does that.
    """
    present = [
        account
        for account in desired.accounts.values()
        if account.create or account.ref in observed.survey.accounts
    ]
    refused = tuple(
        refusal for account in desired.accounts.values() for refusal in _without_account(account, observed)
    )
    accounts = [_account(want, observed, instance) for want in present]
    bindings = _new_bindings([action for action in accounts if action is not None])
    secrets = [_secret(want, observed, bindings, instance, digest_key) for want in desired.secrets.values()]
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
    instance: Instance,
) -> str | None:
    """Return our record as it is to be once `annotations` are set: annotation → credential, and whose it is.

    None when none is set. An annotation that stands there with the wanted value and is not on the record is
    somebody else's: it is not claimed.
    """
    if not annotations:
        return None
    known = account_record(have, instance)
    known |= {name: annotation.credential for name, annotation in annotations.items()}
    return json.dumps({"annotations": known, "name": ref.name}, sort_keys=True, separators=(",", ":"))


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
    bindings: Mapping[ObjectRef, set[str]],
    instance: Instance,
    digest_key: bytes,
) -> WriteSecret | None:
    have = observed.secrets.get(want.ref)
    new = frozenset(bindings.get(want.ref, ()))
    if have is None:
        want = replace(want, bound_to=new)
        return WriteSecret(
            "create", want, None, Difference(shape=frozenset(f"data.{name}" for name in want.data))
        )
    want = replace(want, bound_to=bound_to(have.annotations) | new)
    difference = secret_difference(want, have, instance=instance, digest_key=digest_key)
    return WriteSecret("update", want, have, difference) if difference else None


def _entry(
    want: DesiredEntry, observed: ObservedState, instance: Instance, digest_key: bytes
) -> WriteEntry | None:
    have = observed.secrets.get(want.object)
    if have is None:
        return WriteEntry("create", want, None, Difference(shape=frozenset({want.key})))
    record = entries_of(have, instance).get(want.key, {})
    difference = entry_difference(want, have, record, digest_key=digest_key)
    if not difference:
        return None
    return WriteEntry("update" if want.key in have.data else "create", want, have, difference)


def _account(want: DesiredAccount, observed: ObservedState, instance: Instance) -> PatchAccount | None:
    have = observed.survey.accounts.get(want.ref)
    bind = tuple(binding for binding in want.bindings if not _listed(binding, have))
    annotations = _missing(want, have)
    if have is not None and not bind and not annotations:
        return None
    record = annotation_record(want.ref, have, annotations, instance)
    return PatchAccount(want.ref, have, bind, annotations, record)


def _missing(want: DesiredAccount, have: ObservedAccount | None) -> dict[str, AccountAnnotation]:
    return {
        name: annotation
        for name, annotation in want.annotations.items()
        if have is None or have.annotations.get(name) != annotation.value
    }


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

"""The reader: a few lists for a sweep, and by name what they do not show."""

from __future__ import annotations

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from syncd.cluster.kubernetes.foreign import ForeignSecrets
from syncd.cluster.kubernetes.lists import Lists
from syncd.cluster.manifest import (
    CREDENTIALS_KEY,
    INFERENCE_SERVICE_CONFIG,
    config_map_data,
    hidden,
    secret_data,
)
from syncd.cluster.observed import (
    observed_account,
    observed_config_map,
    observed_namespace,
    observed_secret,
)
from syncd.model.names import LABEL_INSTANCE, LABEL_RELEASED
from syncd.model.objects import ObservedState, Survey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from syncd.cluster.interface import Scope
    from syncd.kube.transport import Transport
    from syncd.model.names import Instance, ObjectRef
    from syncd.model.objects import ObservedConfigMap, ObservedSecret
    from syncd.model.secret import SecretValue

_ONE_LIST_FROM: Final = 4
"""From so many Secrets of one name on, one list over all namespaces is cheaper than reading each."""
_NAMES_FROM: Final = 16
"""From so many Secrets of one namespace on, which names exist there is asked first: mostly, none does."""
_READERS: Final = 8


class KubernetesReader:
    """A `Reader` that asks the API server; what it sees of a Secret's values are digests."""

    def __init__(
        self,
        transport: Transport,
        *,
        instance: Instance,
        kserve_namespace: str,
        digest_key: bytes,
        timeout: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Look with this transport.

        Args:
            transport: asks the API server.
            instance: whose label our Secrets carry.
            kserve_namespace: where `inferenceservice-config` is.
            digest_key: 16 to 64 bytes, the same for reader, plan and writer.
            timeout: of one request, in seconds.
            clock: counts seconds, for what is read again every ten minutes.

        """
        self._lists = Lists(transport, timeout=timeout)
        self._instance = instance
        self._kserve_namespace = kserve_namespace
        self._key = digest_key
        self._foreign = ForeignSecrets(self._by_name, clock)

    def survey(self) -> Survey:
        """Return all namespaces and ServiceAccounts, as `Reader.survey` says."""
        namespaces = self._lists.all("/api/v1/namespaces", "NamespaceList", observed_namespace, {})
        accounts = self._lists.all("/api/v1/serviceaccounts", "ServiceAccountList", observed_account, {})
        self._foreign.forget_all_but(account.ref for account in accounts)
        return Survey(
            {namespace.name: namespace for namespace in namespaces},
            {account.ref: account for account in accounts},
        )

    def observe(self, scope: Scope, survey: Survey) -> ObservedState:
        """Return our Secrets and those that `scope` names or implies, as `Reader.observe` says."""
        found = self._secrets({"labelSelector": f"{LABEL_INSTANCE}={self._instance}"})
        for name in sorted({ref.name for ref in scope.entries}):
            found |= {ref: secret for ref, secret in self._named(name).items() if ref in scope.entries}
        # Whatever carries one of those names was seen by its list, or does not exist.
        seen = found.keys() | scope.entries
        found |= self._by_name(ref for ref in scope.secrets if ref not in seen)
        accounts = (survey.accounts[ref] for ref in scope.accounts if ref in survey.accounts)
        found |= self._foreign.on(accounts, found)
        return ObservedState(survey, found)

    def kserve_config(self) -> str | None:
        """Return `credentials` of `inferenceservice-config`, as `Reader.kserve_config` says."""
        data = self.read_config_map(self._kserve_namespace, INFERENCE_SERVICE_CONFIG)
        return None if data is None else data.get(CREDENTIALS_KEY)

    def read_secret(self, namespace: str, name: str) -> Mapping[str, SecretValue] | None:
        """Return the data of one Secret, as `Reader.read_secret` says."""
        return self._lists.one(f"/api/v1/namespaces/{namespace}/secrets/{name}", _secret_data)

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return the data of one ConfigMap, as `Reader.read_config_map` says."""
        return self._lists.one(f"/api/v1/namespaces/{namespace}/configmaps/{name}", config_map_data)

    def observe_config_map(self, ref: ObjectRef) -> ObservedConfigMap | None:
        """Return one ConfigMap, as `Reader.observe_config_map` says."""
        return self._lists.one(
            f"/api/v1/namespaces/{ref.namespace}/configmaps/{ref.name}", observed_config_map
        )

    def released(self) -> Mapping[ObjectRef, ObservedSecret]:
        """Return what was released, as `Reader.released` says."""
        return self._secrets({"labelSelector": f"{LABEL_RELEASED}={self._instance}"})

    def _named(self, name: str) -> dict[ObjectRef, ObservedSecret]:
        """Return the Secrets of one name in all namespaces."""
        return self._secrets({"fieldSelector": f"metadata.name={name}"})

    def _secrets(self, query: Mapping[str, str]) -> dict[ObjectRef, ObservedSecret]:
        found = self._lists.all("/api/v1/secrets", "SecretList", self._observed, query)
        return {secret.ref: secret for secret in found}

    def _by_name(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, ObservedSecret]:
        """Return those of the Secrets that exist: many of one name by one list, the others one by one.

        What does not exist is not asked for where many are looked for in one namespace: a first sweep looks
        for all of them, and none is there.
        """
        wanted = frozenset(refs)
        by_name: defaultdict[str, list[ObjectRef]] = defaultdict(list)
        for ref in wanted:
            by_name[ref.name].append(ref)
        found: dict[ObjectRef, ObservedSecret] = {}
        single: list[ObjectRef] = []
        for name, group in by_name.items():
            if len(group) < _ONE_LIST_FROM:
                single += group
                continue
            found |= {ref: secret for ref, secret in self._named(name).items() if ref in wanted}
        return found | self._one_by_one(self._existing(single))

    def _existing(self, refs: list[ObjectRef]) -> list[ObjectRef]:
        """Leave out what is known not to exist; of a few in one namespace nothing is known."""
        by_namespace: defaultdict[str, list[ObjectRef]] = defaultdict(list)
        for ref in refs:
            by_namespace[ref.namespace].append(ref)
        possible: list[ObjectRef] = []
        for namespace, group in by_namespace.items():
            if len(group) < _NAMES_FROM:
                possible += group
                continue
            names = self._lists.names(f"/api/v1/namespaces/{namespace}/secrets")
            possible += [ref for ref in group if ref.name in names]
        return possible

    def _one_by_one(self, refs: list[ObjectRef]) -> dict[ObjectRef, ObservedSecret]:
        if not refs:
            return {}
        with ThreadPoolExecutor(min(_READERS, len(refs)), "read-secret") as threads:
            secrets = threads.map(self._one, refs)
            return {secret.ref: secret for secret in secrets if secret is not None}

    def _one(self, ref: ObjectRef) -> ObservedSecret | None:
        return self._lists.one(f"/api/v1/namespaces/{ref.namespace}/secrets/{ref.name}", self._observed)

    def _observed(self, manifest: dict[str, Any]) -> ObservedSecret:
        return observed_secret(hidden(manifest), digest_key=self._key, now=datetime.now(UTC))


def _secret_data(manifest: dict[str, Any]) -> dict[str, SecretValue]:
    return secret_data(hidden(manifest))

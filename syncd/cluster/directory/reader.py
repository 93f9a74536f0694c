"""The reader of a directory: the files as they are now, every time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from syncd.cluster.directory.layout import NAMESPACE_FILE
from syncd.cluster.manifest import CREDENTIALS_KEY, INFERENCE_SERVICE_CONFIG, config_map_data, secret_data
from syncd.cluster.observed import (
    listed_secrets,
    observed_account,
    observed_config_map,
    observed_namespace,
    observed_secret,
)
from syncd.model.names import LABEL_INSTANCE, LABEL_RELEASED, ObjectRef
from syncd.model.objects import ObservedState, Survey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from syncd.cluster.directory.files import Files
    from syncd.cluster.interface import Scope
    from syncd.model.names import Instance
    from syncd.model.objects import ObservedConfigMap, ObservedNamespace, ObservedSecret
    from syncd.model.secret import SecretValue

_NAME_LABEL: Final = "kubernetes.io/metadata.name"


class DirectoryReader:
    """A `Reader` of YAML files; a file that is no manifest is `ClusterUnreachable`, and is named."""

    def __init__(self, files: Files, *, instance: Instance, kserve_namespace: str, digest_key: bytes) -> None:
        """Read these files; `instance` is whose label our Secrets carry."""
        self._files = files
        self._instance = instance
        self._kserve_namespace = kserve_namespace
        self._key = digest_key

    def survey(self) -> Survey:
        """Return all namespaces and ServiceAccounts, as `Reader.survey` says."""
        layout = self._files.layout
        namespaces = {name: self._namespace(name) for name in layout.namespaces()}
        accounts = {}
        for namespace in namespaces:
            for ref in layout.objects("serviceaccounts", namespace):
                stored = self._files.read("serviceaccounts", ref)
                if stored is not None:
                    accounts[ref] = observed_account(stored.described())
        return Survey(namespaces, accounts)

    def observe(self, scope: Scope, survey: Survey) -> ObservedState:
        """Return our Secrets and those that `scope` names or implies, as `Reader.observe` says."""
        everything = self._all_secrets()
        accounts = (survey.accounts[ref] for ref in scope.accounts if ref in survey.accounts)
        listed = {ref for account in accounts for ref in listed_secrets(account)}
        wanted = scope.secrets | scope.entries | listed
        return ObservedState(
            survey,
            {
                ref: secret
                for ref, secret in everything.items()
                if ref in wanted or secret.labels.get(LABEL_INSTANCE) == self._instance
            },
        )

    def kserve_config(self) -> str | None:
        """Return `credentials` of `inferenceservice-config`, as `Reader.kserve_config` says."""
        data = self.read_config_map(self._kserve_namespace, INFERENCE_SERVICE_CONFIG)
        return None if data is None else data.get(CREDENTIALS_KEY)

    def read_secret(self, namespace: str, name: str) -> Mapping[str, SecretValue] | None:
        """Return the data of one Secret, as `Reader.read_secret` says."""
        stored = self._files.read("secrets", ObjectRef(namespace, name))
        return None if stored is None else secret_data(stored.manifest)

    def read_config_map(self, namespace: str, name: str) -> Mapping[str, str] | None:
        """Return the data of one ConfigMap, as `Reader.read_config_map` says."""
        stored = self._files.read("configmaps", ObjectRef(namespace, name))
        return None if stored is None else config_map_data(stored.manifest)

    def observe_config_map(self, ref: ObjectRef) -> ObservedConfigMap | None:
        """Return one ConfigMap, as `Reader.observe_config_map` says."""
        stored = self._files.read("configmaps", ref)
        return None if stored is None else observed_config_map(stored.described())

    def released(self) -> Mapping[ObjectRef, ObservedSecret]:
        """Return what was released, as `Reader.released` says."""
        return {
            ref: secret
            for ref, secret in self._all_secrets().items()
            if secret.labels.get(LABEL_RELEASED) == self._instance
        }

    def _namespace(self, name: str) -> ObservedNamespace:
        """Return one namespace with the label that an API server gives each by itself."""
        manifest = self._files.read_namespace(self._files.layout.namespace(name) / NAMESPACE_FILE)
        metadata = manifest["metadata"]
        labels = {**(metadata.get("labels") or {}), _NAME_LABEL: name}
        return observed_namespace({**manifest, "metadata": {**metadata, "name": name, "labels": labels}})

    def _all_secrets(self) -> dict[ObjectRef, ObservedSecret]:
        layout = self._files.layout
        return self._secrets(
            ref for namespace in layout.namespaces() for ref in layout.objects("secrets", namespace)
        )

    def _secrets(self, refs: Iterable[ObjectRef]) -> dict[ObjectRef, ObservedSecret]:
        now = datetime.now(UTC)
        found = {}
        for ref in refs:
            stored = self._files.read("secrets", ref)
            if stored is not None:
                found[ref] = observed_secret(stored.described(), digest_key=self._key, now=now)
        return found

"""Reader and writer of one directory of manifests."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from syncd.cluster.directory.files import Files
from syncd.cluster.directory.layout import Layout
from syncd.cluster.directory.place import check_directory, mark_placeholders, refuse_work_tree
from syncd.cluster.directory.reader import DirectoryReader
from syncd.cluster.directory.requests import FileRequests
from syncd.cluster.writer import ObjectWriter
from syncd.model.errors import UsageError
from syncd.model.names import LABEL_INSTANCE

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.cluster.directory.files import Values
    from syncd.model.names import Instance


class DirectoryCluster(DirectoryReader, ObjectWriter):
    """A `Cluster` of YAML files that `kubectl apply -R -f` accepts.

    Folders that it makes have mode 0700, files 0600. The first write calls `prepare_writing`; whoever wants
    to know before any work is done calls it earlier.
    """

    def __init__(
        self,
        root: Path,
        *,
        instance: Instance,
        kserve_namespace: str,
        digest_key: bytes,
        timeout: float,
        values: Values = "real",
    ) -> None:
        """Use this directory.

        Args:
            root: an existing directory with a folder for each namespace.
            instance: whose label our Secrets carry.
            kserve_namespace: where `inferenceservice-config` is.
            digest_key: 16 to 64 bytes, the same for reader, plan and writer.
            timeout: how long to wait for another process that writes, in seconds.
            values: what files get: `real` values, or `hidden` ones.

        Raises:
            UsageError: when it is no directory, or placeholders were written to it.

        """
        check_directory(root)
        files = Files(Layout(root), digest_key=digest_key, values=values)
        DirectoryReader.__init__(
            self, files, instance=instance, kserve_namespace=kserve_namespace, digest_key=digest_key
        )
        ObjectWriter.__init__(
            self,
            FileRequests(files, timeout=timeout, before=self.prepare_writing),
            instance=instance,
            digest_key=digest_key,
        )
        self._root = root
        self._values = values
        self._prepared = threading.Event()

    def prepare_writing(self) -> None:
        """Make sure, once, that the directory may get what is about to be written.

        Raises:
            UsageError: for real values inside a Git work tree; for placeholders where Secrets of ours hold
                real values.

        """
        if self._prepared.is_set():
            return
        if self._values == "real":
            refuse_work_tree(self._root)
        else:
            self._refuse_real_values()
            mark_placeholders(self._root)
        self._prepared.set()

    def _refuse_real_values(self) -> None:
        layout = self._files.layout
        for namespace in layout.namespaces():
            for ref in layout.objects("secrets", namespace):
                stored = self._files.read("secrets", ref)
                labels = {} if stored is None else stored.manifest["metadata"].get("labels") or {}
                if labels.get(LABEL_INSTANCE) == self._instance:
                    raise UsageError(f"{self._root} holds real values (Secret {ref}); take another directory")

"""syncd as a process of its own: one sweep of a mapping, for tests that kill it.

Called with a kubeconfig, an instance, a namespace and a mapping file.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from syncd.app import App, ClusterOptions, digest_key, open_cluster, unguarded
from syncd.mapping.read import read
from syncd.model.names import Instance


def main(kubeconfig: str, instance: str, namespace: str, mapping: str) -> None:
    """Sweeps once."""
    key = digest_key()
    options = ClusterOptions(Instance(instance), namespace, kubeconfig=kubeconfig)
    cluster = open_cluster(options, key, lambda _: None)
    app = App(cluster, options, key=key, emit=lambda _: None, fence=unguarded)
    document = read({"mapping.yaml": Path(mapping).read_text()}).document
    assert document is not None
    app.use(document)
    app.engine.run(document, deadline=time.monotonic() + 60)


if __name__ == "__main__":
    main(*sys.argv[1:])

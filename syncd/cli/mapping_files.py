"""What the mapping says, for one command: files, standard input, or the ConfigMap in the cluster."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from syncd.daemon.mapping_source import ConfigMapSource, FileSource, Missing, Texts, Unreachable
from syncd.model.errors import ClusterUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.cluster.interface import Reader
    from syncd.daemon.mapping_source import Found
    from syncd.model.names import ObjectRef

STDIN: Final = "-"


def of_files(names: Sequence[str]) -> Texts:
    """Return name for messages → text of files, of the YAML files in directories, and of `-`.

    What the mapping includes is looked for among these files only.

    Raises:
        UsageError: when something is missing or cannot be read.

    """
    texts: dict[str, str] = {}
    for name in names:
        if name == STDIN:
            texts["stdin"] = sys.stdin.read()
        else:
            texts |= _texts(FileSource([Path(name)]).look()).files
    return Texts(texts)


def of_config_map(reader: Reader, ref: ObjectRef) -> Texts:
    """Return key → text of the YAML keys of the mapping's ConfigMap, and of those that it includes.

    Raises:
        UsageError: when there is no mapping in it, or no such ConfigMap.
        ClusterUnreachable: when the API server does not answer.

    """
    return _texts(ConfigMapSource(reader, ref).look())


def _texts(found: Found) -> Texts:
    if isinstance(found, Missing):
        raise UsageError(found.problem)
    if isinstance(found, Unreachable):
        raise ClusterUnreachable(found.problem)
    return found

"""Whether the mapping in the cluster is newer than the files that a command was given."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from syncd.cli.mapping_files import STDIN
from syncd.daemon.last_valid import recall
from syncd.daemon.mapping_source import files_in
from syncd.mapping.last_valid import NAME
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from syncd.cli.session import Session


def refuse_older_files(session: Session, files: Sequence[str]) -> None:
    """Refuse to remove by files what a newer mapping, accepted by the daemon in the cluster, may have.

    Files that say the same as what was accepted last are fine, whatever their age. Others must not say what
    was accepted before that, and must have been changed since; standard input has no time, so that it is
    older.

    Args:
        session: of the command; its mapping was read from `files`.
        files: as they were given; none of them: the mapping is the cluster's own, and there is no older one.

    Raises:
        UsageError: when the accepted mapping is newer.
        ClusterUnreachable: when the API server does not answer.

    """
    if not files:
        return
    options = session.options
    accepted = recall(session.cluster, options.namespace, options.instance)[0].accepted
    digest = session.document.form.digest
    if accepted is None or accepted.digest == digest:
        return
    if digest in accepted.earlier:
        age = "says what was in force before that"
    elif _changed(files) > _seconds(accepted.at):
        return
    else:
        age = "was not changed since"
    raise UsageError(
        f"--prune: the mapping in the cluster was accepted at {accepted.at}, and {' '.join(files)} {age};"
        " what the newer one has would be removed. Use the newer one, or leave out -f; if no daemon keeps"
        f" it any more, delete ConfigMap {options.namespace}/{NAME}"
    )


def _changed(files: Sequence[str]) -> float:
    """Return when the newest of the files was changed, in Unix seconds; 0 with standard input."""
    if STDIN in files:
        return 0.0
    return max(path.stat().st_mtime for name in files for path in files_in(Path(name)))


def _seconds(time: str) -> float:
    """Return an RFC 3339 time in Unix seconds; one that is none is newer than any file."""
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:
        return float("inf")

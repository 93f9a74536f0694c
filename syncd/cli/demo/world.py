"""What the demo works with: a folder, OpenBao, a cluster of files, a mapping, and the daemon."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from typing import Final

from syncd.cli.demo.example_secrets import every_kind
from syncd.cli.demo.folder_cluster import FolderCluster
from syncd.cli.demo.openbao import OpenBao
from syncd.cli.demo.running_daemon import RunningDaemon

MAPPING: Final = "mapping.yaml"
CLUSTER: Final = "cluster"


class World:
    """Made in a new temporary folder; `end` stops what was started."""

    def __init__(self) -> None:
        """Make the folder, and start nothing yet.

        Raises:
            UsageError: when `bao` is not installed.

        """
        self.folder = Path(tempfile.mkdtemp(prefix="syncd-demo-"))
        self.openbao = OpenBao(self.folder / "openbao")
        self.cluster = FolderCluster(self.folder / CLUSTER)
        self.mapping = self.folder / MAPPING
        self.daemon: RunningDaemon | None = None

    def fill(self) -> int:
        """Start OpenBao and put a secret of each kind into it; return how many."""
        self.openbao.start()
        secrets = every_kind()
        for name, values in secrets.items():
            self.openbao.put(name, values)
        token = self.write_token("openbao-token", self.openbao.reading_token())
        form = resources.files(__package__).joinpath(MAPPING).read_text(encoding="utf-8")
        self.mapping.write_text(
            form.replace("@ADDRESS@", self.openbao.address).replace("@TOKEN_FILE@", str(token))
        )
        return len(secrets)

    def write_token(self, name: str, token: str) -> Path:
        """Write a token to a file in the folder, for its owner only; return the file."""
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(token)
        return path

    def edit_mapping(self, old: str, new: str) -> None:
        """Change the first place where a text stands in the mapping."""
        text = self.mapping.read_text(encoding="utf-8")
        changed = self.mapping.with_name("mapping.new")
        changed.write_text(text.replace(old, new, 1), encoding="utf-8")
        changed.replace(self.mapping)

    def start_daemon(self) -> RunningDaemon:
        """Start the daemon."""
        self.daemon = RunningDaemon(self.folder)
        return self.daemon

    def pids(self) -> list[int]:
        """Return the processes that run."""
        running = (self.daemon, self.openbao)
        return [one.process.popen.pid for one in running if one is not None and one.process is not None]

    def end(self) -> None:
        """Stop the daemon, then OpenBao."""
        if self.daemon is not None:
            self.daemon.process.stop()
        if self.openbao.process is not None:
            self.openbao.process.stop()

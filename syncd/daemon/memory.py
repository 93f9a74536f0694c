"""What the daemon takes over from the process before it, and leaves to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import ClusterUnreachable
from syncd.telemetry.log import logger

if TYPE_CHECKING:
    from syncd.daemon.last_valid import LastValid
    from syncd.daemon.reload import Reload
    from syncd.mapping.settings import MappingDocument
    from syncd.sync.kserve_config import ConfigMemory


class Memory:
    """The mapping in force and KServe's configuration, across restarts; used by one thread."""

    def __init__(self, last_valid: LastValid, config: ConfigMemory) -> None:
        """Keep them in `last_valid`."""
        self._last_valid = last_valid
        self._config = config
        self._recalled = False
        self._problem: str | None = None

    def recall(self, reload: Reload) -> bool:
        """Hand on, once, what the process before had; tell whether that is done."""
        if self._recalled:
            return True
        try:
            recalled = self._last_valid.recall()
        except ClusterUnreachable as error:
            self._say("mapping cannot be read", str(error), "nothing begins before it can")
            return False
        reload.recall(recalled.document)
        if recalled.kserve_config is not None:
            self._config.recall(recalled.kserve_config)
        for problem in recalled.problems:
            logger().warning("last valid mapping cannot be read", problem=problem, effect="it is left out")
        self._recalled, self._problem = True, None
        return True

    def keep(self, document: MappingDocument | None) -> None:
        """Keep what is in force for the next process; what cannot be kept is told once, and tried again."""
        problem = self._last_valid.keep(document, self._config.text)
        if problem is None:
            self._problem = None
        else:
            self._say("last valid mapping is not kept", problem, "a restart knows an older mapping, or none")

    def _say(self, event: str, problem: str, effect: str) -> None:
        if problem != self._problem:
            logger().warning(event, problem=problem, effect=effect)
        self._problem = problem

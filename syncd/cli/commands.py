"""How every command ends: errors as one line on stderr and a code of the table, no traceback with values."""

from __future__ import annotations

from typing import Any

import typer
from typer.core import TyperGroup

from syncd.cli.console import complain
from syncd.cli.exit_codes import ExitCode, of_error
from syncd.model.errors import SyncdError
from syncd.telemetry import failure
from syncd.telemetry.log import logger


class Commands(TyperGroup):
    """The commands of syncd, in the order in which they were added."""

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401  # typer's own class of contexts is private
        """Run a command; its errors become an exit code."""
        try:
            return super().invoke(ctx)
        except (typer.Exit, typer.Abort, typer.TyperException, BrokenPipeError):
            raise
        except KeyboardInterrupt:
            code = ExitCode.INTERRUPTED
        except SyncdError as error:
            complain(f"error: {error}")
            code = of_error(error)
        except Exception as error:  # noqa: BLE001  # its text could quote a value; its class and place cannot
            complain(f"internal error: {failure.describe(error)}; --log-level debug tells where")
            logger().debug("internal error", exc_info=error)
            code = ExitCode.INTERNAL
        raise typer.Exit(code)

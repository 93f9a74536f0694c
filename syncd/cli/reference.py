"""The reference of the command line, docs/reference/cli.md, made from the commands themselves.

`python -m syncd.cli.reference docs/reference/cli.md` writes it; a test compares.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from typer.main import get_command

from syncd.cli.exit_codes import ExitCode
from syncd.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD: Final = """\
# The command line

<!-- Made by `python -m syncd.cli.reference docs/reference/cli.md`; a test compares. -->

Every command that takes a mapping takes it by `-f` (`validate`: as arguments); without it, it is the
ConfigMap in the cluster. The cluster is that of the flags, of `KUBECONFIG`, of the pod's own account, of
`~/.kube/config`, in this order; or a directory of manifests. Values are printed or written to files only
where a flag says so. Tables are drawn on a terminal; anywhere else columns are aligned and plain. `NO_COLOR`
is honoured.

## Exit codes

| code | meaning |
|---|---|
"""
_MEANINGS: Final = {
    ExitCode.DONE: "in sync, or done",
    ExitCode.DIFFERENCES: "there is something to write (`plan` only); the demo has failed (`demo` only)",
    ExitCode.INVALID: "the command line or the mapping is wrong; of the mapping, the rest was still done",
    ExitCode.UNWELL: "something is refused, stale, pending or not readable; a missing optional secret is not",
    ExitCode.UNREACHABLE: "the cluster, or every store, cannot be reached",
    ExitCode.INTERNAL: "a bug in syncd",
    ExitCode.INTERRUPTED: "Ctrl-C",
}


def reference() -> str:
    """Return the reference as Markdown."""
    group: Any = get_command(app)
    parts = [_HEAD, *(f"| {code.value} | {meaning} |\n" for code, meaning in _MEANINGS.items())]
    parts.append("\nWhen several fit, the first of 2, 4, 3, 1 counts.\n\n## Flags before the command\n")
    parts.append(_options(group))
    for name, command in group.commands.items():
        parts.append(f"\n## syncd {name}\n\n{_description(command.help)}{_options(command)}")
    return "".join(parts)


def _description(text: str) -> str:
    """Return a help text as Markdown, its example as a block of code."""
    lines, _, example = re.sub(r"[ \t]*\n[ \t]+", "\n", text.strip()).partition("Example: ")
    return f"{lines.strip()}\n\n    {example.strip()}\n"


def _options(command: Any) -> str:  # noqa: ANN401  # typer's own class of commands is private
    rows = "".join(_rows(command))
    return f"\n| flag | meaning |\n|---|---|\n{rows}" if rows else ""


def _rows(command: Any) -> Iterator[str]:  # noqa: ANN401  # the same
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            continue
        option = parameter.param_type_name == "option"
        names = ", ".join(f"`{name}`" for name in sorted(parameter.opts, key=len)) if option else ""
        kind = f"`{parameter.metavar}`" if parameter.metavar else ""
        yield f"| {_cell(f'{names} {kind}'.strip())} | {_cell(_meaning(parameter))} |\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _meaning(parameter: Any) -> str:  # noqa: ANN401  # the same
    notes = [f"environment: `{parameter.envvar}`"] if getattr(parameter, "envvar", None) else []
    if parameter.default and isinstance(parameter.default, str | float):
        notes.append(f"default: `{parameter.default}`")
    return f"{parameter.help} ({'; '.join(notes)})" if notes else str(parameter.help or "")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference(), encoding="utf-8")

"""`syncd explain`: what a field of the mapping is."""

from __future__ import annotations

from typing import Annotated

import typer

from syncd.cli.console import say
from syncd.mapping import explain as fields

Path = Annotated[
    str,
    typer.Argument(metavar="[PATH]", help="A field, such as credentials.s3.endpoint or stores.vault.auth."),
]


def explain(path: Path = "") -> None:
    """Say what a field of the mapping is.

    Example: syncd explain credentials.s3.endpoint
    """
    say(fields.render(fields.explain(path)).rstrip())

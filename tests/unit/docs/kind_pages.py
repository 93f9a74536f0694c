"""What is generated in docs/kinds: the example and the table of fields.

`python -m tests.unit.docs.kind_pages` writes both into the pages, between their markers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import KINDS
from syncd.mapping.explain import field_docs
from syncd.mapping.schema import at, fields
from tests.unit.docs.pages import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from syncd.mapping.explain import FieldDoc

FOLDER: Final = ROOT / "docs" / "kinds"
EXAMPLES: Final = ROOT / "config" / "examples" / "kinds"

_MARKED: Final = re.compile(
    r"^<!-- (?P<what>example|fields): (?P<name>\S+) -->\n.*?^<!-- end -->$", re.MULTILINE | re.DOTALL
)


def page_of(kind: str) -> Path:
    """Return the page of a kind: `huggingFace` is docs/kinds/hugging-face.md."""
    return FOLDER / (re.sub(r"(?<=[a-z])(?=[A-Z])", "-", kind).lower() + ".md")


def filled(text: str) -> str:
    """Return a page with what stands between its markers made anew."""
    return _MARKED.sub(_part, text)


def _part(match: re.Match[str]) -> str:
    what, name = match["what"], match["name"]
    body = _example(name) if what == "example" else _table(name)
    return f"<!-- {what}: {name} -->\n\n{body}\n<!-- end -->"


def _example(name: str) -> str:
    # The first line is for editors, and relative to where the file is.
    _, _, text = (EXAMPLES / name).read_text(encoding="utf-8").partition("\n")
    return f"```yaml\n{text}```\n\nThis is `config/examples/kinds/{name}`.\n"


def _table(kind: str) -> str:
    rows = "".join(_row(name, doc) for name, doc in documented(kind))
    return f"| field | takes | |\n|---|---|---|\n{rows}"


def documented(kind: str) -> Iterator[tuple[str, FieldDoc]]:
    """Yield each field of a kind's form, those of nested parts with their path."""
    yield from _below(("credentials", "NAME", kind), "")


def _below(path: tuple[str, ...], prefix: str) -> Iterator[tuple[str, FieldDoc]]:
    for doc in field_docs(at(path) or {}):
        yield f"{prefix}{doc.name}", doc
        inner = at((*path, doc.name)) or {}
        if "pointer" not in fields(inner):
            yield from _below((*path, doc.name), f"{prefix}{doc.name}.")


def _row(name: str, doc: FieldDoc) -> str:
    words = " ".join(doc.description.split()).replace("|", "\\|")
    return f"| `{name}` | {doc.type} | {words}{' Required.' if doc.required else ''} |\n"


def write() -> None:
    """Write the pages of all kinds."""
    for kind in KINDS:
        page = page_of(kind)
        page.write_text(filled(page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write()

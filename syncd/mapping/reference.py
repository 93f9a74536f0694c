"""The reference of the mapping: every field, from the schema and the kinds' tables of usual names.

`python -m syncd.mapping.reference FOLDER` writes it and the JSON Schema below that folder.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from syncd.kserve.kinds import KINDS
from syncd.mapping.explain import field_docs
from syncd.mapping.schema import at, fields, json_schema, resolve
from syncd.mapping.tree import spell
from syncd.stores.settings import STORE_PARTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from syncd.mapping.explain import FieldDoc
    from syncd.mapping.tree import Path as Way

SCHEMA_FILE: Final = "config/mapping.schema.json"
REFERENCE_FILE: Final = "docs/reference/mapping.md"

_HEAD: Final = """\
# The mapping, field by field

<!-- Made by `python -m syncd.mapping.reference .`; a test compares. -->

The same words are what `syncd explain` prints, and what editors show with `config/mapping.schema.json`:

```yaml
# yaml-language-server: $schema=mapping.schema.json
apiVersion: syncd.dev/v1alpha1
kind: Mapping
```

`text or source` means: a bare scalar is the text itself, and a map says where in a store the text is. Secret
fields take only sources. Durations are written as `30s`, `5m`, `1h30m` or `14d`. Top-level fields that begin
with `x-` are ignored: a home for YAML anchors. `<<` merges the fields of an anchored map; what is written
beside it wins.

Placeholders `$(namespace)` and `$(label:KEY)` may stand in `from.secret`, in the `secret` of a field's
source, in `storageConfig.key` and `.bucket` and in values of `serviceAccountAnnotations`, and nowhere else.
"""

_USUAL: Final = """\
A field that is left out is the first of these properties of the remote secret that is there. Several of them
with different values are refused, and both are named.
"""

_SOURCE: Final = ("credentials", "NAME", "s3", "secretAccessKey")


def documents() -> dict[str, str]:
    """Return the generated files: path from the top of the project → text."""
    schema = json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
    return {SCHEMA_FILE: schema, REFERENCE_FILE: reference()}


def reference() -> str:
    """Return the text of docs/reference/mapping.md."""
    parts = [_HEAD]
    for title, path in _chapters():
        schema = at(path) or {}
        parts.append(f"## {title}\n\n{resolve(schema).get('description', '')}\n")
        parts += _tables(schema, path)
    parts.append(_usual_names())
    return "\n".join(parts)


def _chapters() -> Iterator[tuple[str, Way]]:
    yield "The mapping", ()
    for name in ("defaults", "limits"):
        yield f"`{name}`", (name,)
    yield "`include[]`", ("include", 0)
    yield "`stores.NAME`", ("stores", "NAME")
    for name in STORE_PARTS:
        yield f"`stores.NAME.{name}`", ("stores", "NAME", name)
    yield "`credentials.NAME`", ("credentials", "NAME")
    yield "A source: where a field's value is", _SOURCE
    for name, kind in KINDS.items():
        yield f"`credentials.NAME.{name}` (KServe {kind.since})", ("credentials", "NAME", name)


def _tables(schema: Mapping[str, Any], path: Way) -> Iterator[str]:
    """Return the table of a place, and those of the maps of fields below it."""
    yield _table(field_docs(schema))
    chapters = {chapter for _, chapter in _chapters()}
    for name in fields(schema):
        below = _below(path, name)
        inner = at(below) or {}
        if below in chapters or name in {"stores", "credentials", "include"} or _is_source(inner):
            continue
        if fields(inner):
            yield f"### `{spell(below)}`\n"
            yield from _tables(inner, below)


def _below(path: Way, name: str) -> Way:
    schema = at((*path, name)) or {}
    return (*path, name, 0) if schema.get("type") == "array" else (*path, name)


def _is_source(schema: Mapping[str, Any]) -> bool:
    return "pointer" in fields(schema)


def _table(docs: tuple[FieldDoc, ...]) -> str:
    rows = [f"| `{doc.name}` | {doc.type} | {_text(doc)} |" for doc in docs]
    return "\n".join(["| field | takes | |", "|---|---|---|", *rows]) + "\n"


def _text(doc: FieldDoc) -> str:
    words = " ".join(doc.description.split())
    required = " Required." if doc.required else ""
    default = f" Default `{doc.default}`." if doc.default is not None else ""
    return f"{words}{required}{default}".replace("|", "\\|")


def _usual_names() -> str:
    lines = [
        "## Usual names\n",
        _USUAL,
        "| kind | field | usual names, in order |",
        "|---|---|---|",
    ]
    for name, kind in KINDS.items():
        for field, names in kind.usual.items():
            lines.append(f"| {name} | `{field}` | {', '.join(f'`{usual}`' for usual in names)} |")
    return "\n".join(lines) + "\n"


def write(folder: Path) -> None:
    """Write the generated files below a folder."""
    for name, text in documents().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))

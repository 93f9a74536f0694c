"""What stands in the guide of a store: its examples, and the table of its errors."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from syncd.stores.settings import STORE_PARTS

if TYPE_CHECKING:
    from types import ModuleType

_FOLDER: Final = Path(__file__).parents[3] / "docs" / "guides"
_ROW: Final = re.compile(r"^\| ([A-Z]\w+)(?:, `([^`]+)`)? \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Guide:
    """The page `docs/guides/NAME.md`."""

    text: str

    @classmethod
    def of(cls, name: str) -> Guide:
        """Read it."""
        return cls((_FOLDER / f"{name}.md").read_text(encoding="utf-8"))

    def blocks(self, language: str) -> list[str]:
        """Return the fenced blocks of this language."""
        return re.findall(rf"```{language}\n(.*?)```", self.text, re.DOTALL)

    def accepted_stores(self) -> int:
        """Return how many stores are in its examples; a ValidationError for one that is not accepted."""
        loaded: list[Any] = [yaml.load(block, yaml.BaseLoader) for block in self.blocks("yaml")]  # noqa: S506
        stores = [store for example in loaded for store in example["stores"].values()]
        for store in stores:
            for store_type, settings in store.items():
                STORE_PARTS[store_type].model_validate(settings)
        return len(stores)

    def errors(self) -> list[tuple[str, str]]:
        """Return the rows of the table of errors: the reason, and the words beside it, if any."""
        return _ROW.findall(self.text.partition("## What its errors")[2])


def source_of(*modules: ModuleType) -> str:
    """Return the source of modules, with texts that go on in the next line put together."""
    return re.sub(r'"\s+f?"', "", "\n".join(map(inspect.getsource, modules)))

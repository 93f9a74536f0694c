"""The guide's examples are what the stores accept."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from syncd.stores.settings import STORE_PARTS

GUIDE = Path(__file__).parents[3] / "docs" / "guides" / "vault.md"


def test_stores_in_the_guide() -> None:
    """Every store in docs/guides/vault.md is accepted as it stands there."""
    examples = re.findall(r"```yaml\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    loaded = [yaml.load(example, yaml.BaseLoader) for example in examples]  # noqa: S506  # text, no objects
    stores = [store for example in loaded for store in example["stores"].values()]
    for store in stores:
        for store_type, settings in store.items():
            STORE_PARTS[store_type].model_validate(settings)
    assert len(stores) == 4

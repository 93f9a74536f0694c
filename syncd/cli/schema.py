"""`syncd schema`: the JSON Schema of the mapping."""

from __future__ import annotations

import json
import sys

from syncd.mapping.schema import json_schema


def schema() -> None:
    """Print the JSON Schema of a mapping.

    Editors that know it complete and check while you type.

    Example: syncd schema > mapping.schema.json
    """
    json.dump(json_schema(), sys.stdout, indent=2)
    print()

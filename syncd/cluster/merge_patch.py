"""JSON merge patch (RFC 7396), on trees whose secret values are hidden."""

from __future__ import annotations

from typing import Any


def merged(target: object, patch: object) -> Any:  # noqa: ANN401  # a JSON tree, whatever it is
    """Return `target` with `patch` applied; neither is changed. `None` takes a key away."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
            continue
        result[key] = merged(result.get(key), value)
    return result

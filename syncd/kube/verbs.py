"""What a request is called in metrics: few words, whatever the names in the path."""

from __future__ import annotations

from typing import Final

_VERBS: Final = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_PREFIX_PARTS: Final = {"api": 2, "apis": 3}
_NAMED: Final = 2
_SUBRESOURCE: Final = 3


def verb_of(method: str, path: str) -> str:
    """Return Kubernetes' word for the request: get, list, create, update, patch or delete."""
    if method == "GET":
        return "get" if len(_parts(path)) >= _NAMED else "list"
    return _VERBS.get(method, method.lower())


def resource_of(path: str) -> str:
    """Return `resource` or `resource/subresource` of an absolute path; `other` when it is no API path."""
    parts = _parts(path)
    if not parts:
        return "other"
    return f"{parts[0]}/{parts[2]}" if len(parts) >= _SUBRESOURCE else parts[0]


def _parts(path: str) -> list[str]:
    """Return resource, name and subresource, as far as they are there."""
    parts = path.strip("/").split("/")
    rest = parts[_PREFIX_PARTS[parts[0]] :] if parts[0] in _PREFIX_PARTS else []
    return rest[2:] if rest[:1] == ["namespaces"] and len(rest) > _NAMED else rest

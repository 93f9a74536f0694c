"""Renders a form as the mapping has it, with a remote secret beside it, without stores and cluster."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.kinds import KINDS
from syncd.kserve.kinds.interface import EntrySettings, Invalid, Rendered
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.model.reasons import Reason

SHIPPED = KServeConfig()
WHOLE = ""
"""Under this name a remote secret of the tests has what `whole: true` takes."""

NAMENODE = {"namenode": "https://nn1:9871"}
PRINCIPAL = {"servicePrincipal": {"clientId": "cid", "tenantId": "t"}}

SERVICE_ACCOUNT = (
    '{"type":"service_account","client_email":"reader@ml.iam.gserviceaccount.com",'
    '"token_uri":"https://oauth2.googleapis.com/token",'
    '"private_key":"-----BEGIN PRIVATE KEY-----\\nAB\\n-----END PRIVATE KEY-----\\n"}'
)


def values_of(kind: str, form: object, remote: Mapping[str, str | bytes]) -> dict[str, SecretValue | str]:
    """Return the fields that the form and the remote secret give."""
    inputs = KINDS[kind].part.model_validate(form).inputs()
    values: dict[str, SecretValue | str] = dict(inputs.literals)
    for field, source in inputs.sources.items():
        names = inputs.usual.get(field, ())
        if source is not None and source.property is not None:
            names = (source.property,)
        if source is not None and source.whole:
            names = (WHOLE,)
        found = next((remote[name] for name in names if name in remote), None)
        if found is not None:
            values[field] = SecretValue(found if isinstance(found, bytes) else found.encode())
    return values


def attempt(
    kind: str,
    form: object,
    remote: Mapping[str, str | bytes] | None = None,
    *,
    entry: EntrySettings | None = None,
    config: KServeConfig = SHIPPED,
) -> Rendered | tuple[Invalid, ...]:
    """Render, whatever comes of it."""
    return KINDS[kind].render(values_of(kind, form, remote or {}), entry, config)


def rendered(
    kind: str,
    form: object,
    remote: Mapping[str, str | bytes] | None = None,
    *,
    entry: EntrySettings | None = None,
    config: KServeConfig = SHIPPED,
) -> Rendered:
    """Render what must be right."""
    result = attempt(kind, form, remote, entry=entry, config=config)
    assert isinstance(result, Rendered), result
    return result


def refused(
    kind: str,
    form: object,
    remote: Mapping[str, str | bytes] | None = None,
    *,
    entry: EntrySettings | None = None,
    config: KServeConfig = SHIPPED,
) -> list[tuple[str, Reason]]:
    """Render what must be wrong; return fields and reasons."""
    result = attempt(kind, form, remote, entry=entry, config=config)
    assert not isinstance(result, Rendered)
    return [(invalid.field, invalid.reason) for invalid in result]


def messages(kind: str, form: object, remote: Mapping[str, str | bytes] | None = None) -> str:
    """Render what must be wrong; return what is said about it."""
    result = attempt(kind, form, remote)
    assert not isinstance(result, Rendered)
    return "; ".join(f"{invalid.field} {invalid.message}" for invalid in result)


def differing(have: Mapping[str, SecretValue] | None, want: Mapping[str, str | bytes]) -> list[str]:
    """Return the keys whose values differ, or that only one side has: names, so that no value is printed."""
    have = have or {}
    return sorted(
        key
        for key in have.keys() | want.keys()
        if key not in have or key not in want or have[key].reveal() != _bytes(want[key])
    )


def _bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def tree(value: SecretValue | None) -> Any:
    """Return the JSON in an entry or in headers."""
    assert value is not None
    return json.loads(value.reveal())

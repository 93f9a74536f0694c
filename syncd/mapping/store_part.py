"""`stores.<name>`: one configured secret store. The part of its type belongs to the store's own folder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, cast

from pydantic import AfterValidator, Field, create_model

from syncd.mapping.schedule_part import Period
from syncd.mapping.settings import RequestSettings, StoreSettings, StoreType
from syncd.schema.part import NonEmpty, Part
from syncd.stores.settings import STORE_PARTS

if TYPE_CHECKING:
    from syncd.model.names import Origin
    from syncd.model.secret import StoreName

_MOST_AT_ONCE: Final = 256


def _pattern(pattern: str) -> str:
    if ".." in pattern.split("/"):
        raise ValueError("must not have `..`: no such path is ever read")
    return pattern


SecretPattern = Annotated[NonEmpty, AfterValidator(_pattern)]
"""A shell pattern for paths of secrets, in which `*` crosses `/`."""


class RequestsPart(Part):
    """Bounds of the requests to one store."""

    timeout: Period = 10.0
    """How long one read may take, retries of the SDK included."""
    concurrency: int = Field(default=8, ge=1, le=_MOST_AT_ONCE)
    """Requests at the same time."""
    per_second: float = Field(default=50.0, gt=0, le=10_000)
    """Requests in one second."""


class StoreBase(Part):
    """One secret store, under a name of yours; exactly one of the types."""

    allowed_secrets: tuple[SecretPattern, ...] = ()
    """Patterns of the secrets that may be read, checked after placeholders are filled in; left out: all."""
    requests: RequestsPart = Field(default_factory=RequestsPart)
    """Bounds of the requests."""


def _summary(part: type[Part]) -> str:
    return (part.__doc__ or "").strip().split("\n", maxsplit=1)[0]


_TYPES: Final[dict[str, Any]] = {
    name: (Annotated[part | None, Field(alias=name, description=_summary(part))], None)
    for name, part in STORE_PARTS.items()
}

StorePart: Final[type[StoreBase]] = create_model(
    "StorePart", __base__=StoreBase, __doc__=StoreBase.__doc__, **_TYPES
)
"""The part with a field for each type of store."""


def types_of(part: StoreBase) -> list[str]:
    """Return the types that are given; it should be one."""
    return [name for name in STORE_PARTS if getattr(part, name) is not None]


def store_settings(name: StoreName, part: StoreBase, origin: Origin) -> StoreSettings:
    """Return the settings of a store with exactly one type."""
    store_type = types_of(part)[0]
    requests = RequestSettings(part.requests.timeout, part.requests.concurrency, part.requests.per_second)
    return StoreSettings(
        name,
        cast("StoreType", store_type),
        getattr(part, store_type),
        part.allowed_secrets,
        requests,
        origin,
    )

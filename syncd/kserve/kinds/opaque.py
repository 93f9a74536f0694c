"""A Secret that something else mounts or reads; KServe must not recognise it, and it is bound to nothing."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Final

from pydantic import AfterValidator, Field

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.detect import detect
from syncd.kserve.kinds.fields import Secret, inputs_of
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.storage_config import DATA_KEY
from syncd.model.reasons import Reason
from syncd.model.secret import SecretValue

if TYPE_CHECKING:
    from syncd.kserve.kinds.values import Values


def _data_key(key: str) -> str:
    if DATA_KEY.fullmatch(key) is None:
        raise ValueError("is not a key that a Secret can have: letters, digits, - _ . and at most 253")
    kind = detect([key], KServeConfig())
    if kind is not None:
        raise ValueError(
            f"by this key KServe would take the Secret for {kind}; use that kind, or another key"
        )
    return key


class OpaquePart(KindPart):
    """A Secret of type Opaque that KServe does not recognise."""

    data: dict[Annotated[str, AfterValidator(_data_key)], Secret] = Field(min_length=1)
    """Key of the Secret → where its value is. Values are written byte for byte; none may be one by which
    KServe recognises a Secret."""

    def inputs(self) -> Inputs:
        """Ask for every key's value; a source without a property looks for the key's own name."""
        usual = {f"data.{key}": (key,) for key in self.data}
        return inputs_of(
            {f"data.{key}": source for key, source in self.data.items()},
            usual,
            whole=next(iter(usual)) if len(usual) == 1 else None,
        )


def _compose(values: Values, _entry: EntrySettings | None, config: KServeConfig) -> Rendered:
    for key in values.under("data"):
        kind = detect([key], config)
        if kind is not None:
            message = f"is the key by which this cluster's KServe takes a Secret for {kind}; use another"
            values.refuse(f"data.{key}", Reason.INVALID_VALUE, message)
    return Rendered(
        detects_as=None,
        exclusive=False,
        type="Opaque",
        data={key: SecretValue(values.raw(f"data.{key}")) for key in values.under("data")},
        bind_to=None,
    )


KIND: Final = StorageKind(
    name="opaque",
    part=OpaquePart,
    usual=MappingProxyType({}),
    since="any",
    compose=_compose,
)

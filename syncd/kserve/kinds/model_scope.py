"""ModelScope.

Source: KServe master after v0.20.0, `pkg/credentials/ms`; releases up to v0.20 skip such a Secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.fields import Secret, inputs_of, usual_names
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig

USUAL: Final = {"token": usual_names("token", "MODELSCOPE_API_TOKEN")}


class ModelScopePart(KindPart):
    """ModelScope: an access token; read by KServe after v0.20."""

    token: Secret | None = None
    """Access token (`MODELSCOPE_API_TOKEN`). Blanks at its ends are taken off, which ModelScope's client does
    not do. Left out: the first of its usual names in the secret."""

    def inputs(self) -> Inputs:
        """Ask for the token."""
        return inputs_of({"token": self.token}, USUAL, whole="token")


def _compose(values: Values, _entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    return Rendered(
        detects_as="modelScope",
        exclusive=False,
        type="Opaque",
        data={"MODELSCOPE_API_TOKEN": secret(values.text("token", checks.token))},
    )


KIND: Final = StorageKind(
    name="modelScope",
    part=ModelScopePart,
    usual=USUAL,
    since="after v0.20",
    compose=_compose,
)

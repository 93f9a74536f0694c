"""Hugging Face Hub.

Source: KServe v0.19.0 `pkg/credentials/hf/hf_secret.go`.
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

USUAL: Final = {"token": usual_names("token", "HF_TOKEN", also=("hf_token",))}


class HuggingFacePart(KindPart):
    """Hugging Face Hub: an access token for gated and private models."""

    token: Secret | None = None
    """Access token (`HF_TOKEN`). Blanks at its ends are taken off: the hub's own client would do so, others
    that read the same Secret would not. Left out: the first of its usual names in the secret."""

    def inputs(self) -> Inputs:
        """Ask for the token."""
        return inputs_of({"token": self.token}, USUAL, whole="token")


def _compose(values: Values, _entry: EntrySettings | None, _config: KServeConfig) -> Rendered:
    return Rendered(
        detects_as="huggingFace",
        exclusive=False,
        type="Opaque",
        data={"HF_TOKEN": secret(values.text("token", checks.token))},
    )


KIND: Final = StorageKind(
    name="huggingFace",
    part=HuggingFacePart,
    usual=USUAL,
    since="v0.14",
    compose=_compose,
)

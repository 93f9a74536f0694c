"""The storage kinds by their name in the mapping; one module a kind.

Each kind's `part` is the pydantic model of its form: the descriptions of its fields, and of nested models,
are what `syncd explain` shows and the JSON Schema holds; `usual` is the table of usual names.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import (
    azure,
    docker_config,
    gcs,
    hdfs,
    https,
    hugging_face,
    model_scope,
    opaque,
    s3,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from syncd.kserve.kinds.interface import Kind

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            s3.KIND,
            gcs.KIND,
            azure.KIND,
            hugging_face.KIND,
            model_scope.KIND,
            https.KIND,
            hdfs.KIND,
            docker_config.KIND,
            opaque.KIND,
        )
    }
)
"""All kinds, in the order of the reference."""

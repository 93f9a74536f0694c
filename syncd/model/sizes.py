"""What the API server takes at most, in bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST_SECRET: Final = 1024 * 1024
"""`MaxSecretSize` of Kubernetes (`pkg/apis/core/types.go`), over all values of one Secret."""

LARGEST_ANNOTATIONS: Final = 256 * 1024
"""`TotalAnnotationSizeLimitB` of Kubernetes (`apimachinery/pkg/api/validation/objectmeta.go`)."""


def annotations_size(annotations: Mapping[str, str]) -> int:
    """Return the bytes that count against the limit of all annotations together."""
    return sum(len(key.encode()) + len(value.encode()) for key, value in annotations.items())

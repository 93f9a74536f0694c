"""Types of names that Kubernetes would refuse if they were wrong: keys of labels, annotations and data."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, StringConstraints

from syncd.model.names import DOMAIN, KSERVE_PREFIX, LABEL_MANAGED_BY

_NAME: Final = r"[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
_PREFIX: Final = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_QUALIFIED: Final = re.compile(rf"({_PREFIX}/)?{_NAME}")
_PREFIX_LENGTH: Final = 253


def _qualified(key: str) -> str:
    if _QUALIFIED.fullmatch(key) is None or len(key.rpartition("/")[0]) > _PREFIX_LENGTH:
        raise ValueError("is no label or annotation key: [PREFIX/]NAME, letters, digits, '-', '_' and '.'")
    return key


def _trusted_pattern(pattern: str) -> str:
    prefix, slash, name = pattern.rpartition("/")
    if slash and name == "*":
        _qualified(f"{prefix}/x")
        return pattern
    return _qualified(pattern)


def _free(key: str) -> str:
    if key.startswith((DOMAIN, KSERVE_PREFIX)) or key == LABEL_MANAGED_BY:
        raise ValueError(
            f"is written by syncd itself: no key under {DOMAIN} or {KSERVE_PREFIX}, nor {LABEL_MANAGED_BY}"
        )
    return key


LabelKey = Annotated[str, AfterValidator(_qualified)]
"""Key of a label."""

LabelValue = Annotated[str, StringConstraints(pattern=rf"^({_NAME})?$")]
"""Value of a label; may be empty."""

LabelKeyPattern = Annotated[str, AfterValidator(_trusted_pattern)]
"""Key of a label, or `prefix/*`."""

ForeignKey = Annotated[str, AfterValidator(_qualified), AfterValidator(_free)]
"""Key of a label or annotation that is for other tools."""

DataKeyText = Annotated[str, StringConstraints(pattern=r"^([-._a-zA-Z0-9]|\$\([^()]*\))+$", max_length=253)]
"""Key of a Secret's data, in which placeholders may stand."""

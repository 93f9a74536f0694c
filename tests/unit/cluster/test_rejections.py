"""What an error of the API server means for a write."""

from __future__ import annotations

import pytest

from syncd.cluster.kubernetes.rejections import rejected
from syncd.kube.transport import ApiError
from syncd.model.names import ObjectRef
from syncd.model.reasons import Reason

REF = ObjectRef("ns", "models")
Causes = tuple[tuple[str, str], ...]


@pytest.mark.parametrize(
    ("code", "causes", "creating", "reason", "again"),
    [
        (409, (), True, Reason.CONFLICT, True),
        (409, (), False, Reason.CONFLICT, True),
        (404, (), True, Reason.NAMESPACE_MISSING, False),
        (404, (), False, Reason.CONFLICT, True),
        (403, (), True, Reason.FORBIDDEN, False),
        (403, (("NamespaceTerminating", "metadata.namespace"),), True, Reason.NAMESPACE_TERMINATING, False),
        (403, (("", ""),), True, Reason.ADMISSION_DENIED, False),
        (413, (), True, Reason.OBJECT_TOO_LARGE, False),
        (422, (), True, Reason.ADMISSION_DENIED, False),
        (422, (("", ""),), True, Reason.ADMISSION_DENIED, False),
        (422, (("FieldValueTooLong", "data"),), True, Reason.OBJECT_TOO_LARGE, False),
        (422, (("FieldValueInvalid", "type"),), False, Reason.TYPE_MISMATCH, False),
        (422, (("FieldValueForbidden", "data"),), False, Reason.SECRET_IMMUTABLE, False),
        (422, (("FieldValueForbidden", "immutable"),), False, Reason.SECRET_IMMUTABLE, False),
        (422, (("FieldValueInvalid", "data[a b]"),), False, Reason.INVALID_VALUE, False),
        (400, (), False, Reason.ADMISSION_DENIED, False),
        (429, (), False, Reason.CLUSTER_UNAVAILABLE, False),
        (500, (), False, Reason.CLUSTER_UNAVAILABLE, False),
        (504, (), False, Reason.CLUSTER_UNAVAILABLE, False),
    ],
)
def test_verdict(code: int, causes: Causes, creating: bool, reason: Reason, again: bool) -> None:
    """Code and causes decide; the text names object, code and remedy."""
    result = rejected(ApiError(code, "Word", causes), "secrets", REF, creating=creating)
    assert (result.reason, result.again) == (reason, again)
    assert "Secret ns/models" in result.message
    assert f"{code} Word" in result.message
    assert result.remedy

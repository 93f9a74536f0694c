"""Google Cloud Storage by a key file.

Source: KServe v0.19.0 `pkg/credentials/gcs/gcs_secret.go`. What a key needs: google-auth, which the storage
initializer uses; a broken key makes it fail, one that is missing makes it read anonymously.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from syncd.kserve.kinds import checks
from syncd.kserve.kinds.checks import Unfit
from syncd.kserve.kinds.fields import Secret, inputs_of, usual_names
from syncd.kserve.kinds.interface import EntrySettings, Inputs, KindPart, Rendered
from syncd.kserve.kinds.kind import StorageKind
from syncd.kserve.kinds.values import Values, secret
from syncd.model.reasons import Reason

if TYPE_CHECKING:
    from syncd.kserve.cluster_config import KServeConfig

USUAL: Final = {
    "credentials": usual_names("credentials", "gcloud-application-credentials.json"),
}

_SECRET_OF: Final = {
    "service_account": "private_key",
    "authorized_user": "refresh_token",
    "external_account": "credential_source",
}
"""Type of a key → the field that it is worth nothing without."""


class GcsPart(KindPart):
    """Google Cloud Storage: the JSON key of a service account, of a user, or of an external account."""

    credentials: Secret | None = None
    """The whole JSON key (`gcloud-application-credentials.json`, or the name that inferenceservice-config
    gives it); its `type` is service_account, authorized_user or external_account. Where the secret itself is
    the key, write `{whole: true}`. Left out: the first of its usual names in the secret."""

    def inputs(self) -> Inputs:
        """Ask for the key."""
        return inputs_of({"credentials": self.credentials}, USUAL, whole="credentials")


def _key(text: str) -> str:
    """Return the JSON text of a key as it is, if the storage initializer can use it."""
    tree = checks.json_object(checks.document(text))
    needed = _SECRET_OF.get(str(tree.get("type")))
    if needed is None:
        raise Unfit(
            "is not a key that KServe can use: its type is none of service_account, authorized_user,"
            " external_account"
        )
    empty = [name for name, value in {needed: None, **tree}.items() if value in (None, "", {})]
    if empty:
        raise Unfit(f"is a key with an empty {', '.join(empty)}")
    return text.strip()


def _compose(values: Values, _entry: EntrySettings | None, config: KServeConfig) -> Rendered:
    if not values.has("credentials"):
        names = ", ".join(USUAL["credentials"])
        values.refuse(
            "credentials",
            Reason.PROPERTY_NOT_FOUND,
            f"is missing; none of {names} is in the secret; if the secret itself is the key, write"
            " `credentials: {whole: true}`",
        )
        key = ""
    else:
        key = values.text("credentials", _key)
    return Rendered(
        detects_as="gcs",
        exclusive=True,
        type="Opaque",
        data={config.gcs_credential_file_name: secret(key)},
    )


KIND: Final = StorageKind(name="gcs", part=GcsPart, usual=USUAL, since="v0.2", compose=_compose)

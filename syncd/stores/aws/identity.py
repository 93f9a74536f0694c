"""As whom a store asks: the first keys, the roles that are assumed with them, and why that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import (
    ClientError,
    ConfigParseError,
    CredentialRetrievalError,
    HTTPClientError,
    InvalidRegionError,
    MetadataRetrievalError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    PartialCredentialsError,
    ProfileNotFound,
)
from botocore.parsers import ResponseParserError

from syncd.model.errors import (
    AuthenticationFailed,
    RateLimited,
    StoreError,
    StoreMisconfigured,
    StoreUnavailable,
)
from syncd.stores.aws.errors import NOT_AWS, FaultKind, WireFault, fault_of
from syncd.stores.aws.keys import Keys
from syncd.stores.aws.session import SECRETS_MANAGER, STS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.stores.aws.keys import Source
    from syncd.stores.aws.session import AwsSession
    from syncd.stores.aws.settings import AssumeRole


@dataclass(frozen=True, slots=True, eq=False)
class Lease:
    """A client of Secrets Manager, and the keys that it signs with."""

    client: Any
    keys: Keys


class Identity:
    """Logs one store in; not for several threads at a time."""

    def __init__(self, aws: AwsSession, source: Source, roles: Sequence[AssumeRole]) -> None:
        """Ask nobody yet."""
        self._aws = aws
        self._source = source
        self._roles = tuple(roles)

    def __str__(self) -> str:
        """Return where the keys come from, for messages."""
        return str(self._source)

    def changed(self) -> bool:
        """Tell whether what the first keys are read from is another than last time."""
        return self._source.changed()

    def log_in(self) -> Lease:
        """Return new keys and their client, asking whoever has to be asked, under `by`.

        Raises:
            StoreError: `AuthenticationFailed` when we are refused or there is nothing to log in with;
                `StoreUnavailable`, `RateLimited`, `StoreMisconfigured` as for reads.

        """
        step = f"{self._source}"
        failure: StoreError
        try:
            keys = self._source.keys(self._aws)
            for role in self._roles:
                step = f"assumeRole {role.role_arn}"
                keys = _assume(self._aws, keys, role)
            return Lease(self._aws.client(SECRETS_MANAGER, keys), keys)
        except StoreError as error:
            failure = type(error)(f"{step}: {error.message}", retry_after=error.retry_after)
        except Exception as error:  # noqa: BLE001  # the SDK's providers raise anything, KeyError too, with keys in it
            failure = login_error(error, step)
        raise failure


def _assume(aws: AwsSession, keys: Keys, role: AssumeRole) -> Keys:
    asked: dict[str, Any] = {"RoleArn": role.role_arn, "RoleSessionName": role.session_name}
    if role.external_id is not None:
        asked["ExternalId"] = role.external_id
    if role.session_tags:
        asked["Tags"] = [{"Key": key, "Value": value} for key, value in role.session_tags.items()]
    answer: Mapping[str, Any] = aws.client(STS, keys).assume_role(**asked)
    credentials = answer["Credentials"]
    expiration: datetime = credentials["Expiration"]
    return Keys(
        credentials["AccessKeyId"],
        credentials["SecretAccessKey"],
        credentials["SessionToken"],
        lambda seconds: (expiration - datetime.now(UTC)).total_seconds() < seconds,
        asked_for=True,
    )


_STS: Final = {
    "AccessDenied": (
        "the role may not be assumed: its trust policy does not accept us (ServiceAccount, external id,"
        " session tags), or we lack sts:AssumeRole"
    ),
    "InvalidIdentityToken": (
        "the ServiceAccount's token is refused: does IAM know the cluster's OIDC provider, and is the token's"
        " audience sts.amazonaws.com?"
    ),
    "ExpiredTokenException": "the token or session that we log in with has expired",
    "RegionDisabledException": "STS is not active in this region for the account",
}
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (
        NoCredentialsError,
        "the SDK found no credentials: no IRSA, pod identity, profile or variables, nor an instance role",
    ),
    (PartialCredentialsError, "only half of an access key is there"),
    (ProfileNotFound, "there is no such profile"),
    (ConfigParseError, "a shared file of the SDK cannot be parsed"),
)
_OUTAGE: Final = (
    HTTPClientError,
    MetadataRetrievalError,
    ResponseParserError,
    LookupError,
    TypeError,
    AttributeError,
)
_LOCAL: Final = (InvalidRegionError, NoRegionError)


def login_error(error: Exception, step: str) -> StoreError:
    """Translate what the SDK raised while it looked for keys, or STS refused to give; `step` says where."""
    if isinstance(error, ClientError):
        return _refused(error, step)
    if isinstance(error, WireFault):
        return StoreUnavailable(f"{step}: STS: {error.detail}")
    if isinstance(error, CredentialRetrievalError):
        return StoreUnavailable(
            f"{step}: who gives out the credentials (pod identity, a process) does not answer"
        )
    if isinstance(error, ParamValidationError):
        return StoreMisconfigured(
            f"{step}: AWS takes no such roleArn, externalId (2 to 1,224 characters), sessionName or"
            " sessionTags: one is too short or too long"
        )
    if isinstance(error, _LOCAL):
        return StoreMisconfigured(f"{step}: the SDK refuses to send this: is the region right?")
    if isinstance(error, _OUTAGE):
        return StoreUnavailable(f"{step}: {NOT_AWS}")
    if isinstance(error, OSError):
        return AuthenticationFailed(f"{step}: file {error.filename}: {error.strerror}")
    words = next((words for kind, words in _WORDS if isinstance(error, kind)), None)
    return AuthenticationFailed(f"{step}: {words or f'the SDK cannot log in ({type(error).__name__})'}")


def _refused(error: ClientError, step: str) -> StoreError:
    fault = fault_of(error)
    if fault.kind is FaultKind.RATE_LIMITED:
        return RateLimited(f"{step}: STS: {fault.detail}", retry_after=fault.retry_after)
    code = str(error.response.get("Error", {}).get("Code", ""))
    if fault.kind is FaultKind.UNAVAILABLE and code not in _STS:
        return StoreUnavailable(f"{step}: STS: {fault.detail}", retry_after=fault.retry_after)
    detail = "refused as invalid" if fault.kind is FaultKind.INVALID else fault.detail
    return AuthenticationFailed(f"{step}: {_STS.get(code, detail)}")

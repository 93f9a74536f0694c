"""AWS Secrets Manager as a secret store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from syncd.model.errors import AccessDenied, SecretNotFound, StoreError, VersionUnavailable
from syncd.model.secret import RemoteSecret
from syncd.stores.aws import batch, check
from syncd.stores.aws.batch_right import BatchRight
from syncd.stores.aws.identity import Identity
from syncd.stores.aws.keys import source_of
from syncd.stores.aws.login import Login
from syncd.stores.aws.outcome import KeysRejected
from syncd.stores.aws.reader import Reader
from syncd.stores.aws.session import AwsSession
from syncd.stores.clock import SYSTEM, Clock
from syncd.stores.interface import SecretStore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from syncd.model.secret import SecretRef, StoreName
    from syncd.stores.aws.settings import AwsSettings
    from syncd.stores.interface import Fetched, Finding, StoreContext


class AwsStore(SecretStore):
    """Reads secrets of one region, twenty with a request; logs in when first used."""

    batch = batch.LARGEST

    def __init__(
        self,
        name: StoreName,
        settings: AwsSettings,
        context: StoreContext,
        concurrency: int,
        clock: Clock = SYSTEM,
    ) -> None:
        """Prepare everything and ask nothing; `concurrency` connections are kept open."""
        self.name = name
        self._aws = AwsSession(settings, concurrency)
        identity = Identity(self._aws, source_of(settings.auth, context, clock), settings.assume_role)
        self._login = Login(name, identity, clock, context.emit)
        self._reader = Reader(settings.region, BatchRight(name, clock, context.emit))

    def fetch(self, refs: Sequence[SecretRef], *, deadline: float) -> Mapping[SecretRef, Fetched]:
        """Return an answer for every reference; raises only bugs."""
        answers: dict[SecretRef, Fetched] = {}
        asked = tuple(refs)
        for _ in range(2):
            try:
                lease = self._login.lease(deadline)
            except StoreError as error:
                return answers | dict.fromkeys(asked, error.with_traceback(None))
            answers |= self._reader.read(asked, lease, deadline)
            if any(isinstance(answers[ref], _AWS_OWN_WORD) for ref in asked):
                self._login.accepted(lease)
            rejected = {ref: answer for ref, answer in answers.items() if isinstance(answer, KeysRejected)}
            if not rejected:
                break
            self._login.rejected(lease, next(iter(rejected.values())).detail)
            asked = tuple(rejected)
        return answers

    def check(self, *, deadline: float) -> Sequence[Finding]:
        """Reach Secrets Manager, log in, and ask STS as whom."""
        return check.check(self.name, self._aws, self._login, deadline)

    def close(self) -> None:
        """Close the connections; temporary keys end by themselves."""
        self._aws.close()


_AWS_OWN_WORD = (RemoteSecret, SecretNotFound, VersionUnavailable, AccessDenied)
"""What AWS gives only to keys that it knows."""


def build(name: StoreName, settings: AwsSettings, context: StoreContext, concurrency: int) -> SecretStore:
    """Make the adapter."""
    return AwsStore(name, settings, context, concurrency)

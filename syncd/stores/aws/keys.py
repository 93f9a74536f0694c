"""Where the first keys come from: the SDK's own chain, a profile, or an access key of the mapping."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from botocore.credentials import RefreshableCredentials
from botocore.exceptions import NoCredentialsError

from syncd.stores.own_secret import OwnSecret, stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from syncd.stores.aws.session import AwsSession
    from syncd.stores.aws.settings import AwsAuth
    from syncd.stores.clock import Clock
    from syncd.stores.interface import StoreContext

_SHARED_FILES: Final = ("credentials_file", "config_file")


def _never(_: float) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Keys:
    """What requests are signed with.

    `ends_within(seconds)` tells whether they expire in that time; `asked_for` whether somebody was asked for
    them.
    """

    access_key_id: str = field(repr=False)
    secret_access_key: str = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    ends_within: Callable[[float], bool] = field(default=_never, repr=False)
    asked_for: bool = False


class Source(Protocol):
    """Where the first keys come from; `str()` names it for messages."""

    def changed(self) -> bool:
        """Tell whether it would give other keys than last time."""
        ...

    def keys(self, aws: AwsSession) -> Keys:
        """Return the keys as they are now; raises what botocore raises, or `StoreError`."""
        ...


class Chain:
    """The SDK's own chain of credentials, or the profile of that chain."""

    def __init__(self, profile: str | None = None, file: Path | None = None) -> None:
        """Ask nobody yet; `file` is used in place of the SDK's credentials file."""
        self._profile = profile
        self._file = file
        self._stamps: dict[Path, object] = {}

    def __str__(self) -> str:
        """Return what it is called in the mapping."""
        if self._profile is None:
            return "auth.default"
        return f"auth.profile {self._profile}" + (f" of {self._file}" if self._file else "")

    def changed(self) -> bool:
        """Tell whether a shared file of the SDK was replaced or rewritten."""
        return any(stamp(file) != seen for file, seen in self._stamps.items())

    def keys(self, aws: AwsSession) -> Keys:
        """Go through the chain."""
        session = aws.chain(self._profile, self._file)
        files = [Path(session.get_config_variable(name)).expanduser() for name in _SHARED_FILES]
        self._stamps = {file: stamp(file) for file in files}
        credentials = session.get_credentials()
        if credentials is None:
            raise NoCredentialsError
        frozen = credentials.get_frozen_credentials()
        temporary = isinstance(credentials, RefreshableCredentials)
        ends_within = credentials.refresh_needed if temporary else _never
        return Keys(frozen.access_key, frozen.secret_key, frozen.token, ends_within, asked_for=temporary)


class Static:
    """An access key of the mapping, read again when it changes."""

    def __init__(self, access_key_id: OwnSecret, secret_access_key: OwnSecret) -> None:
        """Read nothing yet."""
        self._id = access_key_id
        self._secret = secret_access_key

    def __str__(self) -> str:
        """Return where the key is."""
        return f"auth.static ({self._id}; {self._secret})"

    def changed(self) -> bool:
        """Tell whether one of its halves is another."""
        return self._id.changed() or self._secret.changed()

    def keys(self, aws: AwsSession) -> Keys:
        """Read both halves."""
        del aws
        return Keys(self._id.read().reveal().decode(), self._secret.read().reveal().decode())


def source_of(auth: AwsAuth, context: StoreContext, clock: Clock) -> Source:
    """Return the source that the mapping names."""
    if auth.static is not None:
        return Static(
            OwnSecret(auth.static.access_key_id, context, clock.now),
            OwnSecret(auth.static.secret_access_key, context, clock.now),
        )
    if auth.profile is not None:
        return Chain(auth.profile.name, auth.profile.file)
    return Chain()

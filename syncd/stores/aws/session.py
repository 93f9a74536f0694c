"""boto3 sessions and clients of one store: its region, its endpoints, one attempt, connections of ours."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, Final

import boto3
import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.loaders import create_loader

from syncd.stores.aws.keys import Keys
from syncd.stores.aws.wire import Wire

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.stores.aws.settings import AwsSettings

SECRETS_MANAGER: Final = "secretsmanager"
STS: Final = "sts"

_NOBODY: Final = Keys("nobody", "nobody")


class AwsSession:
    """Makes the clients of one store, which any thread may use, and sessions to look for keys with."""

    def __init__(self, settings: AwsSettings, pool: int) -> None:
        """Keep up to `pool` connections (and two for logins) open; nothing is opened before it is needed."""
        self._settings = settings
        self._wire = Wire(pool + 2)
        # What it has read of the SDK's data is kept: the next session costs a tenth of the first.
        self._loader = create_loader()
        self._lock = threading.Lock()
        self._session: boto3.Session | None = None

    def client(self, service: str, keys: Keys | None) -> Any:  # noqa: ANN401  # boto3 makes it at run time
        """Return a client that signs with these keys, or not at all when None.

        Raises:
            botocore.exceptions.BotoCoreError: when the region is none, or a shared file is broken.

        """
        endpoint = self._settings.endpoint if service == SECRETS_MANAGER else None
        unsigned = Config(signature_version=UNSIGNED) if keys is None else None
        # Without keys botocore would look for some at once, and ask metadata services, only to ignore them.
        given = keys or _NOBODY
        with self._lock:
            # A session is for one thread at a time; the clients that it makes are for all.
            if self._session is None:
                self._session = boto3.Session(botocore_session=self.chain())
            return self._session.client(
                service,
                endpoint_url=endpoint,
                config=unsigned,
                aws_access_key_id=given.access_key_id,
                aws_secret_access_key=given.secret_access_key,
                aws_session_token=given.session_token,
            )

    def chain(self, profile: str | None = None, file: Path | None = None) -> Any:  # noqa: ANN401  # botocore's
        """Return a new botocore session, for one thread, which reads environment and shared files anew.

        Raises:
            botocore.exceptions.BotoCoreError: when the files cannot be read.

        """
        core = botocore.session.Session(profile=profile)
        core.register_component("data_loader", self._loader)
        core.set_config_variable("region", self._settings.region)
        core.set_config_variable("sts_regional_endpoints", "regional")
        if file is not None:
            core.set_config_variable("credentials_file", str(file))
        # What is given to one client only does not reach the clients that botocore makes for logins.
        core.set_default_client_config(self._config())
        core.register("before-send", self._wire)
        return core

    def close(self) -> None:
        """Close all connections."""
        self._wire.close()

    def _config(self) -> Config:
        flags = {
            "use_fips_endpoint": self._settings.use_fips_endpoint,
            "use_dualstack_endpoint": self._settings.use_dual_stack_endpoint,
        }
        # One that is not asked for is left to the SDK's own environment variables.
        asked = {name: flag for name, flag in flags.items() if flag}
        return Config(
            retries={"mode": "standard", "total_max_attempts": 1}, user_agent_extra="syncd", **asked
        )

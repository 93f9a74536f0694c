"""What secrets and versions of Key Vault are called; the SDK itself sends whatever it is given."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from syncd.model.errors import StoreMisconfigured

if TYPE_CHECKING:
    from syncd.model.secret import SecretRef

# Source: "Azure Key Vault keys, secrets and certificates overview", section "Objects, identifiers, and
# versioning": 1 to 127 characters, 0-9, a-z, A-Z and hyphens; versions are 32 characters.
_NAME: Final = re.compile(r"[0-9a-zA-Z-]{1,127}")
_VERSION: Final = re.compile(r"[0-9a-fA-F]{32}")


def refused(ref: SecretRef) -> StoreMisconfigured | None:
    """Return why this cannot be a secret of a vault; None when it can."""
    if not _NAME.fullmatch(ref.secret):
        return StoreMisconfigured(
            f"{ref}: no name of a secret in Azure Key Vault: these have 1 to 127 letters, digits and hyphens"
            " (the vault is `vaultUrl`, a version is `version`)"
        )
    if ref.version is not None and not _VERSION.fullmatch(ref.version):
        return StoreMisconfigured(
            f"{ref}: no version of a secret in Azure Key Vault: these have 32 hexadecimal digits"
        )
    return None

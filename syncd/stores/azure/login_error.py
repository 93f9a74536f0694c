"""What the identity side of the SDK means by its errors; none of its text is kept but Entra's code.

Its class says little: a wrong secret and an Entra that is down are both `ClientAuthenticationError`. Entra's
own word has a code, `AADSTS` and digits ("Microsoft Entra authentication and authorization error codes").
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Final

from azure.core.exceptions import AzureError, HttpResponseError
from azure.identity import CredentialUnavailableError
from urllib3.exceptions import HTTPError

from syncd.model.errors import AuthenticationFailed, StoreError, StoreMisconfigured, StoreUnavailable
from syncd.stores.transport_error import chain, explain, is_transport

SDK_ERRORS: Final = (
    AzureError,
    HTTPError,
    OSError,
    ValueError,
    TypeError,
    AttributeError,
    LookupError,
    RuntimeError,
)
"""What leaves the SDK: its own errors, those of requests and urllib3, and what odd answers make of it."""

CA: Final = "`ca`"

_CODE: Final = re.compile(r"AADSTS(\d{4,8})")
_NO_FILE: Final = (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError)
_NO_MEMBER_OF_THE_CHAIN: Final = "failed to retrieve a token from the included credentials"
_TRANSIENT: Final = frozenset({"90033", "50196"})
_HINTS: Final = {
    "16000": "the account is not in this tenant",
    "50034": "there is no such account in this tenant",
    "50057": "the account is disabled",
    "50059": "there is no such tenant",
    "53003": "a conditional access policy does not allow it",
    "70011": "the vault's scope is not valid",
    "70021": "no federated credential fits the ServiceAccount token (issuer, subject, audience)",
    "90002": "there is no such tenant",
    "500011": "this tenant does not know Key Vault; is the vault in another one, or in another cloud?",
    "530035": "a security default does not allow it",
    "700016": "there is no such application in this tenant (client id, tenant id)",
    "700024": "the federated or signed token is out of its time; is a clock wrong?",
    "700027": "the application does not have this certificate, or it has expired",
    "700211": "no federated credential has the token's issuer",
    "700212": "no federated credential has the token's audience (api://AzureADTokenExchange)",
    "700213": "no federated credential has the token's subject (system:serviceaccount:NAMESPACE:NAME)",
    "7000112": "the application is disabled",
    "7000215": "the client secret is wrong; it is the secret's value, not its id",
    "7000222": "the client secret has expired",
    "7000229": "the tenant has no service principal of this application",
}


def login_error(error: BaseException, method: str) -> StoreError:
    """Say what a failed login means; `method` is how it was tried."""
    links = chain(error)
    text = " ".join(str(link) for link in links)
    code = _CODE.search(text)
    if code is not None and code[1] not in _TRANSIENT:
        hint = _HINTS.get(code[1], "see Microsoft's list of these codes")
        return AuthenticationFailed(f"{method}: Microsoft Entra refuses it, AADSTS{code[1]}: {hint}")
    file = next((link.filename for link in links if isinstance(link, _NO_FILE) and link.filename), None)
    if file is not None:
        return AuthenticationFailed(f"{method}: {file} cannot be read; is the token mounted?")
    if is_transport(error):
        return StoreUnavailable(f"{method}: whoever gives tokens cannot be asked: {explain(error, see=CA)}")
    status = next((link.status_code for link in links if isinstance(link, HttpResponseError)), None) or 0
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return StoreUnavailable(f"{method}: whoever gives tokens is in trouble (HTTP {status})")
    if isinstance(error, CredentialUnavailableError):
        return AuthenticationFailed(
            f"{method}: not set up here: there is no such identity on this node or pod"
        )
    if _NO_MEMBER_OF_THE_CHAIN in text:
        return AuthenticationFailed(
            f"{method}: none of its logins is set up here, or the first that is was refused"
        )
    if type(error) is ValueError:
        return StoreMisconfigured(
            f"{method}: the SDK does not accept these settings (tenantId, clientId, cloud)"
        )
    return StoreUnavailable(
        f"{method}: whoever gives tokens gave an answer that is no token (a proxy's page?)"
    )

"""What an answer that is no success means: the one place that reads errors of Secret Manager.

The codes: https://cloud.google.com/apis/design/errors (google.rpc.Code, ErrorInfo, RetryInfo). No text of an
answer is kept: a proxy's page, or an error that quotes a request, can hold a secret. What helps the reader is
told in words of ours.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.rpc import error_details_pb2

from syncd.stores.transport_error import explain

if TYPE_CHECKING:
    from collections.abc import Mapping

    import requests
    from google.api_core.exceptions import GoogleAPICallError

SEE: Final = "REQUESTS_CA_BUNDLE"
"""What decides, besides the system, which certificates are trusted by what goes over HTTP."""

Code = grpc.StatusCode


@dataclass(frozen=True, slots=True)
class Fault:
    """An answer that is no success; `code` is gRPC's, UNAVAILABLE for all that is not the API's own word.

    `reason` is that of ErrorInfo, or empty; `detail` is in our words; `retry_after` in seconds.
    """

    code: grpc.StatusCode
    detail: str
    reason: str = ""
    retry_after: float | None = None


class RestFault(Exception):
    """Carries a fault through the SDK; it never leaves the wire."""

    def __init__(self, fault: Fault) -> None:
        """Carry `fault`, which has no part of the answer in it."""
        super().__init__(fault.detail)
        self.fault = fault


_BROKEN: Final = "the connection broke"
_NOT_GOOGLES: Final = "not an answer of Secret Manager (a proxy's?)"
_WAYS: Final = (
    (
        "certificate_verify_failed",
        "the server's certificate is not trusted; see GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    ),
    ("peer name", "the server's certificate is for another host; is `endpoint` right?"),
    ("hostname verification", "the server's certificate is for another host; is `endpoint` right?"),
    ("http1.x server", _NOT_GOOGLES),
    ("alpn", _NOT_GOOGLES),
    ("http2 header with status", _NOT_GOOGLES),
    ("missing :status", _NOT_GOOGLES),
    ("handshake", "no TLS (is the port right?)"),
    ("http proxy", "the proxy does not let us through; `transport: rest` may help"),
    ("proxy returned", "the proxy does not let us through; `transport: rest` may help"),
    ("connection refused", "connection refused"),
    ("dns", "the host name is not known"),
    ("name resolution", "the host name is not known"),
    ("address lookup failed", "the host name is not known"),
    ("socket closed", _BROKEN),
    ("reset by peer", _BROKEN),
    ("goaway", _BROKEN),
    ("cancelling all calls", _BROKEN),
)
_STATES: Final = (
    ("kms", "its Cloud KMS key is disabled, destroyed or not granted"),
    ("destroyed", "it is destroyed; add a version, or pin another"),
    ("disabled", "it is disabled; enable it, add a version, or pin another"),
)
_CODES: Final = {code.name: code for code in Code}
_SPELT_BY_GO: Final = {code.name.title().replace("_", ""): code for code in Code}
_PRINTED_BY_GO: Final = re.compile(r"rpc error: code = (?P<code>\w+) desc = (?P<text>.*)", re.DOTALL)
_NUMBERS: Final = {code.value[0]: code for code in Code}
_OF_HTTP: Final[Mapping[int, grpc.StatusCode]] = {
    HTTPStatus.BAD_REQUEST: Code.INVALID_ARGUMENT,
    HTTPStatus.UNAUTHORIZED: Code.UNAUTHENTICATED,
    HTTPStatus.FORBIDDEN: Code.PERMISSION_DENIED,
    HTTPStatus.NOT_FOUND: Code.NOT_FOUND,
    HTTPStatus.TOO_MANY_REQUESTS: Code.RESOURCE_EXHAUSTED,
}


def of_the_way(error: BaseException) -> Fault:
    """Return the fault of an HTTP exchange that broke off."""
    return Fault(Code.UNAVAILABLE, explain(error, see=SEE))


def of_grpc(error: GoogleAPICallError) -> Fault:
    """Return the fault that the SDK raised over gRPC."""
    code = error.grpc_status_code if isinstance(error.grpc_status_code, Code) else Code.UNKNOWN
    text = str(error.message).lower()
    way = next((words for needle, words in _WAYS if needle in text), None)
    if way is not None and code is not Code.NOT_FOUND and (code is Code.UNAVAILABLE or way is _NOT_GOOGLES):
        return Fault(Code.UNAVAILABLE, way)
    infos = [item for item in error.details if isinstance(item, error_details_pb2.ErrorInfo)]
    delays = [item for item in error.details if isinstance(item, error_details_pb2.RetryInfo)]
    delay = delays[0].retry_delay.ToTimedelta().total_seconds() if delays else None
    return _fault(code, text, infos[0].reason if infos else "", delay)


def of_rest(response: requests.Response) -> Fault | None:
    """Return the fault in an HTTP answer; None for a JSON object with a status of success."""
    status = response.status_code
    tree = _tree(response)
    if status < HTTPStatus.MULTIPLE_CHOICES and isinstance(tree, dict) and "error" not in tree:
        return None
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return Fault(Code.UNAVAILABLE, f"a redirect, which is not followed (HTTP {status})")
    code, error = _own_word(status, tree)
    if code is None:
        return Fault(Code.UNAVAILABLE, f"{_NOT_GOOGLES} (HTTP {status})")
    details = [item for item in _list(error.get("details")) if isinstance(item, dict)]
    reason = next((item["reason"] for item in details if isinstance(item.get("reason"), str)), "")
    delay = next((_seconds(item["retryDelay"]) for item in details if "retryDelay" in item), None)
    header = response.headers.get("Retry-After", "")
    if delay is None and header.isascii() and header.isdigit():
        delay = float(header)
    return _fault(code, str(error.get("message", "")).lower(), reason, delay)


def _fault(code: grpc.StatusCode, text: str, reason: str, delay: float | None) -> Fault:
    if code is Code.FAILED_PRECONDITION:
        detail = next((words for needle, words in _STATES if needle in text), "it is disabled or destroyed")
        return Fault(code, detail, reason, delay)
    if code is Code.DEADLINE_EXCEEDED:
        return Fault(code, "no answer in time", reason)
    return Fault(code, f"Secret Manager answers {code.name}", reason, delay)


def _own_word(status: int, tree: object) -> tuple[grpc.StatusCode | None, dict[str, Any]]:
    """Return the code in a JSON error, by the word, the number or the HTTP status that it has.

    Google's has all three; gateways in front of a gRPC server leave out one or the other. Those that pass on
    what a Go client printed have it in a text. There, "not found" must be of a secret, not of the gateway's.
    """
    if not isinstance(tree, dict):
        return None, {}
    error = tree.get("error")
    printed = _PRINTED_BY_GO.fullmatch(error) if isinstance(error, str) else None
    if printed is not None:
        code = _SPELT_BY_GO.get(printed["code"])
        about_a_secret = "secrets/" in printed["text"]
        return (code if about_a_secret or code is not Code.NOT_FOUND else None), {"message": printed["text"]}
    inner = error if isinstance(error, dict) else tree
    by_word = _CODES.get(str(inner.get("status", "")))
    by_number = _NUMBERS.get(inner["code"]) if isinstance(inner.get("code"), int) else None
    by_http = _OF_HTTP.get(status) if inner.get("code") == status else None
    return by_word or by_number or by_http, inner


def _tree(response: requests.Response) -> object:
    try:
        return json.loads(response.content)
    except (ValueError, RecursionError):
        return None


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _seconds(text: object) -> float | None:
    """Return a duration of JSON (`3.5s`) in seconds."""
    try:
        return float(str(text).removesuffix("s"))
    except ValueError:
        return None

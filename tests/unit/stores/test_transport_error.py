"""What went wrong on the way to a store."""

from __future__ import annotations

import ssl

import pytest

from syncd.stores.transport_error import explain


def _refused(code: int, message: str) -> ssl.SSLCertVerificationError:
    """What Python raises for a certificate that does not do."""
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code, error.verify_message = code, message
    return error


@pytest.mark.parametrize("code", [62, 64])
def test_certificate_for_another_host(code: int) -> None:
    """A certificate with another name is told from one of an authority that is not trusted."""
    error = ConnectionError(_refused(code, "Hostname mismatch, certificate is not valid for 'a'."))
    assert explain(error, see="`ca`") == "the server's certificate is for another host; is the address right?"


def test_certificate_of_a_stranger() -> None:
    """The setting that decides whom we trust is named where the authority is not trusted."""
    why = explain(ConnectionError(_refused(18, "self-signed certificate")), see="`ca`")
    assert why == "the server's certificate is not trusted: self-signed certificate; see `ca`"

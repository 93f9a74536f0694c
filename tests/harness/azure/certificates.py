"""Certificates that an application logs in with.

Source: "Microsoft identity platform application authentication certificate credentials": RSA; self-signed
will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.harness.tls import self_signed

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography import x509

    from tests.harness.tls import PrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A self-signed certificate and its key."""

    certificate: x509.Certificate
    _key: PrivateKey

    @classmethod
    def with_rsa(cls) -> Identity:
        """One with an RSA key, as Entra wants it."""
        return cls._of(rsa.generate_private_key(65_537, 2048))

    @classmethod
    def with_curve(cls) -> Identity:
        """One with a key that the SDK does not sign with."""
        return cls._of(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def _of(cls, key: PrivateKey) -> Identity:
        return cls(self_signed("syncd", key), key)

    def write_pem(self, file: Path, password: str | None = None) -> None:
        """Key and certificate in one file."""
        file.write_bytes(
            self._key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, _encryption(password)
            )
            + self.certificate.public_bytes(serialization.Encoding.PEM)
        )

    def write_pkcs12(self, file: Path, password: str | None = None) -> None:
        """Both in a PKCS 12 file, as `az ad sp create-for-rbac --create-cert` and Key Vault make it."""
        file.write_bytes(
            pkcs12.serialize_key_and_certificates(
                b"syncd", self._key, self.certificate, None, _encryption(password)
            )
        )


def _encryption(password: str | None) -> serialization.KeySerializationEncryption:
    if password is None:
        return serialization.NoEncryption()
    return serialization.BestAvailableEncryption(password.encode())

"""Whoever holds the private key of a certificate: this process, or a device that never gives the key away."""

from __future__ import annotations

from typing import Protocol

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
PublicKey = ec.EllipticCurvePublicKey | rsa.RSAPublicKey


class Signer(Protocol):
    """All that sealing asks of a key."""

    def public_key(self) -> PublicKey:
        """The key that checks what `sign` makes; it tells the algorithm as well."""

    def sign(self, data: bytes) -> bytes:
        """ECDSA (DER, RFC 3279) or RSA PKCS #1 v1.5, with SHA-256 over the data. Raises SealingError."""


class SoftwareKey:
    """A key in the memory of this process."""

    def __init__(self, key: PrivateKey) -> None:
        self._key = key

    def public_key(self) -> PublicKey:
        return self._key.public_key()

    def sign(self, data: bytes) -> bytes:
        if isinstance(self._key, ec.EllipticCurvePrivateKey):
            return self._key.sign(data, ec.ECDSA(hashes.SHA256()))
        return self._key.sign(data, padding.PKCS1v15(), hashes.SHA256())

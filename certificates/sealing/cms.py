"""CMS SignedData (RFC 5652) with the signed attributes of CAdES/PAdES baseline B (ETSI EN 319 122-1, EN 319 142-1).

Built by hand: everything that does not change between two signatures is encoded once per signer.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from .der import NULL, integer, octets, oid, sequence, set_of, tlv
from .errors import KeysError
from .signer import PrivateKey, Signer, SoftwareKey

DATA = "1.2.840.113549.1.7.1"
TST_INFO = "1.2.840.113549.1.9.16.1.4"
SHA256 = sequence(oid("2.16.840.1.101.3.4.2.1"))
_SIGNED_DATA = oid("1.2.840.113549.1.7.2")
_CONTENT_TYPE = oid("1.2.840.113549.1.9.3")
_MESSAGE_DIGEST = oid("1.2.840.113549.1.9.4")
_SIGNING_CERTIFICATE_V2 = oid("1.2.840.113549.1.9.16.2.47")
_SIGNATURE_TIMESTAMP = oid("1.2.840.113549.1.9.16.2.14")

StampMaker = Callable[[bytes], bytes]


class CmsSigner:
    """Signs digests with one key, wherever that key is kept."""

    def __init__(
        self, key: PrivateKey | Signer, certificate: x509.Certificate, chain: Sequence[x509.Certificate] = ()
    ) -> None:
        if key.public_key() != certificate.public_key():
            raise KeysError("私钥与证书不匹配。", "The private key does not belong to the certificate.")
        self.key = SoftwareKey(key) if isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) else key
        own = certificate.public_bytes(Encoding.DER)
        self._id = sequence(certificate.issuer.public_bytes(), integer(certificate.serial_number))
        self._certificates = tlv(0xA0, *sorted({own, *(one.public_bytes(Encoding.DER) for one in chain)}))
        # ESSCertIDv2 with the default hash, SHA-256 (RFC 5035).
        reference = sequence(sequence(sequence(octets(hashlib.sha256(own).digest()))))
        self._certificate_reference = sequence(_SIGNING_CERTIFICATE_V2, set_of(reference))
        if isinstance(key.public_key(), ec.EllipticCurvePublicKey):
            self._algorithm = sequence(oid("1.2.840.10045.4.3.2"))
        else:
            self._algorithm = sequence(oid("1.2.840.113549.1.1.11"), NULL)

    def detached(self, digest: bytes, timestamp: StampMaker | None = None) -> bytes:
        """A signature over content that stays elsewhere, given by its SHA-256; with a signature time stamp if asked."""
        return self._signed(DATA, digest, b"", 1, timestamp)

    def attached(self, content_type: str, content: bytes, *, with_certificates: bool = True) -> bytes:
        """A signature that carries its content."""
        digest = hashlib.sha256(content).digest()
        inner = tlv(0xA0, octets(content))
        return self._signed(content_type, digest, inner, 3, None, with_certificates=with_certificates)

    def _signed(
        self,
        content_type: str,
        digest: bytes,
        content: bytes,
        version: int,
        timestamp: StampMaker | None,
        *,
        with_certificates: bool = True,
    ) -> bytes:
        attributes = (
            sequence(_CONTENT_TYPE, set_of(oid(content_type))),
            sequence(_MESSAGE_DIGEST, set_of(octets(digest))),
            self._certificate_reference,
        )
        to_sign = set_of(*attributes)
        signature = self.key.sign(to_sign)
        unsigned = b""
        if timestamp:
            token = timestamp(hashlib.sha256(signature).digest())
            unsigned = tlv(0xA1, sequence(_SIGNATURE_TIMESTAMP, set_of(token)))
        signer = sequence(
            integer(1),
            self._id,
            SHA256,
            b"\xa0" + to_sign[1:],
            self._algorithm,
            octets(signature),
            unsigned,
        )
        body = sequence(
            integer(version),
            set_of(SHA256),
            sequence(oid(content_type), content),
            self._certificates if with_certificates else b"",
            set_of(signer),
        )
        return sequence(_SIGNED_DATA, tlv(0xA0, body))

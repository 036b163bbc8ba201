"""What a person's certificate says, and whether one of the trusted authorities issued it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .errors import KeyFault

DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
# Leaf, at most two authorities between, root: longer chains are an attack on patience.
LONGEST_CHAIN = 4


@dataclass(frozen=True)
class Subject:
    """Whom a certificate names. `person` is the identifier of the account, which no two people share."""

    person: str
    name: str
    organisation: str


def fingerprint(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of the certificate's DER."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def subject_of(certificate: x509.Certificate) -> Subject:
    """Raises KeyFault when the subject does not name exactly one person."""

    def one(kind: x509.ObjectIdentifier) -> str:
        found = certificate.subject.get_attributes_for_oid(kind)
        if len(found) != 1:
            raise KeyFault(
                "subject_unclear", "证书没有写明唯一的持有人", "The certificate does not name exactly one holder"
            )
        return str(found[0].value)

    return Subject(one(NameOID.SERIAL_NUMBER), one(NameOID.COMMON_NAME), one(NameOID.ORGANIZATION_NAME))


def check_chain(chain: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime) -> x509.Certificate:
    """The root that vouches for `chain` (signer first), judged at the moment `at`. Raises KeyFault with the first fault.

    Each certificate must be issued by the next, the last one by a root; every issuer must be an authority by its own
    extensions, and the first must be a person's: a P-256 key, no authority, meant for signing documents.
    """
    if not chain or len(chain) >= LONGEST_CHAIN:
        raise KeyFault(
            "chain_length", "签名中的证书链长度不对", "The certificate chain in the signature has a wrong length"
        )
    _is_a_persons(chain[0])
    for certificate in chain:
        if not certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc:
            raise KeyFault(
                "certificate_not_in_date",
                f"签名时间 {at:%Y-%m-%d %H:%M:%S} UTC 不在证书有效期内",
                f"The certificate was not in date at {at:%Y-%m-%d %H:%M:%S} UTC, when the signature was made",
            )
    for certificate, issuer in pairwise(chain):
        if not _issued(certificate, issuer):
            raise _foreign()
    for root in roots:
        if root.not_valid_before_utc <= at <= root.not_valid_after_utc and _issued(chain[-1], root):
            return root
    raise _foreign()


def _foreign() -> KeyFault:
    return KeyFault(
        "foreign_authority",
        "证书不是由本机构的人员证书机构签发",
        "The certificate was not issued by the institute's authority for persons",
    )


def _is_a_persons(certificate: x509.Certificate) -> None:
    fault = KeyFault(
        "not_a_persons_certificate", "证书不是人员签名证书", "The certificate is not one for a person's signature"
    )
    try:
        extensions = certificate.extensions
        authority = extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        raise fault from None
    key = certificate.public_key()
    p256 = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1)
    if authority or not usage.content_commitment or DOCUMENT_SIGNING not in purposes or not p256:
        raise fault


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        extensions = issuer.extensions
        if not extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        if not extensions.get_extension_for_class(x509.KeyUsage).value.key_cert_sign:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    return True

"""The list of revoked personal keys: an X.509 certificate revocation list (RFC 5280, 5) of the persons' authority."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from .errors import KeyFault
from .jws import Verified

# Why a key was ended, as the list says it (RFC 5280, 5.3.1).
REASONS = {
    "lost": x509.ReasonFlags.cessation_of_operation,
    "suspected": x509.ReasonFlags.key_compromise,
    "left": x509.ReasonFlags.affiliation_changed,
    "replaced": x509.ReasonFlags.superseded,
}


@dataclass(frozen=True)
class Revocation:
    """When a key ended and why (`lost`, `suspected`, `left`, `replaced`; empty when the list does not say)."""

    at: datetime
    why: str

    def was_after(self, moment: datetime) -> bool:
        """Whether something done at `moment` was done while the key still counted."""
        return moment < self.at


def read(pem: bytes, roots: Sequence[x509.Certificate]) -> x509.CertificateRevocationList:
    """A list signed by one of the roots. Raises KeyFault for any other."""
    try:
        found = x509.load_pem_x509_crl(pem)
    except ValueError:
        raise KeyFault("list_malformed", "密钥吊销列表无法读取", "The list of revoked keys cannot be read") from None
    for root in roots:
        key = root.public_key()
        if found.issuer == root.subject and found.is_signature_valid(key):  # type: ignore[arg-type]
            return found
    raise KeyFault(
        "list_foreign",
        "密钥吊销列表不是由本机构的人员证书机构签发",
        "The list of revoked keys was not issued by the institute's authority for persons",
    )


def find(revoked: x509.CertificateRevocationList, certificate: x509.Certificate) -> Revocation | None:
    """When the list says that this certificate's key ended; None when it does not name it."""
    entry = revoked.get_revoked_certificate_by_serial_number(certificate.serial_number)
    if entry is None or certificate.issuer != revoked.issuer:
        return None
    try:
        flag = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        flag = None
    return Revocation(entry.revocation_date_utc, next((name for name, one in REASONS.items() if one == flag), ""))


def check(signature: Verified, revoked: x509.CertificateRevocationList) -> Revocation | None:
    """The later revocation of the key, if any. Raises KeyFault when the key had ended before the signature was made.

    The signature's moment is its signer's word. What proves that it is no lie is the event of the act, which carries the
    signature's digest, and its place in the event log before the event of the revocation.
    """
    found = find(revoked, signature.certificate)
    if found and not found.was_after(signature.at):
        raise KeyFault(
            "key_revoked",
            f"密钥已于 {found.at:%Y-%m-%d %H:%M:%S} UTC 停用，签名在其后",
            f"The key was revoked at {found.at:%Y-%m-%d %H:%M:%S} UTC, before the signature was made",
        )
    return found

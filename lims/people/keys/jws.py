"""Compact JSON web signatures with ES256 and the signer's certificate inside (RFC 7515; RFC 7518, 3.4).

Nothing in the header chooses how it is checked: the algorithm is ES256 or the signature is refused, the key is that of the
first certificate in `x5c`, and that certificate must lead to a root which the caller trusts.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from lims.core import canonical

from . import certificates
from .errors import KeyFault

TYPE = "lims-act+jws"
_COORDINATE = 32  # bytes of r and of s for P-256
_LONGEST = 64 * 1024


@dataclass(frozen=True)
class Parts:
    """A compact JWS taken apart, nothing of it checked yet. `signed`: the bytes the signature is over."""

    header: dict[str, Any]
    payload: bytes
    signature: bytes
    signed: bytes


@dataclass(frozen=True)
class Verified:
    """What a good signature says, and by whom."""

    payload: bytes
    certificate: x509.Certificate
    subject: certificates.Subject
    root: x509.Certificate
    at: datetime

    @property
    def fingerprint(self) -> str:
        return certificates.fingerprint(self.certificate)


def sign(payload: bytes, private_key: ec.EllipticCurvePrivateKey, chain: Sequence[x509.Certificate]) -> str:
    """The compact JWS over `payload`. `chain`: the signer's certificate first, then authorities below the root, if any."""
    x5c = [base64.b64encode(one.public_bytes(Encoding.DER)).decode() for one in chain]
    header = canonical.dumps({"alg": "ES256", "typ": TYPE, "x5c": x5c}).encode()
    signed = f"{_encode(header)}.{_encode(payload)}".encode()
    r, s = decode_dss_signature(private_key.sign(signed, ec.ECDSA(hashes.SHA256())))
    signature = r.to_bytes(_COORDINATE, "big") + s.to_bytes(_COORDINATE, "big")
    return f"{signed.decode()}.{_encode(signature)}"


def take_apart(text: str) -> Parts:
    """The three parts of a compact JWS. Raises KeyFault for anything that is not spelled exactly as RFC 7515 says."""
    pieces = text.split(".")
    if len(pieces) != 3 or len(text) > _LONGEST:
        raise _malformed()
    try:
        header = json.loads(_decode(pieces[0]), object_pairs_hook=_no_name_twice)
    except (ValueError, RecursionError):
        raise _malformed() from None
    if not isinstance(header, dict):
        raise _malformed()
    return Parts(header, _decode(pieces[1]), _decode(pieces[2]), f"{pieces[0]}.{pieces[1]}".encode("ascii"))


def check(parts: Parts, key: ec.EllipticCurvePublicKey) -> None:
    """Raises KeyFault unless `key` made the signature, with ES256."""
    # The header is the attacker's: no other algorithm, no "none", no HMAC keyed with a public key (RFC 8725, 3.1).
    if parts.header.get("alg") != "ES256" or "crit" in parts.header:
        raise KeyFault("algorithm", "签名算法不是 ES256", "The signature's algorithm is not ES256")
    if len(parts.signature) != 2 * _COORDINATE or not isinstance(key.curve, ec.SECP256R1):
        raise _wrong()
    r, s = (int.from_bytes(part, "big") for part in (parts.signature[:_COORDINATE], parts.signature[_COORDINATE:]))
    try:
        key.verify(encode_dss_signature(r, s), parts.signed, ec.ECDSA(hashes.SHA256()))
    except (InvalidSignature, ValueError):
        raise _wrong() from None


def verify(text: str, roots: Sequence[x509.Certificate], at: datetime | None = None) -> Verified:
    """The payload of a signature made by a person of one of the `roots`. Raises KeyFault with the first fault.

    at: the moment for which certificates must be in date; None takes the payload's own `at`, which only the signer vouches
    for. Whether the key was revoked then is asked of `revocations`.
    """
    parts = take_apart(text)
    if parts.header.get("typ") != TYPE:
        raise KeyFault("type", "不是人员签名", f"This is not a signature of the type {TYPE}")
    chain = _chain(parts.header.get("x5c"))
    key = chain[0].public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise _wrong()
    check(parts, key)
    moment = at or _own_moment(parts.payload)
    root = certificates.check_chain(chain, roots, moment)
    return Verified(parts.payload, chain[0], certificates.subject_of(chain[0]), root, moment)


def _chain(x5c: object) -> list[x509.Certificate]:
    if not isinstance(x5c, list) or not x5c or len(x5c) > certificates.LONGEST_CHAIN:
        raise KeyFault(
            "no_certificate", "签名没有附带签名人的证书", "The signature does not carry its signer's certificate"
        )
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(one, validate=True)) for one in x5c]
    except (ValueError, TypeError, x509.InvalidVersion):
        raise _malformed() from None


def _own_moment(payload: bytes) -> datetime:
    try:
        at = datetime.fromisoformat(json.loads(payload)["at"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise KeyFault("no_moment", "签名没有写明时间", "The signature does not say when it was made") from None
    if at.tzinfo is None:
        raise KeyFault("no_moment", "签名没有写明时间", "The signature does not say when it was made")
    return at


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    """Base64url without padding, in its one canonical spelling."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _malformed() from None
    if _encode(data) != text:
        raise _malformed()
    return data


def _no_name_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _malformed() -> KeyFault:
    return KeyFault("malformed", "不是完整的签名（JWS）", "This is not a well-formed compact JWS")


def _wrong() -> KeyFault:
    return KeyFault(
        "wrong_signature",
        "签名与内容不符：内容或签名被改动过",
        "The signature does not fit: content or signature was altered",
    )

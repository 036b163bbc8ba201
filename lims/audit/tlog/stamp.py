"""Checking a time stamp token (RFC 3161) over the head of a log: who says that it existed, and when.

Reads the token by itself; only signatures and certificates are the work of `cryptography`.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from lims.audit.tlog import der
from lims.audit.tlog.der import Element

SIGNED_DATA, TST_INFO = "1.2.840.113549.1.7.2", "1.2.840.113549.1.9.16.1.4"
_CONTENT_TYPE, _MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
_SIGNING_CERTIFICATE, _SIGNING_CERTIFICATE_V2 = "1.2.840.113549.1.9.16.2.12", "1.2.840.113549.1.9.16.2.47"
_HASHES: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
_SCHEMES: dict[str, hashes.HashAlgorithm] = {
    "1.2.840.10045.4.3.2": hashes.SHA256(),
    "1.2.840.10045.4.3.3": hashes.SHA384(),
    "1.2.840.10045.4.3.4": hashes.SHA512(),
    "1.2.840.113549.1.1.11": hashes.SHA256(),
    "1.2.840.113549.1.1.12": hashes.SHA384(),
    "1.2.840.113549.1.1.13": hashes.SHA512(),
}
_CERTIFICATES, _ATTRIBUTES, _KEY_ID = 0xA0, 0xA0, 0x80
_LONGEST_CHAIN = 8
# What reading a harmed certificate can end in: `cryptography` looks at most of its fields only when asked for them.
_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm, x509.DuplicateExtension, x509.InvalidVersion)


class StampError(ValueError):
    """The token does not show that this head existed at a time; the message says why."""


@dataclass(frozen=True)
class Stamp:
    """That an authority saw the bytes. `at`: its time, UTC; `by`: the subject of its certificate (RFC 4514)."""

    at: datetime
    by: str


@dataclass(frozen=True)
class _Token:
    content: bytes
    info: list[Element]
    certificates: list[x509.Certificate]
    signer: list[Element]


def check(token: bytes, checkpoint: bytes, roots: Sequence[x509.Certificate]) -> Stamp:
    """Who vouches for the time of these bytes. token: TimeStampToken, DER. checkpoint: the signed note as it was stamped.
    roots: authorities the reader trusts.

    The certificates below the roots come with the token; each must be valid at the time it states. Whether one was revoked
    is not asked: nobody can know that offline. Raises StampError.
    """
    try:
        parsed = _parse(token)
        algorithm, digest = parsed.info[2].of(der.SEQUENCE).parts()
        at = _time(parsed.info[4].of(der.TIME).value)
        if _digest(_hash(algorithm), checkpoint) != digest.of(der.OCTETS).value:
            raise StampError("the time stamp is about other bytes")
        holder = _signed_by(parsed)
        _for_stamping(holder)
        _trusted(holder, parsed.certificates, roots, at)
    except StampError:
        raise
    except (*_UNREADABLE, IndexError, StopIteration) as error:
        raise StampError(f"the time stamp cannot be read: {error}") from None
    return Stamp(at, holder.subject.rfc4514_string())


def _parse(token: bytes) -> _Token:
    kind, wrapped = der.read(token).of(der.SEQUENCE).parts()
    if kind.oid() != SIGNED_DATA:
        raise StampError("this is no time stamp token: not signed data")
    _version, _digests, inner, *rest = der.read(wrapped.value).of(der.SEQUENCE).parts()
    content_type, held = inner.parts()
    if content_type.oid() != TST_INFO:
        raise StampError("this is no time stamp token: it signs something else")
    content = der.read(held.value).of(der.OCTETS).value
    certificates = [
        x509.load_der_x509_certificate(one.raw)
        for part in rest
        if part.tag == _CERTIFICATES
        for one in part.parts()
        if one.tag == der.SEQUENCE
    ]
    signers = rest[-1].of(der.SET).parts()
    if len(signers) != 1:
        raise StampError("a time stamp token has one signer")
    return _Token(content, der.read(content).of(der.SEQUENCE).parts(), certificates, signers[0].parts())


def _signed_by(token: _Token) -> x509.Certificate:
    """The certificate of the one who signed the token. Raises StampError when the signature is false."""
    _version, who, algorithm, attributes, scheme, signature, *_unsigned = token.signer
    if attributes.tag != _ATTRIBUTES:
        raise StampError("the time stamp has no signed attributes")
    stated = {}
    for attribute in attributes.parts():
        name, values = attribute.parts()
        stated[name.oid()] = values.of(der.SET).parts()[0]
    digest = _hash(algorithm)
    if _CONTENT_TYPE not in stated or stated[_CONTENT_TYPE].oid() != TST_INFO:
        raise StampError("the signature of the time stamp is about another kind of content")
    if _MESSAGE_DIGEST not in stated or stated[_MESSAGE_DIGEST].value != _digest(digest, token.content):
        raise StampError("the signature of the time stamp is about other content")
    holder = next((one for one in token.certificates if _is(one, who)), None)
    if holder is None:
        raise StampError("the time stamp does not carry the certificate of its authority")
    _names(stated, holder)
    signed = bytes([der.SET]) + attributes.raw[1:]
    _verify(holder, _scheme_hash(scheme, digest), signed, signature.of(der.OCTETS).value)
    return holder


def _names(stated: dict[str, Element], holder: x509.Certificate) -> None:
    """The signed attribute that ties the signature to this certificate (RFC 5816): without it another could be put in."""
    for kind, usual in ((_SIGNING_CERTIFICATE_V2, hashes.SHA256()), (_SIGNING_CERTIFICATE, hashes.SHA1())):  # noqa: S303
        if kind in stated:
            first = stated[kind].parts()[0].parts()[0].parts()
            algorithm = _hash(first[0]) if first[0].tag == der.SEQUENCE else usual
            value = next(one for one in first if one.tag == der.OCTETS).value
            if value == holder.fingerprint(algorithm):
                return
            raise StampError("the time stamp was signed with another certificate than the one it carries")
    raise StampError("the time stamp does not say which certificate signed it")


def _is(certificate: x509.Certificate, who: Element) -> bool:
    if who.tag == _KEY_ID:
        try:
            extension = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        except x509.ExtensionNotFound:
            return False
        return extension.value.digest == who.value
    issuer, serial = who.of(der.SEQUENCE).parts()
    return certificate.issuer.public_bytes() == issuer.raw and certificate.serial_number == serial.number()


def _verify(holder: x509.Certificate, algorithm: hashes.HashAlgorithm, data: bytes, signature: bytes) -> None:
    key = holder.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, data, ec.ECDSA(algorithm))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, data, padding.PKCS1v15(), algorithm)
        else:
            raise StampError("the time stamp is signed with an algorithm that is not known here")
    except InvalidSignature:
        raise StampError("the signature of the time stamp is false") from None


def _for_stamping(holder: x509.Certificate) -> None:
    """RFC 3161, section 2.3: this purpose alone, and critical."""
    try:
        extension = holder.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        raise StampError("the certificate of the time stamp is not one for time stamps") from None
    if not extension.critical or list(extension.value) != [ExtendedKeyUsageOID.TIME_STAMPING]:
        raise StampError("the certificate of the time stamp is not one for time stamps alone")


def _trusted(
    holder: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> None:
    """Raises StampError unless a chain valid at that time leads from the certificate to one of the roots."""
    current = holder
    for _ in range(_LONGEST_CHAIN):
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            raise StampError(f"{current.subject.rfc4514_string()} was not valid at {at:%Y-%m-%d %H:%M:%S} UTC")
        if current in roots:
            return
        above = next((one for one in (*roots, *others) if one != current and _issued(one, current)), None)
        if above is None:
            break
        current = above
    raise StampError(f"{current.subject.rfc4514_string()} leads to no authority that is trusted here")


def _issued(above: x509.Certificate, below: x509.Certificate) -> bool:
    try:
        below.verify_directly_issued_by(above)
        return above.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (*_UNREADABLE, InvalidSignature, x509.ExtensionNotFound):
        return False


def _hash(algorithm: Element) -> hashes.HashAlgorithm:
    name = algorithm.parts()[0].oid()
    if name not in _HASHES:
        raise StampError(f"the time stamp uses a digest that is not known here: {name}")
    return _HASHES[name]


def _scheme_hash(scheme: Element, digest: hashes.HashAlgorithm) -> hashes.HashAlgorithm:
    """ECDSA and RSA schemes name their digest; a bare RSA encryption scheme goes with that of the signer."""
    return _SCHEMES.get(scheme.parts()[0].oid(), digest)


def _digest(algorithm: hashes.HashAlgorithm, data: bytes) -> bytes:
    return hashlib.new(algorithm.name, data).digest()


def _time(value: bytes) -> datetime:
    """GeneralizedTime as DER has it: UTC, with or without a fraction of a second."""
    text = value.decode("ascii")
    whole, _, fraction = text.removesuffix("Z").partition(".")
    if not text.endswith("Z"):
        raise StampError("the time of the stamp is not UTC")
    return datetime.strptime(f"{whole}.{fraction or '0'}"[:21], "%Y%m%d%H%M%S.%f").replace(tzinfo=UTC)

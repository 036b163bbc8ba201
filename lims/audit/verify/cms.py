"""Checking a detached CMS signature (RFC 5652) and the chain of its certificate. Nothing is fetched."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from lims.audit.tlog import der
from lims.audit.tlog.der import Element

SIGNED_DATA = "1.2.840.113549.1.7.2"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_CERTIFICATE_V2, TIMESTAMP = "1.2.840.113549.1.9.16.2.47", "1.2.840.113549.1.9.16.2.14"
DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "2.16.840.1.101.3.4.2.1": hashes.SHA256(),
    "2.16.840.1.101.3.4.2.2": hashes.SHA384(),
    "2.16.840.1.101.3.4.2.3": hashes.SHA512(),
}
LONGEST_CHAIN = 8


class CmsError(ValueError):
    """A signature, a time stamp or a chain that does not hold; the message says how."""


@dataclass(frozen=True)
class Signed:
    """A signature whose digest and signature value hold. `timestamp`: the token over `signature`, empty when there is none."""

    signer: x509.Certificate
    certificates: tuple[x509.Certificate, ...]
    signature: bytes
    timestamp: bytes


def signed_data(cms: bytes) -> bytes:
    """The CMS of a PDF without the zeros behind it, for which its place leaves room. Raises CmsError or DerError."""
    found = next(der.elements(cms), None)
    if found is None or cms[len(found.raw) :].strip(b"\0"):
        raise CmsError("not one element of DER")
    return found.raw


def signed(cms: bytes, covered: bytes) -> Signed:
    """The one detached signature in CMS SignedData over the bytes covered. Raises CmsError, or ValueError for bytes that are no CMS.

    Checked: messageDigest, contentType, the signature over the signed attributes, and that these name the certificate.
    """
    kind, wrapped = der.read(signed_data(cms)).of(der.SEQUENCE).parts()
    if kind.oid() != SIGNED_DATA:
        raise CmsError("not CMS SignedData")
    _version, _digests, inside, *rest = wrapped.of(0xA0).parts()[0].of(der.SEQUENCE).parts()
    content_type, *carried = inside.of(der.SEQUENCE).parts()
    if carried:
        raise CmsError("the signature carries content of its own")
    try:
        certificates = tuple(
            x509.load_der_x509_certificate(one.raw) for part in rest if part.tag == 0xA0 for one in part.parts()
        )
    except x509.InvalidVersion as error:
        raise CmsError(f"a certificate in it cannot be read: {error}") from None
    infos = rest[-1].of(der.SET).parts()
    if len(infos) != 1:
        raise CmsError("there must be exactly one signer")
    return _signer(infos[0], content_type.oid(), covered, certificates)


def _signer(info: Element, content_type: str, covered: bytes, certificates: tuple[x509.Certificate, ...]) -> Signed:
    _version, who, digest, attributes, _scheme, value, *rest = info.of(der.SEQUENCE).parts()
    kind = DIGESTS.get(digest.parts()[0].oid())
    if kind is None:
        raise CmsError("a digest that is not trusted")
    signer = _holder(who, certificates)
    stated = _attributes(attributes)
    if CONTENT_TYPE not in stated or stated[CONTENT_TYPE].oid() != content_type:
        raise CmsError("the signed attributes name another content type")
    if (
        MESSAGE_DIGEST not in stated
        or stated[MESSAGE_DIGEST].of(der.OCTETS).value != hashlib.new(kind.name, covered).digest()
    ):
        raise CmsError("the digest of the content is not the signed one: the content was altered")
    _names(stated.get(SIGNING_CERTIFICATE_V2), signer)
    # Signed as a SET OF, carried under the tag [0] (RFC 5652, 5.4).
    _verify(signer, value.of(der.OCTETS).value, b"\x31" + attributes.raw[1:], kind)
    unsigned = {name: one for part in rest if part.tag == 0xA1 for name, one in _attributes(part).items()}
    stamp = unsigned[TIMESTAMP].raw if TIMESTAMP in unsigned else b""
    return Signed(signer, certificates, value.value, stamp)


def _attributes(node: Element) -> dict[str, Element]:
    """The first value of each attribute by its identifier."""
    found = {}
    for one in node.parts():
        name, values = one.of(der.SEQUENCE).parts()
        found[name.oid()] = values.of(der.SET).parts()[0]
    return found


def _holder(who: Element, certificates: Iterable[x509.Certificate]) -> x509.Certificate:
    if who.tag == der.SEQUENCE:
        issuer, serial = who.parts()
        for one in certificates:
            if one.serial_number == serial.number() and one.issuer.public_bytes() == issuer.raw:
                return one
    elif who.tag == 0x80:
        for one in certificates:
            try:
                key = one.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
            except x509.ExtensionNotFound:
                continue
            if key == who.value:
                return one
    raise CmsError("the certificate of the signer is not in it")


def _names(attribute: Element | None, signer: x509.Certificate) -> None:
    """That the signing-certificate attribute (RFC 5035), which PAdES demands, names the signer."""
    if attribute is None:
        raise CmsError("the signed attributes do not name the certificate")
    reference = attribute.parts()[0].parts()[0].parts()
    name = "sha256"
    if reference[0].tag == der.SEQUENCE:
        found = DIGESTS.get(reference[0].parts()[0].oid())
        name, reference = (found.name if found else ""), reference[1:]
    own = signer.public_bytes(Encoding.DER)
    if not name or reference[0].of(der.OCTETS).value != hashlib.new(name, own).digest():
        raise CmsError("the signed attributes name another certificate")


def _verify(signer: x509.Certificate, value: bytes, data: bytes, kind: hashes.HashAlgorithm) -> None:
    key = signer.public_key()
    try:
        if isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(value, data, ec.ECDSA(kind))
        elif isinstance(key, rsa.RSAPublicKey):
            key.verify(value, data, padding.PKCS1v15(), kind)
        else:
            raise CmsError("the signature uses a kind of key that is not known here")
    except InvalidSignature:
        raise CmsError("the signature value is false") from None


def chain(
    end: x509.Certificate, others: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], at: datetime
) -> x509.Certificate:
    """The root that vouches for a certificate at a moment. Raises CmsError when none does.

    Checked on the way: signatures, validity at the moment, that issuers may issue and how deep. Not checked: revocation.
    """
    now, depth = end, 0
    while depth < LONGEST_CHAIN:
        if not now.not_valid_before_utc <= at <= now.not_valid_after_utc:
            raise CmsError(f"the certificate of {_name(now)} was not valid at that time")
        for root in roots:
            if now == root:
                return root
        issuer = next((one for one in [*roots, *others] if one != now and _issued(now, one, depth)), None)
        if issuer is None:
            raise CmsError(f"the certificate of {_name(now)} does not lead to a trusted root")
        now, depth = issuer, depth + 1
    raise CmsError("the chain of certificates is too long")


def _issued(certificate: x509.Certificate, issuer: x509.Certificate, depth: int) -> bool:
    try:
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        if not constraints.ca or not usage.key_cert_sign:
            return False
        if constraints.path_length is not None and constraints.path_length < depth:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, ValueError, TypeError, InvalidSignature):
        return False
    return True


def _name(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:120]

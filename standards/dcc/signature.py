"""The signatures in a DCC (XML-DSig, XAdES), told in three plain answers: unsigned, intact and by whom, broken.

A signature counts only where it covers the whole file except itself, made by the certificate inside it with SHA-256 or better.
Whether that certificate is trusted is a second question; without a known root the answer is that it is not known.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature as WrongSignature
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import NameOID
from lxml import etree
from lxml.etree import _Element as Node
from signxml.exceptions import InvalidInput, SignXMLException
from signxml.verifier import SignatureConfiguration, XMLVerifier

from lims.core.text import Text

from .report import Signature
from .xml import DCC, DS, NAMES

_ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
_C14N = (
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/2006/12/xml-c14n11",
    "http://www.w3.org/2001/10/xml-exc-c14n#",
)
_ALLOWED = {_ENVELOPED, *_C14N, *(f"{one}#WithComments" for one in _C14N), f"{_C14N[2]}WithComments"}
_LONGEST_CHAIN = 8
_SIGNING_TIME = ".//{http://uri.etsi.org/01903/v1.3.2#}SigningTime"


class _Broken(Exception):
    def __init__(self, zh: str, en: str) -> None:
        super().__init__(en)
        self.text = Text(
            f"签名无效：{zh}不得使用此文件。", f"The signature does not hold: {en} The file must not be used."
        )


def judged(data: bytes, root: Node, anchors: Sequence[bytes] = ()) -> Signature:
    """What the signatures of the file are worth. `anchors`: trusted root certificates as PEM. Never raises."""
    found = list(root.iter(f"{{{DS}}}Signature"))
    if not found:
        return Signature("unsigned", Text("文件没有电子签名。", "The file is not signed."))
    try:
        if len(found) > 1:
            raise _Broken("文件含有多个签名，尚不能逐一核对。", "several signatures cannot be checked one by one yet.")
        chain = _chain(found[0])
        _covers_everything(found[0], root)
        _verify(data, chain[0])
    except _Broken as broken:
        return Signature("broken", broken.text)
    by, trusted = _name(chain[0]), _trusted(chain, _anchors(anchors), _moment(found[0]))
    if trusted:
        text = Text(f"签名完好，由 {by} 签署，证书链可信。", f"Signed by {by} and intact; its chain is trusted.")
    else:
        text = Text(
            f"签名完好，由 {by} 签署；其证书链是否可信未知。",
            f"Signed by {by} and intact; whether its chain can be trusted is not known.",
        )
    return Signature("intact", text, by, trusted)


def _chain(signature: Node) -> list[x509.Certificate]:
    """The signer's certificate first, then the others that the signature carries."""
    texts = [one.text or "" for one in signature.iterfind("ds:KeyInfo/ds:X509Data/ds:X509Certificate", NAMES)]
    try:
        found = [x509.load_der_x509_certificate(base64.b64decode(re.sub(r"\s", "", one))) for one in texts]
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise _Broken("签名所带的证书无法读取。", "the certificate in it cannot be read.") from None
    if not found:
        raise _Broken("签名没有附带签署者的证书。", "it carries no certificate of its signer.")
    if len(found) > _LONGEST_CHAIN:
        raise _Broken("签名附带的证书太多。", "it carries too many certificates.")
    return found


def _covers_everything(signature: Node, root: Node) -> None:
    """One reference to the whole document, cut by nothing but the signature itself; the signature right under the root."""
    references = signature.findall("ds:SignedInfo/ds:Reference", NAMES)
    whole = [
        one for one in references if one.get("URI") == "" or one.get("URI") == f"#{root.get('Id') or root.get('id')}"
    ]
    if signature.getparent() is not root or len(whole) != 1:
        raise _Broken("它没有覆盖整个文件。", "it does not cover the whole file.")
    used = [one.get("Algorithm") for one in whole[0].iterfind("ds:Transforms/ds:Transform", NAMES)]
    if _ENVELOPED not in used or not set(used) <= _ALLOWED:
        raise _Broken("它没有覆盖整个文件。", "it does not cover the whole file.")


def _verify(data: bytes, certificate: x509.Certificate) -> None:
    # The signer's certificate was valid when it signed, which is judged with the chain; here only the digits count.
    during = certificate.not_valid_before_utc
    count = len(etree.fromstring(data, _parser()).findall("ds:Signature/ds:SignedInfo/ds:Reference", NAMES))
    config = SignatureConfiguration(location="./", expect_references=count, verification_time=during)
    try:
        results = XMLVerifier().verify(
            data,
            x509_cert=certificate,
            expect_config=config,
            parser=_parser(),
            uri_resolver=_nothing,
            validate_schema=False,
        )
    except InvalidInput:
        raise _Broken("所用的算法或写法不被接受。", "its algorithms or form are not accepted.") from None
    except (SignXMLException, WrongSignature):
        raise _Broken(
            "文件在签名之后被改动过，或签名与证书不符。", "the file was changed after it was signed."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, etree.LxmlError, UnsupportedAlgorithm):
        raise _Broken("签名的写法无法读取。", "it cannot be read.") from None
    signed = [one.signed_xml for one in (results if isinstance(results, list) else [results])]
    if not any(one is not None and one.tag == f"{{{DCC}}}digitalCalibrationCertificate" for one in signed):
        raise _Broken("它没有覆盖整个文件。", "it does not cover the whole file.")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _nothing(uri: str) -> None:
    """No reference to anything outside the file is followed."""
    raise InvalidInput(f"reference to {uri[:80]} is not followed")


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if found := certificate.subject.get_attributes_for_oid(oid):
            return str(found[0].value)
    return certificate.subject.rfc4514_string() or "—"


def _moment(signature: Node) -> datetime | None:
    """The time of signing that the signature claims, None when it claims none."""
    text = (signature.findtext(_SIGNING_TIME) or "").strip()
    try:
        claimed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return claimed if claimed.tzinfo else claimed.replace(tzinfo=UTC)


def _anchors(pems: Sequence[bytes]) -> list[x509.Certificate]:
    return [one for pem in pems for one in x509.load_pem_x509_certificates(pem)]


def _trusted(chain: Sequence[x509.Certificate], anchors: Sequence[x509.Certificate], at: datetime | None) -> bool:
    """Whether the signer leads to an anchor through the certificates at hand, each an authority and valid at the time."""
    if at is None:
        return False
    current = chain[0]
    for _ in range(_LONGEST_CHAIN):
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            return False
        if current in anchors or any(_issued(current, one) for one in anchors):
            return True
        above = next((one for one in chain[1:] if one != current and _issued(current, one)), None)
        if above is None:
            return False
        current = above
    return False


def _issued(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        if not by.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
            return False
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, WrongSignature, UnsupportedAlgorithm, x509.ExtensionNotFound):
        return False
    return True

"""The institute's seal on a DCC: an enveloped XAdES baseline B signature (ETSI EN 319 132-1)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree
from signxml.algorithms import SignatureMethod
from signxml.util import namespaces, xades_tag
from signxml.xades import XAdESDataObjectFormat, XAdESSigner

from certificates.sealing import Keys
from certificates.sealing.signer import Signer

from .nodes import parse

_FORMAT = XAdESDataObjectFormat(Description="Digital calibration certificate", MimeType="text/xml")


class _Signer(XAdESSigner):  # type: ignore[misc]
    """signxml's signer with a signing time of our own, so that it agrees with the seal on the PDF."""

    def __init__(self, at: datetime, algorithm: SignatureMethod) -> None:
        # Exclusive canonicalisation breaks the digest of the signed properties; the default holds with other tools.
        super().__init__(signature_algorithm=algorithm, digest_algorithm="sha256", data_object_format=_FORMAT)
        self._at = at

    def add_signing_time(self, signed_signature_properties: Any, sig_root: Any, signing_settings: Any) -> None:
        node = etree.SubElement(
            signed_signature_properties, xades_tag("SigningTime"), nsmap={"xades": namespaces.xades}
        )
        node.text = self._at.astimezone(UTC).isoformat(timespec="seconds")


class _Key:
    """The seal's key as signxml calls it; whether it lies in memory or in a token, it signs with SHA-256."""

    def __init__(self, key: Signer) -> None:
        self._key = key
        self.key_size = key.public_key().key_size

    def sign(self, data: bytes, **_: object) -> bytes:
        return self._key.sign(data)


def sign(xml: bytes, keys: Keys, at: datetime) -> bytes:
    """The DCC with the signature of the seal's key and its chain; still valid against the schema.

    `at` is the time the signature claims. Every call gives other bytes: an ECDSA signature holds a random number.
    """
    if at.tzinfo is None:
        raise ValueError("a signing time needs its time zone")
    key = keys.signer.key
    is_rsa = isinstance(key.public_key(), rsa.RSAPublicKey)
    algorithm = SignatureMethod.RSA_SHA256 if is_rsa else SignatureMethod.ECDSA_SHA256
    chain = [keys.certificate, *keys.chain]
    signed = _Signer(at, algorithm).sign(parse(xml), key=_Key(key), cert=chain, always_add_key_value=False)
    written: bytes = etree.tostring(signed, encoding="UTF-8", xml_declaration=True)
    return written

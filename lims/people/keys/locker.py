"""A private key that only its owner's passphrase opens.

The envelope is JSON: scrypt (RFC 7914) makes a key of the passphrase, AES-256-GCM (NIST SP 800-38D) encrypts the PKCS#8 DER of
the private key and binds it to whose it is. The cost stands in the envelope, so that it can be raised later.
    {"v":1,"kdf":"scrypt","n":…,"r":8,"p":…,"salt":…,"cipher":"AES-256-GCM","nonce":…,"text":…}
"""

from __future__ import annotations

import base64
import json
import secrets
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from lims.core import canonical

from .errors import KeyFault, WrongPassphrase

VERSION = 1


@dataclass(frozen=True)
class Cost:
    """What one try costs: n × r × 128 bytes of memory, p times over. The default takes 32 MiB and a quarter of a second."""

    n: int = 2**15
    r: int = 8
    p: int = 3


# An envelope that asks for more than this was not made here: opening it would only exhaust the server.
DEAREST = Cost(2**20, 16, 16)


def make() -> ec.EllipticCurvePrivateKey:
    """A new P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def lock(key: ec.EllipticCurvePrivateKey, passphrase: str, *, owner: str, cost: Cost | None = None) -> str:
    """The envelope. `owner` is bound to it: the envelope opens for nobody else's name."""
    cost = cost or Cost()
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    text = AESGCM(_stretched(passphrase, salt, cost)).encrypt(nonce, plain, owner.encode())
    return canonical.dumps(
        {
            "v": VERSION, "kdf": "scrypt", "n": cost.n, "r": cost.r, "p": cost.p, "salt": _text(salt),
            "cipher": "AES-256-GCM", "nonce": _text(nonce), "text": _text(text),
        }
    )  # fmt: skip


def unlock(envelope: str, passphrase: str, *, owner: str) -> ec.EllipticCurvePrivateKey:
    """The private key. Raises WrongPassphrase, or KeyFault for an envelope that is damaged or of another kind."""
    fault = KeyFault("envelope_damaged", "保存的密钥已损坏", "The stored key is damaged")
    try:
        fields = json.loads(envelope)
        if (fields["v"], fields["kdf"], fields["cipher"]) != (VERSION, "scrypt", "AES-256-GCM"):
            raise fault
        cost = Cost(fields["n"], fields["r"], fields["p"])
        salt, nonce, text = (base64.b64decode(fields[name], validate=True) for name in ("salt", "nonce", "text"))
        if cost.n > DEAREST.n or cost.r > DEAREST.r or cost.p > DEAREST.p:
            raise fault
        stretched = _stretched(passphrase, salt, cost)
    except (ValueError, TypeError, KeyError):
        raise fault from None
    try:
        plain = AESGCM(stretched).decrypt(nonce, text, owner.encode())
    except InvalidTag:
        raise WrongPassphrase from None
    key = load_der_private_key(plain, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise fault
    return key


def _stretched(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    # Two keyboards may spell the same letter differently.
    spelled = unicodedata.normalize("NFKC", passphrase).encode()
    return Scrypt(salt=salt, length=32, n=cost.n, r=cost.r, p=cost.p).derive(spelled)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()

"""Signed notes: a text, a blank line, and one line for each signature (https://c2sp.org/signed-note).

Keys are written in the notation of that format: `vkey` (public) = name+hash+base64, secret `PRIVATE+KEY+name+hash+base64`.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519, COSIGNATURE = 0x01, 0x04
MOST_SIGNATURES = 100
_DASH = "\u2014 "


class NoteError(ValueError):
    """A note, key or signature is malformed or false; the message says how."""


@dataclass(frozen=True)
class Signed:
    """A note whose signatures were checked. `by` holds each known key that signed, as (name, key id); `at` the seconds
    since the epoch that a cosigner vouches for, by name."""

    text: str
    by: frozenset[tuple[str, bytes]]
    at: dict[str, int]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


class Verifier:
    """A public key with its name. `kind` is ED25519 (signs the text) or COSIGNATURE (signs a time and the text)."""

    def __init__(self, vkey: str) -> None:
        """Raises NoteError when the text is no key of these kinds, or its hash does not fit."""
        name, _, rest = vkey.partition("+")
        digest, _, encoded = rest.partition("+")
        raw = decode(encoded)
        if len(raw) != 33 or raw[0] not in (ED25519, COSIGNATURE) or not good_name(name):
            raise NoteError(f"not a verifier key: {vkey!r}")
        self.name, self.kind, self._public = name, raw[0], raw[1:]
        self.id = key_id(name, self.kind, self._public)
        if digest != self.id.hex():
            raise NoteError(f"the hash of the verifier key does not fit its name and bytes: {vkey!r}")
        self._key = Ed25519PublicKey.from_public_bytes(self._public)

    def __str__(self) -> str:
        return vkey(self.name, self.kind, self._public)

    def check(self, text: str, signature: bytes) -> int | None:
        """The time a cosignature vouches for, None for a plain one. Raises NoteError when it is false."""
        try:
            if self.kind == ED25519:
                self._key.verify(signature, text.encode())
                return None
            if len(signature) != 72:
                raise NoteError(f"a cosignature of {self.name} must have 72 bytes")
            at = int.from_bytes(signature[:8], "big")
            self._key.verify(signature[8:], _cosigned(text, at))
            return at
        except InvalidSignature:
            raise NoteError(f"the signature of {self.name} is false") from None


class Signer:
    """A secret Ed25519 key with its name."""

    def __init__(self, name: str, seed: bytes) -> None:
        if not good_name(name) or len(seed) != 32:
            raise NoteError(f"not a signer: {name!r}")
        self.name, self._seed = name, seed
        self._key = Ed25519PrivateKey.from_private_bytes(seed)
        self._public = self._key.public_key().public_bytes_raw()

    @classmethod
    def load(cls, secret: str) -> "Signer":
        """From `PRIVATE+KEY+name+hash+base64`. Raises NoteError; the message never shows the key."""
        parts = secret.strip().split("+", 4)
        raw = decode(parts[4]) if len(parts) == 5 else b""
        if parts[:2] != ["PRIVATE", "KEY"] or len(raw) != 33 or raw[0] != ED25519:
            raise NoteError("not a signer key")
        signer = cls(parts[2], raw[1:])
        if parts[3] != key_id(signer.name, ED25519, signer._public).hex():
            raise NoteError("the hash of the signer key does not fit its name and bytes")
        return signer

    def secret(self) -> str:
        digest = key_id(self.name, ED25519, self._public).hex()
        return f"PRIVATE+KEY+{self.name}+{digest}+{encode(bytes([ED25519]) + self._seed)}"

    def vkey(self, kind: int = ED25519) -> str:
        return vkey(self.name, kind, self._public)

    def line(self, text: str) -> str:
        """The signature line for a text."""
        return self._line(ED25519, self._key.sign(text.encode()))

    def cosign(self, text: str, at: int) -> str:
        """The cosignature line for a checkpoint seen at `at`, seconds since the epoch."""
        return self._line(COSIGNATURE, at.to_bytes(8, "big") + self._key.sign(_cosigned(text, at)))

    def _line(self, kind: int, signature: bytes) -> str:
        return f"{_DASH}{self.name} {encode(key_id(self.name, kind, self._public) + signature)}\n"


def vkey(name: str, kind: int, public: bytes) -> str:
    return f"{name}+{key_id(name, kind, public).hex()}+{encode(bytes([kind]) + public)}"


def write(text: str, lines: Iterable[str]) -> str:
    """A note over a text that ends with a line break. Raises NoteError when it does not."""
    if not text.endswith("\n") or _controls(text):
        raise NoteError("the text of a note is lines of printable text")
    return f"{text}\n{''.join(lines)}"


def split(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    """The text and its signatures as (name, key id, signature), none checked. Raises NoteError when malformed."""
    if _controls(note):
        raise NoteError("a note holds no control characters")
    text, blank, tail = note.rpartition("\n\n")
    lines = tail.split("\n")
    if not blank or lines.pop() != "" or not 1 <= len(lines) <= MOST_SIGNATURES:
        raise NoteError("a note is a text, a blank line and its signatures")
    signatures = []
    for line in lines:
        name, _, encoded = line.removeprefix(_DASH).partition(" ")
        raw = decode(encoded)
        if not line.startswith(_DASH) or not good_name(name) or len(raw) < 5:
            raise NoteError("a signature line is malformed")
        signatures.append((name, raw[:4], raw[4:]))
    return text + "\n", signatures


def read(note: str, known: Iterable[Verifier]) -> Signed:
    """The text of a note that at least one known key signed; unknown keys are passed over.

    Raises NoteError when it is malformed, no known key signed it, or the signature of a known key is false.
    """
    text, signatures = split(note)
    keys = {(one.name, one.id): one for one in known}
    by, at = set(), {}
    for name, digest, signature in signatures:
        key = keys.get((name, digest))
        if key is None:
            continue
        when = key.check(text, signature)
        by.add((name, digest))
        if when is not None:
            at[name] = when
    if not by:
        raise NoteError("none of the known keys has signed this note")
    return Signed(text, frozenset(by), at)


def good_name(name: str) -> bool:
    return bool(name) and "+" not in name and not any(one.isspace() for one in name) and not _controls(name)


def encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def decode(text: str) -> bytes:
    """Standard base64 in its only spelling. Raises NoteError for any other."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise NoteError("not base64") from None
    if encode(data) != text:
        raise NoteError("base64 in an unusual spelling")
    return data


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _controls(text: str) -> bool:
    return any((ord(one) < 0x20 and one != "\n") or ord(one) == 0x7F or 0xD800 <= ord(one) < 0xE000 for one in text)

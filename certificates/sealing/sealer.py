"""Sealing a certificate: one PAdES B-T certification signature with the institute's round seal.

DocMDP 1: nothing may change afterwards. Document time stamps of the long-term upgrade stay allowed (ETSI EN 319 142-1, 5.4).
"""

from __future__ import annotations

from datetime import datetime

from certificates.sealplace import SEAL_BOX

from .keys import Keys
from .stamp import stamp

Box = tuple[float, float, float, float]


class Sealer:
    """Keeps the keys open and seals any number of files; safe to share between threads."""

    def __init__(self, keys: Keys, *, label: str = "检定专用章") -> None:
        self.keys = keys
        self._look = stamp(keys.institute, label, demonstration=keys.demonstration)
        # CMS without its time stamp: certificates, attributes and at most 512 bytes of RSA signature.
        certificates = len(keys.signer.detached(bytes(32)))
        self.bytes_reserved = certificates + 512 + keys.timestamper.size

    def seal(self, pdf: bytes, *, at: datetime, box: Box = SEAL_BOX, page: int = 0) -> bytes:
        """The sealed file: the given bytes, then the signature. `at` is the signing time the file claims; the time stamp proves it.

        Raises SealingError (TimestampError when only the time is missing); the input is never changed.
        """
        if at.tzinfo is None:
            raise ValueError("a signing time needs its time zone")
        # pyHanko takes half a second to import, which every command would pay at its start.
        from .pades import certify

        reserved = self.bytes_reserved
        return certify(pdf, self.keys, self._look, at=at, box=box, page=page, bytes_reserved=reserved)

    def chain_pem(self) -> bytes:
        return self.keys.chain_pem()

    def root_pem(self) -> bytes:
        return self.keys.root_pem()

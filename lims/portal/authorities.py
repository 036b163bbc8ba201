"""The root certificates by which the public pages judge a seal."""

from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from django.conf import settings

from certificates.sealing.keys import load_certificates
from certificates.services.sealing import sealer
from lims.people.models import Organisation


def roots() -> bytes:
    """PEM; nothing while there is no institute yet. Configured roots are read from their file: a public page has no business
    with the seal's key."""
    if settings.SEAL_ROOTS:
        return Path(settings.SEAL_ROOTS).read_bytes()
    try:
        return sealer().root_pem()
    except Organisation.DoesNotExist:
        return b""


def fingerprints() -> tuple[str, ...]:
    """SHA-256 of each root as people compare it: pairs of hex digits with colons."""
    return _fingerprints(roots())


@lru_cache(maxsize=4)
def _fingerprints(pem: bytes) -> tuple[str, ...]:
    found = load_certificates(pem) if pem else ()
    return tuple(one.fingerprint(hashes.SHA256()).hex(":").upper() for one in found)

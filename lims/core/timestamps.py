"""Who can say when something existed: the time stamp authority (RFC 3161) that an app above offers to those below."""

from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509


class Unavailable(Exception):
    """There is no time stamp to be had now; the message says why. Asking again later may help."""


@dataclass(frozen=True)
class Authority:
    """A time stamp authority. `token` gives the token (DER) for a SHA-256 digest, or raises Unavailable; `roots` are the
    certificates with which its tokens are to be checked."""

    token: Callable[[bytes], bytes]
    roots: tuple[x509.Certificate, ...]


Offer = Callable[[], Authority]
_offer: Offer | None = None


def offered(offer: Offer) -> Offer:
    """Registers how the authority of this installation is found. Nothing is opened before it is asked for."""
    global _offer
    _offer = offer
    return offer


def authority() -> Authority:
    """The authority of this installation. Raises Unavailable."""
    if _offer is None:
        raise Unavailable("no app offers a time stamp authority")
    return _offer()

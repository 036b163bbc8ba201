"""How often one address may ask, so that numbers and check values cannot be tried out.

The counting is allauth's, as for signing in: a sliding window under a lock, IPv6 by network. Its public wrapper reads only
the limits of accounts and leaves GET unlimited; hence the inner function, with limits of our own.
"""

from allauth.core.internal.ratelimit import consume
from django.http import HttpRequest

# status: by the digest of a file, which nobody guesses. file: an upload, which costs the server most.
RATES = {"verify": "10/m/ip", "look": "60/m/ip", "status": "60/m/ip", "file": "6/m/ip"}


def allowed(request: HttpRequest, action: str) -> bool:
    """Counts this request; False, without counting, once the address has used up its share of the last minute."""
    return consume(request, app="lims.portal", action=action, config=RATES, limit_get=True) is not None

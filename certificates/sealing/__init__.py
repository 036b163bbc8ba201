"""Sealing: the institute's electronic seal on a finished certificate, and judging a sealed file.

keys = Keys.from_settings({"directory": …, "institute": …})
sealed = Sealer(keys).seal(pdf, at=now)
report = verify(sealed, keys.root_pem())
"""

from .authority import DevelopmentAuthority
from .errors import KeysError, SealingError, SealTooLarge, TimestampError
from .keys import Keys
from .sealer import Sealer
from .timestamp import DevelopmentTimestamper, HttpTimestamper, Timestamper
from .verification import Answer, SealReport, verify

__all__ = [
    "Answer",
    "DevelopmentAuthority",
    "DevelopmentTimestamper",
    "HttpTimestamper",
    "Keys",
    "KeysError",
    "SealReport",
    "SealTooLarge",
    "Sealer",
    "SealingError",
    "TimestampError",
    "Timestamper",
    "verify",
]

"""The machine-readable twin of a certificate: a digital calibration certificate (PTB DCC 3.3.0 with D-SI 2.2.0).

`build(facts)` writes it from the same frozen facts as the PDF, `check` holds it against the schema, `sign` puts the
institute's seal on it (XAdES), `read` gives the numbers back. No Django.
"""

from .build import build
from .errors import DccError
from .reading import Column, Document, Result, read
from .schema import check
from .signature import sign

__all__ = ["Column", "DccError", "Document", "Result", "build", "check", "read", "sign"]

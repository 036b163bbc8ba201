"""Digital calibration certificates of others, read as data: DCC 2.x and 3.x of PTB with D-SI quantities. No Django.

`read_dcc(bytes)` tells what the file holds, what in it was not understood and where, and what its signature is worth;
`rows_of` turns the quantities a person chose into rows of certified values. Numbers stay the digits of the file.
"""

from .choosing import Choice, left_out, rows_of, suggestions
from .reading import read_dcc
from .report import DccReport, Equipment, Identification, Note, Quantity, Result, Series, Signature
from .xml import LARGEST, MEDIA_TYPE

__all__ = [
    "LARGEST",
    "MEDIA_TYPE",
    "Choice",
    "DccReport",
    "Equipment",
    "Identification",
    "Note",
    "Quantity",
    "Result",
    "Series",
    "Signature",
    "left_out",
    "read_dcc",
    "rows_of",
    "suggestions",
]

"""What was found in a digital calibration certificate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from lims.core.text import Text


@dataclass(frozen=True)
class Note:
    """Something that was not understood or that contradicts itself, and the path inside the file where it stands."""

    path: str
    text: Text


@dataclass(frozen=True)
class Identification:
    """A number of a thing, and whose number it is: `manufacturer`, `customer`, `calibrationLaboratory`, `owner`, `other`."""

    issuer: str
    value: str
    name: Text


@dataclass(frozen=True)
class Equipment:
    """What the laboratory says it measured with."""

    name: Text
    model: str
    manufacturer: str
    description: Text
    identifications: tuple[Identification, ...]


@dataclass(frozen=True)
class Series:
    """The numbers of a quantity in one unit, in the digits of the file; an absent number is an empty text.

    dsi: the unit as the file spells it. unit: our name of it, None when it is not known. expanded, factors, probabilities:
    one per value where the file states an uncertainty, empty otherwise; U is in the unit of the values.
    """

    path: str
    dsi: str
    unit: str | None
    values: tuple[str, ...]
    expanded: tuple[str, ...] = ()
    factors: tuple[str, ...] = ()
    probabilities: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def usable(self) -> bool:
        return self.unit is not None and not self.notes and bool(self.values)


@dataclass(frozen=True)
class Quantity:
    """One quantity: once in one unit, or the same numbers in several (`si:hybrid`). `roles` are its refTypes.

    group: path of the list or data it stands in; quantities of one group have their rows in common.
    words: what it says where it is not numbers.
    """

    path: str
    group: str
    name: Text
    roles: tuple[str, ...]
    series: tuple[Series, ...]
    words: Text


@dataclass(frozen=True)
class Result:
    """One table or value of the certificate; `status` tells results from before an adjustment from those after."""

    path: str
    name: Text
    status: str
    quantities: tuple[Quantity, ...]


@dataclass(frozen=True)
class Signature:
    """unsigned: there is none. intact: every byte of the data is as it was signed, by `by`. broken: not to be used.

    trusted: whether the signer's certificate leads to a root that the reader trusts; False means not known, not bad.
    """

    state: Literal["unsigned", "intact", "broken"]
    text: Text
    by: str = ""
    trusted: bool = False


@dataclass(frozen=True)
class Embedded:
    """A document inside the file, such as the certificate as people read it."""

    path: str
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True)
class DccReport:
    """Everything that was found, and everything that was not understood (`notes`)."""

    sha256: str
    version: str
    schema: Text
    valid: bool | None
    number: str
    issued: date | None
    begun: date | None
    ended: date | None
    recalibrate: date | None
    conformity: str
    item: Text
    manufacturer: str
    model: str
    identifications: tuple[Identification, ...]
    laboratory: str
    laboratory_code: str
    equipment: tuple[Equipment, ...]
    results: tuple[Result, ...]
    conditions: tuple[Quantity, ...]
    documents: tuple[Embedded, ...]
    signature: Signature
    notes: tuple[Note, ...]

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        return tuple(one for result in self.results for one in result.quantities)

    @property
    def serial(self) -> str:
        """The maker's number of the calibrated item; empty when the file states none."""
        return next((one.value for one in self.identifications if one.issuer == "manufacturer"), "")

    @property
    def printed(self) -> Embedded | None:
        """The certificate as people read it, when the file carries it."""
        return next((one for one in self.documents if one.media_type == "application/pdf"), None)

    def quantity(self, path: str) -> Quantity | None:
        return next((one for one in self.quantities if one.path == path), None)

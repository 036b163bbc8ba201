"""A whole pack: identity, kinds, parameters, conditions, period, wording, uncertainty, worked examples."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

from lims.core.text import Text
from standards.procedures.schema.items import Item, Show
from standards.procedures.schema.sourced import Claim, Sourced, When

KINDS: Final = ("initial", "subsequent", "in_use", "arbitration", "calibration")
CATEGORIES: Final = ("charging_pile_ac", "charging_pile_dc", "fuel_dispenser", "scale_digital", "pressure_gauge")


@dataclass(frozen=True)
class Option:
    value: str
    label: Text


@dataclass(frozen=True)
class Parameter:
    """A property of the instrument, taken from the ledger. Without options it is a number."""

    name: str
    label: Text
    unit: str
    options: tuple[Option, ...]
    default: str

    @property
    def numeric(self) -> bool:
        """Whether formulas may use it: a number, or a choice among numbers."""
        return all(option.value.replace(".", "", 1).isdigit() for option in self.options)


@dataclass(frozen=True)
class Constant:
    """A value taken from the calibration certificate of the device in `role`."""

    name: str
    label: Text
    unit: str
    role: str
    default: str
    claim: Claim | None


@dataclass(frozen=True)
class Correction:
    """A value that the certificate of the device in `role` gives for a point: single, as a table, or as an equation.

    `certified` is its name on the certificate. `at` is an expression over what a row (or a run) of an item knows, in `at_unit`;
    in formulas the name stands for the value at that point. `unit` is that of a difference. A `default` is used where the
    certificate gives none.
    """

    name: str
    label: Text
    unit: str
    role: str
    certified: str
    at: str
    at_unit: str
    interpolation: Literal["linear"]
    default: str
    show: Show
    claim: Claim | None


@dataclass(frozen=True)
class Conversion:
    """An exact factor between units or a reference value fixed by definition, usable in formulas."""

    name: str
    value: str
    unit: str


@dataclass(frozen=True)
class LookupCase:
    when: When
    value: str
    claim: Claim


@dataclass(frozen=True)
class Lookup:
    """A sourced number that depends on parameters or the kind of verification: the first case that holds counts."""

    name: str
    label: Text
    unit: str
    cases: tuple[LookupCase, ...]


@dataclass(frozen=True)
class EnvironmentLimit:
    """One ambient quantity recorded at start and end; limits are numbers, empty (no limit) or unknown."""

    name: str
    label: Text
    unit: str
    lower: str
    upper: str
    max_change: str
    claim: Claim


@dataclass(frozen=True)
class RequiredDevice:
    """A measurement standard or device the procedure needs. `accuracy` is text as printed, or unknown."""

    role: str
    title: Text
    quantity: str
    count: int
    unit: str
    lower: str
    upper: str
    accuracy: str
    claim: Claim


@dataclass(frozen=True)
class Kind:
    """A kind of verification and the items it consists of."""

    id: str
    items: tuple[str, ...]
    claim: Claim


@dataclass(frozen=True)
class PeriodCase:
    when: When
    months: str
    claim: Claim


@dataclass(frozen=True)
class Wording:
    """Sentences of the certificate; `{name}` stands for the label of a parameter's value."""

    passed: Text
    failed: Text
    statements: tuple[Text, ...]


@dataclass(frozen=True)
class UncertaintyInput:
    """An input of the budget: a run column as readings, or a value with one of u, U and k, half width. Expressions.

    `certificate` names a correction: its value, U and k count, and what is given beside it only where its default is in use.
    """

    name: str
    label: Text
    unit: str
    readings: str
    certificate: str
    value: str
    u: str
    expanded: str
    k: str
    half_width: str
    distribution: str
    dof: str
    claim: Claim


@dataclass(frozen=True)
class UncertaintyModel:
    """The uncertainty of one row column, as a budget of `lims.metrology`."""

    item: str
    column: str
    unit: str
    expression: str
    k: str
    probability: str
    mode: Literal["half_even", "up"]
    inputs: tuple[UncertaintyInput, ...]
    note: Text | None


@dataclass(frozen=True)
class ExpectedCell:
    """`at` such as `items.indication.rows[0].runs[1].EV`; value compared at the digits given, printed exactly."""

    at: str
    value: str
    printed: str


@dataclass(frozen=True)
class ExpectedLimit:
    """`at` such as `items.weighing.rows[0].Ec`; empty fields are not compared."""

    at: str
    lower: str
    upper: str
    result: str


@dataclass(frozen=True)
class Example:
    """A worked example: record data, the items it covers (all when empty), and what must come out."""

    id: str
    title: Text
    only: tuple[str, ...]
    record: dict[str, object]
    conclusion: str
    failed_items: tuple[str, ...]
    cells: tuple[ExpectedCell, ...]
    limits: tuple[ExpectedLimit, ...]
    warnings: tuple[str, ...]
    claim: Claim


@dataclass(frozen=True, eq=False)
class Pack:
    """One edition of one procedure. Two packs are the same when their canonical content (`sha256`) is the same."""

    code: str
    edition: str
    title: Text
    scope: Text
    categories: tuple[str, ...]
    in_force_from: date | None
    in_force_to: date | None
    kinds: tuple[Kind, ...]
    parameters: tuple[Parameter, ...]
    constants: tuple[Constant, ...]
    corrections: tuple[Correction, ...]
    conversions: tuple[Conversion, ...]
    lookups: tuple[Lookup, ...]
    environment: tuple[EnvironmentLimit, ...]
    required_devices: tuple[RequiredDevice, ...]
    items: tuple[Item, ...]
    period: tuple[PeriodCase, ...]
    wording: Wording
    uncertainty: tuple[UncertaintyModel, ...]
    examples: tuple[Example, ...]
    notes: tuple[Text, ...]
    sha256: str
    name: str = ""
    sourced: tuple[Sourced, ...] = ()
    index: dict[str, Item] = field(default_factory=dict, repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pack) and other.sha256 == self.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)

    @property
    def label(self) -> str:
        return f"{self.code}-{self.edition}"

    def item(self, name: str) -> Item:
        """The item of this id. Raises KeyError."""
        return self.index[name]

    def kind(self, name: str) -> Kind | None:
        return next((one for one in self.kinds if one.id == name), None)

    def parameter(self, name: str) -> Parameter | None:
        return next((one for one in self.parameters if one.name == name), None)

    def in_force(self, day: date) -> bool | None:
        """Whether the edition is in force on that day; None where the dates were not found."""
        if self.in_force_from is not None and day < self.in_force_from:
            return False
        if self.in_force_to is not None and day > self.in_force_to:
            return False
        return None if self.in_force_from is None else True

    def claims(self) -> tuple[Sourced, ...]:
        """Every sourced value of the pack, in the order of the file."""
        return self.sourced

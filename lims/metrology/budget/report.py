"""How a budget is reported: rounding for the certificate and the JSON of the ``uncertainty`` command.

An expanded uncertainty has at most two significant digits (GUM 7.2.6, JJF 1059.1-2012 clause 5), rounded half-even or
always up as the procedure says; the value is rounded once to the same last digit.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from lims.metrology.budget.evaluation import BudgetResult, OutputResult
from lims.metrology.rounding import Mode, round_to_interval


@dataclass(frozen=True)
class Reported:
    """A value and its uncertainty with the digits of a certificate, and the rounding interval both share."""

    value: Decimal
    uncertainty: Decimal
    interval: Decimal

    def __str__(self) -> str:
        return f"{plain(self.value)} ± {plain(self.uncertainty)}"


def reported(value: Decimal, uncertainty: Decimal, *, digits: int = 2, rounding: Mode = "half_even") -> Reported:
    """Round an uncertainty to one or two significant digits and the value to the same decimal place.

    9.96 becomes 10, not 10.0: a carry into a new digit moves the place. An uncertainty of zero leaves the value alone.
    """
    if not uncertainty:
        return Reported(value, Decimal(0), Decimal(0))
    interval = Decimal((0, (1,), uncertainty.adjusted() - digits + 1))
    rounded = round_to_interval(uncertainty, interval, mode=rounding)
    if rounded.adjusted() > uncertainty.adjusted():
        interval = interval.scaleb(1)
        rounded = round_to_interval(uncertainty, interval, mode=rounding)
    return Reported(round_to_interval(value, interval), rounded, interval)


def plain(number: Decimal) -> str:
    """The number in plain digits unless that would take more than thirty of them."""
    return f"{number:f}" if (number and -20 <= number.adjusted() < 30) or not number else str(number)


def exact(number: Decimal) -> str:
    """All digits of the number; a zero without the exponent it was computed with."""
    return str(number) if number else "0"


def output_json(result: BudgetResult, output: OutputResult) -> dict[str, object]:
    """One measurand as JSON."""
    budget = result.budget
    printed = reported(output.value, output.expanded, digits=budget.digits, rounding=budget.rounding)
    return {
        "value": exact(output.value),
        "unit": output.unit,
        "u": exact(output.u),
        "dof": exact(output.dof),
        "k": exact(output.k),
        "U": exact(output.expanded),
        "reported": str(printed),
        "reported_value": plain(printed.value),
        "reported_U": plain(printed.uncertainty),
        "contributions": [
            {
                "input": line.input,
                "value": exact(line.value),
                "c": exact(line.c),
                "u": exact(line.u),
                "dof": exact(line.dof),
                "contribution": exact(line.contribution),
            }
            for line in output.contributions
        ],
    }


def result_json(result: BudgetResult) -> dict[str, object]:
    """The whole result as JSON: numbers as decimal strings with full precision."""
    budget = result.budget
    return {
        "probability": str(budget.probability),
        "rounding": budget.rounding,
        "outputs": {name: output_json(result, output) for name, output in result.outputs.items()},
        "correlations": {f"{a},{b}": exact(r) for (a, b), r in result.correlations.items()},
    }

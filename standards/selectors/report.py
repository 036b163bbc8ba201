"""The technical report of a measurement standard (计量标准技术报告), assembled from what the system holds.

Twelve sections as in JJF 1033-2016, appendix; whether the edition of 2023 keeps them is to be confirmed by the institute.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from lims.metrology.budget import BudgetError, evaluate, load_budget, reported
from standards.models import CapabilityTest, MeasurementStandard, Parameter, ReportText
from standards.selectors.chain import Link, chain
from standards.selectors.devices import Standing, standings
from standards.selectors.standards import fitness

_PART = ReportText.Part


@dataclass(frozen=True)
class BudgetLine:
    """One component of a budget: value, standard uncertainty, sensitivity coefficient, contribution."""

    input: str
    value: str
    u: str
    c: str
    contribution: str


@dataclass(frozen=True)
class BudgetTable:
    """The evaluated budget of a parameter: a line per component and the result; `fault` where it cannot be evaluated."""

    parameter: Parameter
    output: str = ""
    unit: str = ""
    result: str = ""
    k: str = ""
    lines: tuple[BudgetLine, ...] = ()
    fault: str = ""


@dataclass(frozen=True)
class Report:
    """Everything the report's pages print, as of a day."""

    standard: MeasurementStandard
    day: date
    texts: dict[str, str]
    devices: tuple[Standing, ...]
    chain: Link
    parameters: tuple[Parameter, ...]
    tests: dict[str, tuple[CapabilityTest, ...]]
    budgets: tuple[BudgetTable, ...]


def report(standard: MeasurementStandard, day: date) -> Report:
    """The report with the newest wording and every test that counts up to the day."""
    texts: dict[tuple[str, int | None], str] = {}
    for row in standard.texts.order_by("pk"):
        texts[row.part, row.parameter_id] = row.text
    parameters = tuple(standard.parameters.order_by("name", "point", "pk"))
    tests = CapabilityTest.objects.filter(parameter__in=parameters, withdrawn_reason="", on__lte=day)
    by_kind: dict[str, list[CapabilityTest]] = {kind: [] for kind in CapabilityTest.Kind.values}
    for test in tests.select_related("parameter", "performed_by").order_by("parameter__name", "parameter__point", "on"):
        by_kind[test.kind].append(test)
    budgets = [
        table
        for one in parameters
        if (source := texts.get((_PART.BUDGET.value, one.pk)))
        for table in _budget(one, source)
    ]
    return Report(
        standard,
        day,
        {part: text for (part, parameter), text in texts.items() if parameter is None},
        tuple(standings([one.device for one in fitness(standard, day).members], day)),
        chain(standard, day),
        parameters,
        {kind: tuple(rows) for kind, rows in by_kind.items()},
        tuple(budgets),
    )


def budget_of(parameter: Parameter) -> str:
    """The newest budget of a parameter, as written; empty when there is none."""
    row = parameter.texts.filter(part=_PART.BUDGET).order_by("-pk").first()
    return row.text if row else ""


def text_of(standard: MeasurementStandard, part: str) -> str:
    """The newest wording of a part; empty when nobody has written it."""
    row = standard.texts.filter(part=part, parameter=None).order_by("-pk").first()
    return row.text if row else ""


def _budget(parameter: Parameter, source: str) -> list[BudgetTable]:
    try:
        result = evaluate(load_budget(source))
    except BudgetError as error:
        return [BudgetTable(parameter, fault=error.zh)]
    found = []
    for name, output in result.outputs.items():
        printed = reported(output.value, output.expanded, digits=result.budget.digits, rounding=result.budget.rounding)
        lines = tuple(
            BudgetLine(one.input, f"{one.value:f}", _short(one.u), _short(one.c), _short(one.contribution))
            for one in output.contributions
        )
        found.append(BudgetTable(parameter, name, output.unit, str(printed), f"{output.k:.3g}", lines))
    return found


def _short(number: Decimal) -> str:
    """Three significant digits: what a summary table shows; the result is computed with all of them."""
    return f"{number:.3g}"

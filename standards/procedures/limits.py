"""Compare a column with its limits: choose the case that holds, evaluate the limits, decide."""

from __future__ import annotations

from decimal import Decimal

from lims.metrology.conformity import guard_band, jjf1094
from lims.metrology.expression import Expression
from standards.procedures.context import Context, try_evaluate
from standards.procedures.program import CompiledCase
from standards.procedures.results import Cell, LimitResult, State, Values
from standards.procedures.schema import UNKNOWN, Formula, Item, Limit


def judge(
    context: Context,
    item: Item,
    index: int,
    formula: Formula,
    cell: Cell,
    names: Values,
    absent: dict[str, State],
    expanded: Decimal | None = None,
) -> LimitResult:
    """Judge limit number `index` of the item on this cell. `expanded` is U of the value where the rule asks for it."""
    limit = item.limits[index]
    path = f"items.{item.id}.limits[{index}]"
    found = _case(context, limit, index, item, names, absent)
    if isinstance(found, str):
        result = "missing" if found == "missing" else "skipped" if found == "skipped" else "undecided"
        if cell.state != "ok":
            result = _RESULT_OF[cell.state]
        return _result(context, limit, formula, cell, None, None, result, path, False)
    at, compiled = found
    case = limit.cases[at]
    lower, lower_state = _bound(case.lower, compiled.lower, names, absent)
    upper, upper_state = _bound(case.upper, compiled.upper, names, absent)
    where = f"{path}.cases[{at}]"
    compared = cell.rounded if limit.compare.value == "rounded" else cell.value
    if cell.state != "ok" or compared is None:
        result = _RESULT_OF[cell.state]
    else:
        states = (lower_state, upper_state)
        if lower is not None and upper is not None and lower > upper:
            result = "undecided"
        elif limit.rule == "simple":
            outside = (lower is not None and compared < lower) or (upper is not None and compared > upper)
            result = "fail" if outside else _unless_open(states)
        else:
            result = _with_uncertainty(limit, compared, lower, upper, expanded, states)
    return _result(
        context,
        limit,
        formula,
        cell,
        lower,
        upper,
        result,
        where,
        case.claim.confirmed and limit.compare.claim.confirmed,
    )


_RESULT_OF = {"ok": "undecided", "missing": "missing", "open": "undecided", "skipped": "skipped", "error": "missing"}


def _unless_open(states: tuple[State, State]) -> str:
    if "missing" in states or "error" in states:
        return "missing"
    return "undecided" if "open" in states else "pass"


def _with_uncertainty(
    limit: Limit,
    compared: Decimal,
    lower: Decimal | None,
    upper: Decimal | None,
    expanded: Decimal | None,
    states: tuple[State, State],
) -> str:
    """By JJF 1094 or with a guard band of one U; undecided without U."""
    if expanded is None or _unless_open(states) != "pass":
        return "undecided"
    if limit.rule == "jjf1094":
        return jjf1094(compared, expanded=expanded, lower=lower, upper=upper).outcome
    return guard_band(compared, expanded=expanded, lower=lower, upper=upper).outcome


def _case(
    context: Context, limit: Limit, index: int, item: Item, names: Values, absent: dict[str, State]
) -> tuple[int, CompiledCase] | str:
    """The first case that holds; or the state that stops the choice (missing, open, skipped, none)."""
    compiled = context.program.items[item.id].limits[index]
    for at, case in enumerate(limit.cases):
        if not case.when.holds(context.choices):
            continue
        condition = compiled[at].only_if
        if condition is not None:
            holds, state, _ = try_evaluate(condition, names, absent)
            if state != "ok":
                return "missing" if state == "error" else state
            if holds is not True:
                continue
        return at, compiled[at]
    return "missing" if any(_unset(context, case.when.tests) for case in limit.cases) else "none"


def _unset(context: Context, tests: tuple[tuple[str, tuple[str, ...]], ...]) -> bool:
    return any(not context.choices.get(name) for name, _ in tests)


def _bound(
    text: str, compiled: Expression | None, names: Values, absent: dict[str, State]
) -> tuple[Decimal | None, State]:
    if text == UNKNOWN:
        return None, "open"
    if compiled is None:
        return None, "ok"
    result, state, _ = try_evaluate(compiled, names, absent)
    return (result, state) if isinstance(result, Decimal) else (None, state)


def _result(
    context: Context,
    limit: Limit,
    formula: Formula,
    cell: Cell,
    lower: Decimal | None,
    upper: Decimal | None,
    result: str,
    path: str,
    confirmed: bool,
) -> LimitResult:
    compared = cell.rounded if limit.compare.value == "rounded" else cell.value
    return LimitResult(
        column=limit.column,
        title=limit.title,
        lower=lower,
        upper=upper,
        compared=compared,
        printed=cell.printed,
        unit=context.unit(formula.unit),
        result=result,
        effect=limit.effect,
        path=path,
        confirmed=confirmed,
    )

"""Check a pack before anyone uses it: formulas, units, sources, and its own worked examples."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from lims.core.text import DataError
from lims.metrology.rounding import round_to_interval
from standards.procedures.compiler import compile_pack
from standards.procedures.evaluation import evaluate
from standards.procedures.results import Cell, Evaluation, ItemResult, LimitResult
from standards.procedures.schema import Example, FileErrors, Pack

_AT = re.compile(r"items\.(\w+)(?:\.rows\[(\d{1,3})\])?(?:\.runs\[(\d{1,3})\])?\.(\w+)", re.ASCII)


def check_pack(pack: Pack) -> list[DataError]:
    """Every fault of the pack: wrong formulas first; if there are none, missing or failing worked examples."""
    _, errors = compile_pack(pack)
    errors += _unused_items(pack)
    if errors:
        return errors
    return [
        *_missing_examples(pack),
        *(fault for index, one in enumerate(pack.examples) for fault in check_example(pack, one, index)),
    ]


def _unused_items(pack: Pack) -> list[DataError]:
    used = {name for kind in pack.kinds for name in kind.items}
    return [
        DataError(
            f"items[{index}].id", f"项目“{item.id}”不属于任何检定类别。", f"The item “{item.id}” belongs to no kind."
        )
        for index, item in enumerate(pack.items)
        if item.id not in used
    ]


def _missing_examples(pack: Pack) -> list[DataError]:
    found = {example.conclusion for example in pack.examples}
    words = {"pass": ("合格", "passes"), "fail": ("不合格", "fails")}
    return [
        DataError("examples", f"缺少结论为“{zh}”的算例。", f"There is no worked example that {en}.")
        for conclusion, (zh, en) in words.items()
        if conclusion not in found
    ]


def check_example(pack: Pack, example: Example, index: int) -> list[DataError]:
    """What one worked example gives otherwise than it says."""
    path = f"examples[{index}]"
    try:
        evaluation = evaluate(pack, example.record, only=example.only)
    except FileErrors as failure:
        return [DataError(f"{path}.record.{one.path}", one.text.zh, one.text.en) for one in failure.errors]
    faults = []
    if evaluation.conclusion != example.conclusion:
        why = "; ".join(f"{one.path}: {one.text.en}" for one in evaluation.missing[:3])
        faults.append(_differs(f"{path}.expect.conclusion", example, example.conclusion, evaluation.conclusion, why))
    if tuple(sorted(example.failed_items)) != tuple(sorted(evaluation.failed_items)):
        expected, got = ", ".join(example.failed_items), ", ".join(evaluation.failed_items)
        faults.append(_differs(f"{path}.expect.failed_items", example, expected, got))
    for at, cell in enumerate(example.cells):
        where = f"{path}.expect.cells[{at}]"
        found = cell_at(evaluation, cell.at)
        if found is None:
            faults.append(DataError(f"{where}.at", f"没有这一格：{cell.at}。", f"There is no such cell: {cell.at}."))
            continue
        if cell.value and not _same(cell.value, found.value):
            faults.append(
                _differs(f"{where}.value", example, cell.value, "" if found.value is None else str(found.value))
            )
        if cell.printed and cell.printed != found.printed:
            faults.append(_differs(f"{where}.printed", example, cell.printed, found.printed))
    faults += _limits(path, example, evaluation)
    warned = {one.path for one in evaluation.warnings}
    for at, wanted in enumerate(example.warnings):
        if wanted not in warned:
            faults.append(_differs(f"{path}.expect.warnings[{at}]", example, wanted, ", ".join(sorted(warned))))
    return faults


def _limits(path: str, example: Example, evaluation: Evaluation) -> list[DataError]:
    faults = []
    for at, expected in enumerate(example.limits):
        where = f"{path}.expect.limits[{at}]"
        found = limit_at(evaluation, expected.at)
        if found is None:
            faults.append(
                DataError(f"{where}.at", f"没有这个限值：{expected.at}。", f"There is no such limit: {expected.at}.")
            )
            continue
        pairs: list[tuple[str, str, Any]] = [
            ("lower", expected.lower, found.lower),
            ("upper", expected.upper, found.upper),
        ]
        for name, wanted, got in pairs:
            if wanted and (got is None or Decimal(wanted) != got):
                faults.append(_differs(f"{where}.{name}", example, wanted, str(got)))
        if expected.result and expected.result != found.result:
            faults.append(_differs(f"{where}.result", example, expected.result, found.result))
    return faults


def _same(expected: str, value: Decimal | None) -> bool:
    """Whether the value, rounded to the digits that were published, is what was published."""
    if value is None:
        return False
    exponent = Decimal(expected).as_tuple().exponent
    assert isinstance(exponent, int)
    return round_to_interval(value, Decimal(1).scaleb(min(exponent, 0))) == Decimal(expected)


def _differs(path: str, example: Example, expected: str, got: str, why: str = "") -> DataError:
    tail = f" ({why})" if why else ""
    return DataError(
        path,
        f"算例“{example.id}”：应为“{expected}”，得到“{got}”。{tail}",
        f"Example “{example.id}”: expected “{expected}”, got “{got}”.{tail}",
    )


def cell_at(evaluation: Evaluation, at: str) -> Cell | None:
    """The cell at a path such as `items.indication.rows[0].runs[1].EV`."""
    found = _place(evaluation, at)
    if found is None:
        return None
    item, row, run, column = found
    if row is None:
        return item.columns.get(column)
    if run is None:
        return item.rows[row].columns.get(column)
    return item.rows[row].runs[run].columns.get(column)


def limit_at(evaluation: Evaluation, at: str) -> LimitResult | None:
    """The limit of the column at a path such as `items.weighing.rows[0].Ec`."""
    found = _place(evaluation, at)
    if found is None:
        return None
    item, row, run, column = found
    limits = item.limits if row is None else item.rows[row].limits if run is None else item.rows[row].runs[run].limits
    return next((limit for limit in limits if limit.column == column), None)


def _place(evaluation: Evaluation, at: str) -> tuple[ItemResult, int | None, int | None, str] | None:
    match = _AT.fullmatch(at)
    if match is None or match[1] not in evaluation.items:
        return None
    item = evaluation.items[match[1]]
    row = int(match[2]) if match[2] else None
    run = int(match[3]) if match[3] else None
    if row is not None and row >= len(item.rows):
        return None
    if run is not None and (row is None or run >= len(item.rows[row].runs)):
        return None
    return item, row, run, match[4]

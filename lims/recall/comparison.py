"""What a record says with another value of a device, beside what it said: changes of judged columns, largest first. Plain Python."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from standards.procedures import Evaluation, Pack
from standards.procedures.record import plain
from standards.procedures.results import Cell, LimitResult

MOST_TOLD = 12
"""Changes that are written down of one certificate; the largest ones."""
RATIO_STEP = Decimal("1e-9")
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class Comparison:
    """`worst`: largest change of a judged column over half the width of its limits; None where no column has limits.

    `reprinted`: whether a computed value that the certificate prints would read otherwise. `gaps`: what could be evaluated in
    the record and cannot be now, by path.
    """

    old_conclusion: str
    new_conclusion: str
    worst: Decimal | None
    reprinted: bool
    changes: tuple[dict[str, Any], ...]
    gaps: tuple[str, ...]

    @property
    def flip(self) -> bool:
        return self.old_conclusion != self.new_conclusion


def compare(pack: Pack, old: Mapping[str, Any], new: Evaluation) -> Comparison:
    """old: the frozen evaluation (`evaluation/1`) of the record; new: that of the substituted data."""
    changes: list[tuple[Decimal, dict[str, Any]]] = []
    gaps: list[str] = []
    reprinted = False
    for name, result in new.items.items():
        before = old["items"].get(name)
        if before is None or result.judged or pack.item(name).before:
            continue
        shown = {one.name for one in pack.item(name).formulas if one.show == "both"}
        for path, cells, limits, was in _places(name, result, before):
            for limit, former in _paired(limits, was.get("limits", [])):
                change = _change(f"{path}.{limit.column}", cells[limit.column], limit, was, former)
                if change is None:
                    gaps.append(f"{path}.{limit.column}")
                elif change["old"] != change["new"] or change["old_result"] != change["new_result"]:
                    changes.append((Decimal(change["ratio"] or 0), change))
            reprinted = reprinted or any(
                cell.printed != was["columns"].get(column, {}).get("printed", "")
                for column, cell in cells.items()
                if column in shown
            )
    changes.sort(key=lambda one: (-one[0], one[1]["path"]))
    compared = [one for _, one in changes if one["ratio"]]
    # Without a change of any judged column the change is nothing; without any limit there is nothing to compare it with.
    worst = Decimal(compared[0]["ratio"]) if compared else None if changes or not _judged(new) else Decimal(0)
    return Comparison(
        str(old["conclusion"]),
        new.conclusion,
        worst,
        reprinted,
        tuple(one for _, one in changes[:MOST_TOLD]),
        tuple(gaps),
    )


def _judged(found: Evaluation) -> bool:
    return any(
        limit.lower is not None or limit.upper is not None
        for item in found.items.values()
        for limit in (*item.limits, *(one for row in item.rows for one in row.all_limits()))
    )


def _places(
    name: str, result: Any, before: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Cell], tuple[LimitResult, ...], Mapping[str, Any]]]:
    """Every place of an item that has columns: the item itself, its rows, their runs; each with what it was."""
    yield f"items.{name}", result.columns, result.limits, before
    for at, (row, was) in enumerate(zip(result.rows, before.get("rows", []), strict=True)):
        yield f"items.{name}.rows[{at}]", row.columns, row.limits, was
        for number, (run, old) in enumerate(zip(row.runs, was["runs"], strict=True)):
            yield f"items.{name}.rows[{at}].runs[{number}]", run.columns, run.limits, old


def _paired(
    limits: Iterable[LimitResult], former: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[LimitResult, Mapping[str, Any]]]:
    """Each limit with its former self: the same limit of the pack, whichever case held."""
    waiting = list(former)
    for limit in limits:
        stem = limit.path.partition(".cases[")[0]
        found = next((one for one in waiting if one["path"].partition(".cases[")[0] == stem), None)
        if found is not None:
            waiting.remove(found)
            yield limit, found


def _change(
    path: str, cell: Cell, limit: LimitResult, was: Mapping[str, Any], former: Mapping[str, Any]
) -> dict[str, Any] | None:
    """One judged column then and now; None when it had a value and has none any more."""
    old_cell = was["columns"].get(limit.column, {})
    old = parse_decimal(old_cell.get("value", ""))
    if old is None or cell.value is None:
        if old is not None:
            return None
        old_text = new_text = ratio = ""
    else:
        width = half_width(parse_decimal(former["lower"]), parse_decimal(former["upper"]))
        old_text, new_text = plain(old), plain(cell.value)
        change = _CONTEXT.abs(_CONTEXT.subtract(cell.value, old))
        ratio = plain(_CONTEXT.divide(change, width).quantize(RATIO_STEP, context=_CONTEXT)) if width else ""
    return {
        "path": path,
        "title": limit.title.as_json(),
        "unit": limit.unit,
        "old": old_text,
        "new": new_text,
        "old_printed": old_cell.get("printed", ""),
        "new_printed": cell.printed,
        "lower": former["lower"],
        "upper": former["upper"],
        "ratio": ratio,
        "old_result": former["result"],
        "new_result": limit.result,
    }


def half_width(lower: Decimal | None, upper: Decimal | None) -> Decimal | None:
    """The size of the limit: half of what lies between both, or the one limit there is; None without any, or when it is zero."""
    if lower is not None and upper is not None:
        size = _CONTEXT.divide(_CONTEXT.subtract(upper, lower), Decimal(2))
    else:
        size = abs(upper if upper is not None else lower if lower is not None else Decimal(0))
    return size if size > 0 else None


def parse_decimal(text: str) -> Decimal | None:
    """A value of an evaluation: more digits than a cell may have, but never an exponent."""
    return Decimal(text) if text else None

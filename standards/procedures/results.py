"""What an evaluation gives: every column, every limit, what is missing. Frozen, and written out by `as_json`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal

from lims.core.text import Text
from standards.procedures.corrections import Used
from standards.procedures.record import Record, plain
from standards.procedures.schema import Sourced

ENGINE: Final = "2"
"""Raised whenever the same pack and data would give other digits or another conclusion."""

Conclusion = Literal["pass", "fail", "undecided", "incomplete", "recorded"]
State = Literal["ok", "missing", "open", "skipped", "error"]
Values = dict[str, Decimal | tuple[Decimal, ...]]

CONCLUSIONS: Final[Mapping[str, Text]] = {
    "pass": Text("合格", "Pass"),
    "fail": Text("不合格", "Fail"),
    "undecided": Text("待定", "Undecided"),
    "incomplete": Text("未完成", "Incomplete"),
    "recorded": Text("仅记录", "Recorded"),
    "n/a": Text("不适用", "Not applicable"),
    "": Text("未检查", "Not checked"),
}


@dataclass(frozen=True)
class Remark:
    """Something missing or worth a warning, with its path in the record data."""

    path: str
    text: Text

    def as_json(self) -> dict[str, object]:
        return {"path": self.path, "text": self.text.as_json()}


@dataclass(frozen=True)
class Cell:
    """A computed column: the unrounded value, the value rounded as declared, and how it is printed."""

    value: Decimal | None
    rounded: Decimal | None
    printed: str
    unit: str
    state: State = "ok"

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {
            "value": "" if self.value is None else plain(self.value),
            "printed": self.printed,
            "unit": self.unit,
        }
        if self.state != "ok":
            found["state"] = self.state
        return found


@dataclass(frozen=True)
class LimitResult:
    """One comparison. `result` is pass, fail, undecided (an open value), missing or skipped; `printed` is the column's text."""

    column: str
    title: Text
    lower: Decimal | None
    upper: Decimal | None
    compared: Decimal | None
    printed: str
    unit: str
    result: str
    effect: str
    path: str
    confirmed: bool

    def as_json(self) -> dict[str, object]:
        return {
            "column": self.column,
            "title": self.title.as_json(),
            "lower": "" if self.lower is None else plain(self.lower),
            "upper": "" if self.upper is None else plain(self.upper),
            "compared": "" if self.compared is None else plain(self.compared),
            "printed": self.printed,
            "unit": self.unit,
            "result": self.result,
            "effect": self.effect,
            "path": self.path,
            "confirmed": self.confirmed,
        }


@dataclass(frozen=True)
class RunResult:
    columns: Mapping[str, Cell]
    names: Values = field(repr=False)
    blank: bool = False
    limits: tuple[LimitResult, ...] = ()
    corrections: tuple[Used, ...] = ()

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {"columns": {name: cell.as_json() for name, cell in self.columns.items()}}
        if self.limits:
            found["limits"] = [limit.as_json() for limit in self.limits]
        if self.corrections:
            found["corrections"] = [one.as_json() for one in self.corrections]
        return found


@dataclass(frozen=True)
class RowResult:
    point: str
    values: Mapping[str, str]
    columns: Mapping[str, Cell]
    runs: tuple[RunResult, ...]
    limits: tuple[LimitResult, ...]
    names: Values = field(repr=False)
    blank: bool = False
    uncertainty: tuple[Mapping[str, Any], ...] = ()
    corrections: tuple[Used, ...] = ()

    def all_limits(self) -> tuple[LimitResult, ...]:
        """The limits of the row and of its runs."""
        return (*self.limits, *(limit for run in self.runs for limit in run.limits))

    def as_json(self) -> dict[str, object]:
        found: dict[str, object] = {
            "point": self.point,
            "values": dict(self.values),
            "columns": {name: cell.as_json() for name, cell in self.columns.items()},
            "runs": [run.as_json() for run in self.runs],
            "limits": [limit.as_json() for limit in self.limits],
        }
        if self.uncertainty:
            found["uncertainty"] = [dict(one) for one in self.uncertainty]
        if self.corrections:
            found["corrections"] = [one.as_json() for one in self.corrections]
        return found


@dataclass(frozen=True)
class CheckResult:
    id: str
    title: Text
    result: str
    remark: str

    def as_json(self) -> dict[str, object]:
        return {"id": self.id, "title": self.title.as_json(), "result": self.result, "remark": self.remark}


@dataclass(frozen=True)
class ItemResult:
    """One item: `checks` for a judged item, otherwise rows with columns and limits."""

    id: str
    title: Text
    conclusion: Conclusion
    checks: tuple[CheckResult, ...] = ()
    rows: tuple[RowResult, ...] = ()
    columns: Mapping[str, Cell] = field(default_factory=dict)
    limits: tuple[LimitResult, ...] = ()
    names: Values = field(default_factory=dict, repr=False)
    judged: bool = False

    def as_json(self) -> dict[str, object]:
        head: dict[str, object] = {"conclusion": self.conclusion, "title": self.title.as_json()}
        if self.judged:
            return {**head, "checks": [check.as_json() for check in self.checks]}
        return {
            **head,
            "rows": [row.as_json() for row in self.rows],
            "columns": {name: cell.as_json() for name, cell in self.columns.items()},
            "limits": [limit.as_json() for limit in self.limits],
        }


@dataclass(frozen=True)
class Evaluation:
    """The outcome of one record under one pack. The same data always gives the same outcome, digit for digit.

    `unread`: those of the missing that a certificate should have given.
    """

    code: str
    edition: str
    sha256: str
    kind: str
    conclusion: Conclusion
    failed_items: tuple[str, ...]
    missing: tuple[Remark, ...]
    warnings: tuple[Remark, ...]
    items: Mapping[str, ItemResult]
    unconfirmed: tuple[Sourced, ...]
    choices: Mapping[str, str]
    numbers: Mapping[str, Decimal]
    record: Record = field(repr=False)
    unread: tuple[Remark, ...] = ()

    @property
    def corrections(self) -> list[tuple[str, Used]]:
        """Every correction used, with the path of its row or run, in the order of the record."""
        found: list[tuple[str, Used]] = []
        for name, item in self.items.items():
            for at, row in enumerate(item.rows):
                path = f"items.{name}.rows[{at}]"
                found += [(path, one) for one in row.corrections]
                found += [
                    (f"{path}.runs[{number}]", one) for number, run in enumerate(row.runs) for one in run.corrections
                ]
        return found

    def as_json(self) -> dict[str, object]:
        """`evaluation/1`; every number is a decimal string."""
        return {
            "schema": "evaluation/1",
            "procedure": {"code": self.code, "edition": self.edition, "sha256": self.sha256},
            "engine": ENGINE,
            "kind": self.kind,
            "conclusion": self.conclusion,
            "failed_items": list(self.failed_items),
            "missing": [one.as_json() for one in self.missing],
            "warnings": [one.as_json() for one in self.warnings],
            "items": {name: item.as_json() for name, item in self.items.items()},
            "unconfirmed": [one.as_json() for one in self.unconfirmed],
        }

"""The list of every sourced value of a pack: what the pack page shows and what production refuses when unconfirmed."""

from __future__ import annotations

from collections.abc import Iterator

from lims.core.text import Text
from standards.procedures.schema import UNKNOWN, Item, Limit, LimitCase, Pack, Sourced


def interval(lower: str, upper: str, unit: str = "") -> str:
    """How a pair of limits is written: `±2.0 %`, `≤ 0.10 %`, `-25 … 55 ℃`."""
    tail = f" {unit}" if unit and unit != "1" else ""
    if UNKNOWN in (lower, upper):
        return UNKNOWN
    if not lower and not upper:
        return ""
    if lower == f"-{upper}":
        return f"±{upper}{tail}"
    if not lower:
        return f"≤ {upper}{tail}"
    if not upper:
        return f"≥ {lower}{tail}"
    return f"{lower} … {upper}{tail}"


def collect(pack: Pack) -> Iterator[Sourced]:
    """Walk the pack in the order of the file."""
    for kind in pack.kinds:
        what = Text(f"检定项目（{kind.id}）", f"Items of the kind {kind.id}")
        yield Sourced(f"kinds.{kind.id}", what, ", ".join(kind.items), kind.claim)
    for constant in pack.constants:
        if constant.claim is not None:
            yield Sourced(f"constants.{constant.name}", constant.label, constant.default, constant.claim)
    for correction in pack.corrections:
        if correction.claim is not None:
            what = Text(
                f"{correction.label.zh}（证书未给出时）", f"{correction.label.en} (where no certificate gives it)"
            )
            yield Sourced(f"corrections.{correction.name}", what, correction.default, correction.claim)
    for lookup in pack.lookups:
        for index, case in enumerate(lookup.cases):
            unit = lookup.unit.removeprefix("1")
            tail = unit if unit.startswith("/") else f" {lookup.unit}" if unit else ""
            yield Sourced(f"lookups.{lookup.name}.cases[{index}]", lookup.label, case.value + tail, case.claim)
    for limit in pack.environment:
        value = interval(limit.lower, limit.upper, limit.unit)
        if limit.max_change:
            value = f"{value}; Δ ≤ {limit.max_change} {limit.unit}"
        what = Text(f"环境条件：{limit.label.zh}", f"Environment: {limit.label.en}")
        yield Sourced(f"environment.{limit.name}", what, value, limit.claim)
    for device in pack.required_devices:
        yield Sourced(f"required_devices.{device.role}", device.title, device.accuracy, device.claim)
    for item in pack.items:
        if not item.before:  # which claims nothing of its own
            yield from _of_item(item)
    for index, period in enumerate(pack.period):
        what = Text("检定周期（月）", "Verification period (months)")
        yield Sourced(f"period[{index}]", what, period.months, period.claim)
    for model in pack.uncertainty:
        for part in model.inputs:
            value = part.u or part.expanded or part.half_width or part.readings or part.certificate
            what = Text(f"不确定度分量：{part.label.zh}", f"Uncertainty component: {part.label.en}")
            yield Sourced(f"uncertainty.{model.item}.{model.column}.{part.name}", what, value, part.claim)


def _of_item(item: Item) -> Iterator[Sourced]:
    base = f"items.{item.id}"
    for check in item.checks:
        what = Text(f"{item.title.zh}：{check.title.zh}", f"{item.title.en}: {check.title.en}")
        yield Sourced(f"{base}.checks.{check.id}", what, "", check.claim)
    for point in item.points:
        value = ", ".join(f"{name} = {text or '?'}" for name, text in point.values)
        what = Text(f"{item.title.zh}：检定点 {point.title.zh}", f"{item.title.en}: test point {point.title.en}")
        yield Sourced(f"{base}.points.{point.id}", what, value, point.claim)
    if item.series is not None:
        series = item.series
        what = Text(f"{item.title.zh}：检定点", f"{item.title.en}: test points")
        yield Sourced(f"{base}.series", what, f"{series.start} … {series.stop} / {series.step}", series.claim)
    for name, count, zh, en in (
        ("rows", item.rows, "检定点数", "number of test points"),
        ("repeats", item.repeats, "重复次数", "number of repeats"),
    ):
        if count is not None:
            value = f"{count.value or '?'}" + (f" (≥ {count.at_least})" if count.at_least else "")
            yield Sourced(
                f"{base}.{name}", Text(f"{item.title.zh}：{zh}", f"{item.title.en}: {en}"), value, count.claim
            )
    for formula in item.formulas:
        if formula.round is not None:
            what = Text(f"{formula.label.zh}：修约间隔", f"{formula.label.en}: rounding interval")
            yield Sourced(f"{base}.formulas.{formula.name}.round", what, formula.round.interval, formula.round.claim)
    for index, limit in enumerate(item.limits):
        yield from _of_limit(item, f"{base}.limits[{index}]", limit)


def _of_limit(item: Item, path: str, limit: Limit) -> Iterator[Sourced]:
    what = Text(
        f"{limit.title.zh}：按修约值或未修约值判定", f"{limit.title.en}: judged on the rounded or unrounded value"
    )
    yield Sourced(f"{path}.compare", what, limit.compare.value, limit.compare.claim)
    formula = item.formula(limit.column)
    for index, case in enumerate(limit.cases):
        yield Sourced(
            f"{path}.cases[{index}]", limit.title, limit_value(case, formula.unit if formula else ""), case.claim
        )


def limit_value(case: LimitCase, unit: str) -> str:
    text = interval(case.lower, case.upper, unit if not unit.startswith("@") else "")
    return f"{text} ({case.only_if})" if case.only_if else text

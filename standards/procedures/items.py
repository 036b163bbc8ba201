"""Read one item of a pack file: test points, readings, formulas, limits, checks."""

from __future__ import annotations

from dataclasses import replace

from lims.core.strict import Table
from standards.procedures.parts import Sources, read_claim, read_count, read_when
from standards.procedures.schema import (
    UNKNOWN,
    Check,
    Choice,
    Formula,
    Item,
    Limit,
    LimitCase,
    Point,
    PointValue,
    Reading,
    Rounding,
    Scope,
    Series,
    Show,
)

_SHOW = ("both", "record", "no")


def read_item(table: Table, sources: Sources) -> Item:
    """One entry of `[[items]]`."""
    name = table.identifier("id")
    if table.has("before"):
        before = Item(name, "measured", table.words("title"), read_when(table), before=table.identifier("before"))
        table.close()
        return before
    kind = table.choice("type", ("judged", "measured"))
    title = table.words("title")
    when = read_when(table)
    note = table.optional_words("note")
    if kind == "judged":
        checks = tuple(_check(one, sources) for one in table.tables("checks", required=True))
        table.close()
        _unique(table, "checks", [check.id for check in checks])
        return Item(name, "judged", title, when, checks=checks, note=note)
    item = Item(
        id=name,
        type="measured",
        title=title,
        when=when,
        uses=table.strings("uses"),
        values=tuple(_value(one) for one in table.tables("values")),
        points=tuple(_point(one, sources) for one in table.tables("points")),
        series=_series(table, sources),
        rows=read_count(table, "rows", sources),
        repeats=read_count(table, "repeats", sources),
        readings=tuple(_reading(one) for one in table.tables("readings", required=True)),
        formulas=tuple(_formula(one, sources) for one in table.tables("formulas")),
        limits=tuple(_limit(one, sources) for one in table.tables("limits")),
        note=note,
    )
    table.close()
    _consistent(table, item)
    return item


def repeat_items(items: tuple[Item, ...], root: Table) -> tuple[Item, ...]:
    """The items, those with `before` filled in from the measured item they repeat."""
    found = {item.id: item for item in items if item.type == "measured" and not item.before}
    for index, item in enumerate(items):
        if item.before and item.before not in found:
            root.fault(
                f"items[{index}].before",
                f"没有名为“{item.before}”的测量项目。",
                f"There is no measured item named “{item.before}”.",
            )
    return tuple(
        replace(found[item.before], id=item.id, title=item.title, when=item.when, before=item.before)
        if item.before in found
        else item
        for item in items
    )


def _consistent(table: Table, item: Item) -> None:
    _unique(table, "points", [point.id for point in item.points])
    _unique(table, "formulas", [one.name for one in item.formulas] + [one.name for one in item.readings])
    _unique(table, "values", [value.name for value in item.values])
    named = {value.name for value in item.values}
    for index, point in enumerate(item.points):
        given = [name for name, _ in point.values]
        if set(given) != named:
            table.fault(
                f"points[{index}].values",
                "要给出 values 中声明的每个量，不多不少。",
                "Give each quantity declared in values, no more and no less.",
            )
    if item.series is not None and named != {item.series.value}:
        table.fault(
            "series.value", "series 只能用于声明了的唯一一个量。", "A series serves the one declared value only."
        )
    for index, limit in enumerate(item.limits):
        if item.formula(limit.column) is None:
            table.fault(
                f"limits[{index}].column",
                f"没有名为“{limit.column}”的公式。",
                f"There is no formula named “{limit.column}”.",
            )
    if item.readings_of("run") and item.repeats is None:
        table.fault("repeats", "有逐次读数就要有 repeats。", "Readings per run need repeats.")


def _unique(table: Table, key: str, names: list[str]) -> None:
    for index, name in enumerate(names):
        if name in names[:index]:
            table.fault(key, f"“{name}”重复出现。", f"“{name}” occurs more than once.")


def _check(table: Table, sources: Sources) -> Check:
    check = Check(table.identifier("id"), table.words("title"), read_when(table), read_claim(table, sources))
    table.close()
    return check


def read_show(table: Table, default: Show) -> Show:
    """Where a column is printed: on certificate and record, on the record only, nowhere."""
    value = table.choice("show", _SHOW, default=default)
    return "both" if value == "both" else "record" if value == "record" else "no"


def _value(table: Table) -> PointValue:
    value = PointValue(
        name=table.identifier("name"),
        label=table.words("label"),
        unit=table.text("unit"),
        lower=table.text("lower", ""),
        upper=table.text("upper", ""),
        show=read_show(table, "both"),
    )
    table.close()
    return value


def _point(table: Table, sources: Sources) -> Point:
    point = Point(
        id=table.identifier("id"),
        title=table.words("title"),
        when=read_when(table),
        only_if=table.text("only_if", ""),
        values=tuple(table.pairs("values").items()),
        claim=read_claim(table, sources),
    )
    table.close()
    return point


def _series(table: Table, sources: Sources) -> Series | None:
    if not table.has("series"):
        return None
    inner = table.table("series")
    series = Series(
        value=inner.identifier("value"),
        start=inner.text("start"),
        stop=inner.text("stop"),
        step=inner.text("step"),
        claim=read_claim(inner, sources),
    )
    inner.close()
    return series


def _reading(table: Table) -> Reading:
    scope = table.choice("scope", ("run", "row"))
    source = table.choice("source", ("typed", "rig"))
    reading = Reading(
        name=table.identifier("name"),
        label=table.words("label"),
        unit=table.text("unit"),
        resolution=table.text("resolution", ""),
        scope="run" if scope == "run" else "row",
        source="rig" if source == "rig" else "typed",
        quantity=table.text("quantity", None if source == "rig" else ""),
        role=table.text("role", None if source == "rig" else ""),
        required=table.flag("required", True),
        show=read_show(table, "record"),
    )
    table.close()
    return reading


def _formula(table: Table, sources: Sources) -> Formula:
    rounding = None
    if table.has("round"):
        inner = table.table("round")
        rounding = Rounding(
            interval=inner.text("interval"),
            mode="up" if inner.choice("mode", ("half_even", "up"), default="half_even") == "up" else "half_even",
            claim=read_claim(inner, sources),
        )
        inner.close()
    scopes: dict[str, Scope] = {"run": "run", "row": "row", "item": "item"}
    formula = Formula(
        name=table.identifier("name"),
        label=table.words("label"),
        scope=scopes[table.choice("scope", tuple(scopes))],
        unit=table.text("unit"),
        expression=table.text("expression"),
        round=rounding,
        sign=table.flag("sign", False),
        show=read_show(table, "record"),
    )
    table.close()
    return formula


def _limit(table: Table, sources: Sources) -> Limit:
    compare = table.table("compare")
    choice = Choice(compare.choice("value", ("rounded", "unrounded")), read_claim(compare, sources))
    compare.close()
    cases = []
    for one in table.tables("cases", required=True):
        case = LimitCase(
            when=read_when(one),
            only_if=one.text("only_if", ""),
            lower=one.text("lower", ""),
            upper=one.text("upper", ""),
            claim=read_claim(
                one, sources, value=UNKNOWN if UNKNOWN in (one.data.get("lower"), one.data.get("upper")) else ""
            ),
        )
        if not case.lower and not case.upper:
            one.fault("", "要给出 lower 或 upper。", "Give lower or upper.")
        cases.append(case)
        one.close()
    rule = table.choice("rule", ("simple", "jjf1094", "guard"), default="simple")
    limit = Limit(
        column=table.identifier("column"),
        title=table.words("title"),
        compare=choice,
        rule="jjf1094" if rule == "jjf1094" else "guard" if rule == "guard" else "simple",
        effect="void" if table.choice("effect", ("reject", "void"), default="reject") == "void" else "reject",
        cases=tuple(cases),
    )
    table.close()
    return limit

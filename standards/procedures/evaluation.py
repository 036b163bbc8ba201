"""Evaluate one record with one pack: pure, deterministic, and never raising on incomplete data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from standards.procedures.compiler import program
from standards.procedures.context import Context, make_context
from standards.procedures.measured import evaluate_measured, touched
from standards.procedures.record import parse_number, read_record
from standards.procedures.results import CheckResult, Conclusion, Evaluation, ItemResult, State, Values
from standards.procedures.schema import UNKNOWN, EnvironmentLimit, Item, Pack, Sourced


def evaluate(pack: Pack, data: Mapping[str, Any], *, only: Collection[str] = ()) -> Evaluation:
    """Every column, limit and the conclusion of a record.

    `only` restricts the evaluation to some items and leaves the environment out, as a worked example does.
    Raises RecordErrors where the shape of the data is wrong, PackErrors where a formula of the pack is wrong.
    """
    record = read_record(data)
    items = items_of(pack, record.kind, record.parameters, only)
    compiled = program(pack)
    needed = frozenset[str]().union(*(compiled.items[item.id].names for item in items if item.type == "measured"))
    context = make_context(pack, record, _wanted(pack, items, needed))
    for name in sorted({*record.items, *record.judged}):
        if name not in pack.index:
            context.warn(f"items.{name}", f"规程没有项目“{name}”。", f"The procedure has no item “{name}”.")
    if not only:
        _environment(context)
    _adjustment(context, items)
    results = {item.id: result for item, result in zip(items, _items(context, items), strict=True)}
    judged = () if record.kind == "calibration" else tuple(item.id for item in items if not item.before)
    failed = tuple(name for name in judged if results[name].conclusion == "fail")
    return Evaluation(
        code=pack.code,
        edition=pack.edition,
        sha256=pack.sha256,
        kind=record.kind,
        conclusion=_overall(context, items, results),
        failed_items=failed,
        missing=tuple(context.missing),
        warnings=tuple(context.warnings),
        items=results,
        unconfirmed=_unconfirmed(context, items, results, whole=not only),
        choices=context.choices,
        numbers=context.numbers,
        record=record,
        unread=tuple(context.unread),
    )


def items_of(pack: Pack, kind: str, parameters: Mapping[str, str], only: Collection[str] = ()) -> list[Item]:
    """The items of a kind of verification that apply to an instrument with these parameters, in the order of the pack."""
    declared = pack.kind(kind)
    wanted = set(only) if only else set(declared.items if declared else ())
    choices = {one.name: parameters.get(one.name, "") or one.default for one in pack.parameters} | {"kind": kind}
    return [item for item in pack.items if item.id in wanted and item.when.holds(choices)]


def _wanted(pack: Pack, items: list[Item], needed: frozenset[str]) -> frozenset[str]:
    """Names this evaluation cannot do without: those in formulas and those its conditions ask for."""
    names = set(_with_lookup_names(pack, needed))
    looked = [lookup for lookup in pack.lookups if lookup.name in names]
    conditions = [item.when for item in items]
    conditions += [check.when for item in items for check in item.checks]
    conditions += [point.when for item in items for point in item.points]
    conditions += [case.when for item in items for limit in item.limits for case in limit.cases]
    conditions += [case.when for lookup in looked for case in lookup.cases]
    return frozenset(names | {name for when in conditions for name, _ in when.tests})


def _with_lookup_names(pack: Pack, needed: frozenset[str]) -> frozenset[str]:
    """The needed names with those their looked-up values are computed from."""
    names = set(needed)
    for name, cases in reversed(program(pack).lookups):
        if name in names:
            for case in cases:
                names |= case.names if case else frozenset()
    return frozenset(names)


def _items(context: Context, items: list[Item]) -> list[ItemResult]:
    """Evaluate items after those whose values they use; results in the order given."""
    done: dict[str, ItemResult] = {}
    waiting = list(items)
    while waiting:
        ids = {item.id for item in waiting}
        for item in [one for one in waiting if not any(use.partition(".")[0] in ids for use in one.uses)]:
            waiting.remove(item)
            if item.type == "judged":
                done[item.id] = _judged(context, item)
            else:
                done[item.id] = evaluate_measured(context, item, *_imports(context, item, done))
    return [done[item.id] for item in items]


def _imports(context: Context, item: Item, done: Mapping[str, ItemResult]) -> tuple[Values, dict[str, State]]:
    """Values taken over from other items; an item that is not part of this evaluation leaves its value missing."""
    values: Values = {}
    absent: dict[str, State] = {}
    for use in item.uses:
        other, _, name = use.partition(".")
        cell = done[other].columns.get(name) if other in done else None
        if cell is not None and cell.value is not None:
            values[name] = cell.value
        else:
            absent[name] = cell.state if cell is not None else "missing"
            if cell is None:
                context.miss(f"items.{other}", f"需要先完成项目“{other}”。", f"The item “{other}” is needed first.")
    return values, absent


def _judged(context: Context, item: Item) -> ItemResult:
    given = context.record.judged.get(item.id, {})
    checks = []
    for check in item.checks:
        if not check.when.holds(context.choices):
            continue
        judgement = given.get(check.id)
        result = judgement.result if judgement else ""
        if not result:
            context.miss(
                f"judged.{item.id}.{check.id}.result",
                f"未判定：{item.title.zh}：{check.title.zh}。",
                f"Not judged yet: {item.title.en}: {check.title.en}.",
            )
        checks.append(CheckResult(check.id, check.title, result, judgement.remark if judgement else ""))
    known = {check.id for check in item.checks}
    for name in sorted(given):
        if name not in known:
            context.warn(
                f"judged.{item.id}.{name}", f"规程没有检查项“{name}”。", f"The procedure has no check “{name}”."
            )
    results = {check.result for check in checks}
    conclusion: Conclusion = "incomplete" if "" in results else "fail" if "fail" in results else "pass"
    return ItemResult(item.id, item.title, conclusion, checks=tuple(checks), judged=True)


def _environment(context: Context) -> None:
    for limit in context.pack.environment:
        pair = context.record.environment.get(limit.name, ())
        numbers = []
        for at, (zh, en) in enumerate((("开始", "start"), ("结束", "end"))):
            path = f"environment.{limit.name}[{at}]"
            number = context.number(pair[at] if at < len(pair) else "", path, limit.label)
            if number is None:
                context.miss(
                    path, f"缺少环境{limit.label.zh}（{zh}）。", f"Ambient {limit.label.en} at the {en} is missing."
                )
                continue
            numbers.append(number)
            _within(context, limit, path, number)
        if len(numbers) == 2 and (most := parse_number(limit.max_change)) is not None:
            change = abs(numbers[1] - numbers[0])
            if change > most:
                context.warn(
                    f"environment.{limit.name}",
                    f"{limit.label.zh}变化 {change} {limit.unit}，超过 {most} {limit.unit}。",
                    f"{limit.label.en} changed by {change} {limit.unit}, more than {most} {limit.unit}.",
                )


def _within(context: Context, limit: EnvironmentLimit, path: str, number: Any) -> None:
    lower, upper = parse_number(limit.lower), parse_number(limit.upper)
    if (lower is not None and number < lower) or (upper is not None and number > upper):
        bounds = f"{limit.lower or '−∞'}～{limit.upper or '+∞'} {limit.unit}"
        context.warn(
            path,
            f"{limit.label.zh} {number} {limit.unit} 超出环境条件 {bounds}。",
            f"{limit.label.en} {number} {limit.unit} is outside the limits {bounds}.",
        )


def _adjustment(context: Context, items: list[Item]) -> None:
    """What was done and the readings from before it belong together."""
    done = context.record.adjustment
    before = [
        item.id for item in items if item.before and any(touched(row) for row in context.record.items.get(item.id, ()))
    ]
    if before and not done.kind:
        context.miss(
            "adjustment.kind",
            "有调整（修理）前的读数，但未写明作了什么。",
            "There are readings from before an adjustment or repair, but not what was done.",
        )
    if done.kind and not done.text:
        context.miss("adjustment.text", "未写明调整或修理的内容。", "What was adjusted or repaired is not said.")


def _overall(context: Context, items: list[Item], results: Mapping[str, ItemResult]) -> Conclusion:
    found = {results[item.id].conclusion for item in items if not item.before}
    if context.missing or "incomplete" in {result.conclusion for result in results.values()} or not results:
        return "incomplete"
    if context.record.kind == "calibration":
        # A calibration states values and their uncertainty, not conformity; only a void test keeps it open.
        return "undecided" if "undecided" in found else "recorded"
    if "fail" in found:
        return "fail"
    return "undecided" if "undecided" in found or "pass" not in found else "pass"


def _unconfirmed(
    context: Context, items: list[Item], results: Mapping[str, ItemResult], *, whole: bool
) -> tuple[Sourced, ...]:
    """The unconfirmed values that this result rests on."""
    prefixes = {f"items.{item.id}." for item in items}
    limits = {
        limit.path
        for result in results.values()
        for limit in (*result.limits, *(one for row in result.rows for one in row.all_limits()))
    }
    used = frozenset[str]().union(*(context.program.items[item.id].names for item in items if item.type == "measured"))
    looked = {path for name, path in context.applied.items() if name in _with_lookup_names(context.pack, used)}
    general = {f"kinds.{context.record.kind}", *(f"environment.{one.name}" for one in context.pack.environment)}
    general |= {f"required_devices.{one.role}" for one in context.pack.required_devices}
    general |= {f"constants.{one.name}" for one in context.pack.constants if one.name in used}
    general |= {f"corrections.{name}" for name in context.defaults}
    general |= {f"period[{at}]" for at, case in enumerate(context.pack.period) if case.when.holds(context.choices)}

    def bears(path: str) -> bool:
        if path in looked or path in limits:
            return True
        if ".limits[" in path and ".cases[" in path:
            return False
        return any(path.startswith(prefix) for prefix in prefixes) or (whole and path in general)

    return tuple(one for one in context.pack.claims() if not one.claim.confirmed and bears(one.path))


def open_values(pack: Pack) -> tuple[Sourced, ...]:
    """The values of a pack that nobody has found yet."""
    return tuple(one for one in pack.claims() if UNKNOWN in one.value or one.claim.confidence == "NF")

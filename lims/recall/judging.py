"""One certificate of a case: its record computed again with what is now known of the devices, and where it stands in the list."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lims.core.text import Text
from lims.recall.comparison import Comparison, compare
from lims.recall.models import RecallItem, RecallLine
from standards.procedures import Pack, evaluate
from standards.procedures.results import ENGINE
from standards.procedures.substitution import IndicationError, Recertified, recertified, without_error

FLIPPED, UNKNOWN, UNCOMPARED = 3 * 10**12, 2 * 10**12, 10**12
"""Where the parts of the list begin: verdicts that change, unknown effects, changes without a limit to compare them with, and
below them the others by their ratio."""
RANKS_PER_ONE = 10**6

Statement = RecallLine.Statement


@dataclass(frozen=True)
class Known:
    """What a case knows. `lines` by asset number; `behind`: stretches of days on which a device is touched by way of others,
    by its asset number, as (since, until, the faulty device). `recertified`: the lines about certificates."""

    lines: Mapping[str, RecallLine]
    until: date
    behind: Mapping[str, Sequence[tuple[date, date, str]]]
    recertified: Mapping[str, Recertified]


@dataclass(frozen=True)
class Judged:
    """`comparison` is None where the effect is unknown; then `reasons` say why."""

    old_conclusion: str
    comparison: Comparison | None
    reasons: tuple[Text, ...] = ()
    remarks: tuple[Text, ...] = ()

    @property
    def rank(self) -> int:
        found = self.comparison
        if found is None:
            return UNKNOWN
        ratio = min(int((found.worst or Decimal(0)) * RANKS_PER_ONE), UNCOMPARED - 1)
        if found.flip:
            return FLIPPED + ratio
        return UNCOMPARED if found.worst is None else ratio


def judge(known: Known, pack: Pack, facts: Mapping[str, Any]) -> Judged:
    """facts: the frozen record (`record-facts/1`). Always computed from its readings, whatever was found before."""
    day = date.fromisoformat(facts["dates"]["verified"])
    data, devices = facts["data"], facts["devices"]
    present = list(dict.fromkeys(one["asset_number"] for one in devices))
    lines = [line for name in present if (line := known.lines.get(name)) and line.since <= day <= known.until]
    reasons, remarks = _behind(known, present, day), []
    if not lines and not reasons:
        reasons.append(Text("记录中没有所述的设备", "the record does not name the device"))
    changed = 0
    for line in lines:
        if line.statement == Statement.UNKNOWN:
            name = line.device.asset_number
            reasons.append(
                Text(f"设备 {name} 超差，误差大小不明", f"device {name} was out of tolerance by an unknown amount")
            )
        elif line.statement == Statement.CERTIFICATE:
            found, devices = recertified(pack, data, devices, known.recertified[line.device.asset_number])
            data, changed = found.data, changed + found.changed
            reasons += found.faults
            if not found.changed and not found.faults:
                remarks.append(
                    Text("所用的证书或其数值没有变化", "the certificate it rests on, or its values, do not change")
                )
    for error, sharing in _errors(lines, facts["devices"], reasons):
        found = without_error(pack, data, error)
        data, changed = found.data, changed + found.changed
        reasons += found.faults
        if sharing:
            remarks.append(sharing)
    old = facts["evaluation"]
    if reasons:
        return Judged(str(old["conclusion"]), None, tuple(reasons), tuple(remarks))
    if not changed:
        return Judged(
            str(old["conclusion"]),
            Comparison(str(old["conclusion"]), str(old["conclusion"]), Decimal(0), False, (), ()),
            (),
            tuple(remarks),
        )
    if old.get("engine") != ENGINE:
        # Otherwise a change of the program would pass for an effect of the device.
        old = evaluate(pack, facts["data"]).as_json()
        remarks.append(
            Text(
                "原结果由较早的程序算出，此处以现行程序重新算出后比较",
                "the original was computed by an earlier program; it is computed anew here for the comparison",
            )
        )
    comparison = compare(pack, old, evaluate(pack, data))
    if comparison.gaps or (comparison.new_conclusion == "incomplete" != comparison.old_conclusion):
        where = "、".join(comparison.gaps[:3])
        gap = Text(f"用新值算不出结果：{where}", f"there is no result with the new value: {where}")
        return Judged(comparison.old_conclusion, None, (gap,), tuple(remarks))
    return Judged(comparison.old_conclusion, comparison, (), tuple(remarks))


def _behind(known: Known, present: Sequence[str], day: date) -> list[Text]:
    """Devices of the record that are touched by way of others on that day, and of which nothing is stated itself for it."""
    found = []
    for name in present:
        line = known.lines.get(name)
        if line is not None and line.since <= day <= known.until:
            continue
        for since, until, source in known.behind.get(name, ()):
            if since <= day <= until:
                found.append(
                    Text(
                        f"设备 {name} 由涉及 {source} 的计量标准校准，须重新校准后才知道影响多大",
                        f"device {name} was calibrated by a standard with {source}; how much it is affected is known once it is recalibrated",
                    )
                )
                break
    return found


def _errors(
    lines: Sequence[RecallLine], devices: Sequence[Mapping[str, Any]], reasons: list[Text]
) -> list[tuple[IndicationError, Text | None]]:
    """The errors by role. Which reading came from which device of a role is not known: then all of the role are taken as wrong."""
    found: dict[tuple[str, str], tuple[IndicationError, Text | None]] = {}
    for line in lines:
        if line.statement not in (Statement.RELATIVE, Statement.ABSOLUTE):
            continue
        name = line.device.asset_number
        for role in dict.fromkeys(one["role"] for one in devices if one["asset_number"] == name):
            relative = line.statement == Statement.RELATIVE
            error = IndicationError(role, relative, Decimal(line.amount), line.unit, line.quantity)
            others = sorted({one["asset_number"] for one in devices if one["role"] == role} - {name})
            sharing = (
                Text(
                    f"“{role}”还使用了 {'、'.join(others)}，无法区分哪个读数来自哪台设备，按全部读数有误计算",
                    f"{', '.join(others)} served as “{role}” too; which reading came from which is not known, so all are taken as wrong",
                )
                if others
                else None
            )
            before = found.get((role, line.quantity))
            if before and before[0] != error:
                reasons.append(
                    Text(
                        f"“{role}”的几台设备误差不同，无法区分读数来自哪台",
                        f"the devices of “{role}” err by different amounts, and which reading came from which is not known",
                    )
                )
            found[role, line.quantity] = (error, sharing)
    return list(found.values())


def supports(kind: str, item: RecallItem) -> bool:
    """Whether a result bears a decision that was taken on an earlier one. Of an unknown effect nothing is claimed."""
    if item.effect != RecallItem.Effect.KNOWN:
        return True
    if kind == RecallItem.Kind.STAND:
        return not item.flip
    return item.flip or item.reprinted

"""The verdict of a capability test from what was entered: which formula applies, and with which earlier groups."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from lims.core.text import Reason, Refused, reason
from lims.metrology import capability
from lims.metrology.capability import Group, Judgement
from lims.metrology.expression.arithmetic import CONTEXT, mean

# What a test may need besides its readings. The form and the refusals use the same names.
GIVEN = ("value", "U", "k", "reference", "U_reference", "k_reference", "others", "limit")


@dataclass(frozen=True)
class Earlier:
    """What came before, of the same parameter and kind, oldest first; `establishing`: the standard is not examined yet."""

    groups: tuple[Group, ...] = ()
    baseline: Decimal | None = None
    establishing: bool = False


def numbers(readings: Sequence[str], where: str = "readings") -> tuple[Decimal, ...]:
    """The readings as numbers. Raises Refused naming the first that is none."""
    found = []
    for place, text in enumerate(readings, 1):
        number = _number(text)
        if number is None:
            raise Refused(
                reason(
                    "reading_not_a_number",
                    f"第 {place} 个读数“{text}”不是十进制数",
                    f"Reading {place}, {text!r}, is not a decimal number",
                    "请按仪器示值逐个填写，用空格分隔",
                    "Write each reading as shown, separated by blanks",
                    where=where,
                )
            )
        found.append(number)
    return tuple(found)


def judge(
    kind: str, *, now: Group | None, given: Mapping[str, str], limit: Decimal | None, earlier: Earlier
) -> Judgement:
    """The judgement of one test. `now` are its readings, None where the test has none; `limit` is the parameter's.

    Raises Refused when readings or given values are missing or make no sense for the kind.
    """
    if kind == "verification":
        return _verification(given)
    if now is None or len(now.readings) < (2 if kind == "repeatability" else 1):
        raise Refused(_too_few(kind))
    if kind == "repeatability":
        return capability.repeatability(now.readings, earlier.baseline)
    if kind == "stability":
        return _stability(now, limit, earlier)
    return _check(now, given, limit)


def _stability(now: Group, limit: Decimal | None, earlier: Earlier) -> Judgement:
    if earlier.establishing:
        return capability.stability_of_new([*earlier.groups, now], limit)
    if not earlier.groups:
        return Judgement(
            "undecided",
            Decimal(0),
            limit,
            "第一组数据，下一年度起与之比较。",
            "The first group; the next year's is compared with it.",
        )
    return capability.stability_in_use(earlier.groups[-1], now, limit)


def _check(now: Group, given: Mapping[str, str], limit: Decimal | None) -> Judgement:
    """Period check: the mean against the check standard's reference value."""
    value = mean(now.readings)
    if not given.get("reference"):
        return Judgement(
            "undecided",
            value,
            limit,
            "没有参考值，由控制图判断。",
            "There is no reference value; the control chart judges.",
        )
    difference = abs(CONTEXT.subtract(value, _given(given, "reference")))
    bound = _given(given, "limit") if given.get("limit") else limit
    if bound is None:
        return Judgement("undecided", difference, None, "没有可比较的允许值。", "There is no limit to compare with.")
    if difference <= bound:
        return Judgement("pass", difference, bound, "与参考值之差在允许值内。", "Within its limit of the reference.")
    return Judgement("fail", difference, bound, "与参考值之差超出允许值。", "Off the reference by more than its limit.")


def _verification(given: Mapping[str, str]) -> Judgement:
    if given.get("others"):
        others = numbers(given["others"].replace(",", " ").replace("，", " ").split(), where="others")
        return capability.between_laboratories(_given(given, "value"), _positive(given, "U"), others)
    value, own, k = _given(given, "value"), _positive(given, "U"), _positive(given, "k")
    reference = _given(given, "reference")
    return capability.transfer(
        value, reference, own, k, _positive(given, "U_reference"), _positive(given, "k_reference")
    )


def _given(given: Mapping[str, str], name: str) -> Decimal:
    number = _number(given.get(name, ""))
    if number is None:
        raise Refused(_missing(name))
    return number


def _positive(given: Mapping[str, str], name: str) -> Decimal:
    number = _given(given, name)
    if number <= 0:
        raise Refused(_missing(name))
    return number


def _number(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() and "_" not in text else None


def _missing(name: str) -> Reason:
    return reason(
        "value_missing",
        f"缺少“{name}”，或它不是（正的）十进制数",
        f"“{name}” is missing, or is not a (positive) decimal number",
        "传递比较法需要两个结果及各自的 U 和 k；比对法需要本实验室的结果、U 和其他实验室的结果",
        "A transfer comparison needs both results with U and k each; a comparison needs the own result, U and the others'",
        where=name,
    )


def _too_few(kind: str) -> Reason:
    least = 2 if kind == "repeatability" else 1
    return reason(
        "too_few_readings",
        f"至少需要 {least} 个读数",
        f"At least {least} readings are needed",
        "重复性试验通常不少于 10 次",
        "A repeatability test usually takes ten or more",
        where="readings",
    )

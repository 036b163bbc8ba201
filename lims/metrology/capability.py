"""Whether a measurement standard still measures as it did when it was examined (JJF 1033, confirmation of capability).

Repeatability (重复性试验), stability (稳定性考核) and verification of results (检定或校准结果的验证). Every judgement carries the
numbers it compared, so that a page can print them; who pays attention to it is decided elsewhere.

Sources: JJF 1033-2016 4.6 and appendix C as quoted in examination texts. The factor of the comparison between laboratories
and the shortcut for U_ref ≤ U_lab/3 are not confirmed on paper; the shortcut is therefore not used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Final, Literal

from lims.metrology.expression.arithmetic import CONTEXT, ONE, DomainError, mean, spread, stdev

Verdict = Literal["pass", "fail", "undecided"]

GROUPS_OF_A_NEW_STANDARD: Final = 4
"""A new standard shows its stability in at least so many groups, more than a month apart (JJF 1033-2016, 4.6)."""

USUAL_REPEATS: Final = 10
"""Readings of one repeatability test; fewer are accepted and said to be fewer."""


@dataclass(frozen=True)
class Judgement:
    """One comparison: `value` against `limit`, both in the unit of the parameter; `limit` None when there is none yet."""

    verdict: Verdict
    value: Decimal
    limit: Decimal | None
    zh: str
    en: str


def repeatability(readings: Sequence[Decimal], baseline: Decimal | None) -> Judgement:
    """Bessel's s of the readings against the s of the establishment.

    Without a baseline the test is the establishment's own: it passes and becomes the baseline. A larger s does not make
    the standard unfit by itself: the uncertainty has to be evaluated again with it and judged, hence `undecided`.
    Raises DomainError below two readings.
    """
    s = stdev(readings)
    if baseline is None:
        return Judgement(
            "pass", s, None, "建标数据，作为以后的基准。", "The establishment's own figure, the baseline from now on."
        )
    if s <= baseline:
        return Judgement("pass", s, baseline, "不大于建标时的重复性。", "Not larger than at the establishment.")
    return Judgement(
        "undecided",
        s,
        baseline,
        "大于建标时的重复性：应按新值重新评定测量结果的不确定度，并判断能否满足被检对象的要求。",
        "Larger than at the establishment: evaluate the uncertainty anew with this value and judge whether it still serves.",
    )


@dataclass(frozen=True)
class Group:
    """The readings of one day at one point of one parameter."""

    on: date
    readings: tuple[Decimal, ...]

    @property
    def mean(self) -> Decimal:
        return mean(self.readings)


def stability_of_new(groups: Sequence[Group], limit: Decimal | None) -> Judgement:
    """A new standard: largest minus smallest group mean, from at least four groups more than a month apart.

    limit: |MPE| for a standard used by its nominal value, U (k = 2 or U95) of the correction for one used with it.
    Too few groups, or groups too close together, leave it undecided.
    """
    if not groups:
        raise DomainError("没有稳定性数据。", "There are no groups.")
    ordered = sorted(groups, key=lambda one: one.on)
    value = spread([one.mean for one in ordered])
    if len(ordered) < GROUPS_OF_A_NEW_STANDARD:
        zh = f"只有 {len(ordered)} 组，新建计量标准至少需要 {GROUPS_OF_A_NEW_STANDARD} 组。"
        en = f"Only {len(ordered)} groups; a new standard needs at least {GROUPS_OF_A_NEW_STANDARD}."
        return Judgement("undecided", value, limit, zh, en)
    for before, after in pairwise(ordered):
        if after.on <= months_later(before.on):
            zh = f"{before.on} 与 {after.on} 两组相隔不足一个月。"
            en = f"The groups of {before.on} and {after.on} are not more than a month apart."
            return Judgement("undecided", value, limit, zh, en)
    return _below(value, limit)


def stability_in_use(before: Group, now: Group, limit: Decimal | None) -> Judgement:
    """A standard in use: the difference between the group means of two consecutive years."""
    return _below(abs(CONTEXT.subtract(now.mean, before.mean)), limit)


def _below(value: Decimal, limit: Decimal | None) -> Judgement:
    if limit is None:
        return Judgement("undecided", value, None, "没有可比较的允许值。", "There is no limit to compare with.")
    if value < limit:
        return Judgement("pass", value, limit, "小于允许值。", "Below the limit.")
    return Judgement("fail", value, limit, "不小于允许值。", "Not below the limit.")


def transfer(
    value: Decimal, reference: Decimal, expanded: Decimal, k: Decimal, expanded_reference: Decimal, k_reference: Decimal
) -> Judgement:
    """Verification of a result by transfer comparison (传递比较法): |y − y_ref| ≤ √(U² + U_ref²), both at the same k.

    U_ref is brought to the laboratory's coverage factor first: comparing U of different k is the usual mistake.
    """
    c = CONTEXT
    brought = c.multiply(c.divide(expanded_reference, k_reference), k)
    bound = c.sqrt(c.add(c.multiply(expanded, expanded), c.multiply(brought, brought)))
    return _within(abs(c.subtract(value, reference)), bound)


def between_laboratories(own: Decimal, expanded: Decimal, others: Sequence[Decimal]) -> Judgement:
    """Verification by comparison (比对法), where no transfer is possible: |y − ȳ| ≤ √((n−1)/n)·U, ȳ over all n laboratories.

    Not traceable, so to be used only where the transfer comparison is impossible. Raises DomainError without others.
    """
    if not others:
        raise DomainError("比对法至少需要另一个实验室。", "A comparison needs at least one other laboratory.")
    c = CONTEXT
    count = Decimal(len(others) + 1)
    factor = c.sqrt(c.divide(c.subtract(count, ONE), count))
    return _within(abs(c.subtract(own, mean([own, *others]))), c.multiply(factor, expanded))


def _within(value: Decimal, limit: Decimal) -> Judgement:
    if value <= limit:
        return Judgement("pass", value, limit, "差值不大于允许值。", "The difference is within its limit.")
    return Judgement("fail", value, limit, "差值大于允许值。", "The difference exceeds its limit.")


def months_later(day: date, months: int = 1) -> date:
    """The same day so many months on, or the last day of that month where it is shorter. `months` may be negative."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    first_of_next = date(year + 1, 1, 1) if month == 11 else date(year, month + 2, 1)
    return date(year, month + 1, min(day.day, (first_of_next - timedelta(days=1)).day))

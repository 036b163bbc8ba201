"""Statements of conformity with limits: which decision rule was applied, and with which outcome.

The rule belongs to the procedure, never to the code that calls it. Limits may be two-sided or one-sided (None).
Sources: JJF 1094-2002 5.3 (the 1/3 rule), ILAC-G8:09/2019 (guard bands), JCGM 106:2012 clauses 7 to 9 (risk).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from lims.metrology.distributions import normal_cdf, normal_quantile
from lims.metrology.expression.arithmetic import CONTEXT, ONE, ZERO

Outcome = Literal["pass", "fail", "undecided"]
Rule = Literal["simple", "jjf1094", "guard"]
Zone = Literal["pass", "conditional_pass", "conditional_fail", "fail"]

_THIRD: Final = Decimal(3)


@dataclass(frozen=True)
class Decision:
    """An outcome with what led to it.

    `zone` is the finer statement of ILAC-G8 (inside the guard band: conditional). `lower`/`upper` are the acceptance
    limits the value was compared with, `ratio` is U over the half width of the tolerance where the rule asks for it.
    """

    outcome: Outcome
    rule: Rule
    zone: Zone
    zh: str
    en: str
    lower: Decimal | None = None
    upper: Decimal | None = None
    guard: Decimal = ZERO
    ratio: Decimal | None = None


def simple_acceptance(value: Decimal, *, lower: Decimal | None = None, upper: Decimal | None = None) -> Decision:
    """Pass when the value lies within the limits, the limits included (ILAC-G8: guard band zero, shared risk)."""
    _check_limits(lower, upper)
    if _inside(value, lower, upper):
        return Decision("pass", "simple", "pass", "在限内。", "Within the limits.", lower, upper)
    return Decision("fail", "simple", "fail", "超出限。", "Outside the limits.", lower, upper)


def jjf1094(
    value: Decimal, *, expanded: Decimal, lower: Decimal | None = None, upper: Decimal | None = None
) -> Decision:
    """JJF 1094: with U95 ≤ MPEV/3 the uncertainty is left out; otherwise a band of ±U95 around a limit decides nothing.

    Pass when |Δ| ≤ MPEV − U95, fail when |Δ| ≥ MPEV + U95, undecided between. MPEV is half the width of two-sided
    limits, or the size of a single limit.
    """
    _check_limits(lower, upper)
    _check_not_negative(expanded)
    mpev = _half_width(lower, upper)
    ratio = CONTEXT.divide(expanded, mpev) if mpev else None
    if CONTEXT.multiply(expanded, _THIRD) <= mpev:
        simple = simple_acceptance(value, lower=lower, upper=upper)
        return Decision(
            simple.outcome,
            "jjf1094",
            simple.zone,
            "U95 不超过 MPEV 的三分之一，不计不确定度：" + simple.zh,
            "U95 is at most a third of MPEV and is left out: " + simple.en,
            lower,
            upper,
            ZERO,
            ratio,
        )
    inner, outer = _moved(lower, upper, expanded), _moved(lower, upper, CONTEXT.minus(expanded))
    if _inside(value, *inner):
        zh, en = "与限的距离不小于 U95。", "At least U95 inside the limits."
        return Decision("pass", "jjf1094", "pass", zh, en, *inner, expanded, ratio)
    if not _strictly_inside(value, *outer):
        zh, en = "超出限不少于 U95。", "At least U95 outside the limits."
        return Decision("fail", "jjf1094", "fail", zh, en, *inner, expanded, ratio)
    zone: Zone = "conditional_pass" if _inside(value, lower, upper) else "conditional_fail"
    zh = "在待定区：请重新测量或改用更准的标准。"
    en = "In the zone of no decision: measure again or with a better standard."
    return Decision("undecided", "jjf1094", zone, zh, en, *inner, expanded, ratio)


def guard_band(
    value: Decimal,
    *,
    expanded: Decimal,
    r: Decimal = ONE,
    lower: Decimal | None = None,
    upper: Decimal | None = None,
    binary: bool = True,
) -> Decision:
    """ILAC-G8:09/2019: acceptance limits moved inwards by w = r·U.

    Binary: pass inside them, else fail. Not binary: within w on either side of a limit is undecided, with the zone
    conditional pass or conditional fail.
    """
    _check_limits(lower, upper)
    _check_not_negative(expanded)
    _check_not_negative(r)
    guard = CONTEXT.multiply(r, expanded)
    inner, outer = _moved(lower, upper, guard), _moved(lower, upper, CONTEXT.minus(guard))
    if _inside(value, *inner):
        return Decision("pass", "guard", "pass", "在验收限内。", "Within the acceptance limits.", *inner, guard)
    zone: Zone = "fail"
    if _inside(value, lower, upper):
        zone = "conditional_pass"
    elif _inside(value, *outer):
        zone = "conditional_fail"
    if binary or zone == "fail":
        zh, en = "不在验收限内。", "Not within the acceptance limits."
        return Decision("fail", "guard", zone, zh, en, *inner, guard)
    zh, en = "在保护带内，不能判定。", "Inside the guard band: not decided."
    return Decision("undecided", "guard", zone, zh, en, *inner, guard)


def conformance_probability(
    value: Decimal, u: Decimal, *, lower: Decimal | None = None, upper: Decimal | None = None
) -> Decimal:
    """p_c = Φ((T_U − y)/u) − Φ((T_L − y)/u), the probability that the quantity lies within its limits (JCGM 106, 7)."""
    _check_limits(lower, upper)
    _check_not_negative(u)
    if not u:
        return ONE if _inside(value, lower, upper) else ZERO
    c = CONTEXT
    below = ONE if upper is None else normal_cdf(c.divide(c.subtract(upper, value), u))
    under = ZERO if lower is None else normal_cdf(c.divide(c.subtract(lower, value), u))
    return c.subtract(below, under)


def specific_risk(value: Decimal, u: Decimal, *, lower: Decimal | None = None, upper: Decimal | None = None) -> Decimal:
    """Probability that the quantity lies outside its limits although the value is `value`: the risk of accepting it."""
    return CONTEXT.subtract(ONE, conformance_probability(value, u, lower=lower, upper=upper))


def guard_factor(probability: Decimal) -> Decimal:
    """The r of a guard band w = r·U (U = 2u) that keeps the conformance probability at a single limit at this value."""
    return CONTEXT.divide(normal_quantile(probability), Decimal(2))


def _check_limits(lower: Decimal | None, upper: Decimal | None) -> None:
    if lower is None and upper is None:
        raise ValueError("a decision needs at least one limit")
    if lower is not None and upper is not None and lower > upper:
        raise ValueError("the lower limit is above the upper limit")


def _check_not_negative(number: Decimal) -> None:
    if not number.is_finite() or number < 0:
        raise ValueError("an uncertainty is a finite number not below zero")


def _half_width(lower: Decimal | None, upper: Decimal | None) -> Decimal:
    if lower is not None and upper is not None:
        return CONTEXT.divide(CONTEXT.subtract(upper, lower), Decimal(2))
    return abs(upper if lower is None else lower)  # type: ignore[arg-type]


def _inside(value: Decimal, lower: Decimal | None, upper: Decimal | None) -> bool:
    return (lower is None or value >= lower) and (upper is None or value <= upper)


def _strictly_inside(value: Decimal, lower: Decimal | None, upper: Decimal | None) -> bool:
    return (lower is None or value > lower) and (upper is None or value < upper)


def _moved(lower: Decimal | None, upper: Decimal | None, inwards: Decimal) -> tuple[Decimal | None, Decimal | None]:
    return (
        None if lower is None else CONTEXT.add(lower, inwards),
        None if upper is None else CONTEXT.subtract(upper, inwards),
    )

"""Statistics of readings: type A evaluation, range method, pooled deviation, correlation, straight line, comparisons.

All in Decimal at 34 digits. Sources: JCGM 100:2008 (GUM) clause 4.2 and H.3; JJF 1059.1-2012 table 1 (range method);
ISO 13528 and JJF 1117 (E_n).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from lims.metrology.expression.arithmetic import CONTEXT, ONE, DomainError, mean, spread, stdev, total

RANGE_FACTORS: Final[Mapping[int, tuple[Decimal, Decimal]]] = MappingProxyType(
    {
        2: (Decimal("1.13"), Decimal("0.9")),
        3: (Decimal("1.69"), Decimal("1.8")),
        4: (Decimal("2.06"), Decimal("2.7")),
        5: (Decimal("2.33"), Decimal("3.6")),
        6: (Decimal("2.53"), Decimal("4.5")),
        7: (Decimal("2.70"), Decimal("5.3")),
        8: (Decimal("2.85"), Decimal("6.0")),
        9: (Decimal("2.97"), Decimal("6.8")),
    }
)
"""Number of readings to (C, degrees of freedom), JJF 1059.1-2012 table 1. The table ends at nine readings."""


@dataclass(frozen=True)
class Spread:
    """A standard deviation of one reading, its degrees of freedom, and the standard uncertainty of the mean."""

    mean: Decimal
    s: Decimal
    u: Decimal
    dof: Decimal


def type_a(readings: Sequence[Decimal], *, established_s: Decimal | None = None, dof: Decimal | None = None) -> Spread:
    """Type A evaluation (GUM 4.2): mean, Bessel's s, s/√n, n−1.

    With `established_s` (from earlier, pooled work with `dof` degrees of freedom, infinite when None) one reading is
    enough and u = s/√n. Raises DomainError for too few readings.
    """
    count = Decimal(len(readings))
    centre = mean(readings)
    if established_s is None:
        s, freedom = stdev(readings), count - 1
    else:
        s, freedom = established_s, dof if dof is not None else Decimal("Infinity")
    return Spread(centre, s, CONTEXT.divide(s, CONTEXT.sqrt(count)), freedom)


def range_method(readings: Sequence[Decimal]) -> Spread:
    """Standard deviation from the range, s = R/C (JJF 1059.1-2012, 4.3.2.3). Raises DomainError outside 2…9 readings."""
    found = RANGE_FACTORS.get(len(readings))
    if found is None:
        raise DomainError("极差法用于 2 到 9 次读数。", "The range method takes two to nine readings.")
    factor, dof = found
    s = CONTEXT.divide(spread(readings), factor)
    return Spread(mean(readings), s, CONTEXT.divide(s, CONTEXT.sqrt(Decimal(len(readings)))), dof)


def pooled(groups: Sequence[tuple[Decimal, Decimal]]) -> tuple[Decimal, Decimal]:
    """Pooled standard deviation and degrees of freedom of (s, ν) groups: s² = Σν·s²/Σν (JJF 1059.1-2012, 4.3.2.5)."""
    dof = total([freedom for _, freedom in groups])
    if dof <= 0:
        raise DomainError("合并标准偏差至少需要一组数据。", "Pooling needs at least one group.")
    squares = total([CONTEXT.multiply(freedom, CONTEXT.multiply(s, s)) for s, freedom in groups])
    return CONTEXT.sqrt(CONTEXT.divide(squares, dof)), dof


def correlation(first: Sequence[Decimal], second: Sequence[Decimal]) -> Decimal:
    """Correlation coefficient of two series observed together (GUM 5.2.3, C.3.6); the same for their means.

    Raises DomainError for series of different length, too few readings or a series that does not vary.
    """
    if len(first) != len(second):
        raise DomainError("两列读数个数不同。", "The two series differ in length.")
    c = CONTEXT
    spread_product = c.multiply(stdev(first), stdev(second))
    if not spread_product:
        raise DomainError("读数没有变化，求不出相关系数。", "A series that does not vary has no correlation.")
    centre_first, centre_second = mean(first), mean(second)
    products = [
        c.multiply(c.subtract(a, centre_first), c.subtract(b, centre_second))
        for a, b in zip(first, second, strict=True)
    ]
    r = c.divide(c.divide(total(products), Decimal(len(first) - 1)), spread_product)
    return max(-ONE, min(ONE, r))


@dataclass(frozen=True)
class Line:
    """A least-squares line y = a + b·x with its uncertainties."""

    a: Decimal
    b: Decimal
    u_a: Decimal
    u_b: Decimal
    r: Decimal
    s: Decimal
    dof: Decimal

    def at(self, x: Decimal) -> tuple[Decimal, Decimal]:
        """Value and standard uncertainty of the line at x, with the correlation of a and b."""
        c = CONTEXT
        cross = c.multiply(c.multiply(Decimal(2), x), c.multiply(self.r, c.multiply(self.u_a, self.u_b)))
        square = total([c.multiply(self.u_a, self.u_a), c.multiply(c.multiply(x, self.u_b), c.multiply(x, self.u_b))])
        return c.add(self.a, c.multiply(self.b, x)), c.sqrt(max(Decimal(0), c.add(square, cross)))


def fit_line(x: Sequence[Decimal], y: Sequence[Decimal]) -> Line:
    """Unweighted least-squares line (GUM H.3). Raises DomainError below three points or when all x are equal."""
    if len(x) != len(y) or len(x) < 3:
        raise DomainError("直线拟合至少需要三个成对的点。", "A line needs at least three pairs.")
    c = CONTEXT
    count = Decimal(len(x))
    x_mean, y_mean = mean(x), mean(y)
    from_mean = [c.subtract(item, x_mean) for item in x]
    s_xx = total([c.multiply(d, d) for d in from_mean])
    if not s_xx:
        raise DomainError("所有 x 相同，不能拟合直线。", "All x are equal; there is no line.")
    s_xy = total([c.multiply(d, c.subtract(item, y_mean)) for d, item in zip(from_mean, y, strict=True)])
    b = c.divide(s_xy, s_xx)
    a = c.subtract(y_mean, c.multiply(b, x_mean))
    residuals = [c.subtract(v, c.add(a, c.multiply(b, t))) for t, v in zip(x, y, strict=True)]
    dof = count - 2
    s = c.sqrt(c.divide(total([c.multiply(d, d) for d in residuals]), dof))
    x_squares = total([c.multiply(item, item) for item in x])
    u_b = c.divide(s, c.sqrt(s_xx))
    u_a = c.multiply(u_b, c.sqrt(c.divide(x_squares, count)))
    r = c.minus(c.divide(total(x), c.sqrt(c.multiply(count, x_squares))))
    return Line(a, b, u_a, u_b, r, s, dof)


def normalised_error(
    value: Decimal, reference: Decimal, expanded: Decimal, expanded_reference: Decimal, *, in_reference: bool = False
) -> Decimal:
    """E_n = (x − x_ref)/√(U² + U_ref²), both U at the same k; satisfactory when |E_n| ≤ 1.

    `in_reference`: the laboratory's own value went into the reference mean, so the difference U² − U_ref² is taken
    (JJF 1117). Raises DomainError when the denominator is not above zero.
    """
    c = CONTEXT
    own, other = c.multiply(expanded, expanded), c.multiply(expanded_reference, expanded_reference)
    square = c.subtract(own, other) if in_reference else c.add(own, other)
    if square <= 0:
        raise DomainError("不确定度使 E_n 没有意义。", "These uncertainties leave E_n without meaning.")
    return c.divide(c.subtract(value, reference), c.sqrt(square))

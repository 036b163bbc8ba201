"""Normal and Student's t distribution in Decimal, good to 30 digits and the same on every machine.

Series: Abramowitz & Stegun, Handbook of Mathematical Functions, 26.2.11 (normal), 26.5.4 with 26.7.1 (Student's t
through the incomplete beta function), 6.1.40 (Stirling series of ln Γ). Quantiles by Newton's method.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal, DivisionByZero, InvalidOperation, Overflow
from fractions import Fraction
from functools import lru_cache
from math import comb
from statistics import NormalDist
from typing import Final

_WIDE: Final = Context(
    prec=60,
    rounding=ROUND_HALF_EVEN,
    Emin=-99999,
    Emax=99999,
    capitals=1,
    clamp=0,
    flags=[],
    traps=[DivisionByZero, InvalidOperation, Overflow],
)
_RESULT: Final = Context(prec=30, rounding=ROUND_HALF_EVEN)
_PI: Final = Decimal("3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803")
_ONE: Final = Decimal(1)
_HALF: Final = Decimal("0.5")
_TINY: Final = Decimal("1e-55")
_FAR: Final = Decimal(14)
"""Beyond 14 standard deviations a normal tail is below 1e-44 and counts as nothing."""
NEARLY_NORMAL: Final = Decimal("1e9")
"""From these degrees of freedom on, Student's t is replaced by the normal distribution (difference below 1e-9)."""

_STIRLING_FROM = Decimal(30)
_STIRLING_TERMS = 22


def normal_density(z: Decimal) -> Decimal:
    """Density of the standard normal distribution."""
    w = _WIDE
    return w.divide(w.exp(w.multiply(w.multiply(z, z), -_HALF)), w.sqrt(w.multiply(_PI, Decimal(2))))


def normal_cdf(z: Decimal) -> Decimal:
    """Φ(z), the probability below z of the standard normal distribution."""
    return _RESULT.plus(_normal_cdf(z))


def _normal_cdf(z: Decimal) -> Decimal:
    w = _WIDE
    if z < 0:
        return w.subtract(_ONE, _normal_cdf(w.minus(z)))
    if z > _FAR:
        return _ONE
    square = w.multiply(z, z)
    total = term = z
    odd = 1
    while term > _TINY:
        odd += 2
        term = w.divide(w.multiply(term, square), Decimal(odd))
        total = w.add(total, term)
    return w.add(_HALF, w.multiply(normal_density(z), total))


@lru_cache(maxsize=256)
def normal_quantile(probability: Decimal) -> Decimal:
    """The z with Φ(z) = probability. Raises ValueError outside (0, 1)."""
    if not 0 < probability < 1:
        raise ValueError("a probability lies between 0 and 1")
    if probability < _HALF:
        return -normal_quantile(_WIDE.subtract(_ONE, probability))
    w = _WIDE
    z = Decimal(NormalDist().inv_cdf(min(float(probability), 1 - 1e-15)))
    for _ in range(60):
        step = w.divide(w.subtract(_normal_cdf(z), probability), normal_density(z))
        z = w.subtract(z, step)
        if abs(step) < Decimal("1e-33"):
            break
    return _RESULT.plus(z)


@lru_cache(maxsize=1)
def _stirling_coefficients() -> tuple[Decimal, ...]:
    """B(2k) / (2k (2k−1)) for k = 1, 2, …, from the recurrence of the Bernoulli numbers."""
    numbers = [Fraction(1)]
    for m in range(1, 2 * _STIRLING_TERMS + 1):
        numbers.append(-sum((comb(m + 1, k) * numbers[k] for k in range(m)), Fraction(0)) / (m + 1))
    terms = [numbers[2 * k] / (2 * k * (2 * k - 1)) for k in range(1, _STIRLING_TERMS + 1)]
    return tuple(_WIDE.divide(Decimal(term.numerator), Decimal(term.denominator)) for term in terms)


def log_gamma(x: Decimal) -> Decimal:
    """ln Γ(x) for x > 0, to about 45 digits."""
    w = _WIDE
    shift = _ONE
    while x < _STIRLING_FROM:
        shift = w.multiply(shift, x)
        x = w.add(x, _ONE)
    total = w.subtract(w.multiply(w.subtract(x, _HALF), w.ln(x)), x)
    total = w.add(total, w.multiply(_HALF, w.ln(w.multiply(_PI, Decimal(2)))))
    power, square = x, w.multiply(x, x)
    for coefficient in _stirling_coefficients():
        total = w.add(total, w.divide(coefficient, power))
        power = w.multiply(power, square)
    return w.subtract(total, w.ln(shift))


def _incomplete_beta(a: Decimal, b: Decimal, x: Decimal, log_beta: Decimal) -> Decimal:
    """I_x(a, b) by its power series, for x at most one half."""
    w = _WIDE
    if not x:
        return Decimal(0)
    total = term = _ONE
    top, bottom = w.add(a, b), w.add(a, _ONE)
    while term > _TINY:
        term = w.divide(w.multiply(w.multiply(term, top), x), bottom)
        total = w.add(total, term)
        top, bottom = w.add(top, _ONE), w.add(bottom, _ONE)
    logarithm = w.add(w.multiply(a, w.ln(x)), w.multiply(b, w.ln(w.subtract(_ONE, x))))
    return w.divide(w.multiply(w.exp(w.subtract(logarithm, log_beta)), total), a)


def _log_beta_half(dof: Decimal) -> Decimal:
    """ln B(1/2, ν/2)."""
    w = _WIDE
    half = w.divide(dof, Decimal(2))
    whole = w.add(half, _HALF)
    return w.subtract(w.add(w.multiply(_HALF, w.ln(_PI)), log_gamma(half)), log_gamma(whole))


def _coverage(t: Decimal, dof: Decimal, log_beta: Decimal) -> Decimal:
    """Probability of |T| < t."""
    w = _WIDE
    square = w.multiply(t, t)
    x = w.divide(square, w.add(dof, square))
    half = w.divide(dof, Decimal(2))
    if x <= _HALF:
        return _incomplete_beta(_HALF, half, x, log_beta)
    return w.subtract(_ONE, _incomplete_beta(half, _HALF, w.divide(dof, w.add(dof, square)), log_beta))


def student_t_cdf(t: Decimal, dof: Decimal) -> Decimal:
    """Probability below t of Student's t with `dof` degrees of freedom (above zero, not necessarily whole)."""
    if dof <= 0:
        raise ValueError("degrees of freedom are above zero")
    if dof >= NEARLY_NORMAL:
        return normal_cdf(t)
    inside = _coverage(abs(t), dof, _log_beta_half(dof))
    return _RESULT.plus(_WIDE.multiply(_HALF, _WIDE.add(_ONE, inside.copy_sign(t))))


@lru_cache(maxsize=1024)
def student_t_factor(probability: Decimal, dof: Decimal) -> Decimal:
    """The k with P(|T| < k) = probability: the coverage factor t_p(ν) of GUM table G.2.

    `dof` may be ``Decimal("Infinity")``. Raises ValueError for a probability outside (0, 1) or dof at or below zero.
    """
    if not 0 < probability < 1:
        raise ValueError("a probability lies between 0 and 1")
    if dof <= 0:
        raise ValueError("degrees of freedom are above zero")
    w = _WIDE
    t = normal_quantile(w.multiply(_HALF, w.add(_ONE, probability)))
    if dof >= NEARLY_NORMAL:
        return t
    log_beta = _log_beta_half(dof)
    exponent = w.divide(w.add(dof, _ONE), Decimal(2))
    for _ in range(400):
        # The coverage is concave in t, so from the normal value below the root Newton climbs without overshooting.
        density = w.multiply(exponent, w.ln(w.add(_ONE, w.divide(w.multiply(t, t), dof))))
        slope = w.divide(w.multiply(Decimal(2), w.exp(w.minus(w.add(log_beta, density)))), w.sqrt(dof))
        step = w.divide(w.subtract(probability, _coverage(t, dof, log_beta)), slope)
        t = w.add(t, step)
        if abs(step) < w.multiply(t, Decimal("1e-32")):
            break
    return _RESULT.plus(t)

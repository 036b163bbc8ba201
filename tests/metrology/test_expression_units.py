"""Units of formulas: what follows, what clashes, and where a written factor converts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.metrology.expression import ExpressionError, Symbol, compile_expression
from lims.metrology.units import UnitError, parse_unit

UNITS = {
    "E": "kWh",
    "E_std": "kWh",
    "U": "V",
    "I": "A",
    "t": "℃",
    "beta": "1/℃",
    "V0": "L",
    "h": "mm",
    "h0": "mm",
    "d": "mL/mm",
    "p": "MPa",
    "gamma": "%",
    "ratio": "1",
    "n": "imp",
    "C": "imp/kWh",
    "time": "h",
    "free": "",
    "phi": "rad",
    "angle": "°",
}
SYMBOLS = {name: Symbol(name, "scalar", unit) for name, unit in UNITS.items()} | {"r": Symbol("r", "vector", "kWh")}


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("E - E_std", "kWh"),
        ("(E - E_std)/E_std", "1"),
        ("U*I", "W"),
        ("V0*(1 + beta*(t - 20))", "L"),
        ("n/C", "kWh"),
        ("mean(r)", "kWh"),
        ("stdev(r)*2.33", "kWh"),
        ("sqrt(p*p)", "MPa"),
        ("max(E, 0.5)", "kWh"),
        ("round_to(p, 0.01)", "MPa"),
        ("E if t > 20 else E_std", "kWh"),
        ("exp(-beta*t)", "1"),
        ("cos(phi)", "1"),
        ("ratio**2", "1"),
        ("h**2/h", "mm"),
        ("0.5*gamma + 1", "%"),
    ],
)
def test_the_unit_that_follows(text, unit):
    expression = compile_expression(text, SYMBOLS)
    assert expression.unit == unit
    assert expression.fits_unit(unit)


@pytest.mark.parametrize(
    ("text", "units", "not_units"),
    [
        ("(E - E_std)/E_std*100", ["%", "1"], ["kWh"]),
        ("100*(E - E_std)/E_std + 0.02", ["%"], ["W"]),
        ("V0 + d*(h - h0)/1000", ["L"], ["mL", "mm"]),
        ("d*(h - h0)", ["mL"], ["L"]),
        ("U*I*time/1000", ["kWh", "Wh"], ["MWh"]),
        ("gamma + (E - E_std)/E_std*100", ["%"], ["1"]),
        ("E*1000", ["Wh", "kWh"], ["MWh"]),
        ("time*60", ["min", "h"], ["s"]),
        ("1.5", ["kWh", "%", "1"], []),
        ("free*E", ["W"], []),
        ("t - 20", ["K", "℃"], ["1"]),
    ],
)
def test_written_factors_may_convert(text, units, not_units):
    expression = compile_expression(text, SYMBOLS)
    assert all(expression.fits_unit(unit) for unit in units)
    assert not any(expression.fits_unit(unit) for unit in not_units)


@pytest.mark.parametrize(
    ("text", "column", "part"),
    [
        ("E + U", 3, "do not go together"),
        ("E <= U", 3, "do not go together"),
        ("V0 + d*(h - h0)", 4, "differ in size"),
        ("gamma + ratio", 7, "differ in size"),
        ("E + U*I", 3, "do not go together"),
        ("max(E, p)", 1, "do not go together"),
        ("E if t > 20 else U", 3, "do not go together"),
        ("V0*(1 + t*(t - 20)) - V0", 21, "do not go together"),
        ("exp(t)", 1, "plain number"),
        ("sin(angle)", 1, "rad"),
        ("ln(E)", 1, "plain number"),
        ("round_to(E, p)", 1, "do not go together"),
        ("0.02*E + 0.01*(t - 20)", 8, "do not go together"),
        ("r + U", 3, "do not go together"),
    ],
)
def test_a_clash_is_refused_with_its_column(text, column, part):
    with pytest.raises(ExpressionError, match=part) as caught:
        compile_expression(text, SYMBOLS)
    assert caught.value.column == column


def test_a_unit_that_cannot_be_read_names_its_quantity():
    with pytest.raises(ExpressionError, match="“x”"):
        compile_expression("x + 1", {"x": Symbol("x", "scalar", "k//W")})


@pytest.mark.parametrize(
    ("one", "same"),
    [
        ("kWh", "kW·h"),
        ("V*A", "W"),
        ("m/s^2", "m·s⁻²"),
        ("m/s2", "m*s-2"),
        ("℃", "°C"),
        ("℃", "K"),
        ("Ω", "V/A"),
        ("kΩ", "k\u2126"),
        ("mL", "cm^3"),
        ("kPa", "N/m2/‰"),
        ("(V*A)/s", "W/s"),
        ("1/℃", "K^-1"),
        ("l", "L"),
        ("μm", "um"),
        ("MPa", "N/mm^2"),
    ],
)
def test_units_written_differently_are_equal(one, same):
    assert parse_unit(one) == parse_unit(same)


@pytest.mark.parametrize(("one", "other"), [("L", "mL"), ("%", "1"), ("kWh", "kW"), ("bar", "MPa"), ("imp", "div")])
def test_units_that_differ(one, other):
    assert parse_unit(one) != parse_unit(other)


@pytest.mark.parametrize("text", ["", "  ", "m//s", "/s", "m*", "(m", "m)", "m^x", "2m", "m;s", "m" * 100, "()"])
def test_units_that_cannot_be_read(text):
    with pytest.raises(UnitError):
        parse_unit(text)


names = st.sampled_from(["m", "kg", "kWh", "mL", "%", "℃", "V", "imp", "min", "Pa"])
products = st.lists(st.tuples(names, st.integers(-3, 3).filter(bool)), min_size=1, max_size=4)


@given(products)
def test_a_unit_times_its_inverse_is_one(factors):
    unit = parse_unit("*".join(f"{name}^{power}" for name, power in factors))
    inverse = parse_unit("*".join(f"{name}^{-power}" for name, power in factors))
    assert unit * inverse == parse_unit("1")
    assert (unit**2) ** 3 == unit**6


@given(products)
def test_a_printed_unit_names_the_same_dimension(factors):
    unit = parse_unit("*".join(f"{name}^{power}" for name, power in factors))
    printed = str(unit)
    assert printed
    if "(" not in printed:
        assert parse_unit(printed) == unit

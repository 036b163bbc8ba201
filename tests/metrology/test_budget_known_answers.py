"""Published uncertainty evaluations, entered as budget files: GUM annex H, EA-4/02, JCGM 101 clause 9, NIST, NPL."""

from decimal import Decimal

import pytest

from lims.metrology.budget import evaluate, load_budget

D = Decimal

H1_OUTPUT = {"l": "ls + d - ls*(da*(theta + delta) + alpha*dt)"}
H1_COMPARATOR = {
    "d1": {"value": "215", "u": "5.813776741499452", "dof": "24"},  # 13/√5
    "d2": {"value": "0", "u": "3.9", "dof": "5"},
    "d3": {"value": "0", "u": "6.7", "dof": "8"},
}
H1_REST = {
    "alpha": {"value": "11.5e-6", "half_width": "2e-6", "distribution": "rectangular"},
    "da": {"value": "0", "half_width": "1e-6", "distribution": "rectangular", "dof": "50"},
    "dt": {"value": "0", "half_width": "0.05", "distribution": "rectangular", "dof": "2"},
    "theta": {"value": "-0.1", "u": "0.2"},
    "delta": {"value": "0", "half_width": "0.5", "distribution": "arcsine"},
}
LS = {"ls": {"value": "50000623", "U": "75", "k": "3", "dof": "18", "unit": "nm"}}


@pytest.fixture
def end_gauge(budget_text):
    def written(**top):
        inputs = {
            **LS,
            "d1": {"value": "215", "u": "5.8", "dof": "24"},
            "d2": H1_COMPARATOR["d2"],
            "d3": H1_COMPARATOR["d3"],
            **H1_REST,
        }
        output = {"l": H1_OUTPUT["l"].replace("+ d ", "+ d1 + d2 + d3 ")}
        return load_budget(budget_text(output, inputs, probability='"0.99"', **top))

    return written


def test_end_gauge(end_gauge):
    """GUM H.1: l = 50.000 838 mm, u = 32 nm, ν = 16, t99 = 2.92, U99 = 93 nm (from the rounded 32 nm)."""
    found = evaluate(end_gauge()).outputs["l"]
    assert found.value == 50000838
    assert found.u.quantize(D("1e-6")) == D("31.663879")
    assert found.dof.quantize(D("1e-6")) == D("16.751856")
    assert found.k.quantize(D("0.01")) == D("2.92")
    assert (round(found.k, 2) * round(found.u)).quantize(D(1)) == 93
    assert found.unit == "nm"
    lines = {line.input: line for line in found.contributions}
    assert lines["ls"].u == 25
    assert lines["da"].contribution.quantize(D("0.1")) == D("2.9")
    assert lines["dt"].contribution.quantize(D("0.1")) == D("16.6")
    assert lines["alpha"].contribution == lines["theta"].contribution == 0


def test_end_gauge_comparator_alone(budget_text):
    """GUM H.1.3.2: u(d) = 9.7 nm with ν = 25.6 from rounded numbers; GTC's own test has 25.4472507774 unrounded."""
    inputs = {"d1": {"value": "215", "u": "5.8", "dof": "24"}, "d2": H1_COMPARATOR["d2"], "d3": H1_COMPARATOR["d3"]}
    found = evaluate(load_budget(budget_text({"d": "d1 + d2 + d3"}, inputs))).outputs["d"]
    assert found.u.quantize(D("1e-6")) == D("9.681942")
    assert found.dof.quantize(D("1e-9")) == D("25.447250777")


def test_end_gauge_with_second_order_terms(end_gauge):
    """GUM H.1.7: the terms 11.7 nm and 1.7 nm bring u to 34 nm."""
    found = evaluate(end_gauge(second_order="true")).outputs["l"]
    assert found.u.quantize(D("0.01")) == D("33.81")


def test_end_gauge_reported_by_the_always_up_rule_is_93_nm(end_gauge):
    assert evaluate(end_gauge(rounding='"up"')).as_json()["outputs"]["l"]["reported"] == "50000838 ± 93"
    assert evaluate(end_gauge()).as_json()["outputs"]["l"]["reported"] == "50000838 ± 92"


# GUM table H.2: five simultaneous observations
H2 = {
    "V": {"unit": "V", "readings": ["5.007", "4.994", "5.005", "4.990", "4.999"]},
    "I": {"unit": "A", "readings": ["19.663e-3", "19.639e-3", "19.640e-3", "19.685e-3", "19.678e-3"]},
    "phi": {"unit": "rad", "readings": ["1.0456", "1.0438", "1.0468", "1.0428", "1.0433"]},
}
IMPEDANCE = {"R": "V/I*cos(phi)", "X": "V/I*sin(phi)", "Z": "V/I"}


def test_resistance_and_reactance_measured_together(budget_text):
    """GUM H.2: R 127.732(71), X 219.847(296), Z 254.260(236) Ω; r −0.588, −0.485, 0.993; digits as GTC computes."""
    text = budget_text(IMPEDANCE, H2, together=[["V", "I", "phi"]])
    result = evaluate(load_budget(text))
    expected = {
        "R": ("127.732169928", "0.071071407"),
        "X": ("219.846511913", "0.295581677"),
        "Z": ("254.259701948", "0.236336130"),
    }
    for name, (value, u) in expected.items():
        output = result.outputs[name]
        assert output.value.quantize(D("1e-9")) == D(value)
        assert output.u.quantize(D("1e-9")) == D(u)
        assert abs(output.dof - 4) < D("1e-25")
        assert output.k.quantize(D("0.01")) == D("2.78")
    correlations = {pair: r.quantize(D("1e-6")) for pair, r in result.correlations.items()}
    assert correlations == {
        ("R", "X"): D("-0.588430"),
        ("R", "Z"): D("-0.485259"),
        ("X", "Z"): D("0.992512"),
    }
    assert result.outputs["Z"].unit == "ohm"
    assert result.as_json()["correlations"].keys() == {"R,X", "R,Z", "X,Z"}


def test_resistance_from_printed_means_and_correlations(budget_text):
    """GUM H.2 from the rounded means, uncertainties and correlations of table H.2: the same to the printed digits."""
    inputs = {
        "V": {"value": "4.9990", "u": "0.0032", "dof": "4"},
        "I": {"value": "19.6610e-3", "u": "0.0095e-3", "dof": "4"},
        "phi": {"value": "1.04446", "u": "0.00075", "dof": "4"},
    }
    given = [("V", "I", "-0.36"), ("V", "phi", "0.86"), ("I", "phi", "-0.65")]
    found = evaluate(load_budget(budget_text(IMPEDANCE, inputs, correlation=given))).outputs["R"]
    assert found.value.quantize(D("0.001")) == D("127.732")
    assert found.u.quantize(D("0.001")) == D("0.070")
    assert abs(found.dof - 4) < D("1e-25")


def test_thermometer_correction_from_the_fitted_line(budget_text):
    """GUM H.3.4: b(30 °C) = y1 + 10·y2 = −0.1494 °C, u = 0.0041 °C, ν = 9 with r(y1, y2) = −0.930."""
    inputs = {
        "y1": {"value": "-0.171203790", "u": "0.002877598", "dof": "9"},
        "y2": {"value": "0.002182698", "u": "0.000667939", "dof": "9"},
    }
    text = budget_text({"b": "y1 + y2*(30 - 20)"}, inputs, correlation=[("y1", "y2", "-0.930429603")])
    found = evaluate(load_budget(text)).outputs["b"]
    assert found.value.quantize(D("0.0001")) == D("-0.1494")
    assert found.u.quantize(D("1e-7")) == D("0.0041386")
    assert abs(found.dof - 9) < D("1e-25")


def test_ten_kilogram_weight(budget_text):
    """EA-4/02 S2: 10 000.025 g, u = 29.3 mg, U = 59 mg at k = 2; 29.262 mg before rounding."""
    inputs = {
        "mS": {"value": "10000005", "U": "45", "k": "2", "unit": "mg"},
        "drift": {"value": "0", "half_width": "15", "distribution": "rectangular", "unit": "mg"},
        "dm": {"readings": ["20", "20", "20"], "s": "25", "unit": "mg"},
        "mC": {"value": "0", "half_width": "10", "distribution": "rectangular", "unit": "mg"},
        "B": {"value": "0", "half_width": "10", "distribution": "rectangular", "unit": "mg"},
    }
    result = evaluate(load_budget(budget_text({"mX": "mS + drift + dm + mC + B"}, inputs, k='"2"')))
    found = result.outputs["mX"]
    assert found.value == 10000025
    assert found.u.quantize(D("0.001")) == D("29.262")
    assert result.as_json()["outputs"]["mX"]["reported"] == "10000025 ± 59"
    assert found.dof == D("Infinity")


def test_fifty_millimetre_gauge_block(budget_text):
    """EA-4/02 S4: 49.999 926 mm, u = 36.4 nm, U = 73 nm at k = 2."""
    inputs = {
        "lS": {"value": "50000020", "U": "30", "k": "2"},
        "drift": {"value": "0", "half_width": "30", "distribution": "rectangular"},
        "dl": {"readings": ["-94"] * 5, "s": "12"},
        "lC": {"value": "0", "half_width": "32", "distribution": "rectangular"},
        "dt": {"value": "0", "half_width": "0.05", "distribution": "rectangular"},
        "dadt": {"value": "0", "u": "0.236e-6"},
        "lV": {"value": "0", "half_width": "6.7", "distribution": "rectangular"},
    }
    model = "lS + drift + dl + lC - 50000000*(11.5e-6*dt + dadt) - lV"
    result = evaluate(load_budget(budget_text({"lX": model}, inputs, k='"2"')))
    found = result.outputs["lX"]
    assert found.value == 49999926
    assert found.u.quantize(D("0.1")) == D("36.4")
    assert result.as_json()["outputs"]["lX"]["reported"] == "49999926 ± 73"


MASS = {
    "mRc": {"value": "100000.000", "u": "0.050", "unit": "mg"},
    "dm": {"value": "1.234", "u": "0.020", "unit": "mg"},
    "pa": {"value": "1.20", "half_width": "0.10", "distribution": "rectangular"},
    "pW": {"value": "8000", "half_width": "1000", "distribution": "rectangular"},
    "pR": {"value": "8000", "half_width": "50", "distribution": "rectangular"},
}
MASS_MODEL = {"d": "(mRc + dm)*(1 + (pa - 1.2)*(1/pW - 1/pR)) - 100000"}


@pytest.mark.parametrize(
    ("second_order", "u", "half"),
    [("false", "0.053852", "0.1055"), ("true", "0.074963", "0.1469")],
)
def test_mass_calibration_first_and_second_order(budget_text, second_order, u, half):
    """JCGM 101 9.3, table 6: GUF1 u = 0.0539, [1.1285, 1.3395]; GUF2 u = 0.0750, [1.0870, 1.3810]."""
    text = budget_text(MASS_MODEL, MASS, second_order=second_order)
    found = evaluate(load_budget(text)).outputs["d"]
    assert found.value.quantize(D("0.0001")) == D("1.2340")
    assert found.u.quantize(D("1e-6")) == D(u)
    assert found.expanded.quantize(D("0.0001")) == D(half)


@pytest.mark.parametrize(
    ("x1", "r", "value", "u"),
    [
        ("0.010", "0", "0.000100", "0.000100"),
        ("0.050", "0", "0.002500", "0.000500"),
        ("0.010", "0.9", "0.000100", "0.000100"),
    ],
)
def test_comparison_loss_first_order(budget_text, x1, r, value, u):
    """JCGM 101 9.4, tables 7 and 8, first order: 100(100) and 2500(500) in 10⁻⁶."""
    inputs = {"x1": {"value": x1, "u": "0.005"}, "x2": {"value": "0", "u": "0.005"}}
    found = evaluate(load_budget(budget_text({"y": "x1**2 + x2**2"}, inputs, correlation=[("x1", "x2", r)])))
    assert found.outputs["y"].value == D(value)
    assert found.outputs["y"].u == D(u)


@pytest.mark.parametrize(("x1", "u"), [("0", "0.00005"), ("0.010", "0.000112"), ("0.050", "0.000502")])
def test_comparison_loss_second_order(budget_text, x1, u):
    """JCGM 101 9.4.2.2: with higher-order terms u = 50, 112 and 502 in 10⁻⁶."""
    inputs = {"x1": {"value": x1, "u": "0.005"}, "x2": {"value": "0", "u": "0.005"}}
    text = budget_text({"y": "x1**2 + x2**2"}, inputs, second_order="true")
    assert evaluate(load_budget(text)).outputs["y"].u.quantize(D("1e-6")) == D(u)


def test_gauge_block_of_jcgm_101(budget_text):
    """JCGM 101 9.5: 838 nm, u = 32 nm, 99 % [745, 931] by the GUM framework."""
    inputs = {
        "Ls": {"value": "50000623", "u": "25", "dof": "18"},
        "D": {"value": "215", "u": "6", "dof": "24"},
        "d1": {"value": "0", "u": "4", "dof": "5"},
        "d2": {"value": "0", "u": "7", "dof": "8"},
        **{name: H1_REST[name] for name in ("alpha", "theta", "delta", "da", "dt")},
    }
    model = "Ls + D + d1 + d2 - Ls*(da*(theta + delta) + alpha*dt) - 50000000"
    found = evaluate(load_budget(budget_text({"dL": model}, inputs, probability='"0.99"'))).outputs["dL"]
    assert found.value == 838
    assert found.u.quantize(D(1)) == 32
    assert abs(838 - found.expanded - 745) <= 1
    assert abs(838 + found.expanded - 931) <= 1


def test_thermal_expansion(budget_text):
    """NIST Uncertainty Machine example 13: 1.7266e-5 per kelvin, u = 1.76e-6 (linear)."""
    inputs = {
        "L0": {"value": "1.4999", "u": "0.0001", "dof": "3"},
        "T0": {"value": "288.15", "u": "0.02", "dof": "3"},
        "L1": {"value": "1.5021", "u": "0.0002", "dof": "3"},
        "T1": {"value": "373.10", "u": "0.05", "dof": "3"},
    }
    found = evaluate(load_budget(budget_text({"A": "(L1 - L0)/(L0*(T1 - T0))"}, inputs))).outputs["A"]
    assert found.value.quantize(D("1e-9")) == D("1.7266e-5").quantize(D("1e-9"))
    assert found.u.quantize(D("1e-8")) == D("1.76e-6")


def test_logarithm_near_its_pole(budget_text):
    """NPL DEM-ES-011 9.2: y = ln x, x rectangular on 0.1…1.1; the GUM framework says −0.511, u = 0.481."""
    inputs = {"x": {"value": "0.6", "half_width": "0.5", "distribution": "rectangular"}}
    found = evaluate(load_budget(budget_text({"y": "ln(x)"}, inputs))).outputs["y"]
    assert found.value.quantize(D("0.001")) == D("-0.511")
    assert found.u.quantize(D("0.001")) == D("0.481")


@pytest.mark.parametrize(
    ("distribution", "extra", "u"),
    [
        ("rectangular", {}, "0.577350"),
        ("triangular", {}, "0.408248"),
        ("arcsine", {}, "0.707107"),
        ("normal", {}, "0.333333"),
        ("normal", {"k": "2"}, "0.500000"),
        ("trapezoidal", {"beta": "0"}, "0.408248"),
        ("trapezoidal", {"beta": "1"}, "0.577350"),
        ("trapezoidal", {"beta": "0.5"}, "0.456435"),
        ("curvilinear_trapezoidal", {"tolerance": "0.3"}, "0.585947"),
    ],
)
def test_divisors_of_limits(budget_text, distribution, extra, u):
    """JJF 1059.1-2012 table 3 (√3, √6, √2, 3, √(6/(1+β²))) and JCGM 101 6.4.3.4 (a²/3 + d²/9)."""
    inputs = {"x": {"value": "0", "half_width": "1", "distribution": distribution, **extra}}
    found = evaluate(load_budget(budget_text({"y": "x"}, inputs))).outputs["y"]
    assert found.u.quantize(D("1e-6")) == D(u)

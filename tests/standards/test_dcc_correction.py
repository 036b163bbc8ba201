"""A digital certificate of another laboratory feeds a calculation: its errors, taken over as corrections, enter the error found."""

from datetime import date
from decimal import Decimal

import pytest

from standards import services
from standards.dcc import read_dcc, suggestions
from standards.procedures import evaluate, load_pack
from standards.selectors.snapshots import certified_for
from tests.procedures.test_corrections import PACK
from tests.standards.laboratory import register_meter
from tests.standards.test_dcc_import import SAME
from tests.standards.test_dcc_reading import EXAMPLE


@pytest.fixture
def thermometer(people):
    """The thermometer of PTB's example gp_temperature (simplified, v12), its certificate imported and confirmed."""
    device = register_meter(people, **SAME)
    draft = services.import_dcc(device, EXAMPLE, suggestions(read_dcc(EXAMPLE)), by=people.technician)
    services.confirm_certificate(by=people.quality_manager, certificate=draft)
    return device


def found(thermometer, t, x, day=date(1958, 1, 1)):
    """A record of a thermometer that shows x while the certified one shows t: error = x − (t + b)."""
    pack = load_pack(PACK)
    _, corrections = certified_for(pack, day, {"reference": [thermometer]}, {})
    rows = [{"point": "p1", "readings": {"t": t, "x": x}}]
    data = {"kind": "initial", "corrections": corrections, "items": {"one": {"rows": rows}}}
    return evaluate(pack, data)


@pytest.mark.parametrize(
    ("t", "x", "correction", "error", "between"),
    [
        # The certificate says: at an indication of 100.06 ℃ an error of 0.089 K, so 100.00 − (100.06 − 0.089) = 0.029.
        ("100.06", "100.00", "-0.089", "0.029", []),
        # Half way between the indications 100.06 ℃ and 175.21 ℃: −(0.089 + 0.107) / 2; 137.600 − (137.635 − 0.098) = 0.063.
        ("137.635", "137.600", "-0.098", "0.063", ["100.06", "175.21"]),
        # At 250.16 ℃ the error is −0.009 K: 250.16 − (250.16 + 0.009) = −0.009.
        ("250.16", "250.16", "0.009", "-0.009", []),
    ],
)
def test_the_errors_of_the_ptb_example_correct_the_thermometer_that_was_calibrated(
    thermometer, t, x, correction, error, between
):
    row = found(thermometer, t, x).items["one"].rows[0]
    (used,) = row.corrections
    assert (used.value, list(used.between)) == (Decimal(correction), between)
    assert row.columns["err"].value == Decimal(error)
    assert (used.certified.certificate, used.expanded, used.k) == (
        "GP_DCC_temperature_minimal_1.2",
        Decimal("0.061"),
        2,
    )
    # u = sqrt(0.03² + (0.061 / 2)²) = sqrt(0.00183025) = 0.042781…, U = 0.086 with two digits
    assert row.uncertainty[0]["reported"] == "0.086" and row.uncertainty[0]["u"].startswith("0.042781")


def test_beyond_its_points_and_before_its_day_it_says_nothing(thermometer):
    hot = found(thermometer, "320", "320")
    assert "outside the range 33.17～319.92 ℃" in hot.missing[0].text.en and hot.conclusion == "incomplete"
    early = found(thermometer, "100.06", "100", day=date(1957, 8, 12))
    assert "no certificate in effect" in early.missing[0].text.en

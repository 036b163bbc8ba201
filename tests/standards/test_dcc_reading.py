"""Digital calibration certificates of others: what is read from them, and that nothing hostile gets further than a sentence.

Known answers: the good-practice example "GP_DCC_temperature_simplified_1.2" of the Physikalisch-Technische Bundesanstalt
(DCC 3.1.1, LGPL 3, in tests/standards/ptb), written out here by hand from the places named.
"""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.dcc import units as written
from lims.core.text import DataError
from lims.metrology.units import parse_unit
from standards.dcc import Choice, read_dcc, rows_of, suggestions
from standards.dcc.choosing import negated
from standards.dcc.units import our_name

EXAMPLE = (Path(__file__).parent / "ptb" / "dcc_gp_temperature_simplified_v12.xml").read_bytes()
TABLE = "/dcc:digitalCalibrationCertificate/dcc:measurementResults/dcc:measurementResult/dcc:results/dcc:result/dcc:data/dcc:list"
REFERENCE, INDICATED, ERROR = (f"{TABLE}/dcc:quantity[{place}]" for place in (1, 2, 3))

SHELL = """<dcc:digitalCalibrationCertificate xmlns:dcc="https://ptb.de/dcc" xmlns:si="https://ptb.de/si" schemaVersion="{version}">
<dcc:administrativeData><dcc:coreData><dcc:uniqueIdentifier>X-1</dcc:uniqueIdentifier></dcc:coreData><dcc:items><dcc:item/></dcc:items></dcc:administrativeData>
<dcc:measurementResults><dcc:measurementResult><dcc:results><dcc:result><dcc:data>{data}</dcc:data></dcc:result></dcc:results>
</dcc:measurementResult></dcc:measurementResults></dcc:digitalCalibrationCertificate>"""


def dcc(data: str, version: str = "3.2.1") -> bytes:
    return SHELL.format(data=data, version=version).encode()


def quantity(inside: str, **attributes: str) -> str:
    given = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f"<dcc:quantity{given}>{inside}</dcc:quantity>"


def listed(values: str, unit: str = r"\kelvin", more: str = "") -> str:
    return (
        f"<si:realListXMLList><si:valueXMLList>{values}</si:valueXMLList><si:unitXMLList>{unit}</si:unitXMLList>{more}"
        "</si:realListXMLList>"
    )


def only(data: bytes):
    """The one series of a file with one quantity."""
    (found,) = read_dcc(data).quantities
    return found.series[0]


def test_the_example_says_whose_it_is_and_when_it_was_calibrated():
    report = read_dcc(EXAMPLE)
    # administrativeData/coreData/uniqueIdentifier, endPerformanceDate; statements[2]/date; calibrationLaboratory/contact/name
    assert (report.number, report.ended) == ("GP_DCC_temperature_minimal_1.2", date(1957, 8, 13))
    assert (report.recalibrate, report.conformity) == (date(1959, 10, 22), "pass")
    assert report.laboratory == "Kalibrierfirma GmbH"
    # administrativeData/items/item
    assert (report.manufacturer, report.model, report.serial) == ("String", "String", "string-manufacturer-item")
    assert report.item.en == "Temperature sensor"
    # measurementResult/measuringEquipments/measuringEquipment
    (used,) = report.equipment
    assert used.name.en == "Pt 100 thermometer"
    assert used.identifications[0].value == "string-manufacturer-measuringEquipment-1"
    assert report.signature.state == "unsigned" and report.notes == ()
    assert report.valid is None and "3.1.1" in report.schema.en


def test_the_example_table_is_read_with_every_digit_in_both_units():
    report = read_dcc(EXAMPLE)
    assert [one.path for one in report.quantities] == [REFERENCE, INDICATED, ERROR]
    reference, indicated, error = report.quantities
    # quantity[1]/si:hybrid/si:realListXMLList[1] and [2]
    assert [(one.unit, one.values) for one in reference.series] == [
        ("K", ("306.248", "373.121", "448.253", "523.319", "593.154")),
        ("℃", ("33.098", "99.971", "175.103", "250.169", "320.004")),
    ]
    # quantity[2]/si:hybrid
    assert [(one.unit, one.values) for one in indicated.series] == [
        ("K", ("306.32", "373.21", "448.36", "523.31", "593.07")),
        ("℃", ("33.17", "100.06", "175.21", "250.16", "319.92")),
    ]
    # quantity[3]/si:realListXMLList with one U, k and probability for the whole list
    (series,) = error.series
    assert (series.unit, series.values) == ("K", ("0.072", "0.089", "0.107", "-0.009", "-0.084"))
    assert set(series.expanded) == {"0.061"} and set(series.factors) == {"2"} and set(series.probabilities) == {"0.95"}
    assert len(series.expanded) == 5
    # influenceConditions: 293 K to 299 K, relative humidity 0.20 to 0.70
    assert [one.series[0].values[0] for one in report.conditions] == ["293", "299", "0.20", "0.70"]


def test_an_error_becomes_a_correction_with_the_other_sign_at_the_indicated_value():
    report = read_dcc(EXAMPLE)
    (choice,) = suggestions(report)
    assert (choice.quantity, choice.points, choice.points_series, choice.negated) == (ERROR, INDICATED, 1, True)
    rows = rows_of(report, choice)
    assert [(row["at"], row["at_unit"], row["value"], row["unit"]) for row in rows] == [
        ("33.17", "℃", "-0.072", "K"),
        ("100.06", "℃", "-0.089", "K"),
        ("175.21", "℃", "-0.107", "K"),
        ("250.16", "℃", "0.009", "K"),
        ("319.92", "℃", "0.084", "K"),
    ]
    assert {(row["expanded_uncertainty"], row["uncertainty_unit"], row["k"]) for row in rows} == {("0.061", "K", "2")}
    assert rows[0]["source"].endswith("dcc:quantity[3]/si:realListXMLList")


@given(st.decimals(-1000, 1000, places=3))
def test_a_changed_sign_keeps_every_digit(number):
    digits = f"{number:f}"
    assert Decimal(negated(digits)) == -number
    assert negated(digits).lstrip("-") == digits.lstrip("-") and "-0.000" not in negated("0.000")


@pytest.mark.parametrize(
    ("inside", "unit", "values", "expanded", "factors"),
    [
        # D-SI 1.3: si:expandedUnc
        (
            r"<si:real><si:value>10.10</si:value><si:unit>\volt</si:unit><si:expandedUnc><si:uncertainty>0.02</si:uncertainty>"
            "<si:coverageFactor>2.0</si:coverageFactor><si:coverageProbability>0.95</si:coverageProbability></si:expandedUnc></si:real>",
            "V", ("10.10",), ("0.02",), ("2.0",),
        ),
        # D-SI 2: si:measurementUncertaintyUnivariate
        (
            r"<si:real><si:value>1e3</si:value><si:unit>\milli\volt</si:unit><si:measurementUncertaintyUnivariate><si:expandedMU>"
            "<si:valueExpandedMU>3</si:valueExpandedMU><si:coverageFactor>2</si:coverageFactor>"
            "<si:coverageProbability>0.95</si:coverageProbability></si:expandedMU></si:measurementUncertaintyUnivariate></si:real>",
            "mV", ("1e3",), ("3",), ("2",),
        ),
        # A standard uncertainty is an expanded one with k = 1.
        (
            r"<si:real><si:value>1</si:value><si:unit>\one</si:unit><si:measurementUncertaintyUnivariate><si:standardMU>"
            "<si:valueStandardMU>0.5</si:valueStandardMU></si:standardMU></si:measurementUncertaintyUnivariate></si:real>",
            "1", ("1",), ("0.5",), ("1",),
        ),
        # DCC 2: a list with one element per number, a unit and an uncertainty of the whole list
        (
            r"<si:list><si:listUnit>\metre\per\second</si:listUnit><si:listUnivariateUnc><si:expandedUnc>"
            "<si:uncertainty>0.1</si:uncertainty><si:coverageFactor>2</si:coverageFactor><si:coverageProbability>0.95"
            "</si:coverageProbability></si:expandedUnc></si:listUnivariateUnc><si:real><si:value>1.0</si:value></si:real>"
            "<si:real><si:value>2.0</si:value></si:real></si:list>",
            "m/s", ("1.0", "2.0"), ("0.1", "0.1"), ("2", "2"),
        ),
        # An absent number of a list is NaN.
        (listed("1 NaN 3"), "K", ("1", "", "3"), (), ()),
    ],
)  # fmt: skip
def test_old_and_new_ways_of_writing_numbers_and_uncertainties(inside, unit, values, expanded, factors):
    series = only(dcc(quantity(inside)))
    assert series.notes == ()
    assert (series.unit, series.values, series.expanded, series.factors) == (unit, values, expanded, factors)


UNCERTAIN = (
    "<si:expandedUncXMLList><si:uncertaintyXMLList>{}</si:uncertaintyXMLList><si:coverageFactorXMLList>2"
    "</si:coverageFactorXMLList><si:coverageProbabilityXMLList>0.95</si:coverageProbabilityXMLList></si:expandedUncXMLList>"
)


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (listed("1 2 3", more=UNCERTAIN.format("0.1 0.2")), "3 values and 2"),
        (listed("1 2", unit=r"\kelvin \kelvin \kelvin"), "2 values and 3 units"),
        (listed("1 2", unit=r"\kelvin \volt"), "units differ"),
        (listed("1,5 2"), "decimal comma"),
        (listed("1 abc"), "not a decimal number"),
        (listed("1 INF"), "not a decimal number"),
        (listed("1 " + "9" * 60), "not a decimal number"),
        (listed(""), "no values"),
        (listed("1 2", unit=""), "no unit"),
        (listed("1 2", unit=r"\furlong"), "not known"),
        (listed("1", more="<si:coverageIntervalXMLList/>"), "not read yet"),
        (r"<si:complex><si:valueReal>1</si:valueReal></si:complex>", "not read yet"),
        (f"<si:hybrid>{listed('1 2')}{listed('1', unit=chr(92) + 'degreecelsius')}</si:hybrid>", "same number of values"),
        (listed("1") + "<dcc:relativeUncertainty/>", "relative"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_named_with_its_path_and_not_used(inside, said):
    data = dcc(quantity(inside))
    report = read_dcc(data)
    note = next(one for one in report.notes if said in one.text.en)
    assert note.path.startswith("/dcc:digitalCalibrationCertificate/dcc:measurementResults/") and note.text.zh
    assert not report.quantities[0].series[0].usable
    with pytest.raises(DataError) as refused:
        rows_of(report, Choice("correction", report.quantities[0].path))
    assert refused.value.path


def test_an_id_that_stands_twice_is_named():
    data = dcc(quantity(listed("1"), id="a") + quantity(listed("2"), id="a"))
    assert [one.path for one in read_dcc(data).notes] == ["//*[@id='a']"]


LAUGHS = b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n", "not readable XML"),
        (b"%PDF-1.7", "not readable XML"),
        (b"<dcc", "not readable XML"),
        (LAUGHS + b"<x>&b;</x>", "document type"),
        (b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "document type"),
        (b"\xef\xbb\xbf <x/>", "not a digital calibration certificate"),
        (b'<x xmlns="https://ptb.de/dcc"/>', "not a digital calibration certificate"),
        (EXAMPLE.decode().encode("utf-16"), "UTF-8"),
        (b'<?xml version="1.0" encoding="utf-8"?><x>\xff\xfe</x>', "not readable XML"),
        (b'<?xml version="1.0" encoding="no-such-code"?><x/>', "not readable XML"),
        (b"<a>" * 5000 + b"</a>" * 5000, "not readable XML"),
        (dcc("", version="4.0.0"), "not supported"),
        (dcc("", version=""), "not supported"),
    ],
)
def test_what_is_no_dcc_is_refused_with_one_sentence(data, said):
    with pytest.raises(DataError) as refused:
        read_dcc(data)
    assert said in refused.value.text.en and refused.value.text.zh


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_read():
    with pytest.raises(DataError, match="10 MB"):
        read_dcc(b" " * (50 * 1024 * 1024))


@settings(max_examples=150)
@given(st.integers(0, len(EXAMPLE) - 1), st.integers(0, 400), st.binary(max_size=12))
def test_a_damaged_file_gives_a_report_or_a_sentence_and_never_anything_else(start, length, instead):
    data = EXAMPLE[:start] + instead + EXAMPLE[start + length :]
    try:
        report = read_dcc(data)
    except DataError as refused:
        assert refused.text.zh and refused.text.en
    else:
        for choice in suggestions(report):
            assert all(Decimal(row["value"]).is_finite() for row in rows_of(report, choice))


def test_every_unit_that_our_own_certificates_are_written_with_is_read_back_as_the_same_unit():
    for ours, spelled in written._SI.items():
        found = our_name(spelled)
        assert found is not None, spelled
        wanted = {"": "1", "imp": "1", "%RH": "%", "imp/kWh": "1/kWh"}.get(ours, ours)
        assert parse_unit(found) == parse_unit(wanted), spelled


@pytest.mark.parametrize(
    ("spelled", "found"),
    [
        (r"\metre\tothe{3}\per\hour", "m³/h"),
        (r"\kilo\watt\hour", "kWh"),
        (r"\newton\metre", "N·m"),
        (r"\micro\metre\per\metre", "µm/m"),
        (r"\watt\per\metre\tothe{2}\kelvin", "W/(m²·K)"),
        (r"\one\per\kilo\watt\hour", "1/kWh"),
        (r"\watt\per\metre\per\kelvin", None),
        (r"\metre\tothe", None),
        (r"\per\second", None),
        (r"\kilo\kilo\gram", None),
        (r"\kilo\degreecelsius", None),
        (r"\kilo", None),
        (r"metre", None),
        (r"\metre \second", None),
        ("", None),
    ],
)
def test_a_unit_is_known_in_all_its_parts_or_not_at_all(spelled, found):
    assert our_name(spelled) == found

"""Lines as the makers print them in their manuals, read through the shipped profiles."""

import pytest

from devices.profiles import load_profile, shipped_profile
from devices.profiles.decode import exchange, readings, serial_number

# Line, value, quality. Digits and unit stand in the reading only when the instrument gives them.
BALANCES = {
    # MT-SICS reference manual, level 0.
    "balance-mtsics": [
        ("S S      1.2340 g", "1.2340", "ok"),
        ("S D    -10.0100 g", "-10.0100", "unstable"),
        ("S S    -10.0100 g", "-10.0100", "out_of_range"),
        ("S S      1.2340 kg", "", "unit_mismatch"),
        ("S S      1.234 g", "", "bad_frame"),
        ("S I", "", "busy"),
        ("S +", "", "overload"),
        ("S -", "", "underload"),
        ("ES", "", "device_error"),
        ("EL", "", "device_error"),
        ("T S     10.0100 g", "", "bad_frame"),
    ],
    # A&D EK-L manual 9-2 and GX-A/GF-A communication manual 7-2; the overload line as seen on an instrument.
    "balance-and": [
        ("ST,+00012.3456  g", "12.3456", "ok"),
        ("US,+00012.3456  g", "12.3456", "unstable"),
        ("ST,-00000.0012  g", "-0.0012", "ok"),
        ("ST,+001234.5  g", "", "bad_frame"),  # one decimal: not the balance of this profile
        ("ST,+0012.3456 kg", "", "unit_mismatch"),
        ("QT,+00012345 PC", "", "bad_frame"),
        ("OL,+9999999E+19", "", "overload"),
        ("OL,+999999.9  g", "", "overload"),
        ("OL,-9999999E+19", "", "underload"),
        ("EC,E01", "", "device_error"),
    ],
    # Sartorius Quintix (16 characters), FB and Entris II (22 characters) manuals.
    "balance-sbi": [
        ("+  111.2550 g  ", "111.2550", "ok"),
        ("-    0.1000 g  ", "-0.1000", "ok"),
        ("     0.0000 g  ", "0.0000", "ok"),
        ("+  111.2550    ", "111.2550", "unstable"),  # a balance that moves leaves out the unit
        ("N     +  123.5600 g  ", "123.5600", "ok"),
        ("+  111.2550 kg ", "", "unit_mismatch"),
        ("+  111.255[0]g ", "", "bad_frame"),
        ("      High    ", "", "overload"),
        ("      Low     ", "", "underload"),
        ("      - -     ", "", "busy"),
        ("   Err  53    ", "", "device_error"),
        ("Stat       HH       ", "", "overload"),
        ("Stat     ERR 54     ", "", "device_error"),
        ("Stat  Cal. Ext.     ", "", "busy"),
    ],
    # Ohaus RS232 interface manual, output formats; Defender 3000 manual 5.2.
    "balance-ohaus": [
        ("     192.210 g", "192.210", "ok"),
        ("      12.730 g    ?", "12.730", "unstable"),
        ("       0.010 g ?", "0.010", "unstable"),
        ("-      0.010 g      NET", "-0.010", "ok"),
        ("       0.211 kg", "", "unit_mismatch"),
        ("     192.21 g", "", "bad_frame"),
        ("     176.300 g ? 00:00:15", "", "bad_frame"),
        ("ES", "", "device_error"),
    ],
    # 34401A and ATM3500A manuals: SD.DDDDDDDDESDD; SCPI 1999: 9.9E37 is infinity, 9.91E37 not a number.
    "multimeter-scpi": [
        ("+1.00000120E+01", "10.0000120", "ok"),
        ("-2.50000000E-03", "-0.00250000000", "ok"),
        ("+9.90000000E+37", "", "overload"),
        ("-9.90000000E+37", "", "underload"),
        ("+9.91000000E+37", "", "nan"),
        ("+1.0000012E+01", "", "bad_frame"),  # a digit was lost
        ("+1.00000000E+09", "1000000000", "out_of_range"),
    ],
}  # fmt: skip


def heard(profile, poll, line):
    asking = exchange(profile, poll.question)
    outcome = asking.feed(line.encode() + profile.protocol.terminator) or asking.expire()
    return readings(poll, outcome)


@pytest.mark.parametrize(
    ("identifier", "line", "value", "quality"),
    [(identifier, *row) for identifier, rows in BALANCES.items() for row in rows],
)
def test_a_printed_line_reads_as_its_manual_says(identifier, line, value, quality):
    profile = shipped_profile(identifier)
    (found,) = heard(profile, profile.polls[0], line)
    assert (found.printed, found.quality.value) == (value, quality)
    if quality != "ok":
        assert found.text.zh
        assert found.text.en


@pytest.mark.parametrize(
    ("identifier", "line", "serial"),
    [
        ("balance-mtsics", 'I4 A "1126493049"', "1126493049"),  # MT-SICS reference manual
        ("balance-and", "SN,6A7609446 ", "6A7609446"),  # as seen on an instrument
        ("balance-sbi", "Ser.no.     91205355", "91205355"),
        ("balance-ohaus", "B912345678", "B912345678"),
        ("multimeter-scpi", "MANUFACTURE,INSTR2013,0,01-02", "0"),  # scpi-parser's example
        ("pressure-scpi", ":INST:SN 68795", "68795"),  # PACE manual K0472, 4-27
    ],
)
def test_the_serial_number_is_read_from_its_line(identifier, line, serial):
    profile = shipped_profile(identifier)
    asking = exchange(profile, profile.identity.question)
    answer = asking.feed(line.encode() + profile.protocol.terminator)
    assert serial_number(profile.identity.field, profile.identity.question, answer) == serial


@pytest.mark.parametrize(
    ("poll", "line", "value", "text"),
    [
        ("output", ":OUTP:STAT 0", "0", "Measuring only"),  # PACE manual K0472, 4-32
        ("vent", ":SOUR:PRES:LEV:IMM:AMPL:VENT 0", "0", "Not venting"),  # 4-89
        ("pressure", ":SENS:PRES 998.250", "998.250", ""),
        ("pressure", ":SOUR:PRES:LEV:IMM:AMPL 998.250", "", ""),  # the answer to another question
    ],
)
def test_a_pressure_controllers_header_tells_its_question(poll, line, value, text):
    profile = shipped_profile("pressure-scpi")
    wanted = next(one for one in profile.polls if one.id == poll)
    (found,) = heard(profile, wanted, line)
    assert found.printed == value
    assert not text or found.text.en == text


def test_requests_are_spelt_as_in_the_manuals():
    spelt = {
        "balance-mtsics": [b"SI\r\n", b"I4\r\n"],
        "balance-and": [b"Q\r\n", b"?SN\r\n"],
        "balance-sbi": [b"\x1bP\r\n", b"\x1bx2_\r\n"],
        "balance-ohaus": [b"IP\r\n", b"PSN\r\n"],
        "multimeter-scpi": [b"MEAS:VOLT:DC?\n", b"*IDN?\n"],
    }
    for identifier, requests in spelt.items():
        profile = shipped_profile(identifier)
        questions = profile.polls[0].question, profile.identity.question
        assert [exchange(profile, one).request for one in questions] == requests


def test_the_error_queue_of_scpi_is_read_as_answered():
    """scpi-parser answered `BAD:CMD?` with silence and `SYST:ERR?` with this line."""
    profile = shipped_profile("multimeter-scpi")
    queue = profile.protocol.errors
    asking = exchange(profile, queue.question)
    answer = asking.feed(b'-113,"Undefined header;BAD:CMD?"\r\n')
    assert dict(answer.groups) == {"code": "-113", "text": "Undefined header;BAD:CMD?"}


def test_a_generic_instrument_needs_only_lines_of_its_own():
    """Any terminator, any words, a unit that is scaled, a stability field, a print key instead of a question."""
    profile = load_profile(
        """
        schema = "rig/1"
        id = "gauge"
        revision = "1"
        title = { zh = "表", en = "Gauge" }
        source = "test"
        [transport]
        baud = 4800
        bits = 7
        parity = "O"
        [protocol]
        kind = "line"
        terminator = "CR"
        [[polls]]
        id = "p"
        expect = '^P(?P<n>\\d+)=(?P<v>[+-]?\\d+\\.\\d)(?P<u>bar|psi)(?P<s>[ !])$'
        reject = { '^P\\d+=-----$' = "overload" }
        [[polls.channels]]
        id = "p"
        from = "v"
        quantity = "pressure"
        unit = "bar"
        unit_from = "u"
        resolution = "0.1"
        stable = { group = "s", values = [""] }
        """
    )
    poll = profile.polls[0]
    assert exchange(profile, poll.question).request == b""
    found = {line: heard(profile, poll, line)[0] for line in ("P1=12.5bar ", "P1=12.5bar!", "P1=12.5psi ", "P1=-----")}
    assert [(one.printed, one.quality.value) for one in found.values()] == [
        ("12.5", "ok"),
        ("12.5", "unstable"),
        ("", "unit_mismatch"),
        ("", "overload"),
    ]


@pytest.mark.parametrize(
    ("shown", "value"),
    [("  12.34", "12.34"), ("- 0.34", "-0.34"), ("+12.34 ", "12.34"), ("1 2.34", ""), ("1_2.34", ""), ("12.34-", ""),
     ("1 234.56", ""), ("..", ""), ("nan", ""), ("1e99999", "")],
)  # fmt: skip
def test_a_space_between_digits_is_a_lost_digit(shown, value):
    """A pattern as lax as this one is what a person in a hurry writes."""
    text = (
        shipped_profile("balance-mtsics")
        .text.replace(r"(?P<m>-?\d+\.\d+) ", "(?P<m>.+) ")
        .replace('"0.0001"', '"0.01"')
    )
    poll = load_profile(text).polls[0]
    (reading,) = readings(poll, exchange(load_profile(text), poll.question).feed(f"S S {shown} g\r\n".encode()))
    assert reading.printed == value and (reading.quality.value == "ok") is bool(value)

"""Every number type a Modbus register block carries, in every word order, against answers worked out elsewhere."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import load_profile, shipped_profile
from devices.profiles.decode import readings, serial_number
from devices.protocols.exchange import Answer
from devices.protocols.modbus_rtu import Read, sealed
from devices.protocols.values import ORDERS, WIDTHS, NotANumber, decode, encode

# The plain byte order of each number; the other orders are shuffles of its letters, as libmodbus names them.
PLAIN = {
    ("u16", "131H of the XY-MD02 description, 30.5 ℃ in tenths"): ("0131", "305"),
    ("u16", "the greatest"): ("FFFF", "65535"),
    ("i16", "FF33H of the XY-MD02 description, -20.5 ℃ in tenths"): ("FF33", "-205"),
    ("i16", "the least"): ("8000", "-32768"),
    ("u32", "12345678H, Honeywell HC900 communications guide, double register formats"): ("12345678", "305419896"),
    ("u32", "the greatest"): ("FFFFFFFF", "4294967295"),
    ("i32", "two's complement of 1"): ("FFFFFFFF", "-1"),
    ("i32", "two's complement of 123456"): ("FFFE1DC0", "-123456"),
    ("u64", "10^15 + 1, beyond a double's fifteen digits"): ("00038D7EA4C68001", "1000000000000001"),
    ("u64", "the greatest"): ("FFFFFFFFFFFFFFFF", "18446744073709551615"),
    ("i64", "two's complement of 1"): ("FFFFFFFFFFFFFFFF", "-1"),
    ("f32", "123456.0, libmodbus tests/unit-test.h"): ("47F12000", "123456"),
    ("f32", "55.32, Siemens SITRANS F operating instructions A5E00753974, B.8"): ("425D47AE", "55.32"),
    ("f32", "-1.0, the same table"): ("BF800000", "-1"),
    ("f32", "12.34, Bender COM461MT manual, 7.3.4"): ("414570A4", "12.34"),
    ("f64", "1234567.89, JUMO LOGOSCREEN nt interface description, Modbus double format"): (
        "4132D687E3D70A3D",
        "1234567.89",
    ),
    ("bcd16", "packed decimal: each nibble a digit"): ("1234", "1234"),
    ("bcd32", "packed decimal"): ("12345678", "12345678"),
    ("bcd64", "packed decimal, sixteen digits"): ("9999999999999999", "9999999999999999"),
}


def shuffled(plain: str, order: str) -> bytes:
    """The wire bytes when the number's bytes, called A, B, C … from the high end, arrive in this order."""
    by_letter = dict(zip("ABCDEFGH", bytes.fromhex(plain), strict=False))
    return bytes(by_letter[letter] for letter in order)


@pytest.mark.parametrize(("kind", "source"), PLAIN)
def test_a_known_number_reads_the_same_in_every_word_order(kind, source):
    plain, value = PLAIN[kind, source]
    for order in ORDERS[WIDTHS[kind]]:
        wire = shuffled(plain, order)
        assert decode(kind, wire, order) == Decimal(value)
        assert encode(kind, Decimal(value), order) == wire


def test_every_type_has_an_answer_worked_out_elsewhere():
    assert {kind for kind, _ in PLAIN} == set(WIDTHS)


def test_the_order_of_words_is_that_of_libmodbus():
    """123456.0 as it stands in libmodbus tests/unit-test.h for each of its four orders."""
    wires = {"ABCD": "47F12000", "CDAB": "200047F1", "BADC": "F1470020", "DCBA": "0020F147"}
    assert {order: shuffled("47F12000", order).hex().upper() for order in wires} == wires


def test_a_published_exchange_with_a_double_is_read():
    """JUMO LOGOSCREEN nt interface description: register 0066H of unit 20 holds 1234567.89."""
    asking = Read(0x14, 3, 0x66, 4)
    assert asking.request == bytes.fromhex("140300660004A6D3")
    outcome = asking.feed(bytes.fromhex("1403084132D687E3D70A3DE1C1"))
    assert isinstance(outcome, Answer)
    assert decode("f64", outcome.data, "ABCDEFGH") == Decimal("1234567.89")


def test_a_published_exchange_with_a_float_is_read():
    """Siemens SITRANS F operating instructions, B.8: mass flow 6.10383 kg/s. The check sum printed there does not fit the
    reply's bytes, so the bytes are sealed anew."""
    asking = Read(1, 3, 0x0BB8, 2)
    assert asking.request == bytes.fromhex("01030BB80002460A")
    outcome = asking.feed(sealed(bytes.fromhex("01030440C35293")))
    assert isinstance(outcome, Answer)
    assert round(decode("f32", outcome.data, "ABCD"), 5) == Decimal("6.10383")


@pytest.mark.parametrize(
    ("register", "kind", "value"), [("0131", "i16", "30.5"), ("FF33", "i16", "-20.5"), ("0222", "u16", "54.6")]
)
def test_a_thermo_hygrometers_examples(register, kind, value):
    """XY-MD02 description: 0131H is 30.5 ℃, FF33H is -20.5 ℃, 0222H is 54.6 %."""
    assert decode(kind, bytes.fromhex(register), "AB") * Decimal("0.1") == Decimal(value)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(ORDERS[8]))
def test_every_double_survives_every_word_order(number, order):
    wire = bytes(dict(zip("ABCDEFGH", struct.pack(">d", number), strict=True))[letter] for letter in order)
    value = decode("f64", wire, order)
    assert float(value) == number
    assert decode("f64", encode("f64", value, order), order) == value


@given(st.floats(width=32, allow_nan=False, allow_infinity=False), st.sampled_from(ORDERS[4]))
def test_every_float_survives_every_word_order(number, order):
    value = decode("f32", encode("f32", Decimal(number), order), order)
    assert struct.pack(">f", float(value)) == struct.pack(">f", number or 0.0)


@pytest.mark.parametrize(
    ("kind", "value"),
    [("u16", "65536"), ("u16", "-1"), ("i16", "32768"), ("u32", "0.5"), ("bcd16", "12345"), ("bcd16", "-1"), ("u64", "1e20")],
)  # fmt: skip
def test_what_does_not_fit_is_refused_and_never_cut(kind, value):
    with pytest.raises(ValueError, match=r"\w"):
        encode(kind, Decimal(value), ORDERS[WIDTHS[kind]][0])


def test_digits_that_a_float_cannot_tell_apart_are_not_the_instruments():
    """123456.789 as f32 is 123456.79: with a declared 0.001 the third decimal would be ours."""
    text = (
        shipped_profile("evse-ac-modbus").text.replace('range = ["0", "500"]\n', "", 1).replace('"0.01"', '"0.001"', 1)
    )
    poll = load_profile(text).polls[0]
    for volts, quality in ((12345.5, "ok"), (123456.789, "out_of_range"), (-123456.789, "out_of_range")):
        data = struct.pack(">f", volts) + bytes(26) + (1148).to_bytes(2, "big")
        assert readings(poll, Answer(data=data))[0].quality.value == quality, volts


@pytest.mark.parametrize(
    ("raw", "serial"),
    [(b"SIM-EV-0017\0\0\0\0\0", "SIM-EV-0017"), (b"SIM-EV-0017\xff\xff\xff\xff\xff", "SIM-EV-0017"),
     (b"  SIM-EV-0017   ", "SIM-EV-0017"), (b"SIM-EV-0017\0OLD\0", "SIM-EV-0017"), (b"SIM-EV-\x8117\0\0\0\0\0\0", None)],
)  # fmt: skip
def test_a_serial_number_is_read_whole_or_not_at_all(raw, serial):
    identity = shipped_profile("evse-ac-modbus").identity
    if serial is None:
        with pytest.raises(NotANumber):
            serial_number(identity.field, identity.question, Answer(data=raw))
    else:
        assert serial_number(identity.field, identity.question, Answer(data=raw)) == serial

"""Numbers from bytes: the device's own digits, never a binary approximation."""

import math
import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.values import ORDERS, WIDTHS, NotANumber, at_resolution, decode, encode, float32, reorder


@pytest.mark.parametrize(
    ("order", "wire"),
    [("ABCD", "47F12000"), ("CDAB", "200047F1"), ("BADC", "F1470020"), ("DCBA", "0020F147")],
)
def test_the_four_word_orders_of_libmodbus_give_123456(order, wire):
    """libmodbus, tests/unit-test.h: 123456.0 = 0x47F12000 in each order."""
    assert decode("f32", bytes.fromhex(wire), order) == Decimal("123456")


@pytest.mark.parametrize(
    ("wire", "value"),
    [
        ("4366199A", "230.1"),
        ("4248147B", "50.02"),
        ("3F7F7CEE", "0.998"),
        ("80000000", "0"),
        ("7F7FFFFF", "3.4028235E+38"),
    ],
)
def test_a_float_reads_as_the_shortest_decimal_that_names_it(wire, value):
    assert float32(bytes.fromhex(wire)) == Decimal(value)


@pytest.mark.parametrize("wire", ["7FC00000", "7F800000", "FF800000", "FFFFFFFF"])
def test_nan_and_infinities_are_refused(wire):
    with pytest.raises(NotANumber):
        float32(bytes.fromhex(wire))


@given(st.floats(width=32, allow_nan=False, allow_infinity=False))
def test_every_float_survives_the_round_trip(number):
    data = struct.pack(">f", number)
    value = float32(data)
    assert struct.pack(">f", float(value)) == (data if number else b"\0\0\0\0")
    assert len(value.as_tuple().digits) <= 9


@given(st.integers(min_value=0, max_value=10**7 - 1))
def test_seven_digits_put_into_a_float_come_out_again(digits):
    value = Decimal(digits).scaleb(-3)
    if digits < 2**23:
        assert at_resolution(float32(struct.pack(">f", float(value))), Decimal("0.001")) == value


@given(st.sampled_from([kind for kind in WIDTHS if kind[0] in "ui"]), st.data())
def test_integers_survive_every_word_order(kind, data):
    width = 8 * WIDTHS[kind]
    low, high = (-(2 ** (width - 1)), 2 ** (width - 1) - 1) if kind[0] == "i" else (0, 2**width - 1)
    number = Decimal(data.draw(st.integers(low, high)))
    order = data.draw(st.sampled_from(ORDERS[WIDTHS[kind]]))
    assert decode(kind, encode(kind, number, order), order) == number


@given(st.sampled_from(["bcd16", "bcd32", "bcd64"]), st.data())
def test_bcd_survives_every_word_order(kind, data):
    number = Decimal(data.draw(st.integers(0, 10 ** (2 * WIDTHS[kind]) - 1)))
    order = data.draw(st.sampled_from(ORDERS[WIDTHS[kind]]))
    assert decode(kind, encode(kind, number, order), order) == number


def test_a_bcd_nibble_above_nine_is_no_number():
    with pytest.raises(NotANumber):
        decode("bcd16", b"\x12\x3a", "AB")


@pytest.mark.parametrize("width", [2, 4, 8])
def test_reordering_twice_changes_nothing(width):
    data = bytes(range(width))
    for order in ORDERS[width]:
        assert reorder(reorder(data, order), order) == data


@pytest.mark.parametrize(
    ("value", "resolution", "printed"),
    [
        ("230.10000610351562", "0.01", "230.10"),
        ("0.125", "0.05", "0.10"),
        ("-0.001", "0.01", "0.00"),
        ("7", "0.5", "7.0"),
    ],
)
def test_a_value_takes_the_decimals_of_its_resolution(value, resolution, printed):
    assert str(at_resolution(Decimal(value), Decimal(resolution))) == printed
    assert math.copysign(1, at_resolution(Decimal(value), Decimal(resolution))) == 1


def test_equal_resolutions_keep_their_own_decimals():
    """0.1 and 0.10 are the same number and not the same resolution."""
    assert [f"{at_resolution(Decimal('5.04'), Decimal(step))}" for step in ("0.1", "0.10", "0.1", "0.50")] == [
        "5.0",
        "5.00",
        "5.0",
        "5.00",
    ]

"""Modbus RTU: known frames, and every way in which a reply is not the answer."""

import struct
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.exchange import Answer, Quality, Trouble
from devices.protocols.modbus_rtu import Read, crc, is_sealed, sealed
from devices.protocols.values import decode


@pytest.mark.parametrize(
    "frame",
    [
        "01 03 00 00 00 06 C5 C8",  # pymodbus 3.16.1 server and mbpoll 1.4.11 agree on this exchange
        "01 03 0C 43 66 19 9A 42 48 14 7B 3F 7F 7C EE 42 6D",
        "01 04 00 00 00 06 70 08",
        "01 04 0C 43 66 19 9A 42 48 14 7B 3F 7F 7C EE 44 AA",
        "01 03 13 88 00 01 00 A4",
        "01 83 02 C0 F1",
        "01 10 00 64 00 01 02 00 63 EE 5D",
        "01 10 00 64 00 01 40 16",
        "11 04 01 08 00 01 B3 64",  # libmodbus, tests/unit-test.h and unit-test-server.c
        "11 04 02 00 0A F8 F4",
        "11 03 01 70 00 01 86 BD",
        "11 83 06 C0 F7",
        "11 03 01 71 00 01 D7 7D",
        "12 03 02 00 00 3D 87",
        "11 03 01 60 00 02 C7 79",
        "11 03 02 00 00 79 87",
        "01 04 31 00 00 02 7F 37",  # ESPHome, modbus_controller documentation
        "01 03 90 01 00 01 F8 CA",
        "11 03 00 6B 00 03 76 87",  # MODBUS application protocol, textbook request
        "01 04 00 01 00 02 20 0B",  # XY-MD02 thermo-hygrometer
        "01 03 00 00 00 02 C4 0B",
        "01 04 04 01 31 01 DA 2B BC",
    ],
)
def test_published_frames_carry_our_check_sum(frame):
    assert is_sealed(bytes.fromhex(frame))


def test_the_check_value_of_a_charging_bench_is_reproduced():
    """Frame 7E 00 FF 01 20 00*8 0D of a charging-pile bench program ends with CRC bytes 46 39."""
    assert crc(bytes.fromhex("7E00FF0120" + "00" * 8 + "0D")) == bytes.fromhex("4639")


def test_requests_are_spelt_as_published():
    assert Read(1, 3, 0, 6).request == bytes.fromhex("010300000006C5C8")
    assert Read(0x11, 3, 0x6B, 3).request == bytes.fromhex("1103006B00037687")
    assert Read(1, 4, 0x3100, 2).request == bytes.fromhex("0104310000027F37")


def test_three_floats_are_read_from_the_published_reply():
    """pymodbus 3.16.1 server: U = 230.1, F = 50.02, PF = 0.998."""
    outcome = Read(1, 3, 0, 6).feed(bytes.fromhex("01030C4366199A4248147B3F7F7CEE426D"))
    assert isinstance(outcome, Answer)
    assert [decode("f32", outcome.data[at : at + 4], "ABCD") for at in (0, 4, 8)] == [
        Decimal("230.1"),
        Decimal("50.02"),
        Decimal("0.998"),
    ]


def test_a_reply_may_arrive_byte_by_byte():
    asking, reply = Read(1, 3, 0, 6), bytes.fromhex("01030C4366199A4248147B3F7F7CEE426D")
    outcomes = [asking.feed(bytes((byte,))) for byte in reply]
    assert outcomes[:-1] == [None] * 16
    assert isinstance(outcomes[-1], Answer)


@pytest.mark.parametrize(
    ("asked", "reply", "quality"),
    [
        (Read(1, 3, 5000, 1), "01 83 02 C0 F1", Quality.DEVICE_ERROR),
        (Read(0x11, 3, 0x170, 1), "11 83 06 C0 F7", Quality.BUSY),
    ],
)
def test_exceptions_are_named_and_leave_the_line_clean(asked, reply, quality):
    outcome = asked.feed(bytes.fromhex(reply))
    assert isinstance(outcome, Trouble)
    assert (outcome.quality, outcome.dirty) == (quality, False)


@pytest.mark.parametrize(
    ("asked", "reply", "code"),
    [
        (Read(0x11, 3, 0x171, 1), "12 03 02 00 00 3D 87", "unit"),  # libmodbus: wrong slave, valid CRC
        (Read(0x11, 3, 0x160, 2), "11 03 02 00 00 79 87", "byte_count"),  # libmodbus: wrong byte count, valid CRC
        (Read(1, 3, 0, 1), sealed(b"\x01\x04\x02\x00\x0a").hex(), "function"),
        (Read(1, 3, 0, 6), "01030C4366199A4248147B3F7F7CEE426E", "crc"),
        (Read(1, 3, 0, 1), sealed(b"\x01\x83\x02")[:-1].hex() + "00", "crc"),
    ],
)
def test_a_reply_to_another_question_is_refused_and_dirties_the_line(asked, reply, code):
    outcome = asked.feed(bytes.fromhex(reply))
    assert isinstance(outcome, Trouble)
    assert (outcome.code, outcome.quality, outcome.dirty) == (code, Quality.BAD_FRAME, True)


def test_our_own_echo_is_recognised_before_the_reply():
    asking = Read(1, 3, 0, 6)
    reply = bytes.fromhex("01030C4366199A4248147B3F7F7CEE426D")
    assert asking.feed(asking.request) is None
    assert isinstance(asking.feed(reply), Answer)
    alone = Read(1, 3, 0, 6)
    alone.feed(alone.request)
    outcome = alone.expire()
    assert isinstance(outcome, Trouble)
    assert outcome.code == "echo_only"


def test_bytes_behind_the_reply_are_kept_apart():
    asking = Read(1, 3, 0, 1)
    assert asking.feed(sealed(b"\x01\x03\x02\x00\x07") + b"\xaa\xbb") == Answer(data=b"\x00\x07")
    assert asking.surplus == b"\xaa\xbb"


def test_silence_and_half_a_reply_are_told_apart():
    silent, half = Read(1, 3, 0, 1), Read(1, 3, 0, 1)
    assert half.feed(b"\x01\x03\x02\x00") is None
    assert [one.expire().quality for one in (silent, half)] == [Quality.TIMEOUT, Quality.BAD_FRAME]


@given(st.binary(min_size=2, max_size=250).filter(lambda data: len(data) % 2 == 0), st.integers(1, 247))
def test_every_payload_comes_back(payload, unit):
    reply = sealed(struct.pack(">BBB", unit, 3, len(payload)) + payload)
    assert Read(unit, 3, 0, len(payload) // 2).feed(reply) == Answer(data=payload)


@given(st.binary(min_size=4, max_size=40).filter(lambda data: len(data) % 2 == 0), st.data())
def test_one_flipped_bit_never_gives_a_value(payload, data):
    reply = bytearray(sealed(struct.pack(">BBB", 1, 3, len(payload)) + payload))
    at = data.draw(st.integers(0, 8 * len(reply) - 1))
    reply[at // 8] ^= 1 << at % 8
    asking = Read(1, 3, 0, len(payload) // 2)
    outcome = asking.feed(bytes(reply)) or asking.expire()
    assert isinstance(outcome, Trouble)


@pytest.mark.parametrize("wrong", [(0, 3, 0, 1), (1, 6, 0, 1), (1, 3, 0, 126), (1, 3, 65535, 2), (1, 1, 0, 2001)])
def test_impossible_questions_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        Read(*wrong)


@pytest.mark.parametrize("count", [17, 24])
def test_the_echo_of_a_question_is_no_answer_even_where_it_has_the_shape_of_one(count):
    """Coils from 0300H: the question is as long as its answer, and its third byte is the byte count expected."""
    asking = Read(1, 1, 0x0312, count)
    assert asking.feed(asking.request) is None
    answer = sealed(bytes((1, 1, 3, 0xA5, 0x5A, 0x01)))
    assert asking.feed(answer).data == bytes((0xA5, 0x5A, 0x01))
    alone = Read(1, 1, 0x0312, count)
    assert alone.feed(alone.request) is None and alone.expire().code == "echo_only"

"""Modbus RTU writing: what is acknowledged is what was written, and everything else is not done."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.exchange import Answer, Quality, Trouble
from devices.protocols.modbus_rtu import COIL_OFF, COIL_ON, EXCEPTIONS, Read, Write, sealed
from devices.simulators.instruments import ModbusSlave


def frame(text):
    return sealed(bytes.fromhex(text))


# Request and reply behind the unit, from the examples of the MODBUS Application Protocol V1.1b3: write single coil
# (6.5), write single register (6.6), write multiple registers (6.12).
PUBLISHED = [
    (Write(0x11, 5, 0xAC, COIL_ON), "11 05 00 AC FF 00", "11 05 00 AC FF 00"),
    (Write(0x11, 6, 1, b"\x00\x03"), "11 06 00 01 00 03", "11 06 00 01 00 03"),
    (Write(0x11, 16, 1, b"\x00\x0a\x01\x02"), "11 10 00 01 00 02 04 00 0A 01 02", "11 10 00 01 00 02"),
]


@pytest.mark.parametrize(("asking", "request_body", "reply"), PUBLISHED)
def test_writes_are_spelt_as_published(asking, request_body, reply):
    assert asking.request == frame(request_body)
    assert asking.feed(frame(reply)) == Answer()


@pytest.mark.parametrize(
    ("asking", "request_", "reply"),
    [
        (Write(1, 16, 100, b"\x00\x63"), "01100064000102 0063EE5D", "0110006400014016"),
        (Write(3, 16, 64, bytes.fromhex("42700000")), "03100040000204 42700000E984", "03100040000241FE"),
        (Write(3, 6, 66, b"\x12\x34"), "030600421234254B", "030600421234254B"),
        (Write(3, 5, 0, COIL_ON), "03050000FF008DD8", "03050000FF008DD8"),
    ],
)
def test_a_captured_write_is_acknowledged(asking, request_, reply):
    """Exchanges with a server of pymodbus 3.16.1."""
    assert asking.request == bytes.fromhex(request_)
    assert asking.feed(bytes.fromhex(reply)) == Answer()


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        ("02 10 00 01 00 02", "unit"),
        ("01 06 00 01 00 02", "function"),
        ("01 10 00 02 00 02", "echo"),
        ("01 10 00 01 00 01", "echo"),
    ],
)
def test_an_acknowledgement_of_something_else_is_refused(reply, code):
    outcome = Write(1, 16, 1, b"\0\1\0\2").feed(frame(reply))
    assert isinstance(outcome, Trouble)
    assert (outcome.code, outcome.dirty) == (code, True)


def test_another_value_in_the_echo_is_refused():
    outcome = Write(1, 6, 1, b"\0\3").feed(frame("01 06 00 01 00 04"))
    assert isinstance(outcome, Trouble)
    assert outcome.code == "echo"


def test_a_damaged_acknowledgement_is_refused():
    outcome = Write(1, 16, 1, b"\0\1\0\2").feed(frame("01 10 00 01 00 02")[:-1] + b"\0")
    assert isinstance(outcome, Trouble)
    assert outcome.code == "crc"


@pytest.mark.parametrize("code", sorted(EXCEPTIONS))
def test_exceptions_are_named(code):
    """Those a server gives on purpose leave the line clean; 5 says that the write was accepted and takes its time."""
    reply = frame(f"01 86 {code:02X}")
    outcome = Write(1, 6, 1, b"\0\3").feed(reply)
    asked = Read(1, 3, 0, 1).feed(frame(f"01 83 {code:02X}"))
    assert isinstance(asked, Trouble)
    assert EXCEPTIONS[code][1] in asked.en
    assert EXCEPTIONS[code][0] in asked.zh
    assert asked.quality is (Quality.BUSY if code in (5, 6) else Quality.DEVICE_ERROR)
    if code == 5:
        assert outcome == Answer()
    else:
        assert isinstance(outcome, Trouble)
        assert (outcome.code, outcome.dirty) == (f"exception_{code}", False)


def test_an_echo_is_told_from_the_acknowledgement_where_it_can_be():
    asking = Write(1, 16, 1, b"\0\1\0\2")
    assert asking.feed(asking.request) is None
    assert asking.feed(frame("01 10 00 01 00 02")) == Answer()
    alone = Write(1, 16, 1, b"\0\1\0\2")
    alone.feed(alone.request)
    assert getattr(alone.expire(), "code", "") == "echo_only"


def test_a_second_copy_of_an_acknowledgement_is_surplus():
    asking = Write(1, 6, 1, b"\0\3")
    assert asking.feed(asking.request * 2) == Answer()
    assert asking.surplus == asking.request


def test_silence_and_half_an_acknowledgement_are_told_apart():
    silent, half = Write(1, 6, 1, b"\0\3"), Write(1, 16, 1, b"\0\3")
    assert half.feed(b"\x01\x10\x00") is None
    assert [one.expire().quality for one in (silent, half)] == [Quality.TIMEOUT, Quality.BAD_FRAME]


@given(st.sampled_from([asking for asking, _, _ in PUBLISHED]), st.data())
def test_one_flipped_bit_is_never_an_acknowledgement(pattern, data):
    reply = bytearray(frame("11 10 00 01 00 02") if pattern.request[1] == 16 else pattern.request)
    at = data.draw(st.integers(0, 8 * len(reply) - 1))
    reply[at // 8] ^= 1 << at % 8
    request = pattern.request
    count = request[7:-2] if request[1] == 16 else request[4:6]
    asking = Write(0x11, request[1], int.from_bytes(request[2:4], "big"), count)
    assert isinstance(asking.feed(bytes(reply)) or asking.expire(), Trouble)


@given(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=123), st.integers(0, 0xFFFF - 123), st.integers(1, 247))
def test_what_is_written_arrives(registers, address, unit):
    memory = {}

    def keep(at, written):
        memory.update({at + index: word for index, word in enumerate(written)})
        return True

    asking = Write(unit, 16, address, b"".join(word.to_bytes(2, "big") for word in registers))
    assert asking.feed(ModbusSlave(unit, lambda: memory, write=keep).receive(asking.request)) == Answer()
    assert [memory[address + index] for index in range(len(registers))] == registers


@pytest.mark.parametrize(
    "wrong",
    [(0, 6, 0, b"\0\0"), (1, 3, 0, b"\0\0"), (1, 6, 0, b"\0\0\0\0"), (1, 6, 0, b"\0"), (1, 5, 0, b"\0\1"),
     (1, 16, 65535, b"\0\0\0\0"), (1, 16, 0, b""), (1, 16, 0, bytes(248))],
)  # fmt: skip
def test_impossible_writes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"\w"):
        Write(*wrong)


def test_a_coil_is_switched_and_a_strange_one_is_not():
    seen = []
    slave = ModbusSlave(1, lambda: {}, coil=lambda address, on: seen.append((address, on)) or address == 0)
    assert Write(1, 5, 0, COIL_ON).feed(slave.receive(Write(1, 5, 0, COIL_ON).request)) == Answer()
    outcome = Write(1, 5, 9, COIL_OFF).feed(slave.receive(Write(1, 5, 9, COIL_OFF).request))
    assert getattr(outcome, "code", "") == "exception_2"
    assert seen == [(0, True), (9, False)]

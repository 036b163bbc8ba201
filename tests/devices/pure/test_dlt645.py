"""DL/T 645-2007: published and captured frames, signs per item, and bytes that look like frame marks."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.protocols.dlt645 import (
    ERRORS,
    WILDCARD,
    Frame,
    Read,
    ReadAddress,
    Scanner,
    binary,
    number,
    packed,
    refusal,
    text,
    width,
)
from devices.protocols.exchange import Answer, Quality, Trouble
from devices.protocols.values import NotANumber

# Frames published at hwhale.com/article/138066, meter 000000000161.
HWHALE = [
    ("00010000", "68 61 01 00 00 00 00 68 91 08 33 33 34 33 59 33 33 33 8A 16", "XXXXXX.XX", False, "0.26"),
    ("00020000", "68 61 01 00 00 00 00 68 91 08 33 33 35 33 59 34 33 33 8C 16", "XXXXXX.XX", False, "1.26"),
    ("00030000", "68 61 01 00 00 00 00 68 91 08 33 33 36 33 59 33 34 33 8D 16", "XXXXXX.XX", True, "100.26"),
    ("00040000", "68 61 01 00 00 00 00 68 91 08 33 33 37 33 56 33 34 33 8B 16", "XXXXXX.XX", True, "100.23"),
    ("02010100", "68 61 01 00 00 00 00 68 91 06 33 34 34 35 34 43 10 16", "XXX.X", False, "100.1"),
]
# Captured from the server of the Python package dlt645 3.2.0, meter 123456781012.
CAPTURED = [
    ("00010000", "68 12 10 78 56 34 12 68 91 08 33 33 34 33 9A 78 56 34 08 16", "XXXXXX.XX", False, "12345.67"),
    ("00000000", "68 12 10 78 56 34 12 68 91 08 33 33 33 33 83 83 33 B3 57 16", "XXXXXX.XX", True, "-50.50"),
    ("02010100", "68 12 10 78 56 34 12 68 91 06 33 34 34 35 34 55 F6 16", "XXX.X", False, "220.1"),
    ("02020100", "68 12 10 78 56 34 12 68 91 07 33 34 35 35 34 33 34 0A 16", "XXX.XXX", True, "10.001"),
    ("02030000", "68 12 10 78 56 34 12 68 91 07 33 33 36 35 44 53 35 3B 16", "XX.XXXX", True, "2.2011"),
    ("02030100", "68 12 10 78 56 34 12 68 91 07 33 34 36 35 6A A6 B3 33 16", "XX.XXXX", True, "-0.7337"),
    ("02060000", "68 12 10 78 56 34 12 68 91 06 33 33 39 35 CB 3C 78 16", "X.XXX", True, "0.998"),
    ("02800002", "68 12 10 78 56 34 12 68 91 06 35 33 B3 35 CB 7C 34 16", "XX.XX", False, "49.98"),
]
# juejin.cn/post/7468708001337491510 and blog.csdn.net/hanhui22/article/details/121776632.
PUBLISHED = [
    ("00010000", "68 25 04 03 02 01 00 68 91 08 33 33 34 33 75 39 45 33 8B 16", "XXXXXX.XX", False, "1206.42"),
    ("00000000", "68 29 25 07 07 21 20 68 91 08 33 33 33 33 A9 4A 36 33 2E 16", "XXXXXX.XX", True, "317.76"),
]
# Constructed from the rules of the standard, meter 000000000001.
CONSTRUCTED = [
    ("02010100", "68 01 00 00 00 00 00 68 91 06 33 34 34 35 38 55 C5 16", "XXX.X", False, "220.5"),
    ("02020100", "68 01 00 00 00 00 00 68 91 07 33 34 35 35 B3 4C 36 6F 16", "XXX.XXX", True, "31.980"),
    ("02030000", "68 01 00 00 00 00 00 68 91 07 33 33 36 35 53 38 3A FF 16", "XX.XXXX", True, "7.0520"),
    ("02060000", "68 01 00 00 00 00 00 68 91 06 33 33 39 35 CB 3C 43 16", "X.XXX", True, "0.998"),
]


addresses = st.integers(0, 10**12 - 1).map(lambda one: f"{one:012d}")


def _address(frame: bytes) -> str:
    return frame[1:7][::-1].hex()


@pytest.mark.parametrize(("di", "wire", "pattern", "signed", "value"), HWHALE + CAPTURED + PUBLISHED + CONSTRUCTED)
@pytest.mark.parametrize("preamble", [b"", b"\xfe" * 4])
def test_known_replies_give_their_published_values(di, wire, pattern, signed, value, preamble):
    reply = bytes.fromhex(wire)
    outcome = Read(_address(reply), di).feed(preamble + reply)
    assert isinstance(outcome, Answer)
    assert str(number(outcome.data, pattern, signed=signed)) == value


@pytest.mark.parametrize(
    ("address", "di", "preamble", "wire"),
    [
        ("000000000161", "00010000", 0, "68 61 01 00 00 00 00 68 11 04 33 33 34 33 14 16"),
        ("000102030425", "00010000", 0, "68 25 04 03 02 01 00 68 11 04 33 33 34 33 E1 16"),
        ("202107072529", "00000000", 4, "FE FE FE FE 68 29 25 07 07 21 20 68 11 04 33 33 33 33 4E 16"),
        ("652022122018", "0201FF00", 0, "68 18 20 12 22 20 65 68 11 04 33 32 34 35 A4 16"),
        ("810000760162", "04000402", 0, "68 62 01 76 00 00 81 68 11 04 35 37 33 37 15 16"),
        (
            "202208310002",
            "028022FF",
            4,
            "FE FE FE FE 68 02 00 31 08 22 20 68 11 04 32 55 B3 35 D1 16",
        ),  # rs-dlt645 tests
    ],
)
def test_requests_are_spelt_as_published(address, di, preamble, wire):
    assert Read(address, di, preamble).request == bytes.fromhex(wire)


def test_asking_for_the_address_is_spelt_as_published():
    assert ReadAddress(4).request == bytes.fromhex("FEFEFEFE68AAAAAAAAAAAA681300DF16")  # rs-dlt645 tests
    assert ReadAddress(0).request == bytes.fromhex("68AAAAAAAAAAAA681300DF16")


def test_a_block_gives_its_three_voltages():
    """Published block reply: 0.0 V, 0.0 V and 239.4 V."""
    reply = bytes.fromhex("681820122220656891 0A 33323435 33333333C756 1316".replace(" ", ""))
    outcome = Read("652022122018", "0201FF00").feed(reply)
    assert isinstance(outcome, Answer)
    assert [str(number(outcome.data[at : at + 2], "XXX.X", signed=False)) for at in (0, 2, 4)] == [
        "0.0",
        "0.0",
        "239.4",
    ]


def test_a_refusal_says_which_bit_was_set():
    outcome = Read("123456781012", "02990100").feed(bytes.fromhex("68121078563412 68D101350D16".replace(" ", "")))
    assert isinstance(outcome, Trouble)
    assert (outcome.quality, outcome.dirty) == (Quality.DEVICE_ERROR, False)
    assert "no such data" in outcome.en


@pytest.mark.parametrize(("bit", "words"), list(enumerate(ERRORS)))
def test_every_error_bit_is_named(bit, words):
    reply = Frame("123456781012", 0xD1, bytes((1 << bit,))).encode(4)
    outcome = Read("123456781012", "00010000").feed(reply)
    assert isinstance(outcome, Trouble)
    assert words[0] in outcome.zh
    assert words[1] in outcome.en
    assert (outcome.quality, outcome.dirty) == (Quality.DEVICE_ERROR, False)


def test_several_error_bits_are_all_named():
    outcome = refusal(b"\x06")
    assert "no such data, wrong password or not authorised" in outcome.en
    assert "no reason given" in refusal(b"").en
    assert "no reason given" in refusal(b"\x80").en  # a reserved bit


def test_the_meter_on_the_line_tells_its_address():
    """Control 93, data and address field the same six bytes; the published question is answered by meter 202208310002."""
    asking = ReadAddress(4)
    assert asking.feed(asking.request) is None  # our own echo
    reply = bytes.fromhex("FEFEFEFE 68 020031082220 68 93 06 353364 3B5553 00 16".replace(" ", ""))
    body = reply[4:-2]
    assert asking.feed(reply[:-2] + bytes((sum(body) & 0xFF, 0x16))) == Answer(data=b"202208310002")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Frame("000000000161", 0x93, bytes.fromhex("620100000000")), "address"),
        (Frame("000000000161", 0x91, bytes.fromhex("610100000000")), "function"),
        (Frame("000000000161", 0xD3, b"\x01"), "refused"),
    ],
)
def test_an_address_that_contradicts_itself_is_refused(reply, code):
    outcome = ReadAddress().feed(reply.encode())
    assert isinstance(outcome, Trouble)
    assert outcome.code == code


@given(addresses, st.data())
def test_one_flipped_bit_never_gives_an_address(address, data):
    reply = bytearray(Frame(address, 0x93, bytes.fromhex(address)[::-1]).encode())
    at = data.draw(st.integers(0, 8 * len(reply) - 1))
    reply[at // 8] ^= 1 << at % 8
    asking = ReadAddress()
    assert isinstance(asking.feed(bytes(reply)) or asking.expire(), Trouble)


def test_a_wildcard_question_takes_the_answer_of_the_only_meter():
    """The server of dlt645 3.2.0 answers AA.. with AA.., a meter with its own address; both answer the question."""
    for address in (WILDCARD, "123456781012"):
        reply = Frame(address, 0x91, bytes.fromhex("00000100") + bytes.fromhex("67452301"))
        assert Read(WILDCARD, "00010000").feed(reply.encode()) == Answer(data=bytes.fromhex("67452301"))


def test_bits_of_a_state_word_are_a_number_low_byte_first():
    assert binary(bytes.fromhex("1000")) == 0x10
    assert (width("bin8"), width("bin16"), width("bin32")) == (1, 2, 4)


def test_date_and_weekday_are_text():
    """Captured reply: 25-11-02, weekday 1."""
    outcome = Read("123456781012", "04000101").feed(
        bytes.fromhex("6812107856341268910834343337 34354458 7616".replace(" ", ""))
    )
    assert isinstance(outcome, Answer)
    assert text(outcome.data) == "25110201"


@pytest.mark.parametrize("value", ["812345.67", "999999.99"])
def test_forward_energy_has_no_sign(value):
    """A public codec reads these as -12345.67 and -199999.99: the top bit is a digit here."""
    assert str(number(packed(Decimal(value), "XXXXXX.XX", signed=False), "XXXXXX.XX", signed=False)) == value


def test_a_nibble_above_nine_is_no_number():
    with pytest.raises(NotANumber):
        number(b"\xff\xff", "XXX.X", signed=False)


@given(st.sampled_from(["XXXXXX.XX", "XXX.X", "XXX.XXX", "XX.XXXX", "X.XXX", "XXXX"]), st.booleans(), st.data())
def test_every_value_survives_its_format(pattern, signed, data):
    digits = 2 * width(pattern)
    top = 8 * 10 ** (digits - 1) - 1 if signed else 10**digits - 1
    places = len(pattern.partition(".")[2])
    value = Decimal(data.draw(st.integers(-top if signed else 0, top))).scaleb(-places)
    assert number(packed(value, pattern, signed=signed), pattern, signed=signed) == value


@given(addresses, st.binary(min_size=4, max_size=200), st.integers(0, 4), st.binary(max_size=8))
def test_every_frame_is_found_whatever_its_bytes_and_its_neighbours(address, data, preamble, before):
    frame = Frame(address, 0x91, data)
    scanner = Scanner()
    found = list(scanner.feed(before + frame.encode(preamble))) + list(scanner.finish())
    assert frame in found


@pytest.mark.parametrize("address", ["000000001600", "686868686868", "161616161616"])
def test_frame_marks_inside_the_address_do_not_confuse(address):
    frame = Frame(
        address, 0x91, bytes.fromhex("00000100") + bytes([0x16 - 0x33 & 0xFF, 0x68 - 0x33, 0xFE - 0x33, 0x16])
    )
    stream = frame.encode(4)
    scanner = Scanner()
    assert [one for byte in stream for one in scanner.feed(bytes((byte,)))] == [frame]


@given(addresses, st.integers(0, 99999999), st.data())
def test_one_flipped_bit_never_gives_a_value(address, energy, data):
    payload = bytes.fromhex("00000100") + packed(Decimal(energy).scaleb(-2), "XXXXXX.XX", signed=False)
    reply = bytearray(Frame(address, 0x91, payload).encode())
    at = data.draw(st.integers(0, 8 * len(reply) - 1))
    reply[at // 8] ^= 1 << at % 8
    asking = Read(address, "00010000")
    outcome = asking.feed(bytes(reply)) or asking.expire()
    assert isinstance(outcome, Trouble)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Frame("123456781013", 0x91, bytes.fromhex("0000010000000000")), "address"),
        (Frame("123456781012", 0x91, bytes.fromhex("0000020000000000")), "identifier"),
        (Frame("123456781012", 0x94, bytes.fromhex("0000010000000000")), "function"),
    ],
)
def test_a_reply_to_another_question_is_refused_and_dirties_the_line(reply, code):
    outcome = Read("123456781012", "00010000").feed(reply.encode(4))
    assert isinstance(outcome, Trouble)
    assert (outcome.code, outcome.dirty) == (code, True)


def test_our_own_echo_is_recognised():
    asking = Read("123456781012", "00010000")
    assert asking.feed(asking.request) is None
    assert isinstance(asking.feed(bytes.fromhex(CAPTURED[0][1])), Answer)
    alone = Read("123456781012", "00010000")
    alone.feed(alone.request)
    assert getattr(alone.expire(), "code", "") == "echo_only"


def test_follow_on_frames_are_numbered_and_checked():
    first = Read("000000000001", "0201FF00")
    assert first.feed(Frame("000000000001", 0xB1, bytes.fromhex("00FF01020102")).encode()) == Answer(data=b"\x01\x02")
    assert first.more
    second = first.next()
    assert second.request == Frame("000000000001", 0x12, bytes.fromhex("00FF010201")).encode(4)
    wrong, right = first.next(), first.next()
    assert (
        getattr(wrong.feed(Frame("000000000001", 0x92, bytes.fromhex("00FF0102030402")).encode()), "code", "") == "part"
    )
    assert right.feed(Frame("000000000001", 0x92, bytes.fromhex("00FF0102030401")).encode()) == Answer(data=b"\x03\x04")
    assert not right.more

"""Rig profiles: every mistake is named with its path; what loads means what it says."""

import tomllib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import ProfileErrors, load_profile, shipped, shipped_profile
from devices.profiles.decode import exchange, readings
from devices.protocols.exchange import Answer
from lims.core.text import DataError

GOOD = shipped_profile("evse-ac-modbus").text
METER = shipped_profile("meter-dlt645").text
BALANCE = shipped_profile("balance-mtsics").text


def mistakes(text):
    with pytest.raises(ProfileErrors) as caught:
        load_profile(text)
    return {one.path: one.text.en for one in caught.value.mistakes}


@pytest.mark.parametrize("identifier", shipped())
def test_shipped_profiles_load_under_their_file_name(identifier):
    profile = shipped_profile(identifier)
    assert profile.id == identifier
    assert load_profile(profile.text).sha256 == profile.sha256
    for poll in profile.polls:
        assert exchange(profile, poll.question, "000000000001").request


@pytest.mark.parametrize(
    ("old", "new", "path", "says"),
    [
        ('resolution = "0.01"', 'resolutoin = "0.01"', "polls[0].channels[0].resolutoin", "did you mean “resolution”?"),
        ('resolution = "0.01"', 'resolution = "0.01"\nscale = "0"', "polls[0].channels[0].scale", "must not be zero"),
        ('resolution = "0.01"', "resolution = 0.01", "polls[0].channels[0].resolution", "in quotes"),
        ('resolution = "0.01"', 'resolution = "0,01"', "polls[0].channels[0].resolution", "is not a decimal number"),
        ('resolution = "0.01"', 'resolution = "0"', "polls[0].channels[0].resolution", "greater than zero"),
        ('resolution = "0.01"', "", "polls[0].channels[0].resolution", "declared resolution"),
        ('resolution = "0.01"', 'resolution = "0.00000001"', "polls[0].channels[0].resolution", "32-bit float cannot"),
        ('range = ["0", "500"]', 'range = ["500", "0"]', "polls[0].channels[0].range", "below the lower"),
        ('unit = "V"', 'unit = "v"', "polls[0].channels[0].unit", "“v” is not one of: V, mV, kV"),
        ('quantity = "voltage"', 'quantity = "volts"', "polls[0].channels[0].quantity", "not one of"),
        ('order = "ABCD"', 'order = "ACBD"', "polls[0].channels[0].order", "not one of: ABCD, CDAB, BADC, DCBA"),
        ("at = 0\n", "at = 15\n", "polls[0].channels[0].at", "reaches beyond the 16"),
        ("at = 0\n", "at = true\n", "polls[0].channels[0].at", "must be an integer"),
        ('id = "U"', 'id = "I"', "polls[0].channels[1].id", "used twice"),
        ('id = "U"', 'id = "1U"', "polls[0].channels[0].id", "must start with a letter"),
        ("baud = 9600", "baud = 96", "transport.baud", "between 300"),
        ('kind = "modbus-rtu"', 'kind = "modbus"', "protocol.kind", "not one of: modbus-rtu"),
        ("unit = 1\n", "unit = 0\n", "protocol.unit", "between 1 and 247"),
        ("count = 16", "count = 126", "polls[0].count", "between 1 and 125"),
        ("fc = 3\naddress = 0", "fc = 6\naddress = 0", "polls[0].fc", "between 1 and 4"),
        ('schema = "rig/1"', 'schema = "rig/2"', "schema", "not one of: rig/1"),
        ('schema = "rig/1"\n', "", "schema", "is missing"),
        (', en = "Voltage" }', " }", "polls[0].channels[0].title.en", "is missing"),
        ('quality = "overload"', 'quality = "ok"', "polls[0].states[0].quality", "not one of"),
        ("bit = 1\n", "bit = 16\n", "polls[0].states[0].bit", "between 0 and 15"),
    ],
)
def test_a_mistake_in_a_modbus_profile_is_named(old, new, path, says):
    text = GOOD.replace(old, new, 1)
    assert text != GOOD
    assert says in mistakes(text)[path]


@pytest.mark.parametrize(
    ("base", "old", "new", "path", "says"),
    [
        (METER, 'address = "AAAAAAAAAAAA"', 'address = "12345"', "protocol.address", "twelve digits"),
        (METER, 'di = "00010000"', 'di = "0001"', "polls[0].di", "eight hex digits"),
        (METER, 'format = "XXXXXX.XX"', 'format = "XXXXX.XX"', "polls[0].channels[0].format", "even number of X"),
        (METER, "signed = false\n", "", "polls[0].channels[0].signed", "top bit is a sign"),
        (METER, 'format = "XXX.X"', 'at = 1\nformat = "XXX.X"', "polls[1].channels", "gap or an overlap"),
        (METER, "preamble = 4", "preamble = 9", "protocol.preamble", "between 0 and 4"),
        (BALANCE, "(?P<m>", "(?P<mass>", "polls[0].channels[0].from", "no group named “m”"),
        (BALANCE, r"(?P<m>-?\d+", r"(?P<m>-?\d++", "polls[0].expect", "Character 29"),
        (BALANCE, "'^S I$' = \"busy\"", "'^S I$' = \"tired\"", "polls[0].reject.^S I$", "Unknown quality “tired”"),
        (BALANCE, 'values = ["S"]', "values = []", "polls[0].channels[0].stable.values", "must not be empty"),
        (BALANCE, 'terminator = "CR LF"', 'terminator = "CRLF"', "protocol.terminator", "not one of: CR LF, LF, CR"),
        (BALANCE, "agree = 2", "agree = 9", "polls[0].agree", "between 1 and 5"),
        (METER, 'format = "XXX.X"', 'format = "XXX.X"\nresolution = "1"', "polls[1].channels[0].resolution", "be lost"),
        (BALANCE, 'send = "SI"', 'send = ""', "polls[0].agree", "comes unasked"),
    ],
)
def test_a_mistake_in_another_profile_is_named(base, old, new, path, says):
    text = base.replace(old, new, 1)
    assert text != base
    assert says in mistakes(text)[path]


def test_all_mistakes_are_named_at_once():
    text = (
        GOOD.replace("baud = 9600", "baud = 1").replace('unit = "V"', 'unit = "X"').replace("count = 16", "count = 0")
    )
    assert {"transport.baud", "polls[0].channels[0].unit", "polls[0].count"} <= set(mistakes(text))


@pytest.mark.parametrize(
    "text", ["", "a = ", "polls = 1", "[[polls]]", "x" * 300_000, "[protocol]\nkind = 3", "polls = [1, {}]"]
)
def test_anything_but_a_profile_is_refused_with_sentences(text):
    assert all(mistakes(text).values())


@given(st.integers(0, len(GOOD) - 1), st.text("abz01.[]{}=\"'\n#", max_size=3))
def test_a_damaged_profile_either_loads_or_is_refused_with_paths(at, noise):
    try:
        load_profile(GOOD[:at] + noise + GOOD[at + len(noise) :])
    except ProfileErrors as error:
        assert error.mistakes


def test_the_hash_is_that_of_the_text():
    assert load_profile(GOOD + "\n# remark\n").sha256 != load_profile(GOOD).sha256


@pytest.mark.parametrize(
    ("identifier", "overrides", "found"),
    [
        ("meter-dlt645", {"parity": "N"}, lambda one: one.transport.parity == "N"),
        ("meter-dlt645", {"address": "000000000161"}, lambda one: one.protocol.address == "000000000161"),
        (
            "evse-ac-modbus",
            {"unit": "7", "baud": "19200"},
            lambda one: (one.protocol.unit, one.transport.baud) == (7, 19200),
        ),
    ],
)
def test_a_bench_may_change_the_way_to_the_instrument(identifier, overrides, found):
    assert found(shipped_profile(identifier).with_overrides(overrides))


@pytest.mark.parametrize(
    "overrides", [{"scale": "2"}, {"parity": "X"}, {"unit": "0"}, {"address": "1"}, {"baud": "９６００"}]
)
def test_a_bench_may_not_change_the_meaning(overrides):
    with pytest.raises(DataError):
        shipped_profile("evse-ac-modbus").with_overrides(overrides)


def _block(**changes):
    words = dict(enumerate([0x4366, 0x199A, 0, 0, 0, 0, 0x4248, 0x147B, 0x3F80, 0, 0, 0, 0x00BC, 0x614E, 1, 1148]))
    words |= {int(at.removeprefix("w")): word for at, word in changes.items()}
    return Answer(data=b"".join(word.to_bytes(2, "big") for word in words.values()))


def _evse(**changes):
    return {one.channel.id: one for one in readings(shipped_profile("evse-ac-modbus").polls[0], _block(**changes))}


def test_values_carry_exactly_the_declared_digits():
    found = _evse()
    assert {name: one.printed for name, one in found.items()} == {
        "U": "230.10", "I": "0.000", "P": "0.0000", "f": "50.02", "PF": "1.0000", "E": "12.345678",
    }  # fmt: skip


def test_energy_beyond_the_digits_of_a_float_stays_exact():
    assert _evse(w10=0x0000, w11=0x0001, w12=0x0000, w13=0x0001)["E"].printed == "4294.967297"


@pytest.mark.parametrize(
    ("changes", "channel", "quality"),
    [
        ({"w0": 0x7FC0}, "U", "nan"),
        ({"w0": 0x7F80, "w1": 0}, "U", "nan"),
        ({"w0": 0x447A, "w1": 0}, "U", "out_of_range"),
        ({"w14": 0b10}, "E", "overload"),
        ({"w14": 0b100}, "E", "device_error"),
        ({"w15": 1149}, "E", "bad_frame"),
    ],
)
def test_untrustworthy_values_say_why(changes, channel, quality):
    found = _evse(**changes)[channel]
    assert found.quality.value == quality
    assert found.text.zh
    assert found.text.en


@pytest.mark.parametrize(
    ("groups", "value", "quality"),
    [
        ({"st": "S", "m": "1.2340", "u": "g"}, "1.2340", "ok"),
        ({"st": "D", "m": "1.2340", "u": "g"}, "1.2340", "unstable"),
        ({"st": "S", "m": "1.2340", "u": "kg"}, "", "unit_mismatch"),
        ({"st": "S", "m": "1.234", "u": "g"}, "", "bad_frame"),
        ({"st": "S", "m": "1234.0000", "u": "g"}, "1234.0000", "out_of_range"),
        ({"st": "S", "m": "-", "u": "g"}, "", "nan"),
    ],
)
def test_a_balance_reading_is_judged_by_unit_digits_and_stability(groups, value, quality):
    (found,) = readings(shipped_profile("balance-mtsics").polls[0], Answer(groups=groups))
    assert (found.printed, found.quality.value) == (value, quality)


def test_a_reply_of_the_wrong_length_gives_no_value():
    poll = shipped_profile("meter-dlt645").polls[0]
    (found,) = readings(poll, Answer(data=b"\x00\x00\x00"))
    assert (found.value, found.quality.value) == (None, "bad_frame")


def test_a_sign_counts_only_where_it_is_declared():
    polls = {poll.id: poll for poll in shipped_profile("meter-dlt645").polls}
    (energy,) = readings(polls["E"], Answer(data=bytes.fromhex("67452381")))
    (power,) = readings(polls["P"], Answer(data=bytes.fromhex("377380")))
    assert (energy.value, power.value) == (Decimal("812345.67"), Decimal("-0.7337"))


def test_profiles_hold_no_floats():
    def walk(value):
        if isinstance(value, dict):
            return [one for item in value.values() for one in walk(item)]
        return [one for item in value for one in walk(item)] if isinstance(value, list) else [value]

    for profile in shipped().values():
        assert not any(isinstance(one, float) for one in walk(tomllib.loads(profile.text)))

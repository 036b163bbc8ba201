"""The tables for driving, deriving, states and error queues: every mistake is named with its path."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import ProfileErrors, load_profile, shipped_profile
from devices.profiles.decode import agreed, readings
from devices.protocols.exchange import Answer, Quality

DC = shipped_profile("evse-dc-modbus").text
METER = shipped_profile("meter-3p-modbus").text
PRESSURE = shipped_profile("pressure-scpi").text
MULTIMETER = shipped_profile("multimeter-scpi").text
DLT645 = shipped_profile("meter-dlt645").text


def mistakes(text):
    with pytest.raises(ProfileErrors) as caught:
        load_profile(text)
    return {one.path: one.text.en for one in caught.value.mistakes}


COMMANDS = [
    (DC, 'id = "start"', 'id = "set-load"', "commands[1].id", "used twice"),
    (DC, 'id = "start"', 'id = "1start"', "commands[1].id", "must start with a letter"),
    (DC, 'id = "start"', 'id = "start"\nfunction = 5', "commands[1].function", "Unknown field"),
    (DC, "fc = 16", "fc = 15", "commands[0].fc", "must be 5, 6 or 16"),
    (DC, "fc = 16", "fc = 6", "commands[0].type", "not one of: u16, i16, bcd16"),
    (DC, "fc = 5\n", 'fc = 5\norder = "AB"\n', "commands[1].order", "Unknown field"),
    (DC, "address = 64\n", "address = 65535\n", "commands[0].address", "between 0 and 65534"),
    (DC, 'type = "bit"\nvalue = "1"', 'type = "bit"\nvalue = "2"', "commands[1].value", "2 cannot be written as bit"),
    (DC, 'type = "bit"\nvalue = "1"', 'type = "bit"', "commands[1].value", "Either value or input is missing"),
    (DC, 'type = "bit"\nvalue = "1"', 'type = "bit"\nvalue = 1', "commands[1].value", "in quotes"),
    (DC, 'quantity = "current"\nunit = "A"\nrange = ["0", "250"]', 'quantity = "clock"\nunit = ""\nrange = ["0", "250"]',
     "commands[0].input.quantity", "not one of"),
    (DC, 'range = ["0", "250"]', "", "commands[0].input.range", "is missing"),
    (DC, 'range = ["0", "250"]', 'range = ["250", "0"]', "commands[0].input.range", "below the lower"),
    (DC, 'resolution = "0.1"\n\n[commands.confirm]', "[commands.confirm]", "commands[0].input.resolution", "is missing"),
    (DC, 'resolution = "0.1"\n\n[commands.confirm]', 'resolution = "0.1"\nscale = "0"\n\n[commands.confirm]',
     "commands[0].input.scale", "must not be zero"),
    (DC, 'channel = "I_set"', 'channel = "I_sett"', "commands[0].confirm.channel", "no channel “I_sett”"),
    (DC, 'channel = "I_set"', 'channel = "U"', "commands[0].confirm.channel", "The channel reads “V”, the input is in A"),
    (DC, 'tolerance = "0.05"\n', "", "commands[0].confirm.tolerance", "is missing"),
    (DC, 'tolerance = "0.05"', 'tolerance = "-0.05"', "commands[0].confirm.tolerance", "must not be negative"),
    (DC, "within_ms = 5000", "within_ms = 5", "commands[0].confirm.within_ms", "between 100 and 600000"),
    (DC, 'equals = "2"\n', "", "commands[1].confirm.equals", "equals must say what to read"),
    (DC, 'equals = "2"\n', 'equals = "7"\n', "commands[1].confirm.equals", "has no state 7"),
    (DC, '[commands.confirm]\nchannel = "I_set"\ntolerance = "0.05"\nwithin_ms = 5000', "", "commands[0].confirm", "is missing"),
    (METER, 'resolution = "1"\n\n[commands.confirm]', 'resolution = "0.5"\n\n[commands.confirm]',
     "commands[0].input.scale", "holds whole numbers only"),
    (METER, 'range = ["1", "1000000"]', 'range = ["1", "5000000000"]', "commands[0].input.range", "cannot be written as u32"),
    (METER, 'range = ["1", "1000000"]', 'range = ["-1", "1000000"]', "commands[0].input.range", "-1 cannot be written as u32"),
    (PRESSURE, "AMPL {value}", "AMPL", "commands[0].send", "hold {value} once"),
    (PRESSURE, "AMPL {value}", "AMPL {value} {value}", "commands[0].send", "hold {value} once"),
    (PRESSURE, "VENT 1", "VENT {value}", "commands[3].value", "but there is no value or input"),
    (PRESSURE, 'send = ":OUTP:STAT 1"', 'send = "控压"', "commands[1].send", "printable ASCII"),
    (PRESSURE, 'send = ":OUTP:STAT 1"', 'send = ":OUTP:STAT 1"\nexpect = "("', "commands[1].expect", "Character"),
    (PRESSURE, 'send = ":OUTP:STAT 1"', 'send = ":OUTP:STAT 1"\nfc = 5', "commands[1].fc", "Unknown field"),
    (PRESSURE, 'send = ":OUTP:STAT 1"', 'send = ":OUTP:STAT 1"\nreject = { "^E$" = "ok" }', "commands[1].reject.^E$", "Unknown quality"),
    (DLT645 + '[[commands]]\nid = "a"\n[commands.confirm]\nchannel = "clock"\nwithin_ms = 500\n', "", "",
     "commands[0]", "takes no commands"),
    (DLT645 + '[[commands]]\nid = "a"\n[commands.confirm]\nchannel = "clock"\nwithin_ms = 500\n', "", "",
     "commands[0].confirm.channel", "A clock is no number"),
]  # fmt: skip
DERIVED = [
    (METER, 'id = "gamma"', 'id = "E"', "derived[0].id", "used twice"),
    (METER, 'kind = "pulse-error"', 'kind = "pulses"', "derived[0].kind", "not one of: pulse-error"),
    (METER, 'pulses = "N"', 'pulses = "M"', "derived[0].pulses", "no channel “M”"),
    (METER, 'pulses = "N"', 'pulses = "Ua"', "derived[0].pulses", "must be of the quantity count"),
    (METER, 'energy = "E"', 'energy = "P"', "derived[0].energy", "must be of the quantity energy in kWh"),
    (METER, 'energy = "E"\n', "", "derived[0].energy", "is missing"),
    (METER, 'constant_from = "C"', 'constant_from = "N"', "derived[0].constant_from", "quantity meter_constant"),
    (METER, 'constant_from = "C"\n', "", "derived[0].constant", "one of the two"),
    (METER, 'constant_from = "C"', 'constant_from = "C"\nconstant = "3200"', "derived[0].constant", "one of the two"),
    (METER, 'constant_from = "C"', 'constant = "0"', "derived[0].constant", "greater than zero"),
    (METER, 'bound = "0.05"\n', "", "derived[0].bound", "is missing"),
    (METER, 'bound = "0.05"', 'bound = 0.05', "derived[0].bound", "in quotes"),
    (METER, 'bound = "0.05"\nresolution = "0.01"', 'bound = "0.05"', "derived[0].resolution", "is missing"),
    (METER, 'pulses_wrap = "4294967296"', 'pulses_wrap = "-1"', "derived[0].pulses_wrap", "greater than zero"),
    (METER, 'pulses_wrap =', 'pulse_wrap =', "derived[0].pulse_wrap", "did you mean “pulses_wrap”?"),
]  # fmt: skip
STATES = [
    (DC, "bits = [0, 2]", "bits = [2, 0]", "polls[0].channels[7].bits", "the lower first"),
    (DC, "bits = [0, 2]", "bits = [0, 16]", "polls[0].channels[7].bits", "from 0 to 15"),
    (DC, "bits = [0, 2]", "bits = [0]", "polls[0].channels[7].bits", "two whole numbers"),
    (DC, "bits = [0, 2]", 'bits = "0-2"', "polls[0].channels[7].bits", "must be an array"),
    (DC, 'type = "u16"\nbits', 'type = "i16"\nbits', "polls[0].channels[7].bits", "unsigned integers only"),
    (DC, 'value = "1"\ntext', 'value = "0"\ntext', "polls[0].channels[7].meanings[1].value", "0 is used twice"),
    (DC, 'value = "1"\ntext', 'value = "1.5"\ntext', "polls[0].channels[7].meanings[1].value", "whole number"),
    (DC, 'value = "1"\ntext', 'value = "1"\nsays = "H"\ntext', "polls[0].channels[7].meanings[1].says", "Unknown field"),
    (DC, ', en = "Idle" }', " }", "polls[0].channels[7].meanings[0].text.en", "is missing"),
    (DC, 'bits = [0, 2]\nquantity = "state"', 'bits = [0, 2]\nquantity = "state"\nscale = "2"',
     "polls[0].channels[7].scale", "Unknown field"),
    (PRESSURE, 'says = "KPA"\n', "", "polls[0].channels[0].meanings[0].says", "is missing"),
    (PRESSURE, 'says = "1"\nvalue = "1"\ntext = { zh = "已达', 'says = "0"\nvalue = "1"\ntext = { zh = "已达',
     "polls[2].channels[0].meanings[1].says", "“0” is used twice"),
]  # fmt: skip
LINES = [
    (MULTIMETER, "(?P<code>", "(?P<number>", "protocol.errors.expect", "no group named code"),
    (MULTIMETER, 'send = "SYST:ERR?"\n', "", "protocol.errors.send", "is missing"),
    (MULTIMETER, 'none = "0"', 'none = "none"', "protocol.errors.none", "not a decimal number"),
    (MULTIMETER, 'none = "0"', 'none = "0"\nmost = 100', "protocol.errors.most", "between 1 and 50"),
    (MULTIMETER, 'again = "FETC?"\nagree = 2', 'again = "FETC?"', "polls[0].again", "unless agree is 2"),
    (MULTIMETER, 'again = "FETC?"', 'again = "取"', "polls[0].again", "printable ASCII"),
    (DC, "count = 20", 'count = 20\nagain = "FETC?"\nagree = 2', "polls[0].again", "line protocols only"),
    (PRESSURE, 'agree_within = "0.02"', 'agree_within = "0"', "polls[1].channels[0].agree_within", "greater than zero"),
    (
        PRESSURE,
        'agree = 2\n\n[[polls.channels]]\nid = "p"',
        '\n[[polls.channels]]\nid = "p"',
        "polls[1].channels[0].agree_within",
        "unless agree is 2",
    ),
    (DC, "unit = 3", 'unit = 3\nerrors = { send = "x" }', "protocol.errors", "Unknown field"),
]


@pytest.mark.parametrize(("base", "old", "new", "path", "says"), COMMANDS + DERIVED + STATES + LINES)
def test_a_mistake_is_named(base, old, new, path, says):
    text = base.replace(old, new, 1) if old else base
    assert text != base or not old
    assert says in mistakes(text)[path]


@given(st.sampled_from([DC, METER, PRESSURE, MULTIMETER]), st.floats(0, 1), st.text("abz01.[]{}=\"'\n#", max_size=3))
def test_a_damaged_profile_either_loads_or_is_refused_with_paths(text, share, noise):
    at = int(share * (len(text) - 1))
    try:
        load_profile(text[:at] + noise + text[at + len(noise) :])
    except ProfileErrors as error:
        assert error.mistakes


def dc(state):
    block = bytes(36) + state.to_bytes(2, "big") + (1149).to_bytes(2, "big")
    return {one.channel.id: one for one in readings(shipped_profile("evse-dc-modbus").polls[0], Answer(data=block))}


@pytest.mark.parametrize(
    ("register", "value", "english", "quality"),
    [
        (0, "0", "Idle", "ok"),
        (2, "2", "Charging", "ok"),
        (0b1_1000_0010, "2", "The device reports overload", "overload"),
        (0b111_1000, "0", "Idle", "ok"),  # bits above the state mean something else
        (5, "5", "A state unknown to the profile: 5", "out_of_range"),
    ],
)
def test_a_state_reads_as_words(register, value, english, quality):
    found = dc(register)["state"]
    assert (found.printed, found.text.en, found.quality.value) == (value, english, quality)


@pytest.mark.parametrize(
    ("said", "value", "zh", "quality"),
    [("KPA", "0", "千帕 kPa", "ok"), ("MBAR", "", "方案中没有的状态：MBAR", "out_of_range")],
)
def test_a_state_of_a_line_instrument_reads_as_words(said, value, zh, quality):
    (found,) = readings(shipped_profile("pressure-scpi").polls[0], Answer(groups={"u": said}))
    assert (found.printed, found.text.zh, found.quality.value) == (value, zh, quality)


RUNNING_STATE = """
[[polls]]
id = "running"
di = "04000501"
[[polls.states]]
format = "bin16"
bit = 3
quality = "device_error"
text = { zh = "停电抄表电池欠压", en = "The battery is low" }
[[polls.channels]]
id = "direction"
format = "bin16"
quantity = "state"
bits = [4, 4]
[[polls.channels.meanings]]
value = "0"
text = { zh = "有功功率正向", en = "Active power forward" }
[[polls.channels.meanings]]
value = "1"
text = { zh = "有功功率反向", en = "Active power reverse" }
"""


@pytest.mark.parametrize(
    ("data", "english", "quality"),
    [("0000", "Active power forward", "ok"), ("1000", "Active power reverse", "ok"), ("1800", "The battery is low", "device_error")],
)  # fmt: skip
def test_bits_of_a_meter_are_states_too(data, english, quality):
    """DL/T 645-2007 gives running state word 1 as 04000501, two bytes of bits, low byte first."""
    poll = load_profile(DLT645 + RUNNING_STATE).polls[-1]
    (found,) = readings(poll, Answer(data=bytes.fromhex(data)))
    assert (found.text.en, found.quality.value) == (english, quality)


def test_a_state_bit_beyond_the_bytes_is_a_mistake():
    text = DLT645 + RUNNING_STATE.replace('format = "bin16"\nbit = 3', 'at = 1\nformat = "bin16"\nbit = 3')
    assert "beyond the 2 bytes" in mistakes(text)["polls[7].states[0].at"]


def pressures(*digits):
    poll = shipped_profile("pressure-scpi").polls[1]
    return [readings(poll, Answer(groups={"p": one})) for one in digits]


@pytest.mark.parametrize(
    ("first", "second", "quality"),
    [
        ("100.001", "100.001", "ok"),
        ("100.001", "100.021", "ok"),  # exactly the distance of the profile
        ("100.001", "100.022", "unstable"),
        ("100.001", "900.001", "unstable"),  # one flipped bit in a line without a check sum
        ("100.001", "9999.001", "out_of_range"),
    ],
)
def test_two_answers_agree_within_the_distance_the_profile_gives(first, second, quality):
    (found,) = agreed(*pressures(first, second))
    assert (found.printed, found.quality.value) == (second, quality)


def test_without_a_distance_every_digit_counts():
    poll = shipped_profile("balance-and").polls[0]
    first, second = (readings(poll, Answer(groups={"m": one, "u": "g", "st": "ST"})) for one in ("+1.0000", "+1.0001"))
    assert agreed(first, first) == first
    assert agreed(first, second)[0].quality is Quality.UNSTABLE


def test_channels_include_what_is_derived():
    profile = shipped_profile("meter-3p-modbus")
    assert [one.id for one in profile.channels][-2:] == ["wiring", "gamma"]
    assert profile.channels[-1].unit == "%"


def test_a_clock_of_a_line_instrument_is_text():
    text = PRESSURE.replace(
        'from = "p"\nquantity = "pressure"\nunit = "kPa"\nresolution = "0.001"\nagree_within = "0.02"\nrange = ["-100", "2100"]',
        'from = "p"\nquantity = "clock"',
    )
    (found,) = readings(load_profile(text).polls[1], Answer(groups={"p": "12:30:05"}))
    assert (found.value, found.text.zh, found.quality) == (None, "12:30:05", Quality.OK)


def test_values_of_a_confirmation_are_exact():
    confirm = shipped_profile("evse-dc-modbus").command("set-load").confirm
    assert (confirm.tolerance, confirm.within_ms) == (Decimal("0.05"), 5000)


def test_the_examples_of_the_handbook_load():
    """Each snippet put where it belongs in the profile of the DC device."""
    handbook = (Path(__file__).parents[3] / "lims/docs/rigs.md").read_text("utf-8")
    channel, derived, commands = re.findall(r"```toml\n(\[\[(?:polls|derived|commands).*?)```", handbook, re.DOTALL)
    head, tail = DC.split("[[derived]]", 1)
    profile = load_profile(f"{head}{channel}[[derived]]{tail}{derived}{commands}")
    assert [one.id for one in profile.channels][-3:] == ["mode", "gamma", "gamma_2"]
    assert [one.id for one in profile.commands] == ["set-load", "start", "stop", "load", "go"]

"""Driving: what the operator enters becomes bytes or is refused, and only a good reading says that it was done."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.profiles import load_profile, shipped, shipped_profile
from devices.profiles.complaints import complaints, explained, refused
from devices.profiles.drive import confirmed, prepare, wire_value
from devices.protocols.exchange import Answer, Quality, Trouble, silence
from lims.core.text import DataError

DC = shipped_profile("evse-dc-modbus")
PRESSURE = shipped_profile("pressure-scpi")
METER = shipped_profile("meter-3p-modbus")


def request(profile, command, value=None):
    return prepare(profile, profile.command(command), None if value is None else Decimal(value)).request


def test_commands_become_the_bytes_of_their_protocol():
    # 60.0 is 42700000H; the check sums are those of `modbus_rtu.sealed`, tested against published frames.
    assert request(DC, "set-load", "60.0")[:-2] == bytes.fromhex("03 10 00 40 00 02 04 42 70 00 00")
    assert request(DC, "start")[:-2] == bytes.fromhex("03 05 00 00 FF 00")
    assert request(DC, "stop")[:-2] == bytes.fromhex("03 05 00 00 00 00")
    assert request(METER, "three-wires")[:-2] == bytes.fromhex("05 06 00 62 00 01")
    assert request(METER, "set-constant", "65539")[:-2] == bytes.fromhex("05 10 00 60 00 02 04 00 03 00 01")
    assert request(PRESSURE, "set-point", "-12.5") == b":SOUR:PRES:LEV:IMM:AMPL -12.500\n"
    assert request(PRESSURE, "vent") == b":SOUR:PRES:LEV:IMM:AMPL:VENT 1\n"


@pytest.mark.parametrize(
    ("profile", "command", "value", "says"),
    [
        (DC, "set-load", None, "Enter a value in A"),
        (DC, "set-load", "NaN", "Enter a value in A"),
        (DC, "set-load", "Infinity", "Enter a value in A"),
        (DC, "set-load", "250.1", "between 0 and 250 A"),
        (DC, "set-load", "-0.1", "between 0 and 250 A"),
        (DC, "set-load", "1e400", "between 0 and 250 A"),
        (DC, "set-load", "60.05", "multiple of 0.1 A"),
        (DC, "start", "1", "takes no value"),
        (METER, "set-constant", "3200.5", "multiple of 1 imp/kWh"),
        (PRESSURE, "set-point", "0.0005", "multiple of 0.001 kPa"),
    ],
)
def test_a_value_the_command_does_not_take_is_refused(profile, command, value, says):
    with pytest.raises(DataError) as caught:
        prepare(profile, profile.command(command), None if value is None else Decimal(value))
    assert caught.value.path == "value"
    assert says in caught.value.text.en
    assert caught.value.text.zh


def test_what_is_sent_is_the_value_over_the_scale():
    """As for channels, the scale turns the number of the wire into the unit: 60.5 A in tenths is 605."""
    text = DC.text.replace(
        'type = "f32"\norder = "ABCD"\n\n[commands.input]', 'type = "i32"\n\n[commands.input]\nscale = "0.1"'
    )
    profile = load_profile(text)
    assert wire_value(profile.command("set-load"), Decimal("60.5")) == 605
    assert request(profile, "set-load", "60.5")[-6:-2] == bytes.fromhex("0000025D")


@given(st.integers(0, 2500))
def test_every_value_that_is_taken_can_be_written(tenths):
    assert len(request(DC, "set-load", Decimal(tenths).scaleb(-1))) == 13


@pytest.mark.parametrize(
    ("profile", "command", "value", "read", "quality", "done"),
    [
        (DC, "set-load", "60", "60.0", "ok", True),
        (DC, "set-load", "60", "60.1", "ok", False),
        (DC, "set-load", "60", "60.0", "unstable", False),
        (DC, "set-load", "60", None, "ok", False),
        (DC, "set-load", None, "60.0", "ok", False),
        (DC, "start", None, "2", "ok", True),
        (DC, "start", None, "1", "ok", False),
        (DC, "start", None, "2", "overload", False),
        (PRESSURE, "set-point", "100", "100.000", "ok", True),
        (PRESSURE, "set-point", "100", "100.001", "ok", False),
    ],
)
def test_only_a_good_reading_of_the_right_value_confirms(profile, command, value, read, quality, done):
    entered, seen = (None if one is None else Decimal(one) for one in (value, read))
    assert confirmed(profile.command(command), entered, seen, Quality(quality)) is done


def test_equals_may_have_a_tolerance():
    text = DC.text.replace('channel = "state"\nequals = "0"', 'channel = "I"\nequals = "0"\ntolerance = "0.1"')
    stop = load_profile(text).command("stop")
    assert confirmed(stop, None, Decimal("0.09"), Quality.OK)
    assert not confirmed(stop, None, Decimal("0.11"), Quality.OK)


def test_a_command_that_is_obeyed_in_silence_awaits_nothing():
    asking = prepare(PRESSURE, PRESSURE.command("vent"), None)
    assert asking.feed(b"") == Answer()


def test_a_command_that_may_be_refused_awaits_the_refusal():
    text = PRESSURE.text.replace(
        'send = ":SOUR:PRES:LEV:IMM:AMPL:VENT 1"',
        'send = ":SOUR:PRES:LEV:IMM:AMPL:VENT 1"\nreject = { \'^ERR.*$\' = "busy" }',
    )
    profile = load_profile(text)
    asking = prepare(profile, profile.command("vent"), None)
    assert asking.feed(b"") is None
    assert asking.expire() == Answer()
    again = prepare(profile, profile.command("vent"), None)
    assert getattr(again.feed(b"ERR 5\r\n"), "quality", None) is Quality.BUSY


def test_an_unknown_command_is_no_command():
    with pytest.raises(KeyError):
        DC.command("explode")


def test_every_shipped_command_can_be_prepared_at_both_ends():
    commands = [(profile, command) for profile in shipped().values() for command in profile.commands]
    assert len(commands) >= 10
    for profile, command in commands:
        for value in (command.input.low, command.input.high) if command.input else (None,):
            assert prepare(profile, command, value).request
        assert command.confirm.channel in {channel.id for channel in profile.channels}


def queue(*entries):
    """An instrument that hands out these entries one by one."""
    left = [dict(zip(("code", "text"), one, strict=True)) for one in entries]
    return lambda question: Answer(groups=left.pop(0) if left else {"code": "0", "text": "No error"})


ERRORS = PRESSURE.protocol.errors


def test_the_error_queue_is_read_until_it_is_empty():
    said = complaints(ERRORS, queue(("-113", "Undefined header"), ("-222", "Data out of range")))
    assert said == ["-113 Undefined header", "-222 Data out of range"]
    assert complaints(ERRORS, queue(("+0", "No error"))) == []
    assert len(complaints(ERRORS, lambda question: Answer(groups={"code": "-350", "text": "Queue overflow"}))) == 10


def test_silence_is_explained_by_what_the_instrument_did_not_like():
    told = explained(silence(), ["-113 Undefined header"])
    assert told.quality is Quality.DEVICE_ERROR
    assert "-113 Undefined header" in told.zh
    assert "did not answer" in told.en
    assert explained(silence(), []) == silence()
    assert explained(silence(), silence()) == silence()


def test_a_silent_command_is_done_when_nothing_is_complained_of():
    assert refused([]) is None
    assert refused(silence()) == silence()
    found = refused(["-222 Data out of range"])
    assert isinstance(found, Trouble)
    assert (found.quality, found.dirty) == (Quality.DEVICE_ERROR, False)

"""Whatever happens to the bytes on the way, a value that is filed is the right one."""

import os
import threading
import time
from collections import Counter

import pytest

from devices.profiles.decode import exchange
from devices.protocols import dlt645
from devices.protocols.exchange import Quality
from devices.simulators import faults
from tests.bench import faults as harmed
from tests.bench import late

PROTOCOLS = ("modbus-rtu", "dlt645-2007", "line")


def _tally(reader, rounds):
    """Outcomes over so many rounds of the four polls; WRONG counts values filed under the wrong quantity."""
    found = Counter()
    for _ in range(rounds):
        for sample in reader.read():
            right = int(sample.channel.removeprefix("v"))
            if sample.quality is not Quality.OK:
                found[sample.quality.value] += 1
            else:
                found["ok" if sample.value == right else "WRONG"] += 1
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_no_fault_on_the_wire_files_a_wrong_value(plug, protocol):
    """Every third reply harmed, all kinds of harm at once on wires of their own."""
    results = {}

    def run(kind):
        with plug(protocol, fault=faults.every(3, faults.KINDS[kind], seed=7), reply_ms=250, grace_ms=200) as (
            reader,
            _,
        ):
            results[kind] = _tally(reader, 4)

    threads = [threading.Thread(target=run, args=(kind,)) for kind in faults.KINDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(results) == set(faults.KINDS)
    assert {kind: found["WRONG"] for kind, found in results.items() if found["WRONG"]} == {}
    assert all(found["ok"] >= 4 for found in results.values()), results


def test_harm_of_every_kind_under_every_protocol_never_gives_a_wrong_value():
    """A sample of what `make bench PARTS=faults` does a hundred thousand times, in simulated time."""
    found = harmed.run(1500)
    assert {kind for _, kind in found} >= set(faults.KINDS) - {"late"}
    wrong = {where: counts for where, (counts, _, _) in found.items() if counts[harmed.WRONG] or counts[harmed.STALE]}
    assert wrong == {}
    assert sum(number for _, _, number in found.values()) >= 1500
    assert all(counts["ok"] > 0 for (_, kind), (counts, _, _) in found.items() if kind != "unplugged")


def test_what_no_master_can_see_is_caught_by_the_guards_of_a_profile():
    """A constant in the block, the identifier of DL/T 645, a named answer, a parity bit, two answers that agree."""
    rows = harmed.limit_counts(60)
    unguarded = [other for label, guard, other, _ in rows if guard in ("modbus-rtu", "dlt645 8N1, agree 1")]
    assert all(unguarded), "the harm is real"
    for label, guard, other, _ in rows:
        if guard in ("modbus-rtu, marked", "dlt645 8E1", "dlt645 8N1, agree 2") or "never twice" in label:
            assert other == 0, (label, guard)


def test_the_late_reply_table_of_six_masters_reads_right_with_ours():
    """10, 20, 30, 40 with 0.5 s of patience and a first reply after 0.65 s; the bench prints it beside the libraries."""
    assert late.tried(late.ours) == ("timeout", "20", "30", "40")


def test_the_same_late_reply_misleads_a_bare_port():
    assert late.tried(late.bare)[:2] == ("timeout", "10")


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_local_echo_does_no_harm(plug, protocol):
    with plug(protocol, echo=True, reply_ms=5000) as (reader, _):
        assert _tally(reader, 2) == {"ok": 8}


@pytest.mark.parametrize("protocol", ["modbus-rtu", "dlt645-2007"])
def test_with_one_retry_single_faults_cost_nothing(plug, protocol):
    with plug(protocol, fault=faults.every(3, faults.KINDS["bit_flip"], seed=3), reply_ms=500, retries=1) as (
        reader,
        _,
    ):
        assert _tally(reader, 2) == {"ok": 8}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_late_reply_is_never_taken_for_the_next_one(plug, protocol):
    """Six well-known masters give the value of register 10 as that of register 20 here (pymodbus PR 2636 and others)."""
    first_late = _only_first(faults.late(0.45))
    with plug(protocol, fault=first_late, reply_ms=300, grace_ms=800) as (reader, _):
        samples = reader.read()
        late = [raw for _, direction, raw in reader.frames.rows if direction == "l"]
    assert [sample.quality.value for sample in samples] == ["timeout", "ok", "ok", "ok"]
    assert [int(sample.value) for sample in samples[1:]] == [20, 30, 40]
    assert len(late) == 1


def test_with_a_retry_the_late_register_reads_right_too(plug):
    with plug("modbus-rtu", fault=_only_first(faults.late(0.45)), reply_ms=300, grace_ms=800, retries=1) as (reader, _):
        assert [int(sample.value) for sample in reader.read()] == [10, 20, 30, 40]


def test_an_instrument_that_is_always_late_never_gives_a_value(plug):
    with plug("modbus-rtu", fault=lambda reply: [(0.25, reply)], reply_ms=100, grace_ms=600) as (reader, _):
        assert _tally(reader, 1) == {"timeout": 4}


def test_a_line_that_never_falls_silent_is_named(plug):
    def noise(reply):
        return [(0.0, b"\x55")] + [(0.02, b"\x55\x55")] * 60

    with plug("modbus-rtu", fault=noise, reply_ms=50, grace_ms=40) as (reader, _):
        samples = reader.read()
    assert {sample.quality for sample in samples} == {Quality.BAD_FRAME}
    assert "never falls silent" in samples[1].text.en


def test_every_byte_of_a_fault_is_kept_as_evidence(plug):
    with plug("modbus-rtu", fault=faults.every(2, faults.KINDS["garbage_before"], seed=1)) as (reader, _):
        reader.read()
        reader.read()
        received = sum(len(raw) for _, direction, raw in reader.frames.rows if direction in "rlu")
    assert received > 8 * 9
    assert [seq for seq, _, _ in reader.frames.rows] == list(range(1, len(reader.frames.rows) + 1))


def _only_first(kind):
    count = 0

    def fault(reply):
        nonlocal count
        count += 1
        return kind(reply, None) if count == 1 else [(0.0, reply)]

    return fault


def test_what_is_said_out_of_turn_is_kept_as_unsolicited_and_never_read(plug):
    """A whole, correct reply that nobody asked for lies in the buffer when the next question comes."""
    with plug("modbus-rtu", reply_ms=1000, grace_ms=150) as (reader, wire):
        reader.read()
        stray = next(raw for _, direction, raw in reader.frames.rows if direction == "r")
        os.write(wire._ends[1][1], stray)
        time.sleep(0.2)
        before = len(reader.frames.rows)
        assert [int(sample.value) for sample in reader.read()] == [10, 20, 30, 40]
        assert reader.frames.rows[before][1:] == ("u", stray)


def test_bytes_that_trickle_in_do_not_prolong_the_patience(plug):
    """One deadline for the whole reply, however many reads it takes."""
    with plug("modbus-rtu", fault=lambda reply: [(0.05, bytes((one,))) for one in reply], reply_ms=200) as (reader, _):
        reader.port.ask(exchange(reader.profile, reader.profile.polls[0].question))
        started = time.monotonic()
        reader.port.dirty = False
        reader.port.ask(exchange(reader.profile, reader.profile.polls[0].question))
        assert time.monotonic() - started < 1.2  # the whole reply would take 1.85 s


def test_the_echo_of_the_question_for_a_meters_address_is_not_its_answer(plug):
    with plug("dlt645-2007", echo=True, reply_ms=3000) as (reader, _):
        answered = reader.port.ask(dlt645.ReadAddress(4))
        assert answered.outcome.data == b"123456781012"

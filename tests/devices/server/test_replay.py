"""Stored bytes read again: every rig of the demonstration gives its digits once more, and what would differ is told."""

import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.urls import reverse

from devices import exchangefile
from devices.agent import evidence
from devices.models import CaptureSession, Port, Reading
from devices.profiles import load_profile, shipped
from devices.replay import again
from devices.rules import follows_from_its_bytes
from devices.selectors import again_reading, reread
from devices.services import ingest, register_profile
from lims.core.text import DataError

from .conftest import READS, person


def run(*arguments):
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("rig", *arguments, stdout=out, stderr=err)
    return ended.value.code or 0, out.getvalue(), err.getvalue()


def test_every_rig_of_the_demonstration_replays_digit_by_digit(stored, tapes):
    assert len(tapes) >= 10
    for name in tapes:
        session = stored(name)
        part = reread(session)
        assert part.count == session.reading_count > 0, name
        assert [(one.stored.channel, one.stored.value, one.value, one.quality) for one in part.different] == [], name
        assert any(one.value for one in session.readings.all()), name
        assert session.parser == "1"


def test_one_reading_replays_for_the_page_that_shows_it(stored):
    for name in ("evse-ac", "balance"):
        last = stored(name).readings.order_by("-seq_no").select_related("session__profile")[0]
        assert again_reading(last).agrees


def test_a_stretch_from_the_middle_agrees_as_well(stored):
    session = stored("meter")
    assert reread(session, after=session.reading_count // 2).different == []
    first = reread(session, most=3)
    assert first.count == 3 and first.next == 3


def test_a_reading_that_was_tampered_with_is_told_apart(line, tapes):
    profile_id, tape = tapes["evse-ac"]
    rows = [dict(one) for one in tape["readings"]]
    rows[0]["value"] = str(float(rows[0]["value"] or 1) + 1)
    from devices.exchangefile import FileFrame, FileReading

    frames = [
        FileFrame(one["seq"], one["mono_ns"], one["wall_ns"], one["dir"], bytes.fromhex(one["raw"]), one["hash"])
        for one in tape["frames"]
    ]
    readings = [
        FileReading(one["seq_no"], one["channel"], one["value"], one["unit"], one["quality"], one["tx"], one["rx"])
        for one in rows
    ]
    found = [one for one in again(shipped()[profile_id], tape["header"], frames, readings) if not one.agrees]
    assert [one.stored.seq_no for one in found] == [1]


def coarser(session):
    """Another version of the session's profile, which reads the voltage to one decimal less."""
    return session.profile.text.replace('resolution = "0.01"', 'resolution = "0.1"', 1)


def test_a_value_that_its_bytes_do_not_say_is_not_measured_with(line, tapes, stored):
    """A bench that makes up digits is believed by nobody who takes a value."""
    honest = stored("evse-ac").readings.filter(channel="U").last()
    assert follows_from_its_bytes(honest) is None
    for number, lie in enumerate(({"value": "999.99"}, {"value": "999.99", "tx": None, "rx": None}, {"unit": "kV"})):
        _profile_id, tape = tapes["evse-ac"]
        readings = [{**one, **(lie if one["channel"] == "U" else {})} for one in tape["readings"]]
        port = Port.objects.create(
            bench=line.bench, name=f"lying {number}", profile=honest.session.profile, equipment=line.port.equipment
        )
        session = CaptureSession.objects.create(
            port=port, profile=port.profile, equipment=line.port.equipment, operator=line.technician
        )
        ingest(line.bench, {"session": str(session.pk), **tape, "readings": readings})
        for channel, refused in (("U", True), ("I", False)):
            reason = follows_from_its_bytes(session.readings.filter(channel=channel).last())
            assert (reason is not None) is refused, (lie, channel)


def test_another_version_lists_what_it_would_change_and_changes_nothing(stored, tmp_path, client, line):
    session = stored("evse-ac")
    before = list(session.readings.values_list("channel", "value"))
    text = coarser(session)
    part = reread(session, load_profile(text))
    assert {one.stored.channel for one in part.different} == {"U"} and len(part.different) == READS
    path = tmp_path / "other.toml"
    path.write_text(text, "utf-8")
    status, out, _err = run("reread", "--session", str(session.pk), "--with", str(path), "--json")
    told = json.loads(out)
    assert status == 1 and told["different"] == READS and told["sessions"][0]["different"][0]["again"]["value"]
    assert run("reread", "--json")[0] == 0
    row = register_profile(text, by=None)
    client.force_login(person("lead", "technical_lead"))
    page = client.get(reverse("devices:profile_reread", args=[row.sha256]), {"session": str(session.pk)})
    assert f"{session.reading_count} 个读数中有 {READS} 个会不同" in page.content.decode()
    assert list(session.readings.values_list("channel", "value")) == before


def test_the_command_line_replays_a_stored_and_an_exported_session(stored, tmp_path):
    session = stored("balance")
    status, out, _err = run("replay", str(session.pk)[:8], "--json")
    told = json.loads(out)
    assert status == 0 and told["different"] == 0 and told["chain"]["unbroken"]
    assert [one["again"]["value"] for one in told["readings"]] == [
        value or None for value in session.readings.order_by("seq_no").values_list("value", flat=True)
    ]
    path = tmp_path / "session.jsonl"
    assert run("export", str(session.pk), "--out", str(path))[0] == 0
    assert run("replay", str(path))[0] == 0
    lines = path.read_text("utf-8").splitlines(keepends=True)
    assert exchangefile.load(lines).broken_at is None
    at = next(index for index, one in enumerate(lines) if '"r",' in one)
    frame = json.loads(lines[at])["f"]
    frame[4] = f"{int(frame[4][:2], 16) ^ 1:02x}{frame[4][2:]}"
    lines[at] = json.dumps({"f": frame}) + "\n"
    path.write_text("".join(lines), "utf-8")
    assert exchangefile.load(lines).broken_at == frame[0]
    assert run("replay", str(path))[0] == 1


@pytest.mark.parametrize(
    "arguments",
    [("replay", "00000000"), ("replay", "zz"), ("reread", "--profile", "nothing-such"), ("reread", "--with", "abcd"),
     ("export", "00000000", "--out", "x")],
)  # fmt: skip
def test_wrong_input_is_one_sentence_and_status_two(db, arguments):
    status, out, err = run(*arguments)
    assert (status, out) == (2, "") and len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("text", ["", "x", "[]", '{"schema": "other"}', '{"schema": "session-export/1"}', "[" * 5000])
def test_a_file_that_is_no_session_is_refused_with_its_line(text):
    with pytest.raises(DataError):
        exchangefile.load(text.splitlines())


def test_the_page_of_a_session_replays_and_offers_the_file(client, line, stored):
    session = stored("dispenser")
    client.force_login(line.technician)
    page = client.get(reverse("devices:session", args=[session.pk]), {"replay": ""}).content.decode()
    assert f"{session.reading_count} 个读数由原始帧重新译出，逐位一致" in page
    answer = client.get(reverse("devices:export", args=[session.pk]))
    text = b"".join(answer.streaming_content).decode()
    assert exchangefile.load(text.splitlines()).session == str(session.pk)
    assert Reading.objects.filter(session=session).count() == session.reading_count
    assert evidence.header_hash(json.loads(session.header)).hex() == session.header_hash


def test_a_session_read_with_settings_of_its_bench_replays_with_them(stored):
    """The unit of a Modbus line and the address of a meter are the bench's, and stand in the session header."""
    session = stored("evse-ac")
    header = {**json.loads(session.header), "settings": {"unit": "9"}}
    rows = list(session.readings.order_by("seq_no"))
    frames = list(session.frames.order_by("seq"))
    found = list(again(load_profile(session.profile.text), header, frames, rows))
    assert all(one.value is None for one in found), "requests of unit 1 are no questions of unit 9"

"""Orders to instruments: driven by the operator while he records, told once, and every outcome in the event log."""

from datetime import timedelta

import pytest
from django.urls import reverse

from devices.models import CaptureSession, Command, Port
from devices.services import (
    approve_profile,
    close_session,
    drive,
    ingest,
    open_session,
    poll,
    register_profile,
    try_port,
)
from devices.services.capturing import finish
from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused

from .conftest import frames, header, person

WIRE = {"baud": 9600, "bits": 8, "parity": "N", "stop": 1}


@pytest.fixture
def capturing(line) -> CaptureSession:
    """A capture with a rig that can be driven."""
    from devices.profiles import shipped

    drivable = next(one for one in shipped().values() if any(command.input for command in one.commands))
    line.port.profile = approve_profile(register_profile(drivable.text, by=None), by=None)
    line.port.save()
    session = open_session(line.port, by=line.technician)
    poll(line.bench, {})
    ingest(line.bench, {"session": str(session.pk), "header": header(session), "frames": frames(session, 1)})
    session.refresh_from_db()
    assert session.state == "capturing"
    session.commands.update(done_at=clock.now(), ok=True)
    return session


def load_of(session):
    """A command of the profile that takes a value, with one it admits and one beyond its range."""
    from devices.replay import profile_of

    command = next(one for one in profile_of(session.profile.text).commands if one.input)
    return command, f"{command.input.low + command.input.resolution:f}", f"{command.input.high + 1:f}"


def codes(refused) -> list[str]:
    return [one.code for one in refused.value.reasons]


def test_an_order_is_told_once_and_its_outcome_is_kept(line, capturing):
    command, value, _beyond = load_of(capturing)
    order = drive(capturing, by=line.technician, command=command.id, value=value)
    (told,) = poll(line.bench, {"ports": [{"name": "evse-ac", "state": "capturing"}]})["commands"]
    assert told == {
        "id": str(order.pk), "do": "drive", "port": "evse-ac", "session": str(capturing.pk),
        "command": command.id, "value": value,
    }  # fmt: skip
    assert poll(line.bench, {})["commands"] == [], "a second telling might do it twice"
    said = {"id": str(order.pk), "ok": True, "text": {"zh": "已设定", "en": "set"}}
    poll(line.bench, {"done": [said]})
    order.refresh_from_db()
    assert (order.ok, order.text, order.text_en) == (True, "已设定", "set")
    verbs = list(Event.objects.filter(verb__startswith="rig.").order_by("pk").values_list("verb", flat=True))
    assert verbs == ["rig.drive_ordered", "rig.driven"]


def test_only_the_operator_drives_and_only_while_capturing(line, capturing):
    command, value, _beyond = load_of(capturing)
    for by, code in ((line.other, "not_the_operator"), (person("k", "checker"), "role_missing")):
        with pytest.raises(Refused) as refused:
            drive(capturing, by=by, command=command.id, value=value)
        assert code in codes(refused)
    CaptureSession.objects.filter(pk=capturing.pk).update(state="closed")
    with pytest.raises(Refused) as refused:
        drive(capturing, by=line.technician, command=command.id, value=value)
    assert codes(refused) == ["not_capturing"]
    assert not Command.objects.filter(do="drive").exists()


def test_values_that_the_profile_does_not_admit_are_refused(line, capturing):
    command, value, beyond = load_of(capturing)
    for wrong in (beyond, "-1e9", "", "abc", "NaN", "Infinity", "1_0", value + "0001", "9" * 60):
        with pytest.raises(Refused):
            drive(capturing, by=line.technician, command=command.id, value=wrong)
    with pytest.raises(Refused) as refused:
        drive(capturing, by=line.technician, command="explode")
    assert codes(refused) == ["command_unknown"]
    assert not Command.objects.filter(do="drive").exists()


def test_an_order_that_was_not_taken_in_time_is_off(line, capturing):
    command, value, _beyond = load_of(capturing)
    order = drive(capturing, by=line.technician, command=command.id, value=value)
    Command.objects.filter(pk=order.pk).update(made_at=clock.now() - timedelta(seconds=25))
    assert poll(line.bench, {})["commands"] == []
    order.refresh_from_db()
    assert order.ok is False and order.text_en.startswith("The bench did not take it")


def test_an_order_without_an_answer_is_unknown_until_a_late_answer_comes(line, capturing):
    command, value, _beyond = load_of(capturing)
    order = drive(capturing, by=line.technician, command=command.id, value=value)
    poll(line.bench, {})
    Command.objects.filter(pk=order.pk).update(sent_at=clock.now() - timedelta(seconds=310))
    poll(line.bench, {})
    order.refresh_from_db()
    assert order.done_at and order.ok is None
    poll(line.bench, {"done": [{"id": str(order.pk), "ok": False, "text": "refused"}]})
    order.refresh_from_db()
    assert order.ok is False


def test_a_session_that_ends_settles_its_orders(line, capturing):
    command, value, _beyond = load_of(capturing)
    sent = drive(capturing, by=line.technician, command=command.id, value=value)
    poll(line.bench, {})
    unsent = drive(capturing, by=line.technician, command=command.id, value=value)
    finish(capturing, "interrupted", "session.interrupted", zh="断了", en="gone")
    for order, ok in ((sent, None), (unsent, False)):
        order.refresh_from_db()
        assert order.done_at and order.ok is ok
    close_session(capturing, by=line.technician)


def test_the_page_asks_before_it_drives_and_shows_the_outcome(client, line, capturing):
    command, value, beyond = load_of(capturing)
    client.force_login(line.technician)
    page = client.get(reverse("devices:session", args=[capturing.pk])).content.decode()
    assert "data-confirm-dialog" in page and command.title.zh in page and str(command.input.unit) in page
    address = reverse("devices:drive", args=[capturing.pk])
    answer = client.post(address, {"command": command.id, "value": beyond})
    assert answer.status_code == 422 and 'data-reason="value_not_admitted"' in answer.content.decode()
    answer = client.post(address, {"command": command.id, "value": value})
    order = Command.objects.get(do="drive")
    assert "等待工位取走指令" in answer.content.decode()
    poll(line.bench, {})
    poll(line.bench, {"done": [{"id": str(order.pk), "ok": True, "text": {"zh": "已设定", "en": "set"}}]})
    shown = client.get(reverse("devices:order", args=[order.pk])).content.decode()
    assert "已执行" in shown and "已设定" in shown and "hx-get" not in shown
    client.force_login(line.other)
    assert "只有开始本次采集的" in client.get(reverse("devices:session", args=[capturing.pk])).content.decode()
    assert client.post(address, {"command": command.id, "value": value}).status_code == 422


@pytest.fixture
def bare(line) -> Port:
    poll(line.bench, {"ports": [{"name": "bare", "profile": "", "state": "idle"}]})
    return Port.objects.select_related("bench").get(name="bare")


def test_a_try_goes_out_once_and_brings_its_frames_back(line, bare):
    order = try_port(bare, by=line.technician, settings=WIRE, send=b"R\r\n", listen_ms=500, again=1)
    (told,) = poll(line.bench, {})["commands"]
    assert told == {
        "id": str(order.pk), "do": "try", "port": "bare", "try": {**WIRE, "send": "520d0a", "listen_ms": 500},
    }  # fmt: skip
    answer = {"frames": [{"dir": "t", "hex": "520d0a", "ms": 0}, {"dir": "r", "hex": "31", "ms": 7}]}
    again = poll(line.bench, {"done": [{"id": str(order.pk), "ok": True, "text": "", "result": answer}]})
    order.refresh_from_db()
    assert order.result == answer
    assert [one["do"] for one in again["commands"]] == ["try"], "the next of the series goes out with the same answer"
    assert Event.objects.filter(verb="port.tried").count() == 1


def test_a_port_that_records_is_not_tried(line, bare, capturing):
    with pytest.raises(Refused) as refused:
        try_port(line.port, by=line.technician, settings=WIRE, send=b"x", listen_ms=500)
    assert "port_busy" in codes(refused)
    with pytest.raises(Refused) as refused:
        try_port(bare, by=person("k", "checker"), settings=WIRE, send=b"x" * 600, listen_ms=500)
    assert codes(refused) == ["role_missing", "too_long"]


def test_a_bare_port_cannot_be_recorded(line, bare):
    with pytest.raises(Refused) as refused:
        open_session(bare, by=line.technician)
    assert codes(refused) == ["port_bare"]

"""Sessions are opened by one person at a time, on a bench that answers; their pages are for the institute only."""

import pytest
from django.urls import reverse

from devices.models import CaptureSession, Command
from devices.services import close_session, ingest, open_session, poll
from lims.core.text import Refused
from lims.people.models import Organisation

from .conftest import frames, header, person, reading


def test_the_agent_is_told_to_open_and_says_that_it_did(line):
    session = open_session(line.port, by=line.technician)
    answer = poll(
        line.bench, {"agent": "0.1", "ports": [{"name": "evse-ac", "state": "idle", "serial_read": "SIM-EV-0017"}]}
    )
    (order,) = answer["commands"]
    assert order["do"] == "open" and order["equipment_serial"] == "SIM-EV-0017"
    assert order["profile"] in answer["profiles"]
    again = poll(line.bench, {"done": [{"id": order["id"], "ok": True, "text": ""}], "ports": []})
    assert again["commands"] == []
    session.refresh_from_db()
    assert session.state == "capturing"


def test_a_refusal_of_the_agent_frees_the_port(line):
    session = open_session(line.port, by=line.technician)
    (order,) = poll(line.bench, {})["commands"]
    poll(line.bench, {"done": [{"id": order["id"], "ok": False, "text": "编号不符"}]})
    session.refresh_from_db()
    assert (session.state, session.text) == ("failed", "编号不符")
    open_session(line.port, by=line.other)


def test_a_port_records_for_one_person_at_a_time(line):
    open_session(line.port, by=line.technician)
    with pytest.raises(Refused) as refused:
        open_session(line.port, by=line.other)
    assert refused.value.reasons[0].code == "port_busy"
    assert CaptureSession.objects.count() == 1


def test_a_silent_bench_is_said_before_anybody_waits(line):
    line.bench.seen_at = None
    line.bench.save()
    with pytest.raises(Refused) as refused:
        open_session(line.port, by=line.technician)
    assert "bench_silent" in [one.code for one in refused.value.reasons]


def test_an_agent_that_lost_its_session_interrupts_it(line):
    session = open_session(line.port, by=line.technician)
    ingest(line.bench, {"session": str(session.pk), "header": header(session), "frames": frames(session, 1)})
    poll(line.bench, {"ports": [{"name": "evse-ac", "state": "idle"}]})
    session.refresh_from_db()
    assert session.state == "interrupted"


def test_closing_twice_asks_once(line):
    session = open_session(line.port, by=line.technician)
    close_session(session, by=line.technician)
    close_session(session, by=line.technician)
    assert session.commands.filter(do=Command.Do.CLOSE).count() == 1


@pytest.mark.parametrize(
    ("roles", "status"),
    [(("technician",), 200), (("checker",), 200), (("auditor",), 200), (("customer",), 404), ((), 404)],
)
def test_the_session_page_is_for_staff_and_auditors(client, line, roles, status):
    session = open_session(line.port, by=line.technician)
    ingest(
        line.bench,
        {"session": str(session.pk), "header": header(session), "frames": frames(session, 4), "readings": [reading(1)]},
    )
    client.force_login(person("viewer", *roles, organisation=Organisation.objects.create(kind="customer", name="客户")))
    assert client.get(reverse("devices:session", args=[session.pk])).status_code == status
    assert client.get(reverse("devices:session", args=[session.pk]) + "?check").status_code == status


def test_strangers_are_sent_to_sign_in(client, line):
    session = open_session(line.port, by=line.technician)
    for name, args in (("devices:installed", []), ("devices:session", [session.pk]), ("devices:stream", [session.pk])):
        assert client.get(reverse(name, args=args)).status_code == 302


def test_the_page_of_ports_does_not_grow_queries_with_sessions(client, line, django_assert_max_num_queries):
    client.force_login(line.technician)
    for _ in range(3):
        session = open_session(line.port, by=line.technician)
        CaptureSession.objects.filter(pk=session.pk).update(state="closed")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("devices:installed")).status_code == 200

"""Readings of a rig become those of a standard's capability test: as stored, from one day, and only where the bytes say so."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from devices.models import CaptureSession
from devices.services import enter_test_from_session
from lims.audit.models import Event
from lims.core.text import Refused
from lims.people.models import Organisation
from standards.models import CapabilityTest, MeasurementStandard, Parameter

from .conftest import person


@pytest.fixture
def lead(line):
    return person("zhao", "technical_lead")


@pytest.fixture
def meter(stored):
    """The ended session of a reference meter, two readings of each channel."""
    return ended(stored("meter"))


def ended(session):
    CaptureSession.objects.filter(pk=session.pk).update(state="closed")
    session.refresh_from_db()
    return session


@pytest.fixture
def read(meter):
    """The valid readings of the channel that the tests take."""
    channel = meter.readings.filter(quality="ok", quantity="voltage").first().channel
    return list(meter.readings.filter(channel=channel, quality="ok").order_by("seq_no"))


@pytest.fixture
def parameter(read):
    standard = MeasurementStandard.objects.create(name="交流充电桩检定装置", code="YS-JB-009")
    return Parameter.objects.create(standard=standard, name="电压示值", unit=read[0].unit, use="nominal", limit="5")


def enter(session, lead, parameter, read, **changed):
    asked = {"kind": "repeatability", "channel": read[0].channel, "first": 1, "count": 2, "object": "核查标准 HC-01"}
    return enter_test_from_session(session, by=lead, parameter=parameter, **(asked | changed))


def test_the_digits_the_day_and_the_person_come_from_the_session(meter, lead, parameter, read):
    test = enter(meter, lead, parameter, read)
    assert test.readings == [one.value for one in read[:2]]
    assert (test.session, test.performed_by, test.entered_by) == (str(meter.pk), meter.operator, lead)
    event = Event.objects.get(verb="standard.test_entered")
    assert json.loads(event.payload)["session"] == str(meter.pk)


def test_from_the_second_on_is_one_reading(meter, lead, parameter, read):
    test = enter(meter, lead, parameter, read, kind="check", first=2, count=1, given={"reference": read[1].value})
    assert test.readings == [read[1].value] and test.verdict == "pass"


@pytest.mark.parametrize(
    ("changed", "code", "where"),
    [
        ({"count": 50}, "too_few_readings", "count"),
        ({"first": 9}, "too_few_readings", "count"),
        ({"channel": "nothing"}, "too_few_readings", "count"),
    ],
)
def test_readings_that_are_not_there_are_refused(meter, lead, parameter, read, changed, code, where):
    with pytest.raises(Refused) as refused:
        enter(meter, lead, parameter, read, **changed)
    assert [(one.code, one.where) for one in refused.value.reasons] == [(code, where)]
    assert not CapabilityTest.objects.exists()


def test_another_unit_is_refused_and_never_converted(meter, lead, parameter, read):
    Parameter.objects.update(unit="kV")
    parameter.refresh_from_db()
    with pytest.raises(Refused, match="kV"):
        enter(meter, lead, parameter, read)


def test_a_running_session_is_refused(meter, lead, parameter, read):
    meter.state = "capturing"
    with pytest.raises(Refused) as refused:
        enter(meter, lead, parameter, read)
    assert refused.value.reasons[0].code == "session_still_open"


def claimed(tapes, read, **lie):
    """The readings of the tape with something else said of the second one that is taken."""
    _profile, tape = tapes["meter"]
    return [{**one, **(lie if one["seq_no"] == read[1].seq_no else {})} for one in tape["readings"]]


def test_readings_of_two_days_are_no_single_test(stored, tapes, lead, parameter, read):
    later = int((read[1].at + timedelta(days=1)).timestamp()) * 10**9
    session = ended(stored("meter", claimed(tapes, read, at_ns=later)))
    with pytest.raises(Refused) as refused:
        enter(session, lead, parameter, read)
    assert refused.value.reasons[0].code == "readings_of_several_days"


def test_a_digit_that_its_bytes_do_not_say_is_refused(stored, tapes, lead, parameter, read):
    session = ended(stored("meter", claimed(tapes, read, value="219.99")))
    with pytest.raises(Refused) as refused:
        enter(session, lead, parameter, read)
    assert refused.value.reasons[0].code == "reading_not_in_bytes"


@pytest.mark.parametrize("role", ["receptionist", "approver", "auditor", "administrator"])
def test_who_enters_no_tests_enters_none_from_a_session(meter, parameter, read, role):
    with pytest.raises(Refused):
        enter(meter, person(f"u-{role}", role), parameter, read)


def test_the_page_leads_from_the_session_to_the_verdict(client, meter, lead, parameter, read):
    client.force_login(lead)
    address = reverse("devices:session_test", args=[meter.pk])
    assert address in client.get(reverse("devices:session", args=[meter.pk])).content.decode()
    assert f"{read[0].channel}（{read[0].unit}）" in client.get(address).content.decode()
    asked = {
        "parameter": parameter.pk, "kind": "repeatability", "channel": read[0].channel, "first": 1, "count": 2,
        "object": "核查标准 HC-01",
    }  # fmt: skip
    refused = client.post(address, asked | {"count": 99})
    assert refused.status_code == 422 and "不足 99 个" in refused.content.decode()
    assert client.post(address, asked).headers["Location"] == reverse("standards:capability", args=["YS-JB-009"])
    shown = client.get(reverse("standards:capability", args=["YS-JB-009"])).content.decode()
    assert read[0].value in shown and reverse("devices:session", args=[meter.pk]) in shown


@pytest.mark.parametrize(("role", "status"), [("auditor", 422), ("receptionist", 422), ("customer", 404)])
def test_others_do_not_get_the_page(client, meter, role, status):
    organisation = Organisation.objects.create(kind="customer", name="客户") if role == "customer" else None
    client.force_login(person(f"u-{role}", role, organisation=organisation))
    assert client.get(reverse("devices:session_test", args=[meter.pk])).status_code == status
    assert "session_test" not in client.get(reverse("devices:session", args=[meter.pk])).content.decode()

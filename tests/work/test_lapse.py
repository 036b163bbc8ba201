"""授权在检定途中到期：不能提交，读数保留，由他人接手。 An authorisation that ends between starting and submitting.

The day of measurement counts for the readings, the day of the act for submitting, checking and approving; both are days of
the institute's calendar, whatever day it is elsewhere.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import Command
from instruments.models import Record
from instruments.services import recording, work
from lims.core.text import Refused
from lims.people.models import Authorisation, Qualification, Registration, Requirement
from tests import factories


@pytest.fixture
def lab(db):
    return factories.laboratory()


@pytest.fixture
def clock(monkeypatch):
    """Sets the moment for everybody."""
    return lambda at: monkeypatch.setattr(timezone, "now", lambda: at)


def late_in_the_evening() -> datetime:
    """Ten minutes before midnight at the institute (UTC+8), on the institute's present day: 15:50 of that day in UTC."""
    return datetime.combine(factories.today(), datetime.min.time(), UTC).replace(hour=15, minute=50)


def ends_today(user) -> None:
    Authorisation.objects.filter(user=user, act="verify").update(valid_until=factories.today())


def submit(record, by) -> Record:
    return recording.submit(record.task, by=by, version=factories.fresh(record.task).version)


def test_submitted_before_midnight_it_counts_and_after_midnight_it_is_refused_with_what_to_do(lab, clock):
    evening = late_in_the_evening()
    ends_today(lab.technician)
    last_day = factories.today()
    clock(evening)
    record = factories.complete(factories.recording_(lab), lab.technician)
    clock(evening + timedelta(minutes=11))  # still the same day in UTC
    assert (evening + timedelta(minutes=11)).date() == evening.date()
    with pytest.raises(Refused) as refused:
        submit(record, lab.technician)
    (why,) = refused.value.reasons
    assert why.code == "not_authorised"
    assert f"已于 {last_day} 到期" in why.text.zh and f"it ended on {last_day}" in why.text.en
    assert "读数全部保留" in why.text.zh and "改派" in why.action.zh and "续办授权" in why.action.zh
    assert "every reading is kept" in why.text.en and "reassign" in why.action.en
    record.refresh_from_db()
    assert record.state == Record.State.DRAFT
    clock(evening + timedelta(minutes=9))
    assert submit(record, lab.technician).verified_on == last_day


def test_the_page_says_which_authorisation_ended_and_keeps_the_readings(client, lab, clock):
    evening = late_in_the_evening()
    ends_today(lab.technician)
    clock(evening)
    record = factories.complete(factories.recording_(lab), lab.technician)
    clock(evening + timedelta(minutes=20))
    client.force_login(lab.technician)
    page = client.get(reverse("instruments:record_sheet", args=[record.pk])).content.decode()
    assert f"已于 {evening.date()} 到期" in page and "读数全部保留" in page
    assert 'value="11.000"' in page


def test_another_authorised_person_takes_over_and_every_entry_keeps_its_author(lab, clock):
    evening = late_in_the_evening()
    ends_today(lab.technician)
    clock(evening)
    record = factories.complete(factories.recording_(lab), lab.technician)
    capture = factories.session(lab.technician, lab.meter)
    recording.use_session(record, by=lab.technician, session=capture)
    clock(evening + timedelta(minutes=20))
    task = factories.fresh(record.task)
    work.reassign(task, by=lab.lead, version=task.version, technician=lab.colleague)
    # The rig is free for whoever goes on.
    assert Command.objects.get(session=capture).do == Command.Do.CLOSE
    factories.type_(record, lab.colleague, "environment.temperature[0]", "24.0", previous="23.0", why_code="remeasured")
    assert submit_codes(record, lab.technician) == ["assigned_to_another"]
    record = submit(record, lab.colleague)
    facts = json.loads(record.facts)
    assert facts["people"]["technician"]["name"] == "检定员乙"
    days = [evening.date().isoformat()], [(evening + timedelta(days=1)).date().isoformat()]
    assert [(one["name"], one["days"]) for one in facts["people"]["measured_by"]] == [
        ("检定员甲", days[0]), ("检定员乙", days[1]),
    ]  # fmt: skip
    authors = [one["by"] for one in facts["values"]]
    assert authors.count("检定员乙") == 1 and set(authors[:-1]) == {"检定员甲"}


def submit_codes(record, by) -> list[str]:
    with pytest.raises(Refused) as refused:
        submit(record, by)
    return [one.code for one in refused.value.reasons if one.where == "technician"]


def test_readings_of_somebody_who_was_not_authorised_that_day_do_not_pass_with_a_new_technician(lab):
    record = factories.complete(factories.recording_(lab), lab.technician)
    Authorisation.objects.filter(user=lab.technician).delete()
    task = factories.fresh(record.task)
    work.reassign(task, by=lab.lead, version=task.version, technician=lab.colleague)
    with pytest.raises(Refused) as refused:
        submit(record, lab.colleague)
    (why,) = refused.value.reasons
    assert why.code == "not_authorised" and why.where == "technician:technician" and "检定员甲" in why.text.zh


def test_whoever_measured_and_handed_over_does_not_check(lab):
    record = factories.recording_(lab)
    task = factories.fresh(record.task)
    task = work.reassign(task, by=lab.lead, version=task.version, technician=lab.colleague)
    factories.complete(record, lab.colleague)
    with pytest.raises(Refused) as refused:
        work.reassign(task, by=lab.lead, version=task.version, technician=lab.technician, checker=lab.colleague)
    assert [one.code for one in refused.value.reasons] == ["took_part"]


@pytest.mark.parametrize(("rule", "refused"), [(None, True), ("always", True), ("not_asked", False)])
def test_a_registration_that_ended_blocks_verifying_as_the_institute_has_decided(lab, rule, refused):
    record = factories.complete(factories.recording_(lab), lab.technician)
    held = Qualification.objects.create(
        user=lab.technician, level="2", certificate_number="Z-1", issued_on="2015-01-01"
    )
    yesterday = factories.today() - timedelta(days=1)
    Registration.objects.create(
        qualification=held, number="R-1", employer="测试所", valid_from="2020-01-01", valid_until=yesterday
    )
    if rule:
        Requirement.objects.create(
            key="registration",
            value=rule,
            source="本机构决定",
            valid_from=yesterday,
            entered_by=lab.lead,
            entered_at=timezone.now(),
        )
    if refused:
        with pytest.raises(Refused) as caught:
            submit(record, lab.technician)
        (why,) = caught.value.reasons
        assert why.code == "registration_lapsed" and f"注册 R-1 已于 {yesterday} 到期" in why.text.zh
    else:
        assert submit(record, lab.technician).state == Record.State.FROZEN

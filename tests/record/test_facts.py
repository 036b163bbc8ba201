"""What submitting freezes, and that nobody changes it afterwards."""

import json
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from instruments.models import Record
from instruments.selectors.record import sheet
from instruments.services import entries, recording, work
from lims.core import canonical, clock, frozen
from lims.core.text import Refused
from standards.models import Device
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_the_facts_hold_what_is_needed_to_repeat_the_work(lab):
    record = factories.recording_(lab)
    session = factories.session(lab.technician, lab.meter)
    recording.use_session(record, by=lab.technician, session=session)
    read = factories.reading(session, "5.000000")
    path = "items.working_error.rows[0].runs[0].E_std_start"
    entries.save_entries(record, by=lab.technician, drafts=[factories.draft(path, "5.000000", reading=read.pk)])
    rest = {key: value for key, value in factories.complete_values(record).items() if key != path}
    entries.save_entries(record, by=lab.technician, drafts=[factories.draft(*one) for one in rest.items()])
    record = recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    facts = json.loads(record.facts)
    assert canonical.sha256(facts) == record.sha256
    assert facts["evaluation"]["conclusion"] == record.conclusion == "pass"
    assert facts["procedure"]["sha256"] == lab.procedure.sha256
    assert facts["devices"][0]["asset_number"] == "BZ-001" and facts["devices"][0]["certificate_number"]
    assert facts["standards"][0]["code"] == "14114700"
    named = next(one for one in facts["results"] if one["item"] == "working_error")["rows"][0][0]
    assert named == {"zh": "负载点 1", "en": "Load point 1"}
    assert facts["people"]["technician"] == {"name": "检定员甲", "id": str(lab.technician.pk)}
    assert facts["instrument"]["identity_read"] == "EV-0001"
    taken = next(one for one in facts["values"] if one["path"] == path)
    assert taken["origin"] == "rig" and taken["reading"]["session"] == str(session.pk)
    assert (
        facts["sessions"][0]["head"] == session.head
        and facts["sessions"][0]["profile_sha256"] == session.profile.sha256
    )
    assert facts["dates"]["verified"] == factories.today().isoformat()


def test_a_frozen_record_is_refused_every_change_by_the_database(lab):
    factories.submitted(lab)
    for statement in (
        "UPDATE instruments_record SET facts = '{}'",
        "UPDATE instruments_record SET state = 'draft'",
        "DELETE FROM instruments_record",
    ):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        Record.objects.update(conclusion="fail")


def test_what_changes_in_the_house_later_does_not_change_the_record(lab):
    record = factories.submitted(lab)
    Device.objects.filter(pk=lab.meter.pk).update(name="改名后的装置")
    assert "交流充电桩检定装置" in Record.objects.get(pk=record.pk).facts


def test_a_failing_instrument_is_submitted_as_failed_with_its_item_named(lab):
    record = factories.complete(factories.recording_(lab), lab.technician, error="0.500")
    record = recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert record.conclusion == "fail"
    assert json.loads(record.facts)["evaluation"]["failed_items"] == ["working_error"]


def test_a_slip_of_the_pen_set_right_later_does_not_move_the_day_of_measurement(lab, monkeypatch):
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    task = work.return_(task, by=lab.checker, version=task.version, reason="起始示值请复核")
    path = "items.working_error.rows[0].runs[0].E_pile_start"
    later = clock.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    for why, day in (("typing_slip", factories.today()), ("remeasured", timezone.localdate(later))):
        second = task.records.order_by("-attempt").first()
        if second.state == "frozen":
            second = recording.start(task, by=lab.technician, version=factories.fresh(task).version, seen=True)
        value = sheet(second).entries[path].value
        changed = factories.type_(second, lab.technician, path, value + "0", previous=value, why_code=why)
        assert not changed.refused
        assert sheet(second).days[-1] == day


def test_values_of_a_rig_that_the_record_does_not_name_are_refused_at_submit(lab):
    record = factories.recording_(lab)
    other = factories.device("BZ-009", roles=("other_role",))
    session = factories.session(lab.technician, other)
    recording.use_session(record, by=lab.technician, session=session)
    read = factories.reading(session, "5.000000")
    path = "items.working_error.rows[0].runs[0].E_std_start"
    entries.save_entries(record, by=lab.technician, drafts=[factories.draft(path, "5.000000", reading=read.pk)])
    rest = {key: value for key, value in factories.complete_values(record).items() if key != path}
    entries.save_entries(record, by=lab.technician, drafts=[factories.draft(*one) for one in rest.items()])
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert [one.code for one in refused.value.reasons] == ["rig_not_chosen"]


def test_a_record_altered_behind_the_systems_back_is_neither_checked_nor_approved(lab):
    record = factories.submitted(lab)
    frozen.remove(connection, Record)
    Record.objects.filter(pk=record.pk).update(facts=record.facts.replace('"conclusion":"pass"', '"conclusion":"fail"'))
    task = factories.fresh(record.task)
    with pytest.raises(Refused) as refused:
        work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    assert [one.code for one in refused.value.reasons] == ["record_altered"]
    frozen.install(connection, Record, Record.frozen)

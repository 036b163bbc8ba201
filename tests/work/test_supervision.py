"""见习人员可以测量，但不能单独提交；指导人员用自己的账号确认并提交。 A trainee is never alone."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from certificates import derived
from instruments.models import Record, Task
from instruments.services import recording, work
from lims.audit.models import Event
from lims.core.text import Refused
from lims.people.models import Authorisation, Supervision, UserRole
from lims.people.services.keys import create_key
from standards.selectors.procedures import pack_of
from tests import factories


@pytest.fixture
def lab(db):
    found = factories.laboratory()
    found.trainee = factories.person("trainee", "见习员壬", found.institute, "technician")
    found.training = factories.authorise(found.trainee, "train")
    # The colleague may check as well; whoever supervises must not judge.
    Supervision.objects.create(authorisation=found.training, supervisor=found.colleague)
    return found


def measured(lab, **people) -> Record:
    """A complete draft that the trainee measured."""
    task = factories.accepted(lab)
    task = work.assign(task, by=lab.lead, version=task.version, technician=lab.trainee, **people)
    record = recording.start(task, by=lab.trainee, version=task.version, seen=True)
    recording.choose_devices(record, by=lab.trainee, devices={"reference_meter": [lab.meter]})
    return factories.complete(record, lab.trainee)


def submit(record, by, **more) -> Record:
    return recording.submit(record.task, by=by, version=factories.fresh(record.task).version, **more)


def refusal(deed, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        deed(*args, **kwargs)
    return refused.value.reasons


def test_a_trainee_records_but_does_not_submit_alone(lab):
    record = measured(lab)
    (why,) = refusal(submit, record, lab.trainee)
    assert why.code == "trainee_alone"
    assert "检定员乙" in why.action.zh and "检定员乙" in why.action.en
    record.refresh_from_db()
    assert record.state == Record.State.DRAFT and record.entries.count() > 10


def test_the_supervisor_confirms_and_the_record_names_both(lab):
    record = submit(measured(lab), lab.colleague)
    facts = json.loads(record.facts)
    assert facts["people"]["technician"] == {"name": "见习员壬", "id": str(lab.trainee.pk)}
    assert facts["people"]["supervised_by"] == {"name": "检定员乙", "id": str(lab.colleague.pk)}
    assert "measured_by" not in facts["people"]
    assert {one["by"] for one in facts["values"]} == {"见习员壬"}
    assert record.supervised_by == lab.colleague
    assert record.task.technician == lab.trainee
    # The certificate prints who answers for the verification.
    printed = derived.from_record(facts, pack_of(record.task.procedure))["people"]
    assert printed == {"technician": facts["people"]["supervised_by"]}
    frozen = Event.objects.get(verb="record.frozen")
    assert frozen.actor_name == "检定员乙"
    assert json.loads(frozen.payload)["supervised_by"] == "检定员乙"


def test_a_record_without_a_trainee_says_nothing_of_supervision(lab):
    people = json.loads(factories.submitted(lab).facts)["people"]
    assert people == {"technician": {"name": "检定员甲", "id": str(lab.technician.pk)}}


@pytest.mark.parametrize("who", ["technician", "checker", "lead"])
def test_nobody_but_a_named_supervisor_confirms(lab, who):
    record = measured(lab)
    expected = "trainee_alone" if who == "technician" else "role_missing"
    assert [one.code for one in refusal(submit, record, getattr(lab, who))] == [expected]


def test_a_supervisor_signs_with_the_own_key(lab):
    create_key(lab.colleague, by=lab.colleague, passphrase="four words of mine", reauthenticated=True)
    record = measured(lab)
    assert refusal(submit, record, lab.colleague)[0].code == "passphrase_needed"
    record = submit(record, lab.colleague, passphrase="four words of mine")
    frozen = json.loads(Event.objects.get(verb="record.frozen").payload)
    assert frozen["key"] == lab.colleague.keys.get().fingerprint


def test_a_supervisor_must_be_authorised_himself_on_the_day(lab):
    record = measured(lab)
    Authorisation.objects.filter(user=lab.colleague, act="verify").update(
        valid_until=factories.today() - timedelta(days=1)
    )
    assert "no_supervisor" in [one.code for one in refusal(submit, record, lab.colleague)]


@pytest.mark.parametrize("duty", ["checker", "approver"])
def test_whoever_judges_the_record_does_not_confirm_it(lab, duty):
    record = measured(lab)
    Task.objects.filter(pk=record.task_id).update(**{duty: lab.colleague})
    (why,) = refusal(submit, record, lab.colleague)
    assert why.code == "no_common_supervisor"


def test_whoever_confirmed_a_record_does_not_check_it(lab):
    record = submit(measured(lab), lab.colleague)
    seen = {"version": factories.fresh(record.task).version, "record_sha256": record.sha256}
    (why,) = refusal(work.check, record.task, by=lab.colleague, **seen)
    assert why.code == "took_part"
    assert work.check(record.task, by=lab.checker, **seen).state == Task.State.CHECKED


@pytest.mark.parametrize(("act", "role"), [("check", "checker"), ("approve", "approver")])
def test_a_trainee_neither_checks_nor_approves_what_he_is_learning(lab, act, role):
    UserRole.objects.create(user=lab.trainee, role=role)
    factories.authorise(lab.trainee, act)
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    if act == "approve":
        task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
        deed, more = work.approve, {"password": factories.PASSWORD}
    else:
        deed, more = work.check, {}
    (why,) = refusal(deed, task, by=lab.trainee, version=task.version, record_sha256=record.sha256, **more)
    assert why.code == "trainee_cannot_judge"


def test_without_any_supervisor_authorised_that_day_a_trainee_does_not_even_begin(lab):
    Authorisation.objects.filter(user=lab.colleague, act="verify").delete()
    task = factories.accepted(lab)
    (why,) = refusal(work.assign, task, by=lab.lead, version=task.version, technician=lab.trainee)
    assert why.code == "no_supervisor" and "检定员乙" in why.text.zh


def test_a_trainee_who_becomes_a_technician_meanwhile_still_needs_the_supervisor_for_what_was_measured_before(
    lab, monkeypatch
):
    """The authorisation of the day of measurement counts for the readings."""
    record, tomorrow = measured(lab), factories.today() + timedelta(days=1)
    authorised = factories.authorise(lab.trainee, "verify")
    Authorisation.objects.filter(pk=authorised.pk).update(valid_from=tomorrow)
    now = timezone.now()
    monkeypatch.setattr(timezone, "now", lambda: now + timedelta(days=1))
    assert refusal(submit, record, lab.trainee)[0].code == "trainee_alone"
    Authorisation.objects.filter(pk=authorised.pk).update(valid_from=tomorrow - timedelta(days=1))
    assert submit(record, lab.trainee).supervised_by is None


def test_the_page_tells_the_trainee_whom_to_ask_and_offers_the_supervisor_to_confirm(client, lab):
    record = measured(lab)
    page = reverse("instruments:record_sheet", args=[record.pk])
    send = reverse("instruments:record_submit", args=[record.pk])
    client.force_login(lab.trainee)
    shown = client.get(page).content.decode()
    assert "不能单独提交" in shown and "检定员乙" in shown and send not in shown
    client.force_login(lab.technician)
    assert send not in client.get(page).content.decode()
    client.force_login(lab.colleague)
    shown = client.get(page).content.decode()
    assert "确认并提交" in shown and send in shown
    version = factories.fresh(record.task).version
    assert client.post(send, {"version": version}).status_code == 302
    assert "指导人员" in client.get(reverse("instruments:record_print", args=[record.pk])).content.decode()


def test_what_a_trainee_records_waits_for_the_supervisor(client, lab):
    record = measured(lab)
    for who, waits in ((lab.colleague, True), (lab.technician, False)):
        client.force_login(who)
        shown = client.get(reverse("instruments:task_list"), {"whose": "mine"}).content.decode()
        assert (record.task.number in shown) == waits

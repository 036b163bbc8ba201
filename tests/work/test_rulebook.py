"""The rule book of a task, sentence by sentence: who may do what, when, and what a refusal says."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from instruments.models import Record, Task
from instruments.rules import states
from instruments.rules.work import Deed
from instruments.services import moves, recording, work
from lims.audit.models import Event
from lims.audit.registry import wording
from lims.core.text import Conflict, Refused
from lims.people.models import Authorisation, Role, UserRole
from standards.models import DeviceState, ProcedureVersion, StandardState
from tests import factories

pytestmark = pytest.mark.django_db

# Written out once more on purpose: a change of the state table must be meant.
TABLE = {
    "assign": ("accepted assigned", "technical_lead receptionist", "assigned"),
    "reassign": ("recording returned submitted checked", "technical_lead receptionist", None),
    "start": ("assigned returned", "technician", "recording"),
    "submit": ("recording", "technician", "submitted"),
    "check": ("submitted", "checker", "checked"),
    "approve": ("checked", "approver", "approved"),
    "issue": ("approved", "approver", "issued"),
    "unissue": ("issued", "technical_lead", "approved"),
    "return": ("submitted checked", "checker approver", "returned"),
    "cancel": ("accepted assigned recording returned", "technical_lead receptionist", "cancelled"),
    "void": ("submitted checked approved", "technical_lead quality_manager", "void"),
    "reopen": ("issued", "technical_lead quality_manager approver", "returned"),
    "keep": ("returned", "technical_lead quality_manager approver", "issued"),
}


@pytest.fixture
def lab():
    return factories.laboratory()


def codes(refused):
    return [one.code for one in refused.value.reasons]


def test_the_state_table_is_the_one_written_here():
    found = {
        verb: (set(move.sources), set(move.roles), move.target and str(move.target))
        for verb, move in states.MOVES.items()
    }
    assert found == {verb: (set(a.split()), set(b.split()), c) for verb, (a, b, c) in TABLE.items()}


def test_every_verb_can_be_told_as_a_sentence():
    for move in states.MOVES.values():
        assert wording(move.event).zh and wording(move.event).en


def test_no_role_does_anything_outside_the_table(lab):
    """Every role × state × verb: outside the table nothing is written and the first reason names state or role."""
    task = factories.assigned(lab)
    people = {role: factories.person(f"only-{role}", role, lab.institute, role) for role in Role.values}
    people["nobody"] = factories.person("nobody", "无角色", lab.institute)
    tried = 0
    for state in Task.State.values:
        Task.objects.filter(pk=task.pk).update(state=state)
        for verb, (sources, roles, _target) in TABLE.items():
            for role, who in people.items():
                if state in sources.split() and role in roles.split():
                    continue
                tried += 1
                task.state = state
                deed = Deed(task=task, verb=verb, by=who, day=factories.today(), reason="理由充分")
                expected = "role_missing" if state in sources.split() else "wrong_state"
                assert [one.code for one in states.refusals(deed)] == [expected], (role, state, verb)
            with pytest.raises(Refused):
                moves.move(task, verb, by=people["nobody"], version=task.version, why="理由充分")
    assert tried == len(TABLE) * 10 * 10 - sum(len(a.split()) * len(b.split()) for a, b, _c in TABLE.values())
    assert Task.objects.get(pk=task.pk).version == task.version
    assert (
        not Event.objects.filter(verb__startswith="task.").exclude(verb__in=["task.accepted", "task.assign"]).exists()
    )


def test_from_an_issued_task_only_its_certificate_leads_on():
    assert [verb for verb, move in states.MOVES.items() if Task.State.ISSUED in move.sources] == ["unissue", "reopen"]
    assert {"unissue", "reopen"} <= states.ELSEWHERE


@pytest.mark.parametrize("state", ["cancelled", "void"])
def test_from_an_end_state_no_verb_leads_on(state):
    assert not [verb for verb, move in states.MOVES.items() if state in move.sources]


# 检定、核验、批准必须是三个不同的人
def test_technician_checker_and_approver_are_three_different_people(lab):
    task = factories.accepted(lab)
    for people in ({"checker": lab.colleague}, {"approver": lab.colleague}):
        with pytest.raises(Refused) as refused:
            work.assign(task, by=lab.lead, version=task.version, technician=lab.colleague, **people)
        assert "same_person" in codes(refused)


def test_a_technician_cannot_check_his_own_record_although_he_is_a_checker(lab):
    task = factories.accepted(lab)
    task = work.assign(task, by=lab.lead, version=task.version, technician=lab.colleague)
    record = recording.start(task, by=lab.colleague, version=task.version, seen=True)
    recording.choose_devices(record, by=lab.colleague, devices={"reference_meter": [lab.meter]})
    factories.complete(record, lab.colleague)
    record = recording.submit(task, by=lab.colleague, version=factories.fresh(task).version)
    with pytest.raises(Refused) as refused:
        work.check(task, by=lab.colleague, version=factories.fresh(task).version, record_sha256=record.sha256)
    assert codes(refused) == ["same_person"]
    assert refused.value.reasons[0].text.zh == "核验员不能是检定员本人（检定员乙）"


def test_the_database_itself_refuses_the_same_person_twice(lab):
    task = factories.assigned(lab)
    for column in ("checker", "approver"):
        with pytest.raises(IntegrityError), transaction.atomic():
            Task.objects.filter(pk=task.pk).update(**{column: lab.technician})


# 只有轮到的人才能操作
def test_a_task_is_started_by_its_technician_only(lab):
    task = factories.assigned(lab)
    with pytest.raises(Refused) as refused:
        recording.start(task, by=lab.colleague, version=task.version, seen=True)
    assert codes(refused) == ["assigned_to_another"]
    assert refused.value.reasons[0].text.zh == "本任务的检定员是 检定员甲"


def test_a_named_checker_is_not_replaced_by_another_without_reassigning(lab):
    task = factories.accepted(lab)
    task = work.assign(task, by=lab.lead, version=task.version, technician=lab.technician, checker=lab.checker)
    record = recording.start(task, by=lab.technician, version=task.version, seen=True)
    recording.choose_devices(record, by=lab.technician, devices={"reference_meter": [lab.meter]})
    factories.complete(record, lab.technician)
    record = recording.submit(task, by=lab.technician, version=factories.fresh(task).version)
    with pytest.raises(Refused) as refused:
        work.check(task, by=lab.colleague, version=factories.fresh(task).version, record_sha256=record.sha256)
    assert codes(refused) == ["assigned_to_another"]
    task = factories.fresh(task)
    work.reassign(task, by=lab.lead, version=task.version, checker=lab.colleague)
    task = work.check(task, by=lab.colleague, version=factories.fresh(task).version, record_sha256=record.sha256)
    assert task.checker == lab.colleague


def test_whoever_has_done_his_step_cannot_be_reassigned(lab):
    task = factories.fresh(factories.submitted(lab).task)
    with pytest.raises(Refused) as refused:
        work.reassign(task, by=lab.lead, version=task.version, technician=lab.colleague)
    assert "step_already_done" in codes(refused)


def test_a_technician_does_not_return_his_own_record(lab):
    UserRole.objects.create(user=lab.technician, role=Role.CHECKER)
    task = factories.fresh(factories.submitted(lab).task)
    with pytest.raises(Refused) as refused:
        work.return_(task, by=lab.technician, version=task.version, reason="再看一遍")
    assert codes(refused) == ["own_work"]


# 人员必须在当日有授权
@pytest.mark.parametrize("act", ["verify", "check", "approve"])
def test_nobody_acts_without_an_authorisation_for_the_day(lab, act):
    record = factories.recording_(lab)
    factories.complete(record, lab.technician)
    Authorisation.objects.filter(act=act).update(valid_until=factories.today() - timedelta(days=1))
    task = record.task
    with pytest.raises(Refused) as refused:
        record = recording.submit(task, by=lab.technician, version=factories.fresh(task).version)
        task = factories.fresh(task)
        task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
        work.approve(
            task, by=lab.approver, version=task.version, record_sha256=record.sha256, password=factories.PASSWORD
        )
    assert codes(refused) == ["not_authorised"]
    assert refused.value.reasons[0].action is not None


def test_a_missing_authorisation_is_never_let_pass(lab):
    task = factories.accepted(lab)
    Authorisation.objects.filter(user=lab.technician).delete()
    task = factories.fresh(task)
    with pytest.raises(Refused) as refused:
        work.assign(task, by=lab.lead, version=task.version, technician=lab.technician)
    assert codes(refused) == ["not_authorised"]
    with pytest.raises(Refused) as refused:
        work.grant_exception(task, by=lab.lead, code="not_authorised", where="technician", reason="现场急用")
    assert codes(refused) == ["nothing_to_except"]


# 条件检查
def test_work_does_not_begin_with_a_procedure_that_is_not_in_force(lab):
    task = factories.assigned(lab)
    ProcedureVersion.objects.update(state=ProcedureVersion.State.RETIRED)
    with pytest.raises(Refused) as refused:
        recording.start(task, by=lab.technician, version=task.version, seen=True)
    assert codes(refused) == ["procedure_not_approved"]


def test_work_does_not_begin_while_no_device_or_standard_is_usable(lab):
    task = factories.assigned(lab)
    yesterday = factories.today() - timedelta(days=1)
    StandardState.objects.create(standard=lab.standard, state="suspended", since=yesterday)
    DeviceState.objects.create(device=lab.meter, state="suspended", since=yesterday)
    with pytest.raises(Refused) as refused:
        recording.start(task, by=lab.technician, version=task.version, seen=True)
    assert {"standard_not_in_use", "device_not_in_use"} <= set(codes(refused))
    assert all(reason.action for reason in refused.value.reasons)


@pytest.mark.parametrize(
    ("serial", "seen", "code"), [("EV-9999", False, "identity_differs"), ("", False, "identity_not_confirmed")]
)
def test_the_nameplate_is_read_before_work_begins(lab, serial, seen, code):
    task = factories.assigned(lab)
    with pytest.raises(Refused) as refused:
        recording.start(task, by=lab.technician, version=task.version, serial=serial, seen=seen)
    assert codes(refused) == [code]
    assert not Record.objects.exists()


def test_the_identity_is_asked_again_at_submit(lab):
    record = factories.complete(factories.recording_(lab), lab.technician)
    type(lab.pile).objects.filter(pk=lab.pile.pk).update(serial="EV-7777")
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert "identity_differs" in codes(refused)


def test_devices_are_asked_on_the_day_of_measurement_and_a_missing_one_is_named(lab):
    record = factories.complete(factories.recording_(lab), lab.technician)
    recording.choose_devices(record, by=lab.technician, devices={})
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert codes(refused) == ["device_missing"]


def test_an_exception_of_the_lead_lets_one_refusal_pass_and_is_frozen_into_the_facts(lab):
    record = factories.complete(factories.recording_(lab), lab.technician)
    DeviceState.objects.create(device=lab.meter, state="suspended", since=factories.today())
    version = factories.fresh(record.task).version
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=version)
    assert codes(refused) == ["device_not_in_use"]
    for who, reason_text, code in ((lab.quality, "期间核查合格", "role_missing"), (lab.lead, "", "reason_missing")):
        with pytest.raises(Refused) as refused:
            work.grant_exception(record.task, by=who, code="device_not_in_use", where="BZ-001", reason=reason_text)
        assert codes(refused) == [code]
    granted = work.grant_exception(
        record.task, by=lab.lead, code="device_not_in_use", where="BZ-001", reason="期间核查合格，现场急用"
    )
    record = recording.submit(record.task, by=lab.technician, version=version)
    assert '"approved_by":"技术负责人戊"' in record.facts and "期间核查合格，现场急用" in record.facts
    with pytest.raises(IntegrityError), transaction.atomic():
        type(granted).objects.filter(pk=granted.pk).update(reason="另一个理由")


def test_nobody_grants_an_exception_for_his_own_work(lab):
    UserRole.objects.create(user=lab.technician, role=Role.TECHNICAL_LEAD)
    record = factories.recording_(lab)
    DeviceState.objects.create(device=lab.meter, state="suspended", since=factories.today())
    with pytest.raises(Refused) as refused:
        work.grant_exception(
            record.task, by=lab.technician, code="device_not_in_use", where="BZ-001", reason="现场急用"
        )
    assert codes(refused) == ["own_exception"]


# 提交、核验、批准
def test_an_incomplete_record_is_not_submitted(lab):
    record = factories.recording_(lab)
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert "record_incomplete" in codes(refused)
    assert Record.objects.get(pk=record.pk).state == Record.State.DRAFT


def test_check_and_approval_are_bound_to_the_record_that_was_seen(lab):
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    with pytest.raises(Refused) as refused:
        work.check(task, by=lab.checker, version=task.version, record_sha256="0" * 64)
    assert codes(refused) == ["other_record"]
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    with pytest.raises(Refused) as refused:
        work.approve(task, by=lab.approver, version=task.version, record_sha256="0" * 64, password="guess")
    assert codes(refused) == ["other_record", "not_proved"]
    assert factories.fresh(task).state == "checked"


def test_a_return_needs_a_reason_and_stays_in_the_log(lab):
    task = factories.fresh(factories.submitted(lab).task)
    with pytest.raises(Refused) as refused:
        work.return_(task, by=lab.checker, version=task.version, reason=" ")
    assert codes(refused) == ["reason_missing"]
    task = work.return_(task, by=lab.checker, version=task.version, reason="第2次读数请复核")
    assert (task.state, task.last_reason) == ("returned", "第2次读数请复核")
    assert "第2次读数请复核" in Event.objects.get(verb="task.return").payload


def test_cancelled_and_void_numbers_stay_in_the_series(lab):
    task = factories.accepted(lab)
    work.cancel(task, by=lab.receptionist, version=task.version, reason="客户撤回")
    other = factories.submitted(lab)
    other_task = factories.fresh(other.task)
    work.void(other_task, by=lab.quality, version=other_task.version, reason="送检器具错误")
    numbers = list(Task.objects.order_by("pk").values_list("number", "state"))
    year = factories.today().year
    assert numbers == [(f"RW-{year}-000001", "cancelled"), (f"RW-{year}-000002", "void")]


# 两人同时操作
def test_the_second_of_two_is_told_who_was_faster_and_writes_nothing(lab):
    task = factories.accepted(lab)
    work.assign(task, by=lab.lead, version=task.version, technician=lab.technician)
    with pytest.raises(Conflict) as conflict:
        work.cancel(task, by=lab.receptionist, version=task.version, reason="客户撤回")
    assert codes(conflict) == ["changed_meanwhile"]
    assert "技术负责人戊" in conflict.value.reasons[0].text.zh
    assert factories.fresh(task).state == "assigned"


# 受理
def test_what_cannot_be_verified_is_not_accepted(lab):
    other = factories.pile(lab.beta, serial="EV-0002")
    scrapped = factories.pile(lab.alpha, serial="EV-0003", state="scrapped")
    dispenser = factories.pile(lab.alpha, serial="JYJ-1", category="fuel_dispenser")
    for instrument, code in (
        (other, "instrument_of_other"),
        (scrapped, "instrument_scrapped"),
        (dispenser, "procedure_for_other_category"),
    ):
        with pytest.raises(Refused) as refused:
            factories.accepted(lab, instrument)
        assert codes(refused) == [code]
    factories.accepted(lab)
    with pytest.raises(Refused) as refused:
        factories.accepted(lab)
    assert codes(refused) == ["task_under_way"]
    with pytest.raises(Refused) as refused:
        work.accept(by=lab.technician, organisation=lab.alpha, wanted=[])
    assert codes(refused) == ["role_missing"]

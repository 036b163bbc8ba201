"""Who may do what to a task, and why not. Each rule looks at a deed and returns its reason, or None.

The same functions grey the button, refuse the POST and name the tests.
"""

from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from django.db.models import Q

from instruments.models import Record, Task
from instruments.selectors.record import Sheet
from lims.audit import selectors as audit_selectors
from lims.core.text import Reason, reason
from lims.people import rules as people_rules
from lims.people import selectors as people_selectors
from lims.people.models import Role, User
from lims.people.rules.competence import Standing, taking_readings

ROLE_OF_PERSON = {"technician": Role.TECHNICIAN, "checker": Role.CHECKER, "approver": Role.APPROVER}
ACT_OF_PERSON = {"technician": "verify", "checker": "check", "approver": "approve"}
TITLES = {"technician": ("检定员", "technician"), "checker": ("核验员", "checker"), "approver": ("批准人", "approver")}


@dataclass(frozen=True, kw_only=True)
class Deed:
    """What somebody wants to do to a task. The three people are those the task would have afterwards.

    day: the calendar day that authorisations are asked for. reason: what the person wrote, where the verb wants one.
    record and sheet: for deeds on a record. identity_serial: what the technician read on the nameplate, for starting.
    """

    task: Task
    verb: str
    by: User | None
    day: date
    technician: User | None = None
    checker: User | None = None
    approver: User | None = None
    reason: str = ""
    record: Record | None = None
    sheet: Sheet | None = None
    identity_serial: str = ""

    def person(self, title: str) -> User | None:
        """The person who would be technician, checker or approver."""
        found: User | None = getattr(self, title)
        return found

    @cached_property
    def taking(self) -> list[tuple[date, Standing]]:
        """How each of those who measured could take readings on his day, and the technician on the day of the deed."""
        if self.technician is None:
            return []
        persons = {self.technician.pk: self.technician}
        hands = self.sheet.hands if self.sheet else []
        if others := {pk for _day, pk in hands} - persons.keys():
            persons |= User.objects.in_bulk(others)
        pairs = dict.fromkeys([*((day, persons[pk]) for day, pk in hands), (self.day, self.technician)])
        return taking_readings(pairs, procedure_code=self.task.procedure.code, category=self.task.instrument.category)


def three_different_people(deed: Deed) -> Reason | None:
    """Three different people verify, check and approve."""
    for first, second in (("technician", "checker"), ("technician", "approver"), ("checker", "approver")):
        a, b = deed.person(first), deed.person(second)
        if a is not None and a == b:
            return reason(
                "same_person",
                f"{TITLES[second][0]}不能是{TITLES[first][0]}本人（{a}）",
                f"The {TITLES[second][1]} must not be the {TITLES[first][1]} ({a})",
                f"请另一位有授权的人员担任{TITLES[second][0]}",
                f"Have another authorised person act as {TITLES[second][1]}",
                where=second,
            )
    return None


def judges_took_no_part(deed: Deed) -> Reason | None:
    """Whoever put down values of the task, or confirmed them as a supervisor, neither checks nor approves it."""
    judges = {
        title: person
        for title in ("checker", "approver")
        if (person := deed.person(title)) is not None and person != deed.technician
    }
    if not judges:
        return None
    taken = set(
        Record.objects.filter(task=deed.task)
        .filter(Q(entries__by__in=judges.values()) | Q(supervised_by__in=judges.values()))
        .values_list("entries__by", "supervised_by")
        .distinct()
    )
    parts = {pk for pair in taken for pk in pair}
    for title, person in judges.items():
        if person.pk in parts:
            zh, en = TITLES[title]
            return reason(
                "took_part",
                f"{person} 参与了本任务记录的测量或确认，不能担任{zh}",
                f"{person} took part in this task's record and cannot be its {en}",
                f"请另一位有授权的人员担任{zh}",
                f"Have another authorised person act as {en}",
                where=title,
            )
    return None


def technician_is_chosen(deed: Deed) -> Reason | None:
    if deed.technician is not None:
        return None
    return reason(
        "technician_missing",
        "派工时必须指定检定员",
        "An assignment names a technician",
        "请选择检定员",
        "Choose the technician",
        where="technician",
    )


def has_role_of(person: User, title: str) -> Reason | None:
    """The person is still with us and holds the role of technician, checker or approver."""
    if ROLE_OF_PERSON[title] in people_selectors.roles_of(person):
        return None
    zh, en = TITLES[title]
    return reason(
        "person_without_role",
        f"{person} 不具有{zh}角色",
        f"{person} does not hold the role of {en}",
        "请选择其他人员，或请系统管理员授予角色",
        "Choose somebody else, or ask the administrator to grant the role",
        where=title,
    )


def _holds(deed: Deed, title: str) -> Reason | None:
    """The person holds the role and is authorised for this procedure on the day."""
    person = deed.person(title)
    if person is None:
        return None
    if refusal := has_role_of(person, title):
        return refusal
    found = people_rules.authorised(
        person,
        procedure_code=deed.task.procedure.code,
        category=deed.task.instrument.category,
        act=ACT_OF_PERSON[title],
        day=deed.day,
    )
    return found and replace(found, where=title)


def technician_is_authorised(deed: Deed) -> Reason | None:
    """As a technician, or as a trainee who has a supervisor on that day."""
    if deed.technician is None:
        return None
    if refusal := has_role_of(deed.technician, "technician"):
        return refusal
    standing = next(one for day, one in deed.taking if (day, one.person) == (deed.day, deed.technician))
    return replace(standing.reasons[0], where="technician") if standing.reasons else None


def checker_is_authorised(deed: Deed) -> Reason | None:
    return _holds(deed, "checker")


def approver_is_authorised(deed: Deed) -> Reason | None:
    return _holds(deed, "approver")


def _in_turn(deed: Deed, title: str) -> Reason | None:
    planned: User | None = getattr(deed.task, title)
    if planned is None or planned == deed.by:
        return None
    zh, en = TITLES[title]
    return reason(
        "assigned_to_another",
        f"本任务的{zh}是 {planned}",
        f"The {en} of this task is {planned}",
        "如需换人，请技术负责人或业务受理员改派",
        "To change the person, have the technical lead or the reception reassign the task",
        where=title,
    )


def by_the_technician(deed: Deed) -> Reason | None:
    return _in_turn(deed, "technician")


def by_the_checker(deed: Deed) -> Reason | None:
    return _in_turn(deed, "checker")


def by_the_approver(deed: Deed) -> Reason | None:
    return _in_turn(deed, "approver")


def returned_by_whose_turn_it_is(deed: Deed) -> Reason | None:
    """The checker returns what waits for the check, the approver what waits for approval; nobody returns the own record."""
    title = "approver" if deed.task.state == Task.State.CHECKED else "checker"
    if deed.by is not None and deed.by == deed.task.technician:
        return reason(
            "own_work",
            "检定员不能退回自己的记录",
            "A technician does not return his own record",
            "请核验员或批准人退回",
            "Ask the checker or the approver to return it",
        )
    return people_rules.has_role(deed.by, ROLE_OF_PERSON[title]) or _in_turn(deed, title)


def reason_is_given(deed: Deed) -> Reason | None:
    if len(deed.reason.strip()) >= 2:
        return None
    return reason(
        "reason_missing",
        "必须写明理由",
        "A reason is required",
        "请填写理由，它会记入日志",
        "Write the reason; it is kept in the log",
        where="reason",
    )


def nothing_was_issued(deed: Deed) -> Reason | None:
    """A task whose certificate was issued is neither cancelled nor voided: the certificate stands, and its correction is finished or given up."""
    if not _issued_before(deed.task):
        return None
    return reason(
        "certificate_is_out",
        f"任务 {deed.task} 已签发过证书，正在更正，不能取消或作废",
        f"Task {deed.task} has issued a certificate and is being corrected; it can be neither cancelled nor voided",
        "不需要更正时，请在证书页面放弃更正",
        "If nothing needs correcting, give the correction up on the page of the certificate",
    )


def something_was_issued(deed: Deed) -> Reason | None:
    """Only a task whose certificate was issued has a correction to give up."""
    if _issued_before(deed.task):
        return None
    return reason(
        "nothing_to_keep",
        f"任务 {deed.task} 还没有签发过证书",
        f"Task {deed.task} has not issued a certificate yet",
        "请完成检定，或取消任务",
        "Finish the verification, or cancel the task",
    )


def _issued_before(task: Task) -> bool:
    told = (
        audit_selectors.of_object(task).filter(verb__in=("task.issue", "task.unissue")).values_list("verb", flat=True)
    )
    verbs = list(told)
    return verbs.count("task.issue") > verbs.count("task.unissue")


def people_at_work_stay(deed: Deed) -> Reason | None:
    """Assigning anew does not exchange somebody whose step is done."""
    done = {Task.State.SUBMITTED: ("technician",), Task.State.CHECKED: ("technician", "checker")}
    for title in done.get(Task.State(deed.task.state), ()):
        if deed.person(title) != getattr(deed.task, title):
            zh, en = TITLES[title]
            return reason(
                "step_already_done",
                f"{zh}已完成其步骤，不能改派",
                f"The {en} has already done this step and cannot be replaced",
                "如确需换人，请先退回任务",
                "Return the task first if the person must change",
                where=title,
            )
    return None

"""The one state table of a task: which verb leads from where to where, who may do it, and what must hold.

accepted ─assign→ assigned ─start→ recording ─submit→ submitted ─check→ checked ─approve→ approved ─issue→ issued
                              ↑                          └──return──┬──┘
                              └────────── start ───── returned ←────┘
cancel: before anything is submitted, or after a return.   void: after submitting, before issue.
unissue: the number was voided before its document was sealed; the approval stands and the approver issues under a new number.
reopen: an issued task whose certificate is wrong stands as returned again.   keep: it does not need correcting after all.
Cancel and void are closed to a task that has issued before: its certificate stands.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from instruments.models import Task
from instruments.rules import preflight, record, supervision, work
from instruments.rules.preflight import Moment
from instruments.rules.work import Deed
from lims.core.text import Reason, Text, reason
from lims.people import rules as people_rules
from lims.people.models import Role, User

S = Task.State
Rule = Callable[[Deed], Reason | None]


@dataclass(frozen=True)
class Move:
    """One verb of the table. `target` None leaves the state as it is. `acts_as`: the column the doer is entered in."""

    verb: str
    label: Text
    sources: frozenset[str]
    target: str | None
    roles: frozenset[str]
    rules: tuple[Rule, ...] = ()
    preflight: Moment | None = None
    acts_as: str = ""

    @property
    def event(self) -> str:
        return f"task.{self.verb}"


_TABLE = (
    Move(
        "assign",
        Text("派工", "Assign"),
        frozenset({S.ACCEPTED, S.ASSIGNED}),
        S.ASSIGNED,
        frozenset({Role.TECHNICAL_LEAD, Role.RECEPTIONIST}),
        (
            work.technician_is_chosen,
            work.three_different_people,
            work.checker_is_authorised,
            work.approver_is_authorised,
        ),
        preflight="assign",
    ),
    Move(
        "reassign",
        Text("改派", "Reassign"),
        frozenset({S.RECORDING, S.RETURNED, S.SUBMITTED, S.CHECKED}),
        None,
        frozenset({Role.TECHNICAL_LEAD, Role.RECEPTIONIST}),
        (
            work.technician_is_chosen,
            work.people_at_work_stay,
            work.three_different_people,
            work.judges_took_no_part,
            work.technician_is_authorised,
            work.checker_is_authorised,
            work.approver_is_authorised,
        ),
    ),
    Move(
        "start",
        Text("开始检定", "Start"),
        frozenset({S.ASSIGNED, S.RETURNED}),
        S.RECORDING,
        frozenset({Role.TECHNICIAN}),
        (work.by_the_technician, work.three_different_people),
        preflight="start",
    ),
    Move(
        "submit",
        Text("提交", "Submit"),
        frozenset({S.RECORDING}),
        S.SUBMITTED,
        frozenset({Role.TECHNICIAN}),
        (
            supervision.submitted_by_whoever_answers,
            work.three_different_people,
            record.is_complete,
            record.is_decided,
        ),
        preflight="submit",
    ),
    Move(
        "check",
        Text("核验通过", "Confirm the check"),
        frozenset({S.SUBMITTED}),
        S.CHECKED,
        frozenset({Role.CHECKER}),
        (work.by_the_checker, work.three_different_people, work.judges_took_no_part, work.checker_is_authorised),
        acts_as="checker",
    ),
    Move(
        "approve",
        Text("批准", "Approve"),
        frozenset({S.CHECKED}),
        S.APPROVED,
        frozenset({Role.APPROVER}),
        (work.by_the_approver, work.three_different_people, work.judges_took_no_part, work.approver_is_authorised),
        acts_as="approver",
    ),
    Move(
        "issue",
        Text("发证", "Issue"),
        frozenset({S.APPROVED}),
        S.ISSUED,
        frozenset({Role.APPROVER}),
        (work.by_the_approver,),
    ),
    Move(
        "unissue",
        Text("收回发证", "Take the issue back"),
        frozenset({S.ISSUED}),
        S.APPROVED,
        frozenset({Role.TECHNICAL_LEAD}),
        (work.reason_is_given,),
    ),
    Move(
        "return",
        Text("退回", "Return"),
        frozenset({S.SUBMITTED, S.CHECKED}),
        S.RETURNED,
        frozenset({Role.CHECKER, Role.APPROVER}),
        (work.returned_by_whose_turn_it_is, work.reason_is_given),
    ),
    Move(
        "cancel",
        Text("取消", "Cancel"),
        frozenset({S.ACCEPTED, S.ASSIGNED, S.RECORDING, S.RETURNED}),
        S.CANCELLED,
        frozenset({Role.TECHNICAL_LEAD, Role.RECEPTIONIST}),
        (work.reason_is_given, work.nothing_was_issued),
    ),
    Move(
        "void",
        Text("作废", "Void"),
        frozenset({S.SUBMITTED, S.CHECKED, S.APPROVED}),
        S.VOID,
        frozenset({Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER}),
        (work.reason_is_given, work.nothing_was_issued),
    ),
    Move(
        "reopen",
        Text("更正", "Correct"),
        frozenset({S.ISSUED}),
        S.RETURNED,
        frozenset({Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER, Role.APPROVER}),
        (work.reason_is_given,),
    ),
    Move(
        "keep",
        Text("放弃更正", "Give the correction up"),
        frozenset({S.RETURNED}),
        S.ISSUED,
        frozenset({Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER, Role.APPROVER}),
        (work.reason_is_given, work.something_was_issued),
    ),
)
# Begun on the page of the certificate, or by issuing it.
ELSEWHERE = frozenset({"issue", "unissue", "reopen", "keep"})
MOVES: dict[str, Move] = {move.verb: move for move in _TABLE}
STATE_NAMES: dict[str, Text] = {
    S.ACCEPTED: Text("已受理", "accepted"),
    S.ASSIGNED: Text("已派工", "assigned"),
    S.RECORDING: Text("检定中", "recording"),
    S.SUBMITTED: Text("待核验", "submitted"),
    S.CHECKED: Text("待批准", "checked"),
    S.APPROVED: Text("已批准", "approved"),
    S.ISSUED: Text("已发证", "issued"),
    S.RETURNED: Text("已退回", "returned"),
    S.CANCELLED: Text("已取消", "cancelled"),
    S.VOID: Text("已作废", "void"),
}
# The way of a task that nothing stops, as the stepper shows it.
MAIN_LINE = (S.ACCEPTED, S.ASSIGNED, S.RECORDING, S.SUBMITTED, S.CHECKED, S.APPROVED, S.ISSUED)


def refusals(deed: Deed) -> list[Reason]:
    """Why the deed is not allowed: empty means it is. State and role first; when they refuse, nothing else is asked."""
    move = MOVES[deed.verb]
    if first := state_allows(deed.task, move) or people_rules.has_role(deed.by, *sorted(move.roles)):
        return [first]
    return list(_rule_refusals(deed, move))


def _rule_refusals(deed: Deed, move: Move) -> Iterator[Reason]:
    for rule in move.rules:
        if found := rule(deed):
            yield found
    if move.preflight:
        yield from preflight.refusals(deed, move.preflight)


def state_allows(task: Task, move: Move) -> Reason | None:
    """Refuses a verb that does not begin in the present state."""
    if task.state in move.sources:
        return None
    now = STATE_NAMES[task.state]
    return reason(
        "wrong_state",
        f"任务处于“{now.zh}”，不能{move.label.zh}",
        f"The task is “{now.en}”: “{move.label.en}” is not possible now",
        "请刷新页面查看任务现状",
        "Reload the page to see where the task stands",
    )


def offered(task: Task, by: User) -> list[Move]:
    """The verbs that begin in the present state and that one of the person's roles may do, in the order of the table."""
    return [
        move
        for move in _TABLE
        if move.verb not in ELSEWHERE and task.state in move.sources and people_rules.has_role(by, *move.roles) is None
    ]

"""The pre-flight panel of a task: what is asked before its next step, and who may let a refusal pass."""

from instruments.models import PreflightException, Record, Task
from instruments.rules import preflight
from instruments.rules.preflight import Check, Moment
from instruments.rules.work import Deed
from instruments.selectors.record import Sheet, sheet
from lims.core import clock
from lims.core.text import Reason, reason
from lims.people import rules as people_rules
from lims.people.models import Role, User

NEXT: dict[str, Moment] = {
    Task.State.ACCEPTED: "assign",
    Task.State.ASSIGNED: "start",
    Task.State.RETURNED: "start",
    Task.State.RECORDING: "submit",
}


def panel(task: Task, page: Sheet | None = None) -> list[Check]:
    """The checks before the next step as they stand now; empty when no step with a pre-flight follows.

    page: the sheet of the task's draft, where the caller has it at hand. Before starting nobody has read the nameplate yet, so the panel asks about it only from the record.
    """
    moment = NEXT.get(Task.State(task.state))
    if moment is None:
        return []
    if moment == "submit" and page is None:
        draft = task.records.filter(state=Record.State.DRAFT).first()
        if draft is not None:
            draft.task = task
            page = sheet(draft)
    return preflight.checks(deed_before(task, moment, page), moment)


def deed_before(task: Task, moment: Moment, page: Sheet | None) -> Deed:
    """The next step as if it were taken now, by nobody in particular."""
    return Deed(
        task=task,
        verb=moment,
        by=None,
        day=clock.today(),
        technician=task.technician,
        checker=task.checker,
        approver=task.approver,
        record=page.record if page else None,
        sheet=page,
        identity_serial=task.instrument.serial,
    )


def exception_refusals(
    task: Task, *, by: User, code: str, where: str, reason_text: str
) -> tuple[Reason | None, list[Reason]]:
    """The refusal to be let pass, and why it may not be: both as found now."""
    reasons = [found for found in (_may_grant(task, by), _reason_given(reason_text)) if found]
    for check in panel(task):
        for one in check.reasons:
            if (one.code, one.where) == (code, where):
                if not check.can_be_excepted:
                    reasons.append(_never(one))
                return one, reasons
    if PreflightException.objects.filter(task=task, code=code, where=where).exists():
        reasons.append(
            reason("exception_exists", "该项例外已经批准", "This exception has already been granted", where=where)
        )
    else:
        reasons.append(
            reason(
                "nothing_to_except",
                "现在没有这一项不符合",
                "Nothing of the kind stands against the task now",
                "请刷新页面查看当前的检查结果",
                "Reload the page to see the present checks",
                where=where,
            )
        )
    return None, reasons


def _may_grant(task: Task, by: User) -> Reason | None:
    if refusal := people_rules.has_role(by, Role.TECHNICAL_LEAD):
        return refusal
    if by != task.technician:
        return None
    return reason(
        "own_exception",
        "不能为自己的检定批准例外",
        "Nobody grants an exception for his own work",
        "请另一位技术负责人批准",
        "Ask another technical lead",
    )


def _reason_given(text: str) -> Reason | None:
    if len(text.strip()) >= 4:
        return None
    return reason(
        "reason_missing",
        "例外必须写明理由",
        "An exception needs a reason",
        "请填写理由，它会打印在原始记录中",
        "Write the reason; the record prints it",
        where="reason",
    )


def _never(refusal: Reason) -> Reason:
    return reason(
        "no_exception",
        f"这一项不能例外：{refusal.text.zh}",
        f"No exception is possible here: {refusal.text.en}",
        "请改派有授权的人员",
        "Assign somebody who is authorised",
    )

"""Moving a task: the rules, one conditional UPDATE, one event, in one transaction."""

from typing import Any

from django.db import transaction
from django.db.models import F

from instruments.models import Record, Task
from instruments.rules import states
from instruments.rules.work import Deed
from instruments.selectors.record import Sheet
from lims.audit import selectors as audit_selectors
from lims.audit import services as audit
from lims.audit.registry import wording
from lims.core import clock
from lims.core.text import Conflict, Reason, Refused, reason
from lims.people.models import User

KEEP: Any = object()  # a person left as he is, as against None: nobody


def move(
    task: Task,
    verb: str,
    *,
    by: User | None,
    version: int,
    technician: User | None = KEEP,
    checker: User | None = KEEP,
    approver: User | None = KEEP,
    why: str = "",
    record: Record | None = None,
    sheet: Sheet | None = None,
    identity_serial: str = "",
    payload: dict[str, Any] | None = None,
) -> Task:
    """Does one verb of the state table and returns the task as it stands afterwards.

    version: the one the person saw. Raises Conflict when somebody changed the task since, Refused with every reason of
    the rules. Nothing is written in either case.
    """
    line = states.MOVES[verb]
    with transaction.atomic():
        now = Task.objects.select_related(
            "application", "instrument", "sub_unit", "procedure", "technician", "checker", "approver"
        ).get(pk=task.pk)
        if now.version != version:
            raise Conflict(changed_meanwhile(now))
        people = {
            title: getattr(now, title) if chosen is KEEP else chosen
            for title, chosen in (("technician", technician), ("checker", checker), ("approver", approver))
        }
        if line.acts_as and people[line.acts_as] is None:
            people[line.acts_as] = by
        deed = Deed(
            task=now,
            verb=verb,
            by=by,
            day=clock.today(),
            reason=why,
            record=record,
            sheet=sheet,
            identity_serial=identity_serial,
            **people,
        )
        if reasons := states.refusals(deed):
            raise Refused(*reasons)
        target = line.target or now.state
        changes: dict[str, Any] = {"state": target, "version": F("version") + 1, **people}
        if why:
            changes["last_reason"] = why.strip()
        if not Task.objects.filter(pk=now.pk, version=version, state=now.state).update(**changes):
            raise Conflict(changed_meanwhile(now))
        said = {title: str(person) for title, person in people.items() if person != getattr(now, title)}
        audit.record(
            line.event,
            by=by,
            obj=now,
            from_state=now.state,
            to_state=target,
            version=version + 1,
            payload={
                **said,
                **({"reason": why.strip()} if why else {}),
                **({"record": record.number} if record else {}),
                **(payload or {}),
            },
        )
        now.refresh_from_db()
        return now


def changed_meanwhile(task: Task) -> Reason:
    """The kind answer to the second of two people: who did what to the task before."""
    last = audit_selectors.of_object(task).last()
    if last is None:
        done_zh, done_en = "已被他人更改", "has been changed by somebody else"
    else:
        deed = wording(last.verb)
        done_zh = f"已由 {last.actor_name} 执行“{deed.zh}”"
        done_en = f"has meanwhile been changed: {last.actor_name} {deed.en}"
    state = states.STATE_NAMES[task.state]
    return reason(
        "changed_meanwhile",
        f"任务 {task} {done_zh}，现为“{state.zh}”；您的操作没有执行",
        f"Task {task} {done_en}; it is now “{state.en}”. Your action was not carried out",
        "请刷新页面，查看现状后再决定",
        "Reload the page and decide on what it shows then",
    )

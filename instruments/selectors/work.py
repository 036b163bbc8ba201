"""Reading tasks. Staff and auditors see all, a customer only that his own are under way; everybody else nothing."""

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet

from instruments.models import Instrument, Record, Task
from lims.audit import selectors as audit_selectors
from lims.audit.models import Event
from lims.core import clock, search
from lims.people.models import Role, User
from lims.people.selectors import is_staff, roles_of
from lims.people.selectors.competence import trainees_of

OPEN = (
    Task.State.ACCEPTED, Task.State.ASSIGNED, Task.State.RECORDING,
    Task.State.SUBMITTED, Task.State.CHECKED, Task.State.APPROVED, Task.State.RETURNED,
)  # fmt: skip


def sees_everything(viewer: object) -> bool:
    return is_staff(viewer) or Role.AUDITOR in roles_of(viewer)


def tasks(viewer: object) -> QuerySet[Task]:
    """The tasks that the viewer may see, with all that a list shows."""
    rows = Task.objects.select_related(
        "instrument", "instrument__organisation", "sub_unit", "procedure", "technician", "checker", "approver"
    ).defer("procedure__source")
    if sees_everything(viewer):
        return rows
    if isinstance(viewer, User) and viewer.is_active and viewer.organisation_id and Role.CUSTOMER in roles_of(viewer):
        return rows.filter(application__organisation_id=viewer.organisation_id)
    return rows.none()


def task(viewer: object, number: str) -> Task:
    """One task with everything its page shows. Raises Task.DoesNotExist for what the viewer may not see."""
    return tasks(viewer).select_related("application__organisation", "instrument__site").get(number=number)


def filtered(
    rows: QuerySet[Task],
    *,
    states: tuple[str, ...] = (),
    kind: str = "",
    category: str = "",
    query: str = "",
    received_from: date | None = None,
    received_to: date | None = None,
) -> QuerySet[Task]:
    """Narrows a list of tasks; empty filters change nothing."""
    if states:
        rows = rows.filter(state__in=states)
    if kind:
        rows = rows.filter(kind=kind)
    if category:
        rows = rows.filter(instrument__category=category)
    if received_from:
        rows = rows.filter(application__received_on__gte=received_from)
    if received_to:
        rows = rows.filter(application__received_on__lte=received_to)
    return search.matching(rows, query) if query else rows


def waiting_for(viewer: object) -> QuerySet[Task]:
    """The tasks whose next step the viewer may do: his own work first of all, and what nobody was named for."""
    rows, roles, mine = tasks(viewer), roles_of(viewer), Q(pk__in=[])
    if not isinstance(viewer, User):
        return rows.none()
    if Role.TECHNICIAN in roles:
        mine |= Q(technician=viewer, state__in=[Task.State.ASSIGNED, Task.State.RECORDING, Task.State.RETURNED])
        mine |= Q(technician__in=trainees_of(viewer, clock.today()).values("pk"), state=Task.State.RECORDING)
    if Role.CHECKER in roles:
        unnamed = Q(checker=None) & ~Q(technician=viewer) & ~Q(approver=viewer)
        mine |= Q(state=Task.State.SUBMITTED) & (Q(checker=viewer) | unnamed)
    if Role.APPROVER in roles:
        unnamed = Q(approver=None) & ~Q(technician=viewer) & ~Q(checker=viewer)
        mine |= Q(state=Task.State.CHECKED) & (Q(approver=viewer) | unnamed)
    if roles & {Role.TECHNICAL_LEAD, Role.RECEPTIONIST}:
        mine |= Q(state=Task.State.ACCEPTED)
    return rows.filter(mine)


def pile_for(viewer: User, verb: str, *, most: int) -> list[tuple[Task, Record]]:
    """The tasks that the viewer may check or approve now (`verb`), the oldest first, each with the record to be signed."""
    state = {"check": Task.State.SUBMITTED, "approve": Task.State.CHECKED}[verb]
    rows = waiting_for(viewer).filter(state=state).select_related("application__organisation").order_by("pk")[:most]
    tasks_by_pk = {task.pk: task for task in rows}
    latest: dict[int, Record] = {}
    for record in Record.objects.filter(task__in=tasks_by_pk, state=Record.State.FROZEN).order_by("attempt"):
        latest[record.task_id] = record
    return [(task, latest[pk]) for pk, task in tasks_by_pk.items() if pk in latest]


def instruments_to_accept(
    viewer: object, *, pks: Sequence[str] = (), query: str = "", like: Sequence[Instrument] = ()
) -> list[Instrument]:
    """Instruments for the acceptance form: those named by `pks`, or at most 20 that match the query.

    `like`: those already chosen; only more of the same customer are offered, since an application is of one customer.
    """
    if not is_staff(viewer):
        return []
    rows = Instrument.objects.select_related("organisation", "site").order_by("ledger_number")
    if not query:
        wanted = [int(pk) for pk in pks if pk.isascii() and pk.isdigit()][:100]
        return list(rows.filter(pk__in=wanted)) if wanted else []
    rows = search.matching(rows.exclude(state=Instrument.State.SCRAPPED), query)
    if like:
        rows = rows.filter(organisation=like[0].organisation).exclude(pk__in=[one.pk for one in like])
    return list(rows[:20])


def record_of(task: Task) -> Record | None:
    """The record of the latest attempt; None before the work has begun."""
    return task.records.order_by("-attempt").first()


def history(task: Task) -> QuerySet[Event]:
    """What happened to the task, oldest first. The caller has established that the viewer may see the task."""
    return audit_selectors.of_object(task)

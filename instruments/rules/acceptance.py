"""What may be accepted as work."""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Protocol

from instruments.models import Instrument, SubUnit, Task
from instruments.selectors.work import OPEN
from lims.core.text import Reason, reason
from lims.people import rules as people_rules
from lims.people.models import Organisation, Role, User
from standards.models import ProcedureVersion
from standards.rules import procedure_usable_on
from standards.selectors.procedures import pack_of

MOST_TASKS = 100


class Wanted(Protocol):
    """One piece of work asked for."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def procedure(self) -> ProcedureVersion: ...
    @property
    def kind(self) -> str: ...
    @property
    def sub_unit(self) -> SubUnit | None: ...


def refusals(
    *, by: User, organisation: Organisation, wanted: Sequence[Wanted], received_on: date, due_on: date | None, day: date
) -> list[Reason]:
    """Every reason why the application cannot be accepted; empty when it can."""
    if refusal := people_rules.has_role(by, Role.RECEPTIONIST, Role.TECHNICAL_LEAD):
        return [refusal]
    return list(_application(wanted, received_on, due_on, day)) + [
        found for one in wanted for found in _one(one, organisation, day)
    ]


def _application(wanted: Sequence[Wanted], received_on: date, due_on: date | None, day: date) -> Iterator[Reason]:
    if not wanted:
        yield reason(
            "nothing_wanted",
            "没有选择器具",
            "No instrument was chosen",
            "请至少选择一台器具",
            "Choose at least one instrument",
            where="instrument",
        )
    if len(wanted) > MOST_TASKS:
        yield reason(
            "too_many_tasks",
            f"一次最多受理 {MOST_TASKS} 项，这里有 {len(wanted)} 项",
            f"At most {MOST_TASKS} tasks are accepted at once, there are {len(wanted)}",
            "请分几次受理",
            "Accept them in several applications",
        )
    if received_on > day:
        yield reason(
            "received_in_future",
            f"接收日期 {received_on} 晚于今天",
            f"The day of receipt {received_on} lies in the future",
            "请填写实际接收日期",
            "Enter the day on which it was received",
            where="received_on",
        )
    if due_on is not None and due_on < received_on:
        yield reason(
            "due_before_received",
            "承诺完成日期早于接收日期",
            "The promised day lies before the day of receipt",
            "请更正日期",
            "Correct the dates",
            where="due_on",
        )
    keys = [(one.instrument.pk, one.sub_unit.pk if one.sub_unit else None) for one in wanted]
    if len(set(keys)) != len(keys):
        yield reason(
            "wanted_twice",
            "同一器具（部件）选择了两次",
            "The same instrument (or part) was chosen twice",
            "请去掉重复的一项",
            "Remove one of them",
            where="instrument",
        )


def _one(wanted: Wanted, organisation: Organisation, day: date) -> Iterator[Reason]:
    instrument = wanted.instrument
    if instrument.organisation_id != organisation.pk:
        yield reason(
            "instrument_of_other",
            f"器具 {instrument} 在台账中不属于 {organisation}",
            f"In the ledger, instrument {instrument} does not belong to {organisation}",
            "请选择该单位的器具，或先在台账中更正单位",
            "Choose an instrument of this customer, or correct the ledger first",
            where="instrument",
        )
    if instrument.state == Instrument.State.SCRAPPED:
        yield reason(
            "instrument_scrapped",
            f"器具 {instrument} 在台账中已报废",
            f"Instrument {instrument} is scrapped in the ledger",
            "请核对台账；如登记有误，请在台账中更正",
            "Check the ledger and correct it if it is wrong",
            where="instrument",
        )
    if wanted.sub_unit is not None and wanted.sub_unit.instrument_id != instrument.pk:
        yield reason(
            "sub_unit_of_other",
            f"部件 {wanted.sub_unit} 不属于器具 {instrument}",
            f"Part {wanted.sub_unit} is not of instrument {instrument}",
            "请重新选择部件",
            "Choose the part again",
            where="sub_unit",
        )
    if refusal := procedure_usable_on(wanted.procedure, day):
        yield refusal
    if instrument.category not in wanted.procedure.categories:
        yield reason(
            "procedure_for_other_category",
            f"{wanted.procedure} 不适用于 {instrument} 的器具类别",
            f"{wanted.procedure} does not apply to the category of {instrument}",
            "请选用适用的规程",
            "Choose the procedure that applies",
            where="procedure",
        )
    elif pack_of(wanted.procedure).kind(wanted.kind) is None:
        yield reason(
            "kind_not_in_procedure",
            f"{wanted.procedure} 没有规定这一检定类别的项目",
            f"{wanted.procedure} does not say what to do for this kind of verification",
            "请选用其他检定类别",
            "Choose another kind",
            where="kind",
        )
    running = Task.objects.filter(instrument=instrument, sub_unit=wanted.sub_unit, state__in=OPEN).first()
    if running is not None:
        yield reason(
            "task_under_way",
            f"器具 {instrument} 已有未完成的任务 {running}",
            f"Instrument {instrument} already has an open task, {running}",
            "请先完成或取消该任务",
            "Finish or cancel that task first",
            where="instrument",
        )

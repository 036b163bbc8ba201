"""Before work begins, and before it is handed on: may this be measured, here, today, with these things, by this person?

A refusal can be let pass by the technical lead with a reason (PreflightException); what concerns persons cannot.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from devices.models import CaptureSession
from instruments.models import Instrument, PreflightException, Task
from instruments.rules.work import Deed, has_role_of
from instruments.selectors.record import Sheet, by_role
from lims.core.text import Reason, Text, reason
from standards.procedures import Pack
from standards.procedures.schema import RequiredDevice
from standards.rules import devices_for, procedure_usable_on, standard_usable_on, usable_on
from standards.selectors.procedures import pack_of
from standards.selectors.standards import for_procedure

Moment = Literal["assign", "start", "submit"]
PERSONAL = "people"


@dataclass(frozen=True)
class Check:
    """One line of the pre-flight panel. `passed` also when every refusal found was let pass (`excepted`)."""

    code: str
    title: Text
    reasons: tuple[Reason, ...]
    excepted: tuple[PreflightException, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.reasons

    @property
    def can_be_excepted(self) -> bool:
        return self.code != PERSONAL


def refusals(deed: Deed, moment: Moment) -> list[Reason]:
    """Everything that stands against the deed at this moment, exceptions taken off."""
    return [one for check in checks(deed, moment) for one in check.reasons]


def checks(deed: Deed, moment: Moment) -> list[Check]:
    """The panel: every question asked at this moment, with what stands against it.

    For `submit` the deed carries the sheet, and the days are those on which values were put down.
    """
    task, sheet = deed.task, deed.sheet
    days = [deed.day]
    if moment == "submit" and sheet is not None:
        days = sheet.days or days
    pack = pack_of(task.procedure)
    granted = {(one.code, one.where): one for one in task.exceptions.select_related("granted_by")}
    panel = [
        _line("procedure", Text("检定依据", "Procedure"), _procedure(task, pack, days), granted),
        _line(PERSONAL, Text("人员授权", "Authorised person"), _people(deed), {}),
        _line("instrument", Text("器具身份", "Identity of the instrument"), _instrument(deed, moment), granted),
    ]
    if moment == "submit" and sheet is not None:
        used = by_role(sheet.devices)
        found = [one for day in days for one in usable_on(pack, day, used, category=task.instrument.category)]
        found += _read_but_not_chosen(sheet)
        panel += [
            _line("devices", Text("计量标准和设备", "Standards and devices"), found, granted),
            _line("environment", Text("环境条件", "Environment"), _environment(sheet), granted),
        ]
    else:
        available = _available(task, pack, deed.day)
        panel.append(_line("devices", Text("计量标准和设备", "Standards and devices"), available, granted))
    return panel


def _line(code: str, title: Text, found: Iterable[Reason], granted: dict[tuple[str, str], PreflightException]) -> Check:
    open_ones: dict[tuple[str, str], Reason] = {}
    excepted: dict[tuple[str, str], PreflightException] = {}
    for one in found:
        key = (one.code, one.where)
        if key in granted:
            excepted[key] = granted[key]
        else:
            open_ones.setdefault(key, one)
    return Check(code, title, tuple(open_ones.values()), tuple(excepted.values()))


def _procedure(task: Task, pack: Pack, days: Iterable[date]) -> Iterable[Reason]:
    for day in days:
        if refusal := procedure_usable_on(task.procedure, day):
            yield refusal
    if task.instrument.category not in task.procedure.categories:
        yield reason(
            "procedure_for_other_category",
            f"{task.procedure} 不适用于“{task.instrument.get_category_display()}”",
            f"{task.procedure} does not apply to instruments of the category {task.instrument.category}",
            "请取消任务，选用适用的规程重新受理",
            "Cancel the task and accept it anew with the procedure that applies",
        )
    if pack.kind(task.kind) is None:
        yield reason(
            "kind_not_in_procedure",
            f"{task.procedure} 没有规定这一检定类别的项目",
            f"{task.procedure} does not say what to do for this kind of verification",
            "请取消任务，选用其他检定类别重新受理",
            "Cancel the task and accept it anew with another kind",
        )


def _people(deed: Deed) -> Iterable[Reason]:
    """Everybody who measured was authorised on his days, and the technician is on the day of the deed.

    The readings of whoever handed the task over count by his authorisation on the day he took them.
    """
    if deed.technician is None:
        return
    if refusal := has_role_of(deed.technician, "technician"):
        yield refusal
    for day, standing in deed.taking:
        if not standing.reasons:
            continue
        own, found = standing.person == deed.technician, standing.reasons[0]
        if own and day == deed.day and deed.sheet is not None and deed.sheet.hands:
            found = _lapsed_midway(found)
        yield replace(found, where="technician" if own else f"technician:{standing.person.username}")


def _lapsed_midway(found: Reason) -> Reason:
    """Begun with an authorisation, to be submitted without: nothing is lost, and somebody else can go on."""
    return replace(
        found,
        text=Text(
            f"{found.text.zh}，今天不能提交；已录入的读数全部保留",
            f"{found.text.en}: no submitting today; every reading is kept",
        ),
        action=Text(
            "请业务受理员或技术负责人把任务改派给有授权的检定员接手（读数仍署原录入人），或由技术负责人续办授权后再提交",
            "Have the reception or the technical lead reassign the task to an authorised technician, who goes on with the readings "
            "(they keep their author), or have the technical lead renew the authorisation, and submit then",
        ),
    )


def same_serial(one: str, other: str) -> bool:
    """Whether two readings of a nameplate are the same, whatever the blanks between the characters."""
    return "".join(one.split()) == "".join(other.split())


def _instrument(deed: Deed, moment: Moment) -> Iterable[Reason]:
    instrument = deed.task.instrument
    if instrument.state == Instrument.State.SCRAPPED:
        yield reason(
            "instrument_scrapped",
            f"器具 {instrument} 在台账中已报废",
            f"Instrument {instrument} is scrapped in the ledger",
            "请核对台账；如登记有误，请在台账中更正",
            "Check the ledger and correct it if it is wrong",
        )
    read = deed.identity_serial if moment == "start" else deed.record.identity_serial if deed.record else None
    if moment == "assign" or read is None:
        return
    if not read.strip():
        yield reason(
            "identity_not_confirmed",
            "尚未核对铭牌上的出厂编号",
            "The serial number on the nameplate has not been confirmed",
            "请对照铭牌重新录入出厂编号，或勾选已目视核对",
            "Enter the serial number from the nameplate again, or tick that you have read it",
            where="identity",
        )
    elif not same_serial(read, instrument.serial):
        yield reason(
            "identity_differs",
            f"铭牌上的出厂编号“{read}”与台账“{instrument.serial}”不一致",
            f"The serial number on the nameplate “{read}” is not the one of the ledger, “{instrument.serial}”",
            "请确认是不是这台器具；台账有误时先更正台账",
            "Make sure that this is the instrument; correct the ledger first if it is wrong",
            where="identity",
        )


def _available(task: Task, pack: Pack, day: date) -> Iterable[Reason]:
    """Whether something usable exists for each role, before the technician has chosen."""
    category = task.instrument.category
    licensed = [
        standard_usable_on(one, day, pack.code, category)
        for one in for_procedure(procedure_code=pack.code, category=category)
    ]
    if not licensed:
        yield reason(
            "no_standard_for_procedure",
            f"本机构没有考核范围包括 {pack.code} 的计量标准",
            f"The institute has no measurement standard whose scope includes {pack.code}",
            "请技术负责人登记计量标准及其开展的规程",
            "Have the technical lead enter the standard and the procedures in its scope",
            where=pack.code,
        )
    elif all(licensed):
        yield from licensed[0]
    for required in pack.required_devices:
        yield from _role_available(required, pack, day, category)


def _role_available(required: RequiredDevice, pack: Pack, day: date, category: str) -> Iterable[Reason]:
    offers = devices_for(required.role, day, pack=pack, category=category)
    if sum(one.usable for one in offers) >= required.count:
        return
    if not offers:
        yield reason(
            "no_device_for_role",
            f"没有登记可作为“{required.title.zh}”的设备",
            f"No device is entered that can serve as “{required.title.en}”",
            "请技术负责人在设备台账中登记",
            "Have the technical lead enter one",
            where=required.role,
        )
    for offer in offers:
        yield from offer.reasons


def _read_but_not_chosen(sheet: Sheet) -> Iterable[Reason]:
    """A value that came from a rig was measured by that rig: it must be among the devices that the record names."""
    chosen = {one.device_id for one in sheet.devices}
    taken = [entry.reading_id for entry in sheet.entries.values() if entry.reading_id is not None]
    sessions = CaptureSession.objects.filter(readings__in=taken).distinct().select_related("equipment")
    for equipment in {session.equipment for session in sessions}:
        if equipment.pk not in chosen:
            yield reason(
                "rig_not_chosen",
                f"数据取自 {equipment}，但它不在本记录所用设备之中",
                f"Values came from {equipment}, which is not among the devices of this record",
                "请在记录中选择该设备，或用所选设备重新测量",
                "Choose that device in the record, or measure again with the chosen one",
                where=equipment.asset_number,
            )


def _environment(sheet: Sheet) -> Iterable[Reason]:
    for warning in sheet.evaluation.warnings:
        if warning.path.startswith("environment."):
            yield Reason(
                "environment_outside",
                warning.text,
                Text(
                    "请在条件恢复后重测；确需放行的，由技术负责人说明理由",
                    "Measure again when the conditions are right; only the technical lead can let it pass, with a reason",
                ),
                where=warning.path,
            )

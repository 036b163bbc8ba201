"""Who keeps what shows a standard's capability, and what a change or a late test means for its use."""

from collections.abc import Iterable
from datetime import date

from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.rules import has_role
from standards.models import CapabilityTest, ChangeCase, MeasurementStandard, StandardPaper
from standards.selectors.capability import Due

_KINDS = {
    "repeatability": ("重复性试验", "repeatability test"),
    "stability": ("稳定性考核", "stability test"),
    "check": ("期间核查", "period check"),
    "verification": ("检定或校准结果的验证", "verification of results"),
}


def may_enter_test(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_plan(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD)


def may_open_change(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_keep_papers(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_note(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_decide_change(change: ChangeCase, by: object) -> Reason | None:
    if change.decided_on is not None:
        return reason(
            "change_decided",
            f"该变更已于 {change.decided_on:%Y-%m-%d} 作出决定",
            f"This change was decided on {change.decided_on:%Y-%m-%d}",
            "请刷新页面查看",
            "Reload the page to see it",
        )
    return has_role(by, Role.TECHNICAL_LEAD)


def still_stands(row: CapabilityTest | StandardPaper) -> Reason | None:
    """For withdrawing: once only."""
    if not row.withdrawn_reason:
        return None
    return reason("withdrawn_already", f"{row} 已撤回", f"{row} is withdrawn already", "请刷新页面", "Reload the page")


def not_in_the_future(day: date, today: date, where: str = "on") -> Reason | None:
    if day <= today:
        return None
    return reason(
        "day_in_the_future",
        f"日期 {day:%Y-%m-%d} 还没有到",
        f"The day {day:%Y-%m-%d} has not come yet",
        "请填写实际进行的日期",
        "Give the day on which it was done",
        where=where,
    )


def change_blocks(standard: MeasurementStandard, open_changes: Iterable[ChangeCase]) -> list[Reason]:
    """A change that blocks and is not decided keeps the standard from being used."""
    return [
        reason(
            "standard_change_open",
            f"计量标准“{standard.name}”的变更“{change.what}”（{change.on:%Y-%m-%d}）尚未作出决定",
            f"The change “{change.what}” of standard “{standard.name_en or standard.name}” ({change.on:%Y-%m-%d}) "
            "is not decided yet",
            "请技术负责人在变更页面作出决定",
            "Have the technical lead decide it on the page of changes",
            where=standard.code,
        )
        for change in open_changes
    ]


def late_blocks(standard: MeasurementStandard, late: Iterable[Due]) -> list[Reason]:
    """Overdue tests, for a standard whose plan says that being late stops it."""
    return [
        reason(
            f"standard_{one.kind}_late",
            f"计量标准“{standard.name}”的“{one.parameter}”应在 {one.due:%Y-%m-%d} 前完成{_KINDS[one.kind][0]}，尚未完成",
            f"The {_KINDS[one.kind][1]} of “{one.parameter.title.en}” of standard “{standard.name_en or standard.name}” "
            f"was due on {one.due:%Y-%m-%d}",
            "请完成试验并录入；确需使用时由技术负责人修改考核计划并说明理由",
            "Do the test and enter it; the technical lead may change the plan, with a reason",
            where=standard.code,
        )
        for one in late
    ]

"""What may stand in a measurement standard's file: its members, its people, its licences. A Reason, or None."""

import re
from collections.abc import Iterable
from datetime import date

from lims.core.text import Reason, reason
from lims.people.models import User
from lims.people.rules import has_role
from lims.people.selectors import STAFF
from standards.models import Category, Device, MeasurementStandard, StandardDevice, StandardLicence, StandardPerson

# "JJG 1148", "JJF 1059.1" or, of a region, "JJG(沪) 45"
_PROCEDURE = re.compile(r"JJ[GF](\([^()\s]{1,6}\))? \d{1,5}(\.\d{1,2})?")


def scope_is_named(procedure_codes: Iterable[str], categories: Iterable[str]) -> Reason | None:
    """Codes and categories are compared letter by letter when work is done: a code written otherwise would never fit."""
    for code in procedure_codes:
        if not _PROCEDURE.fullmatch(code):
            return reason(
                "procedure_code_unfit",
                f"规程代号“{code}”的写法不对",
                f"The procedure code {code!r} is not written as expected",
                "写作 JJG 1148，不带年号；多个之间用顿号分隔",
                "Write JJG 1148, without the year; separate several by commas",
                where="procedure_codes",
            )
    for category in categories:
        if category not in Category.values:
            return reason(
                "category_unknown",
                f"没有“{category}”这一器具类别",
                f"There is no category {category!r}",
                "请从列表中选择",
                "Choose from the list",
                where="categories",
            )
    return None


def not_a_member(standard: MeasurementStandard, device: Device) -> Reason | None:
    if not standard.members.filter(device=device, until=None).exists():
        return None
    return reason(
        "member_already",
        f"设备 {device} 已属于该计量标准",
        f"Device {device} belongs to this standard already",
        "作用有变时请先移出再加入",
        "If its part changes, remove it first and add it again",
        where="device",
    )


def can_serve(user: User) -> Reason | None:
    """Whoever answers for a standard or works with it works at the institute."""
    if user.is_active and not has_role(user, *sorted(STAFF)):
        return None
    return reason(
        "not_of_the_institute",
        f"{user} 不是本机构在岗人员",
        f"{user} does not work at the institute",
        "请选择在岗人员",
        "Choose somebody who works here",
        where="user",
    )


def not_named(standard: MeasurementStandard, user: User, duty: str) -> Reason | None:
    if not standard.people.filter(user=user, duty=duty, until=None).exists():
        return None
    return reason(
        "person_named_already",
        f"{user} 已是该计量标准的{StandardPerson.Duty(duty).label}",
        f"{user} is entered for this standard with this duty already",
        where="user",
    )


def can_end(row: StandardDevice | StandardPerson, since: date) -> Reason | None:
    """Ended once, and not before its first day has passed."""
    if row.until is not None:
        return reason(
            "ended_already",
            f"{row} 已于 {row.until:%Y-%m-%d} 结束",
            f"{row} ended on {row.until:%Y-%m-%d}",
            "请刷新页面查看",
            "Reload the page to see it",
        )
    if since > row.since:
        return None
    return reason(
        "end_before_beginning",
        f"结束日期必须晚于开始日期 {row.since:%Y-%m-%d}",
        f"The end must be later than the beginning, {row.since:%Y-%m-%d}",
        "请填写不再适用的第一天",
        "Give the first day on which it no longer holds",
        where="since",
    )


def licence_stands(licence: StandardLicence) -> Reason | None:
    if not licence.withdrawn_reason:
        return None
    return reason(
        "licence_withdrawn",
        f"{licence} 已撤回",
        f"{licence} is withdrawn already",
        "请刷新页面查看",
        "Reload the page to see it",
    )

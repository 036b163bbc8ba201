"""Who enters what keeps people competent, and how it is written."""

import re
from datetime import date
from decimal import Decimal

from lims.core import clock
from lims.core.text import Reason, reason
from lims.people.models import Authorisation, Requirement, Role, User
from lims.people.rules import has_role, scope_is_named

# As printed on a proof of attendance; no sign, no exponent.
_HOURS = re.compile(r"\d{1,4}(\.\d{1,2})?")


def may_keep_competence(by: object) -> Reason | None:
    """Continuing education and witnessed tests are kept by the technical lead and the quality manager."""
    return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def may_set_requirements(by: object) -> Reason | None:
    return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)


def hours_are_a_number(hours: str) -> Reason | None:
    if _HOURS.fullmatch(hours) and Decimal(hours) > 0:
        return None
    return reason(
        "hours_unfit",
        f"“{hours[:20]}”不是学时数",
        f"“{hours[:20]}” is not a number of hours",
        "按证明所写填写数字，如 8 或 4.5",
        "Write the number on the proof, such as 8 or 4.5",
        where="hours",
    )


def requirement_is_written(key: str, value: str) -> Reason | None:
    """A code for the registration; for education hours, or nothing where the number is not known any more."""
    if key == Requirement.Key.EDUCATION:
        return hours_are_a_number(value) if value else None
    if key == Requirement.Key.REGISTRATION and value in Requirement.Registered.values:
        return None
    return reason(
        "requirement_unfit",
        "没有这样的要求",
        "There is no such requirement",
        "请从列表中选择",
        "Choose from the list",
        where="value",
    )


def source_is_named(source: str) -> Reason | None:
    if len(source.strip()) >= 4:
        return None
    return reason(
        "source_missing",
        "必须写明依据",
        "The source must be named",
        "请写明文件名称、文号和条款，或本机构的决定",
        "Name the document, its number and clause, or the decision of the institute",
        where="source",
    )


def not_ahead(day: date) -> Reason | None:
    if day <= clock.today():
        return None
    return reason(
        "day_ahead",
        f"{day:%Y-%m-%d} 还没有到",
        f"{day:%Y-%m-%d} has not come yet",
        "请填写实际日期",
        "Enter the day on which it was",
        where="held_on",
    )


def due_after(held_on: date, due_on: date | None) -> Reason | None:
    if due_on is None or due_on > held_on:
        return None
    return reason(
        "due_before_held",
        "下次见证的日期不晚于本次",
        "The next test would not be after this one",
        "请检查日期，或留空",
        "Look at the dates again, or leave it empty",
        where="due_on",
    )


def witness_is_another(person: User, witness: User) -> Reason | None:
    if person.pk != witness.pk:
        return None
    return reason(
        "witness_is_oneself",
        "不能见证自己的工作",
        "Nobody witnesses his own work",
        "请选择实际在场的见证人",
        "Choose whoever was there and watched",
        where="witness",
    )


def procedure_is_written(procedure: str) -> Reason | None:
    found = scope_is_named(Authorisation.Scope.PROCEDURE, procedure)
    return found and reason(
        found.code,
        found.text.zh,
        found.text.en,
        "规程写作 JJG 1148",
        "Write a procedure as JJG 1148",
        where="procedure",
    )


def supervisors_are_named(person: User, act: str, supervisors: list[User]) -> Reason | None:
    """A trainee has at least one supervisor, never himself; nobody else has any."""
    if act != Authorisation.Act.TRAIN:
        return None if not supervisors else _supervisors_of_nobody()
    if not supervisors:
        return reason(
            "supervisor_missing",
            "见习检定必须指定指导人员",
            "Whoever trains has a supervisor",
            "请选择至少一名有授权的检定员",
            "Choose at least one technician who is authorised",
            where="supervisors",
        )
    if any(one.pk == person.pk for one in supervisors):
        return reason(
            "own_supervisor",
            f"{person} 不能指导本人",
            f"{person} cannot be the own supervisor",
            "请选择其他检定员",
            "Choose another technician",
            where="supervisors",
        )
    return None


def _supervisors_of_nobody() -> Reason:
    return reason(
        "supervisor_unfit",
        "只有见习检定需要指导人员",
        "Only who trains has supervisors",
        "请清空指导人员，或把授权事项改为见习检定",
        "Leave the supervisors empty, or authorise to train",
        where="supervisors",
    )

"""Who may do what, and why not. Each rule returns its reason, or None."""

import re
from datetime import date

from lims.core.text import Reason, reason
from lims.people import selectors
from lims.people.models import Authorisation, Department, Organisation, Role, User, UserRole
from lims.people.rules.competence import authorised as authorised
from lims.people.rules.names import ACT_NAMES, ROLE_NAMES, ROLE_OF_ACT


def has_role(user: object, *roles: str) -> Reason | None:
    """Refuses a person who holds none of the roles."""
    if selectors.roles_of(user) & set(roles):
        return None
    zh = "、".join(ROLE_NAMES[Role(role)][0] for role in roles)
    en = ", ".join(ROLE_NAMES[Role(role)][1] for role in roles)
    return reason(
        "role_missing",
        f"只有{zh}可以进行此操作",
        f"Only these roles may do this: {en}",
        "如需此权限，请联系系统管理员",
        "Ask the administrator if you need this right",
    )


# "JJG 1148", "JJF 1059.1", "JJF(苏) 123" or "JJG(沪) 45"
_PROCEDURE = re.compile(r"JJ[GF](\([^()\s]{1,6}\))? \d{1,5}(\.\d{1,2})?")
_CATEGORY = re.compile(r"[a-z][a-z0-9_]{2,29}")


def may_manage_people(by: object) -> Reason | None:
    return has_role(by, Role.ADMINISTRATOR)


def may_authorise(by: object, *, act: str = "") -> Reason | None:
    """Authorising people is the technical lead's duty; the administrator may enter it for him, but not to approve.

    The administrator makes accounts and gives roles: if he could also authorise to approve, one person alone could bring
    an approver into being.
    """
    if act == Authorisation.Act.APPROVE:
        return has_role(by, Role.TECHNICAL_LEAD)
    return has_role(by, Role.TECHNICAL_LEAD, Role.ADMINISTRATOR)


def may_see_people(viewer: object) -> Reason | None:
    return has_role(viewer, *sorted(selectors.STAFF | {Role.AUDITOR}))


def not_oneself(person: User, by: User) -> Reason | None:
    if person.pk != by.pk:
        return None
    return reason(
        "oneself",
        "不能对本人进行此操作",
        "Nobody does this to himself",
        "请由另一位有权人员办理",
        "Have another entitled person do it",
    )


def reason_given(why: str) -> Reason | None:
    if why.strip():
        return None
    return reason("why_missing", "必须填写原因", "A reason must be given", "请填写原因", "Write down why", where="why")


def role_fits_organisation(role: str, organisation: Organisation | None) -> Reason | None:
    """Customers hold the customer's role and nobody else does."""
    if role not in Role.values:
        return reason("role_unknown", f"没有角色“{role}”", f"There is no role {role!r}", where="role")
    if organisation and (role == Role.CUSTOMER) == (organisation.kind == Organisation.Kind.CUSTOMER):
        return None
    zh, en = ROLE_NAMES[Role(role)]
    return reason(
        "role_unfit",
        f"{organisation or '没有所属机构的人员'} 的人员不能担任{zh}",
        f"people of {organisation or 'no organisation'} cannot be {en}",
        "请检查所属机构与角色",
        "Look at organisation and role again",
        where="role",
    )


# Names of other pages beside /people/<user name>/.
_RESERVED = {
    "new",
    "organisations",
    "authorisations",
    "qualifications",
    "registrations",
    "first-password",
    "my-key",
    "keys",
    "competence",
    "requirements",
    "education",
    "witnessed",
}
_USERNAME = re.compile(r"\w[\w.@+-]{1,59}")


def username_fits(username: str) -> Reason | None:
    """A name to sign in with, by which the person's page is found; no two that differ in capitals alone."""
    if not _USERNAME.fullmatch(username) or username.lower() in _RESERVED:
        return reason(
            "username_unfit",
            f"用户名“{username}”不能使用",
            f"The user name {username!r} cannot be used",
            "请用 2 至 60 个字母、数字或 . @ + - _，以字母或数字开头",
            "Use 2 to 60 letters, digits or . @ + - _, a letter or digit first",
            where="username",
        )
    if User.objects.filter(username__iexact=username).exists():
        return reason(
            "username_taken",
            f"用户名“{username}”已被使用",
            f"The user name {username!r} is taken",
            "请换一个用户名",
            "Choose another one",
            where="username",
        )
    return None


def department_fits(department: Department | None, organisation: Organisation | None) -> Reason | None:
    if department is None or (organisation is not None and department.organisation_id == organisation.pk):
        return None
    return reason(
        "department_unfit",
        f"部门“{department}”不属于 {organisation or '该机构'}",
        f"The department {department} does not belong to {organisation or 'that organisation'}",
        "请选择所属机构的部门，或留空",
        "Choose a department of the organisation, or none",
        where="department",
    )


def works_here(person: User) -> Reason | None:
    if person.is_active:
        return None
    return reason(
        "person_left",
        f"{person} 已离岗",
        f"{person} has left",
        "请先办理复岗",
        "Enter first that the person is back",
    )


def no_administrator_yet() -> Reason | None:
    found = UserRole.objects.filter(role=Role.ADMINISTRATOR, user__is_active=True).select_related("user").first()
    if found is None:
        return None
    return reason(
        "administrator_exists",
        f"已有系统管理员 {found.user}",
        f"There is an administrator already: {found.user}",
        "请由其在人员页面登记账号",
        "Have that person enter accounts on the page of people",
    )


def link_is_void() -> Reason:
    return reason(
        "link_void",
        "此链接无效、已使用或已过期",
        "This link is not valid, has been used, or is too old",
        "请联系系统管理员重新生成",
        "Ask the administrator for a new one",
    )


def can_hold(person: User, *, act: str) -> Reason | None:
    """An authorisation belongs to somebody who works here in the role of the act."""
    if selectors.roles_of(person) & {ROLE_OF_ACT[Authorisation.Act(act)]}:
        return None
    zh, en = ROLE_NAMES[ROLE_OF_ACT[Authorisation.Act(act)]]
    return reason(
        "role_of_act_missing",
        f"{person} 不是在岗{zh}，不能授予{ACT_NAMES[act][0]}权限",
        f"{person} is not an active {en} and cannot be authorised to {ACT_NAMES[act][1]}",
        "请系统管理员先授予角色",
        "Have the administrator give the role first",
        where="act",
    )


def scope_is_named(scope_kind: str, scope: str) -> Reason | None:
    pattern = _PROCEDURE if scope_kind == Authorisation.Scope.PROCEDURE else _CATEGORY
    if pattern.fullmatch(scope):
        return None
    return reason(
        "scope_unknown",
        f"授权范围“{scope}”的写法不对",
        f"the scope {scope!r} is not written as expected",
        "规程写作 JJG 1148，器具类别写作 charging_pile_ac",
        "Write a procedure as JJG 1148, a category as charging_pile_ac",
        where="scope",
    )


def period_is_a_period(valid_from: date | None, valid_until: date | None) -> Reason | None:
    if valid_from and valid_until and valid_from <= valid_until:
        return None
    return reason(
        "period_wrong",
        "有效期的起止日期不完整或颠倒",
        "the dates of the period are incomplete or in the wrong order",
        "请检查有效期",
        "Look at the dates again",
        where="valid_until",
    )

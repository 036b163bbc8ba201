"""Who joins and leaves, and who holds which role."""

from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.core.validation import checked
from lims.people import rules, selectors
from lims.people.models import Authorisation, Department, Organisation, PersonalKey, Role, User, UserRole
from lims.people.services import keys
from lims.people.services.refusals import already, refuse


@transaction.atomic
def add_person(
    *,
    username: str,
    display_name: str,
    organisation: Organisation,
    roles: tuple[str, ...],
    by: User,
    department: Department | None = None,
    password: str | None = None,
    display_name_en: str = "",
    title: str = "",
    title_en: str = "",
) -> User:
    """A new person who can sign in once there is a password. Raises Refused for a taken name or an unfit role."""
    refuse(
        rules.may_manage_people(by),
        rules.username_fits(username),
        rules.department_fits(department, organisation),
        *(rules.role_fits_organisation(role, organisation) for role in roles),
    )
    user = User(
        username=username,
        display_name=display_name,
        display_name_en=display_name_en,
        organisation=organisation,
        department=department,
        title=title,
        title_en=title_en,
    )
    user.set_password(password) if password else user.set_unusable_password()
    checked(user)
    user.save()
    UserRole.objects.bulk_create(UserRole(user=user, role=role) for role in sorted(set(roles)))
    record("person.added", by=by, obj=user, payload={"username": username, "roles": sorted(set(roles))})
    return user


@transaction.atomic
def change_person(person: User, *, by: User, **fields: Any) -> User:
    """Changes name, department or title; the event keeps old and new. User name and organisation stay for good."""
    refuse(rules.may_manage_people(by), rules.department_fits(fields.get("department"), person.organisation))
    changed = {}
    for name, value in fields.items():
        if (before := getattr(person, name)) != value:
            changed[name] = [str(before or ""), str(value or "")]
            setattr(person, name, value)
    checked(person, exclude=("password",))
    if changed:
        person.save(update_fields=list(changed))
        record("person.changed", by=by, obj=person, payload={"changed": changed})
    return person


@transaction.atomic
def leave(person: User, *, by: User, why: str) -> None:
    """The person works here no longer: no sign-in, no role in force. The rows stay, documents name them."""
    refuse(rules.may_manage_people(by), rules.not_oneself(person, by), rules.reason_given(why))
    if not User.objects.filter(pk=person.pk, is_active=True).update(is_active=False):
        raise Refused(already(person, "已登记离岗", "has left already"))
    record("person.left", by=by, obj=person, from_state="active", to_state="left", payload={"reason": why.strip()})
    if key := selectors.active_key(person):
        keys.revoke(key, by=by, why_code=PersonalKey.Why.LEFT, why=why)
    person.refresh_from_db()


@transaction.atomic
def come_back(person: User, *, by: User, why: str) -> None:
    """The person works here again, with nothing of what he held before: roles and authorisations are given anew."""
    refuse(rules.may_manage_people(by), rules.not_oneself(person, by), rules.reason_given(why))
    if not User.objects.filter(pk=person.pk, is_active=False).update(is_active=True):
        raise Refused(already(person, "在岗", "works here already"))
    roles = sorted(UserRole.objects.filter(user=person).values_list("role", flat=True))
    UserRole.objects.filter(user=person).delete()
    for authorisation in Authorisation.objects.filter(user=person, revoked_on=None, valid_until__gte=clock.today()):
        authorisation.revoked_on = clock.today()
        authorisation.save(update_fields=["revoked_on"])
    payload = {"reason": why.strip(), "former_roles": roles}
    record("person.came_back", by=by, obj=person, from_state="left", to_state="active", payload=payload)
    person.refresh_from_db()
    person.__dict__.pop("_roles", None)


@transaction.atomic
def give_role(person: User, role: str, *, by: User) -> None:
    """Nobody gives himself a role: what he may do is another's decision."""
    refuse(
        rules.may_manage_people(by),
        rules.not_oneself(person, by),
        rules.works_here(person),
        rules.role_fits_organisation(role, person.organisation),
    )
    _held, created = UserRole.objects.get_or_create(user=person, role=role)
    if not created:
        raise Refused(already(person, "已有此角色", "holds this role already"))
    record("role.given", by=by, obj=person, payload={"role": role})
    person.__dict__.pop("_roles", None)


@transaction.atomic
def take_role(person: User, role: str, *, by: User) -> None:
    """Nobody takes the administrator's role from himself: the last one would lock everybody out."""
    oneself = rules.not_oneself(person, by) if role == Role.ADMINISTRATOR else None
    refuse(rules.may_manage_people(by), oneself)
    if not UserRole.objects.filter(user=person, role=role).delete()[0]:
        raise Refused(already(person, "没有此角色", "does not hold this role"))
    record("role.taken", by=by, obj=person, payload={"role": role})
    person.__dict__.pop("_roles", None)

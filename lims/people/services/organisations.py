"""The institute, its customers, and their departments."""

from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core.validation import checked
from lims.people import rules
from lims.people.models import Department, Organisation, User
from lims.people.services.refusals import refuse


@transaction.atomic
def add_organisation(*, by: User, **fields: Any) -> Organisation:
    """A new customer. The institute itself is entered once, when the system is set up."""
    refuse(rules.may_manage_people(by))
    made = checked(Organisation(kind=Organisation.Kind.CUSTOMER, **fields))
    made.save()
    record("organisation.added", by=by, obj=made, payload={"name": made.name})
    return made


@transaction.atomic
def change_organisation(organisation: Organisation, *, by: User, **fields: Any) -> Organisation:
    """Changes what is entered about an organisation; event and history keep old and new."""
    refuse(rules.may_manage_people(by))
    changed = {}
    for name, value in fields.items():
        if (before := getattr(organisation, name)) != value:
            changed[name] = [before, value]
            setattr(organisation, name, value)
    checked(organisation)
    if changed:
        organisation.save()
        record("organisation.changed", by=by, obj=organisation, payload={"changed": changed})
    return organisation


@transaction.atomic
def add_department(organisation: Organisation, *, by: User, name: str, name_en: str = "") -> Department:
    refuse(rules.may_manage_people(by))
    made = checked(Department(organisation=organisation, name=name, name_en=name_en))
    made.save()
    record("department.added", by=by, obj=organisation, payload={"name": name})
    return made


@transaction.atomic
def rename_department(department: Department, *, by: User, name: str, name_en: str = "") -> Department:
    refuse(rules.may_manage_people(by))
    before = department.name
    department.name, department.name_en = name, name_en
    checked(department).save()
    record("department.renamed", by=by, obj=department.organisation, payload={"changed": {"name": [before, name]}})
    return department

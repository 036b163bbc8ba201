"""Writes about people: one verb each, keyword-only `by=`, one transaction, one event."""

from lims.people.services.authorising import (
    correct_qualification,
    grant_authorisation,
    register_qualification,
    renew_registration,
    revoke_authorisation,
)
from lims.people.services.competence import (
    correct_education,
    correct_witnessed_test,
    enter_education,
    enter_witnessed_test,
    set_requirement,
)
from lims.people.services.joining import add_person, change_person, come_back, give_role, leave, take_role
from lims.people.services.organisations import (
    add_department,
    add_organisation,
    change_organisation,
    rename_department,
)
from lims.people.services.passwords import Link, first_administrator, holder, make_link, set_first_password

__all__ = [
    "Link",
    "add_department",
    "add_organisation",
    "add_person",
    "change_organisation",
    "change_person",
    "come_back",
    "correct_education",
    "correct_qualification",
    "correct_witnessed_test",
    "enter_education",
    "enter_witnessed_test",
    "first_administrator",
    "give_role",
    "grant_authorisation",
    "holder",
    "leave",
    "make_link",
    "register_qualification",
    "rename_department",
    "renew_registration",
    "revoke_authorisation",
    "set_first_password",
    "set_requirement",
    "take_role",
]

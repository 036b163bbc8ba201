"""The first password: a link that works once, shown to the administrator once, never mailed and never stored.

The link is Django's signed token over the person's unusable password, so nothing about it is kept: it ends when a password
is set, when another link is made, and after settings.PASSWORD_RESET_TIMEOUT.
"""

from dataclasses import dataclass

from django.contrib.auth.hashers import make_password
from django.contrib.auth.tokens import default_token_generator
from django.db import transaction
from django.utils.encoding import force_str
from django.utils.http import urlsafe_base64_decode, urlsafe_base64_encode

from lims.audit.services import record
from lims.core.text import Refused
from lims.core.validation import checked
from lims.people import rules
from lims.people.models import Organisation, Role, User, UserRole
from lims.people.services.refusals import refuse


@dataclass(frozen=True)
class Link:
    """The two parts of the address. Whoever has them can set the person's password."""

    person: str
    token: str


@transaction.atomic
def make_link(person: User, *, by: User) -> Link:
    """A link for the person's first password, or a new one when it is forgotten. Password and earlier links end now.

    Second factors stay: whoever got hold of the link alone does not get past them.
    """
    refuse(rules.may_manage_people(by), rules.not_oneself(person, by), rules.works_here(person))
    return _link(person, by=by)


def _link(person: User, *, by: User | None) -> Link:
    had = person.has_usable_password()
    person.set_unusable_password()
    person.save(update_fields=["password"])
    record("person.link_made", by=by, obj=person, from_state="password" if had else "", to_state="link")
    return Link(urlsafe_base64_encode(str(person.pk).encode()), default_token_generator.make_token(person))


@transaction.atomic
def first_administrator(username: str, *, display_name: str, institute: str = "") -> Link:
    """The first administrator of an empty installation, and the institute where none is entered yet.

    Done at the server's own terminal, by nobody who is signed in. Raises Refused when an administrator works here already:
    from then on accounts are made on the pages, by a person with a name.
    """
    refuse(rules.no_administrator_yet(), rules.username_fits(username))
    organisation = Organisation.objects.filter(kind=Organisation.Kind.INSTITUTE).first()
    if organisation is None:
        organisation = checked(Organisation(kind=Organisation.Kind.INSTITUTE, name=institute))
        organisation.save()
        record("organisation.added", by=None, obj=organisation, payload={"name": institute})
    person = User(username=username, display_name=display_name, organisation=organisation)
    person.set_unusable_password()
    checked(person).save()
    UserRole.objects.create(user=person, role=Role.ADMINISTRATOR)
    payload = {"username": username, "roles": [Role.ADMINISTRATOR.value]}
    record("person.added", by=None, obj=person, payload=payload)
    return _link(person, by=None)


def holder(link: Link) -> User | None:
    """The person whose password the link may set; None when it is forged, used, replaced or too old."""
    try:
        person = User.objects.get(pk=int(force_str(urlsafe_base64_decode(link.person))))
    except (ValueError, OverflowError, User.DoesNotExist):
        return None
    good = person.is_active and not person.has_usable_password()
    return person if good and default_token_generator.check_token(person, link.token) else None


@transaction.atomic
def set_first_password(link: Link, *, password: str) -> User:
    """Sets the password, once. The caller has judged its strength. Raises Refused when the link no longer holds."""
    person = holder(link)
    if person is None:
        raise Refused(rules.link_is_void())
    # Of two who use the link at once, the first one wins.
    won = User.objects.filter(pk=person.pk, password=person.password).update(password=make_password(password))
    if not won:
        raise Refused(rules.link_is_void())
    person.refresh_from_db()
    record("person.password_set", by=person, obj=person, from_state="link", to_state="password")
    return person

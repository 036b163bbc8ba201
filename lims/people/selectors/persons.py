"""People, their organisations, authorisations, keys and signatures, as a viewer may read them."""

from dataclasses import dataclass
from datetime import datetime

from cryptography import x509
from django.conf import settings
from django.db.models import Q, QuerySet

from lims.audit.models import Event
from lims.core.text import Text
from lims.people.authority import persons_authority
from lims.people.keys import acts
from lims.people.keys.errors import KeyFault
from lims.people.models import (
    Authorisation,
    Education,
    Organisation,
    PersonalKey,
    Qualification,
    Role,
    Signature,
    User,
    UserRole,
    WitnessedTest,
)

STAFF = frozenset(Role.values) - {Role.CUSTOMER, Role.AUDITOR}


def roles_of(user: object) -> frozenset[str]:
    """The roles of a person; empty for strangers and people who have left. Cached on the object for one request."""
    if not isinstance(user, User) or not user.is_active:
        return frozenset()
    cached = user.__dict__.get("_roles")
    if cached is None:
        cached = frozenset(UserRole.objects.filter(user=user).values_list("role", flat=True))
        user.__dict__["_roles"] = cached
    return cached


def is_staff(user: object) -> bool:
    """Whether the person works for the institute (any role but customer and auditor)."""
    return bool(roles_of(user) & STAFF)


def institute() -> Organisation:
    """The institute itself. Raises Organisation.DoesNotExist before it is entered."""
    return Organisation.objects.get(kind=Organisation.Kind.INSTITUTE)


def organisations(viewer: object) -> QuerySet[Organisation]:
    """Customers see their own organisation, staff and auditors all."""
    rows = Organisation.objects.order_by("name")
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return rows
    if isinstance(viewer, User) and viewer.organisation_id and viewer.is_active:
        return rows.filter(pk=viewer.organisation_id)
    return rows.none()


def people(viewer: object) -> QuerySet[User]:
    """Staff and auditors see everybody, everybody sees himself."""
    rows = User.objects.select_related("organisation", "department").order_by("display_name")
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return rows
    return rows.filter(pk=viewer.pk) if isinstance(viewer, User) else rows.none()


def find(viewer: object, query: str = "") -> QuerySet[User]:
    """The people a viewer may see whose name, user name or department contains the query."""
    rows = people(viewer).prefetch_related("held_roles")
    if query:
        rows = rows.filter(
            Q(display_name__icontains=query)
            | Q(display_name_en__icontains=query)
            | Q(username__icontains=query)
            | Q(department__name__icontains=query)
            | Q(organisation__name__icontains=query)
        )
    return rows


def history(person: User) -> list[Event]:
    """Events of the person and of what the person holds, newest first: one query for each kind, and one."""
    found = Q(object_type=User._meta.label_lower, object_id=str(person.pk))
    for model, rows in (
        (Authorisation, person.authorisations),
        (Qualification, person.qualifications),
        (PersonalKey, person.keys),
        (Education, person.education),
        (WitnessedTest, person.witnessed),
    ):
        keys = [str(pk) for pk in rows.values_list("pk", flat=True)]
        found |= Q(object_type=model._meta.label_lower, object_id__in=keys)
    return list(Event.objects.filter(found).order_by("-pk"))


def active_key(person: object) -> PersonalKey | None:
    """The key that the person signs with now."""
    if not isinstance(person, User):
        return None
    return PersonalKey.objects.filter(person=person, state=PersonalKey.State.ACTIVE).first()


def how_to_sign(person: object) -> str:
    """`key`: with the passphrase of the own key; `missing`: only once a key is made; `unsigned`: acts need no key here."""
    if active_key(person):
        return "key"
    return "missing" if settings.PERSONAL_SIGNATURES == "required" else "unsigned"


def keys_of(person: User) -> QuerySet[PersonalKey]:
    """All keys of a person, the newest first. The caller has established that the viewer may see the person."""
    return person.keys.select_related("ended_by").order_by("-pk")


@dataclass(frozen=True)
class Judged:
    """A stored signature as it verifies now. `fault` says why it does not; `ended`: the key ended after it was made."""

    signature: Signature
    fault: Text | None
    ended: datetime | None


def judged_signatures(label: str, sha256: str) -> list[Judged]:
    """Each signature on an object verified anew against the digest that the object has now, as a stranger would."""
    rows = list(signatures_of(label))
    if not rows:
        return []
    try:
        root = persons_authority().certificate
    except KeyFault as fault:
        return [Judged(one, fault.text, one.key.ended_at) for one in rows]
    return [_judged(one, sha256, root) for one in rows]


def _judged(one: Signature, sha256: str, root: x509.Certificate) -> Judged:
    record = one.subject.removeprefix("record:")
    try:
        found = acts.verify_for(one.jws, [root], act=one.act, record=record, record_sha256=sha256)
    except KeyFault as fault:
        return Judged(one, fault.text, one.key.ended_at)
    stated = (found.act.person, found.signature.fingerprint, found.act.at)
    if stated != (str(one.person_id), one.key.fingerprint, one.at):
        return Judged(
            one, Text("登记的签名人或密钥与签名不符", "the entered signer or key is not that of the signature"), None
        )
    if one.key.ended_at and found.act.at >= one.key.ended_at:
        return Judged(one, Text("签名时密钥已停用", "the key had ended when the signature was made"), one.key.ended_at)
    return Judged(one, None, one.key.ended_at)


def signatures_of(label: str) -> QuerySet[Signature]:
    """The signatures on one object, e.g. `record:RW-2026-000001-1`, in the order in which they were given."""
    return Signature.objects.filter(subject=label).select_related("person", "key").order_by("pk")

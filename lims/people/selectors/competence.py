"""What is known of people's competence: authorisations, the documents behind them, and what the institute asks for."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Q, QuerySet

from lims.core.text import Text
from lims.people.models import (
    Authorisation,
    Education,
    Qualification,
    Requirement,
    Role,
    Supervision,
    User,
    UserRole,
    WitnessedTest,
)
from lims.people.selectors.persons import people

ACTING_ROLES = (Role.TECHNICIAN, Role.CHECKER, Role.APPROVER)


@dataclass(frozen=True)
class Document:
    """A registration or a project certificate with the dates printed on it; without an end it does not expire."""

    what: Text
    valid_from: date
    valid_until: date | None

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_until is None or day <= self.valid_until)


@dataclass
class Held:
    """What one person holds: every authorisation and document ever entered, and who supervises which authorisation."""

    person: User
    authorisations: list[Authorisation] = field(default_factory=list)
    documents: list[Document] = field(default_factory=list)
    supervisors: dict[int, list[int]] = field(default_factory=dict)
    roles: frozenset[str] = frozenset()


def held_by(persons: Iterable[User], *, documents: bool = True, roles: bool = False) -> dict[int, Held]:
    """By person. One query for the authorisations; one more for the documents, for the roles, and where there are trainees."""
    found = {one.pk: Held(one) for one in persons}
    for one in Authorisation.objects.filter(user__in=found).order_by("valid_from", "pk"):
        found[one.user_id].authorisations.append(one)
    training = [one.pk for held in found.values() for one in held.authorisations if one.act == Authorisation.Act.TRAIN]
    if training:
        for named in Supervision.objects.filter(authorisation__in=training).select_related("authorisation"):
            held = found[named.authorisation.user_id]
            held.supervisors.setdefault(named.authorisation_id, []).append(named.supervisor_id)
    if documents:
        _add_documents(found)
    if roles:
        kept: dict[int, set[str]] = {}
        for person, role in UserRole.objects.filter(user__in=found).values_list("user_id", "role"):
            kept.setdefault(person, set()).add(role)
        for pk, held in found.items():
            held.roles = frozenset(kept.get(pk, ()))
    return found


def _add_documents(found: dict[int, Held]) -> None:
    """Every registration, and every certificate of an examined project; a qualification alone does not register anybody."""
    rows = (
        Qualification.objects.filter(user__in=found)
        .order_by("issued_on", "pk", "registrations__valid_from")
        .values_list(
            "pk", "user_id", "level", "certificate_number", "issued_on", "valid_until",
            "registrations__number", "registrations__valid_from", "registrations__valid_until",
        )
    )  # fmt: skip
    certificates: set[int] = set()
    for pk, person, level, certificate, issued, ends, number, begins, until in rows:
        if number is not None:
            text = Text(f"注册 {number}", f"registration {number}")
            found[person].documents.append(Document(text, begins, until))
        if level == Qualification.Level.PROJECT and pk not in certificates:
            certificates.add(pk)
            text = Text(f"项目考核合格证 {certificate}", f"project certificate {certificate}")
            found[person].documents.append(Document(text, issued, ends))


def trainees_of(supervisor: User, day: date) -> QuerySet[User]:
    """Those who train under this supervisor on the day, for whatever procedure."""
    return User.objects.filter(
        pk__in=Authorisation.objects.filter(
            Q(revoked_on=None) | Q(revoked_on__gt=day),
            act=Authorisation.Act.TRAIN,
            supervisions__supervisor=supervisor,
            valid_from__lte=day,
            valid_until__gte=day,
        ).values("user")
    )


def acting_people(viewer: object) -> QuerySet[User]:
    """Those whom the viewer may see who verify, check or approve, or ever were authorised to."""
    rows = people(viewer)
    acting = rows.filter(held_roles__role__in=ACTING_ROLES) | rows.filter(authorisations__isnull=False)
    return acting.distinct()


@dataclass(frozen=True)
class Asked:
    """A requirement as it stands on a day. `entered` is None where nobody has entered one: `value` is the default then."""

    value: str
    entered: Requirement | None


DEFAULTS = {
    Requirement.Key.REGISTRATION: Requirement.Registered.IF_ENTERED.value,
    Requirement.Key.EDUCATION: "",
}


def asked_on(day: date, key: str) -> Asked:
    return _asked(_entered(key).filter(valid_from__lte=day)[:1], day, key)


def _entered(key: str) -> QuerySet[Requirement]:
    return Requirement.objects.filter(key=key).select_related("entered_by").order_by("-valid_from", "-pk")


def _asked(newest_first: Iterable[Requirement], day: date, key: str) -> Asked:
    newest = next((one for one in newest_first if one.valid_from <= day), None)
    return Asked(newest.value if newest else DEFAULTS[Requirement.Key(key)], newest)


def requirements(viewer: object) -> QuerySet[Requirement]:
    """All that were ever entered, the newest first, for whoever may see the institute's people."""
    rows = Requirement.objects.select_related("entered_by").order_by("key", "-valid_from", "-pk")
    return rows if people(viewer).exists() else rows.none()


@dataclass(frozen=True)
class Learned:
    """The continuing education of one registration period; `missing` is None where the hours asked for are not known."""

    title: str
    begins: date
    ends: date
    hours: Decimal
    asked: Asked
    entries: list[Education]

    @property
    def missing(self) -> Decimal | None:
        return max(Decimal(self.asked.value) - self.hours, Decimal(0)) if self.asked.value else None


def education_of(person: User) -> QuerySet[Education]:
    """The caller has established that the viewer may see the person."""
    return person.education.select_related("proof").order_by("-held_on", "-pk")


def learned(person: User, qualifications: Iterable[Qualification], entries: list[Education]) -> list[Learned]:
    """For each registration of the person what was learned in its period, the latest first. The hours asked for are those
    that stand on its last day."""
    periods = sorted(
        (one for held in qualifications for one in held.registrations.all()),
        key=lambda one: one.valid_until,
        reverse=True,
    )
    hours = list(_entered(Requirement.Key.EDUCATION)) if periods else []
    return [
        Learned(
            period.number,
            period.valid_from,
            period.valid_until,
            sum((Decimal(one.hours) for one in inside), Decimal(0)),
            _asked(hours, period.valid_until, Requirement.Key.EDUCATION),
            inside,
        )
        for period in periods
        for inside in [[one for one in entries if period.valid_from <= one.held_on <= period.valid_until]]
    ]


def outside(entries: list[Education], periods: list[Learned]) -> list[Education]:
    """What was learned in no registration period that is entered."""
    return [one for one in entries if not any(period.begins <= one.held_on <= period.ends for period in periods)]


@dataclass(frozen=True)
class Witnessed:
    """One witnessed test; `due` only on the newest of its procedure: none, soon to come, or overdue."""

    test: WitnessedTest
    newest: bool
    overdue: bool


def witnessed_of(person: User, day: date) -> list[Witnessed]:
    """The caller has established that the viewer may see the person."""
    rows = list(person.witnessed.select_related("witness").order_by("-held_on", "-pk"))
    seen: set[str] = set()
    found = []
    for one in rows:
        newest = one.procedure not in seen
        seen.add(one.procedure)
        found.append(Witnessed(one, newest, newest and one.due_on is not None and one.due_on < day))
    return found

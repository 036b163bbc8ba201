"""What ends soon for people, and what has just ended: registrations, authorisations, signing keys, tests to be witnessed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils import timezone

from lims.core.text import Text
from lims.people.models import Authorisation, PersonalKey, Qualification, Registration, User, WitnessedTest
from lims.people.selectors.persons import people

ACTS = {
    Authorisation.Act.VERIFY: Text("检定授权", "authorisation to verify"),
    Authorisation.Act.CHECK: Text("核验授权", "authorisation to check"),
    Authorisation.Act.APPROVE: Text("批准授权", "authorisation to approve"),
    Authorisation.Act.TRAIN: Text("见习检定授权", "authorisation to train"),
}


@dataclass(frozen=True)
class Lapsing:
    """Something of a person that ends. `ends_on` is its last valid day; `address` is where it is looked after."""

    person: User
    what: Text
    ends_on: date
    address: str


def lapsing(viewer: object, today: date, within: timedelta) -> list[Lapsing]:
    """What of the people that the viewer may see ends within this time, or ended no longer ago than that; soonest first.

    What something later of the same kind has taken the place of, what was revoked, and what belongs to people who have
    left is not told. Six queries, however many people there are.
    """
    seen = {one.pk: one for one in people(viewer).filter(is_active=True)}
    if not seen:
        return []
    window = (today - within, today + within)
    found = [
        one
        for part in (_registrations, _certificates, _authorisations, _keys, _witnessed)
        for one in part(seen, today)
        if window[0] <= one.ends_on <= window[1]
    ]
    return sorted(found, key=lambda one: (one.ends_on, one.person.display_name, one.what.zh))


def _page(person: User) -> str:
    return reverse("people:person", args=[person.username])


def _registrations(seen: dict[int, User], today: date) -> Iterator[Lapsing]:
    """Of each person the registration that ends last: who is registered again has nothing lapsing."""
    rows = Registration.objects.filter(qualification__user__in=seen).order_by("valid_until", "pk")
    newest = {one.qualification.user_id: one for one in rows.select_related("qualification")}
    for pk, one in newest.items():
        yield Lapsing(
            seen[pk], Text(f"注册 {one.number}", f"registration {one.number}"), one.valid_until, _page(seen[pk])
        )


def _certificates(seen: dict[int, User], today: date) -> Iterator[Lapsing]:
    """Certificates with a printed end, unless the person holds a later one of the same level, or one without an end."""
    rows = Qualification.objects.filter(user__in=seen).order_by("issued_on", "pk")
    newest: dict[tuple[int, str], Qualification] = {}
    for one in rows:
        kept = newest.get((one.user_id, one.level))
        if kept is None or (kept.valid_until and (one.valid_until is None or one.valid_until > kept.valid_until)):
            newest[one.user_id, one.level] = one
    for (pk, _level), one in newest.items():
        if one.valid_until:
            what = Text(f"资格证书 {one.certificate_number}", f"certificate {one.certificate_number}")
            yield Lapsing(seen[pk], what, one.valid_until, _page(seen[pk]))


def _authorisations(seen: dict[int, User], today: date) -> Iterator[Lapsing]:
    """Those of one person for one act that end on one day are told together."""
    rows = Authorisation.objects.filter(user__in=seen, revoked_on=None)
    newest = {(one.user_id, one.act, one.scope_kind, one.scope): one for one in rows.order_by("valid_until", "pk")}
    together: dict[tuple[int, str, date], list[str]] = {}
    for (pk, act, _kind, scope), one in newest.items():
        together.setdefault((pk, act, one.valid_until), []).append(scope)
    for (pk, act, ends_on), scopes in together.items():
        name = ACTS[Authorisation.Act(act)]
        what = Text(f"{name.zh}：{'、'.join(sorted(scopes))}", f"{name.en}: {', '.join(sorted(scopes))}")
        yield Lapsing(seen[pk], what, ends_on, _page(seen[pk]))


def _keys(seen: dict[int, User], today: date) -> Iterator[Lapsing]:
    for one in PersonalKey.objects.filter(person__in=seen, state=PersonalKey.State.ACTIVE):
        what = Text(f"签名密钥 {one.fingerprint[:16]}", f"signing key {one.fingerprint[:16]}")
        # A key counts up to a moment: the day before is the last whole day.
        last = timezone.localdate(one.valid_until) - timedelta(days=1)
        yield Lapsing(seen[one.person_id], what, last, _page(seen[one.person_id]))


def _witnessed(seen: dict[int, User], today: date) -> Iterator[Lapsing]:
    """The next test to be witnessed, by what the newest one of the procedure says."""
    rows = WitnessedTest.objects.filter(person__in=seen, held_on__lte=today).order_by("held_on", "pk")
    newest = {(one.person_id, one.procedure): one for one in rows}
    for (pk, procedure), one in newest.items():
        if one.due_on:
            what = Text(f"{procedure} 的下次现场见证", f"the next witnessed test of {procedure}")
            yield Lapsing(seen[pk], what, one.due_on, _page(seen[pk]))

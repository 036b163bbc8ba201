"""What of standards and devices ends, and when: certificates, licences, the day to apply for re-examination, planned tests.

One list for whoever has to see to it in time; dates are those of the papers and of the plans.
"""

from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse

from lims.core.text import Text
from lims.people.models import Role, User
from lims.people.selectors import roles_of
from standards.models import (
    DeviceCertificate,
    StandardLicence,
    StandardPerson,
    StandardState,
    UpkeepPlan,
)
from standards.selectors.capability import due_on
from standards.selectors.devices import Standing, devices, standings
from standards.selectors.examinations import apply_by, waiting_for_examiner
from standards.selectors.standards import Fitness, fitnesses, on_day, standards

# A standard put by keeps its licences alive as long as it may come back.
_KEPT = frozenset({StandardState.State.IN_USE, StandardState.State.SUSPENDED})
_TESTS = {
    "repeatability": ("重复性试验", "repeatability test"),
    "stability": ("稳定性考核", "stability test"),
    "check": ("期间核查", "period check"),
}
_LICENCES = {
    StandardLicence.Kind.EXAMINATION: ("计量标准考核证书", "examination certificate"),
    StandardLicence.Kind.PUBLIC: ("社会公用计量标准证书", "public-standard certificate"),
}


@dataclass(frozen=True)
class Lapse:
    """Something whose last good day is `ends_on`; `key` is the same every day, `kind` names the sort of thing."""

    kind: str
    key: str
    what: Text
    ends_on: date
    address: str


def keeps_something(viewer: object, day: date) -> bool:
    """Whether the person has to see to any standard or device: by role, by being responsible for one, or as its keeper."""
    if _everything(viewer):
        return True
    if not isinstance(viewer, User):
        return False
    return _responsible(viewer, day).exists() or devices(viewer).filter(keeper=viewer).exists()


def lapsing(viewer: object, today: date, within: timedelta) -> list[Lapse]:
    """What ends up to `within` from today, or has ended already, the first to end first.

    The technical lead and the quality manager are told of everything, whoever is responsible for a standard of that
    standard and its devices, a keeper of the own devices, everybody else of nothing.
    """
    kept, mine = standards(viewer), devices(viewer)
    if not _everything(viewer):
        if not isinstance(viewer, User):
            return []
        kept = kept.filter(pk__in=_responsible(viewer, today).values("standard"))
        members = Q(memberships__in=kept.values("members")) & Q(memberships__since__lte=today)
        members &= Q(memberships__until=None) | Q(memberships__until__gte=today)
        mine = mine.filter(Q(keeper=viewer) | members).distinct()
    facts = [
        one for one in fitnesses(kept, today) if one.state is not None and StandardState.State(one.state.state) in _KEPT
    ]
    found = [*_certificates(standings(mine, today)), *_licences(facts), *_applications(facts), *_tests(facts, today)]
    last = today + within
    return sorted((one for one in found if one.ends_on <= last), key=lambda one: (one.ends_on, one.key))


def _everything(viewer: object) -> bool:
    return bool(roles_of(viewer) & {Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER})


def _responsible(viewer: User, day: date) -> QuerySet[StandardPerson]:
    return StandardPerson.objects.filter(on_day(day), user=viewer, duty=StandardPerson.Duty.RESPONSIBLE)


def _certificates(found: list[Standing]) -> list[Lapse]:
    """Of devices in use. One without a usable certificate has lapsed since it came into use, or since it failed."""
    lapses = []
    for one in found:
        if one.state is None or one.state.state != "in_use":
            continue
        zh, en = _certificate(one)
        lapses.append(
            Lapse(
                "device",
                f"device:{one.device.asset_number}",
                Text(f"设备 {one.device} 的{zh}", f"device {one.device.asset_number} {one.device.title.en}: {en}"),
                _usable_until(one, one.state.since),
                reverse("standards:device", args=[one.device.asset_number]),
            )
        )
    return lapses


def _certificate(one: Standing) -> tuple[str, str]:
    certificate = one.certificate
    if certificate is None:
        return "检定/校准证书：没有已确认的证书", "no confirmed certificate"
    if certificate.outcome == DeviceCertificate.Outcome.FAIL:
        return f"检定/校准证书 {certificate.number}：结论不合格", f"certificate {certificate.number}, which it failed"
    if certificate.usable_until is None:
        return (
            f"检定/校准证书 {certificate.number}：没有有效期",
            f"certificate {certificate.number}, without a validity",
        )
    return f"检定/校准证书 {certificate.number}", f"certificate {certificate.number}"


def _usable_until(one: Standing, since: date) -> date:
    certificate = one.certificate
    if certificate is None:
        return since
    if certificate.outcome == DeviceCertificate.Outcome.FAIL or certificate.usable_until is None:
        return certificate.calibrated_on
    return certificate.usable_until


def _licences(facts: list[Fitness]) -> list[Lapse]:
    return [
        Lapse(
            "licence",
            f"licence:{one.standard.code}:{kind}",
            Text(
                f"计量标准“{one.standard.name}”的{_LICENCES[StandardLicence.Kind(kind)][0]} {licence.number}",
                f"standard “{one.standard.title.en}”: {_LICENCES[StandardLicence.Kind(kind)][1]} {licence.number}",
            ),
            licence.valid_until,
            reverse("standards:standard", args=[one.standard.code]),
        )
        for one in facts
        for kind, licence in one.licences.items()
    ]


def _applications(facts: list[Fitness]) -> list[Lapse]:
    """The day by which re-examination is to be applied for; nothing once it has been."""
    examinations = {
        one.standard.pk: licence
        for one in facts
        if (licence := one.licence(StandardLicence.Kind.EXAMINATION)) is not None
    }
    plans = {plan.standard_id: plan for plan in UpkeepPlan.objects.filter(standard__in=examinations)}
    applied = waiting_for_examiner(examinations)
    return [
        Lapse(
            "reexamination",
            f"reexamination:{one.standard.code}",
            Text(
                f"计量标准“{one.standard.name}”申请复查",
                f"standard “{one.standard.title.en}”: application for re-examination",
            ),
            apply_by(examinations[one.standard.pk], plans.get(one.standard.pk)),
            reverse("standards:examination", args=[one.standard.code]),
        )
        for one in facts
        if one.standard.pk in examinations and one.standard.pk not in applied
    ]


def _tests(facts: list[Fitness], today: date) -> list[Lapse]:
    by_key = {one.standard.pk: one.standard for one in facts if one.state and one.state.state == "in_use"}
    due = due_on(UpkeepPlan.objects.filter(standard__in=by_key), today)
    return [
        Lapse(
            "test",
            f"test:{one.parameter.pk}:{one.kind}",
            Text(
                f"计量标准“{by_key[key].name}”的“{one.parameter}”{_TESTS[one.kind][0]}",
                f"standard “{by_key[key].title.en}”: {_TESTS[one.kind][1]} of {one.parameter.title.en}",
            ),
            one.due,
            reverse("standards:capability", args=[by_key[key].code]),
        )
        for key, tests in due.items()
        for one in tests
    ]

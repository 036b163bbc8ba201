"""Reads about certificates. Staff and auditors see all; a customer sees the issued ones of the own organisation."""

import hmac
from dataclasses import dataclass
from datetime import date

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from certificates.models import (
    BulkItem,
    BulkRun,
    Certificate,
    Correction,
    DigitalCertificate,
    Recall,
    SealedFile,
    Supplement,
)
from instruments.models import Record, Site, Task
from instruments.selectors.work import sees_everything, tasks
from lims.audit.selectors import of_object, proofs
from lims.audit.tlog.proof import Proof
from lims.core import clock, files
from lims.core.text import Text
from lims.people.models import Organisation, Role, User
from lims.people.selectors import is_staff, roles_of


def certificates(viewer: object) -> QuerySet[Certificate]:
    rows = Certificate.objects.select_related("organisation", "instrument", "task", "supplements")
    if is_staff(viewer) or Role.AUDITOR in roles_of(viewer):
        return rows
    if isinstance(viewer, User) and Role.CUSTOMER in roles_of(viewer) and viewer.organisation_id:
        return rows.filter(organisation_id=viewer.organisation_id).exclude(
            state__in=[Certificate.State.SEALING, Certificate.State.VOID]
        )
    return rows.none()


def sealed(certificate: Certificate) -> SealedFile | None:
    """The newest sealed file, or None while it is being made."""
    return certificate.sealed.select_related("file").order_by("-edition").first()


def pdf(certificate: Certificate) -> bytes:
    """The newest sealed PDF. Raises FileNotFoundError while there is none, ValueError when the stored file was altered."""
    newest = sealed(certificate)
    if newest is None:
        raise FileNotFoundError(f"{certificate} is not sealed yet")
    return files.read(newest.file_id)


def dcc(certificate: Certificate) -> bytes:
    """The signed machine-readable certificate. Raises FileNotFoundError while there is none, ValueError when the stored
    file was altered."""
    digital = DigitalCertificate.objects.filter(certificate=certificate).first()
    if digital is None:
        raise FileNotFoundError(f"{certificate} has no machine-readable twin")
    return files.read(digital.file_id)


def log_proof(certificate: Certificate) -> Proof | None:
    """That the newest sealed file of this certificate, by its digest, stands in the event log; None until it does."""
    newest = sealed(certificate)
    if newest is None:
        return None
    found = proofs(of_object(certificate).filter(verb__in=("certificate.issued", "certificate.prolonged")))
    return next((one for one in reversed(found) if newest.file_id.encode() in (one.extra or b"")), None)


def by_token(token: str) -> Certificate | None:
    """The certificate of a public address; None for anything else, and for numbers that were never issued."""
    return _public().filter(token=token).first()


def by_number(number: str, check_value: str) -> Certificate | None:
    """The certificate whose number and check value both fit. One answer for a wrong number and for a wrong value."""
    rows = _public().filter(number=number.strip().upper())
    # The value alone is fetched, so that a known number takes no longer to refuse than an unknown one.
    expected = rows.values_list("check_value", flat=True).first() or "-" * 6
    fits = hmac.compare_digest(expected.encode(), check_value.strip().upper().encode())
    return rows.first() if fits else None


def _public() -> QuerySet[Certificate]:
    return Certificate.objects.select_related("replaced_by").exclude(
        state__in=[Certificate.State.SEALING, Certificate.State.VOID]
    )


def successors(viewer: object, certificate: Certificate) -> QuerySet[Certificate]:
    """What could take the place of a certificate: those that stand and were issued later for the same instrument."""
    return (
        certificates(viewer)
        .filter(
            instrument_id=certificate.instrument_id,
            task__sub_unit_id=certificate.task.sub_unit_id,
            state=Certificate.State.ISSUED,
            taken_at__gte=certificate.taken_at,
            supplements=None,
        )
        .exclude(pk=certificate.pk)
        .order_by("-taken_at", "-pk")
    )


def changed_on(certificate: Certificate) -> date | None:
    """The day at the institute on which a certificate was withdrawn or replaced; None while it stands."""
    if certificate.state not in (Certificate.State.WITHDRAWN, Certificate.State.REPLACED):
        return None
    event = of_object(certificate).filter(to_state=certificate.state).last()
    return timezone.localdate(event.at) if event else None


@dataclass(frozen=True)
class Standing:
    """What a certificate is worth on a day. code: valid, expired, replaced, withdrawn, rejection."""

    code: str
    text: Text
    good: bool


def standing(certificate: Certificate, day: date | None = None) -> Standing:
    """Withdrawn and replaced outweigh expired; a rejection notice is genuine but certifies no conformity."""
    day = day or clock.today()
    if certificate.state == Certificate.State.WITHDRAWN:
        return Standing("withdrawn", Text("已撤回", "Withdrawn"), good=False)
    if certificate.state == Certificate.State.REPLACED:
        return Standing("replaced", Text("已被替代", "Replaced"), good=False)
    if certificate.kind == Certificate.Kind.REJECTION:
        return Standing("rejection", Text("结论为不合格", "The instrument did not conform"), good=False)
    if certificate.valid_until and day > certificate.valid_until:
        return Standing("expired", Text("已过有效期", "Expired"), good=False)
    return Standing("valid", Text("有效", "Valid"), good=True)


def correction_of(certificate: Certificate) -> Correction | None:
    """The correction under way; None when there is none."""
    return certificate.corrections.select_related("opened_by").filter(state=Correction.State.OPEN).first()


def supplements_of(viewer: object, certificate: Certificate) -> QuerySet[Supplement]:
    """The supplements of a certificate in every state, oldest first: for the institute's people and auditors."""
    rows = certificate.drafts_of_supplements.select_related("author", "checker", "approver", "document")
    return rows.order_by("pk") if sees_everything(viewer) else rows.none()


def recalls(viewer: object) -> QuerySet[Recall]:
    """Recalls with their certificates: staff and auditors see all, a customer those of the own organisation."""
    rows = Recall.objects.select_related(
        "certificate__instrument", "certificate__replaced_by", "organisation", "seen_by"
    ).prefetch_related("mails")
    if sees_everything(viewer):
        return rows
    if isinstance(viewer, User) and Role.CUSTOMER in roles_of(viewer) and viewer.organisation_id:
        return rows.filter(organisation_id=viewer.organisation_id)
    return rows.none()


def approvable(viewer: object, *, application: str = "", customer: str = "", site: str = "") -> QuerySet[Task]:
    """The checked tasks that the viewer may approve now, oldest first, with what was recorded; those that wait in a bulk
    issue are left out. Each filter is a part of the number or name.

    The rows carry `record_number`, `record_sha256` and `conclusion` of the record that waits.
    """
    if not isinstance(viewer, User) or Role.APPROVER not in roles_of(viewer):
        return Task.objects.none()
    newest = Record.objects.filter(task=OuterRef("pk"), state=Record.State.FROZEN).order_by("-attempt")
    underway = BulkItem.objects.filter(task=OuterRef("pk"), state=BulkItem.State.WAITING)
    rows = (
        tasks(viewer)
        .select_related("application__organisation", "instrument__site")
        .filter(Q(approver=viewer) | Q(approver=None), state=Task.State.CHECKED)
        .exclude(Q(technician=viewer) | Q(checker=viewer))
        .annotate(
            record_number=Subquery(newest.values("number")[:1]),
            record_sha256=Subquery(newest.values("sha256")[:1]),
            conclusion=Subquery(newest.values("conclusion")[:1]),
        )
        .filter(~Exists(underway))
    )
    for path, part in (
        ("application__number", application),
        ("application__organisation__name", customer),
        ("instrument__site__name", site),
    ):
        if part.strip():
            rows = rows.filter(**{f"{path}__icontains": part.strip()})
    return rows.order_by("created_at", "pk")


def bulk_runs(viewer: object) -> QuerySet[BulkRun]:
    """Bulk issues with their counts: for the institute's people and auditors."""
    if not sees_everything(viewer):
        return BulkRun.objects.none()
    S = BulkItem.State
    return BulkRun.objects.select_related("by").annotate(
        total=Count("items"),
        issued=Count("items", filter=Q(items__state=S.ISSUED)),
        refused=Count("items", filter=Q(items__state=S.REFUSED)),
        cancelled=Count("items", filter=Q(items__state=S.CANCELLED)),
        waiting=Count("items", filter=Q(items__state=S.WAITING)),
    )


@dataclass(frozen=True)
class Place:
    """A place whose certificates are taken away together. `site` None: instruments that stand at no entered site."""

    organisation: Organisation
    site: Site | None
    count: int


def places(viewer: object) -> list[Place]:
    """Where instruments with certificates of this viewer stand, by customer and name of the place."""
    counted = (
        _to_take_away(viewer)
        .order_by()
        .values("organisation", "instrument__site")
        .annotate(count=Count("pk"))
        .values_list("organisation", "instrument__site", "count")
    )
    found = list(counted)
    organisations = Organisation.objects.in_bulk({one for one, _site, _count in found})
    sites = Site.objects.in_bulk({site for _one, site, _count in found if site})
    rows = [Place(organisations[one], sites.get(site), count) for one, site, count in found]
    return sorted(rows, key=lambda one: (one.organisation.name, one.site is None, str(one.site)))


def of_place(viewer: object, organisation: int, site: int | None) -> QuerySet[Certificate]:
    """The certificates of one customer at one place that can be taken away, by number."""
    return _to_take_away(viewer).filter(organisation=organisation, instrument__site=site).order_by("number")


def _to_take_away(viewer: object) -> QuerySet[Certificate]:
    """Sealed ones. What was replaced or withdrawn is among them: the index says so."""
    return (
        certificates(viewer)
        .exclude(state__in=[Certificate.State.SEALING, Certificate.State.VOID])
        .select_related("replaced_by", "instrument__site")
    )

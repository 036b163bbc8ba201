"""Writing about certificates of devices. One verb each, one transaction, one event."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import canonical, clock
from lims.core.text import Conflict, Refused, reason
from lims.core.validation import checked
from lims.people.models import User
from standards import rules
from standards.models import CertifiedValue, Device, DeviceCertificate, StatedStandard
from standards.selectors.snapshots import certificate_facts, value_facts
from standards.services.originals import store_original
from standards.services.refusals import allow, reasoned


@transaction.atomic
def enter_certificate(
    *,
    by: User,
    device: Device,
    values: Iterable[Mapping[str, str]] = (),
    standards: Iterable[Mapping[str, Any]] = (),
    original: bytes | None = None,
    corrects: DeviceCertificate | None = None,
    why: str = "",
    **fields: Any,
) -> DeviceCertificate:
    """Enters a certificate from paper, waiting for a second person.

    values: one mapping per certified value with the field names of CertifiedValue; numbers as printed.
    standards: what the issuer measured with, as the certificate states it, with the field names of StatedStandard.
    original: the paper as PDF. corrects: the entry whose place this one takes once it is confirmed, and `why`; without an
    original of its own it keeps that of the entry it corrects.
    """
    allow(rules.may_enter_certificate(by))
    certificate = DeviceCertificate(device=device, entered_by=by, corrects=corrects, **fields)
    if corrects is not None:
        allow(rules.may_correct_certificate(corrects, by))
        certificate.device, certificate.correction_reason = corrects.device, reasoned(why)
        certificate.file, certificate.data_file = corrects.file, corrects.data_file
    allow(rules.number_is_new(certificate.issuer, certificate.number, corrects))
    checked(certificate, exclude=("confirmed_by", "confirmed_at"))
    if original is not None:
        certificate.file = store_original(original)
    certificate.save()
    for value in values:
        form = "equation" if value.get("equation") else "table" if value.get("at") else "single"
        checked(CertifiedValue(certificate=certificate, **{"form": form} | dict(value))).save()
    allow(rules.values_agree([value_facts(one) for one in certificate.values.order_by("pk")]))
    for standard in standards:
        checked(StatedStandard(certificate=certificate, **standard)).save()
    record(
        "device_certificate.entered",
        by=by,
        obj=certificate,
        to_state=certificate.state,
        payload=certificate_facts(certificate)
        | ({"corrects": str(corrects.pk), "reason": certificate.correction_reason} if corrects else {}),
    )
    return certificate


@transaction.atomic
def confirm_certificate(
    *, by: User, certificate: DeviceCertificate, compared: Mapping[int, Mapping[str, Any]] | None = None
) -> DeviceCertificate:
    """A second person found the entry equal to the paper. From now on neither facts nor values can change.

    compared: what was done with each value, as rules.was_compared asks; it is kept with the certificate. None where the
    whole was compared at once, as a certificate without values is.

    The entry that it corrects is withdrawn in the same moment, so that there is no day without either.
    """
    allow(rules.may_confirm_certificate(certificate, by))
    values = list(certificate.values.order_by("name", "pk"))
    if compared is not None and (reasons := rules.was_compared(values, compared)):
        raise Refused(*reasons)
    corrected = certificate.corrects
    if corrected is not None and corrected.state != DeviceCertificate.State.WITHDRAWN:
        _withdraw(corrected, by=by, why=certificate.correction_reason, replaced_by=certificate)
    facts = certificate_facts(certificate)
    digest, checking = canonical.sha256(facts), _checking(values, compared)
    certificate.values.update(confirmed=True)
    certificate.stated_standards.update(confirmed=True)
    won = DeviceCertificate.objects.filter(pk=certificate.pk, state=DeviceCertificate.State.DRAFT).update(
        state=DeviceCertificate.State.CONFIRMED,
        confirmed_by=by,
        confirmed_at=clock.now(),
        checking=checking,
        content_sha256=digest,
    )
    if not won:
        raise Conflict(_already_changed())
    certificate.refresh_from_db()
    record(
        "device_certificate.confirmed",
        by=by,
        obj=certificate,
        from_state=DeviceCertificate.State.DRAFT,
        to_state=DeviceCertificate.State.CONFIRMED,
        payload={"device": certificate.device.asset_number, "content_sha256": digest}
        | ({"checking": checking} if checking else {}),
    )
    return certificate


@transaction.atomic
def withdraw_certificate(
    *, by: User, certificate: DeviceCertificate, why: str, replaced_by: DeviceCertificate | None = None
) -> DeviceCertificate:
    """The certificate no longer counts, for any day; `replaced_by` names the one that stands in its place."""
    allow(rules.may_withdraw_certificate(certificate, by))
    why = reasoned(why)
    if replaced_by is not None and replaced_by.device_id != certificate.device_id:
        raise Refused(
            reason("other_device", "替代证书属于另一台设备", "The replacing certificate belongs to another device")
        )
    return _withdraw(certificate, by=by, why=why, replaced_by=replaced_by)


def _withdraw(
    certificate: DeviceCertificate, *, by: User, why: str, replaced_by: DeviceCertificate | None
) -> DeviceCertificate:
    before = certificate.state
    won = DeviceCertificate.objects.filter(pk=certificate.pk, state=before).update(
        state=DeviceCertificate.State.WITHDRAWN, withdrawn_reason=why, replaced_by=replaced_by
    )
    if not won:
        raise Conflict(_already_changed())
    certificate.refresh_from_db()
    record(
        "device_certificate.withdrawn",
        by=by,
        obj=certificate,
        from_state=before,
        to_state=certificate.state,
        payload={"reason": why, "replaced_by": replaced_by.number if replaced_by else ""},
    )
    return certificate


def _checking(
    values: Iterable[CertifiedValue], compared: Mapping[int, Mapping[str, Any]] | None
) -> dict[str, list[dict[str, str]]]:
    """How each row was compared: its digits typed anew, or by eye."""
    if compared is None:
        return {}
    rows = [
        {
            "name": value.name,
            "at": value.at,
            "way": "typed" if compared[value.pk].get("typed") is not None else "ticked",
        }
        for value in values
    ]
    return {"rows": rows} if rows else {}


def _already_changed() -> Any:
    return reason(
        "already_changed",
        "此证书刚刚被他人处理",
        "Somebody else has just dealt with this certificate",
        "请刷新页面后查看",
        "Reload the page to see it",
    )

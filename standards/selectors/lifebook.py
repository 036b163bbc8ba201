"""The life book of a measurement standard (计量标准履历书): everything that is kept about its life, in the order of its days."""

from dataclasses import dataclass

from standards.models import (
    CapabilityTest,
    ChangeCase,
    DeviceCertificate,
    DeviceNote,
    ExaminationCase,
    MeasurementStandard,
    StandardDevice,
    StandardLicence,
    StandardPerson,
    StandardState,
)
from standards.selectors.capability import Chart, control_chart


@dataclass(frozen=True)
class LifeBook:
    """The registers of the book. `charts`: the stability of each parameter; `notes`: maintenance, damage, repair, loan."""

    standard: MeasurementStandard
    states: tuple[StandardState, ...]
    masters: tuple[StandardDevice, ...]
    auxiliaries: tuple[StandardDevice, ...]
    examinations: tuple[ExaminationCase, ...]
    licences: tuple[StandardLicence, ...]
    charts: tuple[Chart, ...]
    certificates: tuple[DeviceCertificate, ...]
    notes: tuple[DeviceNote, ...]
    changes: tuple[ChangeCase, ...]
    responsible: tuple[StandardPerson, ...]
    operators: tuple[StandardPerson, ...]


def life_book(standard: MeasurementStandard) -> LifeBook:
    """Everything up to now, in a fixed number of queries. What was entered wrongly and withdrawn is left out."""
    members = list(standard.members.select_related("device").order_by("since", "pk"))
    devices = {one.device_id for one in members}
    people = list(standard.people.select_related("user").order_by("since", "pk"))
    tests: dict[int, list[CapabilityTest]] = {}
    stability = CapabilityTest.objects.filter(
        parameter__standard=standard, kind=CapabilityTest.Kind.STABILITY, withdrawn_reason=""
    )
    for test in stability.select_related("parameter"):
        tests.setdefault(test.parameter_id, []).append(test)
    charts = [control_chart(tests[key], CapabilityTest.Kind.STABILITY) for key in sorted(tests)]
    certificates = DeviceCertificate.objects.filter(device__in=devices, state=DeviceCertificate.State.CONFIRMED)
    return LifeBook(
        standard,
        tuple(standard.states.order_by("since", "pk")),
        tuple(one for one in members if one.part == StandardDevice.Part.MASTER),
        tuple(one for one in members if one.part == StandardDevice.Part.AUXILIARY),
        tuple(standard.examinations.order_by("opened_on", "pk")),
        tuple(standard.licences.filter(withdrawn_reason="").order_by("issued_on", "pk")),
        tuple(chart for chart in charts if chart is not None),
        tuple(certificates.select_related("device").order_by("calibrated_on", "pk")),
        tuple(
            DeviceNote.objects.filter(device__in=devices).select_related("device", "entered_by").order_by("on", "pk")
        ),
        tuple(standard.changes.select_related("decided_by").order_by("on", "pk")),
        tuple(one for one in people if one.duty == StandardPerson.Duty.RESPONSIBLE),
        tuple(one for one in people if one.duty == StandardPerson.Duty.OPERATOR),
    )

"""The chain of traceability above a measurement standard as it stood on a day: devices, certificates, issuers, national standard.

A missing or expired link is a link of the chain too, with what is wrong with it: a gap has to be seen as a gap.
"""

from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from lims.core.text import Text
from standards.models import DeviceCertificate, MeasurementStandard
from standards.selectors.devices import standings
from standards.selectors.standards import fitness

DEEPEST = 12
"""Own standards may calibrate each other's devices over some levels; more than this is a circle or a mistake."""


@dataclass(frozen=True)
class Link:
    """One box of the chain. `above` are the links it is traced to; `fault` says what breaks the chain here."""

    kind: str
    title: Text
    lines: tuple[Text, ...] = ()
    address: str = ""
    fault: Text | None = None
    above: tuple["Link", ...] = ()

    @property
    def whole(self) -> bool:
        """Whether no link from here up to the national standards is broken."""
        return self.fault is None and all(one.whole for one in self.above)


def chain(standard: MeasurementStandard, day: date) -> Link:
    """Everything above the standard on the day. Where an own standard calibrated a device, on the day of that calibration."""
    return _standard(standard, day, frozenset())


def _standard(standard: MeasurementStandard, day: date, below: frozenset[int]) -> Link:
    facts = fitness(standard, day)
    devices = [one.device for one in facts.members]
    parts = {one.device_id: one for one in facts.members}
    above = []
    for known in standings(devices, day):
        device, part = known.device, parts[known.device.pk]
        certificate = _certificate(known.certificate, day, below | {standard.pk})
        above.append(
            Link(
                "device",
                device.title,
                (
                    Text(*_part(part.part)),
                    Text(f"{device.asset_number} · {device.serial}", f"{device.asset_number} · {device.serial}"),
                    Text(device.accuracy, device.accuracy),
                ),
                reverse("standards:device", args=[device.asset_number]),
                above=(certificate,),
            )
        )
    fault = None if above else Text("当日没有登记设备", "no devices on that day")
    return Link(
        "standard",
        standard.title,
        (Text(standard.measuring_range, standard.measuring_range), Text(standard.accuracy, standard.accuracy)),
        reverse("standards:standard", args=[standard.code]),
        fault,
        tuple(above),
    )


def _part(part: str) -> tuple[str, str]:
    return ("计量标准器", "master") if part == "master" else ("主要配套设备", "auxiliary")


def _certificate(certificate: DeviceCertificate | None, day: date, below: frozenset[int]) -> Link:
    if certificate is None:
        return Link(
            "certificate", Text("没有证书", "no certificate"), fault=Text("溯源链在此中断", "the chain breaks here")
        )
    until = certificate.usable_until
    fault = None
    if certificate.outcome == DeviceCertificate.Outcome.FAIL:
        fault = Text("结论为不合格", "the outcome is fail")
    elif until is None:
        fault = Text("没有有效期", "no validity is stated")
    elif until < day:
        fault = Text(f"有效期至 {until:%Y-%m-%d}，当日已过期", f"expired on {until:%Y-%m-%d}")
    return Link(
        "certificate",
        Text(certificate.number, certificate.number),
        (
            Text(f"{certificate.calibrated_on:%Y-%m-%d} 检定/校准", f"calibrated {certificate.calibrated_on:%Y-%m-%d}"),
            Text(f"有效期至 {until:%Y-%m-%d}" if until else "", f"valid until {until:%Y-%m-%d}" if until else ""),
        ),
        reverse("standards:device", args=[certificate.device.asset_number]) + f"#certificate-{certificate.pk}",
        fault,
        (_issuer(certificate, below),),
    )


def _issuer(certificate: DeviceCertificate, below: frozenset[int]) -> Link:
    own = certificate.issuer_standard
    if own is not None:
        if own.pk in below or len(below) >= DEEPEST:
            return Link(
                "standard", own.title, fault=Text("计量标准互为依据，形成循环", "the standards rest on each other")
            )
        return _standard(own, certificate.calibrated_on, below)
    national = (
        Link("national", Text(certificate.traceable_to, certificate.traceable_to))
        if certificate.traceable_to
        else Link(
            "national",
            Text("未说明溯源至何处", "not said to what it is traceable"),
            fault=Text("溯源链在此中断", "the chain breaks here"),
        )
    )
    number = certificate.issuer_authorisation
    return Link(
        "issuer",
        Text(certificate.issuer, certificate.issuer),
        (Text(f"授权/认可 {number}", f"authorisation {number}"),) if number else (),
        above=(national,),
    )

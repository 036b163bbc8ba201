"""The chain of traceability of a standard, a device or a certificate of a device, as it stood on a day.

Upwards: devices, certificates, issuers, national standard. Downwards: what was calibrated with it, and what with that.
A missing or expired link is a link of the chain too, with what is wrong with it: a gap has to be seen as a gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from lims.core.text import Text
from standards.models import Device, DeviceCertificate, MeasurementStandard, StatedStandard
from standards.selectors.network import Days, Network, common, holds, network, united

DEEPEST = 12
"""Own standards may calibrate each other's devices over some levels; more than this is a circle or a mistake."""
NOTHING: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Link:
    """One box of the chain. `above` are the links it is traced to, `below` those that rest on it; `fault` says what breaks
    the chain here. `about`: what it is and by which key it is known.

    kind `use` stands for what was measured with `device` on `days`: counted by those who know of measurements.
    """

    kind: str
    title: Text
    lines: tuple[Text, ...] = ()
    address: str = ""
    fault: Text | None = None
    above: tuple["Link", ...] = ()
    below: tuple["Link", ...] = ()
    about: tuple[str, str] = ("", "")
    device: int = 0
    days: Days = ()

    @property
    def whole(self) -> bool:
        """Whether no link from here up to the national standards is broken."""
        return self.fault is None and all(one.whole for one in self.above)


def chain(standard: MeasurementStandard, day: date, known: Network | None = None) -> Link:
    """Everything above the standard on the day. Where an own standard calibrated a device, on the day of that calibration."""
    return _standard(known or network(), standard, day, NOTHING)


def above_device(known: Network, device: Device, day: date) -> Link:
    """Everything above a device on the day."""
    return _device(known, device, day, known.in_effect(device.pk, day), NOTHING)


def above_certificate(known: Network, certificate: DeviceCertificate, day: date) -> Link:
    """Everything above a certificate; whether it still counted on the day is told."""
    return _certificate(known, certificate, day, NOTHING)


def above_used(
    known: Network, standards: Iterable[MeasurementStandard], used: Mapping[int, DeviceCertificate | None], day: date
) -> tuple[Link, ...]:
    """Above a measurement: the standards it was made with, each with those of the devices used that belonged to it on the
    day, and the devices that belonged to none of them. used: for each device the certificate that the measurement rests on."""
    found, left = [], set(used)
    for standard in standards:
        members = [one for one in known.members_on(standard.pk, day) if one.device_id in used]
        left -= {one.device_id for one in members}
        devices = [
            _device(known, known.devices[one.device_id], day, used[one.device_id], frozenset({standard.pk}), one.part)
            for one in members
        ]
        found.append(_standard_box(standard, above=tuple(devices)))
    alone = sorted((known.devices[pk] for pk in left), key=lambda one: one.asset_number)
    return (*found, *(_device(known, one, day, used[one.pk], NOTHING) for one in alone))


def _standard(known: Network, standard: MeasurementStandard, day: date, below: frozenset[int]) -> Link:
    path = below | {standard.pk}
    above = tuple(
        _device(known, known.devices[one.device_id], day, known.in_effect(one.device_id, day), path, one.part)
        for one in known.members_on(standard.pk, day)
    )
    return _standard_box(standard, None if above else Text("当日没有登记设备", "no devices on that day"), above)


def _standard_box(
    standard: MeasurementStandard, fault: Text | None = None, above: tuple[Link, ...] = (), below: tuple[Link, ...] = ()
) -> Link:
    return Link(
        "standard",
        standard.title,
        (Text(standard.measuring_range, standard.measuring_range), Text(standard.accuracy, standard.accuracy)),
        reverse("standards:standard", args=[standard.code]),
        fault,
        above,
        below,
        about=("standard", standard.code),
    )


def _device(
    known: Network, device: Device, day: date, held: DeviceCertificate | None, path: frozenset[int], part: str = ""
) -> Link:
    return _device_box(device, part, above=(_certificate(known, held, day, path),))


def _device_box(device: Device, part: str = "", above: tuple[Link, ...] = (), below: tuple[Link, ...] = ()) -> Link:
    names = Text(f"{device.asset_number} · {device.serial}", f"{device.asset_number} · {device.serial}")
    return Link(
        "device",
        device.title,
        (*((_part(part),) if part else ()), names, Text(device.accuracy, device.accuracy)),
        reverse("standards:device", args=[device.asset_number]),
        above=above,
        below=below,
        about=("device", device.asset_number),
    )


def _part(part: str) -> Text:
    return Text("计量标准器", "master") if part == "master" else Text("主要配套设备", "auxiliary")


def _certificate(known: Network, certificate: DeviceCertificate | None, day: date, below: frozenset[int]) -> Link:
    if certificate is None:
        return Link(
            "certificate", Text("没有证书", "no certificate"), fault=Text("溯源链在此中断", "the chain breaks here")
        )
    return _certificate_box(
        certificate, _lines(certificate), _fault(certificate, day), (_issuer(known, certificate, below),)
    )


def _certificate_box(
    certificate: DeviceCertificate,
    lines: tuple[Text, ...],
    fault: Text | None,
    above: tuple[Link, ...] = (),
    below: tuple[Link, ...] = (),
) -> Link:
    return Link(
        "certificate",
        Text(certificate.number, certificate.number),
        lines,
        reverse("standards:device", args=[certificate.device.asset_number]) + f"#certificate-{certificate.pk}",
        fault,
        above,
        below,
        about=("paper", str(certificate.pk)),
    )


def _lines(certificate: DeviceCertificate) -> tuple[Text, ...]:
    until = certificate.usable_until
    return (
        Text(f"{certificate.calibrated_on:%Y-%m-%d} 检定/校准", f"calibrated {certificate.calibrated_on:%Y-%m-%d}"),
        Text(f"有效期至 {until:%Y-%m-%d}" if until else "", f"valid until {until:%Y-%m-%d}" if until else ""),
    )


def _fault(certificate: DeviceCertificate, day: date) -> Text | None:
    until = certificate.usable_until
    if certificate.state == DeviceCertificate.State.DRAFT:
        return Text("尚未确认，不作数", "not confirmed yet, does not count")
    if certificate.state == DeviceCertificate.State.WITHDRAWN:
        return Text("此录入已撤回", "this entry was withdrawn")
    if certificate.outcome == DeviceCertificate.Outcome.FAIL:
        return Text("结论为不合格", "the outcome is fail")
    if certificate.calibrated_on > day:
        return Text("当日尚未出具", "not issued yet on that day")
    if until is None:
        return Text("没有有效期", "no validity is stated")
    if until < day:
        return Text(f"有效期至 {until:%Y-%m-%d}，当日已过期", f"expired on {until:%Y-%m-%d}")
    return None


def _issuer(known: Network, certificate: DeviceCertificate, below: frozenset[int]) -> Link:
    own = known.standards.get(certificate.issuer_standard_id or 0)
    if own is not None:
        if own.pk in below or len(below) >= DEEPEST:
            return _circle(own)
        return _standard(known, own, certificate.calibrated_on, below)
    number = certificate.issuer_authorisation
    return Link(
        "issuer",
        Text(certificate.issuer, certificate.issuer),
        (Text(f"授权/认可 {number}", f"authorisation {number}"),) if number else (),
        above=tuple(_stated(one, certificate) for one in known.stated.get(certificate.pk, ()))
        or (_national(certificate),),
    )


def _stated(standard: StatedStandard, certificate: DeviceCertificate) -> Link:
    """A standard of the issuer as the certificate names it, on the day of that calibration."""
    until, fault = standard.valid_until, None
    if not standard.certificate_number:
        fault = Text("未说明其证书", "its certificate is not stated")
    elif until is None:
        fault = Text("未说明其有效期", "its validity is not stated")
    elif until < certificate.calibrated_on:
        fault = Text(
            f"有效期至 {until:%Y-%m-%d}，校准当日已过期", f"expired on {until:%Y-%m-%d}, before the calibration"
        )
    return Link(
        "stated",
        Text(standard.name, standard.name),
        tuple(
            Text(one, one)
            for one in (
                " · ".join(filter(None, (standard.identification, standard.accuracy))),
                " · ".join(filter(None, (standard.certificate_number, standard.issuer))),
            )
        ),
        fault=fault,
        above=(_national(certificate),),
    )


def _national(certificate: DeviceCertificate) -> Link:
    if certificate.traceable_to:
        return Link("national", Text(certificate.traceable_to, certificate.traceable_to))
    return Link(
        "national",
        Text("未说明溯源至何处", "not said to what it is traceable"),
        fault=Text("溯源链在此中断", "the chain breaks here"),
    )


def _circle(standard: MeasurementStandard) -> Link:
    return Link(
        "standard", standard.title, fault=Text("计量标准互为依据，形成循环", "the standards rest on each other"),
        about=("standard", standard.code),
    )  # fmt: skip


def below_standard(known: Network, standard: MeasurementStandard, day: date) -> tuple[Link, ...]:
    """What rests on a standard up to the day: what was measured with its devices, and every device calibrated with it."""
    always = united([(date.min, day)])
    belonged: dict[int, list[tuple[date, date]]] = {}
    for one in known.members.get(standard.pk, ()):
        belonged.setdefault(one.device_id, []).append((one.since, one.until or day))
    uses = [
        _use(device, days, device.title)
        for pk, stretches in belonged.items()
        if (device := known.devices[pk]) and (days := common(always, stretches))
    ]
    return (*uses, *_calibrated(known, standard, always, day, frozenset({standard.pk})))


def below_device(known: Network, device: Device, day: date) -> tuple[Link, ...]:
    """What rests on a device up to the day."""
    return _resting(known, device, united([(date.min, day)]), day, NOTHING)


def below_certificate(known: Network, certificate: DeviceCertificate, day: date) -> tuple[Link, ...]:
    """What rests on a device while this certificate was the one in effect for it, up to the day."""
    if certificate.state != DeviceCertificate.State.CONFIRMED:
        return ()
    device = known.devices[certificate.device_id]
    days = known.days_of(certificate, day)
    return (_device_box(device, below=_resting(known, device, days, day, NOTHING)),) if days else ()


def _resting(known: Network, device: Device, days: Days, day: date, path: frozenset[int]) -> tuple[Link, ...]:
    """What was measured with the device on the days, and the standards it belonged to then with what they calibrated."""
    belonged: dict[int, list[tuple[date, date]]] = {}
    for one in known.memberships.get(device.pk, ()):
        belonged.setdefault(one.standard_id, []).append((one.since, one.until or day))
    found = []
    for pk, stretches in belonged.items():
        shared = common(days, stretches)
        if not shared:
            continue
        standard = known.standards[pk]
        if pk in path or len(path) >= DEEPEST:
            found.append(_circle(standard))
        else:
            below = _calibrated(known, standard, shared, day, path | {pk})
            found.append(_standard_box(standard, below=below))
    return (_use(device, days, Text("用于检定/校准", "used for verification and calibration")), *found)


def _calibrated(
    known: Network, standard: MeasurementStandard, days: Days, day: date, path: frozenset[int]
) -> tuple[Link, ...]:
    """The devices calibrated with the standard on the days, each with its certificates in one box: the newest is named."""
    papers: dict[int, list[DeviceCertificate]] = {}
    for one in known.made_with.get(standard.pk, ()):
        if holds(days, one.calibrated_on):
            papers.setdefault(one.device_id, []).append(one)
    found = []
    for pk, certificates in sorted(papers.items(), key=lambda one: known.devices[one[0]].asset_number):
        newest, device = certificates[-1], known.devices[pk]
        now = known.in_effect(pk, day)
        lines = _lines(newest)
        if len(certificates) > 1:
            lines += (Text(f"另有较早的 {len(certificates) - 1} 份", f"and {len(certificates) - 1} earlier"),)
        if now is not None and now.pk != newest.pk:
            lines += (Text(f"此后由 {now.number} 接替", f"followed by {now.number}"),)
        fault = _fault(newest, day) if now is None or now.pk == newest.pk else None
        covered = united(stretch for one in certificates for stretch in known.days_of(one, day))
        below = (_device_box(device, below=_resting(known, device, covered, day, path)),)
        found.append(_certificate_box(newest, lines, fault, below=below))
    return tuple(found)


def _use(device: Device, days: Days, title: Text) -> Link:
    return Link("use", title, (Text(device.asset_number, device.asset_number),), device=device.pk, days=days)

"""Do the devices chosen for a procedure satisfy it on a day? Empty means yes; else every reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from lims.core.text import Reason, reason
from standards import accuracy
from standards.models import Device, DeviceCertificate, MeasurementStandard
from standards.procedures import Pack
from standards.procedures.schema import UNKNOWN, RequiredDevice
from standards.rules.usability import device_usable_on, standard_usable_on
from standards.selectors.devices import standings, with_role
from standards.selectors.snapshots import Chosen, chosen
from standards.selectors.standards import Fitness, fitnesses, for_procedure, people_on


@dataclass(frozen=True)
class Offer:
    """A device that could play a role on a day; `reasons` say why not, empty when it can."""

    device: Device
    certificate: DeviceCertificate | None
    reasons: tuple[Reason, ...]

    @property
    def usable(self) -> bool:
        return not self.reasons


def usable_on(pack: Pack, day: date, devices: Chosen, *, category: str = "") -> tuple[Reason, ...]:
    """Whether the devices chosen per role satisfy the pack on the day, each within a standard licensed for the procedure.

    devices: role id -> one device or several. category: the instrument's; the pack's own when it has only one.
    """
    found: list[Reason] = []
    every: dict[int, Device] = {}
    for required in pack.required_devices:
        picked = chosen(devices, required.role)
        if len({one.pk for one in picked}) < required.count:
            found.append(_missing(required, len(picked)))
        for device in picked:
            every[device.pk] = device
            if refusal := _role(device, required):
                found.append(refusal)
            found += _unfit(device, required)
    for known in standings(every.values(), day):
        found += device_usable_on(known.device, day, known=known)
    return tuple(found + _standards(pack.code, _category(pack, category), day, list(every.values())))


def _category(pack: Pack, category: str) -> str:
    return category or (pack.categories[0] if len(pack.categories) == 1 else "")


def _unfit(device: Device, required: RequiredDevice) -> list[Reason]:
    """Range and accuracy against what the procedure demands."""
    found = [refusal] if (refusal := _range(device, required)) else []
    return found + ([_not_accurate(device, required)] if _enough(device, required) is False else [])


def _standards(code: str, category: str, day: date, devices: Sequence[Device]) -> list[Reason]:
    facts = fitnesses(for_procedure(procedure_code=code, category=category), day)
    if not facts:
        return [_no_standard(code)]
    found: dict[Reason, None] = {}
    for device in devices:
        found |= dict.fromkeys(_within_a_standard(device, facts, code, category, day))
    return list(found)


def _within_a_standard(
    device: Device, facts: Sequence[Fitness], code: str, category: str, day: date
) -> tuple[Reason, ...]:
    """Why no standard lets the device be used. Of several standards that contain it, one that may be used is enough."""
    if not (of_device := _containing(device, facts)):
        return (_stray(device, code, day),)
    answers = [standard_usable_on(one.standard, day, code, category, known=one) for one in of_device]
    return answers[0] if all(answers) else ()


def _containing(device: Device, facts: Sequence[Fitness]) -> list[Fitness]:
    return [one for one in facts if any(member.device_id == device.pk for member in one.members)]


def _no_standard(code: str) -> Reason:
    return reason(
        "no_standard_for_procedure",
        f"本机构没有考核范围包括 {code} 的计量标准",
        f"The institute has no measurement standard whose scope includes {code}",
        "请技术负责人登记计量标准及其开展的规程",
        "Have the technical lead enter the standard and the procedures in its scope",
        where=code,
    )


def _stray(device: Device, code: str, day: date) -> Reason:
    return reason(
        "device_not_in_standard",
        f"设备 {device} 在 {day:%Y-%m-%d} 不属于可开展 {code} 的计量标准",
        f"On {day:%Y-%m-%d} device {device} belonged to no standard licensed for {code}",
        "请改用该计量标准所含的设备；更换设备须先办理变更",
        "Use a device of the standard; changing devices takes a change case first",
        where=device.asset_number,
    )


def standards_for(pack: Pack, day: date, devices: Chosen, *, category: str = "") -> list[MeasurementStandard]:
    """The standards licensed for the procedure to which the chosen devices belong on the day: what the record names.

    Of several standards that share a device the usable ones are named, or all of them when none is.
    """
    category = _category(pack, category)
    facts = fitnesses(for_procedure(procedure_code=pack.code, category=category), day)
    found: dict[int, MeasurementStandard] = {}
    for required in pack.required_devices:
        for device in chosen(devices, required.role):
            of_device = _containing(device, facts)
            usable = [
                one for one in of_device if not standard_usable_on(one.standard, day, pack.code, category, known=one)
            ]
            found |= {one.standard.pk: one.standard for one in usable or of_device}
    return list(found.values())


def devices_for(role: str, day: date, *, pack: Pack | None = None, category: str = "") -> list[Offer]:
    """Every device that can play the role, the usable ones first, the others with their reasons.

    With a pack its demands count too, and the standards licensed for it: a device of an expired standard is not usable.
    """
    required = next((one for one in pack.required_devices if one.role == role), None) if pack else None
    category = _category(pack, category) if pack else category
    facts = fitnesses(for_procedure(procedure_code=pack.code, category=category), day) if pack else []
    offers = []
    for known in standings(with_role(role), day):
        device = known.device
        reasons = list(device_usable_on(device, day, known=known))
        if required is not None:
            reasons += _unfit(device, required)
        if pack is not None and not facts:
            reasons.append(_no_standard(pack.code))
        elif pack is not None:
            reasons += _within_a_standard(device, facts, pack.code, category, day)
        offers.append(Offer(device, known.certificate, tuple(reasons)))
    return sorted(offers, key=lambda one: (not one.usable, one.device.asset_number))


def cautions_on(pack: Pack, day: date, devices: Chosen, *, category: str = "") -> tuple[Reason, ...]:
    """What does not forbid the work but a person should look at: demands that could not be compared, too few people."""
    found: list[Reason] = []
    for required in pack.required_devices:
        for device in chosen(devices, required.role):
            if required.accuracy and _enough(device, required) is None:
                stated = "（规程数据未给出）" if required.accuracy == UNKNOWN else required.accuracy
                found.append(
                    reason(
                        "accuracy_not_compared",
                        f"设备 {device} 的准确度“{device.accuracy or '—'}”无法与要求“{stated}”自动比较",
                        f"The accuracy “{device.accuracy or '—'}” of device {device} could not be compared with the "
                        f"requirement “{required.accuracy}”",
                        "请检定员按规程原文判断",
                        "Judge it by the text of the regulation",
                        where=device.asset_number,
                    )
                )
    for standard in standards_for(pack, day, devices, category=category):
        if len({person.user_id for person in people_on(standard, day)}) < 2:
            found.append(
                reason(
                    "standard_too_few_people",
                    f"计量标准“{standard.name}”在 {day:%Y-%m-%d} 登记的人员不足两名",
                    f"Fewer than two people were entered for standard “{standard.name_en or standard.name}” on {day:%Y-%m-%d}",
                    "请技术负责人补充登记（JJF 1033 要求至少两名）",
                    "Have the technical lead enter them (JJF 1033 asks for at least two)",
                    where=standard.code,
                )
            )
    return tuple(found)


def _missing(required: RequiredDevice, present: int) -> Reason:
    need = f"（需要 {required.count} 台，已选 {present} 台）" if required.count > 1 else ""
    return reason(
        "device_missing",
        f"没有选择“{required.title.zh}”{need}",
        f"No “{required.title.en}” was chosen ({present} of {required.count})",
        "请选择规程要求的设备",
        "Choose the device that the procedure requires",
        where=required.role,
    )


def _role(device: Device, required: RequiredDevice) -> Reason | None:
    if required.role in device.roles:
        return None
    return reason(
        "device_not_for_role",
        f"设备 {device} 未登记为“{required.title.zh}”",
        f"Device {device} is not entered as “{required.title.en}”",
        "请改选设备，或由技术负责人在设备页面登记其用途",
        "Choose another device, or have the technical lead enter this use on the device's page",
        where=device.asset_number,
    )


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        return None


def _range(device: Device, required: RequiredDevice) -> Reason | None:
    """Compared only where both sides state numbers in the same unit."""
    if device.range_unit != required.unit:
        return None
    need_low, need_high = _number(required.lower), _number(required.upper)
    low, high = _number(device.range_lower), _number(device.range_upper)
    short_below = need_low is not None and low is not None and low > need_low
    short_above = need_high is not None and high is not None and high < need_high
    if not short_below and not short_above:
        return None
    return reason(
        "device_range",
        f"设备 {device} 的测量范围 {device.measuring_range} 不能覆盖规程要求的 {required.lower}～{required.upper} {required.unit}",
        f"The range {device.measuring_range} of device {device} does not cover the required "
        f"{required.lower} to {required.upper} {required.unit}",
        "请改用测量范围符合要求的设备",
        "Use a device with a sufficient range",
        where=device.asset_number,
    )


def _enough(device: Device, required: RequiredDevice) -> bool | None:
    need = accuracy.parse(required.accuracy)
    if need is not None and need.kind == "class" and device.accuracy_class:
        return Decimal(device.accuracy_class) <= need.value
    if need is not None and need.kind == "limit" and device.mpe and device.mpe_unit == need.unit:
        return Decimal(device.mpe) <= need.value
    return accuracy.sufficient(accuracy.parse(device.accuracy), need)


def _not_accurate(device: Device, required: RequiredDevice) -> Reason:
    return reason(
        "device_accuracy",
        f"设备 {device} 的准确度“{device.accuracy or device.accuracy_class}”低于规程要求的“{required.accuracy}”",
        f"The accuracy “{device.accuracy or device.accuracy_class}” of device {device} is worse than the required "
        f"“{required.accuracy}”",
        "请改用准确度符合要求的设备",
        "Use a device of sufficient accuracy",
        where=device.asset_number,
    )

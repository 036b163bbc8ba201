"""Is this device, standard or procedure version fit for use on this day? Empty means yes; else every reason."""

from datetime import date

from lims.core.text import Reason, reason
from standards.models import (
    Device,
    DeviceCertificate,
    DeviceState,
    MeasurementStandard,
    ProcedureVersion,
    StandardLicence,
    StandardState,
)
from standards.rules.capability import change_blocks, late_blocks
from standards.rules.whereabouts import in_service
from standards.selectors.devices import Standing, standing
from standards.selectors.standards import Fitness, fitness, in_scope

_DEVICE_STATES = {
    "in_use": ("在用", "in use"),
    "suspended": ("停用", "suspended"),
    "withdrawn": ("撤销", "withdrawn"),
}
_STANDARD_STATES = {
    "establishing": ("建标中", "being established"),
    "in_use": ("在用", "in use"),
    "suspended": ("封存", "suspended"),
    "withdrawn": ("撤销", "withdrawn"),
    "expired": ("过期", "expired"),
}
_LICENCES = {
    StandardLicence.Kind.EXAMINATION: ("计量标准考核证书", "examination certificate"),
    StandardLicence.Kind.PUBLIC: ("社会公用计量标准证书", "public-standard certificate"),
}


def device_usable_on(device: Device, day: date, *, known: Standing | None = None) -> tuple[Reason, ...]:
    """State, certificate and whereabouts of one device. `known` saves reading them again when they are at hand."""
    facts = known or standing(device, day)
    found = (_device_state(facts), _device_certificate(facts), in_service(facts))
    return tuple(one for one in found if one is not None)


def _device_state(facts: Standing) -> Reason | None:
    device, day = facts.device, facts.day
    if facts.state is None:
        return reason(
            "device_no_state",
            f"设备 {device} 在 {day:%Y-%m-%d} 尚无状态记录",
            f"No state was recorded for device {device} on {day:%Y-%m-%d}",
            "请在设备页面登记其投入使用的日期",
            "Enter on the device's page since when it is in use",
            where=device.asset_number,
        )
    if facts.state.state == DeviceState.State.IN_USE:
        return None
    zh, en = _DEVICE_STATES[facts.state.state]
    why = f"（{facts.state.reason}）" if facts.state.reason else ""
    return reason(
        "device_not_in_use",
        f"设备 {device} 在 {day:%Y-%m-%d} 为“{zh}”状态，自 {facts.state.since:%Y-%m-%d}{why}",
        f"Device {device} was {en} on {day:%Y-%m-%d}, since {facts.state.since:%Y-%m-%d}",
        "请改用其他设备；恢复使用须由技术负责人或质量负责人办理",
        "Use another device; only the technical lead or the quality manager may return it to use",
        where=device.asset_number,
    )


def _device_certificate(facts: Standing) -> Reason | None:
    device, day, certificate = facts.device, facts.day, facts.certificate
    if certificate is None:
        return reason(
            "device_no_certificate",
            f"设备 {device} 没有 {day:%Y-%m-%d} 之前出具并已确认的检定/校准证书",
            f"Device {device} has no confirmed certificate dated up to {day:%Y-%m-%d}",
            "请录入其证书并由第二人确认，或改用其他设备",
            "Enter its certificate and have a second person confirm it, or use another device",
            where=device.asset_number,
        )
    if certificate.outcome == DeviceCertificate.Outcome.FAIL:
        return reason(
            "device_failed",
            f"设备 {device} 最近一次（{certificate.calibrated_on:%Y-%m-%d}，{certificate.number}）结论为不合格",
            f"Device {device} failed last time ({certificate.calibrated_on:%Y-%m-%d}, {certificate.number})",
            "请停用该设备，修理并重新检定后再使用",
            "Take the device out of use; have it repaired and verified again",
            where=device.asset_number,
        )
    until = certificate.usable_until
    if until is None:
        return reason(
            "device_no_validity",
            f"设备 {device} 的证书 {certificate.number} 未载明有效期，本机构也未给出计量确认有效期",
            f"Certificate {certificate.number} of device {device} prints no validity and the institute has set none",
            "请技术负责人给出计量确认有效期并重新录入证书",
            "Have the technical lead set the date up to which the device may be used",
            where=device.asset_number,
        )
    if until < day:
        return reason(
            "device_certificate_expired",
            f"设备 {device} 的证书 {certificate.number} 有效期至 {until:%Y-%m-%d}，在 {day:%Y-%m-%d} 已过期",
            f"Certificate {certificate.number} of device {device} was valid until {until:%Y-%m-%d}, not on {day:%Y-%m-%d}",
            "请送检该设备并录入新证书，或改用其他设备",
            "Have the device calibrated and enter the new certificate, or use another device",
            where=device.asset_number,
        )
    return None


def standard_usable_on(
    standard: MeasurementStandard,
    day: date,
    procedure_code: str = "",
    category: str = "",
    *,
    known: Fitness | None = None,
) -> tuple[Reason, ...]:
    """State, licences, scope, master devices, open changes and late tests. Without code and category the scope is not asked."""
    facts = known or fitness(standard, day)
    found: list[Reason | None] = [_standard_state(facts)]
    found += [_licence(facts, kind) for kind in StandardLicence.Kind]
    if procedure_code or category:
        found.append(_scope(standard, procedure_code, category))
    reasons = [one for one in found if one is not None]
    if not facts.masters:
        reasons.append(
            reason(
                "standard_without_master",
                f"计量标准“{standard.name}”在 {day:%Y-%m-%d} 没有计量标准器",
                f"Standard “{standard.name_en or standard.name}” had no master device on {day:%Y-%m-%d}",
                "请在计量标准页面登记其计量标准器",
                "Enter its master device on the standard's page",
                where=standard.code,
            )
        )
    reasons += change_blocks(standard, facts.open_changes)
    return tuple(reasons + late_blocks(standard, facts.late))


def _standard_state(facts: Fitness) -> Reason | None:
    standard, day = facts.standard, facts.day
    if facts.state is not None and facts.state.state == StandardState.State.IN_USE:
        return None
    zh, en = _STANDARD_STATES[facts.state.state] if facts.state else ("未登记", "not recorded")
    return reason(
        "standard_not_in_use",
        f"计量标准“{standard.name}”在 {day:%Y-%m-%d} 的状态为“{zh}”，不能使用",
        f"Standard “{standard.name_en or standard.name}” was {en} on {day:%Y-%m-%d} and must not be used",
        "请联系技术负责人；未经考核合格的计量标准不得开展检定",
        "Ask the technical lead; no verification may be done with a standard that is not licensed",
        where=standard.code,
    )


def _licence(facts: Fitness, kind: StandardLicence.Kind) -> Reason | None:
    standard, day = facts.standard, facts.day
    zh, en = _LICENCES[kind]
    licence = facts.licence(kind)
    if licence is None:
        return reason(
            f"standard_no_{kind}_licence",
            f"计量标准“{standard.name}”在 {day:%Y-%m-%d} 没有{zh}",
            f"Standard “{standard.name_en or standard.name}” had no {en} on {day:%Y-%m-%d}",
            f"请取得并登记{zh}后再使用",
            f"Obtain and enter the {en} first",
            where=standard.code,
        )
    if licence.valid_until < day:
        return reason(
            f"standard_{kind}_licence_expired",
            f"计量标准“{standard.name}”的{zh} {licence.number} 有效期至 {licence.valid_until:%Y-%m-%d}，在 {day:%Y-%m-%d} 已过期",
            f"The {en} {licence.number} of standard “{standard.name_en or standard.name}” was valid until "
            f"{licence.valid_until:%Y-%m-%d}, not on {day:%Y-%m-%d}",
            "请停止使用，申请复查并登记新证书",
            "Stop using it; apply for re-examination and enter the new certificate",
            where=standard.code,
        )
    return None


def _scope(standard: MeasurementStandard, procedure_code: str, category: str) -> Reason | None:
    if in_scope(standard, procedure_code=procedure_code, category=category):
        return None
    what = procedure_code or category
    return reason(
        "standard_out_of_scope",
        f"计量标准“{standard.name}”的考核范围不包括 {what}",
        f"{what} is not within the examined scope of standard “{standard.name_en or standard.name}”",
        "请改用考核范围包括该规程的计量标准",
        "Use a standard whose examined scope includes the procedure",
        where=standard.code,
    )


def procedure_usable_on(version: ProcedureVersion, day: date) -> Reason | None:
    """Refuses a version that is not approved or not in force on the day."""
    if version.state != ProcedureVersion.State.APPROVED:
        zh, en = {"draft": ("尚未批准", "not approved yet"), "retired": ("已停用", "retired")}[version.state]
        return reason(
            "procedure_not_approved",
            f"规程 {version.label} 的这一数据版本{zh}",
            f"This version of {version.label} is {en}",
            "请技术负责人批准，或选用已批准的版本",
            "Have the technical lead approve it, or choose an approved version",
            where=version.label,
        )
    starts, ends = version.in_force_from, version.in_force_to
    if starts is None or day < starts:
        return reason(
            "procedure_not_yet_in_force",
            f"规程 {version.label} 自 {starts} 起实施，{day:%Y-%m-%d} 尚未实施",
            f"{version.label} is in force from {starts}, not yet on {day:%Y-%m-%d}",
            "请选用当日有效的版本",
            "Choose the edition in force on that day",
            where=version.label,
        )
    if ends is not None and day > ends:
        return reason(
            "procedure_no_longer_in_force",
            f"规程 {version.label} 已于 {ends:%Y-%m-%d} 废止，{day:%Y-%m-%d} 不再有效",
            f"{version.label} was in force until {ends:%Y-%m-%d}, no longer on {day:%Y-%m-%d}",
            "请选用当日有效的版本",
            "Choose the edition in force on that day",
            where=version.label,
        )
    return None

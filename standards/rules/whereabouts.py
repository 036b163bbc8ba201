"""A device that is away, or was damaged, does not measure until somebody has looked at it (ISO/IEC 17025:2017, 6.4.4, 6.4.9)."""

from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.rules import has_role
from standards.models import DeviceNote
from standards.selectors.devices import Standing

_KIND = DeviceNote.Kind
_HAPPENED = {
    _KIND.RETURNED: ("归还", "returned"),
    _KIND.DAMAGE: ("损坏或故障", "damaged"),
    _KIND.REPAIR: ("修理", "repaired"),
}


def in_service(facts: Standing) -> Reason | None:
    """Refuses a device that is lent, or whose return, damage or repair was not followed by a check or a new certificate."""
    note, device = facts.note, facts.device
    if note is None or note.kind == _KIND.CHECKED:
        return None
    if note.kind == _KIND.LENT:
        return reason(
            "device_lent",
            f"设备 {device} 自 {note.on:%Y-%m-%d} 借出，尚未归还",
            f"Device {device} is lent since {note.on:%Y-%m-%d} and not returned",
            "归还后请记入归还和检查结果",
            "When it is back, note its return and that it was checked",
            where=device.asset_number,
        )
    if facts.certificate is not None and facts.certificate.calibrated_on > note.on:
        return None
    zh, en = _HAPPENED[_KIND(note.kind)]
    return reason(
        "device_not_checked",
        f"设备 {device} 于 {note.on:%Y-%m-%d} {zh}，此后没有检查合格的记录，也没有新的证书",
        f"Device {device} was {en} on {note.on:%Y-%m-%d}; since then no check and no new certificate is noted",
        "请检查该设备，由技术负责人或质量负责人在设备页面记入“检查合格，可以使用”，或重新检定/校准",
        "Check it; the technical lead or quality manager notes on its page that it is fit for use, or have it calibrated",
        where=device.asset_number,
    )


def may_note_kind(by: object, kind: str) -> Reason | None:
    """Anybody at the bench notes what happened; that a device is fit again is a decision."""
    if kind == _KIND.CHECKED:
        return has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER)
    return None

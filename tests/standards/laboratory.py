"""Steps that set the scene: devices with their certificates, entered by the right people."""

from datetime import date
from types import SimpleNamespace

from standards import services
from standards.models import Device, DeviceCertificate

DAY = date(2026, 11, 20)


def enter_certificate(people: SimpleNamespace, device: Device, **changes: object) -> DeviceCertificate:
    """A confirmed certificate, valid on DAY unless `changes` say otherwise."""
    fields = {
        "number": f"DC-{device.asset_number}-1",
        "kind": "verification",
        "issuer": "示范市计量测试技术研究院",
        "calibrated_on": date(2026, 3, 2),
        "valid_until": date(2027, 3, 1),
        "outcome": "pass",
        "traceable_to": "国家电能基准",
    } | changes
    certificate = services.enter_certificate(by=people.technician, device=device, **fields)
    return services.confirm_certificate(by=people.quality_manager, certificate=certificate)


def comparison(certificate: DeviceCertificate) -> dict[str, str]:
    """What a second person sends who read every value of the entry on the paper too."""
    sent = {"head": "on"}
    for one in certificate.values.all():
        sent |= {f"tick-{one.pk}": "on", f"typed-{one.pk}": one.value}
    return sent


def register_meter(people: SimpleNamespace, number: str = "BZ-001", **changes: object) -> Device:
    fields = {
        "asset_number": number,
        "name": "交流充电桩检定装置",
        "name_en": "AC charging pile verification device",
        "model": "EV-AC 0.05",
        "serial": f"S-{number}",
        "manufacturer": "示范仪器厂",
        "quantities": ["energy", "voltage", "current"],
        "roles": ["reference_meter"],
        "measuring_range": "0～63 A，220 V",
        "accuracy": "0.05级",
        "accuracy_class": "0.05",
    } | changes
    return services.register_device(by=people.technical_lead, since=date(2025, 1, 1), **fields)

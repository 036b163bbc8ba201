"""The demonstration institute's measurement standards, devices and their certificates. All fictitious."""

from datetime import date, timedelta
from typing import Any, NamedTuple

from devices.simulators import SERIALS
from lims.core import clock
from lims.metrology.capability import months_later
from lims.people.models import User
from standards import services
from standards.models import Device, DeviceCertificate, MeasurementStandard, ProcedureVersion

ISSUER = "示范市计量测试研究院（演示）"
METER, THERMOMETERS, TANK, CLOCK = "YS-DN-001", "YS-WD-001", "YS-LQ-050", "YS-SJ-001"
PRESSURE, DC_METER = "YS-YL-001", "YS-DN-002"
AUTHORITY = "示范市市场监督管理局（演示）"
YEARS = 4
"""How long the demonstration's standards have been in use."""


def began() -> date:
    """The day on which the demonstration's standards were taken into use."""
    return months_later(clock.today(), -12 * YEARS)


def prepared() -> date:
    """The day on which the establishment of the charging-pile standard began, with its devices and people."""
    return months_later(began(), -9)


class RigDevice(NamedTuple):
    """The register's entry of a simulated rig that no demonstration procedure uses."""

    number: str
    name: str
    name_en: str
    model: str
    quantities: tuple[str, ...]
    roles: tuple[str, ...]
    span: str
    accuracy: str
    place: str


RIGS = {
    "evse-dc": RigDevice(
        DC_METER, "电动汽车直流充电桩检定装置", "Verification device for DC charging piles", "SIM-DC",
        ("energy", "voltage", "current", "power"), ("reference_meter",), "(0～250) A；(0～1050) V", "0.05 级", "充电桩检定室",
    ),
    "meter-3p": RigDevice(
        "YS-DN-003", "三相标准电能表", "Three-phase reference meter", "SIM-M3",
        ("energy", "voltage", "current", "power"), ("reference_meter",), "3×(0～100) A；3×(0～500) V", "0.05 级", "电能检定室",
    ),
    "meter": RigDevice(
        "YS-DN-004", "多功能电能表", "Multi-function electricity meter", "SIM-DL",
        ("energy", "voltage", "current", "power"), (), "220 V；60 A", "1 级", "充电桩检定室",
    ),
    "balance": RigDevice(
        "YS-TP-001", "电子天平", "Balance", "SIM-B1",
        ("mass",), ("balance",), "220 g", "I 级，d = 0.1 mg", "质量检定室",
    ),
    "balance-and": RigDevice(
        "YS-TP-002", "电子天平", "Balance", "SIM-B2",
        ("mass",), ("balance",), "220 g", "I 级，d = 0.1 mg", "质量检定室",
    ),
    "balance-sbi": RigDevice(
        "YS-TP-003", "电子天平", "Balance", "SIM-B3",
        ("mass",), ("balance",), "220 g", "I 级，d = 0.1 mg", "质量检定室",
    ),
    "balance-ohaus": RigDevice(
        "YS-TP-004", "电子天平", "Balance", "SIM-B4",
        ("mass",), ("balance",), "620 g", "II 级，d = 1 mg", "质量检定室",
    ),
    "multimeter": RigDevice(
        "YS-DX-001", "数字多用表", "Digital multimeter", "SIM-MM",
        ("voltage",), ("voltmeter",), "±1000 V", "0.005 级", "电学检定室",
    ),
    "pressure": RigDevice(
        PRESSURE, "压力控制器", "Pressure controller", "SIM-PC",
        ("pressure",), ("pressure_standard",), "(-90～2000) kPa", "0.02 级", "压力检定室",
    ),
    "climate": RigDevice(
        "YS-WS-001", "温湿度变送器", "Thermo-hygrometer", "SIM-HC",
        ("temperature", "humidity"), ("thermometer_room", "hygrometer_room"), "(-40～60) ℃；(0～100) %", "±0.5 ℃；±3 %", "质量检定室",
    ),
}  # fmt: skip
"""By the port of the demonstration bench."""

DEVICES: dict[str, dict[str, Any]] = {
    METER: {
        "name": "电动汽车交流充电桩检定装置", "name_en": "Verification device for AC charging piles",
        "model": "SIM-EV", "serial": SERIALS["evse-ac"], "manufacturer": "（演示）模拟装置",
        "quantities": ["energy", "voltage", "current", "power"], "roles": ["reference_meter"],
        "measuring_range": "(0～100) A；(0～500) V", "accuracy": "0.05 级", "accuracy_class": "0.05", "location": "充电桩检定室",
    },
    THERMOMETERS: {
        "name": "加油机检定测温装置", "name_en": "Temperature module for fuel dispensers",
        "model": "SIM-TH", "serial": SERIALS["dispenser"], "manufacturer": "（演示）模拟装置",
        "quantities": ["temperature"], "roles": ["thermometer_nozzle", "thermometer_tank"],
        "measuring_range": "(-40～80) ℃", "range_lower": "-40", "range_upper": "80", "range_unit": "℃", "accuracy": "MPE ±0.2 ℃", "mpe": "0.2", "mpe_unit": "℃", "location": "流量检定室",
    },
    TANK: {
        "name": "标准金属量器", "name_en": "Standard metal measure",
        "model": "50 L", "serial": "SIM-LQ-0050", "manufacturer": "（演示）",
        "quantities": ["volume"], "roles": ["standard_tank"],
        "measuring_range": "50 L", "range_lower": "50", "range_upper": "50", "range_unit": "L",
        "accuracy": "三等，U = 0.025 L（k = 2）", "location": "流量检定室",
    },
    CLOCK: {
        "name": "标准时钟", "name_en": "Reference clock",
        "model": "SIM-CK", "serial": "SIM-CK-0001", "manufacturer": "（演示）",
        "quantities": ["time"], "roles": ["reference_clock", "clock", "timer", "stopwatch"],
        "measuring_range": "24 h", "accuracy": "MPE ±0.1 s", "mpe": "0.1", "mpe_unit": "s", "location": "充电桩检定室",
    },
}  # fmt: skip

DEVICES |= {
    rig.number: {
        "name": rig.name, "name_en": rig.name_en, "model": rig.model, "serial": SERIALS[port],
        "manufacturer": "（演示）模拟装置", "quantities": list(rig.quantities), "roles": list(rig.roles),
        "measuring_range": rig.span, "accuracy": rig.accuracy, "location": rig.place,
    }
    for port, rig in RIGS.items()
}  # fmt: skip

ANY_VALUE = [
    {"name": "error", "value": "0.01", "unit": "%", "expanded_uncertainty": "0.02", "uncertainty_unit": "%", "k": "2"}
]
"""What the certificate of a rig says that no demonstration procedure computes with."""
PRESSURE_CORRECTIONS = {"-90": "0.02", "0": "0.00", "500": "0.05", "1000": "0.10", "1500": "0.08", "2000": "0.12"}
"""Pressure and correction of the indication there, both in kPa."""
VALUES: dict[str, list[dict[str, str]]] = {
    PRESSURE: [
        {"name": "mpe_std", "value": "0.4", "unit": "kPa"},
        *(
            {
                "name": "correction",
                "at": at,
                "at_unit": "kPa",
                "value": value,
                "unit": "kPa",
                "expanded_uncertainty": "0.12",
                "uncertainty_unit": "kPa",
                "k": "2",
            }
            for at, value in PRESSURE_CORRECTIONS.items()
        ),
    ],
    METER: [
        {
            "name": "error",
            "value": "0.012",
            "unit": "%",
            "expanded_uncertainty": "0.020",
            "uncertainty_unit": "%",
            "k": "2",
        }
    ],
    THERMOMETERS: [
        {
            "name": "correction",
            "value": "0.02",
            "unit": "℃",
            "expanded_uncertainty": "0.06",
            "uncertainty_unit": "℃",
            "k": "2",
        }
    ],
    TANK: [
        {"name": "V0", "value": "50", "unit": "L", "expanded_uncertainty": "0.025", "uncertainty_unit": "L", "k": "2"},
        {"name": "h0", "value": "104.0", "unit": "mm"},
        {"name": "d", "value": "4.46", "unit": "mL/mm"},
        {"name": "beta_B", "value": "0.00005", "unit": "1/℃"},
        {"name": "U_V0", "value": "0.025", "unit": "L"},
    ],
    CLOCK: [
        {
            "name": "error",
            "value": "0.01",
            "unit": "s",
            "expanded_uncertainty": "0.02",
            "uncertainty_unit": "s",
            "k": "2",
        }
    ],
}

STANDARDS: tuple[dict[str, Any], ...] = (
    {
        "fields": {
            "name": "电动汽车交流充电桩检定装置", "name_en": "Verification equipment for AC charging piles", "code": "YS-JB-001",
            "measuring_range": "(0～100) A，(0～500) V", "accuracy": "0.05 级",
            "categories": ["charging_pile_ac"], "procedure_codes": ["JJG 1148"],
            "environment": "(23 ± 5) ℃，相对湿度 ≤ 80 %", "location": "充电桩检定室",
        },
        "master": METER, "auxiliary": [CLOCK], "established": True,
    },
    {
        "fields": {
            "name": "燃油加油机检定装置", "name_en": "Verification equipment for fuel dispensers", "code": "YS-JB-002",
            "measuring_range": "50 L", "accuracy": "三等",
            "categories": ["fuel_dispenser"], "procedure_codes": ["JJG 443"], "location": "流量检定室",
        },
        "master": TANK, "auxiliary": [THERMOMETERS],
    },
    {
        "fields": {
            "name": "压力表检定装置", "name_en": "Verification equipment for pressure gauges", "code": "YS-JB-003",
            "measuring_range": "(-90～2000) kPa", "accuracy": "0.02 级",
            "categories": ["pressure_gauge"], "procedure_codes": ["JJG 52"], "location": "压力检定室",
        },
        "master": PRESSURE, "auxiliary": [], "operators": ("heyanyuan",),
    },
)  # fmt: skip


def load(people: dict[str, User]) -> None:
    """Enters what is missing; what is there stays."""
    lead, second = people["jishu"], people["jiandingyuan"]
    today = clock.today()
    for number, fields in DEVICES.items():
        device = Device.objects.filter(asset_number=number).first()
        if device is None:
            device = services.register_device(by=lead, since=prepared(), asset_number=number, **fields)
        if not device.certificates.filter(state=DeviceCertificate.State.CONFIRMED).exists():
            certificate = services.enter_certificate(
                by=second, device=device, values=VALUES.get(number, ANY_VALUE), number=f"YS-SY-{number}", kind="calibration", issuer=ISSUER,
                calibrated_on=today - timedelta(days=60), use_until=today + timedelta(days=305), outcome="pass", conclusion="符合要求",
                traceable_to="国家计量基准（演示）",
            )  # fmt: skip
            services.confirm_certificate(by=lead, certificate=certificate)
    for number, entry in enumerate(STANDARDS, start=1):
        if MeasurementStandard.objects.filter(code=entry["fields"]["code"]).exists():
            continue
        since = prepared() if entry.get("established") else began()
        state = "establishing" if entry.get("established") else "in_use"
        standard = services.register_standard(by=lead, since=since, state=state, **entry["fields"])
        for kind, label in (("examination", "量标（演示）证字第"), ("public", "社会公用（演示）证字第")):
            services.enter_licence(
                by=lead, standard=standard, kind=kind, number=f"{label} {number:03d} 号", issuer=AUTHORITY,
                issued_on=began(), valid_until=today + timedelta(days=1400),
            )  # fmt: skip
        if entry.get("established"):
            services.set_standard_state(
                by=lead, standard=standard, state="in_use", since=began(), why="取得两份证书，投入使用"
            )
        for part in ("master", "auxiliary"):
            names = [entry["master"]] if part == "master" else entry["auxiliary"]
            for name in names:
                device = Device.objects.get(asset_number=name)
                services.add_device(by=lead, standard=standard, device=device, part=part, since=since)
        services.name_person(by=lead, standard=standard, user=lead, duty="responsible", since=since)
        for name in entry.get("operators", ("jiandingyuan", "heyanyuan")):
            services.name_person(by=lead, standard=standard, user=people[name], duty="operator", since=since)


def load_procedures(people: dict[str, User]) -> None:
    """Takes in the shipped packs and approves those whose worked examples pass and whose date in force is known."""
    for version in services.sync_packs():
        if version.state == ProcedureVersion.State.DRAFT and version.in_force_from:
            services.approve_procedure(by=people["jishu"], version=version)

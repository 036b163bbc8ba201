"""Four years in the life of the demonstration's three standards, lived through the services, with planted faults.

Each fault is named in PLANTED, so that a dossier can be judged by it. Readings are drawn from a seed: the same every time.
"""

import random
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from lims.core import clock
from lims.demo import establishing
from lims.demo.equipment import CLOCK, ISSUER, METER, PRESSURE, TANK, THERMOMETERS, YEARS, began, prepared
from lims.metrology.capability import months_later
from lims.people.models import User
from standards import services
from standards.models import CapabilityTest, Device, DeviceCertificate, MeasurementStandard, Parameter, UpkeepPlan

_KIND = CapabilityTest.Kind
CHECKS_EVERY = 3
PAPERS = {
    3: "计量标准考核申请书",
    4: "计量标准技术报告",
    10: "国家计量检定系统表",
    12: "操作程序",
    13: "使用说明书",
    16: "管理制度（八项）",
}


class Measured(NamedTuple):
    """A parameter of a standard with what its readings scatter about and by how much, and its devices' certificates."""

    code: str
    name: str
    name_en: str
    point: str
    unit: str
    limit: str
    source: str
    centre: str
    scatter: str
    devices: tuple[str, ...]
    established: bool = False


MEASURED = (
    Measured("YS-JB-001", "电能误差", "error of energy", "220 V，32 A", "%", "0.05", "0.05 级", "0.012", "0.002", (METER, CLOCK), True),
    Measured("YS-JB-002", "容量", "volume", "50 L，20 ℃", "mL", "25", "三等，U = 25 mL（k = 2）", "50001.5", "1.2", (TANK, THERMOMETERS)),
    Measured("YS-JB-003", "示值误差", "error of indication", "1000 kPa", "kPa", "0.4", "0.02 级，2000 kPa", "0.08", "0.02", (PRESSURE,)),
)  # fmt: skip

PLANTED = {
    "YS-JB-001": {("check", "电能误差 220 V，32 A")},
    "YS-JB-002": {("device_certificate", THERMOMETERS)},
    "YS-JB-003": {("repeatability", "示值误差 1000 kPa"), ("people", "YS-JB-003"), ("change", "压力检定室搬迁至二楼")},
}
"""Code of a standard -> the kind and object of each fault that its life holds."""


def load(people: dict[str, User]) -> None:
    """Lives through what has not been lived yet; a standard with a plan has its life already."""
    for one in MEASURED:
        standard = MeasurementStandard.objects.get(code=one.code)
        if not UpkeepPlan.objects.filter(standard=standard).exists():
            _live(standard, one, people)


def _live(standard: MeasurementStandard, one: Measured, people: dict[str, User]) -> None:
    lead, technician = people["jishu"], people["jiandingyuan"]
    since = began()
    services.set_plan(
        by=lead, standard=standard, since=since, repeatability_months=12, stability_months=12, check_months=CHECKS_EVERY
    )
    parameter = services.add_parameter(
        by=lead, standard=standard, name=one.name, name_en=one.name_en, point=one.point, unit=one.unit, use="nominal",
        limit=one.limit, limit_source=one.source,
    )  # fmt: skip
    for entry, title in PAPERS.items():
        services.file_paper(
            by=lead,
            standard=standard,
            entry=entry,
            title=title,
            kept_at="（演示）档案柜 A-1",
            dated=prepared() if one.established else since,
        )
    for number in one.devices:
        _certificates(Device.objects.get(asset_number=number), people)
    if one.established:
        establishing.examined(standard, parameter, people, since)
    else:
        _verified(technician, parameter, one, since)
    for kind, on, readings in _tests(one, since):
        _test(technician, parameter, kind, on, readings, one.centre)
    if one.code == "YS-JB-003":
        _moved(standard, people)


def _certificates(device: Device, people: dict[str, User]) -> None:
    """A certificate a year, one after the other without a gap: but the thermometers came back twelve days late once."""
    newest = device.certificates.filter(state=DeviceCertificate.State.CONFIRMED).order_by("-calibrated_on").first()
    if newest is None:
        return
    end, year = newest.calibrated_on - timedelta(days=1), 1
    while end > prepared():
        start = max(months_later(end, -12) + timedelta(days=1), prepared())
        late = timedelta(days=12) if device.asset_number == THERMOMETERS and year == 2 else timedelta(0)
        certificate = services.enter_certificate(
            by=people["jiandingyuan"], device=device, number=f"YS-SY-{device.asset_number}-{year}", kind="calibration",
            issuer=ISSUER, calibrated_on=start, use_until=end - late, outcome="pass", conclusion="符合要求",
            traceable_to="国家计量基准（演示）",
        )  # fmt: skip
        services.confirm_certificate(by=people["jishu"], certificate=certificate)
        end, year = start - timedelta(days=1), year + 1


def _tests(one: Measured, since: date) -> Iterator[tuple[str, date, list[str]]]:
    """Every test of the four years in the order of their days, without those that are planted as missing."""
    draw = random.Random(one.code)  # noqa: S311 - readings that repeat, not secrets
    months = YEARS * 12
    for month in range(CHECKS_EVERY, months + 1, CHECKS_EVERY):
        on = months_later(since, month)
        if (one.code, month) != ("YS-JB-001", 21):
            yield _KIND.CHECK, on, _readings(draw, one, 5)
        if month % 12 == (12 - establishing.GROUPS[-1] if one.established else 0):
            if (one.code, month) != ("YS-JB-003", 24):
                yield _KIND.REPEATABILITY, on, _readings(draw, one, 10, calm=month > 12 or one.established)
            yield _KIND.STABILITY, on, _readings(draw, one, 10)


def _readings(draw: random.Random, one: Measured, count: int, *, calm: bool = False) -> list[str]:
    """Readings as an instrument would show them, a digit finer than their scatter; calm ones scatter half as much."""
    step, reach = Decimal(one.scatter) / 10, 9 if calm else 17
    return [f"{Decimal(one.centre) + draw.randint(-reach, reach) * step:f}" for _ in range(count)]


def _test(by: User, parameter: Parameter, kind: str, on: date, readings: list[str], centre: str) -> None:
    given: dict[str, Any] = {"reference": centre} if kind == _KIND.CHECK else {}
    services.enter_test(
        by=by, parameter=parameter, kind=kind, on=on, readings=readings, given=given, object="（演示）核查标准 HC-01",
        conditions="(20 ± 2) ℃",
    )  # fmt: skip


def _verified(by: User, parameter: Parameter, one: Measured, since: date) -> None:
    """The result of the establishment, verified against a superior institute's."""
    given = {
        "value": one.centre,
        "U": one.limit,
        "k": "2",
        "reference": one.centre,
        "U_reference": one.limit,
        "k_reference": "3",
    }
    services.enter_test(
        by=by, parameter=parameter, kind=_KIND.VERIFICATION, on=since, given=given, object="（演示）传递标准",
    )  # fmt: skip


def _moved(standard: MeasurementStandard, people: dict[str, User]) -> None:
    """One operator left a fortnight before the next began; the move of the laboratory still waits for a decision."""
    lead, left = people["jishu"], months_later(began(), 30)
    leaving = standard.people.get(user=people["heyanyuan"], until=None)
    services.release_person(by=lead, person=leaving, since=left, why="（演示）调离岗位")
    services.name_person(
        by=lead, standard=standard, user=people["jiandingyuan"], duty="operator", since=left + timedelta(days=14)
    )
    services.open_change(
        by=people["jiandingyuan"], standard=standard, kind="environment", what="压力检定室搬迁至二楼",
        on=clock.today() - timedelta(days=20),
    )  # fmt: skip

"""Two establishments of charging-pile standards: one that led to the licences years ago, one that is under way with gaps.

The first is the task of the district's metrology plan (a new verification device for charging piles, rules of work, and
daily compulsory verification), the second extends it to direct current. What the second lacks is named in LACKING.
"""

from datetime import date, timedelta

from lims.core import clock
from lims.demo.equipment import AUTHORITY, DC_METER, prepared
from lims.metrology.capability import months_later
from lims.people.models import User
from standards import services
from standards.models import Device, ExaminationCase, MeasurementStandard, Parameter

NEW = "YS-JB-004"
LACKING = {
    "environment": {"environment_missing"},
    "stability": {"stability_not_passed"},
    "verification": {"verification_missing"},
    "uncertainty": {"budget_missing"},
    "report": {"report_principle_missing", "report_conclusion_missing"},
    "file_set": {"paper_missing"},
    "submitted": {"not_submitted"},
    "examined": {"not_examined"},
    "examination_licence": {"examination_licence_missing"},
    "public_licence": {"public_licence_missing"},
    "in_use": {"not_in_use"},
}
"""Step of the guide -> what the new standard lacks in it today."""

PURPOSE = (
    "落实区年度计量工作计划：完成电动汽车充电桩检定装置的新建，建立健全工作规范，开展辖区内电动汽车交流充电桩的"
    "强制检定，量值可溯源至国家计量基准。（演示）"
)
PRINCIPLE = (
    "装置串接在交流充电桩与负载之间，用标准电能表测量充电桩输出的电能，与充电桩的示值比较，得到工作误差。（演示）"
)
CONCLUSION = "各项试验结果符合 JJF 1033 的要求，可以开展 JJG 1148 规定的检定工作。（演示）"
NEW_PURPOSE = "在交流充电桩检定装置的基础上扩展充电桩检定能力，开展非车载充电机（直流）的强制检定。（演示）"
BUDGET = """k = "2"

[outputs]
gamma = "g_s + g_r + g_m"

[[input]]
name = "g_s"
unit = "%"
value = "0.012"
U = "0.020"
k = "2"

[[input]]
name = "g_r"
unit = "%"
value = "0"
u = "0.002"

[[input]]
name = "g_m"
unit = "%"
value = "0"
half_width = "0.05"
distribution = "rectangular"
"""
GROUPS = (9, 7, 5, 3)
"""Months before the use at which the first standard's stability was shown."""


def examined(standard: MeasurementStandard, parameter: Parameter, people: dict[str, User], used_since: date) -> None:
    """The whole way of the standard to its licences, which were issued on the day it was taken into use."""
    lead, technician = people["jishu"], people["jiandingyuan"]
    case = services.open_examination(by=lead, standard=standard, kind="establishment", on=prepared())
    for months in GROUPS:
        _test(technician, parameter, "stability", months_later(used_since, -months), shift=months)
    last = months_later(used_since, -GROUPS[-1])
    _test(technician, parameter, "repeatability", last, shift=4)
    given = {"value": "0.012", "U": "0.05", "k": "2", "reference": "0.015", "U_reference": "0.05", "k_reference": "3"}
    services.enter_test(
        by=technician, parameter=parameter, kind="verification", on=last, given=given, object="（演示）传递标准"
    )
    for part, text in (("purpose", PURPOSE), ("principle", PRINCIPLE), ("conclusion", CONCLUSION)):
        services.write_report_text(by=lead, standard=standard, part=part, text=text)
    services.write_report_text(by=lead, standard=standard, parameter=parameter, part="budget", text=BUDGET)
    submitted, seen = months_later(used_since, -2), months_later(used_since, -1)
    services.submit_examination(by=lead, case=case, on=submitted, authority=AUTHORITY, contact="技术负责人")
    services.record_examination(by=lead, case=case, on=seen, result="rectify", findings="（演示）原始记录补充环境条件")
    services.record_examination(
        by=lead, case=case, on=seen + timedelta(days=12), result="pass", findings="（演示）整改完成"
    )


def load(people: dict[str, User]) -> None:
    """The standard that is being established, once: three of four groups, one paper of the rules and more still missing."""
    if MeasurementStandard.objects.filter(code=NEW).exists():
        return
    lead, technician, today = people["jishu"], people["jiandingyuan"], clock.today()
    begun = months_later(today, -5)
    standard = services.register_standard(
        by=lead, since=begun, name="电动汽车非车载充电机检定装置", name_en="Verification equipment for DC charging piles",
        code=NEW, measuring_range="(0～250) A，(0～1050) V", accuracy="0.05 级", categories=["charging_pile_dc"],
        procedure_codes=["JJG 1149"], location="充电桩检定室",
    )  # fmt: skip
    services.open_examination(by=lead, standard=standard, kind=ExaminationCase.Kind.ESTABLISHMENT, on=begun)
    device = Device.objects.get(asset_number=DC_METER)
    services.add_device(by=lead, standard=standard, device=device, part="master", since=begun)
    services.name_person(by=lead, standard=standard, user=lead, duty="responsible", since=begun)
    for name in ("jiandingyuan", "jiandingyuan2"):
        services.name_person(by=lead, standard=standard, user=people[name], duty="operator", since=begun)
    parameter = services.add_parameter(
        by=lead, standard=standard, name="电能误差", name_en="error of energy", point="500 V，100 A", unit="%",
        use="nominal", limit="0.05", limit_source="0.05 级",
    )  # fmt: skip
    _test(technician, parameter, "repeatability", months_later(today, -4), shift=4)
    for months in (4, 2):
        _test(technician, parameter, "stability", months_later(today, -months), shift=months)
    _test(technician, parameter, "stability", today - timedelta(days=7), shift=1)
    services.write_report_text(by=lead, standard=standard, part="purpose", text=NEW_PURPOSE)
    for entry, title in ((10, "国家计量检定系统表"), (12, "操作程序（草案）"), (13, "使用说明书")):
        services.file_paper(
            by=lead, standard=standard, entry=entry, title=title, dated=begun, kept_at="（演示）档案柜 B-1"
        )


def _test(by: User, parameter: Parameter, kind: str, on: date, *, shift: int) -> None:
    """Ten readings about 0.012 % with a scatter of 0.0014 %, moved by the shift in ten-thousandths of a per cent."""
    shown = [f"0.{101 + shift + step:04d}" for step in (0, 31, 11, 40, 20, 2, 35, 15, 7, 26)]
    services.enter_test(
        by=by, parameter=parameter, kind=kind, on=on, readings=shown, object="（演示）核查标准 HC-01",
        conditions="(20 ± 2) ℃",
    )  # fmt: skip

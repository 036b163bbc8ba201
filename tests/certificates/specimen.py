"""Certificate facts of the fictitious institute, for the tests and for the pictures in the documentation."""

from __future__ import annotations

from copy import deepcopy
from typing import Any


def _t(zh: str, en: str = "") -> dict[str, str]:
    return {"zh": zh, "en": en}


_COMMON: dict[str, Any] = {
    "schema": "certificate-facts/1",
    "demonstration": True,
    "check_value": "7K3M9Q",
    "verify_url": "http://127.0.0.1:8000/v/Zr3nQ8cW1yTfJ0bLxkV5mA",
    "institute": {
        "name": _t("示范区计量质量检测所", "Demonstration District Institute of Metrology and Quality"),
        "authorisation_number": "（演示）法计（2026）00000号",
        "address": _t("示范区演示路1号", "1 Demonstration Road, Demonstration District"),
        "postcode": "000000",
        "phone": "000-00000000",
        "email": "cert@example.org",
    },
    "people": {
        "technician": {"name": "检定员甲", "id": "DEMO-0101"},
        "checker": {"name": "核验员乙", "id": "DEMO-0102"},
        "approver": {"name": "批准人丙", "id": "DEMO-0103", "title": _t("授权签字人", "Authorised signatory")},
    },
    "adjustment": None,
    "exceptions": [],
    "notes": [],
}


def verification() -> dict[str, Any]:
    """An AC charging pile that passed JJG 1148-2022, class 2."""
    points = [
        ("Imin", "220.1", "3.02", "0.664", "0.340", "0.3379", "+0.6"),
        ("Imin", "220.0", "3.01", "0.662", "0.341", "0.3383", "+0.8"),
        ("0.5 Imax", "220.2", "16.04", "3.532", "1.205", "1.1962", "+0.8"),
        ("0.5 Imax", "220.1", "16.03", "3.528", "1.204", "1.1954", "+0.8"),
        ("Imax", "219.8", "32.05", "7.045", "2.411", "2.3938", "+0.8"),
        ("Imax", "219.9", "32.04", "7.046", "2.412", "2.3947", "+0.8"),
    ]
    facts = {
        "kind": "verification",
        "number": "SFQ-JD-2026-000128",
        "record_number": "SFQ-YS-2026-000131",
        "client": {"name": "示范充电服务有限公司", "address": "示范区演示大道88号"},
        "instrument": {
            "name": _t("交流充电桩", "AC electric vehicle charging pile"),
            "model": "DEMO-AC7-220/32",
            "serial": "AC7-26-00417",
            "manufacturer": "演示电气设备制造有限公司",
            "accuracy_class": "2级",
            "range": "220 V，(3～32) A",
            "part": "1号枪",
        },
        "procedure": {
            "label": "JJG 1148-2022",
            "title": _t("电动汽车交流充电桩", "AC charging spots for electric vehicles"),
            "sha256": "9f2c5f0c2b8f4f1b4a6d8e70c1b5a3d2e4f60718293a4b5c6d7e8f9012a3b4c5",
        },
        "conclusion": {
            "outcome": "pass",
            "text": _t("合格（准确度等级：2级）", "Pass (accuracy class 2)"),
            "failed_items": [],
        },
        "dates": {
            "received": "2026-11-18",
            "verified": "2026-11-20",
            "issued": "2026-11-21",
            "valid_until": "2029-11-19",
        },
        "standards": [
            {
                "name": _t("交流充电桩检定装置", "Verification device for AC charging piles"),
                "range": "U：(0～264) V；I：(0.1～80) A",
                "accuracy": "0.05级",
                "certificate_number": "〔2024〕示量标证字第0012号",
                "valid_until": "2029-03-14",
            }
        ],
        "devices": [
            {
                "name": _t("交流电能表校验标准", "Reference energy meter"),
                "model": "RM-3305",
                "serial": "33050217",
                "range": "(57.7～480) V，(0.05～100) A",
                "accuracy": "0.05级",
                "certificate_number": "DN-2026-00384",
                "issuer": "示范市计量测试技术研究院",
                "valid_until": "2027-02-25",
            },
            {
                "name": _t("数字温湿度计", "Thermohygrometer"),
                "model": "TH-20",
                "serial": "TH20-118",
                "range": "(-10～50) ℃，(10～95) %RH",
                "accuracy": "U = 0.3 ℃，1.8 %RH (k = 2)",
                "certificate_number": "RG-2026-01177",
                "issuer": "示范市计量测试技术研究院",
                "valid_until": "2027-06-08",
            },
        ],
        "place": "示范区演示大道88号 地下一层充电车位 A-07",
        "environment": [
            {"name": _t("温度", "Temperature"), "value": "23.1～23.4", "unit": "℃"},
            {"name": _t("相对湿度", "Relative humidity"), "value": "52～53", "unit": "%"},
        ],
        "results": [
            {
                "item": "appearance",
                "title": _t("外观与结构", "Appearance and construction"),
                "conclusion": _t("合格", "Pass"),
                "columns": [],
                "rows": [],
                "summary": [],
                "checks": [
                    {"title": _t("标志与铭牌", "Marks and name plate"), "result": _t("合格", "Pass"), "remark": ""},
                    {
                        "title": _t("显示分辨力不低于 0.001 kWh", "Display resolution"),
                        "result": _t("合格", "Pass"),
                        "remark": "",
                    },
                    {"title": _t("封印完好", "Seals intact"), "result": _t("合格", "Pass"), "remark": "封印 A-20417"},
                ],
            },
            {
                "item": "working_error",
                "title": _t("工作误差", "Working error"),
                "conclusion": _t("合格", "Pass"),
                "columns": [
                    {"key": "point", "label": _t("负荷点", "Load point"), "unit": ""},
                    {"key": "U", "label": _t("电压", "Voltage"), "unit": "V"},
                    {"key": "I", "label": _t("电流", "Current"), "unit": "A"},
                    {"key": "P", "label": _t("功率", "Power"), "unit": "kW"},
                    {"key": "E_pile", "label": _t("示值电能", "Indicated energy"), "unit": "kWh"},
                    {"key": "E_std", "label": _t("标准电能", "Reference energy"), "unit": "kWh"},
                    {"key": "gamma", "label": _t("工作误差", "Working error"), "unit": "%"},
                ],
                "rows": [list(row) for row in points],
                "summary": [{"label": _t("最大允许误差", "Maximum permissible error"), "value": "±2.0", "unit": "%"}],
                "checks": [],
            },
            {
                "item": "price",
                "title": _t("付费金额误差", "Error of the amount to pay"),
                "conclusion": _t("合格", "Pass"),
                "columns": [
                    {"key": "price", "label": _t("单价", "Unit price"), "unit": "元/kWh"},
                    {"key": "E", "label": _t("示值电能", "Indicated energy"), "unit": "kWh"},
                    {"key": "paid", "label": _t("显示金额", "Displayed amount"), "unit": "元"},
                    {"key": "due", "label": _t("应付金额", "Computed amount"), "unit": "元"},
                    {"key": "err", "label": _t("误差", "Error"), "unit": "元"},
                ],
                "rows": [["1.2500", "1.205", "1.51", "1.51", "0.00"], ["1.2500", "2.411", "3.01", "3.01", "0.00"]],
                "summary": [],
                "checks": [],
            },
        ],
        "unconfirmed": [
            {
                "what": _t("工作误差：最大允许误差（2级）", "Working error: MPE (class 2)"),
                "value": "±2.0 %",
                "source": "公开资料二次转引，待对照规程原文",
            },
            {"what": _t("检定周期", "Verification interval"), "value": "36 个月", "source": "公开资料二次转引"},
        ],
    }
    return deepcopy({**_COMMON, **facts})


def rejection() -> dict[str, Any]:
    """A fuel dispenser nozzle that failed JJG 443-2023 on its error of indication."""
    rows = [
        ["40", "20.00", "21.3", "21.8", "19.912", "+0.44", ""],
        ["40", "20.00", "21.3", "21.8", "19.910", "+0.45", "0.02"],
        ["40", "20.00", "21.4", "21.9", "19.914", "+0.43", ""],
        ["20", "20.00", "21.5", "21.9", "19.921", "+0.40", ""],
        ["20", "20.00", "21.5", "22.0", "19.923", "+0.39", "0.02"],
        ["20", "20.00", "21.6", "22.0", "19.919", "+0.41", ""],
    ]
    facts = {
        "kind": "rejection",
        "number": "SFQ-TZ-2026-000019",
        "record_number": "SFQ-YS-2026-000132",
        "check_value": "4D8XPA",
        "client": {"name": "示范石油销售有限公司演示加油站", "address": "示范区演示公路12号"},
        "instrument": {
            "name": _t("燃油加油机", "Fuel dispenser"),
            "model": "DEMO-FD24",
            "serial": "FD24-25-0093",
            "manufacturer": "演示加油设备有限公司",
            "accuracy_class": "0.3级",
            "range": "(5～50) L/min",
            "part": "2号枪（92号车用汽油）",
        },
        "procedure": {
            "label": "JJG 443-2023",
            "title": _t("燃油加油机", "Fuel dispensers"),
            "sha256": "1b7e40d1c9a84b62f0c3d5e7a9b1c2d3e4f5061728394a5b6c7d8e9fa0b1c2d3",
        },
        "conclusion": {
            "outcome": "fail",
            "text": _t("不合格", "Fail"),
            "failed_items": [_t("示值误差", "Error of indication")],
        },
        "dates": {"received": "2026-11-19", "verified": "2026-11-20", "issued": "2026-11-21", "valid_until": ""},
        "standards": [
            {
                "name": _t("二等金属量器标准装置", "Second-class metal volume standard"),
                "range": "(20～100) L",
                "accuracy": "MPE：±0.025 %",
                "certificate_number": "〔2023〕示量标证字第0007号",
                "valid_until": "2028-05-30",
            }
        ],
        "devices": [
            {
                "name": _t("标准金属量器", "Standard metal tank"),
                "model": "JL-20",
                "serial": "JL20-0056",
                "range": "20 L",
                "accuracy": "二等",
                "certificate_number": "RL-2026-00291",
                "issuer": "示范市计量测试技术研究院",
                "valid_until": "2027-04-11",
            },
            {
                "name": _t("双通道测温仪", "Two-channel thermometer"),
                "model": "DT-2",
                "serial": "DT2-0310",
                "range": "(-20～60) ℃",
                "accuracy": "U = 0.05 ℃ (k = 2)",
                "certificate_number": "RG-2026-01203",
                "issuer": "示范市计量测试技术研究院",
                "valid_until": "2027-06-15",
            },
        ],
        "place": "示范石油销售有限公司演示加油站 2号加油岛",
        "environment": [
            {"name": _t("温度", "Temperature"), "value": "20.8～21.2", "unit": "℃"},
            {"name": _t("相对湿度", "Relative humidity"), "value": "61～62", "unit": "%"},
        ],
        "results": [
            {
                "item": "seals",
                "title": _t("封印", "Seals"),
                "conclusion": _t("合格", "Pass"),
                "columns": [],
                "rows": [],
                "summary": [],
                "checks": [
                    {
                        "title": _t("流量测量变换器", "Measuring transducer"),
                        "result": _t("合格", "Pass"),
                        "remark": "B-00931",
                    },
                    {"title": _t("编码器", "Encoder"), "result": _t("合格", "Pass"), "remark": "B-00932"},
                    {"title": _t("计控主板", "Control board"), "result": _t("合格", "Pass"), "remark": "B-00933"},
                ],
            },
            {
                "item": "indication",
                "title": _t("示值误差与重复性", "Error of indication and repeatability"),
                "conclusion": _t("不合格", "Fail"),
                "columns": [
                    {"key": "q", "label": _t("流量", "Flow rate"), "unit": "L/min"},
                    {"key": "VJ", "label": _t("加油机示值", "Indication"), "unit": "L"},
                    {"key": "tJ", "label": _t("枪口温度", "Nozzle temperature"), "unit": "℃"},
                    {"key": "tB", "label": _t("量器温度", "Tank temperature"), "unit": "℃"},
                    {"key": "VBt", "label": _t("实际体积", "Actual volume"), "unit": "L"},
                    {"key": "E", "label": _t("示值误差", "Error"), "unit": "%"},
                    {"key": "r", "label": _t("重复性", "Repeatability"), "unit": "%"},
                ],
                "rows": rows,
                "summary": [{"label": _t("最大允许误差", "Maximum permissible error"), "value": "±0.30", "unit": "%"}],
                "checks": [],
            },
        ],
        "unconfirmed": [],
        "notes": [_t("加油机经调整后应重新申请检定。", "After adjustment the dispenser must be submitted again.")],
    }
    return deepcopy({**_COMMON, **facts})


def _gauge(step: int, rows: list[tuple[str, str, str, str, str]]) -> dict[str, Any]:
    """Readings of a pressure gauge with uncertainty and coverage factor, as a calibration gives them."""
    return {
        "item": f"indication{step}",
        "title": _t("示值误差", "Error of indication"),
        "conclusion": _t("", ""),
        "columns": [
            {"key": "p", "label": _t("标准压力", "Standard pressure"), "unit": "MPa"},
            {"key": "up", "label": _t("升压示值", "Rising"), "unit": "MPa"},
            {"key": "err", "label": _t("示值误差", "Error"), "unit": "MPa"},
            {"key": "U:err", "label": _t("扩展不确定度 U", "Expanded uncertainty U"), "unit": "MPa"},
            {"key": "k:err", "label": _t("包含因子 k", "Coverage factor k"), "unit": ""},
        ],
        "rows": [list(row) for row in rows],
        "summary": [{"label": _t("最大回程误差", "Greatest hysteresis"), "value": "0.004", "unit": "MPa"}],
        "checks": [],
    }


def calibration() -> dict[str, Any]:
    """A pressure gauge that was adjusted between two series."""
    before = [
        ("0.4", "0.412", "+0.012", "0.006", "2"),
        ("0.8", "0.815", "+0.015", "0.006", "2"),
        ("1.2", "1.218", "+0.018", "0.006", "2"),
        ("1.6", "1.622", "+0.022", "0.007", "2.26"),
    ]
    after = [
        ("0.4", "0.401", "+0.001", "0.006", "2"),
        ("0.8", "0.802", "+0.002", "0.006", "2"),
        ("1.2", "1.199", "-0.001", "0.006", "2"),
        ("1.6", "1.600", "0.000", "0.007", "2.26"),
    ]
    facts = verification()
    facts.update(
        {
            "kind": "calibration",
            "number": "SFQ-JZ-2026-000045",
            "record_number": "SFQ-YS-2026-000133",
            "check_value": "9T2RWC",
            "client": {"name": "示范压力容器制造有限公司", "address": "示范区演示工业园3号"},
            "instrument": {
                "name": _t("一般压力表", "Pressure gauge"),
                "model": "DEMO-Y150",
                "serial": "Y150-24-3381",
                "manufacturer": "演示仪表有限公司",
                "accuracy_class": "1.6级",
                "range": "(0～1.6) MPa",
                "part": "",
            },
            "procedure": {
                "label": "JJG 52-2013",
                "title": _t("弹性元件式一般压力表、压力真空表和真空表", "Elastic element pressure gauges"),
                "sha256": "52aa0f0c2b8f4f1b4a6d8e70c1b5a3d2e4f60718293a4b5c6d7e8f9012a3b452",
            },
            "conclusion": {"outcome": "recorded", "text": _t("", ""), "failed_items": []},
            "place": "示范区演示路1号",
            "results": [_gauge(2, after)],
            "adjustment": {
                "kind": "adjustment",
                "text": _t("拆开表壳，调整传动机构的示值比例", "The ratio of the movement was set anew"),
                "results": [_gauge(1, before)],
            },
            "unconfirmed": [],
        }
    )
    facts["dates"]["valid_until"] = ""
    facts["standards"][0] |= {
        "name": _t("压力表标准装置", "Pressure gauge standard"),
        "range": "(0～6) MPa",
        "accuracy": "0.05级",
        "certificate_number": "〔2024〕示量标证字第0031号",
    }
    facts["devices"][0] |= {
        "name": _t("数字压力计", "Digital pressure gauge"),
        "model": "DP-6",
        "serial": "DP6-0117",
        "range": "(0～6) MPa",
        "certificate_number": "YL-2026-00731",
    }
    return facts


def arbitration() -> dict[str, Any]:
    """A charging pile verified for a dispute; it takes the place of an earlier certificate."""
    facts = verification()
    facts.update(
        {"kind": "arbitration", "number": "SFQ-ZC-2026-000003", "record_number": "SFQ-YS-2026-000140",
         "check_value": "5WNE7H", "replaces": "SFQ-ZC-2026-000002"}
    )  # fmt: skip
    facts["notes"] = [_t("双方当事人到场见证。", "Both parties were present.")]
    facts["dates"]["valid_until"] = ""
    return facts


KINDS = {"verification": verification, "rejection": rejection, "calibration": calibration, "arbitration": arbitration}

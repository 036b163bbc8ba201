"""The fixed words of each kind of certificate, in both languages, and its colour."""

from __future__ import annotations

from dataclasses import dataclass

from lims.core.text import Text

from .pen import Colour


@dataclass(frozen=True)
class Wording:
    title: Text
    colour: Colour
    technician: Text
    performed: Text
    method: Text
    conclusion: Text
    results: Text
    seal: Text
    statement: Text
    more: tuple[Text, ...] = ()


_ONLY = "The results relate only to the instrument described in this document."

_VERIFICATION = Wording(
    title=Text("检定证书", "Verification Certificate"),
    colour=(0.07, 0.24, 0.37),
    technician=Text("检定员", "Verified by"),
    performed=Text("检定日期", "Date of verification"),
    method=Text("检定依据", "Verified according to"),
    conclusion=Text("检定结论", "Conclusion"),
    results=Text("检定结果", "Results of verification"),
    seal=Text("检定专用章", "Seal of verification"),
    statement=Text("本证书的结果仅对所检定的计量器具有效。", _ONLY),
)

WORDING: dict[str, Wording] = {
    "verification": _VERIFICATION,
    "rejection": Wording(
        title=Text("检定结果通知书", "Rejection Notice"),
        colour=(0.36, 0.23, 0.10),
        technician=_VERIFICATION.technician,
        performed=_VERIFICATION.performed,
        method=_VERIFICATION.method,
        conclusion=_VERIFICATION.conclusion,
        results=_VERIFICATION.results,
        seal=_VERIFICATION.seal,
        statement=Text("本通知书的结果仅对所检定的计量器具有效。", _ONLY),
    ),
    "calibration": Wording(
        title=Text("校准证书", "Calibration Certificate"),
        colour=(0.06, 0.31, 0.27),
        technician=Text("校准员", "Calibrated by"),
        performed=Text("校准日期", "Date of calibration"),
        method=Text("校准依据", "Calibrated according to"),
        conclusion=Text("校准结论", "Conclusion"),
        results=Text("校准结果", "Results of calibration"),
        seal=Text("校准专用章", "Seal of calibration"),
        statement=Text("本证书的结果仅对所校准的计量器具有效。", _ONLY),
        more=(
            Text(
                "所用计量标准的量值经其证书溯源至国家计量基准。",
                "The measurement standards used are traceable to national standards through their certificates.",
            ),
            Text(
                "本证书只给出校准值及其不确定度，不作符合性判定，不给出校准间隔。",
                "This certificate states values with their uncertainty; it states neither conformity nor an interval.",
            ),
        ),
    ),
    "arbitration": Wording(
        title=Text("仲裁检定证书", "Arbitration Verification Certificate"),
        colour=(0.24, 0.17, 0.37),
        technician=_VERIFICATION.technician,
        performed=_VERIFICATION.performed,
        method=_VERIFICATION.method,
        conclusion=_VERIFICATION.conclusion,
        results=Text("仲裁检定结果", "Results of arbitration verification"),
        seal=_VERIFICATION.seal,
        statement=Text("本证书的结果仅对所仲裁检定的计量器具有效。", _ONLY),
    ),
    "supplement": Wording(
        title=Text("证书补充件", "Supplement to a Certificate"),
        colour=(0.07, 0.24, 0.37),
        technician=Text("编制人", "Prepared by"),
        performed=_VERIFICATION.performed,
        method=_VERIFICATION.method,
        conclusion=Text("补充内容", "Supplement"),
        results=Text("补充内容", "Supplement"),
        seal=_VERIFICATION.seal,
        statement=Text(
            "本文件须与所补充的证书一并使用；所补充的证书继续有效，其余内容不变。",
            "To be used together with the certificate it supplements, which stands and is otherwise unchanged.",
        ),
    ),
}

DEMONSTRATION = Text("演示证书 · 无法律效力", "DEMONSTRATION — NO LEGAL EFFECT")

NUMBER = Text("证书编号", "Certificate No.")
# {number} is an earlier certificate.
REPLACES = Text("本证书代替证书编号 {number}", "This document replaces certificate No. {number}")
SUPPLEMENTS = Text("本文件是对证书编号 {number} 的补充", "This document supplements certificate No. {number}")
CLIENT = Text("送检单位", "Client")
INSTRUMENT = Text("计量器具名称", "Instrument")
MODEL = Text("型号/规格", "Model / type")
SERIAL = Text("出厂编号", "Serial No.")
MANUFACTURER = Text("制造单位", "Manufacturer")
CLASS = Text("准确度等级", "Accuracy class")
RANGE = Text("测量范围", "Measuring range")
PART = Text("检定部位", "Part concerned")
CHECKER = Text("核验员", "Checked by")
APPROVER = Text("批准人", "Approved by")
RECEIVED = Text("接收日期", "Date received")
ISSUED = Text("签发日期", "Date of issue")
VALID_UNTIL = Text("有效期至", "Valid until")
AUTHORISATION = Text("计量检定机构授权证书号", "Authorisation No.")
ADDRESS = Text("地址", "Address")
POSTCODE = Text("邮编", "Postcode")
PHONE = Text("电话", "Telephone")
EMAIL = Text("电子邮件", "E-mail")
VERIFY = Text("扫码核验真伪", "Scan to verify")
CHECK_VALUE = Text("校验码", "Check value")
FAILED = Text("不合格项目", "Failed items")
CONTINUED = Text("全文见续页", "in full overleaf")

RECORD = Text("原始记录编号", "Record No.")
METHOD_DATA = Text("规程数据摘要", "Procedure data SHA-256")
STANDARDS = Text("所用计量标准", "Measurement standards used")
DEVICES = Text("主要配套设备", "Main devices used")
PLACE = Text("地点", "Place")
ENVIRONMENT = Text("地点与环境条件", "Place and environmental conditions")
ADJUSTMENT = Text("调整与修理", "Adjustment and repair")
EXCEPTIONS = Text("偏离与例外", "Deviations and exceptions")
UNCONFIRMED = Text("待确认的规程数值", "Values to be confirmed by the institute")
NOTES = Text("说明", "Notes")
STATEMENTS = Text("声明", "Statements")
COVER_CONTINUED = Text("封面栏目全文", "Cover fields in full")
END = Text("以下空白", "End of document")

ADJUSTED = {"adjustment": Text("作了调整", "Adjusted"), "repair": Text("作了修理", "Repaired")}
BEFORE_AND_AFTER = {
    "adjustment": (Text("调整前", "before adjustment"), Text("调整后", "after adjustment")),
    "repair": (Text("修理前", "before repair"), Text("修理后", "after repair")),
}

NO_ADJUSTMENT = Text("未作调整或修理。", "No adjustment or repair was made.")
NO_EXCEPTIONS = Text("无。", "None.")
UNCONFIRMED_NOTE = Text(
    "下列数值尚未由本机构对照规程原文确认，以其出处为准。",
    "The values below have not yet been confirmed by the institute against the printed regulation.",
)
UNCERTAINTY_NOTE = Text(
    "U 为扩展不确定度，由合成标准不确定度乘以包含因子 k 得到；k = 2 时，包含概率约为 95 %（JJF 1059.1）。",
    "U is the expanded uncertainty: the combined standard uncertainty multiplied by the coverage factor k; k = 2 "
    "corresponds to a coverage probability of about 95 % (JJF 1059.1, GUM).",
)
STATEMENT_COPY = Text(
    "未经本机构书面批准，不得部分复制。",
    "This document shall not be reproduced except in full without the written approval of the institute.",
)
STATEMENT_SEAL = Text(
    "本文件为电子文件，以电子签章为准；打印件可按编号与校验码核验。",
    "This is an electronic document; the electronic seal prevails. A print can be verified by number and check value.",
)
STATEMENT_DEMO = Text(
    "本文件由演示系统生成，机构、人员、客户与数据均为虚构，无法律效力。",
    "Produced by a demonstration system: institute, persons, client and data are fictitious. No legal effect.",
)

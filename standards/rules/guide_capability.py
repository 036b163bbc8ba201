"""The steps of the guided way that show what a standard measures: tests, budget, chain, report. Each parameter by itself."""

from collections.abc import Callable
from decimal import Decimal

from lims.core.text import Reason, Text
from lims.metrology.capability import stability_of_new
from standards.models import CapabilityTest, MeasurementStandard, Parameter
from standards.rules.guide_steps import Step, missing, page
from standards.selectors.capability import group
from standards.selectors.report import Report

_KIND, _VERDICT = CapabilityTest.Kind, CapabilityTest.Verdict
Fault = Callable[[Parameter, list[CapabilityTest]], Reason | None]


def capability_steps(standard: MeasurementStandard, known: Report, *, establishing: bool) -> tuple[Step, ...]:
    """Repeatability, stability, verification, budget, block diagram and report, in the order of the technical report."""
    stability = (
        _stability_of_new if establishing else _latest_not_failed(_KIND.STABILITY, "稳定性考核", "stability test")
    )
    return (
        _parameters(standard, known),
        _tests(
            standard, known, _KIND.REPEATABILITY,
            Text("检定或校准结果的重复性试验", "Repeatability"),
            _latest_not_failed(_KIND.REPEATABILITY, "重复性试验", "repeatability test"),
        ),
        _tests(
            standard, known, _KIND.STABILITY,
            Text("稳定性考核（新建：不少于 4 组，每组相隔一个月以上）", "Stability (new: at least four groups more than a month apart)")
            if establishing else Text("稳定性考核", "Stability"),
            stability,
        ),
        _tests(
            standard, known, _KIND.VERIFICATION,
            Text("检定或校准结果的验证", "Verification of results"),
            _latest_not_failed(_KIND.VERIFICATION, "结果的验证", "verification of results"),
        ),
        _budgets(standard, known),
        _diagram(standard, known),
        _report(standard, known),
    )  # fmt: skip


def _parameters(standard: MeasurementStandard, known: Report) -> Step:
    lacking = [
        missing("limit_missing", f"参数“{one}”没有允许值", f"Parameter {one.title.en} has no limit")
        for one in known.parameters
        if not one.limit
    ]
    if not known.parameters:
        lacking.append(missing("parameter_missing", "没有登记参数", "No parameter is entered"))
    return Step(
        "parameters",
        Text("要考核的参数及其允许值", "Parameters to be shown, with their limits"),
        tuple(one.title for one in known.parameters),
        tuple(lacking),
        page("capability", standard),
    )


def _tests(standard: MeasurementStandard, known: Report, kind: str, title: Text, fault: Fault) -> Step:
    held, lacking = [], []
    for parameter in known.parameters:
        rows = [one for one in known.tests[kind] if one.parameter_id == parameter.pk]
        if (found := fault(parameter, rows)) is not None:
            lacking.append(found)
        elif rows:
            held.append(
                Text(
                    f"{parameter}：{rows[-1].on:%Y-%m-%d} {rows[-1].said}", f"{parameter.title.en}: {rows[-1].said_en}"
                )
            )
    if not known.parameters:
        lacking.append(missing("parameter_missing", "没有登记参数", "No parameter is entered"))
    return Step(str(kind), title, tuple(held), tuple(lacking), page("capability", standard))


def _latest_not_failed(kind: str, zh: str, en: str) -> Fault:
    """There is a test and the latest one passed; one that asks for a judgement has to be judged first."""

    def fault(parameter: Parameter, rows: list[CapabilityTest]) -> Reason | None:
        if not rows:
            return missing(f"{kind}_missing", f"“{parameter}”没有{zh}", f"{parameter.title.en}: no {en}")
        verdict = rows[-1].verdict
        # The first group of a standard in use has nothing to be compared with yet.
        if verdict == _VERDICT.PASS or (verdict == _VERDICT.UNDECIDED and kind == _KIND.STABILITY):
            return None
        told = f"{rows[-1].on:%Y-%m-%d} {rows[-1].get_verdict_display()}：{rows[-1].said}"
        return missing(
            f"{kind}_not_passed",
            f"“{parameter}”的{zh} {told}",
            f"{parameter.title.en}: {en} of {rows[-1].on:%Y-%m-%d}: {rows[-1].said_en}",
        )

    return fault


def _stability_of_new(parameter: Parameter, rows: list[CapabilityTest]) -> Reason | None:
    """All groups together, judged anew: the verdict of each test knew only those before it."""
    groups = [group(one) for one in rows if one.readings]
    if not groups:
        return missing("stability_missing", f"“{parameter}”没有稳定性考核", f"{parameter.title.en}: no stability test")
    found = stability_of_new(groups, Decimal(parameter.limit) if parameter.limit else None)
    if found.verdict == "pass":
        return None
    return missing("stability_not_passed", f"“{parameter}”：{found.zh}", f"{parameter.title.en}: {found.en}")


def _budgets(standard: MeasurementStandard, known: Report) -> Step:
    good = {one.parameter.pk: one for one in known.budgets if not one.fault}
    held = [
        Text(f"{one.parameter}：{one.result} {one.unit}", f"{one.parameter.title.en}: {one.result} {one.unit}")
        for one in good.values()
    ]
    lacking = [
        missing("budget_missing", f"“{one}”没有不确定度评定", f"{one.title.en}: no uncertainty budget")
        for one in known.parameters
        if one.pk not in good
    ]
    return Step(
        "uncertainty",
        Text("检定或校准结果的不确定度评定", "Uncertainty of the results"),
        tuple(held),
        tuple(lacking)
        if known.parameters
        else (missing("parameter_missing", "没有登记参数", "No parameter is entered"),),
        page("report", standard, "budgets"),
    )


def _diagram(standard: MeasurementStandard, known: Report) -> Step:
    title = Text("量值溯源和传递框图", "Block diagram of traceability")
    lacking = () if known.chain.whole else (missing("chain_broken", "溯源链有中断", "The chain is broken"),)
    held = (Text("由证书数据绘制", "drawn from the certificates"),) if known.chain.whole else ()
    return Step("diagram", title, held, lacking, page("report", standard, "drawing"))


def _report(standard: MeasurementStandard, known: Report) -> Step:
    parts = (
        ("purpose", "建立计量标准的目的", "purpose"),
        ("principle", "工作原理及其组成", "principle"),
        ("conclusion", "结论", "conclusion"),
    )
    lacking = [
        missing(f"report_{part}_missing", f"技术报告没有编写“{zh}”", f"The report has no {en} yet")
        for part, zh, en in parts
        if not known.texts.get(part)
    ]
    return Step(
        "report",
        Text("计量标准技术报告", "Technical report"),
        tuple(Text(zh, en) for part, zh, en in parts if known.texts.get(part)),
        tuple(lacking),
        page("report", standard),
    )

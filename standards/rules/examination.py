"""What may be done with an application for examination, and in which order. A Reason, or None."""

from datetime import date

from lims.core.text import Reason, reason
from standards.models import ExaminationCase, MeasurementStandard, StandardLicence, StandardState
from standards.selectors.standards import fitness

_LICENCES = {
    StandardLicence.Kind.EXAMINATION: ("计量标准考核证书", "examination certificate"),
    StandardLicence.Kind.PUBLIC: ("社会公用计量标准证书", "public-standard certificate"),
}


def kind_fits(standard: MeasurementStandard, kind: str, day: date) -> Reason | None:
    """A standard that was examined before is examined again; one that never was, or has expired, is established."""
    facts = fitness(standard, day)
    examined = facts.licence(StandardLicence.Kind.EXAMINATION) is not None
    state = facts.state.state if facts.state else ""
    if kind == ExaminationCase.Kind.REEXAMINATION and not examined:
        return reason(
            "never_examined",
            f"计量标准“{standard.name}”没有登记过考核证书，不能申请复查",
            f"No examination certificate of standard “{standard.title.en}” is entered: it cannot be re-examined",
            "请按新建计量标准申请考核，或先登记已有的考核证书",
            "Apply as for a new standard, or enter its certificate first",
            where="kind",
        )
    if kind == ExaminationCase.Kind.ESTABLISHMENT and state not in (
        StandardState.State.ESTABLISHING,
        StandardState.State.EXPIRED,
    ):
        return reason(
            "not_being_established",
            f"计量标准“{standard.name}”不在“建标中”",
            f"Standard “{standard.title.en}” is not being established",
            "在用的计量标准请申请复查",
            "For a standard in use apply for re-examination",
            where="kind",
        )
    return None


def no_open_case(standard: MeasurementStandard) -> Reason | None:
    open_case = next((one for one in standard.examinations.order_by("-pk") if one.open), None)
    if open_case is None:
        return None
    return reason(
        "examination_open",
        f"已有一项考核正在进行：{open_case.get_kind_display()}，自 {open_case.opened_on:%Y-%m-%d}",
        f"An examination is under way since {open_case.opened_on:%Y-%m-%d}",
        "请先登记其结果，或终止该项申请",
        "Enter its result first, or give it up",
    )


def case_is_open(case: ExaminationCase) -> Reason | None:
    if case.open:
        return None
    return reason(
        "examination_closed",
        "该项考核已经结束",
        "This examination is over",
        "请刷新页面查看",
        "Reload the page to see it",
    )


def not_submitted(case: ExaminationCase) -> Reason | None:
    """The application is made once; after a rectification the authority examines the same application again."""
    if case.submitted_on is None:
        return None
    return reason(
        "examination_submitted",
        f"已于 {case.submitted_on:%Y-%m-%d} 提交申请",
        f"The application was made on {case.submitted_on:%Y-%m-%d}",
        "请登记考核结果",
        "Enter the result of the examination",
    )


def is_submitted(case: ExaminationCase) -> Reason | None:
    if case.submitted_on is not None:
        return None
    return reason(
        "examination_not_submitted",
        "还没有登记提交申请",
        "The application is not entered as made",
        "请先登记提交申请的日期和受理部门",
        "Enter first when and where it was made",
    )


def result_is_known(standard: MeasurementStandard, issued_on: date) -> Reason | None:
    """While an examination is under way the certificates it is to bring cannot exist yet; older ones may be entered."""
    begun = next((one.opened_on for one in standard.examinations.order_by("-pk") if one.open), None)
    if begun is None or issued_on < begun:
        return None
    return reason(
        "examination_result_missing",
        f"计量标准“{standard.name}”的考核还没有合格的结果，不能登记新的证书",
        f"The examination of standard “{standard.title.en}” has not been passed yet: it has no new certificate",
        "请先在“建标与复查”页登记考核结果",
        "Enter the result on the page of its examination first",
    )


def examination_before_public(standard: MeasurementStandard, issued_on: date) -> Reason | None:
    """A public standard takes two licences in this order (Rules for the Metrology Law, article 8)."""
    earlier = standard.licences.filter(
        kind=StandardLicence.Kind.EXAMINATION, withdrawn_reason="", issued_on__lte=issued_on
    )
    if earlier.exists():
        return None
    return reason(
        "examination_licence_first",
        f"社会公用计量标准证书（{issued_on:%Y-%m-%d}）之前没有登记计量标准考核证书",
        f"No examination certificate was entered before the public-standard certificate of {issued_on:%Y-%m-%d}",
        "先取得并登记计量标准考核证书，再登记社会公用计量标准证书（计量法实施细则第八条）",
        "Enter the examination certificate first (Rules for the Metrology Law, article 8)",
        where="kind",
    )


def licensed_on(standard: MeasurementStandard, day: date) -> list[Reason]:
    """What keeps a standard from being taken into use on a day: each of the two licences that is not in effect on it."""
    facts = fitness(standard, day)
    found = []
    for kind, (zh, en) in _LICENCES.items():
        licence = facts.licence(kind)
        if licence is None or licence.valid_until < day:
            found.append(
                reason(
                    f"no_{kind}_licence_in_effect",
                    f"计量标准“{standard.name}”在 {day:%Y-%m-%d} 没有有效的{zh}，不能投入使用",
                    f"Standard “{standard.title.en}” has no {en} in effect on {day:%Y-%m-%d}: it cannot be taken into use",
                    f"请先登记{zh}",
                    f"Enter the {en} first",
                    where="state",
                )
            )
    return found

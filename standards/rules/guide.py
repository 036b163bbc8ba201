"""The guided way of a standard to its licences (建标) and to their renewal (复查): each step with what is there and missing.

The steps are those of JJF 1033 as the project knows them (conditions of passing, file set, papers of the application);
which of them the edition in force changes is to be confirmed by the institute. What is missing is a `Reason`, so that the
same list greys the button, refuses the deed and stands on the page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.urls import reverse

from lims.core.text import Reason, Text, reason
from standards.models import (
    ExaminationCase,
    MeasurementStandard,
    StandardLicence,
    StandardState,
)
from standards.periods import Period
from standards.rules.guide_capability import capability_steps
from standards.rules.guide_steps import Step, missing, page
from standards.rules.usability import device_usable_on
from standards.selectors.dossier import LEAST_PEOPLE, Dossier, dossier, validity
from standards.selectors.examinations import apply_by
from standards.selectors.procedures import in_force
from standards.selectors.report import Report, report
from standards.selectors.standards import Competence, Fitness, competence_on, fitness

_ESTABLISHMENT, _REEXAMINATION = ExaminationCase.Kind.ESTABLISHMENT, ExaminationCase.Kind.REEXAMINATION
# Papers that follow from the examination cannot be there before a first one.
_AFTERWARDS = {1, 2}


@dataclass(frozen=True)
class Guide:
    """The steps of one examination as they stand on a day. `papers` come before the application, `way` is the rest."""

    standard: MeasurementStandard
    kind: str
    case: ExaminationCase | None
    day: date
    apply_by: date | None
    papers: tuple[Step, ...]
    way: tuple[Step, ...]

    @property
    def missing(self) -> tuple[Reason, ...]:
        """Everything that the application still needs."""
        return tuple(one for step in self.papers for one in step.missing)

    @property
    def done(self) -> int:
        return sum(not step.missing for step in (*self.papers, *self.way))

    @property
    def count(self) -> int:
        return len(self.papers) + len(self.way)


def guide(standard: MeasurementStandard, case: ExaminationCase | None, day: date) -> Guide:
    """The way of the case, or of the one that would be begun on the day, in as many queries however much there is.

    Of a case that is over the papers are shown as of the day on which the application was made.
    """
    now = fitness(standard, day)
    if case is not None and not case.open and case.submitted_on:
        day = case.submitted_on
    facts = fitness(standard, day)
    examination = facts.licence(StandardLicence.Kind.EXAMINATION)
    kind = case.kind if case else (_REEXAMINATION if examination else _ESTABLISHMENT)
    known = report(standard, day)
    file = dossier(standard, _asked_about(standard, case, kind, day))
    papers = [
        _devices(facts, known),
        _scope(standard),
        _environment(standard),
        people_step(standard, day),
        method_step(standard, day),
        *capability_steps(standard, known, establishing=kind == _ESTABLISHMENT),
        *([_without_gaps(standard, file)] if kind == _REEXAMINATION else []),
        _file_set(standard, file, first=kind == _ESTABLISHMENT),
    ]
    due = apply_by(examination, file.plan) if examination and kind == _REEXAMINATION else None
    return Guide(standard, kind, case, day, due, tuple(papers), tuple(_way(standard, case, now)))


def _asked_about(standard: MeasurementStandard, case: ExaminationCase | None, kind: str, day: date) -> Period:
    """A new standard: since its preparation began. One in use: the whole validity of its certificate up to the day."""
    if kind == _REEXAMINATION and (whole := validity(standard, day)):
        return whole
    first = standard.states.order_by("since").values_list("since", flat=True).first()
    begun = min([one for one in (first, case.opened_on if case else None, day) if one])
    return Period(begun, day)


def _devices(facts: Fitness, known: Report) -> Step:
    held = [
        Text(
            f"{one.device}：{one.certificate.number if one.certificate else '—'}",
            f"{one.device.asset_number} {one.device.title.en}: {one.certificate.number if one.certificate else '—'}",
        )
        for one in known.devices
    ]
    lacking = [
        one
        for known_device in known.devices
        for one in device_usable_on(known_device.device, facts.day, known=known_device)
    ]
    if not facts.masters:
        lacking.insert(0, missing("master_missing", "没有登记计量标准器", "No master device is entered"))
    return Step(
        "devices",
        Text("计量标准器及主要配套设备，证书有效", "Master and main auxiliary devices with valid certificates"),
        tuple(held),
        tuple(lacking),
        page("standard", facts.standard, "devices"),
    )


def _scope(standard: MeasurementStandard) -> Step:
    asked = (
        (standard.measuring_range, "range_missing", "没有填写测量范围", "The measuring range is not entered"),
        (standard.accuracy, "accuracy_missing", "没有填写不确定度、准确度等级或最大允许误差", "Uncertainty, class or limits of error are not entered"),
        (standard.procedure_codes, "procedures_missing", "没有填写可开展的规程", "No procedure is in its scope"),
    )  # fmt: skip
    held = [Text(text, text) for text in (standard.measuring_range, standard.accuracy) if text]
    held += [Text(code, code) for code in standard.procedure_codes]
    lacking = [missing(code, zh, en) for value, code, zh, en in asked if not value]
    return Step(
        "scope",
        Text("参数、测量范围、准确度等级或不确定度", "Parameters, ranges, class or uncertainty"),
        tuple(held),
        tuple(lacking),
        reverse("standards:standard_edit", args=[standard.code]),
    )


def _environment(standard: MeasurementStandard) -> Step:
    lacking = []
    if not standard.environment:
        lacking.append(missing("environment_missing", "没有填写环境条件", "The environment is not entered"))
    if not standard.location:
        lacking.append(missing("location_missing", "没有填写保存地点", "The place is not entered"))
    held = [Text(text, text) for text in (standard.environment, standard.location) if text]
    return Step(
        "environment",
        Text("环境条件及设施", "Environment and facilities"),
        tuple(held),
        tuple(lacking),
        reverse("standards:standard_edit", args=[standard.code]),
    )


def competent(one: Competence, day: date) -> bool:
    """Qualified, the document not ended, and registered on the day; a project examination stands for itself."""
    if one.qualification is None:
        return False
    ends = one.qualification.valid_until
    if one.qualification.issued_on > day or (ends is not None and ends < day):
        return False
    if one.qualification.level == one.qualification.Level.PROJECT:
        return True
    return one.registration is not None and one.registration.valid_from <= day <= one.registration.valid_until


def people_step(standard: MeasurementStandard, day: date) -> Step:
    named = competence_on(standard, day)
    able = {one.person.user_id: one for one in named if competent(one, day)}
    lacking = []
    if len(able) < LEAST_PEOPLE:
        lacking.append(
            reason(
                "competent_people_missing",
                f"当日有资格的检定/校准人员 {len(able)} 名，至少需要 {LEAST_PEOPLE} 名",
                f"{len(able)} competent people on the day, at least {LEAST_PEOPLE} are needed",
                "请指定持有有效资格和注册的人员",
                "Name people whose qualification and registration are valid",
            )
        )
    if not any(one.person.duty == "responsible" for one in named):
        lacking.append(missing("responsible_missing", "没有指定负责人", "Nobody is named responsible"))
    return Step(
        "people",
        Text("至少两名有资格的检定或校准人员", "At least two competent people"),
        tuple(one.person.user.shown_name for one in able.values()),
        tuple(lacking),
        page("standard", standard, "people"),
    )


def method_step(standard: MeasurementStandard, day: date) -> Step:
    held, lacking = [], []
    versions = in_force(day) if standard.procedure_codes else []
    for code in standard.procedure_codes:
        usable = [one for one in versions if one.code == code]
        held += [Text(one.label, one.label) for one in usable]
        if not usable:
            lacking.append(
                missing(
                    "method_missing",
                    f"{code} 没有当日有效并已批准的数据版本",
                    f"{code} has no approved version in force on the day",
                )
            )
    if not standard.procedure_codes:
        lacking.append(missing("method_missing", "没有填写可开展的规程", "No procedure is in its scope"))
    return Step(
        "methods",
        Text("检定规程或校准规范", "Method documents"),
        tuple(held),
        tuple(lacking),
        reverse("standards:procedure_list"),
    )


def _without_gaps(standard: MeasurementStandard, file: Dossier) -> Step:
    """Certificates, tests and people over the whole validity, each gap by name."""
    lacking = [Reason(f"gap_{one.code}", one.text, where=one.what) for one in file.gaps]
    held = Text(
        f"{file.period.since:%Y-%m-%d} 至 {file.period.until:%Y-%m-%d}",
        f"{file.period.since:%Y-%m-%d} to {file.period.until:%Y-%m-%d}",
    )
    if file.plan is None:
        lacking.append(
            missing("plan_missing", "没有考核计划，无法查出缺少的试验", "Without a plan missing tests cannot be found")
        )
    return Step(
        "continuity",
        Text("有效期内的证书、试验、人员连续无缺口", "Certificates, tests and people without a gap over the validity"),
        (held,),
        tuple(lacking),
        reverse("standards:dossier", args=[standard.code]),
    )


def _file_set(standard: MeasurementStandard, file: Dossier, *, first: bool) -> Step:
    asked = [one for one in file.entries if not (first and one.number in _AFTERWARDS)]
    held = [Text(f"{one.number}. {one.title}", f"{one.number}. {one.title}") for one in asked if one.data or one.papers]
    lacking = [
        missing("paper_missing", f"缺少 {one.number}. {one.title}", f"Missing: {one.number}. {one.title}")
        for one in asked
        if one.missing
    ]
    return Step(
        "file_set",
        Text("文件集（十八项，含八项管理制度）", "File set: eighteen papers, with the eight rules"),
        tuple(held),
        tuple(lacking),
        reverse("standards:dossier", args=[standard.code]),
    )


def _way(standard: MeasurementStandard, case: ExaminationCase | None, facts: Fitness) -> Sequence[Step]:
    here = reverse("standards:examination", args=[standard.code])
    submitted, passed = _submitted(case, here), _examined(case, here)
    return (
        submitted,
        passed,
        _licence(facts, case, StandardLicence.Kind.EXAMINATION, Text("计量标准考核证书", "Examination certificate")),
        _licence(facts, case, StandardLicence.Kind.PUBLIC, Text("社会公用计量标准证书", "Public-standard certificate")),
        _in_use(facts),
    )


def _submitted(case: ExaminationCase | None, address: str) -> Step:
    title = Text("提交申请", "Application made")
    if case is None or case.submitted_on is None:
        return Step("submitted", title, (), (missing("not_submitted", "尚未提交", "Not made yet"),), address)
    held = Text(f"{case.submitted_on:%Y-%m-%d} {case.authority}", f"{case.submitted_on:%Y-%m-%d} {case.authority}")
    return Step("submitted", title, (held,), (), address)


def _examined(case: ExaminationCase | None, address: str) -> Step:
    title = Text("考核", "Examination")
    if case is None or case.examined_on is None:
        return Step("examined", title, (), (missing("not_examined", "尚无结果", "No result yet"),), address)
    words = {"pass": "passed", "rectify": "to be rectified", "fail": "failed"}
    held = Text(
        f"{case.examined_on:%Y-%m-%d} {case.get_result_display()} {case.findings}".strip(),
        f"{case.examined_on:%Y-%m-%d} {words[case.result]} {case.findings}".strip(),
    )
    passed = case.result == ExaminationCase.Result.PASS
    lacking = () if passed else (missing("not_passed", "考核未合格", "Not passed"),)
    return Step("examined", title, (held,), lacking, address)


def _licence(facts: Fitness, case: ExaminationCase | None, kind: StandardLicence.Kind, title: Text) -> Step:
    """The certificate that this examination brought; an older one does not count."""
    licence = facts.licence(kind)
    address = reverse("standards:licence_new", args=[facts.standard.code]) + f"?kind={kind}"
    since = case.opened_on if case else facts.day
    if licence is None or licence.issued_on < since or licence.valid_until < facts.day:
        lacking = missing(f"{kind}_licence_missing", f"尚未登记{title.zh}", f"{title.en} not entered yet")
        return Step(f"{kind}_licence", title, (), (lacking,), address)
    held = Text(
        f"{licence.number}，{licence.issued_on:%Y-%m-%d} 至 {licence.valid_until:%Y-%m-%d}",
        f"{licence.number}, {licence.issued_on:%Y-%m-%d} to {licence.valid_until:%Y-%m-%d}",
    )
    return Step(f"{kind}_licence", title, (held,), (), address)


def _in_use(facts: Fitness) -> Step:
    state, title = facts.state, Text("投入使用", "Taken into use")
    address = reverse("standards:standard_state", args=[facts.standard.code])
    if state is None or state.state != StandardState.State.IN_USE:
        return Step("in_use", title, (), (missing("not_in_use", "状态不是“在用”", "Its state is not in use"),), address)
    held = Text(f"自 {state.since:%Y-%m-%d}", f"since {state.since:%Y-%m-%d}")
    return Step("in_use", title, (held,), (), address)

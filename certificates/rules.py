"""Whether a certificate may be issued or changed, and why not."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import override

from certificates.models import BulkRun, Certificate, Correction, Recall, Supplement
from instruments.models import Record, Task
from lims.core import clock
from lims.core.text import Reason, reason
from lims.people.models import Role, User
from lims.people.rules import authorised, has_role


def limits_are_confirmed(unconfirmed: list[dict[str, object]]) -> Reason | None:
    """Refuses to issue on limits, points or periods that the institute has not confirmed against the regulation's text."""
    if settings.ALLOW_UNCONFIRMED or not unconfirmed:
        return None
    first = unconfirmed[0]
    what = first["what"]
    zh = what["zh"] if isinstance(what, dict) else str(what)
    en = what["en"] if isinstance(what, dict) else str(what)
    return reason(
        "unconfirmed_values",
        f"规程中有 {len(unconfirmed)} 个值尚未由本机构确认，例如：{zh}",
        f"{len(unconfirmed)} values of the procedure are not confirmed by the institute, e.g. {en}",
        "请技术负责人在规程页面对照规程原文逐项确认",
        "Have the technical lead confirm them on the procedure page against the regulation's text",
    )


def may_withdraw(certificate: Certificate, by: User) -> Reason | None:
    """Only the technical lead or the quality manager, and only a certificate that stands. Replacing asks the same."""
    if why := has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER):
        return why
    return _stands(certificate, "撤回或替代", "withdrawn or replaced")


def _stands(certificate: Certificate, deed_zh: str, deed_en: str) -> Reason | None:
    if certificate.state == Certificate.State.ISSUED:
        return None
    with override("zh-hans"):
        zh = str(Certificate.State(certificate.state).label)
    with override("en"):
        en = str(Certificate.State(certificate.state).label)
    return reason(
        "not_standing",
        f"证书 {certificate} 当前状态为“{zh}”，不能再{deed_zh}",
        f"Certificate {certificate} is in the state “{en}”; it can no longer be {deed_en}",
    )


def may_replace(certificate: Certificate, successor: Certificate, by: User) -> Reason | None:
    """What takes the place of a certificate is another that stands, issued later for the same instrument or sub-unit."""
    if why := may_withdraw(certificate, by) or _is_certificate(certificate) or _is_certificate(successor):
        return why
    if certificate.corrections.filter(state=Correction.State.OPEN).exists():
        return reason(
            "correction_open",
            f"证书 {certificate} 正在更正，更正后的证书签发时自动替代它",
            f"Certificate {certificate} is being corrected; the correct one replaces it when it is issued",
            "请完成更正，或先放弃更正",
            "Finish the correction, or give it up first",
        )
    same = (certificate.instrument_id, certificate.task.sub_unit_id) == (
        successor.instrument_id,
        successor.task.sub_unit_id,
    )
    later = (successor.taken_at, successor.pk) > (certificate.taken_at, certificate.pk)
    if same and later and successor.state == Certificate.State.ISSUED:
        return None
    return reason(
        "no_successor",
        f"{successor} 不能替代 {certificate}：替代的证书须是同一器具（分机）其后签发、仍然有效的证书",
        f"{successor} cannot replace {certificate}: a successor stands, and was issued later for the same instrument "
        "(or sub-unit)",
        "请先重新检定并签发新证书，再指明由它替代",
        "Verify again and issue the new certificate first, then name it as the successor",
        where="successor",
    )


def _is_certificate(certificate: Certificate) -> Reason | None:
    """A supplement is itself not corrected, supplemented or put in another's place: a further supplement is."""
    if certificate.supplements_id is None:
        return None
    return reason(
        "is_supplement",
        f"{certificate} 是补充件，不能更正、补充或替代",
        f"{certificate} is a supplement; it is not itself corrected, supplemented or replaced",
        "请为原证书再签发一份补充件，或撤回这一份",
        "Issue a further supplement to the certificate, or withdraw this one",
    )


def may_correct(certificate: Certificate, by: User) -> Reason | None:
    """Opens a correction: of a certificate that stands, or that was withdrawn and has no successor yet."""
    if why := has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER, Role.APPROVER) or _is_certificate(certificate):
        return why
    if certificate.state == Certificate.State.WITHDRAWN and certificate.replaced_by_id is None:
        return _no_correction_open(certificate)
    return _stands(certificate, "更正", "corrected") or _no_correction_open(certificate)


def _no_correction_open(certificate: Certificate) -> Reason | None:
    if not certificate.corrections.filter(state=Correction.State.OPEN).exists():
        return None
    return reason(
        "correction_open",
        f"证书 {certificate} 已在更正中",
        f"Certificate {certificate} is being corrected already",
        f"请在任务 {certificate.task} 中继续",
        f"Go on with it in task {certificate.task}",
    )


def may_give_up(correction: Correction, by: User) -> Reason | None:
    """Whoever may open a correction may give it up, before the correct certificate has its number."""
    if why := has_role(by, Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER, Role.APPROVER):
        return why
    if correction.state == Correction.State.OPEN and correction.successor_id is None:
        return None
    return reason(
        "correction_closed",
        f"证书 {correction} 的更正已结束",
        f"The correction of certificate {correction} has ended",
        "请刷新页面查看现状",
        "Reload the page to see how it stands",
    )


def may_supplement(certificate: Certificate, by: User) -> Reason | None:
    """A supplement is drafted by an authorised technician, and only to a certificate that stands."""
    if why := has_role(by, Role.TECHNICIAN) or _is_certificate(certificate):
        return why
    return _stands(certificate, "补充", "supplemented") or _authorised(certificate, by, "verify")


def may_sign_supplement(supplement: Supplement, by: User, act: str) -> Reason | None:
    """Whoever checks or approves a supplement is authorised to, and is neither its author nor its checker. act: check or approve."""
    role, state = {
        "check": (Role.CHECKER, Supplement.State.DRAFTED),
        "approve": (Role.APPROVER, Supplement.State.CHECKED),
    }[act]
    if why := has_role(by, role):
        return why
    if supplement.state != state:
        return changed_meanwhile(supplement)
    for title_zh, title_en, person in (
        ("编制人", "author", supplement.author),
        ("核验员", "checker", supplement.checker),
    ):
        if person == by:
            return reason(
                "same_person",
                f"{by} 是这份补充的{title_zh}，不能由同一人{'核验' if act == 'check' else '批准'}",
                f"{by} is the {title_en} of this supplement and cannot also {act} it",
                "请另一位有授权的人员办理",
                "Have another authorised person do it",
            )
    certificate = supplement.certificate
    return _stands(certificate, "补充", "supplemented") or _authorised(certificate, by, act)


def may_drop_supplement(supplement: Supplement, by: User) -> Reason | None:
    """Its author, a checker or an approver ends a draft; a new one is written instead."""
    if supplement.state not in (Supplement.State.DRAFTED, Supplement.State.CHECKED):
        return changed_meanwhile(supplement)
    return None if supplement.author == by else has_role(by, Role.CHECKER, Role.APPROVER)


def text_is_given(text: str, text_en: str) -> Reason | None:
    """A certificate has two languages, and so has what is added to it."""
    if text.strip() and text_en.strip():
        return None
    return reason(
        "text_required",
        "请填写补充内容的中文和英文",
        "Write what is added in Chinese and in English",
        where="text" if not text.strip() else "text_en",
    )


def changed_meanwhile(supplement: Supplement) -> Reason:
    return reason(
        "changed_meanwhile",
        f"补充 {supplement} 的状态刚刚被他人更改",
        f"Somebody else has just changed supplement {supplement}",
        "请刷新页面查看现状",
        "Reload the page to see how it stands",
    )


def _authorised(certificate: Certificate, by: User, act: str) -> Reason | None:
    return authorised(
        by,
        procedure_code=certificate.task.procedure.code,
        category=certificate.instrument.category,
        act=act,
        day=clock.today(),
    )


def may_confirm_recall(recall: Recall, by: User) -> Reason | None:
    """Only people of the customer concerned can say that the customer knows."""
    if why := has_role(by, Role.CUSTOMER):
        return why
    if by.organisation_id == recall.organisation_id:
        return None
    return reason("recall_of_another", "这份通知不是发给贵单位的", "This notice is not for your organisation")


# Tasks of one bulk issue: what a person can have looked at.
MOST_AT_ONCE = 500


def may_issue_in_bulk(by: User, count: int) -> Reason | None:
    """An approver chooses some tasks, and not more than a page shows."""
    if why := has_role(by, Role.APPROVER):
        return why
    if count == 0:
        return reason(
            "nothing_chosen", "没有选择任务", "No task was chosen", "请至少选择一项任务", "Choose at least one task"
        )
    if count > MOST_AT_ONCE:
        return reason(
            "too_many_chosen",
            f"一次最多批量签发 {MOST_AT_ONCE} 项，这里有 {count} 项",
            f"At most {MOST_AT_ONCE} are issued in one run, there are {count}",
            "请分几次签发",
            "Issue them in several runs",
        )
    return None


def may_cancel_bulk(run: BulkRun, by: User) -> Reason | None:
    """The approver who began it, or the technical lead."""
    return None if run.by == by else has_role(by, Role.TECHNICAL_LEAD)


def may_void(certificate: Certificate, by: User) -> Reason | None:
    """A number is voided only while its document has not left the house."""
    if why := has_role(by, Role.TECHNICAL_LEAD):
        return why
    if certificate.state != Certificate.State.SEALING:
        return reason(
            "already_issued",
            f"证书 {certificate} 已签发，编号不能作废，只能撤回或替代",
            f"Certificate {certificate} has been issued; its number cannot be voided, only withdrawn or replaced",
        )
    return None


def may_reissue(certificate: Certificate, by: User) -> Reason | None:
    """After a number was voided, the approver takes a new one for the same record, once."""
    if why := has_role(by, Role.APPROVER):
        return why
    if certificate.state == Certificate.State.VOID:
        supplement = Supplement.objects.filter(document=certificate).first()
        if supplement:
            return _approved_by(supplement.approver, by) or _stands(supplement.certificate, "补充", "supplemented")
        later = Certificate.objects.filter(task=certificate.task_id, supplements=None, pk__gt=certificate.pk)
        if certificate.task.state == Task.State.APPROVED and not later.exists():
            return _approved_by(certificate.task.approver, by)
    return reason(
        "nothing_to_reissue",
        f"{certificate} 没有等待重新签发的内容",
        f"Nothing of {certificate} waits to be issued anew",
        "请刷新页面查看现状",
        "Reload the page to see how it stands",
    )


def _approved_by(approver: User | None, by: User) -> Reason | None:
    """His name stands on the document, and he answered for it once: nobody else's does."""
    if approver == by:
        return None
    return reason(
        "not_the_approver",
        f"批准人是 {approver}，只能由本人重新签发",
        f"{approver} approved it; only the same person issues it anew",
        f"请 {approver} 办理",
        f"Have {approver} do it",
    )


def reason_is_given(text: str) -> Reason | None:
    if text.strip():
        return None
    return reason("reason_required", "请填写理由", "A reason is required", where="reason")


def may_issue(task: Task, record: Record | None) -> Reason | None:
    """Refuses a task that is not approved, or whose record already has a living certificate."""
    if task.state != Task.State.APPROVED or record is None:
        return reason(
            "not_approved", f"任务 {task} 尚未批准", f"Task {task} is not approved", "请先完成批准", "Approve it first"
        )
    living = Certificate.objects.filter(record=record, supplements=None).exclude(state=Certificate.State.VOID).first()
    if living:
        return reason("already_issued", f"该记录已签发证书 {living}", f"This record already has certificate {living}")
    return None


def outcome_is_clear(outcome: str) -> Reason | None:
    """Only pass and fail can be certified (calibration: only recorded)."""
    if outcome in ("pass", "fail", "recorded"):
        return None
    return reason(
        "outcome_open",
        "结论尚未确定，不能签发",
        "The conclusion is open; nothing can be issued",
        "请退回补测，或按规程处理待定结果",
        "Return it for further measurement, or settle it as the procedure says",
    )


def period_is_known(task: Task, stated: Mapping[str, Any], until: date | None) -> Reason | None:
    """A passing verification prints its last valid day, so its period must be known."""
    passed = stated["evaluation"]["conclusion"] == "pass"
    if until or not passed or task.kind in (Task.Kind.CALIBRATION, Task.Kind.IN_USE):
        return None
    return reason(
        "period_open",
        f"{stated['procedure']['label']} 的检定周期在规程数据中未确定",
        f"The pack leaves the verification period of {stated['procedure']['label']} open",
        "请技术负责人在规程数据中补充周期及其依据",
        "Have the technical lead enter the period with its source in the pack",
    )

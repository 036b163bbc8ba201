"""Whether a certificate may be issued or changed, and why not."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import override

from certificates.models import Certificate
from instruments.models import Record, Task
from lims.core.text import Reason, reason
from lims.people.models import Role, User
from lims.people.rules import has_role


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
    if certificate.state != Certificate.State.ISSUED:
        with override("zh-hans"):
            zh = str(Certificate.State(certificate.state).label)
        with override("en"):
            en = str(Certificate.State(certificate.state).label)
        return reason(
            "not_standing",
            f"证书 {certificate} 当前状态为“{zh}”，不能再撤回或替代",
            f"Certificate {certificate} is in the state “{en}”; it can no longer be withdrawn or replaced",
        )
    return None


def may_replace(certificate: Certificate, successor: Certificate, by: User) -> Reason | None:
    """What takes the place of a certificate is another that stands, issued later for the same instrument or sub-unit."""
    if why := may_withdraw(certificate, by):
        return why
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
    living = Certificate.objects.filter(record=record).exclude(state=Certificate.State.VOID).first()
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

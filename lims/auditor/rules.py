"""Who may walk through everything, draw samples and tick, and why not."""

import re
from collections.abc import Sequence
from datetime import date, timedelta

from lims.auditor.drawing import MOST
from lims.auditor.models import Grant, Sample, Tick
from lims.auditor.selectors import looks_inside
from lims.auditor.selectors.events import READERS
from lims.auditor.selectors.grants import bound, scope
from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.selectors import is_staff, roles_of
from standards.models import Category

ROOMS = "/audit/"
READS_A_FILE = re.compile(r"/devices/profiles/[0-9a-f]+/reread/$")
"""Posts that bring a file to be read, and change nothing."""
LONGEST_GRANT = timedelta(days=366)


def may_audit(viewer: object) -> Reason | None:
    """Staff and auditors look inside; nobody else does."""
    if looks_inside(viewer):
        return None
    return reason(
        "not_an_auditor",
        "只有审核员和本机构人员可以查看",
        "only auditors and the institute's own people may look at this",
    )


def writes(method: str | None, path: str) -> bool:
    """Whether a request may change something, by what it asks for."""
    return method not in ("GET", "HEAD", "OPTIONS") and not READS_A_FILE.match(path)


def may_enter(viewer: object, path: str, *, writes: bool) -> Reason | None:
    """Whether an auditor who is bound by grants may ask for a page."""
    found = bound(viewer)
    if found is None:
        return None
    if found.grant is None:
        return _no_grant(found.last)
    inside = path.startswith(ROOMS)
    if writes and not inside:
        return reason("auditor_reads_only", "审核员只能查看，不能修改", "auditors look, they change nothing",
                      "检查结果请在样本页面填写", "tick and comment on the pages of your sample")  # fmt: skip
    if found.categories is not None and not inside:
        shown = "、".join(found.grant.scope)
        return reason(
            "outside_scope",
            f"审核范围（{shown}）之外：此页面显示的内容超出范围",
            f"outside the scope of the audit ({', '.join(sorted(found.categories))}): this page shows more than that",
            "请从“审核”页面查看范围内的证书、标准和设备，或请质量负责人扩大范围",
            "look from the pages under Audit, or ask the quality manager for a wider scope",
        )
    return None


def _no_grant(last: Grant | None) -> Reason:
    action = ("请联系质量负责人授予审核权限", "ask the quality manager for a grant")
    if last is None:
        return reason("no_grant", "您没有审核授权", "you have no grant to audit", *action)
    if last.revoked_at:
        return reason("grant_revoked", f"您的审核授权已撤销：{last.revoked_reason}",
                      f"your grant to audit was revoked: {last.revoked_reason}", *action)  # fmt: skip
    return reason("outside_period", f"审核授权的期间是 {last.valid_from} 至 {last.valid_until}",
                  f"your grant to audit is for {last.valid_from} to {last.valid_until}", *action)  # fmt: skip


def may_search_events(viewer: object) -> Reason | None:
    """Those who answer for the whole institute, and auditors: events are about everything, so a narrower scope does not
    reach them."""
    if not roles_of(viewer) & READERS:
        return reason("not_an_auditor", "只有审核员、质量负责人和技术负责人可以检索全部事件",
                      "only auditors, the quality manager and the technical lead search all events")  # fmt: skip
    if scope(viewer) is None:
        return None
    return reason(
        "outside_scope", "事件涉及全部业务，超出审核范围", "events are about everything, which is outside the scope of the audit",
        "请从证书、标准或设备“当时的状况”页面查看其事件，或请质量负责人扩大范围",
        "see the events of an object on its page as it stood, or ask the quality manager for a wider scope",
    )  # fmt: skip


def may_grant(viewer: object) -> Reason | None:
    if Role.QUALITY_MANAGER in roles_of(viewer):
        return None
    return reason(
        "not_quality_manager",
        "只有质量负责人可以授予或撤销审核权限",
        "only the quality manager grants and revokes audits",
    )


def grant_makes_sense(
    auditor: object, purpose: str, categories: Sequence[str], valid_from: date, valid_until: date
) -> Reason | None:
    if Role.AUDITOR not in roles_of(auditor) or is_staff(auditor):
        return reason(
            "grantee_is_no_auditor",
            "只能授予只有审核员角色的人员",
            "only people whose single role is auditor are given a grant",
        )
    if not purpose.strip():
        return reason("no_purpose", "没有填写审核事由", "there is no purpose", where="purpose")
    if unknown := set(categories) - set(Category.values):
        names = ", ".join(sorted(unknown))
        return reason(
            "unknown_category", f"没有这个器具类别：{names}", f"there is no category {names}", where="categories"
        )
    if not timedelta(0) <= valid_until - valid_from <= LONGEST_GRANT:
        return reason("grant_period", f"授权期间应为 1 至 {LONGEST_GRANT.days} 天", f"a grant is for 1 to {LONGEST_GRANT.days} days",
                      where="valid_until")  # fmt: skip
    return None


def may_be_revoked(given: Grant, why: str) -> Reason | None:
    if given.revoked_at:
        return reason("already_revoked", "该授权已撤销", "the grant is revoked already")
    if not why.strip():
        return reason("no_reason", "没有填写撤销原因", "there is no reason", where="why")
    return None


def may_draw(viewer: object) -> Reason | None:
    """Auditors draw, and the quality manager for the institute's own audits."""
    if roles_of(viewer) & {Role.AUDITOR, Role.QUALITY_MANAGER}:
        return None
    return reason(
        "not_an_auditor", "只有审核员和质量负责人可以抽样", "only auditors and the quality manager draw samples"
    )


def may_tick(viewer: object, sample: Sample) -> Reason | None:
    """A sample is worked through by whoever drew it."""
    if sample.drawn_by == viewer and not may_draw(viewer):
        return None
    return reason(
        "not_your_sample", "只有抽取该样本的人可以填写检查结果", "only the person who drew the sample ticks its points"
    )


def may_report(viewer: object, sample: Sample) -> Reason | None:
    """The report of a sample is asked for by whoever drew it, or by those who answer for the institute's audits."""
    if sample.drawn_by == viewer and not may_draw(viewer):
        return None
    if roles_of(viewer) & {Role.QUALITY_MANAGER, Role.TECHNICAL_LEAD}:
        return None
    return reason(
        "not_your_sample",
        "只有抽取该样本的人、质量负责人和技术负责人可以生成报告",
        "only the person who drew the sample, the quality manager and the technical lead ask for its report",
    )


def sample_is_possible(seed: str, wanted: int, population: int) -> Reason | None:
    if not seed:
        return reason("no_seed", "没有填写种子", "there is no seed", "请填写公开的、事先无法选择的文字，如约定日期的开奖号码",
                      "enter a published text that nobody could choose, such as the lottery numbers of a day agreed on")  # fmt: skip
    if not population:
        return reason("nothing_to_draw_from", "该期间没有已签发的证书", "no certificate was issued in these days",
                      "请改选期间", "choose other days")  # fmt: skip
    if not 1 <= wanted <= MOST:
        return reason("sample_size", f"抽取份数应为 1 至 {MOST}", f"a sample has 1 to {MOST} certificates")
    return None


def tick_is_complete(point: str, result: str, comment: str) -> Reason | None:
    if point not in Tick.Point.values or result not in Tick.Result.values:
        return reason("unknown_point", "没有这个检查点或结果", "there is no such point or result")
    if result in (Tick.Result.FINDING, Tick.Result.REMARK) and not comment.strip():
        return reason("finding_says_what", "不符合和观察项必须写明内容", "a finding or remark must say what it is about",
                      "请填写说明", "write a comment", where=point)  # fmt: skip
    return None

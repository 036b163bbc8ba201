"""Who may walk through everything, draw samples and tick, and why not."""

from lims.auditor.drawing import MOST
from lims.auditor.models import Sample, Tick
from lims.auditor.selectors import looks_inside
from lims.core.text import Reason, reason
from lims.people.models import Role
from lims.people.selectors import roles_of


def may_audit(viewer: object) -> Reason | None:
    """Staff and auditors look inside; nobody else does."""
    if looks_inside(viewer):
        return None
    return reason(
        "not_an_auditor",
        "只有审核员和本机构人员可以查看",
        "only auditors and the institute's own people may look at this",
    )


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

"""A bundle or a proof held against an export of the whole log: is it of this history, and what became of the certificate since?"""

from collections.abc import Sequence
from pathlib import Path

from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.verify import directory
from lims.audit.verify.report import Report
from lims.audit.verify.story import ISSUED, REPLACED, WITHDRAWN, Story


class Log:
    """An exported log, its entries read once."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError or ValueError when there is none."""
        self.head = checkpoint.unchecked((folder / directory.CHECKPOINT).read_text("utf-8"))
        self.story = Story()
        leaves = directory.read_entries(Report(str(folder)), folder, self.head.size, self.story)
        if leaves is None:
            raise ValueError(f"{folder} is not whole")
        self.leaves = leaves


def check(report: Report, head: Head, number: str, folders: Sequence[Path]) -> None:
    """`head`: the signed head that the bundle or proof rests on; `number`: the certificate, empty when it is about none."""
    for folder in folders:
        try:
            log = Log(folder)
        except (OSError, ValueError):
            continue  # the report about the folder itself says so
        if log.head.origin != head.origin:
            report.unknown(f"{folder} 是另一日志 {log.head.origin}", f"{folder} is another log, {log.head.origin}")
            continue
        if head.size > log.head.size:
            report.unknown(
                f"{folder} 只有 {log.head.size} 条，早于这里的检查点（{head.size} 条）",
                f"{folder} has {log.head.size} entries, it is older than the head here ({head.size})",
            )
            continue
        if log.leaves.disagrees(head):
            report.wrong(
                f"签署的检查点（{head.size} 条）不是日志 {folder} 的开头：存在两套历史，日志被改写或分叉",
                f"the signed head ({head.size} entries) is not the beginning of the log {folder}: there are two histories, "
                "the log was rewritten or forked",
            )
            continue
        report.good(
            f"检查点（{head.size} 条）是日志 {folder}（{log.head.size} 条）的开头",
            f"the head ({head.size} entries) is the beginning of the log {folder} ({log.head.size} entries)",
        )
        if number:
            _since(report, log, number)


def _since(report: Report, log: Log, number: str) -> None:
    life = log.story.lives.get(number)
    if life is None or ISSUED not in life.states:
        report.wrong(f"日志中没有证书 {number} 的签发", f"the log has no issue of certificate {number}")
    elif WITHDRAWN in life.states:
        report.note(
            f"注意：到第 {log.head.size} 条为止，证书 {number} 已撤回",
            f"mind: as of entry {log.head.size} certificate {number} is withdrawn",
        )
    elif REPLACED in life.states:
        by = life.replaced_by or "—"
        report.note(
            f"注意：到第 {log.head.size} 条为止，证书 {number} 已被 {by} 替代",
            f"mind: as of entry {log.head.size} certificate {number} is replaced by {by}",
        )
    else:
        report.good(
            f"到第 {log.head.size} 条为止，证书 {number} 未被撤回或替代",
            f"as of entry {log.head.size} certificate {number} is neither withdrawn nor replaced",
        )

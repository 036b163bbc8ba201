"""What the doctor asks about the event log."""

from datetime import timedelta

from lims.audit import checking
from lims.audit.services import set_back, signer
from lims.core import clock
from lims.core.health import probe
from lims.core.text import Reason, Text, reason

LATE = timedelta(minutes=5)


@probe("event log")
def log_is_current_and_continues() -> Reason | Text:
    if fault := set_back():
        return reason(
            "log_set_back",
            fault.zh,
            fault.en,
            "用最新备份恢复；若已无更新的备份，由质量负责人按操作手册运行 manage.py log restart",
            "restore the newest backup; if there is none, the quality manager begins a new log: manage.py log restart",
        )
    oldest = checking.waiting_since()
    if oldest and clock.now() - oldest.at > LATE:
        return reason(
            "log_waits",
            f"事件 {oldest.pk} 自 {oldest.at:%Y-%m-%d %H:%M:%S} UTC 起未入日志",
            f"event {oldest.pk} has waited for its place in the log since {oldest.at:%Y-%m-%d %H:%M:%S} UTC",
            "请确认 manage.py serve 正在运行，再运行 manage.py log head 查看原因",
            "see that manage.py serve is running, then run manage.py log head to learn why",
        )
    last = signer().last()
    size = last.size if last else 0
    return Text(f"已签署 {size} 条", f"{size} entries signed")

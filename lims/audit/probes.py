"""What the doctor asks about the event log."""

from datetime import timedelta

from lims.audit import checking, selectors
from lims.audit.services import set_back, signer
from lims.core import clock
from lims.core.health import probe
from lims.core.text import Reason, Text, reason

LATE = timedelta(minutes=5)
UNSTAMPED = timedelta(days=2)


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


@probe("stamps of the event log")
def heads_are_stamped() -> Reason | Text | None:
    last, first = selectors.last_stamp(), selectors.oldest_checkpoint()
    since = last.at if last else first.at if first else None
    if since and clock.now() - since > UNSTAMPED:
        return reason(
            "log_not_stamped",
            f"日志头自 {since:%Y-%m-%d %H:%M:%S} UTC 起没有新的时间戳",
            f"the head of the event log has had no new time stamp since {since:%Y-%m-%d %H:%M:%S} UTC",
            "请确认 manage.py serve 正在运行、时间戳服务（LIMS_TIMESTAMP_URL）可用",
            "see that manage.py serve is running and that the time stamp authority (LIMS_TIMESTAMP_URL) answers",
        )
    return Text(f"最近一次 {last.at:%Y-%m-%d}", f"last on {last.at:%Y-%m-%d}") if last else None


@probe("key of the event log")
def key_is_not_half_changed() -> Reason | Text | None:
    own = signer()
    if own.prepared:
        return reason(
            "key_half_changed",
            "日志密钥的更换已开始但没有完成，旧密钥仍然有效",
            "a change of the log's key was begun and not finished; the old key is still in force",
            "请重新运行 manage.py log rotate，它会从中断处继续",
            "run manage.py log rotate again, it goes on where it ended",
        )
    until = own.both_until
    return (
        Text(f"新旧密钥并行至 {until:%Y-%m-%d}", f"the old and the new key both sign until {until:%Y-%m-%d}")
        if until
        else None
    )

"""What the doctor asks about the kernel: clock, database, triggers, files, work that waits, disk, backup."""

import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from lims.core import clock, frozen
from lims.core.backup.making import LAST
from lims.core.health import probe
from lims.core.models import Job
from lims.core.text import Reason, Text, reason

# A clock before the day this was written has lost its battery.
EARLIEST = datetime(2026, 11, 1, tzinfo=UTC)
WAITED_TOO_LONG = timedelta(minutes=15)
BACKUP_TOO_OLD = timedelta(days=2)
DISK_NEEDED = 1 << 30


@probe("clock")
def clock_is_plausible() -> Reason | Text:
    now = clock.now()
    newest = _newest_deed()
    if now < EARLIEST or (newest and now < newest - timedelta(seconds=5)):
        return reason(
            "clock_wrong",
            f"系统时间 {now:%Y-%m-%d %H:%M:%S} UTC 早于已保存的数据",
            f"the clock says {now:%Y-%m-%d %H:%M:%S} UTC, earlier than what is stored already",
            "请校准服务器时间（timedatectl set-ntp true）",
            "set the server's clock (timedatectl set-ntp true)",
        )
    return Text(f"{now:%Y-%m-%d %H:%M:%S} UTC", f"{now:%Y-%m-%d %H:%M:%S} UTC")


@probe("database")
def database_is_whole() -> Reason | Text:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        if connection.vendor == "postgresql":
            cursor.execute("SHOW server_version")
            version = f"PostgreSQL {cursor.fetchone()[0]}"
            return Text(version, version)
        cursor.execute("PRAGMA quick_check(3)")
        found = [row[0] for row in cursor.fetchall()]
    if found != ["ok"]:
        return reason(
            "database_damaged",
            f"数据库文件损坏：{found[0]}",
            f"the database file is damaged: {found[0]}",
            "请停止服务，从最近的备份恢复（manage.py restore）",
            "stop the service and restore the newest backup (manage.py restore)",
        )
    return Text(f"SQLite {sqlite3.sqlite_version}", f"SQLite {sqlite3.sqlite_version}")


@probe("migrations")
def database_is_up_to_date() -> Reason | None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return None
    return reason(
        "migrations_missing",
        f"数据库缺少 {len(plan)} 个迁移",
        f"the database lacks {len(plan)} migrations",
        "请运行 manage.py migrate",
        "run: manage.py migrate",
    )


@probe("triggers")
def frozen_tables_are_frozen() -> Reason | Text:
    lost = frozen.missing(connection)
    if lost:
        return reason(
            "triggers_missing",
            f"缺少 {len(lost)} 个防改触发器，例如 {lost[0]}",
            f"{len(lost)} triggers of write-once tables are missing, e.g. {lost[0]}",
            "请运行 manage.py migrate，并核查事件日志",
            "run: manage.py migrate, and look into the event log",
        )
    count = len(list(frozen.frozen_models()))
    return Text(f"{count} 张只写表", f"{count} write-once tables")


@probe("files")
def files_can_be_written() -> Reason | None:
    folder = Path(settings.FILES_DIR)
    test = folder / ".doctor"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        test.write_bytes(b"x")
        test.unlink()
    except OSError as error:
        return reason(
            "files_not_writable",
            f"文件目录 {folder} 不可写（{error.strerror}）",
            f"the files directory {folder} cannot be written ({error.strerror})",
            "请检查目录权限与磁盘",
            "check the directory's permissions and the disk",
        )
    return None


@probe("disk space")
def disk_has_room() -> Reason | Text:
    free = shutil.disk_usage(settings.DATA_DIR).free
    if free < DISK_NEEDED:
        return reason(
            "disk_full",
            f"磁盘剩余空间仅 {free >> 20} MiB",
            f"only {free >> 20} MiB are free on the disk",
            "请清理或扩充磁盘",
            "free some space or enlarge the disk",
        )
    return Text(f"剩余 {free >> 30} GiB", f"{free >> 30} GiB free")


@probe("jobs")
def no_work_waits_too_long() -> Reason | Text:
    # Work planned for later is not waiting; what failed and is put off is.
    waiting = Job.objects.filter(done_at=None).exclude(attempts=0, due_at__gt=clock.now()).order_by("created_at")
    oldest = waiting.first()
    if oldest is None:
        return Text("没有等待的后台工作", "no work is waiting")
    age = clock.now() - oldest.created_at
    if age > WAITED_TOO_LONG:
        problem = f"：{oldest.last_error}" if oldest.last_error else ""
        return reason(
            "job_waits",
            f"{oldest} 已等待 {_minutes(age)} 分钟，尝试 {oldest.attempts} 次{problem}",
            f"{oldest} has waited {_minutes(age)} minutes, tried {oldest.attempts} times{problem.replace('：', ': ')}",
            "请确认 manage.py serve 正在运行，并排除上述错误；系统会自动重试",
            "see that manage.py serve is running and mend the error; it is tried again by itself",
        )
    return Text(f"{waiting.count()} 项等待", f"{waiting.count()} waiting")


@probe("backup")
def backup_is_recent() -> Reason | Text | None:
    action = ("请运行 manage.py backup 目录，并安排每日执行", "run: manage.py backup DIR, and have it run every day")
    try:
        last = json.loads((Path(settings.DATA_DIR) / LAST).read_text(encoding="utf-8"))
        at = datetime.fromisoformat(last["at"])
    except (OSError, ValueError, KeyError, TypeError):
        if not settings.PRODUCTION:
            return Text("尚未备份（演示系统）", "never (a demonstration)")
        return reason("backup_never", "从未备份", "no backup was ever made", *action)
    told = f"{at:%Y-%m-%d %H:%M} UTC"
    if settings.PRODUCTION and clock.now() - at > BACKUP_TOO_OLD:
        return reason("backup_old", f"最近一次备份是 {told}", f"the last backup is of {told}", *action)
    return Text(told, told)


def _minutes(age: timedelta) -> int:
    return int(age.total_seconds() // 60)


def _newest_deed() -> datetime | None:
    return Job.objects.order_by("-pk").values_list("created_at", flat=True).first()

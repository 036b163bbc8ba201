"""What may be written in a draft record, and what a record must hold before it is submitted."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from devices import rules as device_rules
from devices.models import CaptureSession, Reading
from devices.profiles import load_profile
from instruments.models import Entry, Record, RecordSession, Task
from instruments.rules.work import Deed, by_the_technician
from instruments.selectors import paths
from instruments.selectors.record import Sheet
from lims.core.text import Reason, reason
from lims.people import rules as people_rules
from lims.people.models import Role, User
from standards.procedures.record import ADJUSTMENTS, parse_number
from standards.procedures.schema import Reading as ReadingColumn

GOOD = frozenset({"good", "ok"})
LONGEST_TEXT = 500
RESULTS = ("", "pass", "fail", "not_applicable")
SHOWN_MISSING = 8


def is_open(record: Record) -> bool:
    """Whether the record is a draft of a task that is being recorded."""
    return record.state == Record.State.DRAFT and record.task.state == Task.State.RECORDING


def may_write(record: Record, by: User) -> Reason | None:
    """Only the task's technician writes, only in a draft, only while the task is being recorded."""
    task = record.task
    if refusal := people_rules.has_role(by, Role.TECHNICIAN):
        return refusal
    if not is_open(record):
        return reason(
            "record_closed",
            f"记录 {record} 已提交或任务已关闭，不能再填写",
            f"Record {record} has been submitted, or the task is closed; it can no longer be written",
            "如需更正，请核验员或批准人退回任务；退回后在新的记录中更正",
            "To correct it, have the checker or approver return the task; the correction goes into a new attempt",
        )
    deed = Deed(task=task, verb="write", by=by, day=record.started_at.date(), technician=task.technician)
    return by_the_technician(deed)


def too_many_entries(count: int, most: int) -> Reason:
    return reason(
        "too_many_entries",
        f"一次最多保存 {most} 个值，这里有 {count} 个",
        f"At most {most} values are saved at once, there are {count}",
        "请分批保存",
        "Save them in several batches",
    )


def why_replaced(code: str, text: str) -> Reason | None:
    """Changing a value that is there needs its reason."""
    if code in Entry.Why.values and (code != Entry.Why.OTHER or text.strip()):
        return None
    return reason(
        "reason_required",
        "更正已有的值必须说明原因",
        "Replacing a value needs a reason",
        "请选择原因；选“其他”时请写明",
        "Choose a reason; for “other” write it down",
    )


def unknown_role(role: str) -> Reason:
    return reason(
        "unknown_role",
        f"规程没有规定用途“{role[:60]}”的设备",
        f"The procedure asks for no device in the role “{role[:60]}”",
        "请刷新页面后重新选择",
        "Reload the page and choose again",
        where="devices",
    )


def session_fits(record: Record, session: CaptureSession, by: User) -> Reason | None:
    """A record takes readings of sessions that its technician opened, not of a colleague's work at the next bench."""
    if session.operator_id != by.pk:
        return reason(
            "session_of_another",
            f"该采集由 {session.operator} 开始，不能用于您的记录",
            f"This capture was begun by {session.operator}; it cannot serve your record",
            "请自己开始一次采集",
            "Begin a capture of your own",
        )
    other = RecordSession.objects.filter(session=session).exclude(record__task_id=record.task_id).first()
    if other is None:
        return None
    return reason(
        "session_in_other_record",
        f"该采集已用于记录 {other.record}",
        f"This capture already serves record {other.record}",
        "请为本记录重新开始采集",
        "Begin a new capture for this record",
    )


@lru_cache(maxsize=64)
def channel_roles(profile_text: str) -> dict[str, str]:
    """Which measuring device each channel of a rig profile belongs to."""
    return {channel.id: channel.role for channel in load_profile(profile_text).channels}


def column_of(sheet: Sheet, path: str) -> ReadingColumn | None:
    """The reading column that a path of `items.` belongs to; None for values of points, judgements and environment."""
    steps = paths.parts(path)
    if steps[0] != "items" or "values" in steps:
        return None
    return sheet.pack.item(str(steps[1])).reading(str(steps[-1]))


def entry_refusals(
    sheet: Sheet, places: set[str], *, path: str, value: str, rig: bool, reading: Reading | None, reused: bool = False
) -> list[Reason]:
    """Why one value cannot be put at one place; empty when it can."""
    if reused:
        return [
            reason(
                "entry_elsewhere",
                "这个录入编号已用于另一份记录",
                "This entry identifier belongs to another record",
                "请刷新页面后重新录入",
                "Reload the page and enter the value again",
                where=path,
            )
        ]
    if path not in places:
        return [
            reason(
                "unknown_place",
                f"记录中没有这个位置：{path[:80]}",
                f"The record has no such place: {path[:80]}",
                "请刷新页面；参数或规程可能已变化",
                "Reload the page; the parameters may have changed",
                where=path,
            )
        ]
    found = _value_refusal(path, value) or _parameter_refusal(sheet, path, value)
    if found is None and rig:
        found = next(_rig_refusals(sheet, path, value, reading), None)
    return [found] if found else []


def _value_refusal(path: str, value: str) -> Reason | None:
    if len(value) > LONGEST_TEXT or "\x00" in value or value != value.strip():
        return reason(
            "not_a_value",
            f"文字过长（最多 {LONGEST_TEXT} 字）或含有首尾空格、控制字符",
            f"Text longer than {LONGEST_TEXT} characters, or with blanks around it or control characters",
            "请修改后重新录入",
            "Change it and enter it again",
            where=path,
        )
    if path.startswith("judged.") and path.endswith(".result"):
        if value in RESULTS:
            return None
        return reason(
            "not_a_result",
            "结果只能是合格、不合格或不适用",
            "The result is pass, fail or not applicable",
            "请重新选择",
            "Choose again",
            where=path,
        )
    if path == "adjustment.kind" and value not in ADJUSTMENTS:
        return reason(
            "not_a_choice",
            "只能是调整或修理，未作时留空",
            "It is an adjustment or a repair, or empty when there was none",
            "请从列表中选择",
            "Choose from the list",
            where=path,
        )
    if value and path.startswith(("items.", "environment.")) and parse_number(value) is None:
        return _not_a_number(path, value)
    return None


def _parameter_refusal(sheet: Sheet, path: str, value: str) -> Reason | None:
    """A parameter with a closed list takes one of its choices; any other is a number."""
    top, _, name = path.partition(".")
    parameter = sheet.pack.parameter(name) if top == "parameters" else None
    if parameter is None or not value:
        return None
    if not parameter.options:
        return None if parse_number(value) is not None else _not_a_number(path, value)
    if value in {option.value for option in parameter.options}:
        return None
    return reason(
        "not_a_choice",
        f"“{value[:30]}”不是“{parameter.label.zh}”的选项",
        f"“{value[:30]}” is no choice of “{parameter.label.en}”",
        "请从列表中选择：" + "、".join(option.label.zh for option in parameter.options),
        "Choose from the list: " + ", ".join(option.label.en for option in parameter.options),
        where=path,
    )


def _not_a_number(path: str, value: str) -> Reason:
    return reason(
        "not_a_number",
        f"“{value[:30]}”不是十进制数",
        f"“{value[:30]}” is not a decimal number",
        "只填数字、正负号和小数点，不写单位",
        "Only digits, a sign and a decimal point, without the unit",
        where=path,
    )


def _rig_refusals(sheet: Sheet, path: str, value: str, reading: Reading | None) -> Iterator[Reason]:
    """The server takes a rig value from its own reading row, never on the word of the browser."""
    column = column_of(sheet, path)
    if reading is None:
        yield reason(
            "reading_unknown",
            "服务器没有收到这个装置读数",
            "The server has not received this reading",
            "请等待工位上传后再取数，或检查工位网络",
            "Wait for the bench to upload it, or check the bench's network",
            where=path,
        )
        return
    if not sheet.record.sessions.filter(session_id=reading.session_id).exists():
        yield reason(
            "reading_of_other_session",
            "该读数不属于本记录所用的采集会话",
            "This reading is not of a capture session of this record",
            "请先在本记录中开始或选择采集",
            "Begin or choose a capture in this record first",
            where=path,
        )
    if reading.quality not in GOOD:
        yield reason(
            "reading_not_good",
            f"读数质量为“{reading.quality}”，不能作为检定数据",
            f"The quality of the reading is “{reading.quality}”; it is no value to verify with",
            "请排除通信或量程问题后重新取数",
            "Mend the connection or the range, then take the value again",
            where=path,
        )
    if reading.value != value:
        yield reason(
            "reading_differs",
            f"装置读数是 {reading.value}，与提交的 {value[:30]} 不同",
            f"The reading is {reading.value}, not {value[:30]}",
            "请重新取数",
            "Take the value again",
            where=path,
        )
    elif made_up := device_rules.follows_from_its_bytes(reading):
        yield replace(made_up, where=path)
    if column is None or column.quantity != reading.quantity:
        wanted = column.quantity if column else ""
        yield reason(
            "reading_of_other_quantity",
            f"这里需要的量是“{wanted or '手工录入'}”，装置读数是“{reading.quantity}”",
            f"This place wants “{wanted or 'a typed value'}”, the reading is “{reading.quantity}”",
            "请选择对应的通道",
            "Choose the channel that fits",
            where=path,
        )
    elif (role := channel_roles(reading.session.profile.text).get(reading.channel, "")) and role != column.role:
        yield reason(
            "reading_of_other_role",
            f"这里需要“{column.role}”的读数，通道 {reading.channel} 属于“{role}”",
            f"This place wants a reading of “{column.role}”, channel {reading.channel} belongs to “{role}”",
            "请选择对应的通道",
            "Choose the channel that fits",
            where=path,
        )
    elif column.unit != reading.unit:
        yield reason(
            "reading_in_other_unit",
            f"这里的单位是 {column.unit}，装置读数的单位是 {reading.unit}",
            f"The unit here is {column.unit}, the reading is in {reading.unit}",
            "请技术负责人核对规程与装置配置的单位",
            "Have the technical lead compare the units of the procedure and the rig profile",
            where=path,
        )


def is_complete(deed: Deed) -> Reason | None:
    """A record that lacks data is not submitted."""
    if deed.sheet is None:
        return reason(
            "no_record",
            "任务还没有可提交的记录",
            "The task has no record to submit",
            "请先开始检定并填写记录",
            "Start the verification and fill in the record first",
        )
    missing = deed.sheet.evaluation.missing
    if not missing and deed.sheet.evaluation.conclusion != "incomplete":
        return None
    zh = "；".join(one.text.zh.rstrip("。") for one in missing[:SHOWN_MISSING])
    en = "; ".join(one.text.en.rstrip(".") for one in missing[:SHOWN_MISSING])
    more_zh, more_en = ("……", " …") if len(missing) > SHOWN_MISSING else ("", "")
    return reason(
        "record_incomplete",
        f"记录还缺 {len(missing)} 处：{zh}{more_zh}",
        f"The record still lacks {len(missing)} entries: {en}{more_en}",
        "请在记录表中补齐后再提交",
        "Complete the sheet, then submit",
        where=missing[0].path if missing else "",
    )


def is_decided(deed: Deed) -> Reason | None:
    """A verification that comes to neither pass nor fail is not submitted."""
    if deed.sheet is None or deed.task.kind == Task.Kind.CALIBRATION:
        return None
    if deed.sheet.evaluation.conclusion != "undecided":
        return None
    return reason(
        "record_undecided",
        "按规程数据不能判定合格或不合格（结论待定）",
        "By the procedure's data neither pass nor fail can be concluded (undecided)",
        "请检查未确认或待填的限值，由技术负责人补充规程数据，或重新测量",
        "Look at the open limits and have the technical lead complete the procedure, or measure again",
    )

"""The capture sessions of a bundle: each chain of frames, each reading decoded once more from its bytes, and the values of the
record that came from them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from devices import exchangefile
from devices.agent import evidence
from devices.exchangefile import FileReading, SessionFile
from devices.profiles import ProfileErrors, load_profile
from devices.replay import Again, again
from lims.audit.verify.archive import Archive
from lims.audit.verify.events import Events
from lims.audit.verify.report import Report
from lims.core.text import DataError, Text

TOLERANCE = timedelta(minutes=10)
"""How far the clock of a bench computer may stand from the server's."""


@dataclass
class Read:
    """Sessions that could be read. `by`: the reading of a session by its number; `frames`: when a frame was written down."""

    by: dict[tuple[str, int], FileReading] = field(default_factory=dict)
    frames: dict[tuple[str, int], datetime] = field(default_factory=dict)
    differs: set[tuple[str, int]] = field(default_factory=set)


def check(report: Report, archive: Archive, record: Mapping[str, Any], events: Events) -> None:
    """Every session that the record names, then every value that the record took from one."""
    read = Read()
    for stated in record["sessions"]:
        name = f"sessions/{stated['session']}.jsonl"
        try:
            session = exchangefile.load(archive.lines(name))
        except DataError as error:
            where = f"{name} {error.path}".strip()
            report.wrong(f"{where}：{error.text.zh}", f"{where}: {error.text.en}")
            continue
        _chain(report, session, stated, events)
        _decode(report, archive, session, stated, read)
    _values(report, record["values"], read)


def _chain(report: Report, session: SessionFile, stated: Mapping[str, Any], events: Events) -> None:
    short = session.session[:8]
    if session.broken_at is not None:
        report.wrong(
            f"会话 {short} 的帧校验链在第 {session.broken_at} 帧断开：原始数据被改动、删除或调换",
            f"the chain of session {short} breaks at frame {session.broken_at}: raw data were altered, removed or reordered",
        )
        return
    count = int(stated["frames"])
    frames = session.frames
    at_submit = frames[count - 1].hash if 0 < count <= len(frames) else evidence.header_hash(session.header).hex()
    fits = session.session == stated["session"] and count <= len(frames) and at_submit == stated["head"]
    if not fits or evidence.header_hash(session.header).hex() != stated["header_sha256"]:
        report.wrong(
            f"会话 {short} 不是记录提交时的那一个：帧数、链头或会话头与原始记录不符",
            f"session {short} is not the one of the record: frames, head or header differ from what the record froze",
        )
        return
    closed = [one for one in events.of("devices.capturesession") if one.about[1] == session.session]
    ends = [one for one in closed if one.verb == "session.closed"]
    if ends and (ends[-1].payload.get("head"), ends[-1].payload.get("frames")) != (session.head, str(len(frames))):
        report.wrong(
            f"会话 {short} 与日志登记的结束状态（帧数、链头）不符：尾部被改动",
            f"session {short} differs from the end that the log holds (frames, head): its tail was altered",
        )
        return
    anchored = ends[-1] if ends else None
    zh, en = (
        (f"，其链头在日志第 {anchored.index} 条", f", its head is in entry {anchored.index} of the log")
        if anchored
        else ("", "")
    )
    report.good(
        f"会话 {short}：{len(frames)} 帧的校验链完整，链头与原始记录一致{zh}",
        f"session {short}: the chain of {len(frames)} frames is whole and ends as the record says{en}",
    )


def _decode(report: Report, archive: Archive, session: SessionFile, stated: Mapping[str, Any], read: Read) -> None:
    short = session.session[:8]
    try:
        profile = load_profile(archive.text(f"profiles/{stated['profile_sha256']}.toml"))
        same = load_profile(session.profile_text)
    except ProfileErrors as error:
        first = error.mistakes[0]
        report.wrong(
            f"装置配置不可用：{first.path}：{first.text.zh}",
            f"the rig profile cannot be used: {first.path}: {first.text.en}",
        )
        return
    if {profile.sha256, same.sha256, session.profile_sha256} != {stated["profile_sha256"]}:
        report.wrong(
            f"会话 {short} 的装置配置不是原始记录所指的版本",
            f"the rig profile of session {short} is not the version that the record pins",
        )
        return
    found: list[Again] = list(again(profile, session.header, session.frames, session.readings))
    different = [one for one in found if not one.agrees]
    for frame in session.frames:
        read.frames[session.session, frame.seq] = datetime.fromtimestamp(frame.wall_ns // 1_000_000_000, UTC)
    for reading in session.readings:
        read.by[session.session, reading.seq_no] = reading
    read.differs |= {(session.session, one.stored.seq_no) for one in different}
    report.several(
        [
            Text(
                f"会话 {short} 第 {one.stored.seq_no} 个读数（{one.stored.channel}）记为 {one.stored.value or '—'} {one.stored.unit}，"
                f"原始字节解得 {one.value or '—'} {one.unit}：读数被改动",
                f"session {short}, reading {one.stored.seq_no} ({one.stored.channel}) is stored as {one.stored.value or '—'} "
                f"{one.stored.unit}, its bytes say {one.value or '—'} {one.unit}: the reading was altered",
            )
            for one in different
        ]
    )
    if not different:
        report.good(
            f"会话 {short}：{len(found)} 个读数逐一由原始字节按配置 {profile.id} 重新解码，逐位相同",
            f"session {short}: {len(found)} readings decoded again from the raw bytes with profile {profile.id}, every digit the same",
        )


def _values(report: Report, values: Iterable[Mapping[str, Any]], read: Read) -> None:
    """Values taken from rigs against their readings; typed ones are counted, nobody can recompute those."""
    rig = typed = 0
    typists: dict[str, None] = {}
    faults: list[Text] = []
    for value in values:
        if value["origin"] != "rig":
            typed += 1
            typists[str(value["by"])] = None
            continue
        rig += 1
        fault = _of_reading(value, read)
        if fault:
            faults.append(Text(f"{value['path']}：{fault.zh}", f"{value['path']}: {fault.en}"))
    report.several(faults)
    if rig and not faults:
        report.good(
            f"记录中 {rig} 个装置读数与会话中的读数逐位相同",
            f"{rig} values that the record took from rigs are the readings of the sessions, digit by digit",
        )
    if typed:
        report.note(
            f"{typed} 个值由 {'、'.join(typists)} 手工录入：无原始字节可核，只能核对录入时间与日志",
            f"{typed} values were typed by {', '.join(typists)}: there are no bytes behind them, only the log of when they were put down",
        )


def _of_reading(value: Mapping[str, Any], read: Read) -> Text | None:
    stated = value["reading"]
    key = str(stated["session"]), int(stated["seq_no"])
    reading = read.by.get(key)
    if reading is None:
        return Text("所指的读数不在包内会话中", "the reading it names is in no session of the bundle")
    if (reading.value, reading.unit, reading.channel) != (value["value"], stated["unit"], stated["channel"]):
        return Text(
            f"记录为 {value['value']} {stated['unit']}，会话读数为 {reading.value} {reading.unit}：读数被改动",
            f"the record says {value['value']} {stated['unit']}, the reading is {reading.value} {reading.unit}: the reading was altered",
        )
    if key in read.differs:
        return Text("其读数与原始字节不符", "its reading is not what the bytes say")
    last = reading.rx_seq or reading.tx_seq
    at = read.frames.get((key[0], last)) if last else None
    if at and at > datetime.fromisoformat(value["at"]) + TOLERANCE:
        return Text("读取时间晚于录入时间：倒签", "it was read after it was put down: back-dated")
    return None

"""The internal events of a bundle: each leaf worked out from its salt, each place proven, and the life they tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lims.audit import leaves
from lims.audit.tlog import checkpoint
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import ProofError, check_inclusion, leaf_hash
from lims.audit.tlog.note import NoteError, Verifier, decode
from lims.audit.verify.report import Report
from lims.core.text import DataError, Text

SCHEMA = "lims-evidence-events/1"
MOST_EVENTS, MOST_HASHES = 20_000, 64
TASK, CERTIFICATE = "instruments.task", "certificates.certificate"
ISSUED, SEALED = "certificate.issued", ("certificate.issued", "certificate.prolonged")
TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Told:
    """One event whose leaf stands in the log. `content`: actor, from, object, payload, request, to, version."""

    index: int
    at: datetime
    verb: str
    content: Mapping[str, Any]
    public: Mapping[str, str]

    @property
    def payload(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.content["payload"]
        return found

    @property
    def actor(self) -> str:
        return str(self.content["actor"]["id"])

    @property
    def actor_name(self) -> str:
        return str(self.content["actor"]["name"])

    @property
    def about(self) -> tuple[str, str, str]:
        """Type, id and label of the object."""
        one = self.content["object"]
        return str(one["type"]), str(one["id"]), str(one["label"])


@dataclass(frozen=True)
class Events:
    """What the log vouches for, in its order, and the signed head; no head when nobody signed it."""

    told: tuple[Told, ...]
    note: str
    head: Head | None

    @property
    def certificate(self) -> str:
        """The number of the certificate that was issued, empty when none was."""
        return next((str(one.public.get("cert", "")) for one in self.told if one.verb == ISSUED), "")

    def of(self, kind: str, label: str = "") -> list[Told]:
        return [one for one in self.told if one.about[0] == kind and label in ("", one.about[2])]

    def last(self, verb: str, label: str = "") -> Told | None:
        return next((one for one in reversed(self.told) if one.verb == verb and label in ("", one.about[2])), None)

    def deed(self, verb: str, record: str) -> Told | None:
        """The last event of this verb about a record: a task that was opened again has had several."""
        found = (one for one in reversed(self.told) if one.verb == verb)
        return next((one for one in found if record in (one.about[2], one.payload.get("record"))), None)


def check(report: Report, data: Mapping[str, Any], log: Verifier | None) -> Events:
    """Works out every leaf and its place. What does not hold is told and left out of what is returned."""
    if data["schema"] != SCHEMA or len(data["events"]) > MOST_EVENTS:
        raise DataError("events.json", f"应为 {SCHEMA}", f"this must be {SCHEMA}")
    note = str(data["checkpoint"])
    head = _head(report, note, log)
    told: list[Told] = []
    faults: list[Text] = []
    for one in data["events"]:
        fault = _fault(one, head)
        if fault is None:
            told.append(
                Told(one["index"], datetime.fromisoformat(one["at"]), one["verb"], one["content"], one["public"])
            )
        else:
            name = f"{one.get('index')} {one.get('verb')}"
            faults.append(Text(f"事件 {name} 与日志不符：{fault}", f"event {name} does not fit the log: {fault}"))
    report.several(faults)
    told.sort(key=lambda one: one.index)
    if len({one.index for one in told}) != len(told):
        report.wrong("同一日志位置出现两次", "one place of the log is claimed by two events")
    if told and not faults and head:
        report.good(
            f"{len(told)} 个内部事件的盐值摘要与包含证明全部成立：它们在检查点之前就是这样登记的",
            f"the salted digests and inclusion proofs of {len(told)} internal events hold: they were entered exactly so",
        )
    return Events(tuple(told), note, head)


def _head(report: Report, note: str, log: Verifier | None) -> Head | None:
    if log is None:
        report.unknown(
            "没有日志公钥，不知检查点由谁签署", "there is no public key of the log: it cannot be told who signed"
        )
        return checkpoint.unchecked(note)
    try:
        head = checkpoint.opened(note, log)
    except NoteError as error:
        report.wrong(
            f"事件检查点的签名无效：{error}", f"the checkpoint of the events is not signed by {log.name}: {error}"
        )
        return None
    report.good(
        f"事件检查点由 {log.name} 签署，共 {head.size} 条",
        f"the checkpoint of the events is signed by {log.name}: {head.size} entries",
    )
    return head


def _fault(one: Mapping[str, Any], head: Head | None) -> str | None:
    """Why an event does not stand where it says, in English words of the log's own; None when it does."""
    try:
        leaf = leaves.leaf(
            at=one["at"], verb=one["verb"], salt=one["salt"], content=one["content"], public=one["public"]
        )
        if one["at"] != datetime.fromisoformat(one["at"]).isoformat() or not one["at"].endswith("+00:00"):
            return "its time is not UTC"
        if len(one["hashes"]) > MOST_HASHES or type(one["index"]) is not int:
            return "malformed"
        if head is None:
            return "the head is not signed"
        check_inclusion(one["index"], head.size, leaf_hash(leaf), [decode(each) for each in one["hashes"]], head.root)
    except ProofError as error:
        return str(error)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return f"malformed ({type(error).__name__})"
    return None


def task(report: Report, events: Events, number: str, certificate: str) -> None:
    """Whether the life of the task up to the issue is whole: every version there, every state following from the one before.

    What came later, such as opening it again for a correction, belongs to another certificate.
    """
    line = events.of(TASK, number)
    ends = [
        at for at, one in enumerate(line) if one.verb == "task.issue" and one.payload.get("certificate") == certificate
    ]
    line = line[: ends[-1] + 1] if ends else line
    faults: list[Text] = []
    state, version, at = None, 0, None
    for one in line:
        found = int(one.content["version"])
        if found:
            if version and found not in (version, version + 1):
                faults.append(
                    Text(
                        f"任务 {number} 的事件从第 {version} 版跳到第 {found} 版：中间有事件被隐去",
                        f"the events of task {number} jump from version {version} to {found}: events in between are withheld",
                    )
                )
            version = found
        if state is not None and one.content["to"] and one.content["from"] != state:
            faults.append(
                Text(
                    f"任务 {number}：“{one.verb}”由“{one.content['from']}”开始，而此前为“{state}”",
                    f"task {number}: {one.verb} begins from {one.content['from']!r}, the state before was {state!r}",
                )
            )
        if one.content["to"]:
            state = one.content["to"]
        if at and one.at < at - TOLERANCE:
            faults.append(_backdated(one, at))
        at = max(at, one.at) if at else one.at
    if not line or line[0].content["from"] or state != "issued":
        faults.append(
            Text(
                f"任务 {number} 从受理到发证的事件不完整",
                f"the events of task {number} do not lead from acceptance to issue",
            )
        )
    report.several(faults)
    if not faults:
        report.good(
            f"任务 {number} 从受理到发证共 {len(line)} 个事件，版本与状态前后相接，时间顺序无误",
            f"task {number}: {len(line)} events from acceptance to issue, versions and states without a gap, times in order",
        )


def _backdated(one: Told, before: datetime) -> Text:
    return Text(
        f"第 {one.index} 条“{one.verb}”的时间 {one.at:%Y-%m-%d %H:%M:%S} 早于它前面的事件（{before:%Y-%m-%d %H:%M:%S}）：倒签",
        f"entry {one.index} ({one.verb}) is dated {one.at:%Y-%m-%d %H:%M:%S}, before events that precede it "
        f"({before:%Y-%m-%d %H:%M:%S}): back-dated",
    )


def frozen(report: Report, events: Events, record: str, record_sha256: str) -> None:
    """Whether record, check and approval in the log are all about this very record."""
    wanted = (
        ("record.frozen", "提交", "submitted"),
        ("task.check", "核验", "checked"),
        ("task.approve", "批准", "approved"),
    )
    places = []
    for verb, zh, en in wanted:
        one = events.deed(verb, record)
        if one is None:
            report.wrong(f"日志中没有记录 {record} 的{zh}事件", f"the log has no event that record {record} was {en}")
            continue
        places.append(one.index)
        when = f"{one.at:%Y-%m-%d %H:%M:%S} UTC"
        report.compare(
            one.payload.get("sha256") == record_sha256,
            Text(
                f"{one.actor_name} 于 {when} {zh}的正是这份记录（SHA-256 一致，日志第 {one.index} 条）",
                f"what {one.actor_name} {en} at {when} is this very record (same SHA-256, entry {one.index})",
            ),
            Text(
                f"{one.actor_name} 于 {when} {zh}的是另一内容的记录：record.json 被改动",
                f"what {one.actor_name} {en} at {when} is a record with another content: record.json was altered",
            ),
        )
    if places != sorted(places):
        report.wrong("提交、核验、批准的先后次序不对", "submission, check and approval do not follow one another")


def values(report: Report, events: Events, record: Mapping[str, Any]) -> None:
    """Whether every value of the record stands in the event of the moment in which it was put down."""
    saved: dict[tuple[str, str, str], list[Told]] = {}
    for one in events.told:
        if one.verb == "record.values_saved":
            for put in one.payload["values"]:
                saved.setdefault((put["path"], put["value"], put["origin"]), []).append(one)
    faults = []
    for value in record["values"]:
        at = datetime.fromisoformat(value["at"])
        found = saved.get((value["path"], value["value"], value["origin"]), [])
        near = [one for one in found if abs(one.at - at) <= TOLERANCE]
        if not found:
            faults.append(
                Text(
                    f"{value['path']} 的值 {value['value']} 在日志中没有录入事件：原始记录的值被改动",
                    f"{value['path']}: the log has no event that {value['value']} was put down: the value was altered",
                )
            )
        elif not near:
            faults.append(
                Text(
                    f"{value['path']} 自称于 {value['at']} 录入，日志登记为 {found[0].at:%Y-%m-%d %H:%M:%S} UTC：倒签",
                    f"{value['path']} claims to be of {value['at']}, the log has it at {found[0].at:%Y-%m-%d %H:%M:%S} UTC: back-dated",
                )
            )
    report.several(faults)
    if record["values"] and not faults:
        report.good(
            f"记录的 {len(record['values'])} 个录入值，连同改动前的值，都在录入当时登入日志",
            f"all {len(record['values'])} values put into the record, corrected ones included, were logged when they were put down",
        )


def dates(report: Report, events: Events, facts: Mapping[str, Any], record: Mapping[str, Any]) -> None:
    """Whether the days that record and certificate print are those of their events, by the institute's own clock."""
    submitted = datetime.fromisoformat(record["dates"]["submitted"])
    faults: list[Text] = []
    pairs = (
        ("record.frozen", record["record"]["number"], "提交时间", "time of submission", submitted),
        (
            "record.started",
            record["record"]["number"],
            "开始时间",
            "time of the beginning",
            _moment(record["dates"]["started"]),
        ),
    )
    for verb, label, zh, en, stated in pairs:
        one = events.last(verb, label)
        if one and abs(one.at - stated) > TOLERANCE:
            faults.append(
                Text(
                    f"记录所写{zh} {stated.isoformat()} 与日志 {one.at:%Y-%m-%d %H:%M:%S} UTC 不符：倒签",
                    f"the record's {en} {stated.isoformat()} is not that of the log, {one.at:%Y-%m-%d %H:%M:%S} UTC: back-dated",
                )
            )
    numbered = events.last("certificate.numbered", facts["number"])
    if numbered is not None:
        day = numbered.at.astimezone(submitted.tzinfo).date().isoformat()
        if facts["dates"]["issued"] != day:
            faults.append(
                Text(
                    f"证书所印签发日期 {facts['dates']['issued']} 与日志中取得编号的日期 {day} 不符：倒签",
                    f"the certificate prints {facts['dates']['issued']} as its day of issue, its number was taken on {day}: back-dated",
                )
            )
    measured = [_moment(one["at"]).astimezone(submitted.tzinfo).date().isoformat() for one in record["values"]]
    if measured and not min(measured) <= facts["dates"]["verified"] <= max(measured):
        faults.append(
            Text(
                f"检定日期 {facts['dates']['verified']} 不在录入数据的日期（{min(measured)} 至 {max(measured)}）之内",
                f"the day of verification {facts['dates']['verified']} is none on which values were put down "
                f"({min(measured)} to {max(measured)})",
            )
        )
    report.several(faults)
    if not faults:
        report.good(
            f"检定日期 {facts['dates']['verified']}、签发日期 {facts['dates']['issued']} 与日志事件的时间相符",
            f"day of verification {facts['dates']['verified']} and day of issue {facts['dates']['issued']} agree with the events",
        )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def allowances(report: Report, events: Events, record: Mapping[str, Any]) -> None:
    """Whether the exceptions that the record prints, and the values that it no longer calls unconfirmed, are those of the log."""
    frozen = events.deed("record.frozen", record["record"]["number"])
    granted = {
        (str(one.payload["code"]), str(one.payload["where"]))
        for one in events.told
        if one.verb == "task.exception_granted" and (frozen is None or one.index < frozen.index)
    }
    printed = {(str(one["code"]), str(one["where"])) for one in record["exceptions"]}
    confirmed = {str(one.payload["path"]) for one in events.told if one.verb == "procedure.value_confirmed"}
    open_ = {str(one["path"]) for one in record["evaluation"]["unconfirmed"]}
    left_out = open_ - {str(one["path"]) for one in record["unconfirmed"]} - confirmed
    faults = [
        Text(
            f"条件例外 {code} {where} 在日志与记录中不一致",
            f"the exception {code} {where} is not the same in the log and in the record",
        )
        for code, where in sorted(granted ^ printed)
    ]
    faults += [
        Text(
            f"规程值 {path} 记录视为已确认，日志中没有确认事件",
            f"the record takes the procedure's {path} as confirmed, the log has no such event",
        )
        for path in sorted(left_out)
    ]
    report.several(faults)
    if not faults:
        report.good(
            f"记录所列条件例外（{len(printed)} 项）与未确认的规程值（{len(record['unconfirmed'])} 项）与日志一致，没有隐去",
            f"the record's exceptions ({len(printed)}) and unconfirmed values of the procedure ({len(record['unconfirmed'])}) are "
            "those of the log, none left out",
        )

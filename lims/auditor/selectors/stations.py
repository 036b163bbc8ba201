"""The stations of a walk: for each point of the check list what there is to see, from the certificate to the national standard.

A station only shows. Whether what it shows is good is for the auditor to say; what a machine can decide is a check beside it.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.urls import reverse

from certificates import derived
from certificates.models import Certificate
from certificates.sealing import verify
from certificates.selectors import log_proof, sealed
from certificates.services.sealing import sealer
from lims.audit.models import Event
from lims.audit.registry import verbs
from lims.auditor.models import Tick
from lims.auditor.selectors.grants import scope
from lims.auditor.selectors.readings import RigReading, read_by_rigs
from lims.auditor.selectors.trace import Walk
from lims.core import canonical, files
from lims.core.text import Text
from lims.people.models import Authorisation
from lims.people.selectors import judged_signatures
from standards.models import ProcedureVersion
from standards.procedures.schema.pack import EnvironmentLimit
from standards.selectors.upwards import upwards

Cell = Text | str
POINT = Tick.Point


@dataclass(frozen=True)
class Check:
    """Something a machine decides. `good` None: it cannot tell."""

    good: bool | None
    text: Text


@dataclass(frozen=True)
class Table:
    title: Text
    heads: tuple[Text, ...]
    rows: list[tuple[Cell, ...]]


@dataclass(frozen=True)
class Station:
    """What there is to see at one point: checks, facts by name, tables, readings of rigs with their bytes, and ways onward."""

    checks: list[Check] = field(default_factory=list)
    facts: list[tuple[Text, Cell]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    rigs: list[RigReading] = field(default_factory=list)
    links: list[tuple[Text, str]] = field(default_factory=list)


def stations(viewer: object, certificate: Certificate) -> dict[str, Station]:
    """The station of each point. Links that lead out of the rooms of the audit are left out for a viewer whose scope is narrow:
    those pages are refused to him."""
    walk = Walk(certificate)
    outside = scope(viewer) is None
    return {
        POINT.DOCUMENT: _document(certificate, outside),
        POINT.RECORD: _record(certificate, walk, outside),
        POINT.DIGITS: _digits(certificate, walk),
        POINT.READINGS: _readings(walk),
        POINT.PROCEDURE: _procedure(certificate, walk, outside),
        POINT.STANDARD: _standard(walk, outside),
        POINT.DEVICES: _devices(certificate, walk),
        POINT.ENVIRONMENT: _environment(walk),
        POINT.PEOPLE: _people(certificate, walk),
        POINT.EVENTS: _events(certificate),
    }


def _document(certificate: Certificate, outside: bool) -> Station:
    newest = sealed(certificate)
    links = [(Text("证书页面", "page of the certificate"), reverse("certificates:detail", args=[certificate.number]))]
    if newest is None:
        return Station([Check(False, Text("还没有已签章的文件", "there is no sealed file"))])
    try:
        data = files.read(newest.file_id)
    except (FileNotFoundError, ValueError):
        return Station([Check(False, Text("保存的文件缺失或被改动", "the stored file is missing or was altered"))])
    proof = log_proof(certificate)
    logged = (
        Text(f"文件摘要登在日志第 {proof.index} 条", f"the digest of the file stands in the log, entry {proof.index}")
        if proof
        else Text("日志中还没有这份文件", "the log does not have this file yet")
    )
    judged = verify(data, sealer().root_pem())
    checks = [
        Check(True, Text("保存的文件与其摘要一致", "the stored file has its digest")),
        Check(True if proof else None, logged),
    ]
    checks += [
        Check({"yes": True, "no": False}.get(one.state), one.text)
        for one in (judged.unchanged, judged.by_whom, judged.trusted, judged.when)
    ]
    facts: list[tuple[Text, Cell]] = [
        (Text("文件摘要（SHA-256）", "digest of the file (SHA-256)"), newest.file_id),
        (Text("签章时间", "sealed at"), f"{judged.at:%Y-%m-%d %H:%M:%S} UTC" if judged.at else "—"),
        (Text("现在的状态", "state now"), str(certificate.get_state_display())),
    ]
    return Station(
        checks, facts, links=[(Text("打开证书文件", "open the document"), reverse("auditor:document", args=[certificate.number])),
                              *(links if outside else [])],
    )  # fmt: skip


def _record(certificate: Certificate, walk: Walk, outside: bool) -> Station:
    stated = json.loads(certificate.facts)
    wanted = json.loads(canonical.dumps(derived.from_record(walk.facts, walk.pack)))
    wanted["place"] = wanted["place"] or stated["institute"]["address"]["zh"]
    differing = []
    for name, value in wanted.items():
        given = {key: stated[name][key] for key in value} if name in ("dates", "people") else stated[name]
        if given != value:
            differing.append(name)
    checks = [
        Check(walk.facts_unaltered(), Text("证书与原始记录的内容与冻结时的摘要一致", "certificate and record have the digests they were frozen with")),
        Check(not differing, Text("证书所印内容逐项由原始记录得出", "every field the certificate prints follows from the record") if not differing
              else Text(f"与原始记录不符：{'、'.join(differing)}", f"not as the record has it: {', '.join(differing)}")),
    ]  # fmt: skip
    number = str(walk.facts["record"]["number"])
    facts: list[tuple[Text, Cell]] = [
        (Text("原始记录", "original record"), number),
        (Text("记录摘要（SHA-256）", "digest of the record (SHA-256)"), certificate.record.sha256),
        (Text("提交时间", "submitted"), walk.facts["dates"]["submitted"]),
    ]
    links = [(Text("原始记录", "original record"), reverse("instruments:record_print", args=[certificate.record.pk]))]
    return Station(checks, facts, links=links if outside else [])


_CONCLUSIONS: dict[str, Cell] = {
    "pass": Text("合格", "pass"),
    "fail": Text("不合格", "fail"),
    "recorded": Text("仅记录", "recorded"),
    "undecided": Text("待定", "undecided"),
    "incomplete": Text("未完成", "incomplete"),
}


def _digits(certificate: Certificate, walk: Walk) -> Station:
    rows: list[tuple[Cell, ...]] = []
    for item in walk.outline():
        cells = [cell for line in item["lines"] for cell in line["cells"]]
        shown = [f"{cell['printed']}{'' if cell['unit'] in ('', '1') else ' ' + cell['unit']}" for cell in cells]
        text = "、".join(shown[:12]) + ("…" if len(shown) > 12 else "")
        rows.append((item["title"], _CONCLUSIONS.get(item["result"].get("conclusion", ""), "—"), text or "—"))
    return Station(
        [Check(walk.recomputes(), Text("用冻结的读数和规程重新计算，全部结果一致", "computed again from the frozen readings, every result is the same"))],
        [(Text("结论", "conclusion"), _CONCLUSIONS.get(walk.facts["evaluation"]["conclusion"], "—"))],
        [Table(Text("计算结果", "computed results"), (Text("项目", "item"), Text("判定", "verdict"), Text("数值", "values")), rows)],
        links=[(Text("从任一数字走回读数", "walk from any digit back to its readings"), reverse("auditor:trace", args=[certificate.number]))],
    )  # fmt: skip


def _readings(walk: Walk) -> Station:
    latest = {one["path"]: one for one in walk.facts["values"]}
    rigs = read_by_rigs([one for one in latest.values() if "reading" in one])
    typed = [one for one in latest.values() if "reading" not in one]
    rows: list[tuple[Cell, ...]] = [
        (str(one["path"]), str(one["value"]), str(one["by"]), _moment(one["at"]), _why(one)) for one in typed
    ]
    checks = [
        Check(None if not rigs else all(one.good for one in rigs), Text(
            f"{len(rigs)} 个读数由装置读取，原始帧重新译码与记录一致" if rigs else "没有由装置读取的读数",
            f"{len(rigs)} readings were read by rigs; decoded again their frames give what was recorded" if rigs
            else "no reading was read by a rig",
        )),
        Check(None, Text(f"{len(typed)} 个值由人录入：没有原始帧，只能说明何人何时录入",
                         f"{len(typed)} values were typed: there are no frames, only who typed them and when")),
    ]  # fmt: skip
    heads = (
        Text("位置", "place"),
        Text("值", "value"),
        Text("何人", "by"),
        Text("何时", "at"),
        Text("更正", "correction"),
    )
    return Station(checks, tables=[Table(Text("手工录入的值", "values that were typed"), heads, rows)], rigs=rigs)


def _why(one: dict[str, Any]) -> str:
    if not one.get("replaces"):
        return "—"
    return f"{one['replaces']['value']} → {one['value']} ({one['why']['text'] or one['why']['code']})"


def _moment(text: str) -> str:
    return datetime.fromisoformat(text).strftime("%Y-%m-%d %H:%M:%S") if text else "—"


def _procedure(certificate: Certificate, walk: Walk, outside: bool) -> Station:
    version, day = certificate.task.procedure, date.fromisoformat(walk.facts["dates"]["verified"])
    in_force = (not version.in_force_from or version.in_force_from <= day) and (
        not version.in_force_to or day <= version.in_force_to
    )
    pinned = walk.facts["procedure"]["sha256"]
    checks = [
        Check(pinned == version.sha256 == walk.pack.sha256, Text("记录所用的就是这一版本的规程数据", "the record was computed with this very version")),
        Check(in_force if version.in_force_from else None, Text(f"检定当日（{day}）在实施期内", f"in force on the day ({day})") if in_force
              else Text(f"检定当日（{day}）不在实施期内", f"not in force on the day ({day})")),
        Check(version.state in (ProcedureVersion.State.APPROVED, ProcedureVersion.State.RETIRED), Text(
            f"状态：{version.get_state_display()}", f"state: {version.state}")),
    ]  # fmt: skip
    facts: list[tuple[Text, Cell]] = [
        (Text("规程", "procedure"), f"{version.label} {version.title}"),
        (Text("批准", "approved"), f"{version.approved_by or '—'} {version.approved_at:%Y-%m-%d}" if version.approved_at else "—"),
        (Text("摘要（SHA-256）", "digest (SHA-256)"), version.sha256),
    ]  # fmt: skip
    open_: list[tuple[Cell, ...]] = [
        (Text(**one["what"]), str(one["value"]) or "—", str(one["source"])) for one in walk.facts["unconfirmed"]
    ]
    tables = []
    if open_:
        title = Text("签发时尚未与原文核对的值", "values not yet compared with the printed text at the issue")
        tables = [Table(title, (Text("内容", "what"), Text("值", "value"), Text("出处", "source")), open_)]
    links = [
        (
            Text("规程数据及出处", "the procedure as data, with sources"),
            reverse("standards:procedure", args=[version.sha256]),
        )
    ]
    return Station(checks, facts, tables, links=links if outside else [])


def _standard(walk: Walk, outside: bool) -> Station:
    day = walk.facts["dates"]["verified"]
    checks, links, rows = [], [], []
    for one in walk.facts["standards"]:
        name = Text(**one["name"])
        for number, until, zh, en in (
            (
                one["examination_number"],
                one["examination_valid_until"],
                "计量标准考核证书",
                "establishment certificate",
            ),
            (one["certificate_number"], one["valid_until"], "社会公用计量标准证书", "public-standard certificate"),
        ):
            good = bool(number) and bool(until) and day <= until
            checks.append(Check(good, Text(
                f"{name.zh}：{zh} {number or '—'}，{day} {'有效至' if good else '无效，所载有效期至'} {until or '—'}",
                f"{name.en}: {en} {number or '—'}, {'valid' if good else 'not valid'} on {day}, stated until {until or '—'}",
            )))  # fmt: skip
        rows.append((name, str(one["range"]), str(one["accuracy"])))
        links.append(
            (Text(f"{name.zh}：文件集", f"{name.en}: dossier"), reverse("standards:dossier", args=[one["code"]]))
        )
    if not checks:
        checks.append(Check(False, Text("记录没有写明计量标准", "the record names no measurement standard")))
    heads = (Text("计量标准", "standard"), Text("测量范围", "range"), Text("不确定度或等级", "uncertainty or class"))
    return Station(
        checks, tables=[Table(Text("所用计量标准", "standards used"), heads, rows)], links=links if outside else []
    )


def _devices(certificate: Certificate, walk: Walk) -> Station:
    """Device by device upwards, to where the chain leaves the institute and to what the papers name above."""
    tree = upwards(walk.facts)
    checks: list[Check] = []
    rows: list[tuple[Cell, ...]] = []
    for one in tree.told["devices"]:
        number, on, stated = str(one["asset_number"]), str(one["on"]), one["certificate"]
        if stated is None:
            checks.append(
                Check(
                    False,
                    Text(
                        f"{number}：{on} 没有证书，溯源链在此中断",
                        f"{number}: no certificate on {on}, the chain breaks here",
                    ),
                )
            )
            rows.append((number, on, "—", "—", "—", "—"))  # fmt: skip
            continue
        ends = min((stated[key] for key in ("valid_until", "use_until") if stated[key]), default="")
        good = None if not ends else stated["calibrated_on"] <= on <= ends and one["state"] != "withdrawn"
        checks.append(Check(good, Text(
            f"{number}：证书 {stated['number']} 在 {on} {'有效' if good else '没有写明有效期' if good is None else '无效或已撤回'}",
            f"{number}: certificate {stated['number']} {'was valid' if good else 'states no end' if good is None else 'was not valid or is withdrawn'} on {on}",
        )))  # fmt: skip
        above: Cell = Text(f"本机构标准 {one['standard']}", f"our standard {one['standard']}") if one["standard"] else (
            stated["traceable_to"] or Text("证书没有写明", "not stated on the paper"))  # fmt: skip
        rows.append(
            (number, on, stated["number"], f"{stated['calibrated_on']} – {ends or '—'}", stated["issuer"], above)
        )
    outwards = {(one["certificate"]["issuer"], one["certificate"]["traceable_to"]) for one in tree.told["devices"]
                if one["certificate"] and not one["standard"]}  # fmt: skip
    for issuer, named in sorted(outwards):
        checks.append(Check(True if named else None, Text(
            f"溯源链在 {issuer} 离开本机构，{f'证书写明溯源至 {named}' if named else '证书没有写明溯源至何处，须向其核实'}",
            f"the chain leaves the institute at {issuer}; {f'its paper names {named}' if named else 'its paper does not say what is above: ask there'}",
        )))  # fmt: skip
    heads = (Text("设备", "device"), Text("日期", "on"), Text("证书", "certificate"), Text("有效", "valid"),
             Text("出具机构", "issuer"), Text("溯源至", "traceable to"))  # fmt: skip
    graph = reverse("lineage:graph", args=["issued", certificate.number])
    links = [(Text("溯源图：向上至国家计量基准", "the chain drawn, up to the national standard"), graph)]
    return Station(checks, tables=[Table(Text("自下而上的溯源链", "the chain upwards"), heads, rows)], links=links)


def _environment(walk: Walk) -> Station:
    limits = {one.name: one for one in walk.pack.environment}
    rows: list[tuple[Cell, ...]] = []
    for one in walk.facts["environment"]:
        limit = limits.get(one["name"])
        span = _span(limit) if limit else "—"
        rows.append((Text(**one["label"]), f"{'、'.join(one['values']) or '—'} {one['unit']}", span))
    checks = [Check(False, Text(f"已批准的条件例外：{one['text']['zh']}（{one['reason']}，{one['approved_by']}）",
                                f"an exception was granted: {one['text']['en']} ({one['reason']}, {one['approved_by']})"))
              for one in walk.facts["exceptions"]]  # fmt: skip
    if not checks:
        checks = [Check(True, Text("没有条件例外", "no exception was granted"))]
    heads = (Text("条件", "condition"), Text("记录值", "recorded"), Text("规程要求", "required"))
    return Station(checks, tables=[Table(Text("环境条件", "environment"), heads, rows)])


def _span(limit: EnvironmentLimit) -> Cell:
    if "unknown" in (limit.lower, limit.upper):
        return Text("规程限值未知", "limit not known")
    if not limit.lower and not limit.upper:
        return Text("规程数据没有给出限值", "the procedure's data state no limit")
    return f"{limit.lower}～{limit.upper} {limit.unit}"


_DUTIES = (
    ("technician", "verify", "submit", Text("检定", "verified")),
    ("checker", "check", "check", Text("核验", "checked")),
    ("approver", "approve", "approve", Text("批准", "approved")),
)


def _people(certificate: Certificate, walk: Walk) -> Station:
    people = json.loads(certificate.facts)["people"]
    day = date.fromisoformat(walk.facts["dates"]["verified"])
    code = re.sub(r"-[^-]*$", "", str(walk.facts["procedure"]["label"]))
    scopes = {("procedure", code), ("category", certificate.instrument.category)}
    ids = [str(people[duty]["id"]) for duty, *_rest in _DUTIES]
    checks = [Check(len(set(ids)) == 3, Text("检定、核验、批准是三个不同的人", "three different people") if len(set(ids)) == 3
                    else Text("检定、核验、批准不是三个不同的人", "not three different people"))]  # fmt: skip
    held = list(Authorisation.objects.filter(user_id__in=ids).order_by("pk"))
    signed = {
        one.signature.act: one
        for one in judged_signatures(f"record:{certificate.record.number}", certificate.record.sha256)
    }
    rows: list[tuple[Cell, ...]] = []
    for duty, act, deed, word in _DUTIES:
        on = day if duty == "technician" else certificate.issued_on
        fitting = [
            one
            for one in held
            if str(one.user_id) == str(people[duty]["id"]) and one.act == act and (one.scope_kind, one.scope) in scopes
            and one.valid_from <= on <= one.valid_until and not (one.revoked_on and one.revoked_on <= on)
        ]  # fmt: skip
        name = str(people[duty]["name"])
        checks.append(Check(bool(fitting), Text(
            f"{name} 在 {on} {'有' if fitting else '没有'}{word.zh}授权", f"{name} {'was' if fitting else 'was not'} authorised ({word.en}) on {on}"
        )))  # fmt: skip
        mine = signed.get(deed)
        signature = Text("没有个人签名，由事件说明", "no personal signature: events tell") if mine is None else (
            Text("个人签名有效", "personal signature holds") if mine.fault is None else mine.fault)  # fmt: skip
        covered = "、".join(f"{one.scope} {one.valid_from} – {one.valid_until}" for one in fitting) or "—"
        rows.append((word, name, covered, signature))
    heads = (Text("职责", "duty"), Text("人员", "person"), Text("当日授权", "authorised by"), Text("签名", "signature"))
    return Station(checks, tables=[Table(Text("人员", "people"), heads, rows)])


def _events(certificate: Certificate) -> Station:
    """What happened to the task, its record and the certificate, in the order of the log."""
    names, told = (
        (("certificates.certificate", certificate.pk), ("instruments.task", certificate.task_id), ("instruments.record", certificate.record_id)),
        verbs(),
    )  # fmt: skip
    found = [
        one
        for kind, pk in names
        for one in Event.objects.filter(object_type=kind, object_id=str(pk)).select_related("entry")
    ]
    found = sorted((one for one in found if one.verb != "audit.ticked"), key=lambda one: one.pk)
    saved = sum(one.verb == "record.values_saved" for one in found)
    rows: list[tuple[Cell, ...]] = [
        (one.at.isoformat(sep=" ", timespec="seconds"), one.actor_name, told.get(one.verb, one.verb), one.to_state or "—",
         f"#{one.entry.index}" if hasattr(one, "entry") else "—")
        for one in found
        if one.verb != "record.values_saved"
    ]  # fmt: skip
    moments = [one.at for one in found]
    waiting = sum(not hasattr(one, "entry") for one in found)
    checks = [
        Check(moments == sorted(moments), Text("先后次序与时间一致", "the times follow the order of the log")),
        Check(waiting == 0 or None, Text(
            f"{len(found)} 条事件，其中录入 {saved} 次，{waiting} 条还没有日志位置" if waiting else f"{len(found)} 条事件都有日志位置，其中录入 {saved} 次",
            f"{len(found)} events, {saved} of them values put down; {waiting} have no place in the log yet" if waiting
            else f"all {len(found)} events have their place in the log, {saved} of them are values put down",
        )),
    ]  # fmt: skip
    heads = (
        Text("时间（UTC）", "at (UTC)"),
        Text("何人", "who"),
        Text("事件", "event"),
        Text("状态", "state"),
        Text("日志位置", "place"),
    )
    return Station(checks, tables=[Table(Text("经过", "what happened"), heads, rows)])

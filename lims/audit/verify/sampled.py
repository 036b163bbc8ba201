"""Checking the report of an audit: who sealed it, that the log knows it and every tick, that the sample was drawn by the rule,
and every evidence bundle inside.

What the auditor found is the auditor's word. What can be shown is that these are the words that were entered, all of them, about
certificates that nobody chose, and that each of these stands up by itself.
"""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509

from lims.audit.tlog import stamp
from lims.audit.tlog.note import Verifier
from lims.audit.tlog.stamp import StampError
from lims.audit.verify import bundle, cms, events, keys
from lims.audit.verify.archive import Archive, Unfit
from lims.audit.verify.bundle import Keys
from lims.audit.verify.cms import CmsError
from lims.audit.verify.events import Events, Told
from lims.audit.verify.report import GOOD, UNKNOWN, WRONG, Report
from lims.audit.verify.witnessed import cosigned
from lims.auditor import drawing
from lims.core import canonical
from lims.core.text import DataError, Text
from lims.people.keys import jws, revocations
from lims.people.keys.errors import KeyFault

SCHEMA = "lims-audit-report/2"
REPORT, SEAL, SIGNATURE, POPULATION = "report.json", "report.p7s", "report.jws", "population.tsv"
DRAWN, TICKED, REPORTED = "audit.sample_drawn", "audit.ticked", "audit.reported"
CERTIFICATE = "certificates.certificate"
ENDING = ".evidence.zip"
NEEDED = (REPORT, SEAL, "events.json", "authorities/root-ca.pem", "authorities/chain.pem", "authorities/log.vkey")
TOLERANCE = timedelta(minutes=10)


def is_report(path: Path) -> bool:
    """Whether a zip file is the report of an audit, not a bundle."""
    try:
        with zipfile.ZipFile(path) as found:
            return REPORT in found.namelist()
    except (zipfile.BadZipFile, ValueError, EOFError, OSError):
        return False


def check(path: Path, trusted: Keys) -> tuple[Report, Events | None]:
    """Everything an archive shows; and its events, to hold them against a log the reader has. Never raises for what is in it."""
    report = Report(str(path))
    try:
        archive = Archive(path)
    except (DataError, OSError) as error:
        text = error.text if isinstance(error, DataError) else Text(str(error), str(error))
        report.wrong(f"不是可用的审核报告：{text.zh}", f"not a usable report: {text.en}")
        return report, None
    if missing := [name for name in NEEDED if name not in archive]:
        report.several([Text(f"缺少 {name}", f"{name} is missing") for name in missing])
        return report, None
    return report, _Check(report, archive, trusted, path).run()


class _Check:
    """One report on its way through the checks."""

    def __init__(self, report: Report, archive: Archive, given: Keys, path: Path) -> None:
        self.report, self.archive, self.given, self.path = report, archive, given, path
        self.stated: dict[str, Any] = {}
        self.digest = ""
        self.events: Events | None = None
        self.reported: Told | None = None

    def run(self) -> Events | None:
        self.report.guarded("authorities", self._keys)
        self.report.guarded(REPORT, self._document)
        if not self.stated:
            return None
        self.report.guarded("events.json", self._events)
        self.report.guarded(SEAL, self._seal)
        self.report.guarded(SIGNATURE, self._signature)
        if self.events is not None:
            self.report.guarded("events.json", self._entered)
            self.report.guarded("events.json", self._ticks)
        self.report.guarded(POPULATION, self._draw)
        self.report.guarded("bundles", self._bundles)
        self.report.guarded(REPORT, self._said)
        return self.events

    def _keys(self) -> None:
        given, archive = self.given, self.archive
        own = x509.load_pem_x509_certificates(archive.read("authorities/root-ca.pem"))
        self.log = given.log or Verifier(archive.text("authorities/log.vkey").strip())
        self.roots = given.roots if given.roots is not None else own
        self.chain = x509.load_pem_x509_certificates(archive.read("authorities/chain.pem"))
        if given.log is None or given.roots is None:
            prints = ", ".join(bundle.fingerprint(one) for one in own)
            self.report.note(
                f"信任的根与日志公钥取自包内：根证书 SHA-256 {prints}；日志 {self.log}。请与机构公布的核对，或用 --root、--key 指定",
                f"root and log key are those in the archive: root certificate SHA-256 {prints}; log {self.log}. "
                "Compare them with what the institute publishes, or bring your own with --root and --key",
            )

    def _document(self) -> None:
        data = self.archive.read(REPORT)
        stated = self.archive.json(REPORT)
        if not isinstance(stated, dict) or stated.get("schema") != SCHEMA:
            self.report.unknown(f"报告格式不是 {SCHEMA}", f"the report is not of the format {SCHEMA}")
            return
        if canonical.dumps(stated).encode() != data:
            self.report.wrong(
                f"{REPORT} 不是规范写法的 JSON：被改写过", f"{REPORT} is not canonical JSON: it was rewritten"
            )
        self.stated, self.digest = stated, hashlib.sha256(data).hexdigest()

    def _events(self) -> None:
        found = self.archive.json("events.json")
        log = keys.of_note(str(found["checkpoint"]), self.log, self.path.parent)
        self.events = events.check(self.report, found, log)
        cosigned(self.report, self.events.note, self.given.witnesses)
        self.reported = next(
            (one for one in self.events.told if one.verb == REPORTED and one.public.get("report") == self.digest), None
        )

    def _seal(self) -> None:
        try:
            found = cms.signed(self.archive.read(SEAL), self.archive.read(REPORT))
        except (CmsError, ValueError, IndexError) as error:
            self.report.wrong(
                f"报告上的机构印章无效：{error}", f"the institute's seal on the report does not hold: {error}"
            )
            return
        at = self._time(found)
        try:
            root = cms.chain(found.signer, [*found.certificates, *self.chain], self.roots, at or datetime.now(UTC))
        except CmsError as error:
            self.report.wrong(f"印章证书不可信：{error}", f"the certificate of the seal is not trusted: {error}")
            return
        who = found.signer.subject.rfc4514_string()[:120]
        self.report.good(
            f"报告上的机构印章有效：{who}，证书链到所信任的根 {root.subject.rfc4514_string()[:80]}",
            f"the institute's seal on the report holds: {who}, its chain leads to the trusted root {root.subject.rfc4514_string()[:80]}",
        )

    def _time(self, found: cms.Signed) -> datetime | None:
        """When the seal existed, by the word of a time stamp authority; None when nobody says."""
        if not found.timestamp:
            self.report.unknown("报告的印章没有时间戳", "the seal of the report has no time stamp")
            return None
        try:
            stamped = stamp.check(found.timestamp, found.signature, self.roots)
        except StampError as error:
            self.report.wrong(f"印章的时间戳无效：{error}", f"the time stamp of the seal does not hold: {error}")
            return None
        when = f"{stamped.at:%Y-%m-%d %H:%M:%S} UTC"
        if self.reported is not None and stamped.at < self.reported.at - TOLERANCE:
            self.report.wrong(
                f"盖章时间戳 {when} 早于报告登入日志的时间 {self.reported.at:%Y-%m-%d %H:%M:%S} UTC",
                f"the seal is stamped {when}, before the report was entered at {self.reported.at:%Y-%m-%d %H:%M:%S} UTC",
            )
        else:
            self.report.good(
                f"时间戳证明报告的印章在 {when} 已存在（{stamped.by}）",
                f"a time stamp proves that the seal of the report existed at {when} ({stamped.by})",
            )
        return stamped.at

    def _signature(self) -> None:
        """The own signature of whoever asked for the report. Where the log tells of one, it must be there."""
        stated = self.reported.payload.get("signature", "") if self.reported else ""
        if SIGNATURE not in self.archive:
            if stated:
                self.report.wrong(
                    f"日志记有个人签名，包中没有 {SIGNATURE}",
                    f"the log tells of a personal signature, {SIGNATURE} is missing",
                )
            else:
                self.report.note(
                    "报告没有审核员的个人签名：由日志说明是谁所为",
                    "the auditor did not sign with a personal key: the log tells who it was",
                )
            return  # fmt: skip
        text = self.archive.text(SIGNATURE).strip()
        if self.reported is not None and hashlib.sha256(text.encode()).hexdigest() != stated:
            self.report.wrong(f"{SIGNATURE} 不是日志所记的签名", f"{SIGNATURE} is not the signature that the log has")
            return
        roots = self.given.persons
        if roots is None:
            roots = x509.load_pem_x509_certificates(self.archive.read("authorities/persons-ca.pem"))
        try:
            found = jws.verify(text, roots)
            if "authorities/persons-crl.pem" in self.archive:
                listed = revocations.read(self.archive.text("authorities/persons-crl.pem").encode(), roots)
                revocations.check(found, listed)
        except KeyFault as fault:
            self.report.wrong(f"{SIGNATURE}：{fault.text.zh}", f"{SIGNATURE}: {fault.text.en}")
            return
        said = json.loads(found.payload)
        fits = (said["act"], said["report_sha256"], said["person"], found.subject.person) == (
            "audit_report", self.digest, self.stated["made_by"]["id"], self.stated["made_by"]["id"],
        )  # fmt: skip
        self.report.compare(
            fits,
            Text(
                f"{found.subject.name} 以个人密钥签署了这份报告",
                f"{found.subject.name} signed this report with the own key",
            ),
            Text(
                "个人签名是为别的报告或由别人所作",
                "the personal signature is about another report or by another person",
            ),
        )

    def _entered(self) -> None:
        told = self._told
        self.report.compare(
            self.reported is not None,
            Text(
                f"报告的摘要登在日志中（第 {self.reported.index if self.reported else 0} 条，{self.stated['made_by']['name']}）",
                f"the digest of the report stands in the log (entry {self.reported.index if self.reported else 0}, "
                f"{self.stated['made_by']['name']})",
            ),
            Text(
                "日志中没有这份报告的摘要：report.json 被改动或调换",
                "the log does not have the digest of this report: report.json was altered or exchanged",
            ),
        )
        if self.reported is not None and self.reported.actor != self.stated["made_by"]["id"]:
            self.report.wrong("登入报告的是另一人", "the report was entered by another person")
        sample = self.stated["sample"]
        drawn = next((one for one in told.told if one.verb == DRAWN and one.about[1] == str(sample["id"])), None)
        if drawn is None:
            self.report.wrong("日志中没有这次抽样", "the log has no such draw")
            return
        numbers = [one["number"] for one in self.stated["certificates"]]
        pairs = (
            ("seed", sample["seed"], "种子", "seed"),
            ("population", sample["population_sha256"], "总体摘要", "digest of the population"),
            ("numbers", numbers, "抽中的证书", "certificates drawn"),
        )
        faults = [
            Text(
                f"报告所写{zh}与抽样当时登入日志的不同：被改动",
                f"the {en} of the report is not what was entered when the sample was drawn: altered",
            )
            for key, stated, zh, en in pairs
            if drawn.payload.get(key) != stated
        ]
        self.report.several(faults)
        if not faults:
            self.report.good(
                f"种子“{sample['seed']}”、总体摘要和抽中的 {len(numbers)} 份证书与抽样当时登入日志（第 {drawn.index} 条）的一致",
                f"seed {sample['seed']!r}, population and the {len(numbers)} certificates drawn are as entered into the log at the draw "
                f"(entry {drawn.index})",
            )

    @property
    def _told(self) -> Events:
        assert self.events is not None  # asked only after it was set
        return self.events

    def _ticks(self) -> None:
        """Every tick is what the auditor entered last about that point, and none is left out."""
        sample = self.stated["sample"]["id"]
        last: dict[tuple[str, str], tuple[str, str, str]] = {}
        for one in self._told.told:
            if one.verb == TICKED and one.about[0] == CERTIFICATE and one.payload.get("sample") == sample:
                found = (str(one.payload["result"]), str(one.payload["comment"]), one.actor_name)
                last[one.about[2], str(one.payload["point"])] = found
        stated = {
            (one["number"], tick["point"]): (tick["result"], tick["comment"], tick["by"])
            for one in self.stated["certificates"]
            for tick in one["ticks"]
        }
        faults = [
            Text(
                f"证书 {number} 的“{self._point(point).zh}”与日志所记不同：检查结果被改动、添加或隐去",
                f"{number}, “{self._point(point).en}”, is not as the log has it: a tick was altered, added or left out",
            )
            for number, point in sorted(stated.keys() | last.keys())
            if stated.get((number, point)) != last.get((number, point))
        ]
        self.report.several(faults)
        if not faults:
            self.report.good(
                f"{len(stated)} 项检查结果及说明都与填写当时登入日志的一致，无一遗漏",
                f"all {len(stated)} ticks with their comments are as entered into the log when they were made; none is left out",
            )

    def _point(self, code: str) -> Text:
        names: Mapping[str, Any] = self.stated["points"].get(code, {})
        return Text(str(names.get("zh", code)), str(names.get("en", code)))

    def _draw(self) -> None:
        """Draws the sample again from the population that the report names."""
        sample, certificates = self.stated["sample"], self.stated["certificates"]
        if POPULATION not in self.archive:
            self.report.unknown(
                "包中没有总体清单，无法重新抽取",
                "the population is not in the archive: the sample cannot be drawn again",
            )
            return
        text = self.archive.text(POPULATION)
        if hashlib.sha256(text.encode()).hexdigest() != sample["population_sha256"]:
            self.report.wrong(
                f"{POPULATION} 与报告所写的总体摘要不符：总体被改动",
                f"{POPULATION} does not have the digest that the report names: the population was altered",
            )
            return
        population = drawing.read(text)
        again = drawing.draw(population, seed=sample["seed"], wanted=sample["wanted"])
        stated = [one["number"] for one in sorted(certificates, key=lambda one: int(one["position"]))]
        strata = [one["stratum"] for one in certificates]
        fits = again == stated and strata == [population.get(one["number"]) for one in certificates]
        self.report.compare(
            fits and len(population) == sample["population"],
            Text(
                f"按公布的规则以种子“{sample['seed']}”从 {len(population)} 份中重新抽取，得到同样的 {len(again)} 份",
                f"drawn again by the published rule with the seed {sample['seed']!r} from {len(population)}: the same {len(again)} certificates",
            ),
            Text(
                f"以种子“{sample['seed']}”按规则应抽中 {'、'.join(again[:10])}，报告却是 {'、'.join(stated[:10])}：样本不是这样抽出的",
                f"the rule with the seed {sample['seed']!r} draws {', '.join(again[:10])}, the report has {', '.join(stated[:10])}: "
                "the sample was not drawn so",
            ),
        )

    def _bundles(self) -> None:
        stated = {str(one["number"]): one for one in self.stated["certificates"]}
        there = {name.removesuffix(ENDING) for name in self.archive.names() if name.endswith(ENDING)}
        self.report.several(
            [
                Text(f"证书 {number} 的证据包不在其中", f"the evidence bundle of {number} is missing")
                if number in stated
                else Text(
                    f"有一份不属于样本的证据包 {number}", f"there is a bundle of {number}, which is not in the sample"
                )
                for number in sorted(stated.keys() ^ there)
            ]
        )
        for number, one in stated.items():
            if number in there:
                self._bundle(number, one)

    def _bundle(self, number: str, stated: Mapping[str, Any]) -> None:
        """A bundle by itself, and that it is the one of the certificate the auditor looked at."""
        data = self.archive.read(f"{number}{ENDING}")
        name = self.path.parent / f"{number}{ENDING}"
        given = Keys(self.log, self.roots, self.given.persons, self.given.witnesses)
        found, _events = bundle.check(name, given, io.BytesIO(data))
        for one in found.findings:
            if one.state in (WRONG, UNKNOWN):
                tell = self.report.wrong if one.state == WRONG else self.report.unknown
                tell(f"{number}：{one.text.zh}", f"{number}: {one.text.en}")
        if not self._belongs(number, stated, data):
            return
        good = sum(one.state == GOOD for one in found.findings)
        if found.status == 0:
            self.report.good(
                f"证书 {number} 的证据包：{good} 项核对全部成立", f"bundle of {number}: all {good} checks hold"
            )

    def _belongs(self, number: str, stated: Mapping[str, Any], data: bytes) -> bool:
        try:
            inside = Archive(Path(f"{number}{ENDING}"), io.BytesIO(data))
            same = all(
                inside.sha256(file)[0] == stated[key]
                for file, key in (("facts.json", "facts_sha256"), ("record.json", "record_sha256"))
            )
        except Unfit:
            return False  # told already
        if not same:
            self.report.wrong(
                f"{number}{ENDING} 不是审核员所查的那份证书的证据包：被调换",
                f"{number}{ENDING} is not the bundle of the certificate that was looked at: it was exchanged",
            )
        return same

    def _said(self) -> None:
        ticks = [tick for one in self.stated["certificates"] for tick in one["ticks"]]
        count = {name: sum(tick["result"] == name for tick in ticks) for name in ("good", "finding", "remark")}
        left = len(self.stated["points"]) * len(self.stated["certificates"]) - sum(count.values())
        self.report.note(
            f"审核员的结论：符合 {count['good']} 项、不符合 {count['finding']} 项、观察项 {count['remark']} 项、未查 {left} 项；"
            "对错由审核员负责，本程序只说明这就是当时填写的内容",
            f"what the auditor found: {count['good']} good, {count['finding']} findings, {count['remark']} remarks, {left} not looked at; "
            "whether that is right is the auditor's word, this program shows only that these are the words that were entered",
        )

"""Checking an evidence bundle (`lims-evidence/1`, see certificates/bundle.py) from the log down to the raw bytes.

The order is that of trust: first that the files belong together, then what the log vouches for, then everything worked out
again from the bytes. What one part needs from another that did not hold is not checked again: it is told once.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from lims.audit import leaves
from lims.audit.tlog import proof as proofs
from lims.audit.tlog.merkle import ProofError
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify import digits, events, keys, people, printed, seal, sessions, supplements, twin, upwards
from lims.audit.verify.archive import MANIFEST, SCHEMA, Archive, Unfit
from lims.audit.verify.events import CERTIFICATE, Events
from lims.audit.verify.report import Report
from lims.audit.verify.seal import Trust
from lims.audit.verify.story import REPLACED, WITHDRAWN
from lims.audit.verify.witnessed import cosigned
from lims.core.text import DataError, Text

ENDING = ".zip"
NEEDED = (
    "certificate.pdf", "certificate.tlog-proof", "facts.json", "record.json", "pack.toml", "devices.json", "persons.json",
    "events.json", "authorities/root-ca.pem", "authorities/chain.pem", "authorities/log.vkey",
)  # fmt: skip


@dataclass(frozen=True)
class Keys:
    """What the reader trusts, each None when he brings nothing: then the bundle's own are taken, and that is told."""

    log: Verifier | None = None
    roots: Sequence[x509.Certificate] | None = None
    persons: Sequence[x509.Certificate] | None = None
    witnesses: Sequence[Verifier] = ()


def check(path: Path, trusted: Keys, inside: IO[bytes] | None = None) -> tuple[Report, Events | None]:
    """Everything a bundle shows; and its events, to hold them against a log the reader has. Never raises for what is in it.

    `inside`: the bytes of a bundle that lies in another archive; `path` is then its name beside that archive.
    """
    report = Report(str(path))
    try:
        archive = Archive(path, inside)
        manifest = _manifest(report, archive)
    except (DataError, OSError) as error:
        text = error.text if isinstance(error, DataError) else Text(str(error), str(error))
        where = error.path if isinstance(error, DataError) else path.name
        report.wrong(f"不是可用的证据包：{where}：{text.zh}", f"not a usable evidence bundle: {where}: {text.en}")
        return report, None
    if manifest is None:
        return report, None
    return report, _Check(report, archive, manifest, trusted, path.parent).run()


def _manifest(report: Report, archive: Archive) -> Mapping[str, Any] | None:
    """The table of contents, when every file is there and has its digest and nothing else is."""
    manifest = archive.json(MANIFEST)
    if not isinstance(manifest, dict) or manifest.get("schema") != SCHEMA:
        report.unknown(f"证据包格式不是 {SCHEMA}", f"the bundle is not of the format {SCHEMA}")
        return None
    try:
        stated = {one["path"]: (one["sha256"], one["size"]) for one in manifest["files"]}
        number = str(manifest["number"])
    except (KeyError, TypeError):
        raise Unfit(MANIFEST, "缺少字段", "fields are missing") from None
    faults = []
    for name in sorted({*stated, *archive.names()} - {MANIFEST}):
        if name not in archive or name not in stated:
            zh, en = (
                ("清单所列，包中没有", "listed, but not there")
                if name in stated
                else ("包中有，清单未列", "there, but not listed")
            )
            faults.append(Text(f"{name}：{zh}", f"{name}: {en}"))
        elif archive.sha256(name) != stated[name]:
            faults.append(
                Text(f"{name} 与清单的摘要不符：文件被改动", f"{name} does not have its digest: the file was altered")
            )
    faults += [Text(f"包中缺少 {name}", f"{name} is missing") for name in NEEDED if name not in archive]
    report.several(faults)
    if any(name not in archive for name in NEEDED):
        return None
    if not faults:
        report.good(
            f"证据包 {number}：{len(stated)} 个文件齐全，摘要与清单一致",
            f"bundle of {number}: {len(stated)} files, all there and with the digests listed",
        )
    return manifest


class _Check:
    """One bundle on its way through the checks."""

    def __init__(
        self, report: Report, archive: Archive, manifest: Mapping[str, Any], given: Keys, folder: Path
    ) -> None:
        """`folder`: where the bundle lies; heads that hand over from one key of the log to the next may lie there too."""
        self.report, self.archive, self.manifest, self.given, self.folder = report, archive, manifest, given, folder
        self.facts: dict[str, Any] = {}
        self.record: dict[str, Any] = {}
        self.events: Events | None = None

    def run(self) -> Events | None:
        self.report.guarded("authorities", self._keys)
        self.report.guarded("facts.json, record.json", self._documents)
        if not self.facts or not self.record:
            return None
        self.report.guarded("events.json", self._events)
        if self.events is None:
            return None
        for name, part in (
            ("certificate.tlog-proof", self._proof),
            ("certificate.pdf", self._pdf),
            ("record.json", self._record),
            ("pack.toml", self._digits),
            ("sessions", self._sessions),
            ("certificate.dcc.xml", self._twin),
            ("devices.json", self._devices),
            ("persons.json", self._people),
            ("supplements", self._supplements),
        ):
            self.report.guarded(name, part)
        self._limits()
        return self.events

    def _keys(self) -> None:
        given, archive = self.given, self.archive
        self.log = given.log or Verifier(archive.text("authorities/log.vkey").strip())
        own = x509.load_pem_x509_certificates(archive.read("authorities/root-ca.pem"))
        chain = x509.load_pem_x509_certificates(archive.read("authorities/chain.pem"))
        self.trust = Trust(given.roots if given.roots is not None else own, chain)
        if given.log is None or given.roots is None:
            prints = "、".join(fingerprint(one) for one in own)
            self.report.note(
                f"信任的根与日志公钥取自包内：根证书 SHA-256 {prints}；日志 {self.log}。请与机构公布的核对，或用 --root、--key 指定",
                f"root and log key are those in the bundle: root certificate SHA-256 {prints.replace('、', ', ')}; log {self.log}. "
                "Compare them with what the institute publishes, or bring your own with --root and --key",
            )

    def _documents(self) -> None:
        facts = digits.document(self.report, "facts.json", self.archive.read("facts.json"), digits.FACTS)
        record = digits.document(self.report, "record.json", self.archive.read("record.json"), digits.RECORD)
        if facts and record:
            if facts["number"] != self.manifest["number"]:
                self.report.wrong("facts.json 属于另一份证书", "facts.json is of another certificate")
            self.facts, self.record = facts, record

    def _events(self) -> None:
        told = self.archive.json("events.json")
        self.log = keys.of_note(str(told["checkpoint"]), self.log, self.folder)
        self.events = events.check(self.report, told, self.log)
        cosigned(self.report, self.events.note, self.given.witnesses)

    @property
    def _told(self) -> Events:
        assert self.events is not None  # asked only after it was set
        return self.events

    def _proof(self) -> None:
        """The proof that travels with the PDF is about this very file: as issued, or as prolonged later."""
        found = proofs.parse(self.archive.text("certificate.tlog-proof"))
        entry = found.extra or b""
        fields = leaves.read(entry)
        try:
            head = found.check(entry, self.log)
        except (NoteError, ProofError) as error:
            self.report.wrong(
                f"certificate.tlog-proof 不成立：{error}", f"certificate.tlog-proof does not hold: {error}"
            )
            return
        digest, number = self.archive.sha256("certificate.pdf")[0], self.facts["number"]
        entered = next((one for one in self._told.told if one.index == found.index), None)
        fits = entered and entered.verb in events.SEALED and (fields["cert"], fields.get("pdf")) == (number, digest)
        self.report.compare(
            bool(fits),
            Text(
                f"随证书交付的证明成立：certificate.pdf 的登记是日志（{head.size} 条）的第 {found.index} 条",
                f"the proof handed out with the certificate holds: certificate.pdf was entered as number {found.index} of the log "
                f"({head.size} entries)",
            ),
            Text("certificate.tlog-proof 证明的是别的文件", "certificate.tlog-proof is about another file"),
        )

    def _issued(self) -> events.Told | None:
        found = self._told.of(CERTIFICATE, str(self.facts["number"]))
        return next(
            (one for one in found if one.verb == events.ISSUED and one.public.get("cert") == self.facts["number"]), None
        )

    def _pdf(self) -> None:
        issued = self._issued()
        public = [one for one in self._told.told if one.public.get("cert") == self.facts["number"]]
        seal.check(self.report, self.archive.read("certificate.pdf"), self.trust, issued, public)
        printed.check(self.report, self.archive.read("certificate.pdf"), self.facts)
        wanted = digits.sha256(self.facts)
        if issued is not None:
            self.report.compare(
                issued.payload.get("facts") == wanted,
                Text(
                    "facts.json 是签发时登入日志的证书内容",
                    "facts.json is the content entered into the log at the issue",
                ),
                Text(
                    "facts.json 不是签发时登入日志的证书内容：被改动",
                    "facts.json is not the content entered into the log at the issue: it was altered",
                ),
            )

    def _record(self) -> None:
        number = str(self.record["record"]["number"])
        events.frozen(self.report, self._told, number, digits.sha256(self.record))
        events.task(self.report, self._told, str(self.record["task"]["number"]), str(self.facts["number"]))
        events.values(self.report, self._told, self.record)
        events.allowances(self.report, self._told, self.record)
        events.dates(self.report, self._told, self.facts, self.record)

    def _digits(self) -> None:
        pack = digits.pack(self.report, self.archive.text("pack.toml"), self.record)
        if pack is not None:
            digits.data(self.report, self.record, pack)
            digits.evaluation(self.report, self.record, pack)
            digits.facts(self.report, self.facts, self.record, pack)

    def _sessions(self) -> None:
        sessions.check(self.report, self.archive, self.record, self._told)

    def _twin(self) -> None:
        twin.check(self.report, self.archive, self.facts)

    def _devices(self) -> None:
        upwards.check(self.report, self.archive, self.record, self._told)

    def _people(self) -> None:
        people.check(self.report, self.archive, self.facts, self.record, self._told, self.given.persons)

    def _supplements(self) -> None:
        supplements.check(self.report, self.archive, self.facts, self._told, self.given.persons)

    def _limits(self) -> None:
        head = self._told.head
        size = head.size if head else 0
        for one in self._told.of(CERTIFICATE, str(self.facts["number"])):
            if one.verb in (WITHDRAWN, REPLACED):
                zh, en = ("撤回", "withdrawn") if one.verb == WITHDRAWN else ("替代", "replaced")
                self.report.note(
                    f"注意：证书已于 {one.at:%Y-%m-%d %H:%M:%S} UTC 被{zh}（日志第 {one.index} 条）",
                    f"mind: the certificate was {en} at {one.at:%Y-%m-%d %H:%M:%S} UTC (entry {one.index})",
                )
        self.report.note(
            f"这些只说明到第 {size} 条为止的情况；此后是否撤回或替代，请在核验页面查询，或与日志导出一并检查",
            f"this tells how things stood at entry {size}; whether the certificate was withdrawn or replaced since, ask the "
            "verification page, or check it together with an export of the log",
        )


def fingerprint(certificate: x509.Certificate) -> str:
    """Hex SHA-256 of the certificate's DER."""
    return hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()

"""Checking the proof that comes with a certificate: that this very file was entered into the log."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from lims.audit import leaves
from lims.audit.tlog import proof as proofs
from lims.audit.tlog.merkle import ProofError
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify import keys
from lims.audit.verify.report import Report
from lims.audit.verify.witnessed import cosigned

ENDING = ".tlog-proof"


def check(path: Path, log: Verifier | None, witnesses: Sequence[Verifier] = ()) -> Report:
    """What a proof file shows, together with the PDF of the same name beside it."""
    report = Report(str(path))
    try:
        proof = proofs.parse(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        report.wrong(f"读不懂证明文件：{error}", f"the proof file cannot be read: {error}")
        return report
    if proof.extra is None:
        report.unknown("证明文件不含日志条目，无从核对", "the proof file does not carry the entry it is about")
        return report
    try:
        fields = leaves.read(proof.extra)
    except ValueError as error:
        report.unknown(f"日志条目不可读：{error}", f"the entry cannot be read: {error}")
        return report
    number = str(fields.get("cert", ""))
    report.good(
        f"条目：{fields['at']} {fields['event']} {number}", f"the entry says: {fields['at']} {fields['event']} {number}"
    )
    _place(report, proof, keys.of_note(proof.checkpoint, log, path.parent) if log else None)
    cosigned(report, proof.checkpoint, witnesses)
    _file(report, path.with_name(path.name.removesuffix(ENDING) + ".pdf"), str(fields.get("pdf", "")))
    report.good(
        "这份证明只说明到检查点为止的情况；此后是否撤回或替代，请在核验页面查询",
        "the proof tells how things stood at its checkpoint; whether the certificate was withdrawn or replaced since, ask the verification page",
    )
    return report


def _place(report: Report, proof: proofs.Proof, log: Verifier | None) -> None:
    if log is None:
        report.unknown(
            "没有日志公钥（log.vkey 或 --key），不知是谁签署",
            "there is no public key of the log (log.vkey or --key): it cannot be told who signed",
        )
        return
    try:
        head = proof.check(proof.extra or b"", log)
    except NoteError as error:
        report.wrong(f"检查点的签名无效：{error}", f"the checkpoint is not signed by {log.name}: {error}")
    except ProofError as error:
        report.wrong(f"条目不在签署的日志中：{error}", f"the entry is not in the signed log: {error}")
    else:
        report.good(
            f"条目是 {log.name} 签署的日志（{head.size} 条）中的第 {proof.index} 条",
            f"the entry is number {proof.index} of the log that {log.name} signed ({head.size} entries)",
        )


def _file(report: Report, pdf: Path, digest: str) -> None:
    if not digest:
        return
    try:
        data = pdf.read_bytes()
    except OSError:
        report.unknown(
            f"旁边没有 {pdf.name}，未核对文件", f"there is no {pdf.name} beside it: the file was not compared"
        )
        return
    if sha256(data).hexdigest() == digest:
        report.good(
            f"{pdf.name} 与日志登记的文件逐字节相同", f"{pdf.name} is byte for byte the file entered into the log"
        )
    else:
        report.wrong(
            f"{pdf.name} 不是日志登记的文件：内容被改动",
            f"{pdf.name} is not the file entered into the log: it was altered",
        )

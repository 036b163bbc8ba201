"""The institute's seal on the PDF of a bundle, and whether this PDF is the one that the log knows."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509

from lims.audit.tlog import stamp
from lims.audit.tlog.stamp import StampError
from lims.audit.verify import cms, pdf
from lims.audit.verify.cms import CmsError
from lims.audit.verify.events import Told
from lims.audit.verify.pdf import PdfError, Signature
from lims.audit.verify.report import Report
from lims.core.text import Text

TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True)
class Trust:
    """Authorities of the seal: roots the reader trusts, and certificates below them."""

    roots: Sequence[x509.Certificate]
    chain: Sequence[x509.Certificate]


def check(report: Report, data: bytes, trust: Trust, issued: Told | None, public: Sequence[Told]) -> None:
    """`issued`: the event of the issue; `public`: all public events of the certificate, later editions of its file included."""
    try:
        found = pdf.signatures(data)
    except PdfError as error:
        report.wrong(f"certificate.pdf 的签名范围不对：{error}", f"certificate.pdf: {error}")
        return
    if not found:
        report.wrong("certificate.pdf 上没有电子印章", "there is no electronic seal on certificate.pdf")
        return
    seal = found[0]
    _entered(report, data, seal, issued, public)
    _seal(report, seal, trust, issued)
    _after(report, data, found, trust, public)


def _entered(report: Report, data: bytes, seal: Signature, issued: Told | None, public: Sequence[Told]) -> None:
    """Whether the log holds the digest of this file: as issued, or as issued and later prolonged."""
    if issued is None:
        report.wrong("日志中没有这份证书的签发事件", "the log has no event that this certificate was issued")
        return
    digest, first = hashlib.sha256(data).hexdigest(), hashlib.sha256(data[: seal.end]).hexdigest()
    known = {one.public.get("pdf") for one in public}
    if digest == issued.public.get("pdf"):
        report.good(
            f"certificate.pdf 与签发时登入日志（第 {issued.index} 条）的文件逐字节相同",
            f"certificate.pdf is byte for byte the file entered into the log at its issue (entry {issued.index})",
        )
    elif first == issued.public.get("pdf") and digest in known:
        report.good(
            f"certificate.pdf 以签发时登入日志（第 {issued.index} 条）的文件开头，其后的长期验证资料也已登入日志",
            f"certificate.pdf begins with the file entered at its issue (entry {issued.index}); what was added for long-term "
            "validation was entered as well",
        )
    elif first == issued.public.get("pdf"):
        report.wrong(
            "certificate.pdf 在盖章后被追加了内容，追加后的文件没有登入日志",
            "something was appended to certificate.pdf after it was sealed, and the log does not know the result",
        )
    else:
        report.wrong(
            "certificate.pdf 不是登入日志的文件：内容被改动或调换",
            "certificate.pdf is not the file entered into the log: it was altered or exchanged",
        )


def _seal(report: Report, seal: Signature, trust: Trust, issued: Told | None) -> None:
    try:
        found = cms.signed(seal.cms, seal.covered)
    except (CmsError, ValueError, IndexError) as error:
        report.wrong(f"电子印章无效：{error}", f"the electronic seal does not hold: {error}")
        return
    who = _called(found.signer)
    at: datetime | None = None
    if not found.timestamp:
        report.unknown(
            "印章没有时间戳，盖章时间只是声称的", "the seal has no time stamp: when it was made is only claimed"
        )
    else:
        try:
            stamped = stamp.check(found.timestamp, found.signature, trust.roots)
        except StampError as error:
            report.wrong(f"印章的时间戳无效：{error}", f"the time stamp of the seal does not hold: {error}")
        else:
            at = stamped.at
            _in_time(report, at, stamped.by, issued)
    try:
        root = cms.chain(found.signer, [*found.certificates, *trust.chain], trust.roots, at or datetime.now(UTC))
    except CmsError as error:
        report.wrong(f"印章证书不可信：{error}", f"the certificate of the seal is not trusted: {error}")
        return
    report.good(
        f"电子印章有效：{who}，证书链到所信任的根 {_called(root)}",
        f"the electronic seal holds: {who}, its chain leads to the trusted root {_called(root)}",
    )


def _in_time(report: Report, at: datetime, by: str, issued: Told | None) -> None:
    when = f"{at:%Y-%m-%d %H:%M:%S} UTC"
    if issued and not issued.at - TOLERANCE <= at <= issued.at + TOLERANCE:
        report.wrong(
            f"盖章时间戳 {when} 与签发事件的时间 {issued.at:%Y-%m-%d %H:%M:%S} UTC 不符：倒签",
            f"the seal is stamped {when}, its issue was entered at {issued.at:%Y-%m-%d %H:%M:%S} UTC: back-dated",
        )
    else:
        report.good(
            f"时间戳证明印章在 {when} 已存在（{by}）", f"a time stamp proves that the seal existed at {when} ({by})"
        )


def _after(report: Report, data: bytes, found: Sequence[Signature], trust: Trust, public: Sequence[Told]) -> None:
    """What stands behind the seal: nothing, or validation data under document time stamps and known to the log."""
    if found[-1].end != len(data):
        extra = len(data) - found[-1].end
        report.wrong(
            f"盖章后追加了 {extra} 字节，不在任何签名范围内：文件被改动",
            f"{extra} bytes were appended after the last signature, covered by none: the file was changed",
        )
        return
    if len(found) == 1:
        report.good("印章覆盖整个文件，其后没有任何追加", "the seal covers the whole file; nothing stands behind it")
        return
    faults = []
    for one in found[1:]:
        if one.kind != pdf.STAMP:
            faults.append(Text("印章之后还有另一签名", "another signature stands behind the seal"))
            continue
        try:
            stamp.check(cms.signed_data(one.cms), one.covered, trust.roots)
        except (StampError, CmsError, ValueError) as error:
            faults.append(Text(f"文档时间戳无效：{error}", f"a document time stamp does not hold: {error}"))
    if hashlib.sha256(data).hexdigest() not in {one.public.get("pdf") for one in public}:
        faults.append(Text("盖章后追加的内容没有登入日志", "what was appended after the seal is not in the log"))
    report.several(faults)
    if not faults:
        report.good(
            f"印章之后只有登入日志的长期验证资料，由 {len(found) - 1} 个文档时间戳覆盖",
            f"behind the seal stand only validation data known to the log, covered by {len(found) - 1} document time stamps",
        )


def _called(certificate: x509.Certificate) -> str:
    for oid in (x509.NameOID.ORGANIZATION_NAME, x509.NameOID.COMMON_NAME):
        for one in certificate.subject.get_attributes_for_oid(oid):
            return str(one.value)[:80]
    return certificate.subject.rfc4514_string()[:80]

"""The work behind `verification.verify`: pyHanko reads the file and its signatures, and the four answers are put into words."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any, TypeVar

from asn1crypto import pem
from asn1crypto import x509 as ax509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature, async_validate_pdf_timestamp
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import InvalidCertificateError, PathBuildingError, PathValidationError

from lims.core.text import Text

from .verification import Answer, SealReport

T = TypeVar("T")

# An untrusted file is an answer here, not an event worth a stack trace.
logging.getLogger("pyhanko.sign.validation").setLevel(logging.ERROR)


def judge(pdf: bytes, roots: bytes, digest: str, size: int, now: datetime) -> SealReport | None:
    """The report on a sealed file, None when nobody sealed it. Raises anything when it cannot be read."""
    try:
        trusted = [ax509.Certificate.load(der) for _, _, der in pem.unarmor(roots, multiple=True)]
    except ValueError:
        trusted = []
    reader = PdfFileReader(io.BytesIO(pdf))
    if not reader.embedded_regular_signatures:
        return None
    return run(_judge(reader, trusted, digest, size, now))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Wait for pyHanko's coroutine, also from a thread that already runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _judge(
    reader: PdfFileReader, roots: list[ax509.Certificate], digest: str, size: int, now: datetime
) -> SealReport:
    signatures = reader.embedded_regular_signatures
    first = signatures[0]
    claimed = first.self_reported_timestamp
    stamped = _stamped_time(first)

    def context(moment: datetime) -> ValidationContext:
        return ValidationContext(trust_roots=roots, moment=moment, allow_fetching=False, revocation_mode="soft-fail")

    # A seal outlives its certificate: what counts is whether the certificate was good when the time stamp was made.
    moment = stamped or now
    status = await async_validate_pdf_signature(first, context(moment), context(now))
    proof = status.timestamp_validity
    proven = bool(proof and proof.valid and proof.intact and proof.trusted)
    chain_good = await _leads_to_root(first, context(moment if proven else now))
    ends = [int(one.byte_range[2]) + int(one.byte_range[3]) for one in reader.embedded_signatures]
    whole = len(signatures) == 1 and _covers_everything(status, ends, size)
    if whole and (stamps := reader.embedded_timestamp_signatures):
        # What was appended after the seal is vouched for by the last document time stamp alone.
        last = await async_validate_pdf_timestamp(stamps[-1], context(now))
        whole = last.intact and last.valid
    certificate = status.signing_cert
    subject = certificate.subject.native
    institute = str(subject.get("organization_name") or subject.get("common_name") or "")
    signer = str(subject.get("common_name") or certificate.subject.human_friendly)
    issuer = certificate.issuer.native
    authority = str(issuer.get("common_name") or issuer.get("organization_name") or "")
    return SealReport(
        digest,
        size,
        _unchanged(status, whole),
        _by_whom(status, institute, signer),
        _trusted(chain_good, authority, bool(roots)),
        _when(status, proven, claimed),
        institute,
        signer,
        proof.timestamp if proof and proven else claimed,
    )


async def _leads_to_root(signature: Any, context: ValidationContext) -> bool:
    """Whether the seal's certificate is good, whatever happened to the file: asked of the certificate alone."""
    others = signature.other_embedded_certs
    validator = CertificateValidator(signature.signer_cert, others, validation_context=context)
    try:
        await validator.async_validate_usage({"digital_signature"})
    except (PathBuildingError, PathValidationError, InvalidCertificateError):
        return False
    return True


def _stamped_time(signature: Any) -> datetime | None:
    """The time in the signature time stamp, not yet believed."""
    for attribute in signature.signer_info["unsigned_attrs"]:
        if attribute["type"].native == "signature_time_stamp_token":
            token = attribute["values"][0]["content"]
            time = token["encap_content_info"]["content"].parsed["gen_time"].native
            return time if isinstance(time, datetime) else None
    return None


def _covers_everything(status: PdfSignatureStatus, ends: list[int], size: int) -> bool:
    """The seal covers the whole file; or a document time stamp does, and only long-term material was added in between."""
    if status.coverage == SignatureCoverageLevel.ENTIRE_FILE:
        return True
    upgraded = status.modification_level in (ModificationLevel.NONE, ModificationLevel.LTA_UPDATES)
    return bool(max(ends) == size and upgraded and status.docmdp_ok)


def _unchanged(status: PdfSignatureStatus, whole: bool) -> Answer:
    if not status.intact:
        return Answer("no", Text("文件在盖章后被改动。", "The file was changed after it was sealed."))
    if not status.valid:
        return Answer("no", Text("印章的签名无效。", "The signature of the seal is not valid."))
    if not whole:
        return Answer(
            "no", Text("文件在盖章后被追加了内容。", "Something was appended to the file after it was sealed.")
        )
    return Answer(
        "yes", Text("文件自盖章以来一个字节也没有变。", "Not one byte has changed since the file was sealed.")
    )


def _by_whom(status: PdfSignatureStatus, institute: str, signer: str) -> Answer:
    if not status.valid:
        return Answer(
            "no",
            Text(
                f"文件自称由“{institute}”盖章，但签名不成立。",
                f"It claims to be sealed by “{institute}”, but the signature fails.",
            ),
        )
    return Answer("yes", Text(f"由“{institute}”盖章（{signer}）。", f"Sealed by “{institute}” ({signer})."))


def _trusted(chain_good: bool, authority: str, have_roots: bool) -> Answer:
    if chain_good:
        return Answer(
            "yes",
            Text(
                f"印章证书由可信机构“{authority}”签发。",
                f"Its certificate was issued by “{authority}”, which is trusted.",
            ),
        )
    if not have_roots:
        return Answer(
            "unknown", Text("没有可信根证书可供比对。", "There is no trusted root certificate to compare with.")
        )
    return Answer(
        "no",
        Text(
            f"印章证书的签发机构“{authority}”不在可信之列，或证书当时无效。",
            f"Its issuer “{authority}” is not trusted, or the certificate was not valid then.",
        ),
    )


def _when(status: PdfSignatureStatus, proven: bool, claimed: datetime | None) -> Answer:
    proof = status.timestamp_validity
    if proof and proven:
        shown = proof.timestamp.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        return Answer("yes", Text(f"时间戳证明盖章不晚于 {shown}。", f"A time stamp proves it was sealed by {shown}."))
    if proof:
        return Answer(
            "no", Text("时间戳无效或其签发机构不可信。", "The time stamp is not valid or its authority is not trusted.")
        )
    shown = claimed.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if claimed else "—"
    return Answer(
        "unknown", Text(f"自称盖章时间 {shown}，没有时间戳证明。", f"It claims {shown}; no time stamp proves it.")
    )

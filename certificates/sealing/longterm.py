"""Long-term evidence (PAdES B-LTA, ETSI EN 319 142-1, 5.4): what proves the seal once its certificates have ended.

Two steps, days apart. At issue the file gets its seal and time stamp. Later, when revocation data exist that are newer than
the seal, they are added to the file and everything is covered by a document time stamp; that stamp is followed by another
one before its own certificate ends. Each step only appends: the earlier file is the beginning of the later one.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from asn1crypto import cms
from asn1crypto import x509 as ax509
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import PdfTimeStamper
from pyhanko.sign.signers.pdf_signer import TimestampDSSContentSettings
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import ades
from pyhanko.sign.validation.dss import collect_validation_info
from pyhanko.sign.validation.errors import SignatureValidationError
from pyhanko.sign.validation.generic_cms import extract_tst_data_iter
from pyhanko.sign.validation.policy_decl import (
    PdfSignatureValidationSpec,
    RevinfoOnlineFetchingRule,
    RevocationInfoGatheringSpec,
    SignatureValidationSpec,
)
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.context import CertValidationPolicySpec
from pyhanko_certvalidator.errors import (
    InsufficientRevinfoError,
    InvalidCertificateError,
    PathBuildingError,
    PathValidationError,
    RevokedError,
)
from pyhanko_certvalidator.path import ValidationPath
from pyhanko_certvalidator.policy_decl import CertRevTrustPolicy, RevocationCheckingPolicy
from pyhanko_certvalidator.registry import SimpleTrustManager

from .errors import EvidenceMissing, SealingError, SealRevoked
from .judging import run
from .keys import Keys
from .timestamp import Timestamper

_BEFORE = TimestampDSSContentSettings(include_vri=False, update_before_ts=True)


@dataclass(frozen=True)
class Prolonged:
    """A file with its long-term evidence, and the end of the certificate behind its newest time stamp."""

    pdf: bytes
    proven_until: datetime


def prolong(pdf: bytes, keys: Keys, *, now: datetime | None = None) -> Prolonged:
    """The sealed file with fresh revocation data and a new document time stamp appended.

    Nothing is returned that pyHanko's strict AdES validation does not accept. Raises EvidenceMissing while there are no
    revocation data newer than the seal, SealRevoked when they say the seal was revoked, SealingError for the rest.
    """
    try:
        return run(_prolong(pdf, keys, now or datetime.now(UTC)))
    except RevokedError as error:
        raise SealRevoked(f"证书已被吊销：{error}", f"A certificate of the seal was revoked: {error}") from error
    except InsufficientRevinfoError as error:
        raise EvidenceMissing(
            f"尚无足够的吊销信息：{error}", f"There are not enough revocation data yet: {error}"
        ) from error
    except (PdfError, SigningError, SignatureValidationError) as error:
        raise SealingError(f"文件无法延长证明：{error}", f"The file cannot be prolonged: {error}") from error
    except (PathBuildingError, PathValidationError, InvalidCertificateError) as error:
        raise SealingError(
            f"印章证书链不成立：{error}", f"The seal's certificates do not lead to a root: {error}"
        ) from error


async def _prolong(pdf: bytes, keys: Keys, now: datetime) -> Prolonged:
    context = _context(keys, now)
    stamper = PdfTimeStamper(_Stamps(keys.timestamper))
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        paths = await _paths(writer.prev, context)
        _refuse_stale(context, [path.leaf for path in paths], _stamped(writer.prev))
        # One revision holds evidence and stamp, so that the stamp covers every byte of the file.
        output = await stamper.async_timestamp_pdf(
            writer, "sha256", context, validation_paths=paths, dss_settings=_BEFORE
        )
    finally:
        await context.aclose()
    made: bytes = output.getvalue()
    if verdict := await strictly(made, keys.root_pem()):
        raise EvidenceMissing(
            f"补充证明后的文件未通过严格验证（{verdict}）。",
            f"With its evidence the file does not pass strict validation ({verdict}).",
        )
    last = PdfFileReader(io.BytesIO(made)).embedded_timestamp_signatures[-1]
    return Prolonged(made, last.signer_cert["tbs_certificate"]["validity"]["not_after"].native)


async def _paths(reader: PdfFileReader, context: ValidationContext) -> list[ValidationPath]:
    """The certificates to bring evidence for: at first those of the seal and its time stamp, then those of the last stamp.

    Validating them makes the context gather the revocation data.
    """
    if not reader.embedded_regular_signatures:
        raise SealingError("文件尚未盖章。", "The file is not sealed.")
    stamps = reader.embedded_timestamp_signatures
    if not stamps:
        return list(await collect_validation_info(reader.embedded_regular_signatures[0], context))
    last = stamps[-1]
    validator = CertificateValidator(last.signer_cert, last.other_embedded_certs, validation_context=context)
    return [await validator.async_validate_usage(set(), {"time_stamping"})]


def _stamped(reader: PdfFileReader) -> datetime:
    """When the newest time stamp of the file was made: the document's, or at first that of the seal."""
    stamps = reader.embedded_timestamp_signatures
    tokens = (
        [stamps[-1].signed_data]
        if stamps
        else extract_tst_data_iter(reader.embedded_regular_signatures[0].signer_info, signed=False)
    )
    for token in tokens:
        made: datetime = token["encap_content_info"]["content"].parsed["gen_time"].native
        return made
    raise SealingError("印章没有时间戳。", "The seal has no time stamp.")


def _refuse_stale(context: ValidationContext, certificates: Iterable[Any], since: datetime) -> None:
    """What was published before a seal cannot show that its certificate was good when it was made (EN 319 102-1, 5.2.5).

    pyHanko takes older lists while the certificate is still in force; the file would fail as soon as it has ended.
    """
    for one in certificates:
        lists = [each["tbs_cert_list"]["this_update"].native for each in context.crls if each.issuer == one.issuer]
        answers = [
            single["this_update"].native
            for each in context.ocsps
            for single in each.response_data["responses"]
            if single["cert_id"]["serial_number"].native == one.serial_number
        ]
        newest = max([*lists, *answers], default=None)
        if newest is None or newest <= since:
            said = "—" if newest is None else f"{newest:%Y-%m-%d %H:%M} UTC"
            raise EvidenceMissing(
                f"吊销信息（{said}）不晚于时间戳（{since:%Y-%m-%d %H:%M} UTC），须等待新的吊销信息。",
                f"The revocation data ({said}) are not newer than the time stamp ({since:%Y-%m-%d %H:%M} UTC): newer ones have to be awaited.",
            )


async def strictly(pdf: bytes, roots: bytes) -> str:
    """What strict AdES validation with the file's own evidence alone says against a file (EN 319 102-1, 5.6.3); empty: passed."""
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0]
    result = await ades.ades_lta_validation(signature, specification(roots))
    return "" if result.ades_subindic.status == ades.AdESStatus.PASSED else str(result.ades_subindic)


def specification(roots: bytes) -> PdfSignatureValidationSpec:
    """Strict: every certificate below the roots needs revocation data, and nothing is fetched."""
    trusted = [_plain(one) for one in x509.load_pem_x509_certificates(roots)]
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=trusted),
        revinfo_policy=CertRevTrustPolicy(RevocationCheckingPolicy.from_legacy("require")),
    )
    gathering = RevocationInfoGatheringSpec(online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY)
    return PdfSignatureValidationSpec(
        SignatureValidationSpec(cert_validation_policy=policy, revinfo_gathering_policy=gathering)
    )


def _context(keys: Keys, now: datetime) -> ValidationContext:
    """Where revocation data come from: our own authority's lists, or the places that real certificates name."""
    known = [_plain(one) for one in (*keys.chain, *keys.extra)]
    roots = [_plain(one) for one in keys.roots]
    if keys.revocation_lists is None:
        return ValidationContext(trust_roots=roots, other_certs=known, allow_fetching=True, revocation_mode="require")
    lists = [one.public_bytes(Encoding.DER) for one in keys.revocation_lists(now)]
    return ValidationContext(
        trust_roots=roots, other_certs=known, crls=lists, allow_fetching=False, revocation_mode="require"
    )


def _plain(certificate: x509.Certificate) -> ax509.Certificate:
    """The same certificate for pyHanko, which has its own class for it."""
    return ax509.Certificate.load(certificate.public_bytes(Encoding.DER))


class _Stamps(TimeStamper):  # type: ignore[misc]
    """Our time stamps, for pyHanko."""

    def __init__(self, timestamper: Timestamper) -> None:
        super().__init__()
        self._timestamper = timestamper

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> Any:
        return cms.ContentInfo.load(self._timestamper.token(message_digest))

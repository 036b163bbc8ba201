"""Sealed files and what can be done to them."""

import io
import os
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
from asn1crypto import tsp
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields
from pyhanko.sign.signers import PdfTimeStamper, cms_embedder, pdf_byterange
from pyhanko.sign.timestamps import TimeStamper

from certificates.sealing import DevelopmentAuthority, DevelopmentTimestamper, Keys, Sealer, der
from certificates.sealing.cms import CmsSigner
from certificates.sealing.judging import run
from certificates.sealing.longterm import prolong
from tests import pdfs


def altered(pdf: bytes, *, after: int = 0) -> bytes:
    """One bit of a stream differs: the first, or the first one behind `after`."""
    at = pdf.index(b"stream", after) + 40
    return pdf[:at] + bytes([pdf[at] ^ 1]) + pdf[at + 1 :]


def updated(pdf: bytes) -> bytes:
    """The first page is turned upside down by a revision appended in the regular way."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    page: Any = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = generic.NumberObject(180)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def written_into_seal(pdf: bytes) -> bytes:
    """Something stands in the zeros behind the signature, which no signature covers."""
    end = _place(pdf)[1] - 1
    assert pdf[end - 8 : end] == b"00000000"
    return pdf[: end - 8] + b"C0FFEE00" + pdf[end:]


def false_seal(pdf: bytes) -> bytes:
    """One digit of the value of the signature differs."""
    begin, _end = _place(pdf)
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0].signer_info["signature"].native
    at = pdf.lower().index(signature.hex().encode(), begin) + 2 * len(signature) - 1
    return pdf[:at] + (b"0" if pdf[at : at + 1] != b"0" else b"1") + pdf[at + 1 :]


def moved_range(pdf: bytes) -> bytes:
    """What is said to be signed leaves out one byte more than the signature."""
    begin, _end = _place(pdf)
    return pdf.replace(b"/ByteRange [0 %d " % begin, b"/ByteRange [0 %d " % (begin - 1), 1)


def carrying(sealer: Sealer) -> bytes:
    """Another page under a genuine signature, into which the genuine content was put: it fits itself, not the file."""
    pdf = sealer.seal(pdfs.plain("genuine"), at=datetime.now(UTC))
    begin, end = _place(pdf)
    signed = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0].signed_data
    content = der.sequence(der.oid("1.2.840.113549.1.7.1"), der.tlv(0xA0, der.octets(pdf[:begin] + pdf[end:])))
    before, after = ("version", "digest_algorithms"), ("certificates", "signer_infos")
    body = der.sequence(*(signed[one].dump() for one in before), content, *(signed[one].dump() for one in after))
    return _sealed_by_hand(pdfs.plain("forged"), der.sequence(der.oid("1.2.840.113549.1.7.2"), der.tlv(0xA0, body)))


def foreign(folder: Path, *, size: int = 0) -> bytes:
    """A file sealed by another institute under an authority of its own; with an attachment of `size` random bytes."""
    with pikepdf.new() as document:
        document.add_blank_page()
        if size:
            document.attachments["readings.bin"] = os.urandom(size)
        plain = pdfs.saved(document, compress_streams=False)
    return Sealer(Keys.development(folder, institute="另一机构")).seal(plain, at=datetime.now(UTC))


def keys_at(folder: Path, moment: datetime) -> Keys:
    """The keys of an authority whose time stamps are of a chosen moment."""
    authority, keys = DevelopmentAuthority.open(folder, institute=""), Keys.development(folder, institute="")
    signer = CmsSigner(authority.tsa.key, authority.tsa.certificate, [authority.issuing.certificate])
    return replace(keys, timestamper=DevelopmentTimestamper(signer, clock=lambda: moment))


def prolonged(folder: Path) -> tuple[bytes, bytes]:
    """A file sealed some minutes ago, and the same with its long-term evidence."""
    sealed_at, later = (datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=ago) for ago in (6, 4))
    sealed = Sealer(keys_at(folder, sealed_at)).seal(pdfs.plain("prolonged"), at=sealed_at)
    return sealed, prolong(sealed, keys_at(folder, later + timedelta(seconds=10)), now=later).pdf


def stamped(pdf: bytes, folder: Path) -> bytes:
    """The file with a document time stamp over whatever it is by now: authorities stamp anything."""
    stamper = PdfTimeStamper(_Stamps(keys_at(folder, datetime.now(UTC))))
    out: bytes = run(stamper.async_timestamp_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)), "sha256")).getvalue()
    return out


class _Stamps(TimeStamper):
    def __init__(self, keys: Keys) -> None:
        super().__init__()
        self._keys = keys

    async def async_request_tsa_response(self, req: tsp.TimeStampReq) -> tsp.TimeStampResp:
        assert isinstance(self._keys.timestamper, DevelopmentTimestamper)
        return tsp.TimeStampResp.load(self._keys.timestamper.respond(req.dump()))


def _place(pdf: bytes) -> tuple[int, int]:
    """Where the signature stands: from its opening bracket to behind its closing one."""
    found = re.search(rb"/ByteRange \[0 (\d+) (\d+) ", pdf)
    assert found
    return int(found[1]), int(found[2])


def _sealed_by_hand(pdf: bytes, signature: bytes) -> bytes:
    """A file whose signature field holds these bytes, wherever they come from."""
    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    field = fields.SigFieldSpec("Seal", on_page=0, box=(10, 10, 60, 60))
    steps = cms_embedder.PdfCMSEmbedder(new_field_spec=field).write_cms(field_name="Seal", writer=writer)
    next(steps)
    held = pdf_byterange.SignatureObject(subfilter=fields.SigSeedSubFilter.PADES, bytes_reserved=2 * len(signature))
    steps.send(cms_embedder.SigObjSetup(sig_placeholder=held))
    _digest, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=False))
    steps.send(signature)
    out: bytes = output.getvalue()
    return out

"""Writing a PAdES signature into a PDF: the certification signature with the round seal as its look."""

from __future__ import annotations

import io
import zlib
from datetime import datetime
from functools import lru_cache

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import cms_embedder, pdf_byterange

from .errors import SealingError, SealTooLarge
from .keys import Keys
from .stamp import SIZE

FIELD = "InstituteSeal"
REASON = "证书签发 Certificate issued"
Box = tuple[float, float, float, float]


def certify(pdf: bytes, keys: Keys, look: bytes, *, at: datetime, box: Box, page: int, bytes_reserved: int) -> bytes:
    """The file with its certification signature. `look`: page operators for a square of `stamp.SIZE` points.

    Raises SealingError; the input is never changed.
    """
    try:
        writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
        if any(True for _ in fields.enumerate_sig_fields(writer.prev, filled_status=True)):
            raise SealingError("文件已经盖章。", "The file is sealed already.")
        return _certified(writer, keys, look, at, box, page, bytes_reserved)
    except (PdfError, SigningError, IndexError) as error:
        raise SealingError(f"文件无法盖章：{error}", f"The file cannot be sealed: {error}") from error


def _certified(
    writer: IncrementalPdfFileWriter, keys: Keys, look: bytes, at: datetime, box: Box, page: int, bytes_reserved: int
) -> bytes:
    field = fields.SigFieldSpec(FIELD, on_page=page, box=tuple(round(edge) for edge in box))  # type: ignore[arg-type]
    steps = cms_embedder.PdfCMSEmbedder(new_field_spec=field).write_cms(field_name=FIELD, writer=writer)
    annotation = next(steps).get_object()
    annotation["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(_appearance(look, box))})
    signature = pdf_byterange.SignatureObject(
        subfilter=fields.SigSeedSubFilter.PADES,
        timestamp=at,
        name=keys.institute,
        reason=REASON,
        # Counted in hexadecimal digits.
        bytes_reserved=2 * bytes_reserved,
    )
    mdp = cms_embedder.SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=fields.MDPPerm.NO_CHANGES)
    steps.send(cms_embedder.SigObjSetup(sig_placeholder=signature, mdp_setup=mdp))
    digest, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=False))
    signed = keys.signer.detached(digest.document_digest, keys.timestamper.token)
    if len(signed) > bytes_reserved:
        raise SealTooLarge(
            f"签名需要 {len(signed)} 字节，只预留了 {bytes_reserved} 字节。",
            f"The signature takes {len(signed)} bytes, {bytes_reserved} were reserved.",
        )
    steps.send(signed)
    data: bytes = output.getvalue()
    return data


def _appearance(look: bytes, box: Box) -> generic.StreamObject:
    """The seal as a form. Packed once: it is the same on every document."""
    wide, high = round(box[2]) - round(box[0]), round(box[3]) - round(box[1])
    scale = min(wide, high) / SIZE
    entries = {
        pdf_name("/Type"): pdf_name("/XObject"),
        pdf_name("/Subtype"): pdf_name("/Form"),
        pdf_name("/BBox"): generic.ArrayObject([generic.FloatObject(edge) for edge in (0, 0, wide, high)]),
        pdf_name("/Resources"): generic.DictionaryObject(),
    }
    entries[pdf_name("/Filter")] = pdf_name("/FlateDecode")
    operators = b"q %.4f 0 0 %.4f 0 0 cm\n%s\nQ" % (scale, scale, look)
    return generic.StreamObject(entries, encoded_data=_packed(operators))


_packed = lru_cache(maxsize=8)(zlib.compress)

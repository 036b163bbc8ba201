"""Sealing a certificate: one PAdES B-T certification signature with the institute's round seal.

DocMDP 1: nothing may change afterwards. Document time stamps of the long-term upgrade stay allowed (ETSI EN 319 142-1, 5.4).
"""

from __future__ import annotations

import io
from datetime import datetime

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.generic import pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.misc import PdfError
from pyhanko.sign import fields
from pyhanko.sign.general import SigningError
from pyhanko.sign.signers import cms_embedder, pdf_byterange

from certificates.sealplace import SEAL_BOX

from .errors import SealingError, SealTooLarge
from .keys import Keys
from .stamp import SIZE, stamp

FIELD = "InstituteSeal"
REASON = "证书签发 Certificate issued"
Box = tuple[float, float, float, float]


class Sealer:
    """Keeps the keys open and seals any number of files; safe to share between threads."""

    def __init__(self, keys: Keys, *, label: str = "检定专用章") -> None:
        self.keys = keys
        self._look = stamp(keys.institute, label, demonstration=keys.demonstration)
        # CMS without its time stamp: certificates, attributes and at most 512 bytes of RSA signature.
        certificates = len(keys.signer.detached(bytes(32)))
        self.bytes_reserved = certificates + 512 + keys.timestamper.size

    def seal(self, pdf: bytes, *, at: datetime, box: Box = SEAL_BOX, page: int = 0) -> bytes:
        """The sealed file: the given bytes, then the signature. `at` is the signing time the file claims; the time stamp proves it.

        Raises SealingError (TimestampError when only the time is missing); the input is never changed.
        """
        if at.tzinfo is None:
            raise ValueError("a signing time needs its time zone")
        try:
            writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
            if any(True for _ in fields.enumerate_sig_fields(writer.prev, filled_status=True)):
                raise SealingError("文件已经盖章。", "The file is sealed already.")
            return self._seal(writer, at, box, page)
        except (PdfError, SigningError, IndexError) as error:
            raise SealingError(f"文件无法盖章：{error}", f"The file cannot be sealed: {error}") from error

    def _seal(self, writer: IncrementalPdfFileWriter, at: datetime, box: Box, page: int) -> bytes:
        field = fields.SigFieldSpec(FIELD, on_page=page, box=tuple(round(edge) for edge in box))  # type: ignore[arg-type]
        steps = cms_embedder.PdfCMSEmbedder(new_field_spec=field).write_cms(field_name=FIELD, writer=writer)
        annotation = next(steps).get_object()
        annotation["/AP"] = generic.DictionaryObject({pdf_name("/N"): writer.add_object(self._appearance(box))})
        signature = pdf_byterange.SignatureObject(
            subfilter=fields.SigSeedSubFilter.PADES,
            timestamp=at,
            name=self.keys.institute,
            reason=REASON,
            # Counted in hexadecimal digits.
            bytes_reserved=2 * self.bytes_reserved,
        )
        certify = cms_embedder.SigMDPSetup(md_algorithm="sha256", certify=True, docmdp_perms=fields.MDPPerm.NO_CHANGES)
        steps.send(cms_embedder.SigObjSetup(sig_placeholder=signature, mdp_setup=certify))
        digest, output = steps.send(cms_embedder.SigIOSetup(md_algorithm="sha256", in_place=False))
        signed = self.keys.signer.detached(digest.document_digest, self.keys.timestamper.token)
        if len(signed) > self.bytes_reserved:
            raise SealTooLarge(
                f"签名需要 {len(signed)} 字节，只预留了 {self.bytes_reserved} 字节。",
                f"The signature takes {len(signed)} bytes, {self.bytes_reserved} were reserved.",
            )
        steps.send(signed)
        data: bytes = output.getvalue()
        return data

    def _appearance(self, box: Box) -> generic.StreamObject:
        wide, high = round(box[2]) - round(box[0]), round(box[3]) - round(box[1])
        scale = min(wide, high) / SIZE
        entries = {
            pdf_name("/Type"): pdf_name("/XObject"),
            pdf_name("/Subtype"): pdf_name("/Form"),
            pdf_name("/BBox"): generic.ArrayObject([generic.FloatObject(edge) for edge in (0, 0, wide, high)]),
            pdf_name("/Resources"): generic.DictionaryObject(),
        }
        operators = b"q %.4f 0 0 %.4f 0 0 cm\n%s\nQ" % (scale, scale, self._look)
        look = generic.StreamObject(entries, stream_data=operators)
        look.compress()
        return look

    def chain_pem(self) -> bytes:
        return self.keys.chain_pem()

    def root_pem(self) -> bytes:
        return self.keys.root_pem()

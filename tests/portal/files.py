"""Sealed files and what can be done to them."""

import io
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from certificates.sealing import Keys, Sealer
from tests import pdfs


def altered(pdf: bytes) -> bytes:
    """One bit of a page's content differs."""
    at = pdf.index(b"stream") + 40
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


def foreign(folder: Path, *, size: int = 0) -> bytes:
    """A file sealed by another institute under an authority of its own; with an attachment of `size` random bytes."""
    with pikepdf.new() as document:
        document.add_blank_page()
        if size:
            document.attachments["readings.bin"] = os.urandom(size)
        plain = pdfs.saved(document)
    return Sealer(Keys.development(folder, institute="另一机构")).seal(plain, at=datetime.now(UTC))

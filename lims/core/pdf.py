"""Judging a PDF that somebody hands in: by its content, never by its name or by what the browser calls it."""

from collections.abc import Iterator
from io import BytesIO

import pikepdf

from lims.core.text import Reason, Refused, reason

MEDIA_TYPE = "application/pdf"
LARGEST = 10 * 1024 * 1024
# Objects looked at before a file counts as made to keep the server busy; a scan of a hundred pages has some thousands.
MOST_OBJECTS = 200_000
# What a file does, rather than shows: scripts, programs, forms sent elsewhere, media, further files inside.
ACTIVE_ACTIONS = {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/Rendition", "/Movie", "/Sound", "/GoToE"}
ACTIVE_KEYS = {"/JS", "/JavaScript", "/EmbeddedFiles", "/EmbeddedFile", "/XFA", "/RichMediaContent"}


def judged(data: bytes) -> bytes:
    """The bytes themselves when they are a plain PDF. Raises Refused with the reason when they are not."""
    if refusal := _judge(data):
        raise Refused(refusal)
    return data


def _judge(data: bytes) -> Reason | None:
    if len(data) > LARGEST:
        return too_large()
    if not data.startswith(b"%PDF-"):
        return _no_pdf()
    try:
        with pikepdf.open(BytesIO(data)) as document:
            if document.is_encrypted:
                return _encrypted()
            if not len(document.pages):
                return _no_pdf()
            return _active(document)
    except pikepdf.PasswordError:
        return _encrypted()
    except (pikepdf.PdfError, ValueError, TypeError, AttributeError, RuntimeError, RecursionError):
        return _no_pdf()


def _active(document: pikepdf.Pdf) -> Reason | None:
    for count, part in enumerate(_parts(document)):
        if count > MOST_OBJECTS:
            return too_large()
        keys = set(part.keys())
        if keys & ACTIVE_KEYS or str(part.get("/S", "")) in ACTIVE_ACTIONS or str(part.get("/Type", "")) == "/Filespec":
            return reason(
                "pdf_active",
                "该 PDF 含有脚本、附件或其他会自动执行的内容",
                "This PDF contains scripts, attachments or other content that acts by itself",
                "请用“打印为 PDF”或扫描重新生成后上传",
                "Make it anew by printing to PDF or by scanning, then upload that",
                where="original",
            )
    return None


def _parts(document: pikepdf.Pdf) -> Iterator[pikepdf.Object]:
    """Every dictionary of the file, those nested directly in others included. A loop, not recursion: depth is the sender's."""
    for top in document.objects:
        waiting = [top]
        while waiting:
            one = waiting.pop()
            if isinstance(one, (pikepdf.Dictionary, pikepdf.Stream)):
                yield one
                waiting += [value for value in dict(one.items()).values() if _nested(value)]
            elif isinstance(one, pikepdf.Array):
                waiting += [value for value in one if _nested(value)]


def _nested(value: object) -> bool:
    return isinstance(value, (pikepdf.Dictionary, pikepdf.Array)) and not value.is_indirect


def too_large() -> Reason:
    return reason(
        "pdf_too_large",
        f"文件超过 {LARGEST // 1024 // 1024} MB",
        f"The file is larger than {LARGEST // 1024 // 1024} MB",
        "请降低扫描分辨率（300 dpi 足够）后重新上传",
        "Scan it at a lower resolution (300 dpi is enough) and upload it again",
        where="original",
    )


def _no_pdf() -> Reason:
    return reason(
        "no_pdf",
        "文件不是可以读取的 PDF",
        "The file is not a readable PDF",
        "请上传证书的 PDF 扫描件；其他格式请先转换为 PDF",
        "Upload the certificate scanned as PDF; convert other formats first",
        where="original",
    )


def _encrypted() -> Reason:
    return reason(
        "pdf_encrypted",
        "该 PDF 设有密码或加密，无法核对内容",
        "This PDF is protected or encrypted and its content cannot be checked",
        "请去除密码后重新上传",
        "Remove the password and upload it again",
        where="original",
    )

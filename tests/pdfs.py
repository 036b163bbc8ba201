"""Small PDF files for tests."""

from io import BytesIO
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile


def saved(document: pikepdf.Pdf, **options: Any) -> bytes:
    stream = BytesIO()
    document.save(stream, deterministic_id="encryption" not in options, **options)
    return stream.getvalue()


def plain(title: str = "") -> bytes:
    """One empty page; another title makes another file."""
    with pikepdf.new() as document:
        document.add_blank_page()
        if title:
            document.docinfo["/Title"] = title
        return saved(document)


def paper(data: bytes | None = None, name: str = "证书.pdf", kind: str = "application/pdf") -> SimpleUploadedFile:
    """What a browser hands in: a plain PDF unless `data` says otherwise."""
    return SimpleUploadedFile(name, plain() if data is None else data, kind)

"""The seal on a PDF, without a PDF library: what each signature covers, whether it holds, and what came after it.

A signature covers the bytes of its /ByteRange, which must be the whole file but for the gap with the signature itself. What a
later revision appended is not covered by the seal: here it is accepted only as the institute's long-term validation data, that is
when the very file with it stands in the log again and a document time stamp covers all of it.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_RANGE = re.compile(rb"/ByteRange\s*\[\s*(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s+(\d{1,10})\s*\]")
_SUBFILTER = re.compile(rb"/SubFilter\s*/([A-Za-z0-9.]{1,40})")
_STREAM = re.compile(rb"stream\r?\n")
SEAL, STAMP = "ETSI.CAdES.detached", "ETSI.RFC3161"
MOST_SIGNATURES = 50
MOST_STREAMS = 5000
LARGEST_STREAM = 64 << 20


class PdfError(ValueError):
    """The file is not built as a sealed PDF; the message says how."""


@dataclass(frozen=True)
class Signature:
    """One signature: its kind, the CMS bytes, what it covers, and where its revision of the file ends."""

    kind: str
    cms: bytes
    covered: bytes
    end: int


def signatures(pdf: bytes) -> list[Signature]:
    """Every signature in the order of the revisions. Raises PdfError when a byte range leaves out more than its own gap."""
    found = []
    for match in _RANGE.finditer(pdf):
        first, one, second, two = (int(part) for part in match.groups())
        end = second + two
        gap = pdf[one:second]
        if first or not 0 < one < second <= end <= len(pdf):
            raise PdfError("the byte range of a signature leaves out more than the signature itself")
        if not re.fullmatch(rb"<(?:[0-9A-Fa-f]{2})+>", gap):
            raise PdfError("the gap of a byte range holds something else than a signature")
        begin = pdf.rfind(b" obj", 0, match.start())
        until = pdf.find(b"endobj", match.end())
        kind = _SUBFILTER.search(pdf, max(begin, 0), until if until > 0 else len(pdf))
        found.append(
            Signature(
                kind[1].decode() if kind else "", bytes.fromhex(gap[1:-1].decode()), pdf[:one] + pdf[second:end], end
            )
        )
        if len(found) > MOST_SIGNATURES:
            raise PdfError("there are too many signatures")
    return sorted(found, key=lambda each: each.end)


def attached(pdf: bytes, wanted: bytes) -> bool:
    """Whether these very bytes are one of the embedded streams of the file, packed or not."""
    return any(stream == wanted for stream in _streams(pdf))


def _streams(pdf: bytes) -> Iterator[bytes]:
    at = 0
    for _ in range(MOST_STREAMS):
        match = _STREAM.search(pdf, at)
        if match is None:
            return
        end = pdf.find(b"endstream", match.end())
        if end < 0:
            return
        raw = pdf[match.end() : end]
        yield raw.rstrip(b"\r\n")
        try:
            unpacker = zlib.decompressobj()
            data = unpacker.decompress(raw, LARGEST_STREAM)
            if unpacker.eof:
                yield data
        except zlib.error:
            pass
        at = end + len(b"endstream")

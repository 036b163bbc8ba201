"""PDF/A-3b (ISO 19005-3) straight from reportlab: one pass, no second tool.

What reportlab leaves out is added here: an end of line before `endstream`, XMP metadata equal to the document information,
the sRGB output intent, associated files, and a file identifier taken from the content, so that the same drawing gives the
same bytes.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib import resources
from typing import Any
from xml.sax.saxutils import escape

from reportlab import rl_config
from reportlab.pdfbase import pdfdoc
from reportlab.pdfgen.canvas import Canvas

PRODUCER = "Verification laboratory LIMS"
# Bytes, not the armour for seven-bit channels, which is a quarter longer.
rl_config.useA85 = 0


@dataclass(frozen=True)
class Attachment:
    """A file that belongs to the certificate, such as its machine-readable twin (ISO 19005-3, 6.8)."""

    name: str
    data: bytes
    media_type: str = "application/xml"
    relationship: str = "Data"
    description: str = ""


@dataclass(frozen=True)
class Properties:
    """Document properties, shown by viewers and written to XMP."""

    title: str
    author: str
    subject: str
    keywords: str
    day: date


@lru_cache(maxsize=1)
def _icc() -> bytes:
    return resources.files("pikepdf").joinpath("pdfa/data/sRGB.icc").read_bytes()


class _Moment:
    """Midnight UTC of a day, in the shape reportlab expects of a time stamp."""

    dhh = dmm = 0

    def __init__(self, day: date) -> None:
        self.day = day
        self.YMDhms = (day.year, day.month, day.day, 0, 0, 0)


_packed = lru_cache(maxsize=64)(zlib.compress)


class _Pack(pdfdoc.PDFStreamFilterZCompress):  # type: ignore[misc]
    """Flate. What every document holds, such as the colour profile and the common part of a font, is packed once per process."""

    def encode(self, text: str | bytes) -> bytes:
        return _packed(text.encode() if isinstance(text, str) else text)


_PACK = _Pack()


class _Catalog(pdfdoc.PDFCatalog):  # type: ignore[misc]
    __NoDefault__ = [*pdfdoc.PDFCatalog.__NoDefault__, "OutputIntents", "AF"]
    __Refs__ = pdfdoc.PDFCatalog.__NoDefault__


class _Stream(pdfdoc.PDFStream):  # type: ignore[misc]
    def __init__(self, data: bytes, entries: dict[str, Any], *, packed: bool = True) -> None:
        super().__init__(pdfdoc.PDFDictionary(entries), data, [_PACK] if packed else [])


class _Document(pdfdoc.PDFDocument):  # type: ignore[misc]
    """A reportlab document that writes itself as PDF/A requires."""

    def format(self) -> bytes:
        self.encrypt.prepare(self)
        root, info = self.Reference(self.Catalog), self.Reference(self.info)
        out = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        offsets: list[int] = []
        # Formatting an object may register further ones.
        while (number := len(offsets) + 1) in self.numberToId:
            name = self.numberToId[number]
            held = self.idToObject[name]
            if isinstance(held, pdfdoc.PDFStream) and held.filters:
                held.filters = [_PACK]
            body = pdfdoc.PDFIndirectObject(name, held).format(self)
            tail = b"endstream\nendobj\n"
            if body.endswith(tail):
                body = body[: -len(tail)] + b"\n" + tail
            offsets.append(len(out))
            out += body
        start = len(out)
        out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
        out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
        mark = hashlib.sha256(out).hexdigest()[:32].upper().encode()
        out += b"trailer\n<< /Size %d /Root %s /Info %s /ID [<%s> <%s>] >>\nstartxref\n%d\n%%%%EOF\n" % (
            len(offsets) + 1, root.format(self), info.format(self), mark, mark, start,
        )  # fmt: skip
        return bytes(out)


class PdfaCanvas(Canvas):  # type: ignore[misc]
    """A canvas whose document is PDF/A-3b. `font` must be registered; nothing else is ever used by default."""

    def __init__(self, size: tuple[float, float], font: str, properties: Properties, language: str = "zh-CN") -> None:
        super().__init__(
            io.BytesIO(), pagesize=size, pageCompression=1, invariant=1, initialFontName=font, lang=language
        )
        document = _Document(compression=1, invariant=1, lang=language)
        document._timeStamp = _Moment(properties.day)
        old = document.Catalog
        document.Catalog = document._catalog = _Catalog()
        document.Catalog.__dict__.update(old.__dict__)
        self._doc = document
        self.properties = properties
        document.setTitle(properties.title)
        document.setAuthor(properties.author)
        document.setSubject(properties.subject)
        document.setKeywords(properties.keywords)
        document.setCreator(PRODUCER)
        document.setProducer(PRODUCER)

    def showPage(self) -> None:
        document = self._doc
        super().showPage()
        # An empty /Trans is written otherwise; PDF/A forbids presentation steps only, but readers complain.
        document.idToObject[f"Page{document.pageCounter - 1}"].Trans = None

    def finish(self, attachments: tuple[Attachment, ...] = ()) -> bytes:
        """The file. Attachments keep their order."""
        document, catalog = self._doc, self._doc.Catalog
        icc = document.Reference(_Stream(_icc(), {"N": 3}))
        text = pdfdoc.PDFString("sRGB IEC61966-2.1")
        catalog.OutputIntents = pdfdoc.PDFArray(
            [
                pdfdoc.PDFDictionary(
                    {
                        "Type": pdfdoc.PDFName("OutputIntent"),
                        "S": pdfdoc.PDFName("GTS_PDFA1"),
                        "OutputConditionIdentifier": text,
                        "Info": text,
                        "RegistryName": pdfdoc.PDFString("http://www.color.org"),
                        "DestOutputProfile": icc,
                    }
                )
            ]
        )
        catalog.Metadata = _Stream(
            _xmp(self.properties),
            {"Type": pdfdoc.PDFName("Metadata"), "Subtype": pdfdoc.PDFName("XML")},
            packed=False,
        )
        self._attach(attachments)
        data = document.GetPDFData(self)
        assert isinstance(data, bytes)
        return data

    def _attach(self, attachments: tuple[Attachment, ...]) -> None:
        document = self._doc
        references, names = [], []
        moment = pdfdoc.PDFDate(ts=document._timeStamp)
        for file in sorted(attachments, key=lambda one: one.name):
            stream = _Stream(
                file.data,
                {
                    "Type": pdfdoc.PDFName("EmbeddedFile"),
                    "Subtype": "/" + file.media_type.replace("/", "#2F"),
                    "Params": pdfdoc.PDFDictionary({"Size": len(file.data), "ModDate": moment, "CreationDate": moment}),
                },
            )
            entry = document.Reference(stream)
            reference = document.Reference(
                pdfdoc.PDFDictionary(
                    {
                        "Type": pdfdoc.PDFName("Filespec"),
                        "F": pdfdoc.PDFString(file.name),
                        "UF": pdfdoc.PDFString(file.name),
                        "Desc": pdfdoc.PDFString(file.description or file.name),
                        "AFRelationship": pdfdoc.PDFName(file.relationship),
                        "EF": pdfdoc.PDFDictionary({"F": entry, "UF": entry}),
                    }
                )
            )
            references.append(reference)
            names += [pdfdoc.PDFString(file.name), reference]
        if references:
            document.Catalog.AF = pdfdoc.PDFArray(references)
            tree = pdfdoc.PDFDictionary({"Names": pdfdoc.PDFArray(names)})
            document.Catalog.Names = pdfdoc.PDFDictionary({"EmbeddedFiles": tree})


def _xmp(properties: Properties) -> bytes:
    """XMP packet (ISO 16684-1) with the same values as the document information, as PDF/A wants them."""
    day = f"{properties.day.isoformat()}T00:00:00+00:00"
    title, author, subject, keywords, producer = (
        escape(value)
        for value in (properties.title, properties.author, properties.subject, properties.keywords, PRODUCER)
    )
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdf="http://ns.adobe.com/pdf/1.3/"'
        ' xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">'
        "<pdfaid:part>3</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>"
        "<dc:format>application/pdf</dc:format>"
        f'<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>'
        f"<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>"
        f'<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>'
        f"<xmp:CreateDate>{day}</xmp:CreateDate><xmp:ModifyDate>{day}</xmp:ModifyDate>"
        f"<xmp:CreatorTool>{producer}</xmp:CreatorTool><pdf:Producer>{producer}</pdf:Producer>"
        f"<pdf:Keywords>{keywords}</pdf:Keywords>"
        "</rdf:Description></rdf:RDF></x:xmpmeta>\n" + " " * 200 + '\n<?xpacket end="w"?>'
    ).encode()

"""No fault passes the gate because a document like it passed before.

Each fault is planted in a certificate all of whose parts have just been approved, the file being put together again as it is written
here: the gate may skip the validator for what it knows, and must not for this.
"""

from __future__ import annotations

import io
import re
import zlib
from base64 import a85decode, a85encode
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pikepdf
import pytest
import specimen

from certificates.documents import Attachment, check_pdfa, gate, render

TWIN = Attachment("twin.xml", b"<twin/>", description="machine-readable twin")
SAMPLED = gate._sampled
Objects = dict[int, bytes]


@pytest.fixture(scope="module")
def good() -> bytes:
    return render(specimen.verification(), attachments=[TWIN])


@pytest.fixture(autouse=True)
def approved(good: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every part of the good certificate was approved, and no file is drawn as a sample."""
    monkeypatch.setattr(gate, "_sampled", lambda _: False)
    assert check_pdfa(good) == []


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "_validate", lambda _: pytest.fail("the whole validator was asked"))


def objects_of(pdf: bytes) -> Objects:
    bodies = re.findall(rb"(?ms)^(\d+) 0 obj\n(.*?\n)endobj\n", pdf)
    return {int(number): body for number, body in bodies}


def written(objects: Objects, like: bytes) -> bytes:
    """The file with these objects, in the form of the writer."""
    out = bytearray(like[: like.index(b"1 0 obj\n")])
    offsets = []
    for number in range(1, len(objects) + 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%sendobj\n" % (number, objects[number])
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(offsets) + 1)
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = like[like.rindex(b"trailer\n") : like.rindex(b"startxref")]
    out += re.sub(rb"/Size \d+", b"/Size %d" % (len(offsets) + 1), trailer) + b"startxref\n%d\n%%%%EOF\n" % start
    return bytes(out)


def find(objects: Objects, part: bytes) -> int:
    return next(number for number, body in objects.items() if part in body.partition(b"stream\n")[0])


def replace(objects: Objects, part: bytes, old: bytes, new: bytes) -> None:
    """In the dictionary of the object that has `part`."""
    number = find(objects, part)
    assert old in objects[number]
    objects[number] = objects[number].replace(old, new, 1)


def recode(objects: Objects, number: int, change: Callable[[bytes], bytes]) -> None:
    """Changes what a stream says, with its filters and lengths put right again."""
    head, _, rest = objects[number].partition(b"stream\n")
    data = rest.removesuffix(b"\nendstream\n")
    armoured = b"ASCII85" in head
    if packed := b"FlateDecode" in head:
        data = zlib.decompress(a85decode(b"<~" + data, adobe=True) if armoured else data)
    data = change(data)
    head = re.sub(rb"/Length1 \d+", b"/Length1 %d" % len(data), head)
    data = zlib.compress(data) if packed else data
    data = a85encode(data) + b"~>" if armoured else data
    objects[number] = re.sub(rb"/Length \d+", b"/Length %d" % len(data), head) + b"stream\n" + data + b"\nendstream\n"


def contents(objects: Objects) -> int:
    """The stream of the second page."""
    pages = [body for body in objects.values() if b"/Type /Page\n" in body]
    found = re.search(rb"/Contents (\d+)", pages[1])
    assert found
    return int(found[1])


def drawing(change: Callable[[bytes], bytes]) -> Callable[[Objects], None]:
    return lambda objects: recode(objects, contents(objects), change)


def program(objects: Objects) -> int:
    found = re.search(rb"/FontFile2 (\d+)", objects[find(objects, b"/FontName /AAAAAA+NotoSansSC")])
    assert found
    return int(found[1])


def without_outlines(font: bytes) -> bytes:
    """Every outline after the first claims a contour that ends far behind its data."""

    def table(tag: bytes) -> tuple[int, int]:
        entry = font.index(tag, 0, 300)
        return int.from_bytes(font[entry + 8 : entry + 12]), int.from_bytes(font[entry + 12 : entry + 16])

    outlines, _ = table(b"glyf")
    offsets, size = table(b"loca")
    damaged = bytearray(font)
    places = [2 * int.from_bytes(font[at : at + 2]) for at in range(offsets, offsets + size, 2)]
    for place, end in pairwise(places[1:]):
        if end - place > 12:
            damaged[outlines + place : outlines + place + 12] = b"\x00\x01" + bytes(8) + b"\x7f\xff"
    return bytes(damaged)


def cid_font(objects: Objects) -> None:
    """A composite font without the map from character to glyph."""
    descriptor = find(objects, b"/FontName /AAAAAA+NotoSansSC")
    number = len(objects) + 1
    objects[number] = (
        b"<<\n/BaseFont /AAAAAA+NotoSansSC-Regular /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        b" /DW 1000 /FontDescriptor %d 0 R /Subtype /CIDFontType2 /Type /Font\n>>\n" % descriptor
    )
    objects[number + 1] = (
        b"<<\n/BaseFont /AAAAAA+NotoSansSC-Regular /DescendantFonts [ %d 0 R ] /Encoding /Identity-H /Subtype /Type0 /Type /Font\n>>\n"
        % number
    )
    replace(objects, b"/F1+0 ", b"<<\n", b"<<\n/F9+0 %d 0 R " % (number + 1))


FAULTS: dict[str, Callable[[Objects], None]] = {
    "a font that is not embedded": lambda o: o.update(
        {find(o, b"/FontFile2"): re.sub(rb"/FontFile2 \d+ 0 R", b"", o[find(o, b"/FontFile2")])}
    ),
    "a standard font": lambda o: replace(o, b"/F1+0 ", b"<<\n", b"<<\n/F9 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> "),
    "a composite font without CIDToGIDMap": cid_font,
    "no XMP metadata": lambda o: replace(o, b"/Type /Catalog", b"/Metadata", b"/Meta"),
    "another part of PDF/A": lambda o: recode(o, find(o, b"/Subtype /XML"), lambda x: x.replace(b"part>3<", b"part>2<")),
    "no part of PDF/A": lambda o: recode(o, find(o, b"/Subtype /XML"), lambda x: re.sub(rb"<pdfaid:part>.*?</pdfaid:part>", b"", x)),
    "XMP that is not well-formed": lambda o: recode(o, find(o, b"/Subtype /XML"), lambda x: x.replace(b"<dc:format>", b"<dc:form>")),
    "a bare ampersand in the XMP": lambda o: recode(
        o, find(o, b"/Subtype /XML"), lambda x: re.sub(rb"(<pdf:Keywords>)", rb"\1A&B", x)
    ),
    "XMP dated nonsensically": lambda o: recode(
        o, find(o, b"/Subtype /XML"), lambda x: re.sub(rb"(<xmp:CreateDate>)\d{4}", rb"\1soon", x)
    ),
    "no output intent": lambda o: replace(o, b"/Type /Catalog", b"/OutputIntents", b"/Intents"),
    "another colour profile": lambda o: recode(o, find(o, b"/N 3"), lambda icc: icc[:16] + b"CMYK" + icc[20:]),
    "JavaScript": lambda o: replace(
        o, b"/Type /Catalog", b"/Lang", b"/OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> /Lang"
    ),
    "an attached file without its relationship": lambda o: replace(o, b"/AFRelationship", b"/AFRelationship /Data ", b""),
    "an attached file that belongs to nothing": lambda o: replace(o, b"/Type /Catalog", b"/AF [", b"/AG ["),
    "an attached file without its type": lambda o: replace(o, b"/Type /EmbeddedFile", b"/Subtype /application#2Fxml", b""),
    "a character without a glyph": drawing(lambda page: page.replace(b") Tj", b"\\377) Tj", 1)),
    "the glyph .notdef": drawing(lambda page: page.replace(b") Tj", b"\\000) Tj", 1)),
    "widths that are not those of the glyphs": lambda o: o.update(
        {find(o, b"/Name /F2+0"): re.sub(rb" \d\d\d ", b" 123 ", o[find(o, b"/Name /F2+0")])}
    ),
    "fewer widths than codes": lambda o: replace(o, b"/Name /F2+0", b"/Widths [ 1000", b"/Widths ["),
    "outlines that cannot be read": lambda o: recode(o, program(o), without_outlines),
    "a font program cut short": lambda o: recode(o, program(o), lambda font: font[: len(font) // 2]),
    "a font that claims an encoding": lambda o: replace(o, b"/Name /F2+0", b"/Subtype", b"/Encoding /WinAnsiEncoding /Subtype"),
    "a font among no resources": drawing(lambda page: re.sub(rb"/F2\+0 ", b"/F7+7 ", page, count=1)),
    "device colour of another kind": drawing(lambda page: page + b"0 0 0 1 k\n"),
    "an operator nobody defined": drawing(lambda page: page + b"1 0 zz\n"),
    "an operator with an operand missing": drawing(lambda page: page + b"1 0 rg\n"),
    "states that are never restored": drawing(lambda page: page + b"q " * 40),
    "text that does not end": drawing(lambda page: page + b"BT\n"),
    "a shading pattern": drawing(lambda page: page + b"/Pattern cs\n"),
    "an image among no resources": drawing(lambda page: page + b"/Nothing Do\n"),
    "a compression PDF/A forbids": lambda o: replace(o, b"/Subtype /XML", b"/Filter [  ]", b"/Filter [ /LZWDecode ]"),
    "a stream kept elsewhere": lambda o: replace(o, b"/Subtype /XML", b"/Subtype /XML", b"/F (elsewhere.xml) /Subtype /XML"),
    "a hidden annotation": lambda o: replace(
        o, b"/Type /Page\n", b"/Rotate 0", b"/Rotate 0 /Annots [ << /Type /Annot /Subtype /Text /Rect [ 0 0 9 9 ] /F 2 >> ]"
    ),
    "a page without measure": lambda o: replace(o, b"/Type /Page\n", b"/MediaBox [ 0 0 595.28 841.89 ]", b""),
    "a wrong number of pages": lambda o: o.update(
        {find(o, b"/Type /Pages"): re.sub(rb"/Count \d+", b"/Count 7", o[find(o, b"/Type /Pages")])}
    ),
    "an endless tree of pages": lambda o: o.update(
        {find(o, b"/Type /Pages"): re.sub(rb"/Kids \[ \d+", b"/Kids [ %d" % find(o, b"/Type /Pages"), o[find(o, b"/Type /Pages")])}
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_in_a_certificate_of_approved_parts(good: bytes, fault: str) -> None:
    objects = objects_of(good)
    FAULTS[fault](objects)
    faulty = written(objects, good)
    assert faulty != good
    assert check_pdfa(faulty)


def test_the_planting_itself_breaks_nothing(good: bytes, unasked: None) -> None:
    objects = objects_of(good)
    assert written(objects, good) == good
    recode(objects, contents(objects), lambda page: page)
    recode(objects, program(objects), lambda font: font)
    assert check_pdfa(written(objects, good)) == []


# What stands around the objects: the validator does not look there.
AROUND: dict[str, Callable[[bytes], bytes]] = {
    "no end of line before endstream": lambda pdf: pdf.replace(b"\nendstream\n", b" endstream\n", 1),
    "a binary comment without high bytes": lambda pdf: pdf.replace(b"%\xe2\xe3\xcf\xd3", b"%abcd", 1),
    "bytes before the header": lambda pdf: b"\n" + pdf,
    "bytes after the end": lambda pdf: pdf + b"\n",
    "an appended update": lambda pdf: pdf + pdf[pdf.rindex(b"trailer") :],
    "another version": lambda pdf: pdf.replace(b"%PDF-1.7", b"%PDF-2.0", 1),
    "no file identifier": lambda pdf: re.sub(rb" /ID \[.*?\]", b"", pdf),
    "encryption": lambda pdf: pdf.replace(b"/Root", b"/Encrypt 1 0 R /Root", 1)
    if pdf.count(b"/Root") == 1
    else pytest.fail("where is the trailer?"),
    "a wrong length": lambda pdf: re.sub(rb"/Length (\d)", rb"/Length 9\1", pdf, count=1),
    "hidden bytes between objects": lambda pdf: pdf.replace(b"endobj\n2 0 obj", b"endobj\n%hidden\n2 0 obj", 1),
    "a wrong place in the table": lambda pdf: re.sub(rb"\n(\d{9})\d 00000 n ", rb"\n\g<1>9 00000 n ", pdf, count=1),
}  # fmt: skip


@pytest.mark.parametrize("fault", AROUND)
def test_a_fault_around_the_objects_is_found(good: bytes, fault: str) -> None:
    faulty = AROUND[fault](good)
    assert faulty != good
    assert check_pdfa(faulty)


def test_an_encrypted_file_is_refused(good: bytes) -> None:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(good)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="o", user=""))
    assert check_pdfa(out.getvalue())


# What the gate saves itself


def another() -> dict[str, Any]:
    facts = specimen.verification()
    facts["number"] = "SFQ-JD-2026-000777"
    facts["client"]["name"] = "另一客户（集团）有限公司 (A & B) \\ 7"
    return facts


def test_a_certificate_with_other_words_is_made_of_the_same_parts(unasked: None) -> None:
    assert check_pdfa(render(another(), attachments=[TWIN])) == []


@pytest.mark.parametrize("kind", ["rejection", "calibration", "arbitration"])
def test_every_kind_is_judged_whole_the_first_time_and_by_its_parts_from_then_on(kind: str) -> None:
    facts = getattr(specimen, kind)()
    assert check_pdfa(render(facts, attachments=[TWIN])) == []
    facts["number"] = "SFQ-JD-2026-000778"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gate, "_validate", lambda _: pytest.fail("the whole validator was asked"))
        assert check_pdfa(render(facts, attachments=[TWIN])) == []


@pytest.mark.parametrize("how", ["thorough", "sample", "first"])
def test_the_whole_validator_is_asked(good: bytes, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    monkeypatch.setattr(gate, "_validate", lambda pdf: asked.append(pdf) or ["a fault"])
    if how == "sample":
        monkeypatch.setattr(gate, "_sampled", lambda _: True)
    if how == "first":
        monkeypatch.setattr(gate, "_approved", set())
    assert check_pdfa(good, thorough=how == "thorough") == ["a fault"]
    assert asked == [good]


def test_about_one_file_in_sixty_four_is_a_sample_and_always_the_same_one() -> None:
    drawn = [n for n in range(6400) if SAMPLED(b"%d" % n)]
    assert 60 <= len(drawn) <= 140
    assert drawn == [n for n in range(6400) if SAMPLED(b"%d" % n)]


def test_what_was_refused_is_not_approved(good: bytes) -> None:
    objects = objects_of(good)
    FAULTS["JavaScript"](objects)
    faulty = written(objects, good)
    assert check_pdfa(faulty) and check_pdfa(faulty)

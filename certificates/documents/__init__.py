"""Certificates on paper that is not paper: frozen facts in, PDF/A-3b out.

`render(facts)` draws a verification certificate, a rejection notice, a calibration or an arbitration certificate. The same
facts give the same bytes, in any process, on any day.
"""

from __future__ import annotations

from collections.abc import Sequence

from . import cover, inner
from .errors import FactsError, MissingGlyph, MissingGlyphs
from .facts import Facts, both, check, issue_day, missing_glyphs
from .flow import compose
from .fonts import DRAWING, SANS, SERIF, font, one_line
from .gate import check_pdfa
from .geometry import INNER_BOTTOM, INNER_TOP, PAGE
from .pdfa import Attachment, PdfaCanvas, Properties
from .pen import Pen
from .wording import WORDING

__all__ = [
    "Attachment",
    "FactsError",
    "MissingGlyph",
    "MissingGlyphs",
    "check_pdfa",
    "missing_glyphs",
    "render",
]


def render(facts: Facts, *, attachments: Sequence[Attachment] = ()) -> bytes:
    """The certificate as PDF/A-3b; the place of the seal (`certificates.sealplace`) is free.

    Raises FactsError (wrong shape) or MissingGlyphs (a character no embedded font has, with its field).
    """
    font(SANS), font(SERIF)
    check(facts)
    words = WORDING[facts["kind"]]
    _, cut = cover.layout(cover.fields(facts, words))
    pages = compose(inner.slabs(facts, words, cut), INNER_TOP - INNER_BOTTOM)
    total = len(pages) + 1
    institute, number = both(facts["institute"]["name"]), one_line(facts["number"])
    properties = Properties(
        title=f"{words.title.zh} {number}",
        author=one_line(institute.zh),
        subject=f"{words.title.en} {number}",
        keywords=number,
        day=issue_day(facts),
    )
    with DRAWING:
        canvas = PdfaCanvas(PAGE, SANS, properties)
        for name in (SANS, SERIF):
            font(name).begin(canvas._doc)
        pen = Pen(canvas)
        cover.draw(pen, facts, words, total)
        canvas.showPage()
        for index, page in enumerate(pages, start=2):
            inner.draw(pen, facts, words, page, index, total)
            canvas.showPage()
        return canvas.finish(tuple(attachments))

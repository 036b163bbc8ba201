"""Drawing on one page: text set from spans, rules, boxes and paths, written as page operators.

Coordinates are PDF points with the origin at the lower left of an A4 page. Colours are (r, g, b) from 0 to 1.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from reportlab.lib.rl_accel import escapePDF

from .fonts import font as load
from .pdfa import PdfaCanvas
from .typeset import spans, width

Colour = tuple[float, float, float]
Align = Literal["left", "center", "right"]

BLACK: Colour = (0.08, 0.09, 0.11)
GREY: Colour = (0.42, 0.45, 0.49)
HAIR: Colour = (0.74, 0.77, 0.80)
WHITE: Colour = (1.0, 1.0, 1.0)


@lru_cache(maxsize=16384)
def number(value: float) -> str:
    """A coordinate with at most two decimals, without a useless tail."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


@lru_cache(maxsize=256)
def _colour(colour: Colour, operator: str) -> str:
    return " ".join(f"{part:.3g}" for part in colour) + " " + operator


class Pen:
    """Draws on the current page of a canvas."""

    def __init__(self, canvas: PdfaCanvas) -> None:
        self.canvas = canvas

    def raw(self, operators: str) -> None:
        """Operators drawn in a graphics state of their own."""
        self.canvas._code.append(f"q {operators} Q")

    def text(
        self,
        x: float,
        y: float,
        line: str,
        *,
        font: str,
        size: float,
        colour: Colour = BLACK,
        align: Align = "left",
        tracking: float = 0.0,
    ) -> float:
        """One line with its baseline at y; returns its width. `tracking` is extra space after each character."""
        if not line:
            return 0.0
        wide = width(line, font, size) + tracking * (len(line) - 1)
        if align != "left":
            x -= wide / 2 if align == "center" else wide
        document = self.canvas._doc
        out = [f"BT {_colour(colour, 'rg')} {number(x)} {number(y)} Td"]
        if tracking:
            # Wide-set words read back as separate characters unless the reader is told what they are.
            out.insert(0, f"/Span <</ActualText <{_utf16(line)}>>> BDC")
            out.append(f"{number(tracking)} Tc")
        setting: tuple[str, float, float] | None = None
        for span in spans(line, font, size):
            if span.actual and not tracking:
                out.append(f"/Span <</ActualText <{_utf16(span.actual)}>>> BDC")
            face = load(span.font)
            for subset, codes in face.splitString(span.text, document):
                wanted = (face.getSubsetInternalName(subset, document), span.size, span.rise)
                if wanted != setting:
                    if span.rise or (setting and setting[2]):
                        out.append(f"{number(span.rise)} Ts")
                    out.append(f"{wanted[0]} {number(span.size)} Tf")
                    setting = wanted
                out.append(f"({escapePDF(codes)}) Tj")
            if span.actual and not tracking:
                out.append("EMC")
        if setting and setting[2]:
            out.append("0 Ts")
        if tracking:
            out.append("0 Tc")
        out.append("ET")
        if tracking:
            out.append("EMC")
        self.canvas._code.append(" ".join(out))
        return wide

    def rule(self, x0: float, y: float, x1: float, *, weight: float = 0.4, colour: Colour = HAIR) -> None:
        self.line(x0, y, x1, y, weight=weight, colour=colour)

    def line(self, x0: float, y0: float, x1: float, y1: float, *, weight: float, colour: Colour) -> None:
        points = f"{number(x0)} {number(y0)} m {number(x1)} {number(y1)} l S"
        self.raw(f"{_colour(colour, 'RG')} {number(weight)} w {points}")

    def box(
        self,
        x: float,
        y: float,
        w: float,
        h: float,
        *,
        fill: Colour | None = None,
        stroke: Colour | None = None,
        weight: float = 0.4,
    ) -> None:
        paint = "B" if fill and stroke else "f" if fill else "S"
        colours = (_colour(fill, "rg") + " " if fill else "") + (_colour(stroke, "RG") + " " if stroke else "")
        self.raw(f"{colours}{number(weight)} w {number(x)} {number(y)} {number(w)} {number(h)} re {paint}")

    def path(
        self,
        operators: str,
        *,
        fill: Colour | None = None,
        stroke: Colour | None = None,
        weight: float = 0.4,
        dash: str = "",
    ) -> None:
        """A ready path (m, l, c, h, re operators), filled or stroked."""
        colours = (_colour(fill, "rg") + " " if fill else "") + (_colour(stroke, "RG") + " " if stroke else "")
        dashes = f"[{dash}] 0 d " if dash else ""
        self.raw(f"{colours}{dashes}{number(weight)} w {operators} {'B' if fill and stroke else 'f' if fill else 'S'}")

    def form(self, name: str, box: tuple[float, float, float, float], operators: str) -> None:
        """Define a drawing once, to be used many times on any page."""
        self.canvas.beginForm(name, *box)
        self.canvas._code.append(operators)
        self.canvas.endForm()

    def has_form(self, name: str) -> bool:
        return bool(self.canvas._doc.hasForm(name))

    def use(self, name: str) -> str:
        """The operator that paints a form; the page is told that it needs it."""
        inner: str = self.canvas._doc.getXObjectName(name)
        if name not in self.canvas._formsinuse:
            self.canvas._formsinuse.append(name)
        return f"/{inner} Do"


def _utf16(text: str) -> str:
    return "FEFF" + text.encode("utf-16-be").hex().upper()

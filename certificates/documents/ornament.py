"""What is drawn and not written: the frame, the emblem, the QR code. All of it vector paths, no images."""

from __future__ import annotations

import math
from functools import lru_cache
from itertools import pairwise

from . import qrcode
from .pen import Colour, Pen, number

_KAPPA = 0.5522847498


def circle(x: float, y: float, r: float) -> str:
    """A circle from four cubic curves."""
    k = r * _KAPPA
    points = (
        (x + r, y), (x + r, y + k, x + k, y + r, x, y + r), (x - k, y + r, x - r, y + k, x - r, y),
        (x - r, y - k, x - k, y - r, x, y - r), (x + k, y - r, x + r, y - k, x + r, y),
    )  # fmt: skip
    start, *curves = (" ".join(number(value) for value in point) for point in points)
    return f"{start} m " + " ".join(f"{curve} c" for curve in curves) + " h"


_PERIOD = 11.24
_BAND = 9.0
_TILE, _EMBLEM = "guilloche", "emblem"


@lru_cache(maxsize=1)
def _guilloche() -> str:
    """One period of four interlaced sines about the x axis, as cubic curves of a quarter wave each."""
    height, quarter = 3.4, _PERIOD / 4
    out = []
    for phase in range(4):
        points = []
        for step in range(5):
            t = (phase + step) * math.pi / 2
            rise = height * math.cos(t) * (math.pi / 2) / 3
            points.append((step * quarter, height * math.sin(t), rise))
        out.append(f"{number(points[0][0])} {number(points[0][1])} m")
        for (x0, y0, rise0), (x1, y1, rise1) in pairwise(points):
            values = (x0 + quarter / 3, y0 + rise0, x1 - quarter / 3, y1 - rise1, x1, y1)
            out.append(" ".join(number(value) for value in values) + " c")
    return " ".join(out)


def frame(pen: Pen, x0: float, y0: float, x1: float, y1: float, colour: Colour) -> None:
    """A guilloche band between two rules round the page, with a small lozenge on each corner."""
    middle = _BAND / 2
    soft = " ".join(f"{0.45 + 0.55 * part:.3g}" for part in colour)
    pen.form(_TILE, (0.0, -4.0, _PERIOD, 4.0), f"{soft} RG 0.3 w {_guilloche()} S")
    across, upright = x1 - x0 - 2 * _BAND, y1 - y0 - 2 * _BAND
    for matrix, length in (
        (f"1 0 0 1 {number(x0 + _BAND)} {number(y0 + middle)}", across),
        (f"1 0 0 1 {number(x0 + _BAND)} {number(y1 - middle)}", across),
        (f"0 1 -1 0 {number(x0 + middle)} {number(y0 + _BAND)}", upright),
        (f"0 1 -1 0 {number(x1 - middle)} {number(y0 + _BAND)}", upright),
    ):
        waves = round(length / _PERIOD)
        stretch = f"{length / waves / _PERIOD:.6f} 0 0 1 0 0 cm"
        pen.raw(f"{matrix} cm {stretch} " + f" 1 0 0 1 {_PERIOD} 0 cm ".join([pen.use(_TILE)] * waves))
    pen.box(x0, y0, x1 - x0, y1 - y0, stroke=colour, weight=0.9)
    pen.box(x0 + _BAND, y0 + _BAND, x1 - x0 - 2 * _BAND, y1 - y0 - 2 * _BAND, stroke=colour, weight=0.4)
    for cx in (x0 + middle, x1 - middle):
        for cy in (y0 + middle, y1 - middle):
            r = 3.1
            pen.path(
                f"{number(cx - r)} {number(cy)} m {number(cx)} {number(cy + r)} l "
                f"{number(cx + r)} {number(cy)} l {number(cx)} {number(cy - r)} l h",
                fill=colour,
            )


def emblem(pen: Pen, x: float, y: float, size: float, colour: Colour) -> None:
    """A balance inside a graduated circle; (x, y) is its centre. Drawn once per document, however often it is used."""
    if not pen.has_form(_EMBLEM):
        ink = " ".join(f"{part:.3g}" for part in colour)
        pen.form(_EMBLEM, (-52.0, -52.0, 52.0, 52.0), f"{ink} RG {ink} rg {_emblem()}")
    scale = number(size / 100) if size >= 10 else f"{size / 100:.4f}"
    pen.raw(f"{scale} 0 0 {scale} {number(x)} {number(y)} cm {pen.use(_EMBLEM)}")


@lru_cache(maxsize=1)
def _emblem() -> str:
    """Operators for the emblem with a radius of 50 about the origin."""
    out = [f"2.2 w {circle(0, 0, 50)} S 1.2 w"]
    for step in range(60):
        cos, sin = math.cos(math.radians(step * 6)), math.sin(math.radians(step * 6))
        inner = 40.0 if step % 15 == 0 else 42.5 if step % 5 == 0 else 44.5
        out.append(f"{number(inner * cos)} {number(inner * sin)} m {number(47 * cos)} {number(47 * sin)} l")
    out.append("S 2.8 w -25 15 m -10 20 10 20 25 15 c 0 26 m 0 -23 l S 1.3 w")
    out += [f"{side * 25} 15 m {side * 25 - 9.5} -5 l {side * 25} 15 m {side * 25 + 9.5} -5 l" for side in (-1, 1)]
    out.append("S")
    for side in (-1, 1):
        left, right = side * 25 - 11.5, side * 25 + 11.5
        out.append(f"{left} -5 m {left + 4} -13.5 {right - 4} -13.5 {right} -5 c h f")
    out.append(f"-12 -27 m 12 -27 l 4.5 -21 l -4.5 -21 l h f {circle(0, 27, 2.75)} f")
    return " ".join(out)


def qr(pen: Pen, x: float, y: float, size: float, content: str, colour: Colour) -> None:
    """A QR code (ISO/IEC 18004) with its lower left corner at (x, y); the caller leaves the quiet zone free."""
    side, runs = qrcode.runs(content)
    # Whole-unit rectangles under one matrix: no hairline gaps between modules, and a short path.
    rectangles = " ".join(f"{column} {side - line - 1} {length} 1 re" for line, column, length in runs)
    unit = size / side
    ink = f"{colour[0]:.3g} {colour[1]:.3g} {colour[2]:.3g} rg"
    pen.raw(f"{ink} {unit:.5f} 0 0 {unit:.5f} {number(x)} {number(y)} cm {rectangles} f")

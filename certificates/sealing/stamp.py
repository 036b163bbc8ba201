"""The look of the seal: round, red, with the institute's name, drawn as outlines so that it needs no font in the file."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import KeysError

SIZE = 122.0
RED = (0.80, 0.09, 0.11)
_FONT = Path(__file__).resolve().parent.parent / "fonts" / "NotoSansSC-Regular.ttf"
_ARC = math.radians(218)


def stamp(institute: str, label: str, *, demonstration: bool) -> bytes:
    """Page operators for a square of `SIZE` points. Raises KeysError when the font lacks a character of the name."""
    return _stamp(institute, label, demonstration)


@lru_cache(maxsize=16)
def _stamp(institute: str, label: str, demonstration: bool) -> bytes:
    from fontTools.ttLib import TTFont

    middle = SIZE / 2
    out = [" ".join(f"{part:g}" for part in RED)]
    ink = out[0]
    out = [f"q {ink} RG {ink} rg 1 j", _ring(middle, SIZE / 2 - 2.2, 2.6), _ring(middle, SIZE / 2 - 5.2, 0.5)]
    out.append(_star(middle, middle + 3, 15.5))
    font = TTFont(_FONT, lazy=True)
    try:
        glyphs, cmap, upm = font.getGlyphSet(), font.getBestCmap(), font["head"].unitsPerEm
        radius = SIZE / 2 - 17.5
        size = min(14.0, _ARC * radius / max(len(institute), 1) * 0.92)
        step = min(_ARC / max(len(institute) - 1, 1), math.radians(34))
        start = math.pi / 2 + step * (len(institute) - 1) / 2
        for index, char in enumerate(institute):
            angle = start - step * index
            x, y = middle + radius * math.cos(angle), middle + radius * math.sin(angle)
            out.append(_glyph(char, glyphs, cmap, upm, x, y, size, angle - math.pi / 2))
        lines = [(label, 9.6, middle - 25.5)]
        if demonstration:
            lines.append(("演示", 7.4, middle - 36.5))
        for text, size, y in lines:
            for index, char in enumerate(text):
                x = middle + (index - (len(text) - 1) / 2) * size * 1.06
                out.append(_glyph(char, glyphs, cmap, upm, x, y, size, 0.0))
    finally:
        font.close()
    out.append("Q")
    return "\n".join(out).encode("ascii")


def _ring(centre: float, radius: float, weight: float) -> str:
    k = radius * 0.5522847498
    c, r = centre, radius
    return (
        f"{weight:g} w {c + r:.2f} {c:.2f} m {c + r:.2f} {c + k:.2f} {c + k:.2f} {c + r:.2f} {c:.2f} {c + r:.2f} c "
        f"{c - k:.2f} {c + r:.2f} {c - r:.2f} {c + k:.2f} {c - r:.2f} {c:.2f} c "
        f"{c - r:.2f} {c - k:.2f} {c - k:.2f} {c - r:.2f} {c:.2f} {c - r:.2f} c "
        f"{c + k:.2f} {c - r:.2f} {c + r:.2f} {c - k:.2f} {c + r:.2f} {c:.2f} c h S"
    )


def _star(x: float, y: float, radius: float) -> str:
    points = []
    for corner in range(10):
        angle = math.pi / 2 + corner * math.pi / 5
        reach = radius if corner % 2 == 0 else radius * 0.382
        points.append(f"{x + reach * math.cos(angle):.2f} {y + reach * math.sin(angle):.2f}")
    return f"{points[0]} m " + " ".join(f"{point} l" for point in points[1:]) + " h f"


def _glyph(char: str, glyphs: Any, cmap: Any, upm: int, x: float, y: float, size: float, turn: float) -> str:
    if ord(char) not in cmap:
        raise KeysError(
            f"印章字体中没有字符“{char}”（U+{ord(char):04X}）。",
            f"The seal's font has no character “{char}” (U+{ord(char):04X}).",
        )
    from fontTools.pens.recordingPen import DecomposingRecordingPen

    glyph = glyphs[cmap[ord(char)]]
    pen = DecomposingRecordingPen(glyphs)
    glyph.draw(pen)
    scale = size / upm
    cos, sin = math.cos(turn) * scale, math.sin(turn) * scale
    shift_x, shift_y = -glyph.width / 2, -0.37 * upm

    def at(point: tuple[float, float]) -> tuple[float, float]:
        px, py = point[0] + shift_x, point[1] + shift_y
        return x + px * cos - py * sin, y + px * sin + py * cos

    out: list[str] = []
    here = (0.0, 0.0)
    for operator, points in pen.value:
        if operator == "moveTo":
            here = points[0]
            out.append("{:.2f} {:.2f} m".format(*at(here)))
        elif operator == "lineTo":
            here = points[0]
            out.append("{:.2f} {:.2f} l".format(*at(here)))
        elif operator == "qCurveTo":
            for control, end in _quadratics(points):
                # A quadratic curve as a cubic one: the control points are two thirds of the way to its control point.
                first = (here[0] + 2 * (control[0] - here[0]) / 3, here[1] + 2 * (control[1] - here[1]) / 3)
                second = (end[0] + 2 * (control[0] - end[0]) / 3, end[1] + 2 * (control[1] - end[1]) / 3)
                out.append("{:.2f} {:.2f} {:.2f} {:.2f} {:.2f} {:.2f} c".format(*at(first), *at(second), *at(end)))
                here = end
        elif operator == "closePath":
            out.append("h")
    return " ".join([*out, "f"])


Point = tuple[float, float]


def _quadratics(points: tuple[Point, ...]) -> list[tuple[Point, Point]]:
    """(control, end) pairs of a TrueType spline, with the implied on-curve points between its controls."""
    *controls, end = points
    out = []
    for index, control in enumerate(controls):
        if index + 1 < len(controls):
            follower = controls[index + 1]
            out.append((control, ((control[0] + follower[0]) / 2, (control[1] + follower[1]) / 2)))
        else:
            out.append((control, end))
    return out

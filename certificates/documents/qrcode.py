"""The modules of a QR code (ISO/IEC 18004:2015), with the mask the standard asks for found quickly.

segno encodes; of the eight masks, the one with the lowest penalty is to be taken (7.8.3). Trying them module by module takes longer
than everything else about the code, so the whole symbol is one integer here and each rule a few shifts of it. The choice is segno's own.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache

from segno import encoder

_DIGITS = bytes.maketrans(b"\0\1", b"01")
_RUN = re.compile("1+")
# dark : light : dark : light : dark as 1 : 1 : 3 : 1 : 1 (N3); where it is dark, and where light.
_FINDER_DARK, _FINDER_LIGHT = (0, 2, 3, 4, 6), (1, 5)
# Light columns after each row, so that looking four modules on never meets the next row.
_MARGIN = 4


@lru_cache(maxsize=64)
def runs(content: str) -> tuple[int, tuple[tuple[int, int, int], ...]]:
    """Modules per side, and the dark runs (row from the top, column, length). Error correction M or better."""
    code = encoder.encode(content, error="m", micro=False, mask=0)
    side = len(code.matrix)
    region, fixed, masks = _patterns(side)
    raw = (_number(code.matrix) & region) ^ masks[0]
    candidates = [fixed | raw ^ mask for mask in masks]
    best = min(range(len(masks)), key=lambda number: _penalty(candidates[number], side))
    encoder.add_format_info(code.matrix, code.version, code.error, best)
    step = side + _MARGIN
    whole = f"{_number(code.matrix) & ~region | raw ^ masks[best]:0{side * step}b}"[::-1]
    rows = [whole[line * step : line * step + side] for line in range(side)]
    return side, tuple(
        (line, found.start(), found.end() - found.start())
        for line, row in enumerate(rows)
        for found in _RUN.finditer(row)
    )


def _number(matrix: tuple[bytearray, ...]) -> int:
    """The modules as bits, the upper left one lowest, row by row with the margin between them."""
    modules = bytes(_MARGIN).join([b"", *(row[::-1] for row in reversed(matrix))])
    return int(modules.translate(_DIGITS), 2)


@cache
def _patterns(side: int) -> tuple[int, int, tuple[int, ...]]:
    """Of a size: where data stand, what is dark elsewhere before format information is added, and the masks (7.8.2, Table 10)."""
    matrix = encoder.make_matrix(side, side)
    encoder.add_finder_patterns(matrix, side, side)
    encoder.add_alignment_patterns(matrix, side, side)
    fixed = _number(tuple(bytearray(one == 1 for one in row) for row in matrix))
    matrix[-8][8] = 1  # the dark module, set together with the format information
    free = [(i, j) for i in range(side) for j in range(side) if matrix[i][j] > 1]

    def bits(places: list[tuple[int, int]]) -> int:
        return sum(1 << i * (side + _MARGIN) + j for i, j in places)

    masks = encoder.get_data_mask_functions(False)
    return bits(free), fixed, tuple(bits([one for one in free if mask(*one)]) for mask in masks)


def _penalty(dark: int, side: int) -> int:
    """The four rules of 7.8.3.1 together."""
    down = side + _MARGIN
    light = _field(side) & ~dark
    score = 0
    for colour in (dark, light):
        for step in (1, down):
            pair = colour & colour >> step
            five = pair & pair >> 2 * step & colour >> 4 * step
            score += five.bit_count() + 2 * (five & ~(five << step)).bit_count()  # N1
        beside = colour & colour >> 1
        score += 3 * (beside & beside >> down).bit_count()  # N2
    score += 40 * (_finders(dark, light, 1) + _finders(dark, light, down))  # N3
    return score + 10 * int(abs(100 * dark.bit_count() / side**2 - 50) / 5)  # N4


def _finders(dark: int, light: int, step: int) -> int:
    """How often the look of a finder pattern stands in rows (step 1) or columns, with four light modules before or after it."""
    found = dark
    for place in _FINDER_DARK[1:]:
        found &= dark >> place * step
    for place in _FINDER_LIGHT:
        found &= light >> place * step
    before, after = dark << step, dark >> 7 * step  # outside the symbol nothing is dark
    before |= before << step
    after |= after >> step
    found &= ~(before | before << 2 * step) | ~(after | after >> 2 * step)
    # Two that share modules count once, the first of them.
    while shared := found & (found << 4 * step | found << 6 * step):
        found ^= shared & -shared
    return found.bit_count()


@cache
def _field(side: int) -> int:
    row = (1 << side) - 1
    return sum(row << line * (side + _MARGIN) for line in range(side))

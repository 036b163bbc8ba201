"""The QR code has the mask that ISO/IEC 18004:2015, 7.8.3 asks for; segno's own search is the second opinion."""

import segno
from hypothesis import given, settings
from hypothesis import strategies as st

from certificates.documents import alphabet, qrcode
from certificates.documents.fonts import SANS, SERIF, has_glyph


def _drawn(side, runs):
    rows = [bytearray(side) for _ in range(side)]
    for line, column, length in runs:
        rows[line][column : column + length] = bytes([1]) * length
    return tuple(rows)


@settings(max_examples=25, deadline=None)
@given(st.text("0123456789ABCDEFGHJKMNPQRSTVWXYZabcdefghijkmnpqrstuvwxyz-_/:.", min_size=1, max_size=160))
def test_every_module_is_where_segno_puts_it_after_trying_all_masks(content):
    assert _drawn(*qrcode.runs(content)) == segno.make(content, error="m", micro=False).matrix


def test_the_common_characters_fit_into_one_part_of_a_font_and_each_has_its_glyph():
    for name, characters in ((SANS, alphabet.SANS), (SERIF, alphabet.SERIF)):
        assert len(characters) == len(set(characters)) <= 254
        assert all(has_glyph(one, name) for one in characters)

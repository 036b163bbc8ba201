"""Whatever the facts hold, nothing leaves its page and nothing is printed over anything else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import specimen
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from certificates.documents import MissingGlyphs, check_pdfa, render
from certificates.documents.facts import strings
from certificates.documents.flow import Slab, compose, gap
from certificates.documents.fonts import SANS
from certificates.documents.geometry import FRAME, LEFT, RIGHT
from certificates.documents.pdfa import PdfaCanvas
from certificates.documents.pen import Pen
from certificates.documents.typeset import fit, width, wrap

Box = tuple[float, float, float, float, str]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[Box]]]:
    """The ink boxes of every text, per page, as they are drawn."""
    pages: list[list[Box]] = []
    text, show = Pen.text, PdfaCanvas.showPage
    current: list[Box] = []

    def spy(self: Pen, x: float, y: float, line: str, **style: Any) -> float:
        wide = text(self, x, y, line, **style)
        align = style.get("align", "left")
        start = x - (0 if align == "left" else wide if align == "right" else wide / 2)
        if line.strip():
            current.append((start, y - 0.10 * style["size"], start + wide, y + 0.72 * style["size"], line))
        return wide

    def turn(self: PdfaCanvas) -> None:
        pages.append(list(current))
        current.clear()
        show(self)

    monkeypatch.setattr(Pen, "text", spy)
    monkeypatch.setattr(PdfaCanvas, "showPage", turn)
    yield pages


def faults(pages: list[list[Box]]) -> list[str]:
    found = []
    for number, boxes in enumerate(pages, start=1):
        for x0, y0, x1, y1, line in boxes:
            if x0 < LEFT - 1 or x1 > RIGHT + 1 or y0 < FRAME[1] + 5 or y1 > FRAME[3] - 5:
                found.append(f"page {number}: {line[:30]!r} leaves the page at {x0:.0f},{y0:.0f}…{x1:.0f},{y1:.0f}")
        ordered = sorted(boxes)
        assert len(ordered) < 5000
        for index, (x0, y0, x1, y1, line) in enumerate(ordered):
            for other in ordered[index + 1 :]:
                if other[0] > x1 - 0.6:
                    break
                if min(y1, other[3]) - max(y0, other[1]) > 0.6 and min(x1, other[2]) - max(x0, other[0]) > 0.6:
                    found.append(f"page {number}: {line[:30]!r} overlaps {other[4][:30]!r}")
    return found


@pytest.mark.parametrize("kind", specimen.KINDS)
def test_nothing_overlaps_on_an_ordinary_certificate(kind: str, drawn: list[list[Box]]) -> None:
    render(specimen.KINDS[kind]())
    assert len(drawn) in (3, 4)
    assert faults(drawn) == []


HOSTILE = st.one_of(
    st.text(max_size=60),
    st.text(alphabet="<b>&;/\\()[]{}%'\"\n\t\r\x00\x07\x1b\u202e\u200b\ufeff 　", max_size=80),
    st.text(alphabet="检定合格，。、）《（“”……—A1. -", max_size=400),
    st.integers(1, 900).map(lambda size: "W" * size),
    st.integers(1, 900).map(lambda size: "）" * size),
    st.integers(1, 300).map(lambda size: "长名称 long name " * size),
    st.sampled_from(["", " ", "\n\n\n", "<para><img src=x/></para>", "%s%n{0}", "= = =", "～" * 50, "1" * 700]),
)
PATHS = [path for path, _ in strings(specimen.verification()) if path not in ("schema", "kind", "dates.issued")]


def put(facts: Any, path: str, value: str) -> None:
    keys = path.replace("[", ".").replace("]", "").split(".")
    for key in keys[:-1]:
        facts = facts[int(key)] if key.isdigit() else facts[key]
    facts[int(keys[-1]) if keys[-1].isdigit() else keys[-1]] = value


@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(changes=st.dictionaries(st.sampled_from(PATHS), HOSTILE, min_size=1, max_size=12))
def test_hostile_text_anywhere_never_breaks_the_layout(drawn: list[list[Box]], changes: dict[str, str]) -> None:
    facts = specimen.verification()
    for path, value in changes.items():
        put(facts, path, value)
    if len(facts["verify_url"]) > 300:
        facts["verify_url"] = facts["verify_url"][:300]
    drawn.clear()
    try:
        pdf = render(facts)
    except MissingGlyphs as refused:
        assert refused.missing
        return
    found = faults(drawn)
    assert not found, found[:5]
    assert check_pdfa(pdf) == []


def test_every_field_at_its_worst_still_fits(drawn: list[list[Box]]) -> None:
    facts = specimen.verification()
    for path in PATHS:
        if path != "verify_url":
            put(facts, path, "超长文本ABC-" * 40)
    pdf = render(facts)
    assert faults(drawn) == []
    assert check_pdfa(pdf) == []


def test_markup_is_printed_and_not_obeyed(text_of: Any) -> None:
    facts = specimen.verification()
    facts["client"]["name"] = "<b>粗体</b> & &amp; (括号) \\n"
    assert "<b>粗体</b> & &amp; (括号) \\n" in text_of(render(facts), "-raw")


def test_no_line_begins_with_a_closing_mark_or_ends_with_an_opening_one() -> None:
    text = "本证书（编号见封面）的结果，仅对所检定的计量器具“有效”；未经批准，不得（部分）复制。" * 4
    for limit in range(60, 200, 7):
        for line in wrap(text, SANS, 9, limit):
            assert line[0] not in "，。；）”、"
            assert line[-1] not in "（“"
            assert width(line, SANS, 9) <= limit + 9


def test_a_word_is_broken_only_when_it_is_wider_than_the_line() -> None:
    assert wrap("alpha beta", SANS, 10, 40) == ("alpha", "beta")
    assert len(wrap("W" * 50, SANS, 10, 60)) > 1
    assert "".join(wrap("W" * 50, SANS, 10, 60)) == "W" * 50


def test_text_that_does_not_fit_is_cut_and_said_to_be() -> None:
    size, lines, whole = fit("检定" * 100, SANS, (10.0, 8.0), 100, 2)
    assert (size, len(lines), whole) == (8.0, 2, False)
    assert lines[-1].endswith("……")
    assert fit("检定", SANS, (10.0, 8.0), 100, 2) == (10.0, ("检定",), True)


def slab(height: float, **options: Any) -> Slab:
    return Slab(height, lambda pen, top: None, **options)


def test_a_heading_stays_with_what_follows() -> None:
    heading, body = slab(10, keep=True), slab(30)
    pages = compose([slab(65), heading, body], 100)
    assert [[one for _, one in page] for page in pages][1] == [heading, body]


def test_a_repeated_head_opens_the_page_its_table_continues_on() -> None:
    head = slab(10)
    rows = [slab(30, head=head) for _ in range(5)]
    pages = compose([head, *rows], 100)
    assert [[one for _, one in page] for page in pages] == [[head, *rows[:3]], [head, *rows[3:]]]
    assert pages[1][1][0] == 10


def test_white_space_is_dropped_at_the_top_of_a_page() -> None:
    pages = compose([slab(95), gap(10), slab(20)], 100)
    assert [len(page) for page in pages] == [1, 1]


def test_a_slab_higher_than_a_page_is_still_placed() -> None:
    pages = compose([slab(10), slab(500), slab(10)], 100)
    assert sum(len(page) for page in pages) == 3

"""The drawing of an instrument's drift: values inside the band of their limits, the same digits as the records."""

from django.template.loader import render_to_string

from instruments.views.drift_plot import HEIGHT, LEFT, WIDTH, plots


def series(*points: tuple[str, str, str, str, str]) -> dict:
    return {
        "part": "",
        "item": "working_error",
        "title": {"zh": "工作误差", "en": "Working error"},
        "label": {"zh": "误差", "en": "error"},
        "unit": "%",
        "point": "32",
        "points": [
            {"day": day, "value": value, "lower": lower, "upper": upper, "result": result, "record": "R"}
            for day, value, lower, upper, result in points
        ],
    }


def test_later_days_stand_to_the_right_and_larger_errors_higher():
    drawn = plots(
        [series(("2025-01-01", "-0.4", "-2.0", "2.0", "pass"), ("2026-01-01", "+1.2", "-2.0", "2.0", "pass"))]
    )[0]
    first, second = drawn.marks
    assert float(first.x) == LEFT and float(first.x) < float(second.x) <= WIDTH
    assert float(first.y) > float(drawn.zero) > float(second.y)
    assert [text for text, _y in drawn.ticks] == ["2", "-2", "0"]
    assert len(drawn.band.split()) == 4


def test_a_value_beyond_its_limit_is_marked_and_stays_inside_the_drawing():
    drawn = plots([series(("2026-01-01", "+9.9", "-2.0", "2.0", "fail"))])[0]
    assert drawn.marks[0].out and 0 < float(drawn.marks[0].y) < HEIGHT
    assert drawn.marks[0].said == "2026-01-01  +9.9 %"
    assert len(drawn.band.split()) == 4


def test_a_limit_on_one_side_only_draws_no_band_and_nothing_is_drawn_without_numbers():
    assert plots([series(("2026-01-01", "0.05", "", "0.17", "pass"))])[0].band == ""
    assert plots([series(("2026-01-01", "—", "-1", "1", "pass"))]) == []
    assert plots([series(("2026-01-01", "0", "", "", "pass"))])[0].marks


def test_the_drawing_is_svg_without_inline_style_and_its_digits_stand_in_a_table():
    drawn = plots(
        [series(("2025-01-01", "-0.4", "-2.0", "2.0", "pass"), ("2026-01-01", "+2.4", "-2.0", "2.0", "fail"))]
    )
    page = render_to_string("instruments/drift.html", {"plots": drawn})
    assert "style=" not in page and page.count("<circle") == 2 and 'fill="var(--danger)"' in page
    assert 'viewBox="0 0 640 180"' in page and '<td class="num">+2.4</td>' in page and 'x="52"' in page

"""Lines of text: expected, refused, echoed, or bad; and expressions that cannot run away."""

import re
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from devices.protocols.exchange import Answer, Quality, Trouble
from devices.protocols.line import Ask, Lines, Reject, printable
from devices.protocols.pattern import Pattern, PatternError

SICS = Pattern(r"^S (?P<st>[SD]) +(?P<m>-?\d+(?:\.\d+)?) (?P<u>\S+)$")
REJECTS = (
    Reject(Pattern("^S I$"), Quality.BUSY),
    Reject(Pattern(r"^S \+$"), Quality.OVERLOAD),
    Reject(Pattern("^S -$"), Quality.UNDERLOAD),
    Reject(Pattern("^(ES|ET|EL)$"), Quality.DEVICE_ERROR),
)


def ask(**more):
    return Ask("SI", SICS, REJECTS, **more)


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        ("S S      1.2340 g", {"st": "S", "m": "1.2340", "u": "g"}),  # MT-SICS reference manual
        ("S D    -10.0100 g", {"st": "D", "m": "-10.0100", "u": "g"}),
        ("S S     100.00 g", {"st": "S", "m": "100.00", "u": "g"}),
    ],
)
def test_a_balance_answers_with_its_own_digits(line, groups):
    assert ask().feed(line.encode() + b"\r\n") == Answer(groups=groups)


@pytest.mark.parametrize(
    ("line", "quality"),
    [("S I", "busy"), ("S +", "overload"), ("S -", "underload"), ("ES", "device_error"), ("ET", "device_error")],
)
def test_refusals_are_named_and_leave_the_line_clean(line, quality):
    outcome = ask().feed(line.encode() + b"\r\n")
    assert isinstance(outcome, Trouble)
    assert (outcome.quality.value, outcome.dirty) == (quality, False)


@pytest.mark.parametrize("line", ["T S     10.0100 g", "S S 1.2x g", "", "S S      1.2340 g extra", "Z A"])
def test_another_line_is_bad_and_dirties_the_line(line):
    asking = ask()
    outcome = asking.feed(line.encode() + b"\r\n") or asking.expire()
    assert isinstance(outcome, Trouble)
    assert outcome.dirty


@pytest.mark.parametrize(
    ("pattern", "line", "mass"),
    [
        (r"^(?P<st>ST|US),(?P<m>[+-]\d+\.\d+) *(?P<u>\S+)$", "ST,+001234.5  g", "+001234.5"),  # A&D EK-L manual
        (r"^(?P<m>[+-] *\d+\.\d+) (?P<u>...)$", "-      0.1 g  ", "-      0.1"),  # Sartorius SBI, LE2202S manual
        (r"^ *(?P<m>-?\d+\.\d+) (?P<u>\w+)(?P<st> \?)?$", "       0.01 g ?", "0.01"),  # Ohaus Defender 3000 manual
        (r"^(?::SENS:PRES )?(?P<m>[-+]?\d+(\.\d*)?([eE][-+]?\d+)?)$", ":SENS:PRES 998.25", "998.25"),  # Druck PACE5000
    ],
)
def test_other_makers_lines_need_only_another_expression(pattern, line, mass):
    found = Pattern(pattern).match(line)
    assert found is not None
    assert found["m"] == mass


def test_our_own_echo_is_recognised_once():
    asking = ask()
    assert asking.feed(b"SI\r\n") is None
    assert isinstance(asking.feed(b"S S      1.2340 g\r\n"), Answer)


def test_an_endless_line_is_cut():
    asking = ask(longest=20)
    outcome = asking.feed(b"x" * 30)
    assert isinstance(outcome, Trouble)
    assert outcome.code == "too_long"


def test_foreign_bytes_are_shown_and_never_dropped():
    assert printable(b"1.2\xff3") == r"1.2\xff3"
    assert isinstance(ask().feed(b"S S      1.2\xff340 g\r\n"), Trouble)


def test_listening_takes_a_line_nobody_asked_for():
    listening = Ask("", SICS, REJECTS)
    assert listening.request == b""
    assert isinstance(listening.feed(b"S S      1.2340 g\r\n"), Answer)


def test_either_line_end_is_taken_where_lf_is_declared():
    """A SCPI parser was seen to end with CR LF whatever it was asked with."""
    asking = Ask("*ESR?", Pattern(r"^(?P<v>\d+)$"), terminator=b"\n")
    assert asking.feed(b"32\r\n") == Answer(groups={"v": "32"})


@pytest.mark.parametrize("pattern", [r"(a*)*b", r"(a|a)*b", r"(a|aa)+b", r"([a-z]+)*b", r"(.*)(.*)(.*)(.*)(.*)b"])
def test_no_expression_runs_away(pattern):
    started = time.perf_counter()
    assert Pattern(pattern).match("a" * 256) is None
    assert time.perf_counter() - started < 15  # by trying them out one would wait for years


@pytest.mark.parametrize(
    "pattern",
    ["(", ")", "a**", "a*?", "[", "[z-a]", "(?P<n>a)(?P<n>b)", "(?=a)", r"\b", r"\1", "{2}", "a{2", "a{3,2}", "*a",
     "a{9999}", "(" * 40 + ")" * 40, "(?:(?:a{99}){99}){99}", "(?:){99999999}"],
)  # fmt: skip
def test_an_expression_outside_the_language_is_refused_with_its_place(pattern):
    with pytest.raises(PatternError) as caught:
        Pattern(pattern)
    assert 0 <= caught.value.column <= len(pattern)


atoms = st.sampled_from(["a", "b", ".", r"\d", "[ab]", "[^a]", "(?:ab|b)", "(?P<x>a+)", "(a|b)", " ", r"\S"])
patterns = st.lists(st.tuples(atoms, st.sampled_from(["", "*", "+", "?", "{1,2}", "{2}"])), max_size=6).map(
    lambda parts: "".join(atom + count for atom, count in parts)
)


@given(patterns, st.text("ab1 ", max_size=8))
def test_expressions_mean_what_they_mean_in_python(pattern, line):
    assume(pattern.count("(?P<x>") < 2)
    theirs = re.fullmatch(pattern, line)
    ours = Pattern(pattern).match(line)
    assert (ours is None) == (theirs is None)
    if theirs is not None and ours is not None:
        assert ours == {name: value for name, value in theirs.groupdict().items() if value is not None}


def test_the_rest_of_a_line_that_was_given_up_is_no_line():
    """An adapter that stalls in the middle of 1234.56 g must not leave 34.56 g behind, however long it stalls."""
    lines = Lines()
    assert lines.feed(b"12", beginning=True) == []
    (given_up,) = lines.expire()
    assert given_up[0] == b"12" and given_up[1].code == "unfinished"
    assert lines.feed(b"34.56 g\r\n", beginning=True) == [(b"34.56 g\r\n", None)]
    assert lines.feed(b"5.00 g\r\n", beginning=True) == [(b"5.00 g\r\n", "5.00 g")]

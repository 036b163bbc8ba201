"""The rule by which samples are drawn: known answers, proportions, and the same chance for everybody."""

import hashlib
import random
from collections import Counter
from typing import Any

import pytest

from lims.auditor import drawing


def test_the_rank_is_what_the_rule_says_and_anybody_can_compute_it() -> None:
    assert drawing.rank("2026-11-22 03 08 15", "JD-2026-000001") == (
        hashlib.sha256(b"2026-11-22 03 08 15\nJD-2026-000001").hexdigest()
    )


def test_a_known_draw() -> None:
    """Drawn once and written down: whoever changes the rule changes every sample ever published."""
    strata = {f"JD-{number:03d}": "ab"[number % 5 == 0] for number in range(1, 31)}
    assert drawing.draw(strata, seed="12 34 56", wanted=6) == [
        "JD-015",
        "JD-024",
        "JD-001",
        "JD-009",
        "JD-012",
        "JD-018",
    ]


@pytest.mark.parametrize(
    ("groups", "wanted", "expected"),
    [
        ({"a": 50, "b": 50}, 10, {"a": 5, "b": 5}),
        ({"a": 98, "b": 1, "c": 1}, 10, {"a": 8, "b": 1, "c": 1}),
        ({"a": 1, "b": 1, "c": 1}, 2, {"a": 1, "b": 1, "c": 0}),
        ({"a": 3}, 10, {"a": 3}),
        ({}, 5, {}),
        ({"a": 5, "b": 3, "c": 2}, 4, {"a": 2, "b": 1, "c": 1}),
    ],
)
def test_shares_are_proportional_and_leave_no_group_out(groups: Any, wanted: int, expected: Any) -> None:
    assert drawing.shares(groups, wanted) == expected


def test_shares_always_add_up_and_never_exceed_a_group() -> None:
    chance = random.Random(7)
    for _ in range(2000):
        groups = {f"g{number}": chance.randint(1, 40) for number in range(chance.randint(1, 9))}
        wanted = chance.randint(1, 60)
        found = drawing.shares(groups, wanted)
        assert sum(found.values()) == min(wanted, sum(groups.values()))
        assert all(found[name] <= groups[name] for name in groups)
        assert wanted < len(groups) or all(found.values())


def test_every_certificate_has_the_same_chance() -> None:
    strata = {f"n{number}": "x" for number in range(20)}
    drawn = Counter(one for seed in range(2000) for one in drawing.draw(strata, seed=str(seed), wanted=5))
    assert set(drawn) == set(strata)
    assert all(400 < count < 600 for count in drawn.values()), "500 expected; these seeds give the same counts for ever"

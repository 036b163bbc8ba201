"""Accuracy as printed is compared only where both sides are of one kind and unit."""

from decimal import Decimal

import pytest

from standards.accuracy import Accuracy, parse, sufficient


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.05级", Accuracy("class", Decimal("0.05"))),
        ("不低于 0.05 级", Accuracy("class", Decimal("0.05"))),
        ("class 0.1", Accuracy("class", Decimal("0.1"))),
        ("二等", Accuracy("order", Decimal(2))),
        ("三等标准金属量器", Accuracy("order", Decimal(3))),
        ("MPE：±0.2 ℃", Accuracy("limit", Decimal("0.2"), "℃")),
        ("最大允许误差 ±0.1 %", Accuracy("limit", Decimal("0.1"), "%")),
        ("±0.5 ℃", Accuracy("limit", Decimal("0.5"), "℃")),
        ("U=0.025 % (k=2)", Accuracy("expanded", Decimal("0.025"), "%")),
        ("见证书", None),
        ("unknown", None),
        ("", None),
    ],
)
def test_printed_accuracy_is_read(text, expected):
    assert parse(text) == expected


@pytest.mark.parametrize(
    ("available", "required", "expected"),
    [
        ("0.05级", "0.1级", True),
        ("0.1级", "0.1级", True),
        ("0.2级", "0.1级", False),
        ("二等", "三等", True),
        ("三等", "二等", False),
        ("±0.2 ℃", "±0.5 ℃", True),
        ("±0.2 ℃", "±0.5 %", None),
        ("0.05级", "二等", None),
        ("", "0.1级", None),
    ],
)
def test_sufficient_accuracy(available, required, expected):
    assert sufficient(parse(available), parse(required)) is expected

"""Canonical JSON equals RFC 8785 for what it admits, and refuses the rest."""

import hashlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lims.core import canonical

ascii_keys = st.text(st.characters(max_codepoint=127), max_size=8)
# Integers beyond 2**53 lose digits in JavaScript; RFC 8785 serialises only what a double holds exactly.
scalars = (
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"]))
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ascii_keys, inner, max_size=4)
)


def jcs(value) -> str:
    """RFC 8785 written down independently: §3.2.2.2 strings, §3.2.3 properties sorted by UTF-16 code units."""
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return '"' + "".join(short.get(ord(c)) or (f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    if isinstance(value, list):
        return "[" + ",".join(jcs(item) for item in value) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(f"{jcs(key)}:{jcs(value[key])}" for key in keys) + "}"


@given(documents)
def test_random_documents_are_spelled_as_rfc_8785_says(document):
    assert canonical.dumps(document) == jcs(document)
    assert json.loads(canonical.dumps(document)) == document


def test_the_example_of_rfc_8785_without_its_floats():
    # RFC 8785 §3.2.2 (input) and §3.2.3 (sorted output), the member "numbers" left out: binary floats are not admitted here.
    document = json.loads(
        '{"string": "\\u20ac$\\u000F\\u000aA\'\\u0042\\u0022\\u005c\\\\\\"\\/", "literals": [null, true, false]}'
    )
    assert canonical.dumps(document) == '{"literals":[null,true,false],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'


def test_the_property_names_of_rfc_8785_that_are_ascii_sort_by_code_unit():
    # RFC 8785 §3.2.3: "\r" before "1" before the rest; non-ASCII names are refused here.
    assert canonical.dumps({"1": "One", "\r": "Carriage Return", "\x7f": "Control"}).startswith(
        '{"\\r":"Carriage Return","1":'
    )


@pytest.mark.parametrize("value", [1.0, float("nan"), {"a": [0.1]}, b"x", {1, 2}, object()])
def test_binary_floats_and_foreign_types_are_refused(value):
    with pytest.raises(TypeError):
        canonical.dumps(value)


@pytest.mark.parametrize("key", ["键", "é", 1, None])
def test_keys_that_might_sort_differently_elsewhere_are_refused(key):
    with pytest.raises(ValueError, match="ASCII"):
        canonical.dumps({key: 1})


def test_a_decimal_keeps_its_digits():
    assert canonical.dumps([Decimal("0.10"), Decimal("-0.000")]) == '["0.10","-0.000"]'


def test_the_digest_is_over_the_utf8_text():
    assert canonical.sha256({"a": "检"}) == hashlib.sha256('{"a":"检"}'.encode()).hexdigest()

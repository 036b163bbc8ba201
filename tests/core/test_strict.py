"""The strict reader of data files: whatever is wrong gets one sentence with its path, and reading goes on."""

import time

import pytest

from lims.core.strict import Table, parse
from lims.core.text import DataError, Text


def read(text, ask):
    """What `ask` makes of the document, and the faults: path → English sentence, one for each path."""
    errors = []
    root = Table(parse(text, longest=1_000_000), "", errors)
    answer = ask(root)
    root.close()
    assert all(error.text.zh.endswith(("。", "？")) and error.text.en.endswith((".", "?")) for error in errors)
    assert len({error.path for error in errors}) == len(errors)
    return answer, {error.path: error.text.en for error in errors}


@pytest.mark.parametrize(
    ("text", "ask", "answer"),
    [
        ("a = 'x'", lambda t: t.text("a"), "x"),
        ("", lambda t: t.text("a", "y"), "y"),
        ("a = ''", lambda t: t.text("a", "y"), ""),
        ("a = 'B_2'", lambda t: t.identifier("a"), "B_2"),
        ("a = '-0.50'", lambda t: t.number("a"), "-0.50"),
        ("a = 'unknown'", lambda t: t.number("a", also="unknown"), "unknown"),
        ("", lambda t: t.number("a", "1"), "1"),
        ("a = 'N'", lambda t: t.choice("a", ("E", "N")), "N"),
        ("", lambda t: t.choice("a", ("E", "N"), "N"), "N"),
        ("a = true", lambda t: t.flag("a"), True),
        ("", lambda t: t.flag("a", True), True),
        ("a = 7", lambda t: t.integer("a", 0, 7), 7),
        ("", lambda t: t.integer("a", 0, 7, 3), 3),
        ("a = ['x', 'y']", lambda t: t.strings("a"), ("x", "y")),
        ("a = 'x'", lambda t: t.strings("a"), ("x",)),
        ("", lambda t: t.strings("a"), ()),
        ("a = { x = '1', y = '' }", lambda t: t.pairs("a"), {"x": "1", "y": ""}),
        ("", lambda t: t.pairs("a"), {}),
        ("a = { zh = '电', en = 'power' }", lambda t: t.words("a"), Text("电", "power")),
        ("", lambda t: t.optional_words("a"), None),
        ("a = [{ b = '1' }, { b = '2' }]", lambda t: [one.text("b") for one in t.tables("a")], ["1", "2"]),
        ("", lambda t: t.tables("a"), []),
    ],
)
def test_what_is_right_is_read_as_written(text, ask, answer):
    assert read(text, ask) == (answer, {})


@pytest.mark.parametrize(
    ("text", "ask", "path", "sentence"),
    [
        ("", lambda t: t.text("a"), "a", "This field is missing."),
        ("a = ' '", lambda t: t.text("a"), "a", "This must not be empty."),
        ("a = true", lambda t: t.text("a"), "a", "This must be a quoted string."),
        ("a = 0.5", lambda t: t.text("a", ""), "a", 'Numbers are written in quotes, such as "0.01".'),
        ("a = 5", lambda t: t.number("a"), "a", 'Numbers are written in quotes, such as "0.01".'),
        ("a = nan", lambda t: t.number("a"), "a", 'Numbers are written in quotes, such as "0.01".'),
        ("a = 2024-05-01", lambda t: t.text("a"), "a", 'Dates are written in quotes, such as "2024-05-01".'),
        ("a = '0,5'", lambda t: t.number("a"), "a", "“0,5” is not a decimal number."),
        ("a = '1e9'", lambda t: t.number("a"), "a", "“1e9” is not a decimal number."),
        ("a = '５'", lambda t: t.number("a"), "a", "“５” is not a decimal number."),
        ("a = 'NaN'", lambda t: t.number("a"), "a", "“NaN” is not a decimal number."),
        ("a = 'b c'", lambda t: t.identifier("a"), "a", "“b c” is not a name: "),
        ("a = 'X'", lambda t: t.choice("a", ("E", "N")), "a", "“X” is not one of: E, N."),
        ("a = ''", lambda t: t.choice("a", ("E", "N"), "N"), "a", "“” is not one of: E, N."),
        ("a = 'true'", lambda t: t.flag("a"), "a", "This must be true or false."),
        ("", lambda t: t.flag("a"), "a", "This field is missing."),
        ("a = 8", lambda t: t.integer("a", 0, 7), "a", "This must be between 0 and 7."),
        ("a = true", lambda t: t.integer("a", 0, 7), "a", "This must be an integer."),
        ("a = 1.0", lambda t: t.integer("a", 0, 7), "a", "This must be an integer."),
        ("a = { b = 1 }", lambda t: t.strings("a"), "a", "This must be an array."),
        ("a = ['x', 0.5]", lambda t: t.strings("a"), "a[1]", 'Numbers are written in quotes, such as "0.01".'),
        ("a = []", lambda t: t.strings("a", required=True), "a", "This must not be empty."),
        ("a = { x = 0.5 }", lambda t: t.pairs("a"), "a.x", 'Numbers are written in quotes, such as "0.01".'),
        ("a = { zh = '电' }", lambda t: t.words("a"), "a.en", "This field is missing."),
        ("a = { zh = '电', en = 'p', de = 'L' }", lambda t: t.words("a"), "a.de", "Unknown field."),
        ("a = []", lambda t: t.table("a"), "a", "This must be a table."),
        ("a = [{}, 1]", lambda t: t.tables("a"), "a[1]", "This must be a table."),
        ("a = []", lambda t: t.tables("a", required=True), "a", "This must not be empty."),
        ("a = [{}, {}, {}]", lambda t: t.tables("a", most=2), "a", "At most 2 entries, there are 3."),
        ("a = { c = [{}, {}] }", lambda t: t.table("a").tables("c")[1].text("d"), "a.c[1].d", "This field is missing."),
    ],
)
def test_a_fault_is_one_sentence_with_its_path(text, ask, path, sentence):
    _, faults = read(text, ask)
    assert list(faults) == [path]
    assert faults[path].startswith(sentence)


def test_an_unknown_field_is_reported_with_the_nearest_name_asked_for():
    _, faults = read("lenght = '1'\nzzz = '2'", lambda t: (t.text("length", ""), t.has("width")))
    assert faults == {"lenght": "Unknown field; did you mean “length”?", "zzz": "Unknown field."}


def test_all_faults_are_collected_and_a_stand_in_is_read_for_each():
    answer, faults = read(
        "a = 1\nb = 'x'\nc = 9", lambda t: (t.text("a"), t.choice("b", ("y", "z")), t.integer("c", 2, 3))
    )
    assert answer == ("", "y", 2) and list(faults) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["", "a = 1", "a = [1]"])
def test_a_missing_table_is_one_fault_however_much_is_read_from_it(text):
    def ask(root):
        table = root.tables("a")[0] if "[" in text else root.table("a")
        found = table.text("b"), table.table("c").number("d"), table.tables("e", required=True)
        table.close()
        return found

    answer, faults = read(text, ask)
    assert answer == ("", "", []) and len(faults) == 1


def test_an_absent_optional_table_reads_as_defaults():
    assert read("", lambda t: t.table("a", required=False).integer("b", 0, 9, 4)) == (4, {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[[[", "Not valid TOML: "),
        ("a = " + "[" * 5000, "The TOML is nested too deeply"),
        ("a = " + "9" * 5000, "The TOML is nested too deeply or has an over-long number."),
        ("#" * 10_001, "The file is longer than 10000 characters."),
    ],
)
def test_what_is_no_toml_is_refused_under_the_name_of_the_file(text, sentence):
    with pytest.raises(DataError) as caught:
        parse(text, longest=10_000, name="rig.toml")
    assert caught.value.path == "rig.toml" and caught.value.text.en.startswith(sentence)


def test_a_huge_number_or_a_flood_of_unknown_fields_is_refused_quickly():
    start = time.process_time()
    assert read("a = 0x" + "f" * 9000, lambda t: t.text("a"))[1]
    flood = "\n".join(f"quantity{index:x} = ''" for index in range(12_000))
    assert len(read(flood, lambda t: [t.text(f"quantity_{name}", "") for name in "abcdefghijklmnopqrst"])[1]) == 12_000
    assert time.process_time() - start < 5

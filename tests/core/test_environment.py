"""Settings come from the environment only; a typing error names the variable."""

import pytest

from lims import environment as env


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("YES", True), ("on", True), ("0", False), ("False", False), ("", False)]
)
def test_a_flag_is_yes_or_no(monkeypatch, word, value):
    monkeypatch.setenv("LIMS_X", word)
    assert env.flag("LIMS_X") is value


@pytest.mark.parametrize("word", ["ture", "2", "ja"])
def test_another_word_than_yes_or_no_is_refused_by_name(monkeypatch, word):
    monkeypatch.setenv("LIMS_X", word)
    with pytest.raises(ValueError, match="LIMS_X"):
        env.flag("LIMS_X")


def test_a_number_that_is_none_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("LIMS_X", "12h")
    with pytest.raises(ValueError, match="LIMS_X must be a whole number"):
        env.number("LIMS_X", 1)
    assert env.number("LIMS_Y", 7) == 7


def test_a_secret_may_come_from_a_file(monkeypatch, tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")
    monkeypatch.setenv("LIMS_X_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("LIMS_X", "other")
    assert env.text("LIMS_X") == "s3cret"


def test_a_list_drops_empty_items(monkeypatch):
    monkeypatch.setenv("LIMS_X", " a, ,b,")
    assert env.words("LIMS_X") == ["a", "b"]


def test_a_database_address_is_taken_apart():
    found = env.database("postgresql://u%40x:p%2F1@db.example:5433/lab?sslmode=require&pool=1")
    assert (found["USER"], found["PASSWORD"], found["HOST"], found["PORT"], found["NAME"]) == (
        "u@x",
        "p/1",
        "db.example",
        "5433",
        "lab",
    )
    assert found["OPTIONS"] == {"sslmode": "require", "pool": True}
    assert found["CONN_MAX_AGE"] == 0


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite:///x", "x"])
def test_another_kind_of_database_is_refused(url):
    with pytest.raises(ValueError, match="DATABASE_URL"):
        env.database(url)

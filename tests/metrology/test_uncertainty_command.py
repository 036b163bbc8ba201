"""`manage.py uncertainty`: the JSON scripts rely on, and wrong input with status 2 and one sentence."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

BUDGET = {"outputs": {"y": "2*a + b"}, "inputs": {"a": {"readings": ["1.01", "1.02", "1.04", "1.01"]}}}


@pytest.fixture
def budget_file(tmp_path, budget_text):
    inputs = {**BUDGET["inputs"], "b": {"value": "0", "U": "0.05", "k": "2"}}
    path = tmp_path / "budget.toml"
    path.write_text(budget_text(BUDGET["outputs"], inputs), encoding="utf-8")
    return path


def run(*arguments):
    out = StringIO()
    call_command("uncertainty", *map(str, arguments), stdout=out)
    return out.getvalue()


def test_json_is_one_object_with_decimal_strings(budget_file):
    answer = json.loads(run(budget_file, "--json"))
    output = answer["outputs"]["y"]
    assert output["value"] == "2.04"
    assert output["reported"] == "2.040 ± 0.058"
    assert [line["input"] for line in output["contributions"]] == ["a", "b"]
    assert "monte_carlo" not in answer


def test_monte_carlo_adds_its_part_with_the_seed(budget_file):
    arguments = (budget_file, "--json", "--monte-carlo", 20000, "--seed", 5)
    part = json.loads(run(*arguments))["monte_carlo"]
    assert (part["seed"], part["trials"]) == (5, 20000)
    low, high = map(float, part["outputs"]["y"]["interval"])
    assert low < 2.04 < high
    assert json.loads(run(*arguments))["monte_carlo"] == part


def test_the_draws_may_stop_by_themselves(budget_file):
    part = json.loads(run(budget_file, "--json", "--monte-carlo", "auto"))["monte_carlo"]
    assert part["adaptive"] is True
    assert part["stable"] is True


def test_without_json_it_is_a_table(budget_file):
    text = run(budget_file, "--monte-carlo", 2000)
    assert text.startswith("y = (2.040 ± 0.058)")
    assert "Monte Carlo: 2000 draws, seed 1" in text


def test_wrong_input_ends_with_status_two_and_the_path(budget_file, tmp_path):
    budget_file.write_text(budget_file.read_text().replace("2*a", "2*c"))
    binary, endless = tmp_path / "binary.toml", tmp_path / "endless.toml"
    binary.write_bytes(b"\xff\xfe")
    endless.write_bytes(b"#" * 1_000_001)
    for arguments, part in [
        ((budget_file, "--json"), "outputs.y"),
        ((tmp_path / "absent.toml",), "cannot be read"),
        ((binary,), "cannot be read"),
        ((endless,), "more than"),
    ]:
        with pytest.raises(CommandError, match=part) as caught:
            run(*arguments)
        assert caught.value.returncode == 2


@pytest.mark.parametrize("arguments", [("--monte-carlo", "5"), ("--monte-carlo", "2000", "--seed", "-1")])
def test_impossible_draws_end_with_status_two(budget_file, arguments):
    with pytest.raises(CommandError) as caught:
        run(budget_file, *arguments)
    assert caught.value.returncode == 2

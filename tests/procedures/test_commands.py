"""`procedure check | evaluate | template`: one JSON object on standard output, sentences on standard error, exit status."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from standards.procedures.cli import main

PACKS = Path(__file__).resolve().parents[2] / "standards" / "packs"
FUEL = str(PACKS / "jjg-443-2023.toml")


def call(*arguments: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    return main(arguments, out, err), out.getvalue(), err.getvalue()


def test_the_shipped_packs_pass_the_check():
    status, out, err = call("check", *(str(file) for file in sorted(PACKS.glob("*.toml"))))
    assert (status, err) == (0, "")
    assert len(out.splitlines()) == len(list(PACKS.glob("*.toml")))


def test_check_as_json_is_one_object():
    status, out, err = call("check", FUEL, "--json")
    found = json.loads(out)["packs"][0]
    assert (status, err) == (0, "")
    assert found["ok"] and found["label"] == "JJG 443-2023" and found["open"]


def test_a_failing_example_is_a_failed_check_and_a_broken_file_is_wrong_input(tmp_path, pack_text):
    failing = tmp_path / "failing.toml"
    failing.write_text(pack_text("jjg-443-2023").replace('upper = "0.10"', 'upper = "0.01"'), encoding="utf-8")
    status, out, err = call("check", str(failing))
    assert (status, out) == (1, "") and "examples[0].expect.conclusion" in err
    broken = tmp_path / "broken.toml"
    broken.write_text(pack_text("jjg-443-2023").replace('"mean(EV)"', '"mean(EW)"'), encoding="utf-8")
    status, out, err = call("check", str(broken), "--json")
    assert status == 2 and "items[3].formulas[3].expression" in err
    assert json.loads(out)["packs"][0]["errors"][0]["path"] == "items[3].formulas[3].expression"


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(name):
    for arguments in (("evaluate", name, "--input", name), ("template", name)):
        status, out, err = call(*arguments)
        assert (status, out) == (2, "") and len(err.splitlines()) == 1


def test_a_template_can_be_filled_in_and_evaluated(tmp_path):
    status, out, _ = call("template", FUEL, "--kind", "subsequent", "--parameter", "product=petrol")
    data = json.loads(out)
    assert status == 0 and data["fields"]["items"]["indication"]["readings"]["VJ"]["resolution"] == "0.01"
    data["constants"] = {"V0": "50", "h0": "104.0", "d": "4.46", "beta_B": "0.00005"}
    row = data["items"]["indication"]["rows"][0]
    row["values"]["flow"] = "30"
    for run, volume, height in zip(row["runs"], ("50.10", "50.12", "50.14"), ("111.0", "112.0", "114.0"), strict=True):
        run.update(VJ=volume, h=height, tJ="23.6", tB="24.1")
    record = tmp_path / "record.json"
    record.write_text(json.dumps(data), encoding="utf-8")
    status, out, err = call("evaluate", FUEL, "--input", str(record), "--item", "indication", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["conclusion"] == "pass"
    assert found["items"]["indication"]["rows"][0]["columns"]["E"]["printed"] == "+0.21"
    status, out, _ = call("evaluate", FUEL, "--input", str(record))
    assert status == 0 and "未完成" in out


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"kind": 1}', '{"kind": "initial", "constants": {"V0": 50.0}}', "[" * 100_000]
)
def test_wrong_record_data_is_wrong_input(tmp_path, text):
    record = tmp_path / "record.json"
    record.write_text(text, encoding="utf-8")
    status, out, err = call("evaluate", FUEL, "--input", str(record), "--json")
    assert (status, out) == (2, "") and err


def test_an_unknown_item_kind_or_parameter_is_wrong_input(tmp_path):
    record = tmp_path / "record.json"
    record.write_text('{"kind": "initial"}', encoding="utf-8")
    assert call("evaluate", FUEL, "--input", str(record), "--item", "nothing")[0] == 2
    assert call("template", FUEL, "--kind", "calibration")[0] == 2
    assert call("template", FUEL, "--parameter", "colour=red")[0] == 2


def test_the_module_runs_without_django():
    code = "import sys, standards.procedures.cli; print('django' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        == "False"
    )


def test_the_management_command_passes_output_and_status_through():
    from django.core.management import call_command

    out, err = io.StringIO(), io.StringIO()
    call_command("procedure", "check", FUEL, "--json", stdout=out, stderr=err)
    assert json.loads(out.getvalue())["packs"][0]["ok"] and err.getvalue() == ""
    with pytest.raises(SystemExit) as stop:
        call_command("procedure", "check", "nowhere.toml", stdout=out, stderr=err)
    assert stop.value.code == 2 and "nowhere.toml" in err.getvalue()

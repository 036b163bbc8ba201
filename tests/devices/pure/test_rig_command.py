"""`manage.py rig`: the promise of one JSON object, one sentence, and an exit status."""

import json
from io import StringIO

import pytest
from django.core.management import call_command

from devices.profiles import shipped_profile
from devices.simulators import demo_rigs


def rig(*arguments):
    out, err = StringIO(), StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("rig", *map(str, arguments), stdout=out, stderr=err)
    return ended.value.code, out.getvalue(), err.getvalue()


@pytest.fixture
def profile(tmp_path):
    path = tmp_path / "meter.toml"
    path.write_text(shipped_profile("meter-dlt645").text, "utf-8")
    return path


def test_reading_prints_one_json_object(tmp_path, profile):
    with demo_rigs(tmp_path / "rigs") as rigs:
        status, out, err = rig(
            "read",
            "--profile",
            profile,
            "--port",
            rigs.meter.link,
            "--set",
            "parity=N",
            "--set",
            "reply_ms=5000",
            "--json",
        )
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert found["identity"]["serial"] == "202611050012"
    energy = found["samples"][0]["channels"]["E"]
    assert (energy["value"], energy["unit"], energy["quality"]) == ("1234.56", "kWh", "ok")
    assert energy["frames"]["rx"].startswith("fefefefe68120005112620689108")
    assert [one["dir"] for one in found["frames"]][:2] == ["t", "r"]


def test_reading_prints_a_table_for_people(tmp_path):
    with demo_rigs(tmp_path) as rigs:
        status, out, _ = rig(
            "read", "--profile", "evse-ac-modbus", "--port", rigs.evse.link, "--count", 2, "--set", "reply_ms=5000"
        )
    assert status == 0
    assert out.count(" kWh") == 2


def test_a_state_is_shown_in_words(tmp_path):
    with demo_rigs(tmp_path) as rigs:
        link = rigs.evse_dc.link
        status, out, _ = rig("read", "--profile", "evse-dc-modbus", "--port", link, "--set", "reply_ms=5000")
    assert status == 0
    assert "ok       空闲" in out


def test_an_instrument_that_does_not_answer_fails_the_check(tmp_path):
    with demo_rigs(tmp_path) as rigs:
        status, out, err = rig(
            "read",
            "--profile",
            "dispenser-rig",
            "--port",
            rigs.evse.link,
            "--set",
            "reply_ms=50",
            "--set",
            "grace_ms=50",
            "--json",
        )
    assert status == 1
    assert json.loads(out)["samples"][0]["channels"]["t_tank"] | {"at_ns": 0, "frames": {}, "text": {}} == {
        "value": None, "unit": "℃", "quality": "timeout", "quantity": "temperature", "role": "thermometer_tank",
        "at_ns": 0, "frames": {}, "text": {},
    }  # fmt: skip
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("read", "--profile", "none.toml", "--port", "/dev/x"), "profile cannot be read"),
        (("read", "--profile", "evse-ac-modbus", "--port", "/dev/nothing"), "There is no port /dev/nothing"),
        (("read", "--profile", "evse-ac-modbus", "--port", "x", "--set", "parity"), "must be written NAME=VALUE"),
        (("read", "--profile", "evse-ac-modbus", "--port", "x", "--set", "scale=2"), "scale: "),
        (("read", "--profile", "evse-ac-modbus", "--port", "x", "--count", "0"), "--count"),
        (("check", "none.toml"), "cannot be read"),
    ],
)
def test_wrong_input_is_one_sentence_and_status_2(arguments, says):
    status, out, err = rig(*arguments)
    assert (status, out) == (2, "")
    assert says in err
    assert len(err.strip().splitlines()) == 1


def test_checking_names_the_path_of_every_mistake(tmp_path, profile):
    wrong = tmp_path / "wrong.toml"
    wrong.write_text(profile.read_text("utf-8").replace("signed = false", "singed = false"), "utf-8")
    status, out, err = rig("check", profile, wrong)
    assert status == 1
    assert "meter-dlt645" in out
    assert "polls[0].channels[0].singed" in err
    assert "polls[0].channels[0].signed" in err
    status, out, _ = rig("check", wrong, "--json")
    assert status == 1
    assert json.loads(out)["files"][str(wrong)]["ok"] is False

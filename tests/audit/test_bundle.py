"""The evidence bundle: what is in it, that it checks itself out alone in an empty folder, and that hostile ones are refused."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from certificates import bundle
from certificates.models import Certificate
from lims.audit.models import Event
from lims.audit.verify import __main__ as program
from lims.core import packing
from lims.people.models import User
from tests.audit import evidence


def verdict(capsys: Any, *arguments: object) -> tuple[int, list[dict[str, str]]]:
    status = program.main([*map(str, arguments), "--json"])
    return status, [one for report in json.loads(capsys.readouterr().out)["reports"] for one in report["findings"]]


def test_the_bundle_holds_everything_from_facts_to_frames(handed_out: Path) -> None:
    members = evidence.unpacked(handed_out)
    assert json.loads(members["manifest.json"])["schema"] == bundle.SCHEMA
    names = {name.split("/")[0] for name in members}
    assert names == {
        "manifest.json", "certificate.pdf", "certificate.dcc.xml", "certificate.tlog-proof", "facts.json", "record.json", "pack.toml",
        "profiles", "sessions", "devices.json", "persons.json", "signatures", "events.json", "authorities",
    }  # fmt: skip
    assert {name for name in members if name.startswith("signatures/")} == {
        f"signatures/{act}.jws" for act in ("submit", "check", "approve")
    }


def test_the_same_database_and_head_give_the_same_bytes_but_for_the_fresh_list_of_ended_keys(
    case: Any, tmp_path: Path
) -> None:
    again = evidence.unpacked(evidence.bundled(tmp_path / "again.zip"))
    before = evidence.unpacked(case.bundle)
    assert again.keys() == before.keys()
    assert {name for name in again if again[name] != before[name]} <= {"manifest.json", "authorities/persons-crl.pem"}


def test_nothing_of_another_customer_is_in_it(handed_out: Path) -> None:
    members = evidence.unpacked(handed_out)
    everything = b"\n".join(members.values()).decode("utf-8", "replace")
    assert "甲充电有限公司" in everything
    assert "乙石油有限公司" not in everything and "乙方用户" not in everything


def test_a_certificate_that_is_not_sealed_has_no_bundle(case: Any) -> None:
    row = Certificate.objects.get()
    evidence.as_administrator("DELETE FROM certificates_sealedfile")
    with pytest.raises(FileNotFoundError):
        bundle.write(row, io.BytesIO())


def test_one_file_alone_in_an_empty_folder_says_all_is_good(handed_out: Path, tmp_path: Path) -> None:
    """The packed program, with no environment but Python and cryptography, in both languages."""
    program_file = tmp_path / "lims-verify.pyz"
    names = packing.pack("lims.audit.verify.__main__", program_file)
    assert not [name for name in names if name.endswith("models.py") and "/models" in name and "profiles" not in name]
    for language, said in (("zh", "逐位相同"), ("en", "every digit the same")):
        done = subprocess.run(
            [sys.executable, "-I", program_file.name, handed_out.name, "--lang", language],
            cwd=tmp_path, env={"TZ": "America/St_Johns"}, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert said in done.stdout and "✗" not in done.stdout and "\n  ? " not in done.stdout


def test_the_reader_s_own_keys_are_what_counts(handed_out: Path, tmp_path: Path, capsys: Any) -> None:
    members = evidence.unpacked(handed_out)
    for option, name in (("--root", "root-ca.pem"), ("--persons", "persons-ca.pem"), ("--key", "log.vkey")):
        (tmp_path / name).write_bytes(members[f"authorities/{name}"])
        assert verdict(capsys, handed_out, option, tmp_path / name)[0] == 0
    for option, name, said in (
        ("--root", "persons-ca.pem", "leads to no authority that is trusted"),
        ("--persons", "root-ca.pem", "not issued by the institute's authority for persons"),
    ):
        status, found = verdict(capsys, handed_out, option, tmp_path / name)
        assert status == 1 and any(said in one["en"] for one in found if one["state"] == "wrong"), found
    (tmp_path / "other.vkey").write_text("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n")
    assert verdict(capsys, handed_out, "--key", tmp_path / "other.vkey")[0] == 1


def test_together_with_the_log_it_tells_what_became_of_the_certificate(case: Any, tmp_path: Path, capsys: Any) -> None:
    log = evidence.logged(tmp_path / "log")
    status, found = verdict(capsys, case.bundle, log)
    assert status == 0 and any("neither withdrawn nor replaced" in one["en"] for one in found)


@pytest.mark.parametrize(("who", "status"), [("auditor", 200), ("lead", 200), ("customer", 404), ("stranger", 404)])
def test_auditors_and_staff_take_the_bundle_home_and_the_log_tells(
    case: Any, client: Client, tmp_path: Path, capsys: Any, who: str, status: int
) -> None:
    client.force_login(User.objects.get(username=who))
    answer = client.get(reverse("certificates:evidence", args=[case.number]))
    assert answer.status_code == status
    taken = Event.objects.filter(verb="certificate.evidence_taken")
    if status == 404:
        assert not taken.exists()
        return
    assert f'filename="{case.number}.evidence.zip"' in answer["Content-Disposition"]
    path = tmp_path / "taken.zip"
    path.write_bytes(b"".join(answer.streaming_content))
    assert verdict(capsys, path)[0] == 0
    assert [event.actor_name for event in taken] == [str(User.objects.get(username=who))]


def without(members: dict[str, bytes], *names: str) -> dict[str, bytes]:
    return {name: data for name, data in members.items() if name not in names}


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("signatures/check.jws", "the bundle lacks signatures/check.jws"),
        ("record.json", "record.json is missing"),
        ("certificate.dcc.xml", "no digital calibration certificate"),
    ],
)
def test_what_is_withheld_is_named(handed_out: Path, tmp_path: Path, capsys: Any, gone: str, said: str) -> None:
    path = evidence.packed(tmp_path / "x.zip", without(evidence.unpacked(handed_out), gone))
    status, found = verdict(capsys, path)
    assert status in (1, 2) and any(said in one["en"] for one in found if one["state"] != "good"), found


@pytest.mark.parametrize("name", ["facts.json", "record.json", "events.json", "devices.json", "persons.json"])
@pytest.mark.parametrize(
    "content",
    [b"[]", b'{"schema": 1.5}', b"[" * 100_000],
    ids=["list", "float", "deep"],
)
def test_nonsense_anywhere_is_a_fault_and_never_a_crash(
    handed_out: Path, tmp_path: Path, capsys: Any, name: str, content: bytes
) -> None:
    path = evidence.packed(tmp_path / "x.zip", evidence.unpacked(handed_out) | {name: content})
    assert verdict(capsys, path)[0] in (1, 2)


def hostile(path: Path, fill: Any) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        fill(archive)
    return path


def twice(archive: zipfile.ZipFile) -> None:
    archive.writestr("facts.json", "{}")
    with pytest.warns(UserWarning):
        archive.writestr("facts.json", "[]")


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (lambda archive: archive.writestr("../evil", "x"), "a name that is not allowed"),
        (lambda archive: archive.writestr("/etc/passwd", "x"), "a name that is not allowed"),
        (lambda archive: archive.writestr("a\\b", "x"), "a name that is not allowed"),
        (lambda archive: archive.writestr("sessions/", ""), "a name that is not allowed"),
        (twice, "stands in it twice"),
        (lambda archive: archive.writestr("bomb", b"\0" * (40 << 20)), "suspiciously large"),
        (lambda archive: [archive.writestr(f"f{n}", "") for n in range(4001)], "too many files"),
        (lambda archive: archive.writestr("other.txt", "x"), "manifest.json"),
    ],
    ids=["upwards", "absolute", "backslash", "folder", "twice", "bomb", "many", "no manifest"],
)
def test_a_hostile_archive_is_refused_before_anything_of_it_is_used(
    tmp_path: Path, capsys: Any, fill: Any, said: str
) -> None:
    status, found = verdict(capsys, hostile(tmp_path / "x.zip", fill))
    assert status == 1 and said in found[0]["en"], found


def test_a_file_that_is_no_zip_is_said_to_be_none(tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 nothing")
    status, found = verdict(capsys, tmp_path / "x.zip")
    assert status == 1 and "not an intact zip file" in found[0]["en"]


def test_every_byte_of_a_bundle_is_under_a_digest(handed_out: Path, tmp_path: Path, capsys: Any) -> None:
    """Whoever alters a member without the manifest is told the member's name."""
    members = evidence.unpacked(handed_out)
    for name in sorted(members.keys() - {"manifest.json"}):
        path = tmp_path / "x.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for member, data in members.items():
                flipped = data[:-2] + bytes([data[-2] ^ 1]) + data[-1:] if member == name else data
                archive.writestr(member, flipped)
        status, found = verdict(capsys, path)
        assert status == 1 and any(one["en"].startswith(f"{name} does not have its digest") for one in found), name

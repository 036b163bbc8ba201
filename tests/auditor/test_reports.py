"""The report of a sample: sealed, in the log, checked by a stranger alone, and found out when anything in it is altered."""

import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import DatabaseError, transaction
from django.test import Client
from django.urls import reverse

from certificates.sealing import Keys, TimestampError
from certificates.services.sealing import sealer
from lims.audit.models import Event
from lims.audit.verify import __main__ as program
from lims.auditor import services
from lims.auditor.models import Report
from lims.core import jobs, packing
from lims.core.text import Refused
from lims.people.services.keys import create_key
from tests.audit.evidence import PASSPHRASE
from tests.auditor import reported
from tests.auditor.reported import FINDING, SEED, packed, resealed

Members = dict[str, bytes]


@dataclass(frozen=True)
class Handed:
    """An archive as it was handed out, and the institute's keys that an insider has."""

    members: Members
    keys: Path
    institute: str

    def insider(self) -> Keys:
        return Keys.from_settings({"directory": self.keys, "institute": self.institute})

    @property
    def bundles(self) -> list[str]:
        return [name for name in self.members if name.endswith(".evidence.zip")]


_handed: list[Handed] = []


@pytest.fixture
def handed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Handed:
    """Made once, since checking it needs no database."""
    if not _handed:
        request.getfixturevalue("db")
        members = reported.unpacked(reported.reported(reported.laboratory()))
        keys = tmp_path_factory.mktemp("insider") / "keys"
        shutil.copytree(configured.KEYS_DIR, keys)
        _handed.append(Handed(members, keys, sealer().keys.institute))
    return _handed[0]


def verdict(capsys: Any, path: Path, *more: object) -> tuple[int, list[dict[str, str]]]:
    status = program.main([str(path), *map(str, more), "--json"])
    return status, [one for each in json.loads(capsys.readouterr().out)["reports"] for one in each["findings"]]


def test_a_stranger_checks_it_alone_with_one_program(handed: Handed, tmp_path: Path) -> None:
    path = packed(tmp_path / "audit-report.zip", handed.members)
    packing.pack("lims.audit.verify.__main__", tmp_path / "lims-verify.pyz")
    said = {
        "zh": ("得到同样的 2 份", "2 项检查结果及说明都与填写当时", "项核对全部成立", "报告上的机构印章有效"),
        "en": ("the same 2 certificates", "all 2 ticks", "checks hold", "the institute's seal on the report holds"),
    }  # fmt: skip
    for language, wanted in said.items():
        done = subprocess.run(
            [sys.executable, "-I", "lims-verify.pyz", path.name, "--lang", language],
            cwd=tmp_path, env={"TZ": "America/St_Johns"}, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        for words in wanted:
            assert words in done.stdout, (words, done.stdout)
        assert "✗" not in done.stdout and "\n  ? " not in done.stdout


def test_the_reader_s_own_root_is_what_counts(handed: Handed, tmp_path: Path, capsys: Any) -> None:
    path = packed(tmp_path / "r.zip", handed.members)
    (tmp_path / "root.pem").write_bytes(handed.members["authorities/root-ca.pem"])
    assert verdict(capsys, path, "--root", tmp_path / "root.pem")[0] == 0
    stranger = Keys.development(tmp_path / "other", institute="别的机构")
    (tmp_path / "root.pem").write_bytes(stranger.root_pem())
    status, found = verdict(capsys, path, "--root", tmp_path / "root.pem")
    assert status == 1 and any(
        "certificate of the seal is not trusted" in one["en"] for one in found if one["state"] == "wrong"
    )


def _tick(stated: dict[str, Any]) -> None:
    next(tick for one in stated["certificates"] for tick in one["ticks"] if tick["comment"])["result"] = "good"


def _words(stated: dict[str, Any]) -> None:
    next(tick for one in stated["certificates"] for tick in one["ticks"] if tick["comment"])["comment"] = "无"


def _withheld(stated: dict[str, Any]) -> None:
    for one in stated["certificates"]:
        one["ticks"] = [tick for tick in one["ticks"] if not tick["comment"]]


def _left_out(stated: dict[str, Any]) -> None:
    stated["certificates"].pop()


def _seed(stated: dict[str, Any]) -> None:
    stated["sample"]["seed"] = "a better seed"


def _chosen(stated: dict[str, Any]) -> None:
    """Another certificate in the place of one that was drawn."""
    stated["certificates"][0]["number"] += "0"


CHANGES: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (_tick, "a tick was altered, added or left out"),
    (_words, "a tick was altered, added or left out"),
    (_withheld, "a tick was altered, added or left out"),
    (_left_out, "the sample was not drawn so"),
    (_seed, "the sample was not drawn so"),
    (_chosen, "the sample was not drawn so"),
]


@pytest.mark.parametrize(("change", "said"), CHANGES, ids=[change.__name__ for change, _ in CHANGES])
def test_a_report_altered_by_an_insider_with_the_seal_is_found(
    handed: Handed, tmp_path: Path, capsys: Any, change: Callable[[dict[str, Any]], None], said: str
) -> None:
    """The seal over the altered text is good. The log, the rule of the draw and the bundles are not the insider's to change."""
    path = packed(tmp_path / "r.zip", resealed(dict(handed.members), handed.insider(), change))
    status, found = verdict(capsys, path)
    wrong = [one["en"] for one in found if one["state"] == "wrong"]
    assert status == 1 and any(said in one for one in wrong), wrong
    assert any("the log does not have the digest of this report" in one for one in wrong)
    assert any("seal on the report holds" in one["en"] for one in found if one["state"] == "good")


def test_a_report_altered_by_anybody_else_breaks_the_seal(handed: Handed, tmp_path: Path, capsys: Any) -> None:
    text = handed.members["report.json"].replace(SEED.encode(), SEED[::-1].encode())
    status, found = verdict(capsys, packed(tmp_path / "r.zip", handed.members | {"report.json": text}))
    assert status == 1 and any("seal on the report does not hold" in one["en"] for one in found)


def test_bundles_exchanged_missing_or_added_are_named(handed: Handed, tmp_path: Path, capsys: Any) -> None:
    first, second = handed.bundles
    swapped = handed.members | {first: handed.members[second], second: handed.members[first]}
    missing = {name: data for name, data in handed.members.items() if name != first}
    added = handed.members | {"JD-9.evidence.zip": handed.members[first]}
    for members, said in (
        (swapped, "it was exchanged"),
        (missing, f"the evidence bundle of {first.removesuffix('.evidence.zip')} is missing"),
        (added, "there is a bundle of JD-9, which is not in the sample"),
    ):
        status, found = verdict(capsys, packed(tmp_path / "r.zip", members))
        assert status == 1 and any(said in one["en"] for one in found if one["state"] == "wrong"), (said, found)


def test_a_population_that_was_trimmed_is_found(handed: Handed, tmp_path: Path, capsys: Any) -> None:
    fewer = b"".join(handed.members["population.tsv"].splitlines(keepends=True)[1:])
    status, found = verdict(capsys, packed(tmp_path / "r.zip", handed.members | {"population.tsv": fewer}))
    assert status == 1 and any("the population was altered" in one["en"] for one in found)
    without = {name: data for name, data in handed.members.items() if name != "population.tsv"}
    status, found = verdict(capsys, packed(tmp_path / "r.zip", without))
    assert status == 2 and any("cannot be drawn again" in one["en"] for one in found if one["state"] == "unknown")


@pytest.mark.parametrize("name", ["report.json", "events.json", "population.tsv", "report.p7s", "authorities/log.vkey"])
@pytest.mark.parametrize("content", [b"", b"[]", b'{"schema": "lims-audit-report/2"}', b"\x00\xff"])
def test_nonsense_anywhere_is_a_fault_and_never_a_crash(
    handed: Handed, tmp_path: Path, capsys: Any, name: str, content: bytes
) -> None:
    assert verdict(capsys, packed(tmp_path / "r.zip", handed.members | {name: content}))[0] in (1, 2)


# What the database and the pages do


@pytest.fixture
def lab(db: None) -> SimpleNamespace:
    return reported.laboratory(1)


def test_the_digest_is_in_the_log_and_the_text_is_frozen(lab: SimpleNamespace) -> None:
    report = reported.services.ask_report(reported.sampled(lab), by=lab.auditor)
    event = Event.objects.get(verb="audit.reported")
    assert json.loads(event.public) == {"report": hashlib.sha256(report.text.encode()).hexdigest()}
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        Report.objects.update(text="{}")
    assert report.file_id is None, "keys are opened by the job, not by the page"


def test_an_authority_that_gives_no_time_delays_the_archive_and_loses_nothing(
    lab: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = services.ask_report(reported.sampled(lab), by=lab.auditor)
    stamper = sealer().keys.timestamper

    def silent(digest: bytes) -> bytes:
        raise TimestampError("时间戳服务没有回答", "no answer")

    with monkeypatch.context() as broken:
        broken.setattr(stamper, "token", silent)
        jobs.run_due()
    report.refresh_from_db()
    assert report.file_id is None
    services.reporting.make_archive(report=report.pk)
    services.reporting.make_archive(report=report.pk)
    report.refresh_from_db()
    assert report.file_id and Event.objects.filter(verb="audit.report_sealed").count() == 1


def test_who_has_a_key_signs_the_report_with_it(lab: SimpleNamespace, tmp_path: Path, capsys: Any) -> None:
    """An auditor of the house who also checks records has a key; the verifier tells that the signature is good."""
    lab.quality.held_roles.create(role="checker")
    create_key(lab.quality, by=lab.quality, passphrase=PASSPHRASE, reauthenticated=True)
    today = reported.factories.today()
    sample = services.draw(by=lab.quality, seed=SEED, wanted=1, since=today, until=today)
    with pytest.raises(Refused):
        services.ask_report(sample, by=lab.quality, passphrase="wrong " + PASSPHRASE)
    report = services.ask_report(sample, by=lab.quality, passphrase=PASSPHRASE)
    jobs.run_due()
    report.refresh_from_db()
    members = reported.unpacked(report)
    status, found = verdict(capsys, packed(tmp_path / "r.zip", members))
    assert status == 0 and any("signed this report with the own key" in one["en"] for one in found)
    for name, changed, said in (
        ("missing", {key: data for key, data in members.items() if key != "report.jws"}, "report.jws is missing"),
        ("other", members | {"report.jws": b"a.b.c"}, "is not the signature that the log has"),
    ):
        status, found = verdict(capsys, packed(tmp_path / f"{name}.zip", changed))
        assert status == 1 and any(said in one["en"] for one in found if one["state"] == "wrong"), name


@pytest.mark.parametrize(
    ("who", "asks", "reads"),
    [("auditor", 302, 200), ("quality", 302, 200), ("lead", 302, 200), ("technician", 422, 200), ("customer", 404, 404), ("stranger", 404, 404)],
)  # fmt: skip
def test_pages_by_role(client: Client, lab: SimpleNamespace, who: str, asks: int, reads: int) -> None:
    sample = reported.sampled(lab)
    services.tick(sample.items.get(), by=lab.auditor, point="digits", result="finding", comment=FINDING)
    report = services.ask_report(sample, by=lab.auditor)
    client.force_login(getattr(lab, who))
    archive = reverse("auditor:report_archive", args=[sample.pk, report.pk])
    assert client.get(archive).status_code == 404, "nothing is handed out before it is sealed"
    jobs.run_due()
    page = client.get(reverse("auditor:report", args=[sample.pk, report.pk]))
    assert page.status_code == reads and (reads == 404 or FINDING in page.content.decode())
    assert client.get(archive).status_code == reads
    assert client.post(reverse("auditor:report_new", args=[sample.pk])).status_code == asks
    assert Report.objects.count() == (2 if asks == 302 else 1)

"""The doctor says of each question whether all is well, and if not, what to do."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from lims.core import clock, frozen, health, probes
from lims.core.models import Job, StoredFile
from lims.core.text import Reason, Text, reason


@pytest.fixture
def no_probes(monkeypatch):
    monkeypatch.setattr(health, "_probes", {})


def _doctor(*arguments: str) -> tuple[str, CommandError | None]:
    out = StringIO()
    try:
        call_command("doctor", *arguments, stdout=out)
    except CommandError as error:
        return out.getvalue(), error
    return out.getvalue(), None


@pytest.mark.django_db
def test_a_healthy_house_has_nothing_wrong_in_the_kernel():
    names = {"clock", "database", "migrations", "triggers", "files", "disk space", "jobs", "backup"}
    found = {finding.name: finding for finding in health.examine() if finding.name in names}
    assert set(found) == names
    assert {name: finding.wrong for name, finding in found.items() if finding.wrong} == {}


def test_each_finding_is_told_with_what_to_do_and_the_exit_status_says_so(no_probes):
    health.probe("good")(lambda: Text("好", "well"))
    health.probe("bad")(lambda: reason("x", "坏了", "broken", "修理", "mend it"))
    out, error = _doctor()
    assert out.splitlines() == ["✓ good  好", "✗ bad  坏了", "  → 修理"]
    assert error.returncode == 1
    assert "mend it" in _doctor("--language", "en")[0]


def test_json_is_one_object(no_probes):
    health.probe("bad")(lambda: reason("x", "坏了", "broken", "修理", "mend it"))
    content = json.loads(_doctor("--json")[0])
    assert content["ok"] is False
    assert content["findings"][0]["wrong"]["action"] == {"zh": "修理", "en": "mend it"}


def test_a_probe_that_breaks_is_a_finding_and_the_others_are_asked_still(no_probes):
    health.probe("broken")(lambda: 1 / 0)
    health.probe("good")(lambda: None)
    first, second = health.examine()
    assert "ZeroDivisionError" in first.wrong.text.en
    assert second.wrong is None


def test_two_probes_of_one_name_are_refused(no_probes):
    health.probe("a")(lambda: None)
    with pytest.raises(ValueError, match="two probes"):
        health.probe("a")(lambda: None)


def _code(answer: Reason | Text | None) -> str:
    assert isinstance(answer, Reason)
    assert answer.action
    return answer.code


@pytest.mark.django_db
def test_a_job_that_waits_is_found_with_its_error():
    job = Job.objects.create(kind="seal", key="1", due_at=clock.now(), attempts=4, last_error="OSError: full")
    assert isinstance(probes.no_work_waits_too_long(), Text)
    Job.objects.filter(pk=job.pk).update(created_at=clock.now() - timedelta(hours=1))
    answer = probes.no_work_waits_too_long()
    assert _code(answer) == "job_waits"
    assert "OSError: full" in answer.text.zh


@pytest.mark.django_db
def test_lost_triggers_are_found():
    frozen.remove(connection, StoredFile)
    assert _code(probes.frozen_tables_are_frozen()) == "triggers_missing"


@pytest.mark.django_db
def test_a_clock_before_the_newest_row_is_found(monkeypatch):
    Job.objects.create(kind="k", key="1", due_at=clock.now())
    before = clock.now() - timedelta(minutes=5)
    monkeypatch.setattr(clock, "now", lambda: before)
    assert _code(probes.clock_is_plausible()) == "clock_wrong"


def test_a_files_directory_that_cannot_be_written_is_found(settings, tmp_path):
    (tmp_path / "plain").write_text("a file where the folder should be")
    settings.FILES_DIR = tmp_path / "plain" / "files"
    assert _code(probes.files_can_be_written()) == "files_not_writable"


def test_a_disk_without_room_is_found(monkeypatch):
    monkeypatch.setattr(probes, "DISK_NEEDED", 1 << 70)
    assert _code(probes.disk_has_room()) == "disk_full"


@pytest.mark.django_db
def test_production_without_a_recent_backup_is_found(settings, tmp_path):
    settings.DATA_DIR, settings.PRODUCTION = tmp_path, True
    assert _code(probes.backup_is_recent()) == "backup_never"
    (tmp_path / "last-backup.json").write_text(json.dumps({"at": (clock.now() - timedelta(days=3)).isoformat()}))
    assert _code(probes.backup_is_recent()) == "backup_old"
    (tmp_path / "last-backup.json").write_text(json.dumps({"at": clock.now().isoformat()}))
    assert isinstance(probes.backup_is_recent(), Text)

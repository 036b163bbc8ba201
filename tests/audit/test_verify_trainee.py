"""A certificate of a trainee's work, checked by a stranger: the supervisor answers for it, and the record says who measured."""

import json
from pathlib import Path
from typing import Any

import pytest

from instruments.services import recording, work
from lims.audit.verify import __main__ as program
from lims.core import jobs
from lims.people.models import Supervision
from tests import factories
from tests.audit import evidence
from tests.certificates import issued
from tests.work.test_supervision import measured

pytestmark = pytest.mark.django_db


def test_the_bundle_of_a_trainees_work_checks_itself_out(tmp_path: Path, capsys: Any) -> None:
    lab = factories.laboratory()
    lab.trainee = factories.person("trainee", "见习员壬", lab.institute, "technician")
    Supervision.objects.create(authorisation=factories.authorise(lab.trainee, "train"), supervisor=lab.colleague)
    record = measured(lab)
    record = recording.submit(record.task, by=lab.colleague, version=factories.fresh(record.task).version)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    certificate = issued.approve(lab, record)
    jobs.run_due()
    stated = json.loads(certificate.facts)["people"]
    assert (stated["technician"]["name"], stated["checker"]["name"]) == ("检定员乙", "核验员丙")

    path = evidence.bundled(tmp_path / "trainee.evidence.zip")
    status = program.main([str(path), "--json"])
    told = [one for report in json.loads(capsys.readouterr().out)["reports"] for one in report["findings"]]
    # Typed readings have no frames, and nobody signed with a key: not known, and nothing wrong.
    assert status != 1 and [one["en"] for one in told if one["state"] == "wrong"] == []
    assert any("three different people" in one["en"] for one in told)
    assert any("检定员乙 在" in one["zh"] and "有检定授权" in one["zh"] for one in told)
    assert any("见习员壬 在指导下测得，由 检定员乙 确认" in one["zh"] for one in told)

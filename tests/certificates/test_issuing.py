"""A certificate takes its number with the approval, is made by a job, and there is exactly one of it."""

import json
from datetime import date

import pytest
from django.db import IntegrityError, transaction

from certificates import selectors, validity
from certificates.models import Certificate, SealedFile
from certificates.sealing import verify
from certificates.services import issue, seal_certificate
from certificates.services.sealing import sealer
from instruments.models import Instrument, Task
from lims.audit.models import Event
from lims.core import files, jobs
from lims.core.models import Counter, Job
from lims.core.text import Conflict, Refused
from tests import factories
from tests.certificates.issued import approve, certificate, checked

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_approval_takes_number_row_event_and_job_together(lab):
    made = certificate(lab, sealed=False)
    assert made.state == Certificate.State.SEALING
    assert Event.objects.filter(verb="certificate.numbered", object_id=str(made.pk)).count() == 1
    assert Job.objects.filter(key=f"seal:{made.number}", done_at=None).count() == 1
    assert Task.objects.get(pk=made.task_id).state == Task.State.ISSUED


def test_the_job_seals_and_the_file_verifies_against_the_root(lab):
    made = certificate(lab)
    assert made.state == Certificate.State.ISSUED
    report = verify(selectors.pdf(made), sealer().root_pem())
    assert report.good


def test_the_instrument_is_due_when_the_certificate_says(lab):
    made = certificate(lab)
    assert Instrument.objects.get(pk=made.instrument_id).due_on == made.valid_until


def test_a_failing_record_ends_as_a_rejection_notice_without_validity(lab):
    made = certificate(lab, error="0.300")
    assert made.kind == Certificate.Kind.REJECTION and made.valid_until is None
    stated = json.loads(made.facts)
    assert stated["conclusion"]["failed_items"] == [{"zh": "工作误差", "en": "Working error"}]


def test_a_wrong_password_takes_no_number(lab):
    record = checked(lab)
    task = factories.fresh(record.task)
    from certificates.services import approve_and_issue

    with pytest.raises(Refused):
        approve_and_issue(task, by=lab.approver, version=task.version, record_sha256=record.sha256, password="wrong")
    assert not Certificate.objects.exists() and not Counter.objects.filter(series__startswith="certificate").exists()


def test_a_missing_glyph_refuses_with_the_character_and_takes_no_number(lab):
    lab.alpha.name = "甲\U0001f600有限公司"
    lab.alpha.save()
    record = checked(lab)
    with pytest.raises(Refused) as refused:
        approve(lab, record)
    assert "\U0001f600" in refused.value.reasons[0].text.zh
    assert not Certificate.objects.exists()
    assert factories.fresh(record.task).state == Task.State.CHECKED


def test_unconfirmed_limits_are_refused_where_the_institute_demands_confirmation(lab, settings):
    settings.ALLOW_UNCONFIRMED = False
    with pytest.raises(Refused) as refused:
        certificate(lab)
    assert refused.value.reasons[0].code == "unconfirmed_values"
    assert not Certificate.objects.exists()


def test_approving_twice_gives_one_certificate(lab):
    record = checked(lab)
    approve(lab, record)
    with pytest.raises((Refused, Conflict)):
        approve(lab, record)
    assert Certificate.objects.count() == 1


def test_the_database_refuses_a_second_living_certificate_of_a_record(lab):
    made = certificate(lab, sealed=False)
    fields = {
        one.attname: getattr(made, one.attname) for one in Certificate._meta.concrete_fields if not one.primary_key
    }
    with pytest.raises(IntegrityError), transaction.atomic():
        Certificate.objects.create(**fields | {"number": "X-1", "token": "x"})


def test_sealing_again_changes_nothing(lab):
    made = certificate(lab)
    before = SealedFile.objects.get().file_id
    seal_certificate(certificate=made.pk)
    assert SealedFile.objects.get().file_id == before
    assert Event.objects.filter(verb="certificate.issued").count() == 1


@pytest.mark.parametrize("step", ["render", "check_pdfa", "write"])
def test_a_failure_at_any_step_keeps_the_number_and_the_job_ends_with_one_certificate(lab, monkeypatch, step):
    from certificates import documents

    made = certificate(lab, sealed=False)
    place = files if step == "write" else documents
    with monkeypatch.context() as broken:
        broken.setattr(
            place, step, lambda *args, **options: (_ for _ in ()).throw(OSError(28, "No space left on device"))
        )
        jobs.run_due()
    job = Job.objects.get(key=f"seal:{made.number}")
    assert job.done_at is None and "No space left" in job.last_error
    Job.objects.update(due_at=made.taken_at)
    jobs.run_due()
    made.refresh_from_db()
    assert made.state == Certificate.State.ISSUED and SealedFile.objects.count() == 1


def test_a_full_disk_is_named_and_leaves_no_half_file(lab, monkeypatch, settings):
    made = certificate(lab, sealed=False)
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    jobs.run_due()
    assert "No space left" in Job.objects.get(key=f"seal:{made.number}").last_error
    assert not [path for path in settings.FILES_DIR.rglob("*") if path.is_file()]


def test_same_facts_give_the_same_bytes_before_sealing(lab):
    from certificates.documents import render

    facts = json.loads(certificate(lab).facts)
    assert render(facts) == render(facts)


def test_facts_of_a_certificate_cannot_be_changed(lab):
    made = certificate(lab)
    for change in ({"facts": "{}"}, {"number": "JD-1"}, {"valid_until": date(2099, 1, 1)}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Certificate.objects.filter(pk=made.pk).update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        SealedFile.objects.all().delete()


def test_a_task_that_is_not_approved_gets_no_certificate(lab):
    record = checked(lab)
    with pytest.raises(Refused) as refused:
        issue(factories.fresh(record.task), by=lab.approver)
    assert refused.value.reasons[0].code == "not_approved"


@pytest.mark.parametrize(
    ("verified", "months", "until"),
    [
        (date(2026, 11, 20), 36, date(2029, 11, 19)),
        (date(2026, 8, 31), 6, date(2027, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 1, 1), 12, date(2026, 12, 31)),
    ],
)
def test_the_last_valid_day_is_the_day_before_the_corresponding_day(verified, months, until):
    """民法典第二百零二条：没有对应日的，月末日为期间的最后一日。"""
    assert validity.last_valid_day(verified, months) == until

"""Long-term evidence as work of its own: a new edition beside the old one, once, and a failure that holds up no other."""

import json
from datetime import timedelta

import pytest

from certificates import selectors
from certificates.models import Certificate, SealedFile
from certificates.sealing import longterm, verify
from certificates.services import prolonging
from certificates.services.sealing import sealer
from lims.audit.models import Event
from lims.audit.services import integrate
from lims.core import clock, files, jobs
from lims.core.models import Job
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def stamps(laboratory):
    """The time stamp authority, whose clock can be set back: evidence must be newer than the seal by more than a test lasts."""
    timestamper = sealer().keys.timestamper
    kept, timestamper._clock = timestamper._clock, lambda: clock.now() - timedelta(minutes=5)
    yield timestamper
    timestamper._clock = kept


@pytest.fixture
def laboratory():
    return factories.laboratory()


@pytest.fixture
def sealed(laboratory, stamps, settings):
    """A certificate sealed five minutes ago, due for its evidence."""
    made = certificate(laboratory)
    settings.SEAL_EVIDENCE_AFTER = 0
    stamps._clock = clock.now
    return made


def test_a_file_gets_its_evidence_as_a_new_edition_beside_the_old_one(sealed):
    old = sealed.sealed.get()
    assert prolonging.schedule() == 1
    jobs.run_due()
    first, second = sealed.sealed.order_by("edition")
    assert first == old and (second.edition, second.level) == (2, "B-LTA")
    assert second.rendered_sha256 == first.rendered_sha256
    before, after = files.read(first.file_id), selectors.pdf(sealed)
    assert after.startswith(before) and verify(after, sealer().root_pem()).good
    sealed.refresh_from_db()
    assert sealed.state == Certificate.State.ISSUED


def test_the_log_names_number_and_digest_of_the_new_file_and_proves_it(sealed):
    prolonging.schedule()
    jobs.run_due()
    newest = selectors.sealed(sealed)
    event = Event.objects.get(verb="certificate.prolonged")
    assert json.loads(event.public) == {"cert": sealed.number, "pdf": newest.file_id}
    integrate()
    proof = selectors.log_proof(sealed)
    assert json.loads(proof.extra)["pdf"] == newest.file_id


def test_until_the_new_file_stands_in_the_log_there_is_no_proof_of_it_and_the_old_proof_is_not_passed_off(sealed):
    integrate()
    assert selectors.log_proof(sealed)
    prolonging.schedule()
    jobs.run_due()
    assert selectors.log_proof(sealed) is None


def test_a_job_done_twice_makes_one_edition(sealed):
    prolonging.schedule()
    jobs.run_due()
    prolonging.prolong_first(sealed=sealed.sealed.get(edition=1).pk)
    assert sealed.sealed.count() == 2 and Event.objects.filter(verb="certificate.prolonged").count() == 1


@pytest.mark.parametrize("step", ["prolong", "store", "record", "enqueue"])
def test_a_worker_that_dies_at_any_step_leaves_work_that_the_next_one_ends(sealed, monkeypatch, step):
    place = {"prolong": longterm, "store": files, "record": prolonging, "enqueue": jobs}[step]

    def dies(*_, **__):
        raise SystemExit

    row = sealed.sealed.get()
    with monkeypatch.context() as patch:
        patch.setattr(place, step, dies)
        with pytest.raises(SystemExit):
            prolonging.prolong_first(sealed=row.pk)
    assert sealed.sealed.count() == 1 and not Event.objects.filter(verb="certificate.prolonged").exists()
    prolonging.prolong_first(sealed=row.pk)
    assert sealed.sealed.count() == 2 and Event.objects.filter(verb="certificate.prolonged").count() == 1


def test_two_workers_at_once_make_one_edition(sealed, monkeypatch):
    """The second worker passes the look at the editions before the first one has written its own."""
    row = sealed.sealed.get()
    store = files.store

    def overtaken(data, media_type):
        monkeypatch.setattr(prolonging.files, "store", store)
        prolonging.prolong_first(sealed=row.pk)
        return store(data, media_type)

    monkeypatch.setattr(prolonging.files, "store", overtaken)
    prolonging.prolong_first(sealed=row.pk)
    assert sealed.sealed.count() == 2 and Event.objects.filter(verb="certificate.prolonged").count() == 1


def test_a_file_is_taken_up_once_and_not_before_its_time(sealed, settings):
    settings.SEAL_EVIDENCE_AFTER = 24
    assert prolonging.schedule() == 0
    settings.SEAL_EVIDENCE_AFTER = 0
    assert prolonging.schedule() == 1
    assert prolonging.schedule() == 0
    jobs.run_due()
    assert prolonging.schedule() == 0


def test_a_batch_is_bounded_and_goes_on_where_it_stopped(sealed):
    row = sealed.sealed.get()
    for edition in (7, 8):  # standing in for files of other certificates
        SealedFile.objects.create(
            certificate=sealed, edition=edition, file=row.file, rendered_sha256="", sealed_at=row.sealed_at
        )
    assert [prolonging.schedule(2), prolonging.schedule(2), prolonging.schedule(2)] == [2, 1, 0]
    taken = Job.objects.filter(kind=prolonging.FIRST).values_list("payload__sealed", flat=True)
    assert sorted(taken) == sorted(sealed.sealed.values_list("pk", flat=True))


def test_a_failing_file_keeps_its_job_and_holds_up_no_other(laboratory, sealed, stamps):
    stamps._clock = lambda: clock.now() - timedelta(minutes=5)
    other = certificate(laboratory)
    stamps._clock = clock.now
    row = sealed.sealed.get()
    path = files.path_of(row.file_id)
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + b"?")
    assert prolonging.schedule() == 2
    jobs.run_due()
    failed = Job.objects.get(kind=prolonging.FIRST, done_at=None)
    assert failed.payload == {"sealed": row.pk} and "altered on disk" in failed.last_error
    assert sealed.sealed.count() == 1 and other.sealed.count() == 2
    path.write_bytes(whole)
    Job.objects.filter(pk=failed.pk).update(due_at=clock.now())
    jobs.run_due()
    assert sealed.sealed.count() == 2


def test_the_next_time_stamp_is_planned_before_the_last_ones_certificate_ends(sealed, settings):
    settings.SEAL_RENEW_DAYS = 100
    prolonging.schedule()
    jobs.run_due()
    newest = selectors.sealed(sealed)
    planned = Job.objects.get(kind=prolonging.RENEWAL)
    ends = sealer().keys.extra[0].not_valid_after_utc
    assert planned.payload == {"sealed": newest.pk} and planned.done_at is None
    assert timedelta(days=100) <= ends - planned.due_at < timedelta(days=200)


def test_the_planned_renewal_adds_a_third_edition_and_plans_the_next(sealed, stamps):
    stamps._clock = lambda: clock.now() - timedelta(minutes=2)
    prolonging.schedule()
    jobs.run_due()
    stamps._clock = clock.now
    Job.objects.filter(kind=prolonging.RENEWAL).update(due_at=clock.now())
    jobs.run_due()
    assert list(sealed.sealed.order_by("edition").values_list("edition", "level")) == [
        (1, "B-T"), (2, "B-LTA"), (3, "B-LTA"),
    ]  # fmt: skip
    assert verify(selectors.pdf(sealed), sealer().root_pem()).good
    assert Job.objects.filter(kind=prolonging.RENEWAL, done_at=None).count() == 1

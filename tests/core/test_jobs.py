"""The job row is the truth: what a lost message, a killed worker or a poisoned job may cost, and what never."""

import signal
import time
from datetime import timedelta

import pytest
from django.db import transaction

from lims.core import clock, jobs
from lims.core.models import Job
from lims.core.tasks import run_job

done: list[str] = []


@jobs.handler("test.note")
def _note(word: str) -> None:
    done.append(word)


@jobs.handler("test.poison")
def _poison(**payload: object) -> None:
    raise RuntimeError("bad bytes")


@pytest.fixture(autouse=True)
def _nothing_done():
    done.clear()


def _enqueue(kind: str = "test.note", key: str = "k", **payload: object) -> Job:
    with transaction.atomic():
        return jobs.enqueue(kind, key, **payload)


@pytest.mark.django_db
def test_a_job_outside_a_transaction_is_refused(transactional_db):
    with pytest.raises(transaction.TransactionManagementError):
        jobs.enqueue("test.note", "k", word="a")


@pytest.mark.django_db
def test_a_job_nobody_can_do_is_refused_when_it_is_queued():
    with pytest.raises(ValueError, match="no handler"):
        jobs.enqueue("test.unheard", "k")


@pytest.mark.django_db
def test_the_same_key_is_queued_once():
    first, second = _enqueue(word="a"), _enqueue(word="b")
    assert first.pk == second.pk
    assert second.payload == {"word": "a"}


@pytest.mark.django_db(transaction=True)
def test_the_doorbell_rings_after_the_commit_and_the_job_is_done():
    _enqueue(word="a")
    assert done == ["a"]
    assert Job.objects.get().done_at is not None


@pytest.mark.django_db(transaction=True)
def test_a_rolled_back_deed_leaves_no_job():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        jobs.enqueue("test.note", "k", word="a")
        raise ZeroDivisionError
    assert not Job.objects.exists()
    assert done == []


@pytest.mark.django_db(transaction=True)
def test_a_lost_doorbell_is_rung_again_by_the_sweep(monkeypatch):
    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("broker is down")

    with monkeypatch.context() as patched:
        patched.setattr(run_job, "apply_async", broken)
        _enqueue(word="a")
    assert done == []
    assert jobs.sweep() == 1
    assert done == ["a"]
    assert jobs.sweep() == 0


@pytest.mark.django_db
def test_a_sweep_rings_a_few_times_however_much_there_is_to_do(monkeypatch):
    rings: list[int] = []
    monkeypatch.setattr(jobs, "ring", rings.append)
    for number in range(50):
        _enqueue(key=str(number), word="a")
    assert jobs.sweep() == len(rings) == jobs.RINGS


@pytest.mark.django_db(transaction=True)
def test_one_ring_is_enough_for_everything_that_waits(monkeypatch):
    with monkeypatch.context() as silent:
        silent.setattr(jobs, "ring", lambda pk: None)
        for number in range(30):
            _enqueue(key=str(number), word=str(number))
    run_job(Job.objects.order_by("-pk").first().pk)
    assert sorted(map(int, done)) == list(range(30))


@pytest.mark.django_db
def test_a_job_is_done_once_however_often_the_doorbell_rings():
    job = _enqueue(word="a")
    assert jobs.run(job.pk)
    assert not jobs.run(job.pk)
    assert done == ["a"]


@pytest.mark.django_db
def test_a_failing_job_waits_longer_each_time_and_keeps_its_error():
    job = _enqueue("test.poison")
    waits = []
    for attempt in range(1, 9):
        Job.objects.filter(pk=job.pk).update(due_at=clock.now())
        assert jobs.run(job.pk)
        job.refresh_from_db()
        assert job.attempts == attempt
        waits.append(round((job.due_at - clock.now()).total_seconds(), -1))
    assert waits == sorted(waits)
    assert waits[-1] == jobs.BACKOFF[-1].total_seconds()
    assert job.last_error == "RuntimeError: bad bytes"
    assert job.done_at is None


@pytest.mark.django_db
def test_one_poisoned_job_does_not_hold_up_the_others():
    _enqueue("test.poison", "bad")
    _enqueue(key="good", word="a")
    assert jobs.run_due() == 2
    assert jobs.run_due() == 0
    assert done == ["a"]


@pytest.mark.django_db
def test_a_job_whose_handler_is_gone_keeps_waiting_with_the_reason():
    job = Job.objects.create(kind="test.removed", key="old", due_at=clock.now())
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert "no handler" in job.last_error
    assert job.done_at is None


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_tried_less_and_less_often():
    job = _enqueue("test.note", word="a")
    Job.objects.filter(pk=job.pk).update(attempts=5, lease="of-the-dead", due_at=clock.now() - timedelta(seconds=1))
    claimed = jobs._claim(job.pk)
    job.refresh_from_db()
    assert claimed.attempts == 6
    assert job.due_at - clock.now() > jobs.LEASE * 2


@pytest.mark.django_db
def test_a_worker_that_lost_its_lease_does_not_close_the_job_of_the_next():
    job = _enqueue(word="a")

    @jobs.handler("test.slow")
    def _overtaken(pk: int) -> None:
        Job.objects.filter(pk=pk).update(lease="of-somebody-else")

    Job.objects.filter(pk=job.pk).update(kind="test.slow", payload={"pk": job.pk})
    assert jobs.run(job.pk)
    job.refresh_from_db()
    assert job.done_at is None


SITE_JOB = """
import sys, time
from pathlib import Path
from django.conf import settings
from django.db import transaction
from lims.core import jobs
from lims.core.models import Job

@jobs.handler("site.write")
def write(name, seconds=0):
    with (settings.DATA_DIR / "begun").open("a") as file:
        file.write(name + "\\n")
    time.sleep(seconds)
    with (settings.DATA_DIR / "written").open("a") as file:
        file.write(name + "\\n")
"""


def _lines(site, name: str) -> list[str]:
    path = site.folder / name
    return path.read_text().splitlines() if path.exists() else []


def test_a_job_of_a_killed_worker_is_done_by_the_next_when_the_lease_ends(site):
    site.output(
        SITE_JOB
        + "from lims.core import clock\nJob.objects.create(kind='site.write', key='k', payload={'name': 'a', 'seconds': 60}, due_at=clock.now())"
    )
    worker = site.python(SITE_JOB + "jobs.run_due()")
    for _ in range(600):
        if _lines(site, "begun"):
            break
        time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.communicate()
    assert _lines(site, "begun") == ["a"]
    assert _lines(site, "written") == []
    told = site.output(
        SITE_JOB
        + """
print(jobs.run_due())
from lims.core import clock
Job.objects.update(due_at=clock.now(), payload={"name": "a"})
print(jobs.run_due(), Job.objects.get().attempts, Job.objects.get().done_at is not None)
"""
    )
    assert told.split("\n") == ["0", "1 2 True"]
    assert _lines(site, "written") == ["a"]


def test_six_processes_that_want_the_same_jobs_do_each_once(site):
    site.output(
        SITE_JOB
        + """
from lims.core import clock
Job.objects.bulk_create(Job(kind="site.write", key=str(n), payload={"name": str(n)}, due_at=clock.now()) for n in range(30))
"""
    )
    claim = SITE_JOB + "for pk in Job.objects.order_by('pk').values_list('pk', flat=True):\n    jobs.run(pk)"
    workers = [site.python(claim) for _ in range(6)]
    for worker in workers:
        _out, err = worker.communicate(timeout=180)
        assert worker.returncode == 0, err
    assert sorted(map(int, _lines(site, "written"))) == list(range(30))

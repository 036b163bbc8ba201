"""A process killed while it created a control file of the filesystem transport does not keep the next worker out."""

import fcntl
import json
import os
import time

import pytest
from kombu import Connection, Exchange, Queue

from lims.core.broker import discard_old, mend

BOUND = [["celery", "", "celery"]]


@pytest.mark.parametrize(
    "broken", ["", "[[", '[["celery", "", "cel', "{}", '[["celery"]]', "\x00\x00", '[["a", "", 1]]']
)
def test_an_unreadable_file_gets_an_empty_table_and_a_sound_one_is_left(tmp_path, broken):
    (tmp_path / "celery.exchange").write_text(broken)
    (tmp_path / "sound.exchange").write_text(json.dumps(BOUND))
    assert mend(tmp_path) == ["celery.exchange"]
    assert (tmp_path / "celery.exchange").read_text() == "[]"
    assert json.loads((tmp_path / "sound.exchange").read_text()) == BOUND
    assert mend(tmp_path) == []


def test_a_file_that_a_live_writer_holds_is_left_to_him(tmp_path):
    path = tmp_path / "celery.exchange"
    with path.open("wb", buffering=0) as writer:
        fcntl.flock(writer, fcntl.LOCK_EX)
        assert mend(tmp_path) == []
        writer.write(json.dumps(BOUND).encode())
    assert json.loads(path.read_text()) == BOUND


def test_a_writer_between_emptying_and_locking_loses_nothing(tmp_path):
    path = tmp_path / "celery.exchange"
    with path.open("wb", buffering=0) as writer:
        assert mend(tmp_path) == ["celery.exchange"]
        fcntl.flock(writer, fcntl.LOCK_EX)
        writer.write(json.dumps(BOUND).encode())
    assert json.loads(path.read_text()) == BOUND
    assert mend(tmp_path) == []


def test_a_folder_that_does_not_exist_yet_needs_no_mending(tmp_path):
    assert mend(tmp_path / "none") == []


def test_the_transport_still_fails_on_an_empty_file_and_works_after_mending(tmp_path):
    """When this fails because the transport has learnt to live with it, lims.core.broker is no longer needed."""
    control = tmp_path / "control"
    for folder in (control, tmp_path / "messages"):
        folder.mkdir()
    (control / "bells.exchange").touch()
    options = {
        "data_folder_in": str(tmp_path / "messages"),
        "data_folder_out": str(tmp_path / "messages"),
        "control_folder": str(control),
    }
    queue = Queue("bells", Exchange("bells"), routing_key="bells")
    with Connection("filesystem://", transport_options=options) as connection:
        with pytest.raises(ValueError):
            queue(connection.channel()).declare()
        assert mend(control) == ["bells.exchange"]
        connection.transport.state.clear()  # as in a new process: this one believes that it has bound the queue
        queue(connection.channel()).declare()
    assert json.loads((control / "bells.exchange").read_text()) == [["bells", "", "bells"]]


def test_rings_that_nobody_heard_are_thrown_away(tmp_path):
    for name, age in (("old.celery.msg", 100), ("new.celery.msg", 5), ("kept", 100)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (time.time() - age,) * 2)
    assert discard_old(tmp_path, 30) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "new.celery.msg"]


def test_a_real_worker_starts_over_truncated_files_and_works_through_everything_when_rung_for_one(new_site):
    site = new_site(DJANGO_SETTINGS_MODULE="tests.kill.settings")
    control = site.folder / "broker" / "control"
    control.mkdir(parents=True)
    for name in ("celery.exchange", "celery.pidbox.exchange"):
        (control / name).touch()
    messages = site.folder / "broker" / "messages"
    messages.mkdir(exist_ok=True)
    for number in range(2000):  # an hour without a worker
        path = messages / f"{number}_old.celery.msg"
        path.write_text("nothing a worker could read")
        os.utime(path, (time.time() - 3600,) * 2)
    worker = site.start(
        *("-m", "celery", "--quiet", "-A", "lims.celery", "worker", "--pool", "threads", "--concurrency", "1"),
        *("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"),
    )
    try:
        # Jobs nobody can do: that they were tried is seen in their rows, and the ring for one of them is all there is.
        ring = (
            "from lims.core import clock, jobs\nfrom lims.core.models import Job\nimport time\n"
            "for number in range(60):\n"
            "    Job.objects.create(kind='none', key=str(number), due_at=clock.now())\n"
            "for _ in range(300):\n"  # again and again for the same one: a slow worker may find the first rings too old
            "    jobs.ring(Job.objects.first().pk)\n"
            "    time.sleep(0.2)\n"
            "    if not Job.objects.filter(attempts=0).exists():\n"
            "        break\n"
            "print(Job.objects.filter(attempts__gt=0, last_error__contains='no handler').count())"
        )
        assert site.output(ring) == "60"
        assert worker.poll() is None
    finally:
        worker.terminate()
        _out, said = worker.communicate(timeout=30)
    assert "broker file celery.exchange was broken and has been laid anew" in said
    assert json.loads((control / "celery.exchange").read_text())
    assert not list(messages.glob("*_old.celery.msg"))

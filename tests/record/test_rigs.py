"""A rig belongs to a record only while something can be taken into it."""

import pytest

from devices.models import CaptureSession, Command
from devices.services import open_session, poll
from instruments.services import recording, work
from lims.core import clock
from lims.core.text import Refused
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def record(lab):
    return factories.recording_(lab)


@pytest.fixture
def session(lab, record):
    """A capture that runs at a bench which answers."""
    made = factories.session(lab.technician, lab.meter)
    made.port.bench.seen_at = clock.now()
    made.port.bench.save()
    made.profile.approved_at = clock.now()
    made.profile.save()
    recording.use_session(record, by=lab.technician, session=made)
    return made


def at_the_bench(session):
    """The agent asks for orders, does them and says so: what it was told to do."""
    bench, name = session.port.bench, session.port.name
    orders = poll(bench, {"ports": [{"name": name, "state": "capturing"}]})["commands"]
    poll(bench, {"done": [{"id": one["id"], "ok": True, "text": ""} for one in orders], "ports": []})
    return [(one["do"], one["session"]) for one in orders]


def busy(session, by):
    with pytest.raises(Refused) as refused:
        open_session(session.port, by=by)
    return "port_busy" in [one.code for one in refused.value.reasons]


def closed(session):
    """As the agent ends it: the closing head has arrived."""
    return CaptureSession.objects.filter(pk=session.pk).update(state="closed", closed_at=clock.now())


def test_the_rig_is_free_for_a_colleague_after_submit(lab, record, session):
    assert busy(session, lab.colleague)
    factories.complete(record, lab.technician)
    recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert at_the_bench(session) == [("close", str(session.pk))]
    closed(session)
    assert open_session(session.port, by=lab.colleague).state == "requested"


def test_a_refused_submit_leaves_the_rig_with_its_record(lab, record, session):
    with pytest.raises(Refused):
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert at_the_bench(session) == []


def test_a_capture_that_is_over_is_not_closed_again(lab, record, session):
    closed(session)
    factories.complete(record, lab.technician)
    recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert not Command.objects.exists()


def test_cancelling_the_task_frees_the_rig_too_whoever_cancels(lab, record, session):
    task = factories.fresh(record.task)
    work.cancel(task, by=lab.receptionist, version=task.version, reason="客户撤回申请")
    assert at_the_bench(session) == [("close", str(session.pk))]
    assert Command.objects.get().by == lab.technician

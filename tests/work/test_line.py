"""The way of a task from acceptance to issue."""

import pytest

from instruments.models import Task
from instruments.services import work
from lims.audit.models import Event
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_a_task_goes_from_acceptance_to_issue(lab):
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    assert (task.state, record.conclusion, record.state) == ("submitted", "pass", "frozen")
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    task = work.approve(
        task, by=lab.approver, version=task.version, record_sha256=record.sha256, password=factories.PASSWORD
    )
    task = work.mark_issued(task, by=lab.approver, certificate_number="DEMO-1")
    assert task.state == Task.State.ISSUED
    assert (task.technician, task.checker, task.approver) == (lab.technician, lab.checker, lab.approver)
    verbs = list(Event.objects.filter(object_type="instruments.task").order_by("pk").values_list("verb", flat=True))
    assert verbs == [
        "task.accepted", "task.assign", "task.start", "task.submit", "task.check", "task.approve", "task.issue"
    ]  # fmt: skip

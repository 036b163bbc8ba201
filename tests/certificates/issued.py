"""Ways to get a certificate in a test: through the same services that the pages use."""

from types import SimpleNamespace

from certificates.models import Certificate
from certificates.services import approve_and_issue
from instruments.models import Record, Task
from instruments.services import recording, work
from lims.core import jobs
from tests import factories


def checked(lab: SimpleNamespace, error: str = "0.000") -> Record:
    """A pile record submitted and checked; `error` kWh in ten is what the pile shows too much."""
    record = factories.complete(factories.recording_(lab), lab.technician, error)
    record = recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    return record


def approve(lab: SimpleNamespace, record: Record) -> Certificate:
    task: Task = factories.fresh(record.task)
    return approve_and_issue(
        task, by=lab.approver, version=task.version, record_sha256=record.sha256, password=factories.PASSWORD
    )


def certificate(lab: SimpleNamespace, error: str = "0.000", *, sealed: bool = True) -> Certificate:
    """A certificate of the pile, sealed by its job unless told otherwise."""
    made = approve(lab, checked(lab, error))
    if sealed:
        jobs.run_due()
        made.refresh_from_db()
    return made

"""Opening a finished task again, since its certificate is wrong, and closing it as it was. Nothing of the first round is lost:
the next start begins a further attempt at the record, with the values of the one before.
"""

from instruments.models import Task
from instruments.services.moves import move
from lims.people.models import User


def reopen(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Stands the task as returned, with the reason, so that the record is corrected, checked and approved once more."""
    return move(task, "reopen", by=by, version=version, why=reason)


def unissue(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Stands the task as approved again, since the number it took was voided: record and approval are as they were."""
    return move(task, "unissue", by=by, version=version, why=reason)


def keep(task: Task, *, by: User, version: int, reason: str) -> Task:
    """Ends a correction that is not needed: the task is issued as before. Attempts made meanwhile stay on file."""
    return move(task, "keep", by=by, version=version, why=reason)

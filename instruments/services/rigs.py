"""The rigs of a record are free as soon as nothing more can be taken into it."""

from devices import services as device_services
from instruments.models import RecordSession, Task
from lims.people.models import Role, User
from lims.people.rules import has_role


def free_rigs(task: Task, *, by: User) -> None:
    """Ends every capture that the task's records still hold open; one that is over already is left alone.

    A receptionist who cancels a task may not command a rig: the capture then ends in the name of the person who opened
    it. The event of the task says who cancelled.
    """
    for used in RecordSession.objects.filter(record__task=task).select_related("session__port__bench"):
        commands_rigs = has_role(by, Role.TECHNICIAN, Role.TECHNICAL_LEAD) is None
        who = by if commands_rigs else used.session.operator
        device_services.close_session(used.session, by=who)

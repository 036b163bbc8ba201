"""Readings of a rig as the readings of a standard's capability test: taken as stored, never typed again."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from devices import rules, selectors
from devices.models import CaptureSession
from lims.core.text import Refused
from lims.people.models import User
from standards.models import CapabilityTest, Parameter
from standards.services import enter_test


@transaction.atomic
def enter_test_from_session(
    session: CaptureSession, *, by: User, parameter: Parameter, channel: str, first: int, count: int, **fields: Any
) -> CapabilityTest:
    """Enters a test whose readings are `count` successive valid ones of the channel, from the `first` on (counted from one).

    The day is the one on which they were read, the person is the one who recorded them. fields: what `enter_test` takes
    besides. Raises Refused, also where a reading does not follow from its stored bytes.
    """
    readings = selectors.valid_readings(session, channel)[first - 1 : first - 1 + count]
    if reasons := rules.may_test_with(session, by, parameter, readings, count):
        raise Refused(*reasons)
    return enter_test(
        by=by,
        parameter=parameter,
        readings=[one.value for one in readings],
        on=timezone.localdate(readings[0].at),
        session=str(session.pk),
        performed_by=session.operator,
        **fields,
    )

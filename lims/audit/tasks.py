"""The beat that keeps the log current."""

import logging

from celery import shared_task

from lims.audit.services import collect, integrate, stamp_head
from lims.audit.tlog.stamp import StampError
from lims.core.text import Refused
from lims.core.timestamps import Unavailable

log = logging.getLogger(__name__)


@shared_task(name="lims.audit.integrate")
def integrate_events() -> None:
    try:
        integrate()
    except Refused as refused:  # asked again in seconds; the doctor tells people
        log.error("the event log was not signed: %s", refused)


@shared_task(name="lims.audit.cosign")
def cosign_head() -> None:
    collect()


@shared_task(name="lims.audit.stamp")
def stamp_of_the_day() -> None:
    try:
        stamp_head()
    except (Unavailable, StampError) as error:  # asked again in minutes; the doctor tells people
        log.error("the head of the event log was not stamped: %s", error)

"""The beat that keeps the log current."""

import logging

from celery import shared_task

from lims.audit.services import collect, integrate
from lims.core.text import Refused

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

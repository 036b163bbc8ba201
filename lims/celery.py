"""The Celery application. Its messages only ring: what is to be done stands in `lims.core.models.Job`."""

import logging
import os
from pathlib import Path

from celery import Celery
from celery.signals import beat_init, worker_init
from django.conf import settings

from lims.core import broker

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lims.settings")
app = Celery("lims")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def mend_broker(**kwargs: object) -> None:
    """Before worker and timer use the filesystem transport: what was left there must not keep them out, nor busy."""
    options = app.conf.broker_transport_options or {}
    if "control_folder" not in options:
        return
    for name in broker.mend(Path(options["control_folder"])):
        logging.getLogger(__name__).warning("broker file %s was broken and has been laid anew", name)
    broker.discard_old(Path(options["data_folder_in"]), settings.RING_EXPIRES)

"""The doorbell: Celery messages that only say where to look."""

from celery import shared_task
from django.conf import settings

from lims.core import files, jobs


@shared_task(name="lims.core.run_job")
def run_job(job_id: int) -> None:
    jobs.run(job_id)
    jobs.run_due()


@shared_task(name="lims.core.sweep")
def sweep() -> None:
    jobs.sweep()
    files.tidy()


def ring(job_id: int) -> None:
    run_job.apply_async((job_id,), expires=settings.RING_EXPIRES)


jobs.hang_bell(ring)

"""The beat that keeps sealed files provable."""

from celery import shared_task

from certificates.services import prolonging


@shared_task(name="certificates.prolong")
def prolong() -> None:
    prolonging.schedule()

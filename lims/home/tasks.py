"""The beat that looks whether the hour of the evening's reminders has come."""

from celery import shared_task

from lims.home import services


@shared_task(name="lims.home.remind")
def remind() -> None:
    services.schedule()

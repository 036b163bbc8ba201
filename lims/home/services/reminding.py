"""The evening's reminders: one letter a person, of what has come a step nearer to its end since the last one.

The row of an evening's letter is written with the rows of what it names, in one transaction; what was named at a step is
never named at it again. So the job may be killed anywhere and repeated: who has the letter is passed over. An evening on
which the system was away is made up for when it is back, and the letter says so.
"""

import smtplib
import uuid
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from lims.audit.services import record
from lims.core import clock, jobs
from lims.home import letters
from lims.home.models import Reminded, ReminderMail, ReminderRun
from lims.home.selectors import Ending, endings, is_reminded, newest_run
from lims.people.models import User
from lims.people.selectors import STAFF, institute

EVENING, LETTER = "home.reminders", "home.reminder_mail"
IN_TIME = timedelta(hours=1)
"""A letter written later than this after the evening's hour says that it is late."""

_STATE = ReminderMail.State


def evening(now: datetime) -> date:
    """The last day whose hour of reminding has come, in the institute's zone."""
    today = timezone.localdate(now)
    return today if now >= _moment(today) else today - timedelta(days=1)


def _moment(day: date) -> datetime:
    return datetime.combine(day, settings.REMINDER_TIME, tzinfo=timezone.get_default_timezone())


def schedule() -> bool:
    """Writes the job of the last evening, once its hour has come and unless it is done; whether there was one to write.

    A system that never reminded begins with the evening to come: nothing was missed before it was there.
    """
    now = clock.now()
    day, last = evening(now), newest_run()
    if last.day >= day if last else day < timezone.localdate(now):
        return False
    with transaction.atomic():
        jobs.enqueue(EVENING, f"reminders:{day.isoformat()}", day=day.isoformat())
    return True


@jobs.handler(EVENING)
def remind(*, day: str) -> None:
    """Writes the letters of an evening and queues them. Safe to repeat and to kill at any point."""
    on = date.fromisoformat(day)
    last = newest_run()
    if last and last.day >= on:
        return
    missed = _missed(on, last)
    today = clock.today()
    for person in _people(today):
        _write(person, on, today, missed)
    with transaction.atomic():
        count = ReminderMail.objects.filter(day=on).count()
        run = ReminderRun.objects.create(
            day=on, ran_at=clock.now(), missed_since=missed[0] if missed else None, letters=count
        )
        record("reminder.run", by=None, obj=run, payload={"day": day, "letters": count})


def _missed(on: date, last: ReminderRun | None) -> tuple[date, date] | None:
    """The evenings that this run makes up for: those since the last run, and this one when its hour is long past."""
    first = last.day + timedelta(days=1) if last else on
    late = clock.now() > _moment(on) + IN_TIME
    until = on if late else on - timedelta(days=1)
    return (first, until) if first <= until else None


def _people(today: date) -> list[User]:
    working = User.objects.filter(is_active=True, held_roles__role__in=STAFF).distinct().order_by("pk")
    return [person for person in working if is_reminded(person, today)]


@transaction.atomic
def _write(person: User, on: date, today: date, missed: tuple[date, date] | None) -> ReminderMail | None:
    """The letter of the evening with what it names; None when there is nothing new, or it is written already."""
    if ReminderMail.objects.filter(recipient=person, day=on).exists():
        return None
    found = _new(person, endings(person, today))
    if not found:
        return None
    address = person.email.strip()
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    mail = ReminderMail.objects.create(
        recipient=person,
        day=on,
        address=address,
        subject=letters.subject(found, today)[:200],
        body=letters.body(found, name=person.shown_name, institute=institute(), missed=missed),
        message_id=f"<reminder-{uuid.uuid4().hex}@{host}>",
        made_at=clock.now(),
        state=_STATE.WAITING if address else _STATE.UNADDRESSED,
    )
    Reminded.objects.bulk_create(
        Reminded(mail=mail, recipient=person, thing=one.key, ends_on=one.ends_on, step=one.step) for one in found
    )
    if address:
        jobs.enqueue(LETTER, f"reminder-mail:{mail.pk}", mail=mail.pk)
    return mail


def _new(person: User, found: list[Ending]) -> list[Ending]:
    """What has reached a step of which the person was not told."""
    told = set(
        Reminded.objects.filter(recipient=person, thing__in=[one.key for one in found]).values_list(
            "thing", "ends_on", "step"
        )
    )
    return [one for one in found if one.step is not None and (one.key, one.ends_on, one.step) not in told]


@jobs.handler(LETTER)
def deliver(*, mail: int) -> None:
    """Hands one letter to the mail server. Raises what the server or the network says: the job is then tried again."""
    row = ReminderMail.objects.get(pk=mail)
    if row.state != _STATE.WAITING:
        return
    waiting = ReminderMail.objects.filter(pk=row.pk, state=_STATE.WAITING)
    waiting.update(attempts=F("attempts") + 1)
    try:
        _send(row)
    except smtplib.SMTPRecipientsRefused as refusal:
        told = "; ".join(f"{code} {text.decode(errors='replace')}" for code, text in refusal.recipients.values())
        waiting.update(last_error=told[:500])
        if any(code < 500 for code, _text in refusal.recipients.values()):
            raise
        _note(row, _STATE.REFUSED, "reminder.refused", told)
        return
    except Exception as error:
        waiting.update(last_error=f"{type(error).__name__}: {error}"[:500])
        raise
    _note(row, _STATE.SENT, "reminder.mailed", "")


def _send(row: ReminderMail) -> None:
    if settings.PRODUCTION and not settings.EMAIL_HOST:
        raise OSError("no mail server is configured (LIMS_SMTP_HOST)")
    headers = {"Message-ID": row.message_id, "Auto-Submitted": "auto-generated"}
    EmailMessage(row.subject, row.body, to=[row.address], headers=headers).send()


@transaction.atomic
def _note(row: ReminderMail, state: str, verb: str, told: str) -> None:
    changed = ReminderMail.objects.filter(pk=row.pk, state=_STATE.WAITING).update(
        state=state, sent_at=clock.now() if state == _STATE.SENT else None, last_error=told[:500]
    )
    if changed:
        payload = {"day": row.day.isoformat(), "message_id": row.message_id, **({"answer": told} if told else {})}
        record(verb, by=None, obj=row, payload=payload)

"""Opening and closing capture sessions."""

from django.db import IntegrityError, transaction

from devices import rules
from devices.models import CaptureSession, Command, Port
from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import User

OPEN = (CaptureSession.State.REQUESTED, CaptureSession.State.CAPTURING)


def open_session(port: Port, *, by: User) -> CaptureSession:
    """Asks the bench to begin recording on a port for this person. Refused while the port is in use or the bench is silent."""
    if reasons := rules.may_open(port, by):
        raise Refused(*reasons)
    assert port.profile is not None and port.equipment is not None  # said by the rules
    try:
        with transaction.atomic():
            session = CaptureSession.objects.create(
                port=port, profile=port.profile, equipment=port.equipment, operator=by
            )
            Command.objects.create(bench=port.bench, session=session, port=port, by=by, do=Command.Do.OPEN)
            record("session.requested", by=by, obj=session, to_state=session.state)
    except IntegrityError:
        # Two people pressed at once; the database let one of them through.
        raise Refused(rules.port_is_free(port) or rules.port_taken_meanwhile(port)) from None
    return session


@transaction.atomic
def close_session(session: CaptureSession, *, by: User) -> None:
    """Asks the bench to end a recording; the agent then sends what is left and the closing head."""
    if why := rules.may_record(by):
        raise Refused(why)
    if session.state in OPEN and not session.commands.filter(do=Command.Do.CLOSE, done_at=None).exists():
        Command.objects.create(bench=session.port.bench, session=session, port=session.port, by=by, do=Command.Do.CLOSE)


def finish(session: CaptureSession, state: str, verb: str, *, zh: str, en: str) -> None:
    """Ends a session that did not end by itself, once; what was still ordered for its rig is settled with it."""
    changed = CaptureSession.objects.filter(pk=session.pk, state__in=OPEN).update(
        state=state, text=zh[:300], text_en=en[:300], closed_at=clock.now()
    )
    if changed:
        record(verb, by=None, obj=session, from_state=session.state, to_state=state, payload={"text": zh})
        settle_orders(session)


def settle_orders(session: CaptureSession) -> None:
    """Orders to a rig whose session is over: one never sent is off, of one sent nobody knows what became."""
    waiting = Command.objects.filter(session=session, do=Command.Do.DRIVE, done_at=None)
    waiting.filter(sent_at=None).update(
        done_at=clock.now(),
        ok=False,
        text="采集已结束，指令没有送出",
        text_en="The capture has ended; the order was not sent",
    )
    waiting.exclude(sent_at=None).update(
        done_at=clock.now(),
        text="采集已结束，结果不明：请看仪器上的显示",
        text_en="The capture has ended; what became of the order is not known: look at the instrument",
    )

"""Orders to instruments: driving the rig of a running capture, and trying out what hangs on an idle port."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import transaction

from devices import rules
from devices.models import CaptureSession, Command, Port
from devices.profiles import load_profile
from devices.profiles.drive import prepare
from lims.audit.services import record
from lims.core.text import DataError, Reason, Refused, reason
from lims.people.models import User

MOST_SENT = 512
"""Bytes that one try may send."""


@transaction.atomic
def drive(session: CaptureSession, *, by: User, command: str, value: str = "") -> Command:
    """Orders one command of the session's profile. The value, in the command's unit, is what the operator confirmed.

    Raises Refused for whom may not, while nothing is captured, for an unknown command, and for a value that the profile
    does not admit. The bench is told once; `Command.ok` says what became of it, None that nobody knows.
    """
    now = (
        CaptureSession.objects.select_for_update(of=("self",))
        .select_related("port__bench", "profile")
        .get(pk=session.pk)
    )
    if reasons := rules.may_drive(now, by):
        raise Refused(*reasons)
    profile = load_profile(now.profile.text)
    wanted = next((one for one in profile.commands if one.id == command), None)
    if wanted is None:
        raise Refused(rules.command_unknown(command))
    entered = _entered(value) if wanted.input else None
    try:
        prepare(profile, wanted, entered, "0" * 12)
    except DataError as error:
        raise Refused(Reason("value_not_admitted", error.text, None, "value")) from None
    order = Command.objects.create(
        bench=now.port.bench,
        session=now,
        port=now.port,
        by=by,
        do=Command.Do.DRIVE,
        payload={
            "command": wanted.id,
            "value": "" if entered is None else f"{entered:f}",
            "unit": wanted.input.unit if wanted.input else "",
        },
    )
    record("rig.drive_ordered", by=by, obj=now, payload={**order.payload, "order": str(order.pk)})
    return order


def _entered(value: str) -> Decimal:
    text = value.strip()
    try:
        number = Decimal(text) if len(text) <= 40 and "_" not in text else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise Refused(
            reason(
                "value_no_number",
                f"“{text[:40]}”不是数值",
                f"“{text[:40]}” is not a number",
                "请填写数值，如 12.5",
                "Enter a number such as 12.5",
                where="value",
            )
        )
    return number


@transaction.atomic
def try_port(
    port: Port,
    *,
    by: User,
    settings: dict[str, Any],
    send: bytes,
    listen_ms: int,
    again: int = 0,
    about: dict[str, Any] | None = None,
) -> Command:
    """Sends bytes on an idle port and listens: how one finds out what an unknown instrument says.

    settings: baud, bits, parity, stop. again: so many more times after the first.
    about: what the answer is to be read with, kept with the order and not sent. Every try is in the event log.
    """
    reasons = list(rules.may_try(port, by))
    if len(send) > MOST_SENT:
        reasons.append(
            reason(
                "too_long",
                f"一次最多发送 {MOST_SENT} 字节",
                f"At most {MOST_SENT} bytes are sent at once",
                where="send",
            )
        )
    if reasons:
        raise Refused(*reasons)
    asked = {**settings, "send": send.hex(), "listen_ms": listen_ms}
    order = Command.objects.create(
        bench=port.bench,
        port=port,
        by=by,
        do=Command.Do.TRY,
        payload={"try": asked, "again": again, "series": "", "about": about or {}},
    )
    record("port.tried", by=by, obj=port, payload={"send": send.hex(), "baud": str(settings["baud"])})
    return order


def try_again(command: Command) -> None:
    """The next of a series of tries, as soon as the one before has its answer."""
    left = int(command.payload.get("again", 0))
    if left <= 0:
        return
    Command.objects.create(
        bench_id=command.bench_id,
        port=command.port,
        by=command.by,
        do=Command.Do.TRY,
        payload={**command.payload, "again": left - 1, "series": command.payload.get("series") or str(command.pk)},
    )

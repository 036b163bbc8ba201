"""Writing events. There is no update and no delete."""

import secrets
from datetime import timedelta
from typing import Any

from django.db import connection, models, transaction

from lims.audit import leaves, registry
from lims.audit.models import Event, Waiting
from lims.core import canonical, clock, context
from lims.core.text import Refused, reason

# Processes on one machine read the clock in slightly different order; more than this is a clock set back.
TOLERANCE = timedelta(seconds=5)


def record(
    verb: str,
    *,
    by: Any,
    obj: models.Model,
    from_state: str = "",
    to_state: str = "",
    version: int = 0,
    payload: dict[str, Any] | None = None,
    public: dict[str, str] | None = None,
) -> Event:
    """Appends one event in the caller's transaction.

    by: the person, or None for the system. obj: the object of the deed, already saved. public: what strangers may read in
    the log in plain words; everything else is there as a salted digest only.
    Raises TransactionManagementError outside a transaction, KeyError for an unregistered verb, ValueError
    for a public field that the leaf needs itself, Refused when the clock
    stands before the last event: a deed must not be dated before one that happened earlier.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("an event is written in the transaction of its deed")
    registry.wording(verb)
    if clash := leaves.OWN & set(public or {}):
        raise ValueError(f"a public field cannot be named {', '.join(sorted(clash))}")
    at = clock.now()
    last = Event.objects.order_by("-pk").values_list("at", flat=True).first()
    if last and at < last - TOLERANCE:
        raise Refused(
            reason(
                "clock_went_back",
                f"系统时钟（{at:%Y-%m-%d %H:%M:%S}）早于最后一条事件（{last:%Y-%m-%d %H:%M:%S}，UTC），操作未执行",
                f"The clock ({at:%Y-%m-%d %H:%M:%S}) stands before the last event ({last:%Y-%m-%d %H:%M:%S}, UTC); nothing was done",
                "请管理员校准服务器时间后重试",
                "Ask the administrator to set the server's clock, then try again",
            )
        )
    event = Event.objects.create(
        at=at,
        actor_id=str(by.pk) if by else "",
        actor_name=str(by) if by else "系统",
        verb=verb,
        object_type=obj._meta.label_lower,
        object_id=str(obj.pk),
        object_label=str(obj)[:200],
        from_state=from_state,
        to_state=to_state,
        version=version,
        request_id=context.request_id(),
        payload=canonical.dumps(payload or {}),
        public=canonical.dumps(public or {}),
        salt=secrets.token_hex(16),
    )
    Waiting.objects.create(event=event)
    return event

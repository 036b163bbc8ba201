"""Changing the log's key by plan. A key that was stolen is another matter: then a new log begins (`restart`)."""

from datetime import timedelta
from typing import Any

from django.db import transaction

from lims.audit import selectors
from lims.audit.models import Log
from lims.audit.services.events import record
from lims.audit.services.integrating import integrate
from lims.audit.services.signing import signer
from lims.audit.tlog.checkpoint import Head
from lims.core import clock
from lims.core.text import Reason, Refused
from lims.core.text import reason as told

OVERLAP = timedelta(days=90)
"""How long both keys sign, unless somebody says otherwise: time for those who hold the old one to learn the new one."""


def rotate(*, reason: str, by: Any = None, overlap: timedelta = OVERLAP) -> Head:
    """Hands the log over to a new key; the head that both have signed.

    An event announces the new key, the head over it bears the signatures of both, and so do all until the overlap is over;
    then the old key is destroyed. Killed between two steps, the old key stays in force and a second call goes on where the
    first one ended. Raises Refused while an earlier change is not over, or when the log cannot be signed.
    """
    own = signer()
    own.forget(clock.now())
    if own.both_until and own.prepared is None:
        raise Refused(_too_early(own.both_until.date().isoformat()))
    integrate()
    _announce(own.vkey, own.prepare(), reason, by)
    head = integrate()
    own.take_over(clock.now() + overlap)
    return head


@transaction.atomic
def _announce(old: str, new: str, reason: str, by: Any) -> None:
    log = Log.objects.select_for_update().get_or_create(pk=1)[0]
    if not selectors.announced(new):
        public = {"old_key": old, "new_key": new}
        record(selectors.KEY_CHANGED, by=by, obj=log, payload={"reason": reason}, public=public)


def _too_early(until: str) -> Reason:
    return told(
        "key_still_changing",
        f"上次更换密钥的并行期到 {until} 才结束",
        f"both keys of the last change sign until {until}",
        "请在并行期结束后再更换；若密钥已泄露，请按操作手册开启新日志",
        "change it again after that day; if the key was stolen, begin a new log as the operations page tells",
    )

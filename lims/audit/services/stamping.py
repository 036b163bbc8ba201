"""Having the head of each day stamped by a time stamp authority: somebody else's word for when it existed."""

import hashlib

from lims.audit import selectors
from lims.audit.models import Stamp
from lims.audit.tlog import stamp
from lims.core import clock, timestamps


def stamp_head() -> Stamp | None:
    """Asks for the stamp of the newest head, unless today (UTC) has one; the stamp of the day, None while there is no head.

    A day on which nothing happened is stamped too: that shows how long the log stood still. The token is believed after it
    was checked. No database transaction waits for the authority. Raises Unavailable or StampError.
    """
    newest = selectors.newest_checkpoint()
    if newest is None:
        return None
    done = Stamp.objects.filter(day=clock.now().date()).first()
    if done:
        return done
    authority = timestamps.authority()
    note = newest.note.encode()
    token = authority.token(hashlib.sha256(note).digest())
    told = stamp.check(token, note, authority.roots)
    made, _ = Stamp.objects.get_or_create(
        day=told.at.date(),
        defaults={"checkpoint": newest, "token": token, "at": told.at, "authority": told.by[:400]},
    )
    return made

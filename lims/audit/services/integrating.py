"""Giving waiting events their places in the tree, and having the new head signed."""

import json
from collections.abc import Sequence

from django.db import transaction

from lims.audit import leaves, selectors
from lims.audit.models import Checkpoint, Entry, Event, Log, Tile, Waiting, Words
from lims.audit.services.events import record
from lims.audit.services.signing import set_back, signer
from lims.audit.tlog import tiles
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import leaf_hash
from lims.audit.tlog.note import encode
from lims.audit.words import words
from lims.core import clock
from lims.core.text import Refused
from lims.core.text import reason as told

BATCH = 5000
"""Events placed in one transaction."""


def integrate() -> Head:
    """Places every waiting event and signs the head; the head. Many may call at once, in any process.

    Raises Refused when the signer finds that the tree does not continue what it signed before.
    """
    while place(BATCH) == BATCH:
        pass
    return sign()


@transaction.atomic
def place(limit: int) -> int:
    """Gives at most `limit` waiting events the next places of the tree; how many there were."""
    log, _ = Log.objects.select_for_update().get_or_create(pk=1)
    waiting = list(Waiting.objects.select_related("event").order_by("pk")[:limit])
    if not waiting:
        return 0
    entries = [
        Entry(index=log.size + number, event=one.event, leaf=leaf_of(one.event)) for number, one in enumerate(waiting)
    ]
    changed = tiles.append(log.size, selectors.tile, [leaf_hash(one.leaf) for one in entries])
    Entry.objects.bulk_create(entries, batch_size=500)
    Words.objects.bulk_create(
        [
            Words(event=one.event, words=words(one.event.payload, one.event.object_label, one.event.actor_name))
            for one in waiting
        ],
        batch_size=500,
        ignore_conflicts=True,  # a log that was begun anew places events that have their words
    )
    Tile.objects.bulk_create(
        [Tile(level=level, n=n, data=data) for (level, n), data in changed.items()],
        update_conflicts=True,
        unique_fields=["level", "n"],
        update_fields=["data"],
        batch_size=500,
    )
    _delete(waiting)
    Log.objects.filter(pk=1).update(size=log.size + len(entries))
    return len(entries)


def sign() -> Head:
    """Has the present tree signed, unless that was done; the signed head. Raises Refused like `integrate`."""
    own = signer()
    own.forget(clock.now())
    log = Log.objects.filter(pk=1).first()
    size = log.size if log else 0
    tree = tiles.Tree(size, selectors.tile)
    head = Head(own.origin, size, tree.root())
    if own.last() != head or not Checkpoint.objects.filter(size=size).exists():
        signed = own.sign(head, tree.consistency)
        Checkpoint.objects.get_or_create(size=size, defaults={"note": signed, "at": clock.now()})
    return head


@transaction.atomic
def restart(*, reason: str) -> Head:
    """Begins a new log under a new key, after a disaster that left only an older database; the first head.

    The events there are keep their places, and one more says why, and where the lost log ended. Heads signed before stay what
    they are: whoever has one sees that this log is another. Raises Refused when the present log can be continued.
    """
    own = signer()
    last = own.last()
    if last is None or set_back() is None:
        raise Refused(
            told(
                "log_is_whole",
                "当前日志可以继续，不必开启新日志",
                "the present log can be continued; there is no need for a new one",
            )
        )
    own.retire()
    log = Log.objects.select_for_update().get_or_create(pk=1)[0]
    record(
        "log.restarted", by=None, obj=log, payload={"reason": reason},
        public={"old_key": own.vkey, "old_root": encode(last.root), "old_size": str(last.size)},
    )  # fmt: skip
    return integrate()


def leaf_of(event: Event) -> bytes:
    """The leaf of an event, worked out from its row."""
    return leaves.leaf(
        at=event.at.isoformat(),
        verb=event.verb,
        salt=event.salt,
        content=content_of(event),
        public=json.loads(event.public),
    )


def content_of(event: Event) -> dict[str, object]:
    """What the digest in the leaf covers. It travels with an evidence bundle, together with the salt."""
    return {
        "actor": {"id": event.actor_id, "name": event.actor_name},
        "from": event.from_state,
        "object": {"id": event.object_id, "label": event.object_label, "type": event.object_type},
        "payload": json.loads(event.payload),
        "request": event.request_id,
        "to": event.to_state,
        "version": event.version,
    }


def _delete(waiting: Sequence[Waiting]) -> None:
    keys = [one.pk for one in waiting]
    for at in range(0, len(keys), 500):
        Waiting.objects.filter(pk__in=keys[at : at + 500]).delete()

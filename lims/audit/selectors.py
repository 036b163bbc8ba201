"""Reading events and the log over them. What a viewer may see of an object decides who asks; these helpers only find the rows."""

import json

from cryptography.hazmat.primitives.serialization import Encoding
from django.db import models
from django.db.models import QuerySet

from lims.audit.models import Checkpoint, Entry, Event, Stamp, Tile
from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.merkle import SIZE
from lims.audit.tlog.proof import Proof
from lims.core import timestamps


def of_object(obj: models.Model) -> QuerySet[Event]:
    """The history of one object, oldest first. The caller has already established that the viewer may see the object."""
    return Event.objects.filter(object_type=obj._meta.label_lower, object_id=str(obj.pk)).order_by("pk")


def tile(level: int, n: int) -> bytes:
    """The hashes of a tile as far as it has grown. Raises Tile.DoesNotExist."""
    return bytes(Tile.objects.values_list("data", flat=True).get(level=level, n=n))


def entry_tile(n: int, width: int) -> bytes:
    """The first `width` entries of entry tile n; fewer when the log is shorter."""
    first = n * tiles.WIDTH
    rows = Entry.objects.filter(index__gte=first, index__lt=first + width).order_by("index")
    return tiles.bundle(bytes(leaf) for leaf in rows.values_list("leaf", flat=True))


def newest_checkpoint() -> Checkpoint | None:
    """The longest head that was signed."""
    return Checkpoint.objects.order_by("-size").first()


def oldest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("size").first()


def last_stamp() -> Stamp | None:
    """What a time stamp authority said last about the head."""
    return Stamp.objects.order_by("-day").first()


def published_note(one: Checkpoint) -> str:
    """The head as strangers get it: our signature, then those of the witnesses that have cosigned by now."""
    return one.note + "".join(one.cosignatures.order_by("witness").values_list("line", flat=True))


def published(path: str) -> bytes | None:
    """What the log serves at a tile path; None where it serves nothing, for instance beyond the signed head."""
    try:
        level, n, width = tiles.parse_path(path)
    except ValueError:
        return None
    newest = newest_checkpoint()
    if newest is None or tiles.width(0 if level == "entries" else int(level), n, newest.size) < width:
        return None
    return entry_tile(n, width) if level == "entries" else tile(int(level), n)[: width * SIZE]


KEY_CHANGED = "log.key_changed"


def announced(vkey: str) -> bool:
    """Whether an event already announces this key of the log."""
    changes = Event.objects.filter(verb=KEY_CHANGED).values_list("public", flat=True)
    return any(json.loads(one)["new_key"] == vkey for one in changes)


def handovers() -> list[Checkpoint]:
    """For each change of the log's key the first head over its announcement, signed by the old and the new key, oldest first."""
    places = Entry.objects.filter(event__verb=KEY_CHANGED).order_by("index").values_list("index", flat=True)
    heads = (Checkpoint.objects.filter(size__gt=place).order_by("size").first() for place in places)
    return [one for one in heads if one]


def stamp_roots() -> bytes:
    """The root certificates of the time stamp authority, PEM. Raises Unavailable."""
    return b"".join(one.public_bytes(Encoding.PEM) for one in timestamps.authority().roots)


def proofs(events: QuerySet[Event]) -> list[Proof]:
    """A proof for each of these events that stands below the signed head, in the order of the log; each carries its leaf."""
    newest = newest_checkpoint()
    if newest is None:
        return []
    tree = tiles.Tree(checkpoint.unchecked(newest.note).size, tile)
    head = published_note(newest)
    entries = Entry.objects.filter(event__in=events, index__lt=newest.size).order_by("index")
    return [Proof(one.index, tuple(tree.inclusion(one.index)), head, bytes(one.leaf)) for one in entries]

"""The append-only event table, and the transparency log over it: each event becomes one leaf of a Merkle tree.

Everything a leaf needs is frozen in the event's row. An event is written with its deed and waits; the integrator gives it the
next place in the tree; the signer then vouches for the new head.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from lims.core.frozen import Frozen
from lims.core.search import SearchIndex


class Event(models.Model):
    """Who did what to which object, from which state to which, when. Written in the transaction of the deed.

    Names are copied as text, so the trail survives renaming and leaving. `payload` is canonical JSON; `salt` keeps the
    digest of an internal event from being guessed when only the digest is published.
    """

    at = models.DateTimeField()
    actor_id = models.CharField(max_length=40, blank=True, help_text="id of the person as text; empty for the system")
    actor_name = models.CharField(max_length=120)
    verb = models.CharField(max_length=60)
    object_type = models.CharField(max_length=60)
    object_id = models.CharField(max_length=64)
    object_label = models.CharField(max_length=200)
    from_state = models.CharField(max_length=30, blank=True)
    to_state = models.CharField(max_length=30, blank=True)
    version = models.PositiveIntegerField(default=0, help_text="version of the object after the deed")
    request_id = models.CharField(max_length=60, blank=True)
    payload = models.TextField(default="{}")
    public = models.TextField(default="{}", help_text="canonical JSON of what strangers may read in the log")
    salt = models.CharField(max_length=32)

    frozen = Frozen()

    class Meta:
        verbose_name = _("事件")
        ordering = ["pk"]
        indexes = [
            # Read by audit.selectors.of_object: the history of one object.
            models.Index(fields=["object_type", "object_id", "id"], name="event_by_object"),
            models.Index(fields=["actor_id", "id"], name="event_by_actor"),
            models.Index(fields=["verb", "id"], name="event_by_verb"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.actor_name} {self.verb} {self.object_label}"


class Waiting(models.Model):
    """An event that has no place in the tree yet. Written in the transaction of the event, so a deed undone leaves nothing."""

    event = models.OneToOneField(Event, models.PROTECT, primary_key=True, related_name="waiting")

    class Meta:
        verbose_name = _("待入日志的事件")

    def __str__(self) -> str:
        return str(self.event_id)


class Words(models.Model):
    """The words of an event that has its place: whole ones of letters and digits, Chinese by characters and pairs of them.
    Written with the place, so an event either waits or is found by its words."""

    # The name of the column is what `lims.core.search` knows rows by. Without a constraint: this is an index of events, no part.
    event = models.OneToOneField(
        Event, models.PROTECT, primary_key=True, db_column="id", db_constraint=False, related_name="words"
    )
    words = models.TextField()

    frozen = Frozen()
    search_index = SearchIndex("words")

    class Meta:
        verbose_name = _("事件用词")

    def __str__(self) -> str:
        return str(self.event_id)


class Log(models.Model):
    """How many leaves the tree has. The one row is what integrators queue for."""

    size = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("日志")

    def __str__(self) -> str:
        return str(self.size)


class Entry(models.Model):
    """The place of an event in the tree, with the bytes that were hashed. Places are contiguous from 0."""

    index = models.PositiveBigIntegerField(primary_key=True)
    event = models.OneToOneField(Event, models.PROTECT, related_name="entry")
    leaf = models.BinaryField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("日志条目")
        ordering = ["index"]

    def __str__(self) -> str:
        return f"{self.index} {bytes(self.leaf).decode()}"


class Tile(models.Model):
    """256 hashes of the tree. It grows until full; each earlier width is its beginning."""

    level = models.PositiveSmallIntegerField()
    n = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        verbose_name = _("日志分块")
        constraints = [models.UniqueConstraint(fields=["level", "n"], name="tile_once")]

    def __str__(self) -> str:
        return f"{self.level}/{self.n}"


class Checkpoint(models.Model):
    """A head of the log with our signature. `note` is the signed text as published."""

    size = models.PositiveBigIntegerField(primary_key=True)
    note = models.TextField()
    at = models.DateTimeField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("日志检查点")
        ordering = ["size"]

    def __str__(self) -> str:
        return f"{self.size} {self.at:%Y-%m-%d %H:%M:%S}"


class Cosignature(models.Model):
    """That a witness saw a head and found that it continues the last one it saw. `line` stands below our own in the note."""

    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="cosignatures")
    witness = models.CharField(max_length=200)
    line = models.TextField()

    frozen = Frozen()

    class Meta:
        verbose_name = _("见证签名")
        constraints = [models.UniqueConstraint(fields=["checkpoint", "witness"], name="cosigned_once")]

    def __str__(self) -> str:
        return f"{self.witness} {self.checkpoint_id}"


class Stamp(models.Model):
    """What a time stamp authority (RFC 3161) said about the head of a day. `token` covers the note of the checkpoint."""

    day = models.DateField(unique=True, help_text="in UTC, as the authority tells the time")
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="stamps")
    token = models.BinaryField()
    at = models.DateTimeField()
    authority = models.CharField(max_length=400)

    frozen = Frozen()

    class Meta:
        verbose_name = _("日志时间戳")
        ordering = ["day"]

    def __str__(self) -> str:
        return f"{self.day} {self.authority}"

"""Searching the events: by words anywhere in them, kind, person, object and days."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL
from django.utils import timezone

from lims.audit.models import Event, Waiting, Words
from lims.audit.registry import verbs
from lims.auditor.selectors.grants import scope
from lims.core import search
from lims.people.models import Role
from lims.people.selectors import roles_of

PAGE = 50
READERS = frozenset({Role.AUDITOR, Role.QUALITY_MANAGER, Role.TECHNICAL_LEAD})
"""Who searches the events of everybody. Others see those of the objects they work on."""
MOST_EXPORTED = 100_000
COMMON = 5000
"""Of so many events that have the words, the index would bring all to show a page of them."""
HEADER = (
    "place in the log", "at (UTC)", "who", "user", "verb", "sentence", "object type", "object", "from", "to", "payload",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is searched for; an empty field admits everything. Days are those of the institute, both included."""

    text: str = ""
    verb: str = ""
    who: str = ""
    about: str = ""
    since: date | None = None
    until: date | None = None
    parts: bool = False


def found(viewer: object, asked: Asked) -> QuerySet[Event]:
    """The events that fit, newest first. Each word of the text must stand somewhere: in the payload, the name of the person
    or the object.

    Words of letters and digits are found whole, Chinese by any of its characters; with `parts` also inside of words, for
    which a million events are read one by one. An auditor whose scope is narrower than everything gets none: events are about
    everything.
    """
    rows = Event.objects.select_related("entry").order_by("-pk")
    if not roles_of(viewer) & READERS or scope(viewer) is not None:
        return rows.none()
    if not asked.parts:
        rows = _by_words(rows, " ".join((asked.text, asked.who, asked.about)))
    for word in asked.text.split()[:8]:
        # In the payload quotation marks and the like are escaped as JSON writes them.
        inside = json.dumps(word, ensure_ascii=False)[1:-1]
        rows = rows.filter(
            Q(payload__icontains=inside) | Q(object_label__icontains=word) | Q(actor_name__icontains=word)
        )
    if asked.verb:
        rows = rows.filter(verb=asked.verb)
    if asked.who:
        rows = rows.filter(actor_name__icontains=asked.who)
    if asked.about:
        rows = rows.filter(object_label__icontains=asked.about)
    if asked.since:
        rows = rows.filter(at__gte=_begin(asked.since))
    if asked.until:
        rows = rows.filter(at__lt=_begin(asked.until + timedelta(days=1)))
    return rows


def _by_words(rows: QuerySet[Event], query: str) -> QuerySet[Event]:
    """The events that the index of words admits, and those that have not got their place, and with it their words, yet.

    Words that very many events have are left to the reading of the newest ones: some fit soon, and parts of words fit as well.
    """
    if not search.query_tokens(query):
        return rows
    fitting = search.matching(Words.objects.order_by(), query)
    if fitting.values("event_id")[:COMMON].count() == COMMON:
        return rows
    sql, params = fitting.values("event_id").query.sql_with_params()
    either = f"{sql} UNION ALL SELECT event_id FROM {Waiting._meta.db_table}"  # noqa: S608 - nothing in it comes from outside
    return rows.filter(pk__in=RawSQL(either, params))  # noqa: S611


def page(rows: QuerySet[Event], after: str) -> tuple[list[Event], str]:
    """One page, and where the next one begins; empty at the end. Events have no date of their own order: numbers are it."""
    if after.isascii() and after.isdecimal():
        rows = rows.filter(pk__lt=min(int(after), 2**63 - 1))
    shown = list(rows[: PAGE + 1])
    return shown[:PAGE], str(shown[PAGE - 1].pk) if len(shown) > PAGE else ""


def as_csv(rows: QuerySet[Event]) -> Iterator[str]:
    """The events as CSV, oldest first: at most 100 000, the newest of them."""

    class Line:
        def write(self, text: str) -> str:
            return text

    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(HEADER)
    told = verbs()
    keys = list(rows.values_list("pk", flat=True)[:MOST_EXPORTED])[::-1]
    for first in range(0, len(keys), 500):
        for one in Event.objects.filter(pk__in=keys[first : first + 500]).select_related("entry").order_by("pk"):
            yield writer.writerow([_harmless(cell) for cell in _cells(one, told)])


def _cells(one: Event, told: dict[str, Any]) -> list[object]:
    place = one.entry.index if hasattr(one, "entry") else ""
    sentence = told[one.verb].en if one.verb in told else ""
    return [
        place, one.at.isoformat(), one.actor_name, one.actor_id, one.verb, sentence, one.object_type, one.object_label,
        one.from_state, one.to_state, one.payload,
    ]  # fmt: skip


def _harmless(cell: object) -> object:
    """A spreadsheet takes text that begins like a formula for one."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def _begin(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))

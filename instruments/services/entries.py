"""Putting values into a draft: each entry judged alone, the good ones saved in one commit, sent twice stored once."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import F

from devices.models import Reading
from instruments.models import Entry, Record
from instruments.rules import record as rules
from instruments.selectors import paths
from instruments.selectors.record import Sheet, entries_of, sheet
from lims.audit import services as audit
from lims.core import clock
from lims.core.text import Reason, Refused
from lims.people.models import User
from standards.procedures import Evaluation

MOST_ENTRIES = 500


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One value as the person or the browser gives it.

    previous: the value seen before the change. reading: the rig reading it claims to be, None when typed.
    why_code: one of Entry.Why, needed when a value is replaced.
    """

    client_id: uuid.UUID
    path: str
    value: str
    previous: str = ""
    reading: int | None = None
    why_code: str = ""
    why: str = ""
    made_at: datetime | None = None


@dataclass(frozen=True)
class Clash:
    """Somebody else put another value there since the person looked."""

    draft: Draft
    theirs: Entry


@dataclass
class Saved:
    """What became of a batch. `saved` holds the entry that now stands for each accepted draft."""

    version: int
    saved: list[tuple[Draft, str, str, bool]] = field(default_factory=list)
    clashes: list[Clash] = field(default_factory=list)
    refused: list[tuple[Draft, list[Reason]]] = field(default_factory=list)
    evaluation: Evaluation | None = None


def save_entries(record: Record, *, by: User, drafts: Sequence[Draft]) -> Saved:
    """Saves a batch in one transaction with one event; drafts that conflict or are refused do not stop the others.

    Raises Refused when the person may not write in this record at all, or sends more than MOST_ENTRIES.
    """
    with transaction.atomic():
        if len(drafts) > MOST_ENTRIES:
            raise Refused(rules.too_many_entries(len(drafts), MOST_ENTRIES))
        # First of all the row lock: two batches, or a batch and a submit, follow one another.
        Record.objects.filter(pk=record.pk, state=Record.State.DRAFT).update(version=F("version") + 1)
        now = Record.objects.select_related(
            "task__instrument", "task__sub_unit", "task__procedure", "task__technician", "task__checker"
        ).get(pk=record.pk)
        if refusal := rules.may_write(now, by):
            raise Refused(refusal)
        batch = _Batch(now, by, drafts)
        result = batch.save()
        if batch.fresh:
            audit.record(
                "record.values_saved",
                by=by,
                obj=now,
                version=now.version,
                payload={
                    "values": [
                        {
                            "path": entry.path,
                            "value": entry.value,
                            "origin": entry.origin,
                            **({"replaced": entry.replaces.value, "why": entry.why_code} if entry.replaces else {}),
                        }
                        for entry in batch.fresh
                    ]
                },
            )
        return result


class _Batch:
    """One batch on its way: what stands in the record, and what is added."""

    def __init__(self, record: Record, by: User, drafts: Sequence[Draft]) -> None:
        self.record, self.by, self.drafts = record, by, drafts
        self.past = list(entries_of(record).select_related("by"))
        self.sheet: Sheet = sheet(record, self.past)
        self.places = self.sheet.places()
        self.laid = dict(paths.leaves(self.sheet.data))
        wanted = [draft.reading for draft in drafts if draft.reading is not None]
        self.readings = Reading.objects.select_related("session__profile").in_bulk(wanted) if wanted else {}
        self.known = {entry.client_id: entry for entry in self.past}
        self.fresh: list[Entry] = []
        self.result = Saved(record.version)

    def save(self) -> Saved:
        at = clock.now()
        foreign = self._ids_of_other_records()
        for draft in self.drafts:
            self._one(draft, at, foreign)
        for entry in self.fresh:
            if entry.replaces is not None and entry.replaces.pk is None:
                entry.replaces.save(force_insert=True)  # two changes of one place in one batch: the first needs its id
        Entry.objects.bulk_create([entry for entry in self.fresh if entry.pk is None])
        stands = self.sheet.plus(self.fresh) if self.fresh else self.sheet
        self.result.evaluation = stands.evaluation
        return self.result

    def _ids_of_other_records(self) -> set[uuid.UUID]:
        ids = {draft.client_id for draft in self.drafts} - set(self.known)
        return set(Entry.objects.filter(client_id__in=ids).values_list("client_id", flat=True))

    def _one(self, draft: Draft, at: datetime, foreign: set[uuid.UUID]) -> None:
        if draft.client_id in self.known:
            self._accept(draft)
            return
        standing = self.sheet.entries.get(draft.path)
        stored = standing.value if standing else self.laid.get(draft.path, "")
        reading = self.readings.get(draft.reading) if draft.reading is not None else None
        refusals = rules.entry_refusals(
            self.sheet,
            self.places,
            path=draft.path,
            value=draft.value,
            rig=draft.reading is not None,
            reading=reading,
            reused=draft.client_id in foreign,
        )
        if refusals:
            self.result.refused.append((draft, refusals))
        elif stored == draft.value:
            self._accept(draft)
        elif standing is not None and draft.previous != stored:
            self.result.clashes.append(Clash(draft, standing))
        elif standing is not None and standing.value and (no := rules.why_replaced(draft.why_code, draft.why)):
            self.result.refused.append((draft, [no]))
        else:
            self._append(draft, at, reading, standing)
            self._accept(draft)

    def _append(self, draft: Draft, at: datetime, reading: Reading | None, replaces: Entry | None) -> None:
        entry = Entry(
            record=self.record,
            client_id=draft.client_id,
            path=draft.path,
            value=draft.value,
            origin=Entry.Origin.RIG if reading else Entry.Origin.TYPED,
            reading=reading,
            quality=reading.quality if reading else "",
            replaces=replaces,
            why_code=draft.why_code if replaces and replaces.value else "",
            why=draft.why.strip() if replaces and replaces.value else "",
            by=self.by,
            at=at,
            made_at=draft.made_at,
        )
        self.fresh.append(entry)
        self.known[entry.client_id] = entry
        self.sheet.entries[draft.path] = entry

    def _accept(self, draft: Draft) -> None:
        standing = self.sheet.entries.get(draft.path)
        self.result.saved.append(
            (draft, standing.value if standing else "", standing.origin if standing else "", is_corrected(standing))
        )


def is_corrected(entry: Entry | None) -> bool:
    """Whether the value took the place of another one."""
    return entry is not None and bool(entry.why_code)

"""Reading original records: present values, the data that the procedure evaluates, and what the evaluation says."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from instruments.models import Entry, Record, RecordDevice, Task
from instruments.selectors import paths
from instruments.selectors.work import sees_everything
from lims.core import clock
from standards.models import Device
from standards.procedures import Evaluation, Pack, evaluate, template
from standards.selectors.procedures import pack_of
from standards.selectors.snapshots import certified_for

# What the sheet writes for a check that does not apply, and what the procedures write.
NOT_APPLICABLE = {"not_applicable": "n/a"}
# Reasons of a correction that say: it was measured right and written wrongly.
CLERICAL = frozenset({Entry.Why.MISREAD, Entry.Why.TYPING_SLIP, Entry.Why.WRONG_CELL})


def records(viewer: object) -> QuerySet[Record]:
    """Original records are for staff and auditors; a customer sees his certificate, not the record."""
    rows = Record.objects.select_related("task__instrument", "task__procedure", "started_by")
    return rows if sees_everything(viewer) else rows.none()


@dataclass(frozen=True)
class Sheet:
    """A record as it stands: its pack, its present entries by path, and the data they make.

    days: those on which it was measured, oldest first; empty before the first value. hands: who measured on which of them.
    """

    record: Record
    pack: Pack
    entries: dict[str, Entry]
    devices: list[RecordDevice]
    data: dict[str, Any]
    hands: list[tuple[date, int]]

    @property
    def days(self) -> list[date]:
        return sorted({day for day, _person in self.hands})

    def places(self) -> set[str]:
        """The paths that a person or a rig may fill in."""
        open_parameters = {f"parameters.{one.name}" for one in self.pack.parameters} - {
            f"parameters.{name}" for name, value in self.record.parameters.items() if value
        }
        inside = {
            path
            for path, _value in paths.leaves(
                {key: self.data[key] for key in ("environment", "judged", "items", "adjustment")}
            )
            if not path.endswith(".point")
        }
        return inside | open_parameters

    def plus(self, entries: Iterable[Entry]) -> "Sheet":
        """The sheet with further entries put in; asks the database nothing."""
        latest = self.entries | current(entries)
        data = _data(self.record, self.pack, latest, (self.data["constants"], self.data.get("corrections", {})))
        return Sheet(self.record, self.pack, latest, self.devices, data, self.hands)

    @cached_property
    def evaluation(self) -> Evaluation:
        return evaluate(self.pack, self.data)


def entries_of(record: Record) -> QuerySet[Entry]:
    """Every entry that this record rests on, oldest first: its own and those of the attempts before."""
    return Entry.objects.filter(record__task_id=record.task_id, record__attempt__lte=record.attempt).order_by("pk")


def current(entries: Iterable[Entry]) -> dict[str, Entry]:
    """The latest entry of each path."""
    return {entry.path: entry for entry in entries}


def devices_of(record: Record) -> list[RecordDevice]:
    return list(record.devices.select_related("device").order_by("role", "pk"))


def by_role(devices: Iterable[RecordDevice]) -> dict[str, list[Device]]:
    found: dict[str, list[Device]] = {}
    for one in devices:
        found.setdefault(one.role, []).append(one.device)
    return found


def sheet(record: Record, entries: Iterable[Entry] | None = None) -> Sheet:
    """The record with its values; `entries` saves a query when the caller already has them."""
    known = list(entries_of(record) if entries is None else entries)
    latest, hands = current(known), hands_of(known)
    days = [day for day, _person in hands]
    pack, devices = pack_of(record.task.procedure), devices_of(record)
    day = record.verified_on or (days[-1] if days else clock.today())
    certified = certified_for(pack, day, by_role(devices), _parameters(record, latest))
    return Sheet(record, pack, latest, devices, _data(record, pack, latest, certified), hands)


def record_data(record: Record) -> dict[str, Any]:
    """`record/1`: the layout of the pack for this kind and these parameters, with every present value in its place."""
    return sheet(record).data


def evaluation(record: Record) -> Evaluation:
    return sheet(record).evaluation


def parameters_of(task: Task, pack: Pack) -> dict[str, str]:
    """What the procedure asks about the instrument, as the ledger has it now; empty where the ledger is silent."""
    known: dict[str, Any] = {"accuracy_class": task.instrument.accuracy_class, **(task.instrument.parameters or {})}
    if task.sub_unit is not None:
        known |= task.sub_unit.parameters or {}
    return {one.name: str(known.get(one.name) or "") for one in pack.parameters}


def _data(
    record: Record, pack: Pack, latest: dict[str, Entry], certified: tuple[dict[str, str], dict[str, dict[str, Any]]]
) -> dict[str, Any]:
    """`certified`: constants and corrections from the devices' certificates."""
    data = template(pack, record.task.kind, _parameters(record, latest))
    constants, corrections = certified
    data["constants"] |= constants
    if pack.corrections:
        data["corrections"] = corrections
    for path, entry in latest.items():
        if not path.startswith(("parameters.", "constants.", "corrections.")):
            paths.put(data, path, NOT_APPLICABLE.get(entry.value, entry.value))
    return data


def _parameters(record: Record, latest: dict[str, Entry]) -> dict[str, str]:
    """Those of the ledger, and where it was silent those put down."""
    parameters = dict(record.parameters)
    for path, entry in latest.items():
        name = path.removeprefix("parameters.")
        if name != path and not parameters.get(name):
            parameters[name] = entry.value
    return parameters


def hands_of(entries: Iterable[Entry]) -> list[tuple[date, int]]:
    """On which calendar days at the institute the present values were measured and by whom (primary keys), oldest first.

    entries: all of them, oldest first. Setting right what was only written wrongly moves neither the day nor the person;
    remarks and parameters are no measurements.
    """
    measured: dict[int, tuple[datetime, int]] = {}
    present: dict[str, Entry] = {}
    for entry in entries:
        before = measured.get(entry.replaces_id or 0) if entry.why_code in CLERICAL else None
        measured[entry.pk] = before or (entry.at, entry.by_id)
        present[entry.path] = entry
    return sorted(
        {
            (timezone.localdate(measured[entry.pk][0]), measured[entry.pk][1])
            for path, entry in present.items()
            if entry.value and path.startswith(("items.", "environment.", "judged.")) and not path.endswith(".remark")
        }
    )

"""From a printed digit back to the bytes and to the measurement standard, one step at a time.

Everything shown comes from the frozen facts of the record, from stored frames, and from computing again: a step that no
longer gives what was printed says so.
"""

import json
import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from certificates.models import Certificate
from certificates.selectors import certificates
from devices.models import CaptureSession
from devices.models import Reading as StoredReading
from devices.selectors import again_reading, first_broken_frame, frames_of
from lims.auditor.selectors.grants import scope
from lims.core import canonical
from lims.core.text import Text
from lims.people.models import Role
from lims.people.selectors import is_staff, roles_of
from standards.procedures import Evaluation, Pack, Sourced, evaluate
from standards.procedures import trace as trace_cell
from standards.procedures.record import plain
from standards.selectors.procedures import pack_of

_CELL = re.compile(r"items\.(?P<item>\w+)(?:\.rows\[(?P<row>\d+)\])?(?:\.runs\[(?P<run>\d+)\])?\.(?P<name>\w+)$")


def looks_inside(viewer: object) -> bool:
    """Whether the viewer may see how results came about: staff and auditors."""
    return is_staff(viewer) or Role.AUDITOR in roles_of(viewer)


def traceable(viewer: object) -> QuerySet[Certificate]:
    """Certificates whose inside the viewer may walk: all for staff, those of the scope for auditors, none for customers."""
    rows = certificates(viewer)
    if not looks_inside(viewer):
        return rows.none()
    categories = scope(viewer)
    return rows if categories is None else rows.filter(instrument__category__in=categories)


@dataclass(frozen=True)
class Evidence:
    """A rig reading with its bytes: the stored row, its frames, what they say when read again, and whether that agrees."""

    reading: StoredReading
    session: CaptureSession
    frames: list[dict[str, Any]]
    again: str
    agrees: bool
    chain_broken_at: int | None


@dataclass(frozen=True)
class Step:
    """One stop of the walk. `computed` is a formula with its inputs, `entries` the history of a value put down."""

    path: str
    title: dict[str, str]
    computed: dict[str, Any] | None = None
    same: bool = True
    entries: list[dict[str, Any]] = field(default_factory=list)
    evidence: Evidence | None = None
    devices: list[dict[str, Any]] = field(default_factory=list)
    claim: Sourced | None = None


class Walk:
    """The walk through one certificate. Raises KeyError for a path that the record does not have."""

    def __init__(self, certificate: Certificate) -> None:
        self.certificate = certificate
        self.facts: dict[str, Any] = json.loads(certificate.record.facts)

    @cached_property
    def pack(self) -> Pack:
        return pack_of(self.certificate.task.procedure)

    @cached_property
    def evaluation(self) -> Evaluation:
        return evaluate(self.pack, self.facts["data"])

    def recomputes(self) -> bool:
        """Whether computing again from the frozen readings gives exactly the frozen evaluation."""
        return canonical.sha256(self.evaluation.as_json()) == canonical.sha256(self.facts["evaluation"])

    def facts_unaltered(self) -> bool:
        """Whether record and certificate still have the digests they were given."""
        return (
            canonical.sha256(self.facts) == self.certificate.record.sha256
            and canonical.sha256(json.loads(self.certificate.facts)) == self.certificate.facts_sha256
        )

    def outline(self) -> list[dict[str, Any]]:
        """Every computed digit by item, row and run, with the path that leads into the walk."""
        items = []
        for name, result in self.facts["evaluation"]["items"].items():
            base, lines = f"items.{name}", []
            points = {point.id: point.title for point in self.pack.item(name).points}
            for at, row in enumerate(result.get("rows", [])):
                point = points.get(row["point"]) or Text(f"#{at + 1}", f"#{at + 1}")
                lines.append({"where": point, "cells": self._cells(name, f"{base}.rows[{at}]", row["columns"])})
                lines += [
                    {
                        "where": Text(f"{point.zh} · 第{number + 1}次", f"{point.en} · run {number + 1}"),
                        "cells": self._cells(name, f"{base}.rows[{at}].runs[{number}]", run["columns"]),
                    }
                    for number, run in enumerate(row["runs"])
                ]
            if result.get("columns"):
                lines.append({"where": Text("全部", "all"), "cells": self._cells(name, base, result["columns"])})
            items.append({"item": name, "title": self.pack.item(name).title, "result": result, "lines": lines})
        return items

    def _cells(self, item: str, base: str, columns: dict[str, Any]) -> list[dict[str, Any]]:
        definition = self.pack.item(item)
        return [
            {"path": f"{base}.{name}", "label": formula.label, **cell}
            for name, cell in columns.items()
            if (formula := definition.formula(name)) and cell["printed"]
        ]

    def step(self, path: str) -> Step:
        """The stop at a path."""
        found = _CELL.match(path)
        if found and self.pack.item(found["item"]).formula(found["name"]):
            return self._computed(path, found)
        return self._value(path)

    def _computed(self, path: str, found: re.Match[str]) -> Step:
        row, run = (int(found[key]) if found[key] else None for key in ("row", "run"))
        told = trace_cell(self.pack, self.evaluation, found["item"], row, run, found["name"])
        for one in told["inputs"]:
            values = one["values"] or [one["value"]]
            one["places"] = [
                {"path": place, "value": values[at] if at < len(values) else ""}
                for at, place in enumerate(one["paths"])
            ]
        frozen = self._frozen(found["item"], row, run, found["name"])
        same = (frozen.get("value"), frozen.get("printed")) == (told["value"], told["printed"])
        return Step(path, told["label"], computed=told, same=same)

    def _frozen(self, item: str, row: int | None, run: int | None, name: str) -> dict[str, str]:
        place = self.facts["evaluation"]["items"][item]
        if row is not None:
            place = place["rows"][row]
        if run is not None:
            place = place["runs"][run]
        return dict(place["columns"][name])

    def _value(self, path: str) -> Step:
        kind, _, name = path.partition(".")
        given = {
            "constants": self._constant,
            "corrections": self._correction,
            "parameters": self._parameter,
            "lookups": self._lookup,
            "conversions": self._conversion,
        }
        if kind in given:
            return given[kind](path, name)
        entries = [one for one in self.facts["values"] if one["path"] == path]
        if not entries:
            raise KeyError(path)
        evidence = self._evidence(entries[-1])
        return Step(path, self._label(path), entries=entries, evidence=evidence, devices=self._devices(path, evidence))

    def _label(self, path: str) -> dict[str, str]:
        match = re.match(r"items\.(\w+)\..*?(\w+)$", path)
        reading = self.pack.item(match[1]).reading(match[2]) if match else None
        return reading.label.as_json() if reading else {"zh": path, "en": path}

    def _evidence(self, entry: dict[str, Any]) -> Evidence | None:
        if "reading" not in entry:
            return None
        stored = StoredReading.objects.select_related(
            "session__profile", "session__equipment", "session__operator"
        ).get(pk=entry["reading"]["id"])
        rows = frames_of(stored)
        read = again_reading(stored)
        frames = [
            {"seq": row.seq, "direction": row.direction, "hex": bytes(row.raw).hex(" ").upper(), "hash": row.hash}
            for row in rows
        ]
        return Evidence(
            stored,
            stored.session,
            frames,
            read.value or "",
            read.agrees and stored.value == entry["value"],
            first_broken_frame(stored.session),
        )

    def _devices(self, path: str, evidence: Evidence | None) -> list[dict[str, Any]]:
        """The devices behind a value, as the record froze them: those of the column's role, or the rig that was read."""
        match = re.match(r"items\.(\w+)\..*?(\w+)$", path)
        reading = self.pack.item(match[1]).reading(match[2]) if match else None
        role = reading.role if reading else ""
        return [
            one
            for one in self.facts["devices"]
            if (role and one["role"] == role)
            or (not role and evidence and one["asset_number"] == evidence.session.equipment.asset_number)
        ]

    def _constant(self, path: str, name: str) -> Step:
        """A value from the certificate of a device; where none certifies it, the pack's own with its claim."""
        constant = next(one for one in self.pack.constants if one.name == name)
        devices = [
            one
            for one in self.facts["devices"]
            if one["role"] == constant.role and any(value["name"] == name for value in one["values"])
        ]
        claim = None if devices else next((one for one in self.pack.claims() if one.path == path), None)
        value = self.facts["data"]["constants"].get(name, "") or constant.default
        entries = [_as_entry(path, value, "certificate" if devices else "pack")]
        return Step(path, constant.label.as_json(), entries=entries, devices=devices, claim=claim)

    def _correction(self, path: str, name: str) -> Step:
        """The values read from a device's certificate, row by row; where none gives it, the pack's own with its claim."""
        correction = next(one for one in self.pack.corrections if one.name == name)
        used = [(place, one) for place, one in self.evaluation.corrections if one.name == name]
        certified = {one.certified.device for _, one in used if not one.by_default}
        devices = [
            one for one in self.facts["devices"] if one["role"] == correction.role and one["asset_number"] in certified
        ]
        entries = [
            _as_entry(place, plain(one.value), "pack" if one.by_default else "certificate") for place, one in used
        ]
        claim = None if certified else next((one for one in self.pack.claims() if one.path == path), None)
        return Step(path, correction.label.as_json(), entries=entries, devices=devices, claim=claim)

    def _parameter(self, path: str, name: str) -> Step:
        """A property of the instrument: as the technician put it down, or as the ledger had it."""
        parameter = next(one for one in self.pack.parameters if one.name == name)
        value = self.facts["data"]["parameters"].get(name, "") or parameter.default
        entries = [one for one in self.facts["values"] if one["path"] == path]
        return Step(path, parameter.label.as_json(), entries=entries or [_as_entry(path, value, "ledger")])

    def _lookup(self, path: str, name: str) -> Step:
        """A sourced number of the pack: the case that held for this record, with its own claim."""
        lookup = next(one for one in self.pack.lookups if one.name == name)
        at = next((at for at, case in enumerate(lookup.cases) if case.when.holds(dict(self.evaluation.choices))), None)
        number = self.evaluation.numbers.get(name)
        claims = {one.path: one for one in self.pack.claims()}
        return Step(
            path,
            lookup.label.as_json(),
            entries=[_as_entry(path, "" if number is None else plain(number), "pack")],
            claim=claims[f"lookups.{name}.cases[{at}]"] if at is not None else None,
        )

    def _conversion(self, path: str, name: str) -> Step:
        conversion = next(one for one in self.pack.conversions if one.name == name)
        return Step(path, {"zh": name, "en": name}, entries=[_as_entry(path, conversion.value, "pack")])


def _as_entry(path: str, value: str, origin: str) -> dict[str, Any]:
    """A value that nobody put into the record, in the shape of one that somebody did."""
    return {"value": value, "origin": origin, "by": "", "at": "", "path": path}

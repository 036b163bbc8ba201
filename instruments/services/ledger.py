"""Keeping the ledger. One verb each, one transaction, one event; `by` None means the system."""

from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F

from instruments.models import Instrument, Part, Seal, Site, SubUnit
from instruments.rules import ledger as rules
from lims.audit.services import record
from lims.core import numbering, search
from lims.core.text import Conflict, reason
from lims.core.validation import checked
from lims.people.models import Organisation, User
from standards.services.refusals import allow, reasoned


def _index(instrument: Instrument) -> str:
    """What the search finds an instrument by: its own words, its place, its numbered parts and present seals."""
    texts: list[object] = [
        instrument.ledger_number,
        instrument.name,
        instrument.name_en,
        instrument.model,
        instrument.manufacturer,
        instrument.serial,
        instrument.position,
        instrument.organisation.name,
        instrument.site.name if instrument.site else "",
    ]
    if instrument.pk:
        for unit in instrument.sub_units.all():
            texts += [unit.label, unit.number]
        texts += instrument.parts.filter(removed_on=None).values_list("serial", flat=True)
        texts += instrument.seals.filter(removed_on=None).values_list("code", flat=True)
    return search.tokens(*texts)


def _reindex(instrument: Instrument) -> None:
    Instrument.objects.filter(pk=instrument.pk).update(search=_index(instrument))


def _plain(value: Any) -> Any:
    return value if isinstance(value, (str, dict)) or value is None else str(value)


@transaction.atomic
def register_site(
    *, by: User | None, organisation: Organisation, name: str, address: str = "", district: str = ""
) -> Site:
    allow(rules.may_keep_ledger(by))
    site = checked(
        Site(organisation=organisation, name=name.strip(), address=address.strip(), district=district.strip())
    )
    site.save()
    record("site.registered", by=by, obj=site, payload={"organisation": organisation.name})
    return site


@transaction.atomic
def register_instrument(
    *, by: User | None, organisation: Organisation, site: Site | None = None, **fields: Any
) -> Instrument:
    """Enters an instrument under the next ledger number. `fields`: category, name, model, manufacturer, serial, …"""
    allow(
        rules.may_keep_ledger(by),
        rules.site_is_of_organisation(site, organisation),
        rules.strings_only(fields.get("parameters", {})),
    )
    instrument = Instrument(organisation=organisation, site=site, **fields)
    checked(instrument, exclude=("ledger_number",))
    instrument.ledger_number = f"Q{numbering.take('instrument'):07d}"
    instrument.search = _index(instrument)
    instrument.save()
    record(
        "instrument.registered",
        by=by,
        obj=instrument,
        to_state=instrument.state,
        version=instrument.version,
        payload={
            "organisation": organisation.name,
            "site": site.name if site else "",
            "category": instrument.category,
            "model": instrument.model,
            "manufacturer": instrument.manufacturer,
            "serial": instrument.serial,
        },
    )
    return instrument


def _change(by: User | None, instrument: Instrument, version: int, fields: dict[str, Any]) -> dict[str, Any]:
    """Writes the fields if the row still is at `version`; gives old and new of what changed."""
    allow(rules.may_keep_ledger(by))
    if not Instrument.objects.filter(pk=instrument.pk, version=version).update(version=F("version") + 1):
        raise Conflict(
            reason(
                "changed_meanwhile",
                f"器具 {instrument} 刚刚被他人修改",
                f"Somebody else has just changed instrument {instrument}",
                "请刷新页面，核对后再改",
                "Reload the page, look at it, and change it again",
            )
        )
    instrument.refresh_from_db()
    changed = {
        name: [_plain(getattr(instrument, name)), _plain(value)]
        for name, value in fields.items()
        if getattr(instrument, name) != value
    }
    for name, value in fields.items():
        setattr(instrument, name, value)
    allow(
        rules.site_is_of_organisation(instrument.site, instrument.organisation),
        rules.strings_only(instrument.parameters),
    )
    checked(instrument)
    instrument.search = _index(instrument)
    instrument.save()
    return changed


@transaction.atomic
def change_instrument(*, by: User | None, instrument: Instrument, version: int, **fields: Any) -> Instrument:
    """Changes the entry as it was read at `version`. Raises Conflict when somebody else changed it since."""
    changed = _change(by, instrument, version, fields)
    record("instrument.changed", by=by, obj=instrument, version=instrument.version, payload={"changed": changed})
    return instrument


@transaction.atomic
def set_instrument_state(*, by: User | None, instrument: Instrument, version: int, state: str, why: str) -> Instrument:
    """Stops, scraps or takes back into use."""
    why = reasoned(why)
    before = instrument.state
    _change(by, instrument, version, {"state": state})
    record(
        "instrument.state_changed",
        by=by,
        obj=instrument,
        from_state=before,
        to_state=state,
        version=instrument.version,
        payload={"reason": why},
    )
    return instrument


@transaction.atomic
def add_sub_unit(
    *,
    by: User | None,
    instrument: Instrument,
    kind: str,
    label: str,
    number: str = "",
    parameters: dict[str, str] | None = None,
) -> SubUnit:
    """Adds a nozzle or connector with its own label and number."""
    parameters = parameters or {}
    allow(rules.may_keep_ledger(by), rules.not_scrapped(instrument), rules.strings_only(parameters))
    unit = checked(
        SubUnit(instrument=instrument, kind=kind, label=label.strip(), number=number.strip(), parameters=parameters)
    )
    unit.save()
    _reindex(instrument)
    record(
        "instrument.sub_unit_added",
        by=by,
        obj=instrument,
        payload={"kind": kind, "label": unit.label, "number": unit.number},
    )
    return unit


@transaction.atomic
def install_part(
    *,
    by: User | None,
    instrument: Instrument,
    kind: str,
    on: date,
    sub_unit: SubUnit | None = None,
    model: str = "",
    serial: str = "",
    version: str = "",
) -> Part:
    """Enters a part as found or newly installed. The part of the same kind in the same place ends on that day."""
    allow(rules.may_keep_ledger(by), rules.not_scrapped(instrument))
    replaced = instrument.parts.filter(sub_unit=sub_unit, kind=kind, removed_on=None).first()
    if replaced is not None:
        replaced.removed_on = on
        checked(replaced).save()
    part = checked(
        Part(
            instrument=instrument,
            sub_unit=sub_unit,
            kind=kind,
            model=model.strip(),
            serial=serial.strip(),
            version=version.strip(),
            installed_on=on,
        )
    )
    part.save()
    _reindex(instrument)
    record(
        "instrument.part_installed",
        by=by,
        obj=instrument,
        payload={
            "kind": kind,
            "sub_unit": sub_unit.label if sub_unit else "",
            "old": (replaced.serial or replaced.version) if replaced else "",
            "new": part.serial or part.version,
            "on": on.isoformat(),
        },
    )
    return part


@transaction.atomic
def apply_seal(
    *,
    by: User | None,
    instrument: Instrument,
    position: str,
    code: str,
    on: date,
    sub_unit: SubUnit | None = None,
    task: str = "",
) -> Seal:
    """Seals a place. The seal that was there ends on that day; the event keeps old and new code."""
    allow(rules.may_keep_ledger(by), rules.not_scrapped(instrument))
    old = instrument.seals.filter(sub_unit=sub_unit, position=position, removed_on=None).first()
    if old is not None:
        old.removed_on = on
        checked(old).save()
    seal = checked(
        Seal(instrument=instrument, sub_unit=sub_unit, position=position, code=code.strip(), applied_on=on, task=task)
    )
    seal.save()
    _reindex(instrument)
    record(
        "instrument.sealed",
        by=by,
        obj=instrument,
        payload={
            "position": position,
            "sub_unit": sub_unit.label if sub_unit else "",
            "old": old.code if old else "",
            "new": seal.code,
            "on": on.isoformat(),
            "task": task,
        },
    )
    return seal


@transaction.atomic
def set_due(*, by: User | None, instrument: Instrument, due_on: date | None, task: str = "") -> Instrument:
    """The next verification is due on this day, as an issued certificate says (`task` names its task)."""
    before = instrument.due_on
    Instrument.objects.filter(pk=instrument.pk).update(version=F("version") + 1)
    instrument.refresh_from_db()
    instrument.due_on = due_on
    instrument.save()
    record(
        "instrument.due_set",
        by=by,
        obj=instrument,
        version=instrument.version,
        payload={"old": _plain(before), "new": _plain(due_on), "task": task},
    )
    return instrument

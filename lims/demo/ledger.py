"""The instruments of the demonstration customers, and a few tasks waiting for them."""

from typing import Any

from instruments.models import Instrument, Site, Task
from instruments.services import ledger, work
from lims.demo.people import FUEL, POWER
from lims.people.models import Organisation, User
from standards.models import ProcedureVersion

PILE: dict[str, Any] = {
    "category": "charging_pile_ac", "name": "电动汽车交流充电桩", "name_en": "AC charging pile", "model": "DEMO-AC7",
    "manufacturer": "（演示）充电设备厂", "accuracy_class": "2", "measuring_range": "220 V，(3.2～32) A",
    "parameters": {"U_nominal": "220", "I_max": "32", "I_min": "3.2", "time_of_use": "no", "method": "reading"},
}  # fmt: skip
DISPENSER: dict[str, Any] = {
    "category": "fuel_dispenser", "name": "燃油加油机", "name_en": "Fuel dispenser", "model": "DEMO-JYJ",
    "manufacturer": "（演示）加油机厂", "accuracy_class": "", "measuring_range": "(5～50) L/min",
    "parameters": {"product": "petrol", "Q_max": "50"},
}  # fmt: skip
PLACES = {POWER: ("示范路充电站", PILE, 8), FUEL: ("示范大道加油站", DISPENSER, 4)}


def site(owner: str) -> Site:
    organisation = Organisation.objects.get(name=owner)
    found, _created = Site.objects.get_or_create(
        organisation=organisation, name=PLACES[owner][0], defaults={"address": "示范市示范区", "district": "示范区"}
    )
    return found


def procedure(code: str) -> ProcedureVersion:
    """The approved version of a procedure. Raises DoesNotExist before the packs are loaded."""
    return ProcedureVersion.objects.filter(code=code, state=ProcedureVersion.State.APPROVED).latest("in_force_from")


def enter(owner: str, serial: str, *, by: User) -> Instrument:
    """One instrument of the customer, entered once."""
    known = Instrument.objects.filter(serial=serial, manufacturer=PLACES[owner][1]["manufacturer"]).first()
    if known:
        return known
    place = site(owner)
    return ledger.register_instrument(
        by=by, organisation=place.organisation, site=place, serial=serial, **PLACES[owner][1]
    )


def load(people: dict[str, User]) -> None:
    """Enters the instruments and, on the first run only, accepts and assigns a day's work on some of them."""
    by = people["shouli"]
    for owner, (_name, _kind, count) in PLACES.items():
        prefix = "AC" if owner == POWER else "JY"
        for number in range(1, count + 1):
            enter(owner, f"DEMO-{prefix}-{number:04d}", by=by)
    if Task.objects.exists():
        return
    for owner, code in ((POWER, "JJG 1148"), (FUEL, "JJG 443")):
        organisation = Organisation.objects.get(name=owner)
        instruments = Instrument.objects.filter(organisation=organisation).order_by("pk")[:3]
        tasks = work.accept(
            by=by, organisation=organisation, place=site(owner).name, contact="（演示）",
            wanted=[
                work.Wanted(instrument=one, procedure=procedure(code), kind="subsequent") for one in instruments
            ],
        )  # fmt: skip
        for task in tasks[:2]:
            work.assign(
                task, by=people["jishu"], version=task.version, technician=people["jiandingyuan"],
                checker=people["heyanyuan"], approver=people["pizhunren"],
            )  # fmt: skip

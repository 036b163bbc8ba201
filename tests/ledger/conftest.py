"""A customer with a charging station, another customer, the institute's people."""

from types import SimpleNamespace

import pytest

from instruments.models import Instrument
from instruments.services import ledger
from lims.people.models import Organisation, User, UserRole

ROLES = (
    "receptionist",
    "technician",
    "checker",
    "approver",
    "technical_lead",
    "quality_manager",
    "auditor",
    "administrator",
)


def person(name: str, role: str | None, organisation: Organisation) -> User:
    user = User.objects.create_user(username=name, display_name=name, organisation=organisation)
    if role:
        UserRole.objects.create(user=user, role=role)
    return user


@pytest.fixture
def house(db) -> SimpleNamespace:
    """The institute with one person per role; customer `alpha` with owner and colleague; customer `beta` with a stranger."""
    institute = Organisation.objects.create(kind="institute", name="示范区计量质量检测所")
    alpha = Organisation.objects.create(kind="customer", name="示范充电有限公司")
    beta = Organisation.objects.create(kind="customer", name="示范石油有限公司")
    return SimpleNamespace(
        institute=institute,
        alpha=alpha,
        beta=beta,
        owner=person("owner", "customer", alpha),
        colleague=person("colleague", "customer", alpha),
        stranger=person("stranger", "customer", beta),
        nobody=person("nobody", None, alpha),
        **{role: person(role, role, institute) for role in ROLES},
    )


def register_pile(house: SimpleNamespace, serial: str = "CP-0001", **changes: object) -> Instrument:
    fields = {
        "organisation": house.alpha,
        "category": "charging_pile_ac",
        "name": "电动汽车交流充电桩",
        "name_en": "AC charging pile",
        "model": "AC-7kW",
        "manufacturer": "示范充电设备厂",
        "serial": serial,
        "accuracy_class": "2",
        "parameters": {"accuracy_class": "2", "U_nominal": "220", "I_max": "32", "I_min": "6", "time_of_use": "yes"},
    } | changes
    return ledger.register_instrument(by=house.receptionist, **fields)


@pytest.fixture
def pile(house) -> Instrument:
    site = ledger.register_site(
        by=house.receptionist, organisation=house.alpha, name="示范路充电站", address="示范路 1 号", district="示范区"
    )
    return register_pile(house, site=site)

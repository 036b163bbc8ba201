"""The institute's people, one reference meter with its certificate, and the standard it belongs to."""

from datetime import date
from types import SimpleNamespace

import pytest
from django.urls import reverse

from lims.people.models import Organisation, User, UserRole
from standards import services
from standards.models import Device, MeasurementStandard
from standards.procedures import load_pack
from standards.services.procedures import PACKS
from tests.standards.laboratory import enter_certificate, register_meter

ROLES = (
    "receptionist",
    "technician",
    "checker",
    "approver",
    "technical_lead",
    "quality_manager",
    "auditor",
    "customer",
    "administrator",
)


@pytest.fixture
def people(db) -> SimpleNamespace:
    institute = Organisation.objects.create(kind="institute", name="示范区计量质量检测所")
    customer = Organisation.objects.create(kind="customer", name="示范充电有限公司")
    found = {}
    for role in ROLES:
        user = User.objects.create_user(
            username=role, display_name=role, organisation=customer if role == "customer" else institute
        )
        UserRole.objects.create(user=user, role=role)
        found[role] = user
    found["outsider"] = User.objects.create_user(username="outsider", display_name="outsider", organisation=customer)
    return SimpleNamespace(**found)


@pytest.fixture
def meter(people) -> Device:
    device = register_meter(people)
    enter_certificate(people, device)
    return device


@pytest.fixture
def standard(people, meter) -> MeasurementStandard:
    """A pile standard in use since 2025, both licences valid until 2029."""
    found = services.register_standard(
        by=people.technical_lead,
        since=date(2025, 1, 1),
        state="in_use",
        name="电动汽车交流充电桩检定装置",
        name_en="Verification equipment for AC charging piles",
        code="14114700",
        accuracy="0.05级",
        categories=["charging_pile_ac"],
        procedure_codes=["JJG 1148"],
    )
    for kind, number in (("examination", "[2025]示量标区证字第001号"), ("public", "[2025]示社量标区证字第001号")):
        services.enter_licence(
            by=people.technical_lead,
            standard=found,
            kind=kind,
            number=number,
            issued_on=date(2025, 1, 1),
            valid_until=date(2029, 12, 31),
        )
    services.add_device(by=people.technical_lead, standard=found, device=meter, part="master", since=date(2025, 1, 1))
    return found


@pytest.fixture
def pack():
    return load_pack((PACKS / "jjg-1148-2022.toml").read_text(encoding="utf-8"))


@pytest.fixture
def ask(client, people):
    """Asks for a page as a named person; None is nobody signed in."""

    def page(who: str | None, name: str, *args: object, post: dict | None = None):
        client.logout()
        if who:
            client.force_login(getattr(people, who))
        url = reverse(f"standards:{name}", args=args)
        return client.get(url) if post is None else client.post(url, post)

    return page

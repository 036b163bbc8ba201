"""One person per role, a second technician, and somebody of a customer."""

import pytest

from lims.people.models import Organisation, Role, User, UserRole


@pytest.fixture
def institute(db):
    return Organisation.objects.create(kind="institute", name="测试所")


@pytest.fixture
def customer(db):
    return Organisation.objects.create(kind="customer", name="测试客户")


@pytest.fixture
def people(institute, customer):
    made = {}
    for role in [*Role.values, "second_technician", "stranger"]:
        kept = Role.TECHNICIAN if role == "second_technician" else role
        user = User.objects.create(
            username=role, display_name=f"名 {role}", organisation=customer if role == Role.CUSTOMER else institute
        )
        if role != "stranger":
            UserRole.objects.create(user=user, role=kept)
        made[role] = user
    made["stranger"].organisation = None
    made["stranger"].save()
    return made

"""The first page and the search box: everybody sees what is his, and nothing else."""

from datetime import timedelta

import pytest
from django.urls import reverse

from lims.home.navigation import ROOMS, address
from lims.home.selectors import expiring, figures, found_by, waiting
from standards.models import DeviceState
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_a_task_waits_for_the_one_whose_step_is_next(lab):
    task = factories.accepted(lab)
    assert waiting(lab.lead) == [task]
    assert waiting(lab.receptionist) == [task]
    assert waiting(lab.technician) == []


def test_the_technician_and_nobody_else_finds_his_assigned_task(lab):
    task = factories.assigned(lab)
    assert waiting(lab.technician) == [task]
    assert waiting(lab.colleague) == []


def test_a_submitted_record_waits_for_the_checkers_but_not_for_its_own_technician(lab):
    record = factories.submitted(lab)
    assert waiting(lab.checker) == [record.task]
    assert waiting(lab.technician) == []


def test_figures_count_the_house_for_its_people_and_nothing_for_customers(lab):
    factories.accepted(lab)
    found = {figure.key: figure.value for figure in figures(lab.quality, factories.today())}
    assert found["accepted"] == 1
    assert figures(lab.customer, factories.today()) == []
    assert figures(lab.stranger, factories.today()) == []


def test_a_device_is_announced_thirty_days_before_its_certificate_ends(lab):
    assert expiring(lab.quality, factories.today()) == []
    factories.certify(lab.meter, until=factories.today() + timedelta(days=29))
    [one] = expiring(lab.quality, factories.today())
    assert one.device == lab.meter and not one.expired
    assert expiring(lab.customer, factories.today()) == []


def test_a_device_out_of_use_is_not_announced(lab):
    factories.certify(lab.meter, until=factories.today() + timedelta(days=3))
    DeviceState.objects.create(device=lab.meter, state="suspended", since=factories.today())
    assert expiring(lab.quality, factories.today()) == []


def test_search_finds_a_task_by_its_serial_number_only_for_those_who_may_see_it(lab):
    task = factories.accepted(lab)
    assert found_by(lab.technician, lab.pile.serial)["tasks"] == [task]
    assert found_by(lab.technician, lab.pile.serial)["instruments"] == [lab.pile]
    assert found_by(lab.other_customer, lab.pile.serial) == {"tasks": [], "instruments": [], "certificates": []}


def test_an_empty_search_finds_nothing_instead_of_everything(lab):
    factories.accepted(lab)
    assert found_by(lab.technician, " ，。") == {"tasks": [], "instruments": [], "certificates": []}


def test_the_home_page_shows_the_waiting_task_with_its_next_step(lab, client):
    task = factories.assigned(lab)
    client.force_login(lab.technician)
    page = client.get(reverse("home")).content.decode()
    assert task.number in page
    assert reverse("instruments:task_detail", args=[task.number]) in page
    assert "开始检定" in page


def test_the_search_page_answers_a_hostile_query(lab, client):
    client.force_login(lab.technician)
    for query in ("", "<script>", '" OR 1=1 --', "\x00", "桩" * 500, "%", "*"):
        assert client.get(reverse("home_search"), {"q": query}).status_code == 200


def test_a_customer_is_led_to_his_own_pages(lab, client):
    client.force_login(lab.customer)
    assert client.get(reverse("home")).headers["Location"] == reverse("portal:home")


def test_every_room_of_the_navigation_exists():
    assert [room.name for room in ROOMS if not address(room.name)] == []


@pytest.mark.parametrize(
    "who", ["technician", "receptionist", "checker", "approver", "lead", "quality", "auditor", "administrator"]
)
def test_the_navigation_leads_nobody_before_a_closed_door(lab, client, who):
    client.force_login(getattr(lab, who))
    for entry in client.get(reverse("home")).context["navigation"]:
        assert client.get(entry["url"]).status_code == 200, entry["url"]

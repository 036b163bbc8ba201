"""The service worker of the record sheets is served below the addresses it may answer for."""

import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def test_the_worker_is_a_script_beside_the_sheets_asked_for_anew_each_time(client):
    lab = factories.people()
    address = reverse("instruments:record_worker")
    assert client.get(address).status_code == 302
    client.force_login(lab.technician)
    answer = client.get(address)
    assert address.startswith("/records/") and answer["Content-Type"] == "text/javascript"
    assert answer["Cache-Control"] == "no-cache" and b"lims-sheets-" in answer.content


def test_every_page_says_whose_it_is_so_that_sheets_of_others_are_forgotten(client):
    lab = factories.people()
    assert '<meta name="lims-user" content="">' in client.get("/accounts/login/").content.decode()
    client.force_login(lab.technician)
    page = client.get("/").content.decode()
    assert f'<meta name="lims-user" content="{lab.technician.pk}">' in page
    assert "data-sign-out" in page

"""Certificates of our own devices in a real browser: a table pasted and looked at, a digital certificate taken over, both compared."""

from pathlib import Path

import pytest
from django.urls import reverse

from standards.models import DeviceCertificate
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, set_theme

EXAMPLE = Path(__file__).parents[1] / "standards" / "ptb" / "dcc_gp_temperature_simplified_v12.xml"
PASTED = "error\t10\t℃\t0.10\tK\t0.05\t2\nerror\t20\t℃\t-0.20\tK\t0.05\t2\n"


@pytest.fixture
def lab(transactional_db):
    return factories.laboratory()


@pytest.fixture
def look(axe):
    """Asks axe about the page as it stands: on a desk in the light, on a phone in the dark, where nothing may spill."""

    def check(page):
        # Half a field under the head of the page is no target of its size.
        page.evaluate("scrollTo(0, 0)")
        axe(page)
        page.set_viewport_size(PHONE)
        set_theme(page, "dark")
        axe(page)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spill <= 0, f"{page.url}: {spill} px too wide"
        page.set_viewport_size(DESKTOP)
        set_theme(page, "light")

    return check


def test_values_are_entered_imported_and_compared_by_a_second_person(new_page, login, lab, look):
    page, number = new_page(), lab.meter.asset_number
    login(page, lab.technician)
    page.goto(reverse("standards:certificate_new", args=[number]))
    for name, value in (("number", "DC-90"), ("issuer", "示范院"), ("calibrated_on", "2026-10-01")):
        page.fill(f"[name={name}]", value)
    page.select_option("[name=kind]", "calibration")
    page.select_option("[name=outcome]", "none")
    page.fill("[name=pasted]", PASTED)
    page.fill("#point", "15")
    page.get_by_role("button", name="预览").click()
    page.wait_for_selector("#preview svg")
    assert "-0.050 K" in page.inner_text("#preview") and page.input_value("[name=number]") == "DC-90"
    look(page)
    page.get_by_role("button", name="保存").click()
    page.wait_for_url(f"**/devices/{number}/")
    draft = DeviceCertificate.objects.get(number="DC-90")
    assert [one.value for one in draft.values.order_by("pk")] == ["0.10", "-0.20"]

    page.goto(reverse("standards:import_new", args=[number]))
    page.set_input_files("[name=file]", str(EXAMPLE))
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("text=文件所写的被校对象与台账不一致")
    look(page)
    page.fill("[name=identity_note]", "编号见铭牌照片")
    page.get_by_role("button", name="保存为待确认的录入").click()
    page.wait_for_url(f"**/devices/{number}/")
    look(page)

    # The second person types what the paper says; one digit wrong is named, and nothing is confirmed.
    page = new_page()
    login(page, lab.lead)
    page.goto(reverse("standards:certificate_confirm", args=[draft.pk]))
    assert "-0.20" not in page.inner_text("main")
    look(page)
    for one in draft.values.all():
        page.check(f"[name=tick-{one.pk}]")
        page.fill(f"[name=typed-{one.pk}]", one.value.lstrip("-"))
    page.check("[name=head]")
    page.expect_trouble("422")
    page.get_by_role("button", name="与原件一致，确认").click()
    page.wait_for_selector("[data-reason=digits_differ]")
    look(page)
    page.fill(f"[name=typed-{draft.values.get(at='20').pk}]", "-0.20")
    page.get_by_role("button", name="与原件一致，确认").click()
    page.wait_for_url(f"**/devices/{number}/")
    draft.refresh_from_db()
    assert draft.state == "confirmed" and draft.confirmed_by == lab.lead

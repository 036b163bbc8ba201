"""The guided case of an examination and what is printed of a standard, in a real browser: on a desk, on a phone, in the dark."""

import re

import pytest
from django.urls import reverse

from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, set_theme


@pytest.fixture
def lab(transactional_db):
    return factories.laboratory()


@pytest.fixture
def readable(axe):
    """Axe has nothing to say on a desk in the light and on a phone in the dark, where nothing spills over the side."""

    def check(page):
        axe(page)
        page.set_viewport_size(PHONE)
        set_theme(page, "dark")
        axe(page)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spill <= 0, f"{page.url}: {spill} px too wide"
        page.set_viewport_size(DESKTOP)
        set_theme(page, "light")

    return check


def test_the_way_to_reexamination_is_begun_and_each_missing_step_leads_to_its_page(new_page, login, lab, readable):
    page = new_page()
    login(page, lab.lead)
    page.goto(reverse("standards:standard", args=[lab.standard.code]))
    page.get_by_role("link", name="建标与复查").click()
    page.get_by_role("link", name="开始准备考核").click()
    page.get_by_role("button", name="保存").click()
    row = page.locator("[data-step=people]")
    assert "至少需要 2 名" in row.inner_text()
    readable(page)
    row.get_by_role("link").click()
    page.wait_for_url(re.compile(f"{lab.standard.code}/#people$"))
    for name, key in (
        ("application", lab.standard.code),
        ("life_book", lab.standard.code),
        ("device_record", "BZ-001"),
    ):
        page.goto(reverse(f"standards:{name}", args=[key]))
        readable(page)
    page.goto(reverse("home_reminders"))
    readable(page)

"""The technical lead traces a faulty meter in a real browser, and the chain of that meter is walked with the keyboard."""

import re

import pytest
from django.urls import reverse

from lims.core import jobs
from lims.recall.models import RecallCase
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, set_theme
from tests.certificates.issued import certificate


@pytest.fixture
def lab(transactional_db, monkeypatch):
    """A meter whose certificate is 60 days old, and a pile that passed by a hair with it. Jobs wait until the test does them."""
    monkeypatch.setattr(jobs, "ring", lambda job_id: None)
    found = factories.laboratory()
    found.certificate = certificate(found, "0.205", sealed=False)
    return found


@pytest.fixture
def look(axe, screenshot):
    """Asks axe about the page as it stands: on a desk in the light, on a phone in the dark, where nothing may spill."""

    def check(page, name):
        axe(page)
        page.set_viewport_size(PHONE)
        set_theme(page, "dark")
        axe(page)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spill <= 0, f"{page.url}: {spill} px too wide"
        page.set_viewport_size(DESKTOP)
        set_theme(page, "light")
        screenshot(page, f"recall-{name}")

    return check


def test_a_faulty_meter_is_traced_computed_and_decided_about(new_page, login, lab, look):
    page = new_page()
    login(page, lab.lead)
    page.goto(reverse("recall:new") + f"?device={lab.meter.asset_number}")
    page.fill("[name=what]", "送检证书表明标准表示值偏高 0.5 %")
    page.fill("[name=form-0-amount]", "0.5")
    said = page.locator(".recall-said").first
    said.get_by_text(re.compile("示值偏高 0.5 %：真值为 100 时显示 100.5")).wait_for()
    look(page, "form")
    page.get_by_role("button", name="保存草稿").click()
    page.locator("[data-said]", has_text="示值偏高 0.5 %").wait_for()
    page.get_by_role("button", name="列出涉及的证书").click()
    page.get_by_role("button", name="重新计算").click()
    page.get_by_text("已计算 0 / 1").wait_for()
    jobs.run_due()
    # The page asks for the progress by itself and comes anew when everything is computed.
    page.locator("[data-rows] .state", has_text="结论改变").wait_for()
    look(page, "case")
    assert page.get_by_text("还有 1 份证书没有决定如何处理").is_visible()

    page.locator("[data-rows]").get_by_role("link", name=lab.certificate.number).click()
    page.locator("[data-changes]").get_by_text("不合格").first.wait_for()
    look(page, "item")
    page.select_option("[name=kind]", "notify")
    page.fill("[name=reason]", "客户已停用该桩")
    page.get_by_role("button", name="决定").click()
    page.get_by_text("客户已停用该桩").wait_for()
    case = RecallCase.objects.get()
    page.goto(reverse("recall:letters", args=[case.pk]))
    page.get_by_text(f"关于证书 {lab.certificate.number} 所用测量设备的通知").wait_for()
    page.goto(reverse("recall:case", args=[case.pk]))
    page.fill("[name=closing]", "已告知客户")
    page.get_by_role("button", name="结束影响追溯").click()
    page.get_by_text("已告知客户").wait_for()
    case.refresh_from_db()
    assert case.state == RecallCase.State.CLOSED


def test_the_chain_is_walked_from_top_to_bottom_with_the_keyboard(new_page, login, lab, look):
    page = new_page()
    login(page, lab.lead)
    page.goto(reverse("lineage:graph", args=["standard", lab.standard.code]))
    look(page, "graph")
    heights = page.locator("svg.chain a rect").evaluate_all("rects => rects.map(r => r.getBoundingClientRect().top)")
    assert len(heights) >= 3 and heights == sorted(heights)
    page.locator("svg.chain a").first.focus()
    assert page.locator("svg.chain a:focus-visible rect").evaluate("r => getComputedStyle(r).strokeWidth") == "4px"
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/audit/graph/device/"))
    assert lab.meter.title.zh in page.locator(".page-pretitle").inner_text()

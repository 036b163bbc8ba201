"""The later life of certificates in a real browser: bulk issue watched to its end, a supplement through three hands, a recall
that the customer confirms."""

import pytest
from django.db.models import F
from django.urls import reverse

from certificates.models import BulkRun, Recall, Supplement
from certificates.services import bulk, correcting, void_number, withdraw
from instruments.models import Task
from lims.core import jobs
from lims.people.services.keys import create_key
from tests import factories
from tests.browser.conftest import PHONE
from tests.certificates.issued import certificate, checked
from tests.kill.prepare import copies

pytestmark = pytest.mark.django_db(transaction=True)
PASSPHRASE = "four unrelated words here"
TEXT = {"text": "补充：检定时环境噪声低于 60 dB。", "text_en": "Added: the ambient noise was below 60 dB."}


@pytest.fixture
def lab(transactional_db):
    return factories.laboratory()


@pytest.fixture
def look(axe, screenshot):
    """A picture, axe, and nothing wider than a phone."""

    def check(page, name):
        screenshot(page, name)
        before = page.viewport_size
        axe(page)
        page.set_viewport_size(PHONE)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.set_viewport_size(before)
        assert spill <= 0, f"{page.url}: {spill} px wider than a phone"

    return check


def test_an_approver_issues_three_in_bulk_and_watches_them_to_the_end(lab, new_page, login, look, monkeypatch):
    monkeypatch.setattr(jobs, "ring", lambda pk: None)  # the worker begins when the test says so
    monkeypatch.setattr(bulk, "SLICE", 1)
    copies(checked(lab), 2)
    page = new_page()
    login(page, lab.approver)
    page.goto(reverse("certificates:bulk"))
    look(page, "bulk-choose")
    page.get_by_label("您的登录密码").fill(factories.PASSWORD)
    page.get_by_role("button", name="批准并签发所选任务").click()
    page.wait_for_selector("text=已签发 0 / 3")
    page.expect_trouble("500")  # the tests' database lets nobody read while the worker writes; the next look finds it
    look(page, "bulk-begun")
    jobs.run_due(limit=1)
    page.wait_for_selector("text=已签发 1 / 3")
    late = BulkRun.objects.get().items.order_by("position").last().task
    Task.objects.filter(pk=late.pk).update(version=F("version") + 1)
    jobs.run_due()
    page.wait_for_selector("text=未能签发 1")
    page.wait_for_selector("text=已完成")
    assert page.locator("[data-rows] a[href*='/certificates/']").count() == 2  # the rows have followed
    assert page.locator("[data-reason=changed_meanwhile]").count() == 1
    look(page, "bulk-ended")
    page.goto(reverse("certificates:places"))
    look(page, "archives")


def test_a_supplement_goes_through_three_hands_with_their_keys(lab, new_page, login, look):
    made = certificate(lab)
    for person in (lab.technician, lab.checker, lab.approver):
        create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)
    page = new_page()
    login(page, lab.technician)
    page.goto(reverse("certificates:detail", args=[made.number]))
    page.get_by_text("编制补充件").click()
    for name, text in TEXT.items():
        page.locator(f"#id_supplement_{name}").fill(text)
    look(page, "supplement-draft")
    page.get_by_label("签名口令").fill(PASSPHRASE)
    page.get_by_role("button", name="提交核验").click()
    page.wait_for_selector("text=补充已编制")
    address = page.url
    for person, button, name in ((lab.checker, "核验通过", "check"), (lab.approver, "批准", "approve")):
        login(page, person)
        page.goto(address)
        look(page, f"supplement-{name}")
        page.get_by_label("签名口令").fill(PASSPHRASE)
        page.get_by_role("button", name=button, exact=True).click()
        page.wait_for_selector(f"text={'等待批准' if name == 'check' else '正在盖章'}")
    page.goto(address)
    assert page.get_by_text("签名有效").count() == 3
    look(page, "supplement-issued")
    assert Supplement.objects.get().state == "issued"


def test_a_correction_a_voided_number_and_a_recall_that_the_customer_confirms(lab, new_page, login, look, monkeypatch):
    made = certificate(lab)
    correcting.open_correction(made, by=lab.lead, reason="客户名称有误")
    withdraw(made, by=lab.lead, reason="标准器失准")
    page = new_page()
    login(page, lab.lead)
    page.goto(reverse("certificates:detail", args=[made.number]))
    look(page, "correction")
    page.goto(reverse("certificates:recalls"))
    look(page, "recalls")
    login(page, lab.customer)
    page.goto(reverse("portal:notices"))
    look(page, "notices")
    page.get_by_role("button", name="已知悉，停止使用").click()
    page.wait_for_selector("text=甲方用户")
    assert Recall.objects.get().seen_by == lab.customer

    monkeypatch.setattr(jobs, "ring", lambda pk: None)
    lab.pile = factories.pile(lab.alpha, "EV-0002")
    stuck = certificate(lab, sealed=False)
    void_number(stuck, by=lab.lead, reason="排版无法完成")
    login(page, lab.approver)
    page.goto(reverse("certificates:detail", args=[stuck.number]))
    look(page, "voided")
    page.get_by_role("button", name="用新编号签发").click()
    page.wait_for_selector("text=已重新签发")

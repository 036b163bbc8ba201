"""The whole line in a real browser: accept, assign, record, check, approve, download, verify; every page without axe findings."""

import pytest
from django.urls import reverse

from certificates.models import Certificate
from certificates.services import approve_and_issue
from instruments.models import Record, Task
from instruments.services import work
from tests import factories
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lab(transactional_db):
    return factories.laboratory()


@pytest.fixture
def as_(new_page, login):
    """as_("technician"): a page of a browser in which this person is signed in; each person has one browser."""
    pages = {}

    def signed_in(user):
        if user.pk not in pages:
            pages[user.pk] = new_page()
            login(pages[user.pk], user)
        return pages[user.pk]

    return signed_in


def fill(page, path, value):
    field = page.locator(f'[data-path="{path}"]')
    if field.first.get_attribute("type") == "radio":
        page.locator(f'[data-path="{path}"][value="{value}"]').check(force=True)
    else:
        field.fill(value)


def saved(page):
    page.locator("h1").click()  # leaving the last cell stores it
    until(
        page,
        "document.querySelector('[data-sheet-status]').dataset.state === 'saved'"
        " && !document.querySelector('[data-path][data-state]')",
    )


def assign(page, lab, task):
    page.goto(reverse("instruments:task_detail", args=[task.number]))
    for role in ("technician", "checker", "approver"):
        page.select_option(f"[name={role}]", str(getattr(lab, role).pk))
    page.get_by_role("button", name="派工", exact=True).click()
    until(page, "document.querySelector('[aria-current=step]')?.innerText.includes('已派工')")


def start(page, lab, task):
    page.goto(reverse("home"))
    page.get_by_role("link", name=f"开始检定 {task.number}").click()
    page.fill("[name=serial]", lab.pile.serial)
    page.get_by_role("button", name="开始检定").click()
    page.wait_for_url("**/records/**")
    page.select_option("[name='device:reference_meter']", str(lab.meter.pk))
    page.get_by_role("button", name="保存设备").click()
    page.wait_for_selector("[data-sheet]")
    return Record.objects.get(task=task)


def test_a_pile_is_verified_from_acceptance_to_the_public_page(lab, as_, axe, each_theme, screenshot):
    task = factories.accepted(lab)
    assign(as_(lab.lead), lab, task)

    technician = as_(lab.technician)
    record = start(technician, lab, task)
    each_theme(technician)
    for path, value in sorted(factories.complete_values(record).items()):
        if technician.locator(f'[data-path="{path}"]').count():
            fill(technician, path, value)
    saved(technician)
    technician.wait_for_selector('[data-conclusion=""][data-result=pass]')
    screenshot(technician, "record", full=False)
    each_theme(technician)
    technician.get_by_role("button", name="提交核验").click()
    technician.wait_for_url("**/tasks/**")
    assert factories.fresh(task).state == Task.State.SUBMITTED

    checker = as_(lab.checker)
    checker.goto(reverse("home"))
    checker.get_by_role("link", name=f"核验 {task.number}").click()
    checker.goto(reverse("instruments:task_check", args=[task.number]))
    screenshot(checker, "check")
    each_theme(checker)
    checker.get_by_role("button", name="核验通过").click()
    checker.wait_for_url(lambda url: "check" not in url)
    assert factories.fresh(task).state == Task.State.CHECKED

    approver = as_(lab.approver)
    approver.goto(reverse("instruments:task_approve", args=[task.number]))
    each_theme(approver)
    approver.fill("[name=password]", factories.PASSWORD)
    approver.get_by_role("button", name="批准", exact=True).click()
    approver.wait_for_url(lambda url: "approve" not in url)
    certificate = Certificate.objects.get(task=task)
    approver.goto(reverse("certificates:detail", args=[certificate.number]))
    screenshot(approver, "certificate")
    each_theme(approver)

    customer = as_(lab.customer)
    customer.goto(reverse("home"))
    assert certificate.number in customer.inner_text("main")
    each_theme(customer)
    customer.set_viewport_size({"width": 390, "height": 844})
    wider = "[...document.querySelectorAll('.table-scroll')].filter(box => box.scrollWidth > box.clientWidth).length"
    assert customer.evaluate(wider) == 0, "a phone does not scroll the customer's tables sideways"
    answer = customer.request.get(reverse("certificates:download", args=[certificate.number]))
    assert answer.status == 200 and answer.body().startswith(b"%PDF")


def test_the_public_page_tells_a_stranger_what_the_certificate_is(lab, as_, new_page, each_theme):
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=Record.objects.get(pk=record.pk).sha256)
    task = factories.fresh(task)
    approve_and_issue(
        task,
        by=lab.approver,
        version=task.version,
        record_sha256=Record.objects.get(pk=record.pk).sha256,
        password=factories.PASSWORD,
    )
    certificate = Certificate.objects.get(task=task)
    stranger = new_page()
    stranger.goto(reverse("portal:certificate", args=[certificate.token]))
    assert certificate.number in stranger.inner_text("main")
    each_theme(stranger)


def test_another_customer_cannot_download_the_file(lab, as_):
    task = factories.accepted(lab)
    page = as_(lab.other_customer)
    page.expect_trouble("404")
    page.goto(reverse("instruments:task_detail", args=[task.number]))
    assert "没有这一页" in page.inner_text("h1")


@pytest.mark.parametrize("who", ["receptionist", "lead", "quality", "auditor", "administrator"])
def test_every_room_a_person_may_enter_is_accessible(lab, as_, each_theme, who):
    factories.assigned(lab)
    page = as_(getattr(lab, who))
    page.goto(reverse("home"))
    for address in page.eval_on_selector_all("#site-nav a", "links => links.map(a => a.getAttribute('href'))"):
        page.goto(address)
        each_theme(page)

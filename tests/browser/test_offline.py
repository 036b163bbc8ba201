"""A record sheet without network: opened again, filled in, sent once when the network is back; nothing left for others."""

import pytest
from django.urls import reverse

from instruments.models import Entry
from tests import factories
from tests.browser.network import Network
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
START = "items.working_error.rows[0].runs[0].E_pile_start"
END = "items.working_error.rows[0].runs[0].E_pile_end"
KEPT = "(async () => (await caches.keys()).filter(name => name.startsWith('lims-sheets-')))()"


@pytest.fixture
def lab(transactional_db):
    return factories.laboratory()


@pytest.fixture
def network(live_server):
    made = Network(live_server.url)
    yield made
    made.cut()


@pytest.fixture
def address(network):
    return network.address


@pytest.fixture
def sheet(lab, new_page, login):
    """The sheet as its technician opened it, kept by the service worker; its address."""
    record = factories.recording_(lab)
    page = new_page()
    login(page, lab.technician)
    page.expect_trouble("ERR_")  # a browser says on its console that it found no network
    address = reverse("instruments:record_sheet", args=[record.pk])
    page.goto(address)
    type_(page, START, "1.000")
    status(page, "saved")
    until(page, "document.querySelector('[data-sheet]').dataset.kept === 'yes'")
    return page, address


def type_(page, path, value):
    field = page.locator(f'input[data-path="{path}"]')
    field.fill(value)
    field.press("Enter")


def status(page, state):
    page.wait_for_selector(f'[data-sheet-status][data-state="{state}"]')


def test_a_sheet_is_opened_again_without_network_and_its_value_arrives_once(sheet, network, screenshot):
    page, address = sheet
    context = page.context
    network.cut()
    page.close()
    again = context.new_page()
    again.goto(address)
    status(again, "offline")
    assert again.locator(f'input[data-path="{START}"]').input_value() == "1.000", "typed after the page was loaded"
    assert "没有网络" in again.locator("[data-sheet-problems]").inner_text()
    type_(again, END, "11.000")
    assert "待上传 1" in again.locator("[data-sheet-status]").inner_text()
    screenshot(again, "offline", full=False)
    again.close()
    third = context.new_page()
    third.goto(address)
    status(third, "offline")
    assert third.locator(f'input[data-path="{END}"]').input_value() == "11.000"
    assert not Entry.objects.filter(path=END).exists()
    network.mend()
    third.evaluate("window.dispatchEvent(new Event('online'))")
    status(third, "saved")
    until(third, "!document.querySelector('[data-sheet-problems]').innerText.includes('没有网络')")
    third.reload()
    status(third, "saved")
    assert Entry.objects.filter(path=END, value="11.000").count() == 1


def test_nothing_of_the_sheet_is_left_after_signing_out(sheet, network, lab):
    page, address = sheet
    assert page.evaluate(KEPT) == [f"lims-sheets-{lab.technician.pk}"]
    page.locator("details[data-menu] summary").click()
    page.get_by_role("button", name="退出登录").click()
    page.wait_for_url(lambda url: "records" not in url)
    until(page, f"{KEPT}.then(names => names.length === 0)")
    network.cut()
    with pytest.raises(Exception, match="ERR_"):
        page.goto(address)


def test_the_next_person_at_the_device_finds_nothing_of_the_last(sheet, network, lab, login):
    page, address = sheet
    login(page, lab.receptionist)  # the session ended without signing out
    page.goto(reverse("home"))
    until(page, f"{KEPT}.then(names => names.length === 0)")
    network.cut()
    with pytest.raises(Exception, match="ERR_"):
        page.goto(address)

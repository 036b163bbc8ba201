"""Signing with one's own key in a real browser: making the key, a pile, and a network that is lost at the last click."""

import pytest
from django.urls import reverse

from instruments.models import Record
from lims.people.models import Signature
from lims.people.selectors import active_key
from lims.people.services import keys
from tests import factories
from tests.browser.network import Network
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
PASSPHRASE = "four unrelated words here"
# Everything that a browser keeps for this address, as one text.
KEPT = """(async () => {
  const found = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys())
      found.push(request.url, await (await (await caches.open(name)).match(request)).text())
  return found.join("\\n")
})()"""


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


def give_key(person):
    keys.create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)


def test_a_new_person_makes_a_key_where_it_is_needed_and_submits_with_it(
    lab, new_page, login, network, settings, each_theme, screenshot
):
    settings.PERSONAL_SIGNATURES = "required"
    record = factories.complete(factories.recording_(lab), lab.technician)
    page = new_page()
    page.expect_trouble("ERR_")
    login(page, lab.technician)
    sheet = reverse("instruments:record_sheet", args=[record.pk])
    page.goto(sheet)
    each_theme(page)
    page.get_by_role("link", name="创建签名密钥").click()
    screenshot(page, "my-key-new")
    each_theme(page)
    for label, value in (
        ("新的签名口令", PASSPHRASE),
        ("再次输入签名口令", PASSPHRASE),
        ("登录密码", factories.PASSWORD),
    ):
        page.get_by_label(label).fill(value)
    page.get_by_role("button", name="创建密钥").click()
    page.wait_for_url(f"**{sheet}")
    until(page, "document.querySelector('[data-sheet-status]').dataset.state === 'saved'")
    until(page, "document.querySelector('[data-sheet]').dataset.kept === 'yes'")

    # The network goes between typing the passphrase and the click: nothing is submitted, and nothing of it is kept.
    field = page.get_by_label("签名口令")
    field.fill(PASSPHRASE)
    network.cut()
    page.get_by_role("button", name="提交核验").click()
    until(page, "document.querySelector('[data-sheet-problems]').innerText.includes('没有提交')")
    assert field.input_value() == ""
    assert PASSPHRASE not in page.evaluate(KEPT)
    network.mend()
    page.reload()
    until(page, "document.querySelector('[data-sheet-status]').dataset.state === 'saved'")
    assert Record.objects.get(pk=record.pk).state == "draft"
    page.get_by_label("签名口令").fill(PASSPHRASE)
    page.get_by_role("button", name="提交核验").click()
    page.wait_for_url("**/tasks/**")
    assert Signature.objects.get(act="submit").key == active_key(lab.technician)
    page.goto(reverse("people:my_key"))
    screenshot(page, "my-key")
    each_theme(page)


def test_a_pile_is_seen_ticked_and_signed_at_once(lab, new_page, login, each_theme, screenshot):
    first = factories.submitted(lab)
    lab.pile = factories.pile(lab.alpha, "EV-0002")
    second = factories.submitted(lab)
    give_key(lab.checker)
    page = new_page()
    login(page, lab.checker)
    page.goto(reverse("instruments:task_list"))
    page.get_by_role("link", name="成批核验").click()
    screenshot(page, "pile")
    each_theme(page)
    page.get_by_label(f"签名 {first.number}").check()
    page.get_by_label("签名口令").fill(PASSPHRASE)
    page.get_by_role("button", name="签名所选记录").click()
    page.wait_for_selector("text=已签名 1 份记录")
    assert [factories.fresh(one.task).state for one in (first, second)] == ["checked", "submitted"]
    page.goto(reverse("instruments:record_sheet", args=[first.pk]))
    assert page.get_by_text("签名有效").count() == 1
    each_theme(page)

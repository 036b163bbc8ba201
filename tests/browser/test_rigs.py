"""Rigs in a real browser, with the demonstration's own agent and simulators: an unknown balance is added without programming."""

import re
import struct
import time
from pathlib import Path

import pytest

from devices.protocols import modbus_rtu
from lims.demo.people import PASSWORD
from tests.browser import house
from tests.browser.waiting import until

TECHNICIAN, LEAD = "jiandingyuan", "jishu"
PORT, REGISTERS = "unknown-balance", "unknown-transmitter"


@pytest.fixture(scope="module")
def institute(_site_template, tmp_path_factory):
    with house.running(
        tmp_path_factory.mktemp("rigs"), _site_template if isinstance(_site_template, Path) else None
    ) as url:
        yield url


@pytest.fixture
def address(institute):
    return institute


@pytest.fixture
def as_(new_page):
    pages = {}

    def signed_in(name):
        if name not in pages:
            pages[name] = page = new_page()
            page.goto("/accounts/login/")
            page.fill("[name=login]", name)
            page.fill("[name=password]", PASSWORD)
            page.get_by_role("button", name="登录", exact=True).click()
            page.wait_for_url(lambda url: "login" not in url)
        return pages[name]

    return signed_in


def choose_port(page, name):
    """The bare port, as soon as the agent has reported it."""
    end = time.monotonic() + 60
    while True:
        page.goto("/devices/wizard/")
        option = page.locator("#port option:not([disabled])", has_text=name)
        if option.count():
            page.select_option("#port", option.first.get_attribute("value"))
            return
        assert time.monotonic() < end, page.locator("#port").inner_text()
        page.wait_for_timeout(500)


def test_a_person_adds_an_unknown_balance_with_the_wizard(as_, each_theme, screenshot):
    begun = time.monotonic()
    page = as_(TECHNICIAN)
    choose_port(page, PORT)
    page.fill("#send", "R")
    page.get_by_role("button", name="发送并听回答").click()
    number = page.locator("button.piece[data-kind=number]").first
    number.wait_for()
    number.click()
    page.locator("#draft_title").wait_for()
    assert page.locator("button.piece[data-mark=unit]").inner_text().startswith("kg")
    assert page.locator("button.piece[data-mark=state]").inner_text().startswith("ST")
    page.fill("#draft_title", "来历不明的天平")
    page.get_by_role("button", name="试读三次").click()
    page.locator("[data-tested=good]").wait_for()
    screenshot(page, "wizard")
    each_theme(page)
    page.get_by_role("button", name="存为草稿配置").click()
    page.wait_for_url("**/devices/profiles/**")
    profile = page.url
    assert page.get_by_role("button", name="批准此版本").is_disabled()

    lead = as_(LEAD)
    lead.goto(profile)
    screenshot(lead, "profile")
    each_theme(lead)
    lead.get_by_role("button", name="批准此版本").click()
    lead.get_by_text("已批准").first.wait_for()
    lead.goto("/devices/")
    lead.get_by_role("link", name="演示工位", exact=True).click()
    screenshot(lead, "bench")
    each_theme(lead)
    lead.get_by_role("link", name=f"绑定 {PORT}").click()
    version = lead.locator("#id_profile option", has_text="来历不明的天平")
    lead.select_option("#id_profile", version.get_attribute("value"))
    lead.select_option("#id_equipment", index=1)
    lead.get_by_role("button", name="保存").click()
    lead.wait_for_url("**/devices/benches/**")

    page.goto("/devices/")
    screenshot(page, "rigs")
    each_theme(page)
    page.get_by_role("button", name=f"开始采集 演示工位 · {PORT}").click()
    page.wait_for_url("**/devices/sessions/**")
    until(page, "/\\d/.test(document.querySelector('[data-live-value]')?.innerText || '')")
    taken = time.monotonic() - begun
    assert taken < 300, f"{taken:.0f} s"
    session = page.url
    page.get_by_role("button", name="结束采集").click()
    until(
        page,
        "document.querySelector('[data-live-text]')?.innerText.includes('结束') || !document.querySelector('[data-live]')",
    )
    page.goto(session)
    page.get_by_role("link", name="重放").click()
    page.get_by_text("逐位一致").wait_for()
    screenshot(page, "session")
    each_theme(page)


def test_a_modbus_instrument_is_added_by_looking_at_its_registers(as_, each_theme, screenshot):
    page = as_(TECHNICIAN)
    choose_port(page, REGISTERS)
    page.select_option("#kind", "modbus-rtu")
    page.fill("#unit_address", "7")
    page.fill("#count", "4")
    page.get_by_role("button", name="发送并听回答").click()
    page.locator("button[data-register='0']").click()
    page.get_by_role("button", name="23.25 CDAB").click()  # words swapped; the other orders give nonsense
    page.locator("#draft_title").wait_for()
    page.locator("button[data-register='2']").click()
    page.get_by_text("寄存器 +2 的读法").wait_for()  # what is typed before the answer is there goes with the old form
    page.fill("#shown", "1012.6")
    page.get_by_role("button", name="找出来").click()
    page.locator("button[data-fits]").first.wait_for()
    screenshot(page, "registers")
    each_theme(page)
    page.fill("#draft_title", "来历不明的变送器")
    page.select_option("#c0-unit", "temperature|℃")
    page.fill("#c0-id", "t")
    page.fill("#c0-resolution", "0.01")
    page.get_by_role("button", name="试读三次").click()
    page.locator("[data-tested=good]").wait_for()
    assert "23.25" in page.locator("[data-tested]").inner_text()

    asked = modbus_rtu.Read(7, 3, 0, 4).request
    low_first = struct.pack(">f", -4.5)
    said = modbus_rtu.sealed(bytes((7, 3, 8)) + low_first[2:] + low_first[:2] + bytes(4))
    log = f"TX: {asked.hex(' ')}\nRX: {said.hex(' ')}\n"
    page.locator(".wizard-capture summary").click()
    page.set_input_files("#captured", {"name": "log.txt", "mimeType": "text/plain", "buffer": log.encode()})
    page.get_by_role("button", name="重放文件").click()
    page.locator("[data-replayed='1/1']").wait_for()
    assert "-4.50" in page.locator("[data-replayed]").inner_text()
    screenshot(page, "replayed")
    each_theme(page)
    page.get_by_role("button", name="存为草稿配置").click()
    page.wait_for_url("**/devices/profiles/**")
    page.get_by_text("f32", exact=True).first.wait_for()


def test_a_rig_is_driven_after_a_dialog_that_names_everything(as_, each_theme, screenshot):
    page = as_(TECHNICIAN)
    page.goto("/devices/")
    page.get_by_role("button", name="开始采集 演示工位 · evse-dc").click()
    page.wait_for_url("**/devices/sessions/**")
    until(page, "/\\d/.test(document.querySelector('[data-live-value]')?.innerText || '')")
    page.get_by_label("设定负载电流").fill("12.5")
    page.get_by_role("button", name="设定 设定负载电流").click()
    dialog = page.locator("dialog[open]")
    dialog.wait_for()
    said = dialog.inner_text()
    assert "检定装置" in said and "设定负载电流" in said and "12.5" in said and "A" in said
    screenshot(page, "drive", full=False)
    each_theme(page)
    dialog.get_by_role("button", name="确认执行").click()
    page.get_by_text("已执行").first.wait_for(timeout=30_000)
    page.goto(page.url)
    screenshot(page, "drive-done")
    page.get_by_role("button", name="结束采集").click()


def test_the_rig_in_use_is_driven_from_the_record(as_, each_theme, screenshot):
    desk = as_("shouli")
    desk.goto("/tasks/new/?q=DEMO-AC-0005")
    desk.get_by_role("button", name="选择 DEMO-AC-0005").click()
    desk.get_by_role("button", name="受理", exact=True).click()
    desk.wait_for_url(re.compile(r"/tasks/RW-[0-9-]+/$"))
    task = desk.url
    lead = as_(LEAD)
    lead.goto(task)
    lead.select_option("[name=technician]", label="检定员甲")
    lead.get_by_role("button", name="派工", exact=True).click()
    lead.wait_for_selector(".notice-success")
    page = as_(TECHNICIAN)
    page.goto(task)
    page.get_by_label("已目视核对").check()
    page.get_by_role("button", name="开始检定").click()
    page.wait_for_url("**/records/**")
    page.get_by_role("button", name="连接装置").click()
    page.get_by_label("设定负载电流").fill("16.5")
    screenshot(page, "sheet-drive")
    each_theme(page)
    for button, said in (("设定 设定负载电流", "16.5 A"), ("开始充电", "已执行")):
        page.get_by_role("button", name=button).click()
        dialog = page.locator("dialog[open]")
        dialog.wait_for()
        dialog.get_by_role("button", name="确认执行").click()
        page.locator(".drive-order", has_text=said).get_by_text("已执行").first.wait_for(timeout=30_000)
    until(page, "document.querySelector('[data-live-channel=I] [data-live-value]').innerText.startsWith('16.')")
    page.get_by_role("button", name="断开装置").click()

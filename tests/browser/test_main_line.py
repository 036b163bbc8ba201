"""The main job as people do it: real browser, real server process, worker, agent, and rigs on pseudo-terminals."""

import re
from pathlib import Path

import pytest

from lims.demo.people import PASSWORD
from tests.browser import house
from tests.browser.waiting import until

TECHNICIAN, CHECKER, APPROVER = "jiandingyuan", "heyanyuan", "pizhunren"
ROW = "items.working_error.rows[0]"


@pytest.fixture(scope="module")
def institute(_site_template, tmp_path_factory):
    with house.running(
        tmp_path_factory.mktemp("institute"), _site_template if isinstance(_site_template, Path) else None
    ) as url:
        yield url


@pytest.fixture
def address(institute):
    return institute


@pytest.fixture
def as_(new_page):
    """as_("shouli"): the one page of this person, who signed in with the password of the demonstration."""
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


class Sheet:
    """A technician at the keyboard: everything on the sheet is done without the mouse."""

    def __init__(self, page):
        self.page = page

    def field(self, path):
        return self.page.locator(f'input[data-path="{path}"]').first

    def focused(self):
        return self.page.evaluate("document.activeElement.dataset.path || ''")

    def at(self, path):
        until(self.page, f"document.activeElement.dataset.path === '{path}'")

    def type(self, path, value):
        self.field(path).focus()
        self.page.keyboard.type(value)
        self.page.keyboard.press("Enter")

    def take(self, path):
        """Space takes the value that the rig shows now."""
        self.field(path).focus()
        self.page.keyboard.press("Space")
        until(self.page, f"document.querySelector('input[data-path=\"{path}\"]').dataset.origin === 'rig'")

    def judge_all_well(self):
        for choice in self.page.locator("input[type=radio][value=pass]").all():
            choice.focus()
            self.page.keyboard.press("Space")

    def saved(self):
        until(
            self.page,
            "document.querySelector('[data-sheet-status]').dataset.state === 'saved'"
            " && !document.querySelector('[data-path][data-state]')",
        )

    def stored(self):
        """What the server holds: {path: {value, origin, corrected}}."""
        url = self.page.locator("[data-sheet]").get_attribute("data-url")
        return self.page.request.get(url, headers={"Accept": "application/json"}).json()["values"]

    def live(self, channel):
        until(
            self.page,
            f"/[0-9]/.test(document.querySelector('[data-live-channel={channel}] [data-live-value]')?.textContent)",
        )


class Displays:
    """The panel of the simulated instruments, where the technician reads what the pile or the dispenser shows."""

    def __init__(self, page):
        self.page = page
        page.goto("/demo/instruments/")

    def shown(self, card):
        return self.page.locator("#displays .live-value").nth(card).inner_text().split()[0]

    def says(self, text):
        until(self.page, f"document.querySelector('#displays').innerText.includes('{text}')")

    def still(self, card):
        """The display once it no longer changes."""
        before = None
        while before != (before := self.shown(card)) or before is None:
            self.page.wait_for_timeout(1200)  # the panel is refreshed every second
        return before

    def press(self, name):
        self.page.get_by_role("button", name=name).click()
        self.page.wait_for_load_state()


def task_of(page, serial):
    page.goto(f"/tasks/?q={serial}")
    return page.locator("tbody th a").first.inner_text()


def start(page, number):
    page.goto(f"/tasks/{number}/")
    page.get_by_label("已目视核对").check()
    page.get_by_role("button", name="开始检定").click()
    page.wait_for_url("**/records/**")


def choose_devices(page):
    for select in page.locator("select[name^='device:']").all():
        usable = select.locator("option[value]:not([value='']):not([disabled])").first
        select.select_option(value=usable.get_attribute("value"))
    page.get_by_role("button", name="保存设备").click()
    page.wait_for_selector(".notice-success")


def connect(page):
    page.get_by_role("button", name="连接装置").click()
    page.wait_for_selector("[data-live]")


def submit(page):
    page.get_by_label("签名口令").fill(PASSWORD)
    page.get_by_role("button", name="提交核验").click()
    page.wait_for_url("**/tasks/**")


def sign(as_, number, axe):
    """Check by one, approval by another, each signed with the own key; the number of the certificate."""
    checker = as_(CHECKER)
    checker.goto(f"/tasks/{number}/check/")
    axe(checker)
    checker.get_by_label("签名口令").fill(PASSWORD)
    checker.get_by_role("button", name="核验通过").click()
    checker.wait_for_url(f"**/tasks/{number}/")
    approver = as_(APPROVER)
    approver.goto(f"/tasks/{number}/approve/")
    axe(approver)
    approver.get_by_label("签名口令").fill(PASSWORD)
    approver.get_by_role("button", name="批准", exact=True).click()
    approver.wait_for_url("**/certificates/**")
    approver.wait_for_selector("text=下载 PDF", timeout=120_000)  # the page asks by itself until the worker has sealed
    assert approver.get_by_text("签名有效").count() == 3
    axe(approver)
    return approver.url.rstrip("/").rsplit("/", 1)[-1]


def test_a_charging_pile_goes_through_every_hand(as_, new_page, axe, each_theme, screenshot):
    desk = as_("shouli")
    axe(desk)
    desk.goto("/tasks/new/?q=DEMO-AC-0005")
    desk.get_by_role("button", name="选择 DEMO-AC-0005").click()
    axe(desk)
    desk.get_by_role("button", name="受理", exact=True).click()
    desk.wait_for_url(re.compile(r"/tasks/RW-[0-9-]+/$"))
    number = desk.url.rstrip("/").rsplit("/", 1)[-1]

    lead = as_("jishu")
    lead.goto(f"/tasks/{number}/")
    lead.select_option("[name=technician]", label="检定员甲")
    lead.get_by_role("button", name="派工", exact=True).click()
    lead.wait_for_selector(".notice-success")
    axe(lead)

    page = as_(TECHNICIAN)
    axe(page)
    start(page, number)
    axe(page)
    choose_devices(page)
    connect(page)
    sheet, displays = Sheet(page), Displays(page.context.new_page())
    axe(displays.page)
    sheet.live("E")
    sheet.type("environment.temperature[0]", "22.6")
    sheet.type("environment.humidity[0]", "51")
    sheet.judge_all_well()
    sheet.type(f"{ROW}.values.I", "32")
    for run in range(2):
        at = f"{ROW}.runs[{run}]"
        if run == 0:
            sheet.at(f"{at}.E_pile_start")
        sheet.type(f"{at}.E_pile_start", displays.still(0))
        sheet.at(f"{at}.E_std_start")
        sheet.take(f"{at}.E_std_start")
        displays.press("开始充电")
        if run == 0:
            until(
                page, "parseFloat(document.querySelector('[data-live-channel=I] [data-live-value]').textContent) > 30"
            )
            for name in "UIP":
                sheet.take(f"{ROW}.readings.{name}")
        displays.says("空闲")
        sheet.type(f"{at}.E_pile_end", displays.still(0))
        sheet.take(f"{at}.E_std_end")
    sheet.saved()
    values = sheet.stored()
    assert values[f"{ROW}.runs[1].E_std_end"]["origin"] == "rig"
    assert values[f"{ROW}.runs[1].E_pile_end"]["origin"] == "typed"

    # A value is typed but its cell not left, then the page is loaded again: nothing is lost, and it is a value once left.
    cell = "environment.temperature[1]"
    sheet.field(cell).focus()
    page.keyboard.type("22.9")
    page.reload()
    until(page, "document.querySelector('[data-conclusion]').dataset.result")
    assert sheet.field(cell).input_value() == "22.9"
    assert cell not in sheet.stored()
    sheet.field(cell).focus()
    page.keyboard.press("Enter")
    sheet.saved()
    # The network goes while values are typed, and comes back.
    for trouble in ("ERR_INTERNET_DISCONNECTED", "ERR_NETWORK_CHANGED"):
        page.expect_trouble(trouble)
    page.context.set_offline(True)
    sheet.type("environment.humidity[1]", "50")
    remark = page.locator("input[data-path$='.remark']").first.get_attribute("data-path")
    sheet.type(remark, "离线时写下")
    until(page, "document.querySelector('[data-sheet-status]').dataset.state !== 'saved'")
    page.context.set_offline(False)
    sheet.saved()
    values = sheet.stored()
    assert (values["environment.humidity[1]"]["value"], values[remark]["value"]) == ("50", "离线时写下")
    page.wait_for_selector('[data-conclusion=""][data-result=pass]')
    page.locator("[data-item=working_error]").scroll_into_view_if_needed()
    screenshot(page, "record", full=False)
    # Half-way down the bar that stays at the top lies over whatever scrolled there, which axe counts as too small.
    page.evaluate("window.scrollTo(0, 0)")
    each_theme(page)

    # Two windows submit at once: one record, and one kind answer.
    other = page.context.new_page()
    other.goto(page.url)
    until(other, "document.querySelector('[data-conclusion]').dataset.result")
    page.expect_trouble("422")
    for window in (page, other):
        window.get_by_label("签名口令").fill(PASSWORD)
    for window in (page, other):
        window.evaluate("void document.querySelector('[data-sheet-submit]').requestSubmit()")
    page.wait_for_selector("text=/记录已提交|未能提交/")
    other.wait_for_selector("text=/记录已提交|未能提交/")
    said = [window.inner_text("main") for window in (page, other)]
    assert sum("记录已提交" in text for text in said) == 1, said
    other.close()

    # The checker sends it back; the second attempt begins with the values of the first and keeps it.
    checker = as_(CHECKER)
    checker.goto(f"/tasks/{number}/check/")
    screenshot(checker, "check")
    checker.get_by_label("理由").fill("请复核环境温度")
    checker.get_by_role("button", name="退回检定员").click()
    checker.wait_for_url(f"**/tasks/{number}/")
    start(page, number)
    assert "请复核环境温度" in page.inner_text("main")
    assert sheet.stored()[f"{ROW}.runs[1].E_std_end"]["origin"] == "rig"
    until(page, "document.querySelector('[data-conclusion]').dataset.result === 'pass'")
    submit(page)
    assert page.locator("tbody th a").all_inner_texts() == [f"{number}-2", f"{number}-1"]

    certificate = sign(as_, number, axe)
    screenshot(as_(APPROVER), "certificate")
    check_value = as_(APPROVER).locator("main dd code").first.inner_text()

    customer = as_("kehu")
    axe(customer)
    answer = customer.request.get(f"/certificates/{certificate}/pdf/")
    assert answer.body().startswith(b"%PDF-1.7") or answer.body().startswith(b"%PDF")

    stranger = new_page()
    stranger.goto("/v/")
    axe(stranger)
    stranger.fill("[name=number]", certificate)
    stranger.fill("[name=check_value]", check_value)
    stranger.get_by_role("button", name="查询").click()
    stranger.wait_for_selector(f"h1:has-text('{certificate}')")
    screenshot(stranger, "public")
    axe(stranger)

    auditor = as_("shenhe")
    auditor.goto(f"/audit/trace/{certificate}/")
    auditor.locator("a.digit:has-text('标准电能 E0')").first.click()
    axe(auditor)
    auditor.locator("#step table a").first.click()
    auditor.wait_for_selector("text=与记录一致")
    assert re.fullmatch(
        r"[0-9A-F]{2}( [0-9A-F]{2})+", auditor.locator("#step code.bytes").first.inner_text().strip(), re.I
    )
    screenshot(auditor, "trace")
    axe(auditor)


def test_a_fuel_dispenser_goes_from_the_bench_to_its_certificate(as_, axe):
    page = as_(TECHNICIAN)
    number = task_of(page, "DEMO-JY-0001")
    start(page, number)
    choose_devices(page)
    connect(page)
    sheet, displays = Sheet(page), Displays(page.context.new_page())
    sheet.live("t_tank")
    sheet.type("environment.temperature[0]", "22.6")
    sheet.type("environment.humidity[0]", "51")
    sheet.judge_all_well()
    row = "items.indication.rows[0]"
    sheet.type(f"{row}.values.flow", "40")
    for run in range(3):
        displays.press("加满一次量器")
        displays.says("液面未静止")
        displays.says(" mm")
        shown = displays.page.locator("#displays").inner_text()
        sheet.type(f"{row}.runs[{run}].VJ", displays.shown(1))
        sheet.type(f"{row}.runs[{run}].h", re.search(r"([0-9.]+) mm", shown)[1])
        sheet.take(f"{row}.runs[{run}].tJ")
        sheet.take(f"{row}.runs[{run}].tB")
    amount, price = re.search(r"([0-9.]+) 元（([0-9.]+) 元/L", shown).groups()
    pay = "items.payment.rows[0].readings"
    for name, value in {
        "unit_price": price, "volume": displays.shown(1), "amount": amount, "payment_step": "0.01",
    }.items():  # fmt: skip
        sheet.type(f"{pay}.{name}", value)
    sheet.type("environment.temperature[1]", "22.9")
    sheet.type("environment.humidity[1]", "50")
    sheet.saved()
    axe(page)
    assert sheet.stored()[f"{row}.runs[2].tB"]["origin"] == "rig"
    page.wait_for_selector('[data-conclusion=""][data-result=pass]')
    submit(page)
    assert sign(as_, number, axe)

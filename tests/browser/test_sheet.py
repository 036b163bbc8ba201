"""The record sheet in the browser: keys, saving, offline, reasons, conflicts, live values, judging signs."""

import time
from pathlib import Path

import pytest

from tests.browser import sheet_server
from tests.browser.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)
PILE = "items.error.rows[{}].readings.E_pile"
STD = "items.error.rows[{}].readings.E_std"


@pytest.fixture
def store(settings, monkeypatch):
    settings.ROOT_URLCONF = "tests.browser.sheet_server"
    templates = [{**settings.TEMPLATES[0]}]
    templates[0]["DIRS"] = [Path(__file__).parent / "templates", *templates[0]["DIRS"]]
    settings.TEMPLATES = templates
    fresh = sheet_server.Store()
    monkeypatch.setattr(sheet_server, "STORE", fresh)
    yield fresh
    fresh.live_until = 0.0


@pytest.fixture
def sheet(store, page):
    return open_sheet(page)


def open_sheet(page):
    page.goto("/sheet/")
    until(page, "document.querySelector('[data-conclusion]').dataset.result !== ''")
    return page


def field(page, path):
    return page.locator(f'input[data-path="{path}"]')


def status(page, state):
    page.wait_for_selector(f'[data-sheet-status][data-state="{state}"]')


def focused(page):
    return page.evaluate("document.activeElement.dataset.path || document.activeElement.tagName")


def wait_for(condition, page=None):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "did not happen within 20 s"
        page.wait_for_timeout(20) if page else time.sleep(0.02)  # a page's routes are served only while playwright runs


def test_corrections_used_are_told_as_soon_as_they_are(sheet):
    told = sheet.locator('[data-corrections="error"]')
    assert not told.is_visible()
    for path in (PILE, STD):
        field(sheet, path.format(0)).fill("1.000")
        field(sheet, path.format(0)).press("Enter")
    told.wait_for()
    assert told.locator("li").count() == 1 and told.inner_text().startswith("修正值")


def test_enter_goes_down_the_column_then_to_the_next(sheet):
    field(sheet, PILE.format(0)).click()
    seen = []
    for _ in range(4):
        sheet.keyboard.press("Enter")
        seen.append(focused(sheet))
    assert seen == [PILE.format(1), PILE.format(2), STD.format(0), STD.format(1)]


def test_arrows_move_and_leave_the_caret_alone_inside_a_number(sheet):
    field(sheet, PILE.format(0)).click()
    sheet.keyboard.press("ArrowRight")
    assert focused(sheet) == STD.format(0)
    sheet.keyboard.press("ArrowDown")
    assert focused(sheet) == STD.format(1)
    sheet.keyboard.type("12")
    sheet.keyboard.press("ArrowLeft")
    assert focused(sheet) == STD.format(1), "the caret moves inside what is being typed"
    sheet.keyboard.press("ArrowUp")
    assert focused(sheet) == STD.format(0)


def test_a_value_is_stored_when_its_cell_is_left_and_judged_by_the_server(sheet, store):
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    field(sheet, STD.format(0)).fill("10.00")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    output = sheet.locator('[data-computed="items.error.rows[0].columns.gamma"]')
    wait_for(lambda: output.inner_text() == "+0.5")
    assert output.get_attribute("data-result") == "pass"
    assert [e["value"] for e in store.entries] == ["10.05", "10.00"]
    assert store.entries[0]["source"] == "typed"


def test_out_of_limit_is_told_by_sign_and_word_not_only_by_colour(sheet, store, each_theme, screenshot):
    store.live_until = time.monotonic() + 120
    for row, (pile, std) in enumerate((("8.04", "8.00"), ("16.11", "16.00"), ("33.10", "32.00"))):
        field(sheet, PILE.format(row)).fill(pile)
        field(sheet, STD.format(row)).fill(std)
    sheet.keyboard.press("Enter")
    output = sheet.locator('[data-computed="items.error.rows[2].columns.gamma"]')
    sheet.wait_for_selector('[data-computed="items.error.rows[2].columns.gamma"][data-result=fail]')
    assert output.locator("svg").count() == 1
    assert "超差" in output.inner_text()
    assert sheet.locator('[data-conclusion=""]').inner_text().strip() == "不合格"
    assert sheet.locator("[data-plot] canvas").count() == 1
    sheet.locator('label.choice-fail:has(input[data-path="judged.appearance.marks.result"])').click()
    field(sheet, STD.format(2)).focus()
    screenshot(sheet, "sheet")
    each_theme(sheet)


def test_full_width_digits_of_an_input_method_are_understood(sheet, store):
    field(sheet, PILE.format(0)).fill("12。5")
    sheet.keyboard.press("Enter")
    wait_for(lambda: store.values.get(PILE.format(0), {}).get("value") == "12.5")


def test_what_is_not_a_number_is_not_sent_and_said_so(sheet, store, axe):
    field(sheet, PILE.format(0)).fill("12,5x")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector("[data-sheet-problems] .notice")
    assert field(sheet, PILE.format(0)).get_attribute("aria-invalid") == "true"
    assert store.entries == []
    axe(sheet)


def test_changing_a_stored_value_asks_why_and_sends_the_reason(sheet, store, axe):
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    field(sheet, PILE.format(0)).fill("10.06")
    sheet.keyboard.press("Enter")
    dialog = sheet.locator("dialog[data-dialog=reason]")
    dialog.wait_for()
    axe(sheet)
    dialog.get_by_label("读错").check()
    dialog.get_by_role("button", name="更改").click()
    wait_for(lambda: len(store.entries) == 2)
    assert store.entries[1]["reason"] == {"code": "misread", "text": ""}
    assert store.entries[1]["previous"] == "10.05"
    sheet.wait_for_selector(".sign-corrected")


def test_cancelling_the_reason_brings_the_old_value_back(sheet, store):
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    field(sheet, PILE.format(0)).fill("99")
    sheet.keyboard.press("Enter")
    sheet.locator("dialog[data-dialog=reason]").wait_for()
    sheet.keyboard.press("Escape")
    wait_for(lambda: field(sheet, PILE.format(0)).input_value() == "10.05")
    assert len(store.entries) == 1


def test_other_as_a_reason_needs_words(sheet, store):
    field(sheet, PILE.format(0)).fill("1")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    field(sheet, PILE.format(0)).fill("2")
    sheet.keyboard.press("Enter")
    dialog = sheet.locator("dialog[data-dialog=reason]")
    dialog.get_by_label("其他").check()
    dialog.get_by_role("button", name="更改").click()
    assert dialog.is_visible()
    dialog.get_by_label("说明").fill("换了导线")
    dialog.get_by_role("button", name="更改").click()
    wait_for(lambda: len(store.entries) == 2)
    assert store.entries[1]["reason"] == {"code": "other", "text": "换了导线"}


def test_space_takes_the_live_value_with_its_reading(sheet, store):
    store.live_until = time.monotonic() + 120
    sheet.wait_for_selector('[data-live-channel=energy] [data-live-value]:text("12.345678")')
    field(sheet, STD.format(0)).focus()
    assert sheet.locator("[data-live-channel=energy]").get_attribute("data-active") is not None
    sheet.keyboard.press("Space")
    wait_for(lambda: len(store.entries) == 1)
    entry = store.entries[0]
    assert (entry["value"], entry["source"]) == ("12.345678", "rig")
    assert entry["live"] == {"session": "a-session", "channel": "energy", "reading": 7}
    assert focused(sheet) == STD.format(1)
    sheet.wait_for_selector(".sign-rig")


def test_the_take_button_does_the_same_on_a_phone(store, new_page):
    store.live_until = time.monotonic() + 120
    page = open_sheet(new_page(size={"width": 390, "height": 844}, has_touch=True))
    page.wait_for_selector('[data-live-channel=energy] [data-live-value]:text("12.345678")')
    page.locator("[data-take]").first.tap()
    wait_for(lambda: len(store.entries) == 1)
    assert store.entries[0]["source"] == "rig"


def test_a_reading_of_bad_quality_is_not_taken(sheet, store):
    store.live_quality = "suspect"
    store.live_until = time.monotonic() + 120
    sheet.wait_for_selector("[data-live-channel=energy][data-quality=bad]")
    field(sheet, STD.format(0)).focus()
    sheet.keyboard.press("Space")
    assert "质量" in sheet.locator("[data-sheet-problems]").inner_text()
    assert store.entries == []


def test_a_stale_live_value_is_shown_as_old_and_not_taken(sheet, store):
    store.live_until = time.monotonic() + 1
    sheet.wait_for_selector('[data-live-channel=energy] [data-live-value]:text("12.345678")')
    sheet.wait_for_selector("[data-live-channel=energy][data-stale]")
    field(sheet, STD.format(0)).focus()
    sheet.keyboard.press("Space")
    assert "过时" in sheet.locator("[data-sheet-problems]").inner_text()
    assert store.entries == []


def test_without_network_values_wait_on_the_device_and_go_up_when_it_returns(sheet, store):
    sheet.expect_trouble("ERR_INTERNET_DISCONNECTED")
    sheet.context.set_offline(True)
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    field(sheet, PILE.format(1)).fill("20.05")
    sheet.keyboard.press("Enter")
    status(sheet, "offline")
    assert "待上传 2" in sheet.locator("[data-sheet-status]").inner_text()
    assert store.entries == []
    sheet.context.set_offline(False)
    status(sheet, "saved")
    assert [e["value"] for e in store.entries] == ["10.05", "20.05"]


def test_values_survive_a_reload_while_the_server_is_away(sheet, store):
    sheet.expect_trouble("503")
    store.down = True
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    status(sheet, "server")
    sheet.reload()
    assert field(sheet, PILE.format(0)).input_value() == "10.05"
    store.down = False
    sheet.evaluate("window.dispatchEvent(new Event('online'))")
    status(sheet, "saved")
    assert store.values[PILE.format(0)]["value"] == "10.05"
    assert len(store.entries) == 1


def half_typed(sheet):
    field(sheet, PILE.format(0)).click()
    sheet.keyboard.type("7.")
    sheet.reload()
    until(sheet, "document.querySelector('[data-conclusion]').dataset.result !== ''")
    assert field(sheet, PILE.format(0)).input_value() == "7."


def test_half_typed_text_survives_a_reload_and_is_finished_without_a_reason(sheet, store):
    half_typed(sheet)
    assert "尚未保存" in sheet.locator("[data-sheet-problems]").inner_text()
    field(sheet, PILE.format(0)).click()
    sheet.keyboard.press("End")
    sheet.keyboard.type("75")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    assert [(one["value"], one["previous"], one["reason"]) for one in store.entries] == [("7.75", "", None)]
    assert sheet.locator("[data-sheet-problems] .notice").count() == 0
    field(sheet, PILE.format(0)).fill("7.76")
    sheet.keyboard.press("Enter")
    sheet.locator("dialog[data-dialog=reason]").wait_for()


def test_half_typed_text_becomes_a_value_when_the_person_submits(sheet, store):
    half_typed(sheet)
    assert store.entries == []
    sheet.get_by_role("button", name="提交核验").click()
    sheet.wait_for_selector("text=submitted")
    assert store.values[PILE.format(0)]["value"] == "7" and len(store.entries) == 1


def test_looking_at_another_window_stores_nothing_half_typed(sheet, store):
    field(sheet, PILE.format(0)).click()
    sheet.keyboard.type("7.")
    field(sheet, PILE.format(0)).evaluate("cell => cell.dispatchEvent(new FocusEvent('focusout', {bubbles: true}))")
    sheet.keyboard.type("75")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    assert [one["value"] for one in store.entries] == ["7.75"]


def test_a_value_that_the_procedure_proposes_is_changed_without_a_reason(store, page):
    store.laid = {PILE.format(0): "8"}
    sheet = open_sheet(page)
    field(sheet, PILE.format(0)).fill("9")
    sheet.keyboard.press("Enter")
    status(sheet, "saved")
    assert [(one["value"], one["previous"], one["reason"]) for one in store.entries] == [("9", "8", None)]


def test_a_choice_is_stored_at_once_and_changing_it_asks_why(sheet, store):
    choice = sheet.locator('select[data-path="parameters.method"]')
    choice.select_option("pulse")
    status(sheet, "saved")
    assert store.values["parameters.method"]["value"] == "pulse"
    choice.select_option("reading")
    dialog = sheet.locator("dialog[data-dialog=reason]")
    dialog.wait_for()
    assert "脉冲法" in dialog.inner_text() and "示值法" in dialog.inner_text()
    sheet.keyboard.press("Escape")
    wait_for(lambda: choice.input_value() == "pulse")
    choice.focus()
    sheet.keyboard.press("Enter")
    assert focused(sheet) == PILE.format(0)


def test_sending_twice_stores_once(sheet, store):
    sent = []

    def lose_the_first_answer(route):
        if route.request.method != "PATCH":
            return route.continue_()
        sent.append(route.request.post_data_json["entries"][0]["entry"])
        if len(sent) > 1:
            return route.continue_()
        route.fetch()
        return route.abort()

    sheet.route("**/sheet/entries/", lose_the_first_answer)
    sheet.expect_trouble("ERR_FAILED")
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    wait_for(lambda: len(sent) > 1, sheet)
    status(sheet, "saved")
    assert len(set(sent)) == 1 and len(store.entries) == 1


def test_an_expired_session_keeps_the_values_and_asks_to_sign_in(sheet, store):
    store.logged_out = True
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    status(sheet, "login")
    store.logged_out = False
    sheet.evaluate("window.dispatchEvent(new Event('online'))")
    status(sheet, "saved")
    assert store.values[PILE.format(0)]["value"] == "10.05"


@pytest.mark.parametrize(("choice", "stored"), [("保留对方的值", "11.11"), ("用我的值", "10.05")])
def test_a_conflict_shows_both_values_and_lets_the_person_choose(sheet, store, axe, choice, stored):
    sheet.expect_trouble("409")
    store.values[PILE.format(0)] = {"value": "11.11", "origin": "typed", "corrected": False}
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.keyboard.press("Enter")
    dialog = sheet.locator("dialog[data-dialog=conflict]")
    dialog.wait_for()
    assert "11.11" in dialog.inner_text() and "10.05" in dialog.inner_text() and "检定员乙" in dialog.inner_text()
    axe(sheet)
    dialog.get_by_role("button", name=choice).click()
    if stored == "10.05":
        why = sheet.locator("dialog[data-dialog=reason]")
        why.get_by_label("重新测量").check()
        why.get_by_role("button", name="更改").click()
    status(sheet, "saved")
    assert field(sheet, PILE.format(0)).input_value() == stored
    wait_for(lambda: store.values[PILE.format(0)]["value"] == stored)


def test_a_refusal_says_why_and_what_to_do(sheet, store):
    sheet.expect_trouble("422")
    field(sheet, PILE.format(0)).fill("666")
    sheet.keyboard.press("Enter")
    sheet.wait_for_selector("[data-sheet-problems] .notice")
    told = sheet.locator("[data-sheet-problems]").inner_text()
    assert "666" in told and "超出仪表显示范围" in told and "核对示值" in told


def test_a_judged_check_is_stored_at_once(sheet, store):
    sheet.get_by_label("不符合").check(force=True)
    wait_for(lambda: store.values.get("judged.appearance.marks.result", {}).get("value") == "fail")
    status(sheet, "saved")


def test_the_missing_button_leads_to_the_first_empty_cell(sheet, store):
    sheet.locator("[data-next-missing]").click()
    assert focused(sheet) == PILE.format(0)


def test_submit_waits_until_everything_is_stored(sheet, store):
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.get_by_role("button", name="提交核验").click()
    sheet.wait_for_selector("text=submitted")
    assert store.values[PILE.format(0)]["value"] == "10.05"
    assert store.submitted == 1


def test_submit_is_refused_kindly_while_values_wait(sheet, store):
    sheet.expect_trouble("503")
    store.down = True
    field(sheet, PILE.format(0)).fill("10.05")
    sheet.get_by_role("button", name="提交核验").click()
    sheet.wait_for_selector("[data-sheet-problems] .notice")
    assert "不能提交" in sheet.locator("[data-sheet-problems]").inner_text()
    assert store.submitted == 0

"""The frame of every page: signing in, errors, themes, language, keyboard; clean of axe findings and CSP violations."""

import pytest

from lims.people.models import Organisation, Role, User, UserRole

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def technician():
    institute = Organisation.objects.create(kind="institute", name="示范区计量质量检测所")
    user = User.objects.create_user(
        "technician", password="example-pass-1", display_name="检定员甲", organisation=institute
    )
    UserRole.objects.create(user=user, role=Role.TECHNICIAN)
    return user


def test_login_page_is_accessible_in_every_theme_and_size(page, each_theme, screenshot):
    page.goto("/accounts/login/")
    screenshot(page, "login")
    each_theme(page)


def test_a_person_signs_in_with_name_and_password_and_out_again(page, technician):
    page.goto("/")
    page.fill("input[name=login]", "technician")
    page.fill("input[name=password]", "example-pass-1")
    page.keyboard.press("Enter")
    page.wait_for_selector("h1:has-text('检定员甲')")
    page.click("details[data-menu] summary")
    page.click("text=退出登录")
    page.wait_for_url("**/accounts/login/**")


def test_a_wrong_password_is_said_at_the_form(page, technician, axe):
    page.goto("/accounts/login/")
    page.fill("input[name=login]", "technician")
    page.fill("input[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")
    axe(page)


def test_home_is_accessible_and_does_not_spill(page, technician, login, each_theme, screenshot):
    login(page, technician)
    page.goto("/")
    screenshot(page, "home-empty")
    each_theme(page)


def test_missing_page_says_what_to_do(page, technician, login, each_theme, screenshot):
    login(page, technician)
    page.expect_trouble("404")
    page.goto("/no-such-page/")
    assert "没有这一页" in page.inner_text("h1")
    screenshot(page, "404")
    each_theme(page)


@pytest.mark.parametrize("path", ["/accounts/2fa/", "/accounts/password/change/", "/accounts/logout/"])
def test_account_pages_wear_the_same_coat(page, technician, login, axe, screenshot, path):
    login(page, technician)
    page.goto(path)
    assert page.locator(".site-header").count() == 1
    screenshot(page, "account" + path.replace("/", "-"), themes=("light",), sizes=("desktop",))
    axe(page)


def test_theme_is_remembered_and_set_before_the_first_paint(page):
    page.goto("/accounts/login/")
    page.click("[data-theme-choice=dark]")
    page.reload(wait_until="commit")
    page.wait_for_selector("html[data-bs-theme=dark]")
    assert page.get_attribute("[data-theme-choice=dark]", "aria-pressed") == "true"


def test_auto_theme_follows_the_system(new_page):
    page = new_page(color_scheme="dark")
    page.goto("/accounts/login/")
    assert page.get_attribute("html", "data-bs-theme") == "dark"
    page.emulate_media(color_scheme="light")
    page.wait_for_selector("html[data-bs-theme=light]")


def test_language_switch_turns_the_page_english(page):
    page.goto("/accounts/login/")
    page.click("text=English")
    page.wait_for_selector("html[lang=en]")
    assert page.inner_text("h1") == "Sign in"
    page.click("text=中文")
    page.wait_for_selector("html[lang=zh-Hans]")


def test_first_tab_stop_skips_to_the_content(page, technician, login):
    login(page, technician)
    page.goto("/")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"


def test_phone_menu_opens_and_says_so(new_page, technician, login):
    page = new_page(size={"width": 390, "height": 844})
    login(page, technician)
    page.goto("/")
    toggle = page.locator("[data-nav-toggle]")
    toggle.click()
    assert toggle.get_attribute("aria-expanded") == "true"
    assert page.locator("#site-nav a").first.is_visible()


def test_no_page_carries_inline_script_or_style(page, technician, login):
    login(page, technician)
    page.goto("/")
    found = page.evaluate(
        "[...document.querySelectorAll('[style], style, script:not([src]):not([type=\"application/json\"])')].map(e => e.outerHTML.slice(0, 80))"
    )
    assert found == []

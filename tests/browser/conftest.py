"""A real browser for the page tests: chromium through playwright, against a live server on a free port.

Every page is watched: a console error, an uncaught exception, a refused (CSP) or missing resource fails the test that caused it,
unless the test expects it (`page.expect_trouble("part of the text")`).
Pictures are taken only when LIMS_SCREENSHOTS names a directory.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault(
    "DJANGO_ALLOW_ASYNC_UNSAFE", "true"
)  # playwright's sync driver keeps an event loop in this thread

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("LIMS_CHROMIUM") or shutil.which("chromium") or "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
DESKTOP = {"width": 1280, "height": 860}
PHONE = {"width": 390, "height": 844}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    able = Path(CHROMIUM).exists() and AXE.exists()
    for item in items:
        if Path(item.path).parent != Path(__file__).parent:
            continue
        item.add_marker(pytest.mark.browser)
        if not able:
            item.add_marker(pytest.mark.skip(reason="needs chromium and `npm ci`"))


@pytest.fixture(scope="module")  # ends with its file: later tests in this process may want an event loop of their own
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=CHROMIUM, headless=True, args=FLAGS)
        yield chromium
        chromium.close()


class Watch:
    """Collects what goes wrong in a page."""

    def __init__(self) -> None:
        self.troubles: list[str] = []
        self.expected: list[str] = []

    def attach(self, page: Any) -> None:
        page.expect_trouble = self.expected.append
        page.on("console", lambda m: self.troubles.append(f"console: {m.text}") if m.type == "error" else None)
        page.on("pageerror", lambda e: self.troubles.append(f"exception: {e}"))

    def unexpected(self) -> list[str]:
        return [trouble for trouble in self.troubles if not any(part in trouble for part in self.expected)]


@pytest.fixture
def address(live_server: Any) -> str:
    """Where the pages are: the server in this process, unless a test file brings one of its own."""
    return str(live_server.url)


@pytest.fixture
def new_page(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Makes a page of a fresh, separate browser context: new_page(size=PHONE, locale="en")."""
    watch = Watch()
    contexts: list[Any] = []

    def make(size: dict[str, int] = DESKTOP, locale: str = "zh-CN", **options: Any) -> Any:
        context = browser.new_context(
            base_url=address, viewport=size, locale=locale, reduced_motion="reduce", **options
        )
        context.set_default_timeout(20_000)  # a busy build machine is slow, not wrong
        context.set_default_navigation_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        watch.attach(page)
        return page

    yield make
    for context in contexts:
        context.close()
    assert not watch.unexpected(), "\n".join(watch.unexpected())


@pytest.fixture
def page(new_page: Callable[..., Any]) -> Any:
    return new_page()


@pytest.fixture
def login(live_server: Any, settings: Any) -> Callable[[Any, Any], None]:
    """Signs a user in by planting a session: login(page, user). The login page itself has its own tests."""
    from django.conf import settings as configured
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore

    def sign_in(page: Any, user: Any) -> None:
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = configured.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        page.context.add_cookies(
            [{"name": configured.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}]
        )

    return sign_in


@pytest.fixture
def axe() -> Callable[[Any], None]:
    """Asserts that axe-core finds no violation of WCAG 2.2 AA or of its best practices in the page as it stands."""
    source = AXE.read_text(encoding="utf-8") if AXE.exists() else ""

    def check(page: Any) -> None:
        page.evaluate(source)  # evaluated by the debugger, so the page's own CSP stays in force
        found = page.evaluate(
            "async () => (await axe.run(document, {runOnly: ['wcag2a','wcag2aa','wcag21a','wcag21aa','wcag22aa','best-practice']}))"
            ".violations.map(v => v.id + ': ' + v.help + '\\n    ' + v.nodes.slice(0, 6).map(n => n.target.join(' ') + ' — '"
            " + (n.any[0]?.message || n.all[0]?.message || n.none[0]?.message || '')).join('\\n    '))"
        )
        assert not found, "\n".join([page.url, *found])

    return check


@pytest.fixture
def screenshot() -> Callable[..., None]:
    """screenshot(page, "name", themes=("light", "dark"), sizes=("desktop", "phone")): pictures of the page as it stands."""
    folder = os.environ.get("LIMS_SCREENSHOTS")

    def shoot(
        page: Any,
        name: str,
        themes: tuple[str, ...] = ("light", "dark"),
        sizes: tuple[str, ...] = ("desktop", "phone"),
        full: bool = True,
    ) -> None:
        if not folder:
            return
        Path(folder).mkdir(parents=True, exist_ok=True)
        before = page.viewport_size
        for size in sizes:
            page.set_viewport_size(PHONE if size == "phone" else DESKTOP)
            for theme in themes:
                set_theme(page, theme)
                page.wait_for_timeout(150)
                page.screenshot(path=str(Path(folder) / f"{name}-{size}-{theme}.png"), full_page=full)
        page.set_viewport_size(before)
        set_theme(page, "light")

    return shoot


def set_theme(page: Any, theme: str) -> None:
    page.evaluate("theme => window.limsTheme.choose(theme)", theme)


@pytest.fixture
def each_theme(axe: Callable[[Any], None]) -> Callable[[Any], None]:
    """Runs axe in the light and in the dark theme, on desktop and phone, and asserts that nothing spills sideways."""

    def check(page: Any) -> None:
        for size in (DESKTOP, PHONE):
            page.set_viewport_size(size)
            for theme in ("light", "dark"):
                set_theme(page, theme)
                axe(page)
            spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert spill <= 0, f"{page.url}: {spill} px wider than a {size['width']} px screen"
        page.set_viewport_size(DESKTOP)
        set_theme(page, "light")

    return check

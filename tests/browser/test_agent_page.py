"""The page of a bench computer in a real browser: live, readable in both themes and on a phone, and honest when the agent is gone."""

import time
from decimal import Decimal

import pytest

from devices.agent.bench import Bench, BenchPort
from devices.agent.page import PageServer
from devices.agent.reader import Sample
from devices.agent.service import Agent
from devices.agent.upload import Unreachable
from devices.profiles import shipped_profile
from devices.protocols.exchange import Quality
from lims.core.text import Text
from tests.browser.conftest import DESKTOP, PHONE


class Down:
    server = "https://lims.example"

    def post(self, path, body):
        raise Unreachable("connection refused")


def shown(value, quality=Quality.OK):
    said = Text("没有应答", "No answer") if value is None else Text("", "")
    number = None if value is None else Decimal(value)
    return Sample("U", "voltage", "", number, "V", quality, said, time.time_ns(), 1, 2)


@pytest.fixture
def agent(tmp_path):
    port = BenchPort("evse-ac", str(tmp_path / "none"), shipped_profile("evse-ac-modbus"), {})
    agent = Agent(Bench("一号工位", (port, BenchPort("spare", "/dev/null", None, {}))), Down(), tmp_path)
    agent.ask()
    yield agent
    agent.outbox.close()


@pytest.fixture
def served(agent):
    page = PageServer(agent, 0)
    yield page
    page.close()


@pytest.fixture
def address(served):
    return served.address


def test_the_agents_page_is_live_and_clean(page, axe, agent, served):
    worker = agent.workers["evse-ac"]
    page.goto(served.address)
    page.get_by_text("连不上").wait_for()
    worker.session, worker.latest = "s", {"U": shown("230.10")}
    row = page.locator('[data-channel="U"]')
    row.get_by_text("230.10 V").wait_for(timeout=5000)
    worker.latest = {"U": shown("229.98")}
    row.get_by_text("229.98 V").wait_for(timeout=5000)
    worker.latest = {"U": shown(None, Quality.TIMEOUT)}
    row.get_by_text("没有应答").wait_for(timeout=5000)
    for size in (DESKTOP, PHONE):
        page.set_viewport_size(size)
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            axe(page)
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    page.get_by_role("link", name="English").click()
    page.get_by_text("not reachable").wait_for()
    page.expect_trouble("ERR_CONNECTION_REFUSED")
    served.close()
    page.get_by_text("The agent does not answer").wait_for(timeout=15000)
    axe(page)

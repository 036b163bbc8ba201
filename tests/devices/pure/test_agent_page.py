"""The agent's own page: shows everything, in two languages, to this computer only, and changes nothing."""

import http.client
import json
import re
import time
from decimal import Decimal

import pytest

from devices.agent.bench import Bench, BenchPort
from devices.agent.page import PageServer
from devices.agent.page.words import WORDS, Speech
from devices.agent.reader import Sample
from devices.agent.service import Agent
from devices.agent.upload import Unreachable
from devices.profiles import shipped_profile
from devices.protocols.exchange import Quality
from lims.core.text import Text
from tests.devices.pure.test_outbox import fill


class Down:
    """A server that nobody hears."""

    server = "https://lims.example"

    def post(self, path, body):
        raise Unreachable("connection <refused>")


def sample(channel, value, quality=Quality.OK, text=("", "")):
    given = None if value is None else Decimal(value)
    return Sample(channel, "voltage", "", given, "V", quality, Text(*text), time.time_ns(), 1, 2)


@pytest.fixture
def agent(tmp_path):
    ports = (
        BenchPort("evse<1>", str(tmp_path / "none"), shipped_profile("evse-ac-modbus"), {}),
        BenchPort("spare", "/dev/null", None, {}),
    )
    agent = Agent(Bench("一号工位 & co", ports), Down(), tmp_path)
    worker = agent.workers["evse<1>"]
    worker.serial_read = "SIM-EV-0017"
    worker.latest = {
        "U": sample("U", "230.10"),
        "I": sample("I", None, Quality.TIMEOUT, ("没有应答 <x>", "no answer <x>")),
    }
    fill(agent.outbox, "s-waiting", port="evse<1>", frames=6)
    fill(agent.outbox, "s-refused", port="spare", frames=4)
    agent.outbox.refuse("s-refused", Text("第 2 帧与已存的不同", "Frame 2 differs"))
    agent.ask()
    yield agent
    agent.outbox.close()


@pytest.fixture
def page(agent):
    server = PageServer(agent, 0)
    yield server
    server.close()


def get(page, path="/", method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer, body


def test_without_the_server_the_page_says_so_and_shows_what_waits(page):
    answer, body = get(page)
    assert answer.status == 200
    assert '<html lang="zh-Hans">' in body
    for said in (
        *("连不上", "采集照常进行", "connection &lt;refused&gt;", "一号工位 &amp; co", "evse&lt;1&gt;", "SIM-EV-0017"),
        *("230.10 V", "无应答", "没有应答 &lt;x&gt;", "1 个会话 · 6 帧 · 3 个读数", "第 2 帧与已存的不同"),
        *("未绑定装置配置", "与服务器的时差未知", "等待送达"),
    ):
        assert said in body, said
    assert "<x>" not in body and "evse<1>" not in body


def test_english_is_complete(page):
    for path, headers in (("/?lang=en", {}), ("/", {"Accept_Language": "en-GB,en;q=0.9"})):
        _, body = get(page, path, **headers)
        assert '<html lang="en">' in body
        for said in ("not reachable", "no reply", "no answer &lt;x&gt;", "Recording goes on", "no rig profile"):
            assert said in body, said
        shown = re.sub(r"<[^>]*>", " ", body.replace("一号工位", "").replace("中文", ""))
        assert re.findall(r"[\u4e00-\u9fff]+", shown) == []
    assert all(one.zh and one.en for one in WORDS.values())
    assert {one.value for one in Quality} <= WORDS.keys()
    assert Speech(english=True)("a word of nowhere") == "a word of nowhere"


def test_the_state_is_there_as_json(page):
    answer, body = get(page, "/state.json")
    state = json.loads(body)
    assert answer.headers["Content-Type"] == "application/json"
    assert state["server"]["reachable"] is False and state["server"]["address"] == "https://lims.example"
    assert [(one["name"], one["profile"] is None, one["waiting"]) for one in state["ports"]] == [
        ("evse<1>", False, 6),
        ("spare", True, 4),
    ]
    first = state["ports"][0]["channels"][0]
    assert (first["id"], first["value"], first["unit"], first["quality"]) == ("U", "230.10", "V", "ok")


def test_a_server_that_comes_back_is_shown_with_its_clock(agent, page):
    agent._link.post = lambda path, body: (200, {"commands": [], "now_ns": time.time_ns() + 5_000_000_000})
    agent.ask()
    _, body = get(page, "/live?lang=en")
    assert "not reachable" not in body and "reachable" in body
    assert re.search(r"ahead of this computer&#x27;s by (4999|500\d|4\d{3}) ms", body)
    agent._link.post = lambda path, body: (401, {"error": {"zh": "令牌无效", "en": "unknown token"}})
    agent.ask()
    _, body = get(page, "/live")
    assert "连不上" in body and "令牌无效" in body


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", "localhost", "", "[::1]:{port}"]
)
def test_a_name_that_was_made_to_point_here_is_turned_away(page, host):
    for path in ("/", "/state.json", "/page.js"):
        answer, body = get(page, path, Host=host.format(port=page.port))
        assert answer.status == 421
        assert "SIM-EV-0017" not in body
    assert get(page, Host=f"localhost:{page.port}")[0].status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_nothing_can_be_changed(page, method):
    assert get(page, method=method)[0].status == 501


def test_the_page_takes_nothing_from_elsewhere_and_gives_nothing_away(page):
    answer, body = get(page)
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "unsafe" not in policy
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.headers["Cache-Control"] == "no-store"
    assert re.findall(r'(?:src|href)="(?!/|data:,|#)', body) == []
    assert "style=" not in body and "<script>" not in body
    for path, kind in (("/page.css", "text/css"), ("/page.js", "text/javascript")):
        answer, body = get(page, path)
        assert answer.status == 200 and answer.headers["Content-Type"].startswith(kind)
        assert "http" not in body.replace("http-equiv", "")
    assert get(page, "/../service.py")[0].status == 404
    assert get(page, "/nothing")[0].status == 404
    head, body = get(page, method="HEAD")
    assert head.status == 200 and body == ""


def test_it_listens_on_this_computer_only(page):
    assert page._server.server_address[0] == "127.0.0.1"


def test_an_agent_whose_disk_fails_still_answers_something(agent, page):
    agent.outbox._base.close()
    assert get(page)[0].status == 503


def test_a_taken_port_leaves_the_agent_running(agent, page, capsys):
    from devices.agent.__main__ import _page

    assert _page(agent, page.port) is None
    assert "采集不受影响" in capsys.readouterr().err
    assert _page(agent, 0) is None

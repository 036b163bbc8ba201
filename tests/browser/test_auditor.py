"""An auditor's whole day in a real browser: let in, what stood when, a sample walked and ticked, and a report that checks alone."""

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from lims.audit.models import Event
from lims.auditor.models import Report, Tick
from lims.core import clock, jobs, packing
from lims.people.services import change_person
from lims.people.services.keys import create_key
from standards.services import change_standard
from tests import factories
from tests.audit.evidence import PASSPHRASE
from tests.auditor.reported import issued

pytestmark = pytest.mark.django_db(transaction=True)
SEED = "2026-11-21 03 08 15 22 24 31 + 07"
FINDING = "环境温度只在开始时读过一次"


@pytest.fixture
def lab(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A standard renamed and a person promoted yesterday, and six certificates of today."""
    now = timezone.now()

    def travel(context: pytest.MonkeyPatch, hours: int) -> None:
        at = now - timedelta(hours=hours)
        context.setattr(clock, "now", lambda: at)
        context.setattr(timezone, "now", lambda: at)

    with monkeypatch.context() as earlier:
        travel(earlier, 48)
        lab = factories.laboratory()
        travel(earlier, 24)
        change_standard(by=lab.lead, standard=lab.standard, name="新名称的检定装置")
        change_person(lab.technician, by=lab.administrator, title="高级工程师")
    for person in (lab.technician, lab.checker, lab.approver):
        create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)
    lab.certificates = [issued(lab, f"EV-{number:04d}") for number in range(2, 8)]
    jobs.run_due()
    return lab


def test_the_day_of_an_auditor(
    lab: SimpleNamespace, new_page: Callable[..., Any], login: Any, axe: Any, each_theme: Any, screenshot: Any, tmp_path: Any,
) -> None:  # fmt: skip
    today = factories.today().isoformat()
    manager = new_page()
    login(manager, lab.quality)
    manager.goto(reverse("auditor:grants"))
    manager.locator("#id_auditor").select_option(str(lab.auditor.pk))
    manager.fill("#id_purpose", "CNAS 监督评审")
    manager.fill("#id_valid_from", today)
    manager.fill("#id_valid_until", today)
    axe(manager)
    manager.get_by_role("button", name="授予").click()
    manager.get_by_role("cell", name="CNAS 监督评审").wait_for()

    page = new_page()
    page.goto("/")
    page.fill("input[name=login]", lab.auditor.username)
    page.fill("input[name=password]", factories.PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector(f"h1:has-text('{lab.auditor.display_name}')")
    page.goto(reverse("auditor:index"))
    assert (
        "CNAS 监督评审" in page.locator("[data-scope]").inner_text()
        and "全部" in page.locator("[data-scope]").inner_text()
    )
    screenshot(page, "auditor-index")
    axe(page)

    _as_of(page, lab, axe)
    sample = _draw(page, axe)
    assert page.locator("tbody th a").count() == 5
    _walk(page, lab, axe, each_theme, screenshot)

    _events_and_clauses(page, axe)

    page.goto(sample)
    page.get_by_role("button", name="按现状生成报告").click()
    page.locator("#reports tbody tr").wait_for()
    jobs.run_due()
    with page.expect_download() as download:
        page.get_by_role("link", name="下载报告和证据包").click()
    archive = tmp_path / "audit-report.zip"
    download.value.save_as(archive)
    page.locator("#reports tbody th a").click()
    page.get_by_text(FINDING).first.wait_for()
    screenshot(page, "auditor-report")
    axe(page)
    packing.pack("lims.audit.verify.__main__", tmp_path / "lims-verify.pyz")
    done = subprocess.run(
        [sys.executable, "-I", "lims-verify.pyz", archive.name, "--lang", "zh"],
        cwd=tmp_path, capture_output=True, text=True, encoding="utf-8", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"以种子“{SEED}”从 6 份中重新抽取，得到同样的 5 份" in done.stdout and "不符合 1 项" in done.stdout

    assert Report.objects.count() == 1 and Tick.objects.count() == 14
    deeds = set(Event.objects.filter(actor_id=str(lab.auditor.pk)).values_list("verb", flat=True))
    assert deeds == {"audit.looked", "audit.sample_drawn", "audit.ticked", "audit.reported"}, (
        "and nothing else was done"
    )


def _as_of(page: Any, lab: SimpleNamespace, axe: Any) -> None:
    """Before and after yesterday's changes; a certificate of today did not exist the day before yesterday."""
    day = timezone.localtime(timezone.now() - timedelta(hours=36))
    number = lab.certificates[0].number
    for kind, key, then, now in (
        ("standard", lab.standard.code, "交流充电桩检定装置", "新名称的检定装置"),
        ("device", lab.meter.asset_number, "BZ-001", "BZ-001"),
        ("person", lab.technician.username, "检定员甲", "高级工程师"),
        ("certificate", number, "当时还没有登记", number),
    ):
        for moment, wanted in ((day, then), (timezone.localtime() + timedelta(minutes=1), now)):
            page.goto(reverse("auditor:as_of"))
            page.select_option("#id_kind", kind)
            page.fill("#id_key", key)
            page.fill("#id_day", moment.date().isoformat())
            page.fill("#id_time", moment.strftime("%H:%M"))
            page.get_by_role("button", name="查看").click()
            assert "不是现在的状况" in page.locator("[data-as-of]").inner_text()
            assert wanted in page.locator("#main").inner_text(), (kind, moment)
    axe(page)


def _draw(page: Any, axe: Any) -> str:
    page.goto(reverse("auditor:samples"))
    today = factories.today().isoformat()
    page.fill("#id_since", today)
    page.fill("#id_until", today)
    page.fill("#id_wanted", "5")
    page.fill("#id_seed", SEED)
    page.get_by_role("button", name="抽取", exact=True).click()
    page.wait_for_url("**/audit/samples/*/")
    axe(page)
    return str(page.url)


def _walk(page: Any, lab: SimpleNamespace, axe: Any, each_theme: Any, screenshot: Any) -> None:
    """All points of the first certificate by keyboard, one of them a finding; one point of each of the others."""
    page.get_by_role("link", name="逐份核查").click()
    screenshot(page, "auditor-walk")
    each_theme(page)
    for point in Tick.Point.values:
        station = page.locator(f"#{point}")
        station.locator("select").focus()
        if point == "environment":
            station.locator("select").select_option("finding")
            page.keyboard.press("Tab")
            page.keyboard.type(FINDING)
        page.keyboard.press("Enter") if point == "environment" else station.get_by_role("button").press("Enter")
        page.locator(f"#{point} [data-tick]").wait_for()
    assert page.locator("#environment [data-tick=finding]").inner_text().startswith("不符合")
    for _certificate in range(4):
        page.get_by_role("link", name="下一份").click()
        page.locator("#digits").get_by_role("button").click()
        page.locator("#digits [data-tick=good]").wait_for()
    page.get_by_role("link", name="到报告").click()
    page.wait_for_url("**/audit/samples/*/#reports")


def _events_and_clauses(page: Any, axe: Any) -> None:
    page.goto(reverse("auditor:events"))
    page.fill("#id_text", "高级工程师")
    page.get_by_role("button", name="查找").click()
    page.locator("tbody tr").first.wait_for()
    assert page.locator("tbody tr").count() >= 1 and "高级工程师" in page.locator("tbody").inner_text()
    axe(page)
    with page.expect_download() as download:
        page.get_by_role("link", name="导出 CSV").click()
    assert "高级工程师" in download.value.path().read_text("utf-8-sig")
    page.goto(reverse("auditor:clauses"))
    page.get_by_text("JJF 1069").first.wait_for()
    axe(page)

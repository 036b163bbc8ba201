"""A certificate is dropped on the public page: the browser judges it by itself and asks the institute only for its status."""

import base64
import itertools
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from certificates import selectors
from certificates.models import Certificate, SealedFile
from certificates.services import replace_by, withdraw
from certificates.services.sealing import sealer
from lims.audit.services import integrate
from lims.core import clock
from lims.core.files import store
from lims.portal.sentences import ANSWERS
from tests import factories, pdfs
from tests.browser.waiting import until
from tests.certificates.issued import certificate
from tests.portal import files

pytestmark = pytest.mark.django_db(transaction=True)
FOUR = ("unchanged", "by", "when", "status")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests() -> None:
    cache.clear()


@pytest.fixture
def lab() -> Any:
    return factories.laboratory()


@pytest.fixture
def made(lab: Any) -> Certificate:
    made = certificate(lab)
    integrate()
    return made


@pytest.fixture
def check(tmp_path: Path) -> Callable[..., list[str]]:
    """check(page, pdf): the four states, once the page has judged the file."""

    counted = itertools.count(1)

    def run(page: Any, pdf: bytes | Path) -> list[str]:
        path = pdf if isinstance(pdf, Path) else tmp_path / f"证书{next(counted)}.pdf"
        if isinstance(pdf, bytes):
            path.write_bytes(pdf)
        page.evaluate(
            "document.querySelector('[data-verify-answers]').hidden = true"
        )  # the browser tells of the choice later
        page.set_input_files("[data-verify-input]", str(path))
        until(page, "!document.querySelector('[data-busy]') && !document.querySelector('[data-verify-answers]').hidden")
        return [page.get_attribute(f"[data-answer={one}]", "data-state") for one in FOUR]

    return run


def verdict(page: Any) -> str:
    return str(page.inner_text("#verdict"))


def sentence(page: Any, answer: str) -> str:
    return str(page.inner_text(f"[data-answer={answer}] [data-answer-text]"))


def test_a_good_certificate_gets_four_yeses_and_never_leaves_the_machine(page, made, check, each_theme, screenshot):
    sent: list[Any] = []
    page.on("request", lambda request: sent.append(request))
    page.goto("/v/")
    screenshot(page, "verify-empty")
    each_theme(page)
    pdf = selectors.pdf(made)
    assert check(page, pdf) == ["yes"] * 4
    assert verdict(page) == "真实，目前有效"
    assert made.number in sentence(page, "status") and "示范区计量质量检测所" in sentence(page, "by")
    assert sentence(page, "unchanged") == ANSWERS["whole"]
    proof = page.inner_text("[data-answer-proof]")
    assert "日志签名均已由本页核对" in proof, "the log's own signature was checked in the browser"
    assert page.evaluate("document.activeElement.id") == "verdict", "the answer is where the reader is taken"
    assert page.inner_text("[data-verify-said]") == ""
    assert {one.method for one in sent} == {"GET"} and not any(one.post_data_buffer for one in sent)
    asked = [one.url for one in sent if "/v/status" in one.url]
    assert len(asked) == 1 and asked[0].endswith(page.inner_text("[data-verify-digest]"))
    screenshot(page, "verify-good")
    each_theme(page)


def test_what_was_done_to_a_file_is_seen(page, made, check, each_theme, screenshot, tmp_path):
    pdf = selectors.pdf(made)
    page.goto("/v/")
    assert check(page, files.altered(pdf)) == ["no", "yes", "yes", "unknown"]
    assert verdict(page) == "不要采信：文件与盖章时不同"
    assert sentence(page, "unchanged") == ANSWERS["altered"]
    screenshot(page, "verify-altered")
    each_theme(page)
    for changed, code in (
        (files.updated(pdf), "appended"),
        (pdf + b"\n% one more line\n", "appended"),
        (files.written_into_seal(pdf), "written_into_seal"),
        (files.false_seal(pdf), "seal_false"),
        (files.moved_range(pdf), "damaged"),
    ):
        assert check(page, changed)[0] == "no", code
        assert sentence(page, "unchanged") == ANSWERS[code]
        assert page.get_attribute("[data-verify-answers]", "data-tone") == "danger"


def test_long_term_material_is_no_change_and_anything_beside_it_is(page, made, check, settings):
    keys = settings.KEYS_DIR
    sealed, prolonged = files.prolonged(keys)
    SealedFile.objects.create(
        certificate=made,
        edition=2,
        file=store(sealed, "application/pdf"),
        rendered_sha256="0" * 64,
        sealed_at=clock.now(),
    )
    page.goto("/v/")
    # The institute knows the file as it was sealed; that nothing but evidence was added since is judged here.
    assert check(page, prolonged) == ["yes"] * 4
    assert sentence(page, "unchanged") == ANSWERS["extended"]
    assert check(page, files.stamped(prolonged, keys)) == ["yes"] * 4, "renewed by one stamp more"
    for changed in (
        files.altered(prolonged, after=len(sealed)),
        files.stamped(files.updated(sealed), keys),
        files.updated(prolonged),
        files.stamped(files.updated(prolonged), keys),
    ):
        assert check(page, changed)[0] == "no"
        assert sentence(page, "unchanged") == ANSWERS["appended"]


def test_files_that_are_not_ours_say_whose_they_are_or_that_they_are_nothing(page, made, check, screenshot, tmp_path):
    page.goto("/v/")
    assert check(page, files.foreign(tmp_path / "elsewhere")) == ["yes", "no", "unknown", "unknown"]
    assert verdict(page) == "不是本机构盖章的文件" and "另一机构" in sentence(page, "by")
    screenshot(page, "verify-foreign")
    for nothing, code in ((pdfs.plain(), "unsealed"), (b"\xff\xd8\xff a photograph", "no_pdf"), (b"", "no_pdf")):
        assert check(page, nothing) == ["unknown"] * 4
        assert sentence(page, "unchanged") == ANSWERS[code]
        assert verdict(page) == "不是签发的电子证书原文件"


def test_a_signature_that_brings_its_own_content_does_not_vouch_for_the_file(page, made, check):
    """The signed content of a genuine certificate, put into the signature over another page, must convince nobody."""
    page.goto("/v/")
    assert check(page, files.carrying(sealer()))[:2] == ["unknown", "unknown"]
    assert sentence(page, "unchanged") == ANSWERS["seal_unread"]


def test_replaced_withdrawn_and_expired_certificates_are_genuine_and_say_so(
    page, lab, made, check, screenshot, each_theme, monkeypatch
):
    successor = certificate(lab)
    pdf, later = selectors.pdf(made), selectors.pdf(successor)
    replace_by(made, successor, by=lab.lead, reason="客户地址有误")
    integrate()
    page.goto("/v/")
    assert check(page, pdf) == ["yes", "yes", "yes", "no"]
    assert verdict(page) == "真实，但已被替代" and successor.number in sentence(page, "status")
    assert "日志签名均已由本页核对" in page.inner_text("[data-answer-proof]")
    screenshot(page, "verify-replaced")
    withdraw(successor, by=lab.lead, reason="标准器失准")
    assert check(page, later) == ["yes", "yes", "yes", "no"]
    assert verdict(page) == "真实，但已撤回"
    assert "正在写入公开日志" in page.inner_text("[data-answer-proof]"), "not proven before the log says it too"
    integrate()
    check(page, later)
    assert "日志签名均已由本页核对" in page.inner_text("[data-answer-proof]")
    each_theme(page)
    Certificate.objects.filter(pk=successor.pk).update(state=Certificate.State.ISSUED)
    assert check(page, later)[3] == "no"
    assert verdict(page) == "不要采信：公开日志与服务器的回答不一致", "the log does not forget what a row says no more"
    third = certificate(lab)
    integrate()
    monkeypatch.setattr(clock, "today", lambda: third.valid_until + timedelta(days=1))
    assert check(page, selectors.pdf(third)) == ["yes", "yes", "yes", "no"]
    assert verdict(page) == "真实，但已过有效期"


def test_the_page_of_a_paper_says_what_paper_cannot_and_takes_the_file(
    new_page, lab, made, check, screenshot, each_theme
):
    page = new_page(size=PHONE)
    page.goto(f"/v/{made.token}/")
    states = [page.get_attribute(f"[data-answer={one}]", "data-state") for one in FOUR]
    assert states == ["unknown", "unknown", "unknown", "yes"]
    screenshot(page, "verify-paper")
    each_theme(page)
    assert check(page, selectors.pdf(made)) == ["yes"] * 4
    other = certificate(lab)
    integrate()
    assert check(page, selectors.pdf(other)) == ["yes", "yes", "yes", "no"]
    assert verdict(page) == "不要采信：文件不是本页的证书" and other.number in sentence(page, "status")


def test_a_large_file_is_judged_by_the_browser_alone(page, made, check, tmp_path):
    path = tmp_path / "large.pdf"
    path.write_bytes(files.foreign(tmp_path / "elsewhere", size=50_000_000))
    assert path.stat().st_size > 50_000_000
    page.goto("/v/")
    assert check(page, path) == ["yes", "no", "unknown", "unknown"]


def test_a_file_is_dropped_and_the_page_speaks_english(new_page, made, check, screenshot):
    page = new_page(locale="en-GB")
    page.goto("/v/")
    drop = """bytes => {
        const files = new DataTransfer()
        files.items.add(new File([Uint8Array.from(atob(bytes), one => one.charCodeAt(0))], "certificate.pdf"))
        const place = document.querySelector("[data-verify-drop]")
        for (const name of ["dragenter", "dragover", "drop"]) place.dispatchEvent(new DragEvent(name, {dataTransfer: files, bubbles: true, cancelable: true}))
    }"""
    page.evaluate(drop, base64.b64encode(selectors.pdf(made)).decode())
    until(page, "!document.querySelector('[data-verify-answers]').hidden")
    assert verdict(page) == "Genuine, and valid now"
    ours = page.locator("#verdict, .answer-question, .answer-word, .answer-proof, .answers-more a").all_inner_texts()
    assert len(ours) > 8 and not re.search("[\u4e00-\u9fff]", "".join(ours)), ours
    screenshot(page, "verify-english", themes=("light",))


def test_without_the_server_the_file_is_judged_all_the_same(page, made, check):
    page.expect_trouble("Failed to load resource")
    page.goto("/v/")
    page.route("**/v/status*", lambda route: route.abort())
    assert check(page, selectors.pdf(made)) == ["yes", "yes", "yes", "unknown"]
    assert sentence(page, "status") == ANSWERS["status_unreachable"]
    page.unroute("**/v/status*")
    page.route("**/v/status*", lambda route: route.fulfill(status=429, json={"state": "busy"}))
    check(page, selectors.pdf(made))
    assert sentence(page, "status") == ANSWERS["status_busy"]


def test_without_javascript_the_server_judges(new_page, made, tmp_path):
    page = new_page(size=PHONE, java_script_enabled=False)
    page.goto("/v/")
    assert page.locator("[data-verify-local]").is_hidden()
    for name, pdf, expected in (
        ("good", selectors.pdf(made), ["yes"] * 4),
        ("altered", files.altered(selectors.pdf(made)), ["no", "yes", "yes", "unknown"]),
    ):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(pdf)
        page.set_input_files("[data-verify-input]", str(path))
        page.click("text=上传并检查")
        page.wait_for_selector("[data-verify-answers]:not([hidden])")
        assert [page.get_attribute(f"[data-answer={one}]", "data-state") for one in FOUR] == expected
    page.fill("#id_number", made.number)
    page.fill("#id_check_value", made.check_value)
    page.click("form:has(#id_number) button")
    page.wait_for_url(f"**/v/{made.token}/")

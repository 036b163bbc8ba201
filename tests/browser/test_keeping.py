"""Pages by which standards and people are kept, in a real browser: readable in both themes, on a phone, with the keyboard."""

import pytest
from django.urls import reverse

from lims.people.models import Qualification, Registration
from standards.models import MeasurementStandard
from tests import factories
from tests.browser.conftest import DESKTOP, PHONE, set_theme
from tests.pdfs import plain


@pytest.fixture
def lab(transactional_db):
    found = factories.laboratory()
    draft = factories.certify(found.meter, values={"V0": "50.00", "h0": "104.0"})
    found.certificate = draft
    one = Qualification.objects.create(
        user=found.technician, level="1", certificate_number="Z-1", issued_on=factories.today()
    )
    Registration.objects.create(
        qualification=one, number="R-1", employer="示范区计量质量检测所",
        valid_from=factories.today(), valid_until=factories.today(),
    )  # fmt: skip
    return found


@pytest.fixture
def look(axe, screenshot):
    """Asks axe about the page as it stands: on a desk in the light, on a phone in the dark, where nothing may spill."""

    def check(page, name):
        axe(page)
        page.set_viewport_size(PHONE)
        set_theme(page, "dark")
        axe(page)
        spill = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert spill <= 0, f"{page.url}: {spill} px too wide"
        page.set_viewport_size(DESKTOP)
        set_theme(page, "light")
        screenshot(page, f"keeping-{name}", themes=("light", "dark"))

    return check


def test_standards_and_people_are_kept_with_the_keyboard_and_every_page_passes_axe(
    new_page, login, lab, look, tmp_path
):
    page = new_page()
    login(page, lab.lead)
    code, number = lab.standard.code, lab.meter.asset_number
    for name, args in (
        ("standard", [code]),
        ("licence_new", [code]),
        ("certificate_correct", [lab.certificate.pk]),
        ("device", [number]),
    ):
        page.goto(reverse(f"standards:{name}", args=args))
        look(page, name)

    # A standard from the keyboard alone: each field is reached by the tabulator, Enter saves.
    page.goto(reverse("standards:standard_new"))
    look(page, "standard_new")
    page.focus("[name=name]")
    for text in ("压力标准", "Pressure standard", "11314900", "", "", "JJG 52"):
        page.keyboard.type(text)
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.focus("[name=location]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/sets/11314900/")
    made = MeasurementStandard.objects.get(code="11314900")
    assert made.procedure_codes == ["JJG 52"] and made.categories == ["charging_pile_ac"]

    # A wrong file is refused on the page with what to do; the paper itself is taken and comes back as a download.
    page.goto(reverse("standards:licence_new", args=["11314900"]))
    for name, value in (("number", "〔2026〕1 号"), ("issued_on", "2026-01-01"), ("valid_until", "2030-12-31")):
        page.fill(f"[name={name}]", value)
    page.select_option("[name=kind]", "examination")
    wrong, right = tmp_path / "wrong.pdf", tmp_path / "right.pdf"
    wrong.write_bytes(b"app.alert(1)")
    right.write_bytes(plain())
    page.expect_trouble("422")
    page.set_input_files("[name=original]", str(wrong))
    page.get_by_role("button", name="保存").click()
    page.wait_for_selector("[data-reason=no_pdf]")
    look(page, "licence_refused")
    page.set_input_files("[name=original]", str(right))
    page.get_by_role("button", name="保存").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="原件 〔2026〕1 号").click()
    assert download.value.path().read_bytes() == plain()

    page = new_page()
    login(page, lab.administrator)
    for name, args in (
        ("list", []),
        ("person", ["technician"]),
        ("roles", ["technician"]),
        ("new", []),
        ("organisations", []),
    ):
        page.goto(reverse(f"people:{name}", args=args))
        look(page, f"people-{name}")
    page.goto(reverse("people:link", args=["technician"]))
    page.get_by_role("button", name="生成链接").press("Enter")
    address = page.locator(".secret-link").inner_text()
    look(page, "people-link")
    guest = new_page()
    guest.goto(address)
    look(guest, "people-first-password")
    guest.fill("[name=new_password1]", "a-Passphrase-of-2026")
    guest.fill("[name=new_password2]", "a-Passphrase-of-2026")
    guest.keyboard.press("Enter")
    guest.wait_for_url("**/accounts/login/")
    lab.technician.refresh_from_db()
    assert lab.technician.check_password("a-Passphrase-of-2026")

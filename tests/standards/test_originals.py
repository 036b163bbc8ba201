"""The paper of a device's certificate: handed in with its values, corrected, and given out to those who may read it."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lims.core import canonical, files, pdf
from lims.core.models import StoredFile
from standards import rules
from standards.models import DeviceCertificate
from standards.selectors.snapshots import certificate_facts
from tests.pdfs import paper, plain
from tests.standards.conftest import ROLES
from tests.standards.laboratory import DAY, comparison, register_meter

ENTRY = {
    "number": "DC-77",
    "kind": "calibration",
    "issuer": "示范院",
    "calibrated_on": "2026-10-01",
    "use_until": "2027-09-30",
    "outcome": "pass",
    "value-TOTAL_FORMS": "3",
    "value-INITIAL_FORMS": "0",
    "value-0-name": "V0",
    "value-0-value": "50.00",
    "value-0-unit": "L",
    "value-0-range_lower": "10",
    "value-1-name": "h0",
    "value-1-value": "104.0",
}


@pytest.fixture
def entered(ask, people):
    """A certificate with its paper, entered by the technician and confirmed by the quality manager."""
    device = register_meter(people)
    answer = ask("technician", "certificate_new", device.asset_number, post=ENTRY | {"original": paper()})
    assert answer.status_code == 302
    certificate = DeviceCertificate.objects.get()
    post = comparison(certificate)
    assert ask("quality_manager", "certificate_confirm", certificate.pk, post=post).status_code == 302
    certificate.refresh_from_db()
    return certificate


def test_the_paper_is_kept_under_its_digest_and_bound_into_what_is_confirmed(entered):
    assert files.read(entered.file_id) == plain()
    assert StoredFile.objects.get().media_type == "application/pdf"
    assert certificate_facts(entered)["file"] == entered.file_id
    assert canonical.sha256(certificate_facts(entered)) == entered.content_sha256


def test_the_paper_is_given_to_staff_and_auditors_and_to_nobody_else(ask, entered):
    for who in ROLES:
        answer = ask(who, "certificate_file", entered.pk)
        assert answer.status_code == (404 if who == "customer" else 200), who
    assert answer.status_code == 200 and answer.content == plain()
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment;") and "BZ-001-20261001.pdf" in disposition
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert ask("outsider", "certificate_file", entered.pk).status_code == 404
    assert ask("auditor", "certificate_file", entered.pk + 1).status_code == 404
    assert ask(None, "certificate_file", entered.pk).status_code == 302


def test_a_paper_altered_on_the_disk_is_not_given_out(ask, entered):
    files.path_of(entered.file_id).write_bytes(plain("altered"))
    answer = ask("auditor", "certificate_file", entered.pk)
    assert answer.status_code == 422 and "已被改动" in answer.content.decode()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"app.alert('x')", "不是可以读取的 PDF"),
        (b"<html>", "不是可以读取的 PDF"),
        (plain().replace(b"/Type /Catalog", b"/Type /Catalog /OpenAction << /S /JavaScript /JS (x) >>"), "脚本"),
        (b"%PDF-1.7" + b"x" * 3000, "超过"),
    ],
)
def test_whatever_its_name_says_a_wrong_file_is_refused_and_nothing_is_written(ask, people, monkeypatch, data, told):
    monkeypatch.setattr(pdf, "LARGEST", 2500)
    device = register_meter(people)
    answer = ask("technician", "certificate_new", device.asset_number, post=ENTRY | {"original": paper(data)})
    assert answer.status_code in (200, 422) and told in answer.content.decode()
    assert not DeviceCertificate.objects.exists() and not StoredFile.objects.exists()


def test_text_in_place_of_a_file_is_no_file(ask, people):
    device = register_meter(people)
    answer = ask("technician", "certificate_new", device.asset_number, post=ENTRY | {"original": "/etc/passwd"})
    assert answer.status_code == 302 and DeviceCertificate.objects.get().file is None


def test_the_name_of_the_file_and_its_announced_type_say_nothing(ask, people):
    device = register_meter(people)
    odd = SimpleUploadedFile("../../x.exe", plain(), "application/x-msdownload")
    assert ask("technician", "certificate_new", device.asset_number, post=ENTRY | {"original": odd}).status_code == 302
    assert files.read(DeviceCertificate.objects.get().file_id) == plain()


def test_state_and_confirmation_cannot_be_posted_along(ask, people):
    device = register_meter(people)
    more = {"state": "confirmed", "confirmed_by": people.quality_manager.pk, "entered_by": people.quality_manager.pk}
    assert ask("technician", "certificate_new", device.asset_number, post=ENTRY | more).status_code == 302
    found = DeviceCertificate.objects.get()
    assert (found.state, found.confirmed_by, found.entered_by) == ("draft", None, people.technician)


def test_a_correction_starts_from_the_entry_and_takes_its_place_when_confirmed(ask, entered):
    text = ask("technician", "certificate_correct", entered.pk).content.decode()
    for part in ("DC-77", "50.00", "104.0", "2027-09-30"):
        assert part in text
    post = ENTRY | {"use_until": "2026-11-01", "value-1-name": "", "value-1-value": "", "why": "日期与原件不符"}
    assert ask("technician", "certificate_correct", entered.pk, post=post).status_code == 302
    correction = entered.corrections.get()
    assert rules.device_usable_on(entered.device, DAY) == ()
    assert (correction.file_id, correction.state) == (entered.file_id, "draft")
    assert [(one.name, one.range_lower) for one in correction.values.all()] == [("V0", "10")]
    assert ask("technician", "certificate_confirm", correction.pk, post={}).status_code == 422
    post = comparison(correction)
    assert ask("technical_lead", "certificate_confirm", correction.pk, post=post).status_code == 302
    entered.refresh_from_db()
    assert (entered.state, entered.withdrawn_reason) == ("withdrawn", "日期与原件不符")
    assert entered.replaced_by == correction and entered.values.count() == 2
    assert [one.code for one in rules.device_usable_on(entered.device, DAY)] == ["device_certificate_expired"]


def test_a_second_entry_of_the_same_paper_is_sent_to_the_correction(ask, people, entered):
    for number in (entered.device.asset_number, register_meter(people, "BZ-002").asset_number):
        answer = ask("technician", "certificate_new", number, post=ENTRY)
        assert answer.status_code == 422 and "办理更正" in answer.content.decode()


def test_a_correction_needs_a_reason_and_there_is_one_at_a_time(ask, entered):
    assert ask("technician", "certificate_correct", entered.pk, post=ENTRY).status_code == 200
    assert ask("technician", "certificate_correct", entered.pk, post=ENTRY | {"why": "x"}).status_code == 302
    answer = ask("technician", "certificate_correct", entered.pk, post=ENTRY | {"why": "x"})
    assert answer.status_code == 422 and "待确认" in answer.content.decode()


def test_only_those_who_enter_certificates_correct_them(ask, entered):
    for who in ROLES:
        may = who in ("technician", "technical_lead", "quality_manager")
        expected = 200 if may else 404 if who == "customer" else 422
        assert ask(who, "certificate_correct", entered.pk).status_code == expected, who


def test_a_withdrawn_certificate_can_be_entered_anew(ask, entered):
    assert ask("technical_lead", "certificate_withdraw", entered.pk, post={"why": "录错设备"}).status_code == 302
    answer = ask("technician", "certificate_new", entered.device.asset_number, post=ENTRY)
    assert answer.status_code == 302
    assert (
        reverse("standards:certificate_correct", args=[entered.pk])
        not in ask("technician", "device", entered.device.asset_number).content.decode()
    )

"""A digital certificate becomes a draft with its values, its file and what its signature is worth; a second person confirms it."""

import base64
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from certificates import dcc
from certificates.sealing import Keys
from lims.audit.models import Event
from lims.core import canonical, files
from lims.core.models import StoredFile
from lims.core.text import Refused
from lims.metrology.certified import read
from lims.metrology.correction import Stated
from standards import services
from standards.dcc import Choice, read_dcc, suggestions
from standards.models import DeviceCertificate
from standards.selectors.snapshots import certificate_facts, value_facts
from tests.certificates import specimen
from tests.pdfs import plain
from tests.standards.conftest import ROLES
from tests.standards.laboratory import comparison, register_meter
from tests.standards.test_dcc_reading import EXAMPLE, listed, quantity
from tests.standards.test_dcc_reading import dcc as dcc_of

SAME = {"serial": "string-manufacturer-item", "manufacturer": "String", "model": "String"}


@pytest.fixture
def thermometer(people):
    return register_meter(people, **SAME)


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    return Keys.development(tmp_path_factory.mktemp("keys"), institute="示范区计量质量检测所")


def example_imported(people, device, **changes):
    choices = suggestions(read_dcc(EXAMPLE))
    return services.import_dcc(device, EXAMPLE, choices, by=people.technician, **changes)


def test_the_example_becomes_a_draft_whose_values_are_used_once_a_second_person_has_confirmed_it(people, thermometer):
    draft = example_imported(people, thermometer)
    assert (draft.state, draft.number, draft.issuer) == (
        "draft", "GP_DCC_temperature_minimal_1.2", "Kalibrierfirma GmbH",
    )  # fmt: skip
    assert (draft.calibrated_on, draft.valid_until, draft.outcome) == (date(1957, 8, 13), date(1959, 10, 22), "pass")
    assert files.read(draft.data_file_id) == EXAMPLE and draft.file is None
    assert draft.imported["signature"]["state"] == "unsigned" and draft.imported["choices"][0]["negated"] is True
    (stated,) = draft.stated_standards.all()
    assert (stated.name, stated.certificate_number) == ("Pt 100 thermometer", "")
    with pytest.raises(Refused):
        services.confirm_certificate(by=people.technician, certificate=draft)
    done = services.confirm_certificate(by=people.quality_manager, certificate=draft)
    assert done.content_sha256 == canonical.sha256(certificate_facts(done))
    found = read([value_facts(one) for one in done.values.order_by("pk")])["correction"]
    assert found.at(Decimal("100.06")) == Stated(Decimal("-0.089"), Decimal("0.061"), Decimal(2))
    # Half way between the indications 100.06 ℃ and 175.21 ℃: (−0.089 − 0.107)/2 = −0.098, by hand.
    assert found.at(Decimal("137.635")).value == Decimal("-0.098")


def test_a_file_of_another_item_is_taken_only_with_a_reason_that_is_kept(people):
    device = register_meter(people)
    with pytest.raises(Refused) as refused:
        example_imported(people, device)
    (reason,) = refused.value.reasons
    assert reason.code == "other_item" and "string-manufacturer-item" in reason.text.zh and "S-BZ-001" in reason.text.en
    assert not DeviceCertificate.objects.exists()
    draft = example_imported(people, device, identity_note="编号见铭牌照片")
    assert draft.imported["identity_note"] == "编号见铭牌照片"


@pytest.mark.parametrize("role", sorted(set(ROLES) - {"technician", "technical_lead", "quality_manager"}))
def test_who_may_not_enter_a_certificate_may_not_import_one(people, thermometer, role):
    with pytest.raises(Refused) as refused:
        services.import_dcc(thermometer, EXAMPLE, (), by=getattr(people, role))
    assert refused.value.reasons[0].code == "role_missing" and not DeviceCertificate.objects.exists()


@pytest.mark.parametrize(
    ("choice", "said"),
    [
        (Choice("correction", "/nowhere"), "no such quantity"),
        (Choice("correction", "QUANTITY"), "choose the points"),
        (Choice("correction", "QUANTITY", 7), "no such quantity"),
        (Choice("correction", "QUANTITY", 0, "QUANTITY", -1), "no such quantity"),
        (Choice("", "QUANTITY", 0, "POINTS"), "Name"),
    ],
)
def test_a_choice_that_the_file_does_not_bear_is_refused(people, thermometer, choice, said):
    known = {"QUANTITY": read_dcc(EXAMPLE).quantities[2].path, "POINTS": read_dcc(EXAMPLE).quantities[1].path}
    choice = Choice(
        choice.name, known.get(choice.quantity, choice.quantity), choice.series,
        known.get(choice.points, choice.points), choice.points_series,
    )  # fmt: skip
    with pytest.raises(Refused) as refused:
        services.import_dcc(thermometer, EXAMPLE, [choice], by=people.technician)
    assert said in refused.value.reasons[0].text.en and not DeviceCertificate.objects.exists()


def test_two_choices_of_one_name_that_contradict_each_other_are_refused_by_row(people, thermometer):
    first, _, error = read_dcc(EXAMPLE).quantities
    twice = [Choice("correction", error.path, 0, first.path, 1)] * 2
    with pytest.raises(Refused) as refused:
        services.import_dcc(thermometer, EXAMPLE, twice, by=people.technician)
    assert refused.value.reasons


def with_document(data: bytes, content: bytes) -> bytes:
    inside = base64.b64encode(content).decode()
    document = (
        "<dcc:document><dcc:fileName>c.pdf</dcc:fileName><dcc:mimeType>application/pdf</dcc:mimeType>"
        f"<dcc:dataBase64>{inside}</dcc:dataBase64></dcc:document></dcc:digitalCalibrationCertificate>"
    )
    return data.decode().replace("</dcc:digitalCalibrationCertificate>", document).encode()


def test_the_pdf_inside_the_file_is_kept_as_the_original_when_it_is_a_plain_one(people, thermometer):
    choices = suggestions(read_dcc(EXAMPLE))
    kept = services.import_dcc(thermometer, with_document(EXAMPLE, plain()), choices, by=people.technician)
    assert files.read(kept.file_id) == plain()
    services.withdraw_certificate(by=people.quality_manager, certificate=kept, why="重做")
    odd = services.import_dcc(thermometer, with_document(EXAMPLE, b"no pdf"), choices, by=people.technician)
    assert odd.file is None and "PDF" in odd.imported["pdf_not_kept"]


def test_our_own_signed_certificate_is_read_back_with_equal_numbers_and_its_signature(keys):
    facts = specimen.calibration()
    signed = dcc.sign(dcc.build(facts), keys, datetime.now(UTC))
    report = read_dcc(signed, [keys.root_pem()])
    assert report.valid is True and report.number == facts["number"]
    assert (report.signature.state, report.signature.trusted) == ("intact", True)
    assert report.signature.by in report.signature.text.zh
    assert read_dcc(signed).signature.state == "intact" and not read_dcc(signed).signature.trusted
    # That dcc.read gives the numbers of the facts is shown in tests/certificates/test_dcc.py.
    ours = dcc.read(signed)
    compared = 0
    for result, found in zip(ours.results, report.results, strict=True):
        for column, one in zip(result.columns, found.quantities, strict=True):
            if one.series:
                (series,) = one.series
                assert series.values == tuple("" if cell == "NaN" else cell for cell in column.values)
                assert (series.expanded, series.factors) == (column.expanded, column.factors)
                compared += len(series.values)
    assert compared > 10 and any(one.series and one.series[0].expanded for one in report.quantities)


def damaged(signed: bytes, how: str) -> bytes:
    text = signed.decode()
    at = text.index("valueXMLList>") + len("valueXMLList>")
    if how == "a digit":
        return (text[:at] + ("2" if text[at] != "2" else "3") + text[at + 1 :]).encode()
    if how == "the signature's value":
        start = text.index("SignatureValue>") + len("SignatureValue>")
        return (text[:start] + ("A" if text[start] != "A" else "B") + text[start + 1 :]).encode()
    if how == "the certificate":
        start, end = text.index("<ds:KeyInfo"), text.index("</ds:KeyInfo>") + len("</ds:KeyInfo>")
        return (text[:start] + text[end:]).encode()
    if how == "what is covered":
        return text.replace('URI=""', 'URI="#r1"', 1).encode()
    return text.replace("enveloped-signature", "enveloped-nothing").encode()


@pytest.mark.parametrize(
    "how", ["a digit", "the signature's value", "the certificate", "what is covered", "the transform"]
)
def test_a_signature_that_does_not_hold_is_said_and_the_file_refused(people, keys, how):
    signed = damaged(dcc.sign(dcc.build(specimen.calibration()), keys, datetime.now(UTC)), how)
    report = read_dcc(signed, [keys.root_pem()])
    assert report.signature.state == "broken" and report.signature.text.zh
    with pytest.raises(Refused) as refused:
        services.import_dcc(register_meter(people), signed, (), by=people.technician, identity_note="x")
    assert refused.value.reasons[0].code == "dcc_signature_broken"


def test_the_roots_of_other_laboratories_are_a_setting(people, keys, settings, tmp_path):
    signed = dcc.sign(dcc.build(specimen.calibration()), keys, datetime.now(UTC))
    device, roots = register_meter(people), tmp_path / "roots.pem"
    settings.DCC_ROOTS = str(roots)
    with pytest.raises(Refused) as refused:
        services.receive_dcc(device, signed, by=people.technician)
    assert refused.value.reasons[0].code == "dcc_roots_unreadable"
    roots.write_bytes(keys.root_pem())
    draft = services.import_dcc(device, signed, (), by=people.technician, identity_note="x")
    assert draft.imported["signature"]["state"] == "intact" and draft.imported["signature"]["trusted"] is True


def test_a_signature_by_an_unknown_authority_is_intact_and_its_trust_not_known(keys, tmp_path):
    strangers = Keys.development(tmp_path, institute="另一家机构")
    report = read_dcc(dcc.sign(dcc.build(specimen.calibration()), strangers, datetime.now(UTC)), [keys.root_pem()])
    assert (report.signature.state, report.signature.trusted) == ("intact", False)
    assert "未知" in report.signature.text.zh


def handed_in(data: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("dcc.xml", data, "text/xml")


def chosen(page, **changes: str) -> dict[str, str]:
    """What a person sends who leaves the suggestions and the head of the file as they are."""
    sent = {}
    for form in (page.context["form"], page.context["choices"]):
        for name, field in form.fields.items():
            value = form.get_initial_for_field(field, name)
            if value not in (None, False, ""):
                sent[name] = str(value)
    return sent | changes


def test_a_file_is_handed_in_looked_at_and_taken_over_on_two_pages(ask, people, thermometer):
    number = thermometer.asset_number
    answer = ask("technician", "import_new", number, post={"file": handed_in(EXAMPLE)})
    assert answer.status_code == 302
    sha256 = answer.url.rstrip("/").rpartition("/")[2]
    assert Event.objects.latest("pk").verb == "device_certificate.file_received"
    page = ask("technician", "import_choose", number, sha256)
    text = page.content.decode()
    assert "没有电子签名" in text and "33.17 100.06 175.21 250.16 319.92" in text and "被校对象与台账不一致" not in text
    looked = ask("technician", "import_choose", number, sha256, post=chosen(page, preview="1", point="100.06"))
    assert "-0.089 K，U = 0.061 K（k = 2）" in looked.content.decode() and "<polyline" in looked.content.decode()
    assert not DeviceCertificate.objects.exists()
    assert ask("technician", "import_choose", number, sha256, post=chosen(page)).status_code == 302
    draft = DeviceCertificate.objects.get()
    assert [one.value for one in draft.values.order_by("pk")] == ["-0.072", "-0.089", "-0.107", "0.009", "0.084"]
    compared = ask("quality_manager", "certificate_confirm", draft.pk)
    assert "-0.107" in compared.content.decode() and "变号" in compared.content.decode()
    assert ask("quality_manager", "certificate_confirm", draft.pk, post={"head": "on"}).status_code == 422
    assert ask("quality_manager", "certificate_confirm", draft.pk, post=comparison(draft)).status_code == 302
    draft.refresh_from_db()
    assert {row["way"] for row in draft.checking["rows"]} == {"ticked"}
    given = ask("auditor", "certificate_data", draft.pk)
    assert given.content == EXAMPLE and given["Content-Type"] == "application/xml"
    assert given["Content-Disposition"].startswith("attachment;") and "sandbox" in given["Content-Security-Policy"]
    shown = ask("auditor", "device", number).content.decode()
    assert "Pt 100 thermometer" in shown and "证书未载" in shown


def test_another_item_is_named_on_the_page_and_taken_with_a_reason_only(ask, people):
    device = register_meter(people)
    sha256 = services.receive_dcc(device, EXAMPLE, by=people.technician).sha256
    page = ask("technician", "import_choose", device.asset_number, sha256)
    assert "台账为“S-BZ-001”" in page.content.decode()
    refused = ask("technician", "import_choose", device.asset_number, sha256, post=chosen(page))
    assert refused.status_code == 422 and "other_item" in refused.content.decode()
    post = chosen(page, identity_note="编号见铭牌照片")
    assert ask("technician", "import_choose", device.asset_number, sha256, post=post).status_code == 302


HOSTILE = {
    "laughs": b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>',
    "encoding": EXAMPLE.decode().encode("utf-16"),
    "empty": b" ",
    "pdf": b"%PDF-1.7",
    "large": b" " * (11 * 1024 * 1024),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_file_that_is_no_dcc_gives_a_sentence_on_the_page_and_keeps_nothing(ask, people, thermometer, name):
    answer = ask("technician", "import_new", thermometer.asset_number, post={"file": handed_in(HOSTILE[name])})
    assert answer.status_code in (200, 422)
    assert "dcc_unreadable" in answer.content.decode() or "文件超过 10 MB" in answer.content.decode()
    assert not StoredFile.objects.exists()


def test_odd_numbers_are_told_on_the_page_with_their_path_and_cannot_be_chosen(ask, people):
    odd = dcc_of(quantity(listed("1,5 NaN 3")) + quantity(listed("1 2 3", unit=r"\furlong"), id="a"))
    device = register_meter(people)
    sha256 = services.receive_dcc(device, odd, by=people.technician).sha256
    page = ask("technician", "import_choose", device.asset_number, sha256)
    text = page.content.decode()
    assert "小数逗号" in text and r"\furlong" in text and "dcc:quantity[1]/si:realListXMLList" in text
    assert page.context["choices"].lines == []
    post = {"name-0": "correction", "number": "1", "issuer": "x", "kind": "calibration", "outcome": "none"}
    answer = ask(
        "technician", "import_choose", device.asset_number, sha256, post=post | {"calibrated_on": "2026-10-01"}
    )
    assert answer.status_code == 302 and not DeviceCertificate.objects.get().values.exists()


def test_who_may_import_and_what_strangers_are_told(ask, people, thermometer):
    sha256 = services.receive_dcc(thermometer, EXAMPLE, by=people.technician).sha256
    for who in ROLES:
        wanted = 200 if who in ("technician", "technical_lead", "quality_manager") else 422
        for name, more in (("import_new", []), ("import_choose", [sha256])):
            assert ask(who, name, thermometer.asset_number, *more).status_code == wanted, (who, name)
    assert ask(None, "import_new", thermometer.asset_number).status_code == 302
    assert ask("technician", "import_choose", thermometer.asset_number, "0" * 64).status_code == 404
    with pytest.raises(Refused):
        services.receive_dcc(thermometer, EXAMPLE, by=people.auditor)


def test_the_import_page_takes_few_queries(client, people, thermometer, django_assert_max_num_queries):
    sha256 = services.receive_dcc(thermometer, EXAMPLE, by=people.technician).sha256
    client.force_login(people.technician)
    with django_assert_max_num_queries(9):
        client.get(reverse("standards:import_choose", args=[thermometer.asset_number, sha256]))

"""What is right but incomplete is supplemented: a numbered document of three people that names the certificate, which stays."""

import json

import pytest
from django.db import IntegrityError, transaction

from certificates import selectors
from certificates.models import Certificate, Supplement
from certificates.sealing import verify
from certificates.services import correcting, reissue, replace_by, supplements, void_number, withdraw
from certificates.services.sealing import sealer
from lims.audit.models import Event
from lims.core import jobs
from lims.core.text import Refused
from lims.people.models import Role, UserRole
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
TEXT = {"text": "补充：检定时环境噪声低于 60 dB。", "text_en": "Added: the ambient noise was below 60 dB."}


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def original(lab):
    return certificate(lab)


def issued(lab, original, *, sealed=True):
    made = supplements.draft(original, by=lab.technician, **TEXT)
    supplements.check(made, by=lab.checker)
    document = supplements.approve(made, by=lab.approver, password=factories.PASSWORD)
    if sealed:
        jobs.run_due()
        document.refresh_from_db()
    return document


def codes(refused):
    return [one.code for one in refused.value.reasons]


def test_a_supplement_has_its_own_number_and_names_the_certificate_which_stays(lab, original, text_of):
    before = selectors.pdf(original)
    document = issued(lab, original)
    assert (document.number, document.kind, document.state) == (f"{original.number}-B1", "supplement", "issued")
    text = text_of(selectors.pdf(document))
    for words in (f"本文件是对证书编号 {original.number} 的补充", TEXT["text"], "检定员甲", "核验员丙", "批准人丁"):
        assert words in text
    assert "未作调整" not in text and "检定结果仅" not in text
    original.refresh_from_db()
    assert original.state == Certificate.State.ISSUED and selectors.pdf(original) == before
    assert issued(lab, original).number == f"{original.number}-B2"


def test_it_is_sealed_and_logged_like_every_document(lab, original):
    document = issued(lab, original)
    assert verify(selectors.pdf(document), sealer().root_pem()).good
    public = [json.loads(one.public) for one in Event.objects.filter(object_id=str(document.pk)).order_by("pk")]
    assert public == [
        {"cert": document.number},
        {"cert": document.number, "pdf": selectors.sealed(document).file_id},
    ]


def test_three_different_people_stand_on_it(lab, original):
    for user in (lab.technician, lab.checker):
        UserRole.objects.create(user=user, role=Role.APPROVER)
        factories.authorise(user, "approve")
    UserRole.objects.create(user=lab.technician, role=Role.CHECKER)
    made = supplements.draft(original, by=lab.technician, **TEXT)
    with pytest.raises(Refused) as refused:
        supplements.check(made, by=type(lab.technician).objects.get(pk=lab.technician.pk))
    assert codes(refused) == ["same_person"]
    supplements.check(made, by=lab.checker)
    for user in (lab.technician, lab.checker):
        with pytest.raises(Refused) as refused:
            supplements.approve(made, by=type(user).objects.get(pk=user.pk), password=factories.PASSWORD)
        assert codes(refused) == ["same_person"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Supplement.objects.filter(pk=made.pk).update(approver=lab.checker)


@pytest.mark.parametrize("who", ["lead", "auditor", "customer", "stranger", "receptionist"])
def test_only_technicians_draft(lab, original, who):
    with pytest.raises(Refused) as refused:
        supplements.draft(original, by=getattr(lab, who), **TEXT)
    assert codes(refused) == ["role_missing"]


def test_approval_proves_the_person_and_a_wrong_password_takes_no_number(lab, original):
    made = supplements.draft(original, by=lab.technician, **TEXT)
    with pytest.raises(Refused):
        supplements.approve(made, by=lab.approver, password=factories.PASSWORD)  # not checked yet
    supplements.check(made, by=lab.checker)
    with pytest.raises(Refused) as refused:
        supplements.approve(made, by=lab.approver, password="wrong")
    assert codes(refused) == ["not_proved"]
    assert not Certificate.objects.filter(kind="supplement").exists()


def test_both_languages_and_printable_characters_are_asked_for_at_once(lab, original):
    with pytest.raises(Refused) as refused:
        supplements.draft(original, by=lab.technician, text="只有中文", text_en=" ")
    assert codes(refused) == ["text_required"]
    with pytest.raises(Refused) as refused:
        supplements.draft(original, by=lab.technician, text="噪声\U0001f600", text_en="noise")
    assert "\U0001f600" in refused.value.reasons[0].text.zh
    assert not Supplement.objects.exists()


def test_a_dropped_draft_issues_nothing(lab, original):
    made = supplements.draft(original, by=lab.technician, **TEXT)
    with pytest.raises(Refused):
        supplements.drop(made, by=lab.checker, reason="")
    supplements.drop(made, by=lab.checker, reason="与记录不符")
    with pytest.raises(Refused) as refused:
        supplements.check(made, by=lab.checker)
    assert codes(refused) == ["changed_meanwhile"]


def test_the_text_of_a_draft_cannot_be_changed(lab, original):
    made = supplements.draft(original, by=lab.technician, **TEXT)
    with pytest.raises(IntegrityError), transaction.atomic():
        Supplement.objects.filter(pk=made.pk).update(text="别的")


def test_a_supplement_shares_the_fate_of_its_certificate(lab, original):
    document, late = issued(lab, original), issued(lab, original, sealed=False)
    new = certificate_later(lab)
    replace_by(original, new, by=lab.lead, reason="地址有误")
    document.refresh_from_db()
    assert (document.state, document.replaced_by) == ("replaced", new)
    jobs.run_due()
    late.refresh_from_db()
    assert (late.state, late.replaced_by) == ("replaced", new)


def certificate_later(lab):
    made = certificate(lab, sealed=False)
    jobs.run(jobs.Job.objects.get(key=f"seal:{made.number}").pk)
    made.refresh_from_db()
    return made


def test_one_withdrawn_while_its_supplement_is_sealed_takes_it_along(lab, original):
    document = issued(lab, original, sealed=False)
    withdraw(original, by=lab.lead, reason="标准器失准")
    jobs.run_due()
    document.refresh_from_db()
    assert (document.state, document.state_reason) == ("withdrawn", "标准器失准")


def test_a_supplement_alone_is_withdrawn_but_not_corrected_supplemented_or_replaced(lab, original):
    document = issued(lab, original)
    for deed in (
        lambda: correcting.open_correction(document, by=lab.lead, reason="x"),
        lambda: supplements.draft(document, by=lab.technician, **TEXT),
        lambda: replace_by(document, original, by=lab.lead, reason="x"),
    ):
        with pytest.raises(Refused) as refused:
            deed()
        assert codes(refused) == ["is_supplement"]
    withdraw(document, by=lab.lead, reason="补充有误")
    original.refresh_from_db()
    assert (document.state, original.state) == ("withdrawn", "issued")


def test_a_voided_number_of_a_supplement_is_followed_by_the_next_one_and_the_task_stays_as_it_is(lab, original):
    document = issued(lab, original, sealed=False)
    void_number(document, by=lab.lead, reason="排版无法完成")
    assert factories.fresh(original.task).state == "issued"
    anew = reissue(document, by=lab.approver)
    assert (document.state, anew.number) == ("void", f"{original.number}-B2")
    assert Supplement.objects.get().document == anew
    with pytest.raises(Refused) as refused:
        reissue(document, by=lab.approver)
    assert codes(refused) == ["nothing_to_reissue"]


def test_a_replaced_certificate_is_not_supplemented(lab, original):
    withdraw(original, by=lab.lead, reason="x")
    with pytest.raises(Refused) as refused:
        supplements.draft(original, by=lab.technician, **TEXT)
    assert codes(refused) == ["not_standing"]

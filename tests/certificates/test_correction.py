"""A wrong certificate is answered by a correct one under a new number; the old one stays, and everybody is told."""

import json
import smtplib

import pytest
from django.core import mail
from django.db import IntegrityError, transaction

from certificates import selectors
from certificates.models import Certificate, Correction, Recall, RecallMail
from certificates.services import correcting, notices, reissue, replace_by, void_number, withdraw
from instruments.models import Task
from instruments.services import recording, work
from lims.audit.models import Event
from lims.core import jobs
from lims.core.models import Job
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import approve, certificate

pytestmark = pytest.mark.django_db
WHY = "客户名称有误"


@pytest.fixture
def lab():
    found = factories.laboratory()
    found.alpha.email = "office@alpha.example"
    found.alpha.save()
    found.customer.email = "user@alpha.example"
    found.customer.save()
    return found


@pytest.fixture
def wrong(lab):
    return certificate(lab)


def once_more(lab, wrong, *, sealed=True):
    """Records, checks and approves the task of a certificate under correction again."""
    task = factories.fresh(wrong.task)
    record = recording.start(task, by=lab.technician, version=task.version, seen=True)
    record = recording.submit(task, by=lab.technician, version=factories.fresh(task).version)
    work.check(task, by=lab.checker, version=factories.fresh(task).version, record_sha256=record.sha256)
    made = approve(lab, record)
    if sealed:
        jobs.run_due()
        made.refresh_from_db()
    wrong.refresh_from_db()
    return made


def codes(refused):
    return [one.code for one in refused.value.reasons]


def test_the_corrected_certificate_has_a_new_number_and_names_the_wrong_one_on_its_face(lab, wrong, text_of):
    lab.alpha.name = "甲充电（更正）有限公司"
    lab.alpha.save()
    correcting.open_correction(wrong, by=lab.approver, reason=WHY)
    assert wrong.state == Certificate.State.ISSUED
    made = once_more(lab, wrong)
    assert made.number != wrong.number and made.record.attempt == 2
    facts = json.loads(made.facts)
    assert facts["replaces"] == wrong.number and facts["client"]["name"] == "甲充电（更正）有限公司"
    assert f"本证书代替证书编号 {wrong.number}" in text_of(selectors.pdf(made))
    assert (wrong.state, wrong.replaced_by, wrong.state_reason) == ("replaced", made, WHY)
    assert Correction.objects.get().state == Correction.State.DONE


def test_nothing_of_the_wrong_one_is_deleted(lab, wrong):
    before, facts = selectors.pdf(wrong), wrong.facts
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    once_more(lab, wrong)
    assert selectors.pdf(wrong) == before and wrong.facts == facts
    assert wrong.record.task.records.count() == 2


def test_the_wrong_one_is_replaced_in_the_transaction_that_issues_the_correct_one(lab, wrong, monkeypatch):
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    made = once_more(lab, wrong, sealed=False)
    assert (wrong.state, made.state) == ("issued", "sealing")
    with monkeypatch.context() as broken:
        broken.setattr(notices, "recall", lambda *a, **k: (_ for _ in ()).throw(OSError("power cut")))
        jobs.run_due()
    made.refresh_from_db()
    wrong.refresh_from_db()
    assert (wrong.state, made.state) == ("issued", "sealing")
    Job.objects.update(due_at=made.taken_at)
    jobs.run_due()
    made.refresh_from_db()
    wrong.refresh_from_db()
    assert (wrong.state, made.state) == ("replaced", "issued")
    public = json.loads(Event.objects.get(verb="certificate.replaced").public)
    assert public == {"cert": wrong.number, "by": made.number}


@pytest.mark.parametrize("who", ["technician", "checker", "auditor", "customer", "stranger", "administrator"])
def test_a_correction_is_opened_by_lead_quality_manager_or_approver_only(lab, wrong, who):
    with pytest.raises(Refused):
        correcting.open_correction(wrong, by=getattr(lab, who), reason=WHY)
    assert Task.objects.get(pk=wrong.task_id).state == Task.State.ISSUED


def test_a_correction_wants_a_reason_and_there_is_one_at_a_time(lab, wrong):
    with pytest.raises(Refused) as refused:
        correcting.open_correction(wrong, by=lab.lead, reason=" ")
    assert codes(refused) == ["reason_required"]
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    with pytest.raises(Refused) as refused:
        correcting.open_correction(wrong, by=lab.approver, reason=WHY)
    assert codes(refused) == ["correction_open"]
    with pytest.raises(IntegrityError), transaction.atomic():
        Correction.objects.create(certificate=wrong, reason=WHY, opened_by=lab.lead, opened_at=wrong.taken_at)


def test_a_correction_that_is_not_needed_is_given_up_and_the_certificate_stands(lab, wrong):
    opened = correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    with pytest.raises(Refused) as refused:
        work.cancel(wrong.task, by=lab.lead, version=factories.fresh(wrong.task).version, reason="不需要了")
    assert codes(refused) == ["certificate_is_out"]
    correcting.give_up(opened, by=lab.approver, reason="内容无误")
    wrong.refresh_from_db()
    assert wrong.state == Certificate.State.ISSUED
    assert Task.objects.get(pk=wrong.task_id).state == Task.State.ISSUED
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    assert once_more(lab, wrong).state == Certificate.State.ISSUED


def test_while_a_correction_is_open_no_other_certificate_takes_the_place(lab):
    first = certificate(lab)
    second = certificate(lab)
    correcting.open_correction(first, by=lab.lead, reason=WHY)
    with pytest.raises(Refused) as refused:
        replace_by(first, second, by=lab.lead, reason=WHY)
    assert codes(refused) == ["correction_open"]


def test_one_withdrawn_meanwhile_stays_withdrawn_and_names_its_successor(lab, wrong):
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    withdraw(wrong, by=lab.quality, reason="结论有误")
    made = once_more(lab, wrong)
    assert (wrong.state, wrong.replaced_by, wrong.state_reason) == ("withdrawn", made, "结论有误")


def test_a_voided_number_replaces_nothing(lab, wrong):
    opened = correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    made = once_more(lab, wrong, sealed=False)
    void_number(made, by=lab.lead, reason="排版无法完成")
    jobs.run_due()
    wrong.refresh_from_db()
    opened.refresh_from_db()
    assert (wrong.state, opened.state, opened.successor) == ("issued", "open", None)
    anew = reissue(made, by=lab.approver)
    jobs.run_due()
    wrong.refresh_from_db()
    opened.refresh_from_db()
    assert (wrong.replaced_by, opened.state, json.loads(anew.facts)["replaces"]) == (anew, "done", wrong.number)


# 召回通知
def test_withdrawing_tells_every_address_of_the_customer_once_in_both_languages(lab, wrong):
    withdraw(wrong, by=lab.lead, reason="标准器失准")
    jobs.run_due()
    assert sorted(one.to[0] for one in mail.outbox) == ["office@alpha.example", "user@alpha.example"]
    letter = mail.outbox[0]
    assert wrong.number in letter.subject and "withdrawn" in letter.subject
    for words in ("标准器失准", "不得再使用", "must no longer be used", "/portal/notices/", wrong.token):
        assert words in letter.body
    notices.recall(wrong, by=lab.lead)
    jobs.run_due()
    assert len(mail.outbox) == 2
    assert set(RecallMail.objects.values_list("state", "attempts")) == {("sent", 1)}


def test_replacement_names_the_successor_in_the_letter(lab, wrong):
    correcting.open_correction(wrong, by=lab.lead, reason=WHY)
    made = once_more(lab, wrong)
    assert f"替代它的证书：{made.number}" in mail.outbox[0].body and "replaced" in mail.outbox[0].subject


def test_a_mail_server_that_is_down_is_asked_again_with_the_same_message(lab, wrong, monkeypatch):
    withdraw(wrong, by=lab.lead, reason=WHY)
    sent = []

    def send(self, *a, **k):
        sent.append(self.extra_headers["Message-ID"])
        if len(sent) <= 2:
            raise ConnectionRefusedError("no route")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    jobs.run_due()
    assert set(RecallMail.objects.values_list("state", flat=True)) == {"waiting"}
    assert all("no route" in text for text in RecallMail.objects.values_list("last_error", flat=True))
    Job.objects.update(due_at=wrong.taken_at)
    jobs.run_due()
    assert sent[:2] == sent[2:] and set(RecallMail.objects.values_list("state", "attempts")) == {("sent", 2)}


def test_an_address_refused_for_good_is_named_and_not_tried_again(lab, wrong, monkeypatch):
    withdraw(wrong, by=lab.lead, reason=WHY)

    def send(self, *a, **k):
        raise smtplib.SMTPRecipientsRefused({self.to[0]: (550, b"no such user")})

    monkeypatch.setattr("django.core.mail.EmailMessage.send", send)
    jobs.run_due()
    assert set(RecallMail.objects.values_list("state", "last_error")) == {("refused", "550 no such user")}
    assert not Job.objects.filter(kind=notices.JOB, done_at=None).exists()


def test_production_without_a_mail_server_does_not_claim_to_have_sent(lab, wrong, settings):
    settings.PRODUCTION, settings.EMAIL_HOST = True, ""
    withdraw(wrong, by=lab.lead, reason=WHY)
    jobs.run_due()
    assert not mail.outbox and set(RecallMail.objects.values_list("state", flat=True)) == {"waiting"}


def test_only_the_customer_concerned_confirms_and_the_first_is_noted(lab, wrong):
    withdraw(wrong, by=lab.lead, reason=WHY)
    recall = Recall.objects.get()
    for who in ("lead", "auditor", "other_customer", "stranger"):
        with pytest.raises(Refused):
            notices.confirm_seen(recall, by=getattr(lab, who))
    notices.confirm_seen(recall, by=lab.customer)
    first = recall.seen_at
    notices.confirm_seen(recall, by=factories.person("second", "甲方另一人", lab.alpha, "customer"))
    assert (recall.seen_by, recall.seen_at) == (lab.customer, first)
    assert Event.objects.filter(verb="certificate.recall_seen").count() == 1

"""Submitting, checking and approving with one's own key: one record at a time, and a whole pile with one passphrase."""

import hashlib
import json
from types import SimpleNamespace

import pytest
from django.urls import reverse

from instruments.models import Task
from instruments.services import recording, signing, work
from instruments.services.signing import Seen
from lims.audit.models import Event
from lims.core.text import Refused
from lims.people.keys import acts
from lims.people.models import Signature
from lims.people.selectors import active_key, judged_signatures, signatures_of
from lims.people.services import keys
from lims.people.services.signing import from_jws
from tests import factories

pytestmark = pytest.mark.django_db
PASSPHRASE = "four unrelated words here"


def give_keys(lab: SimpleNamespace, *who: str) -> None:
    for name in who or ("technician", "checker", "approver"):
        person = getattr(lab, name)
        keys.create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def keyed(lab):
    give_keys(lab)
    return lab


@pytest.fixture
def required(settings):
    settings.PERSONAL_SIGNATURES = "required"


def ready(lab, serial="EV-0001"):
    """A complete draft of a pile."""
    if serial != "EV-0001":
        lab.pile = factories.pile(lab.alpha, serial)
    return factories.complete(factories.recording_(lab), lab.technician)


def submit(lab, record, **signed):
    return recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version, **signed)


def submitted(lab, serial="EV-0001"):
    return submit(lab, ready(lab, serial), passphrase=PASSPHRASE)


def codes(deed, *arguments, **named):
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    return [one.code for one in caught.value.reasons]


def test_three_people_sign_the_very_record_and_each_signature_verifies_alone(keyed, required):
    record = submitted(keyed)
    task = factories.fresh(record.task)
    seen = {"record_sha256": record.sha256, "passphrase": PASSPHRASE}
    task = work.check(task, by=keyed.checker, version=task.version, **seen)
    work.approve(task, by=keyed.approver, version=task.version, **seen)
    from cryptography import x509

    roots = x509.load_pem_x509_certificates(keys.persons_ca_pem())
    found = [acts.verify(one.jws, roots).act for one in signatures_of(f"record:{record.number}")]
    assert [(one.act, one.person, one.record, one.record_sha256, one.task) for one in found] == [
        (act, str(person.pk), record.number, record.sha256, task.number)
        for act, person in (("submit", keyed.technician), ("check", keyed.checker), ("approve", keyed.approver))
    ]
    # The event of the act names its signature: the log proves that it was there then.
    signature = Signature.objects.get(act="approve")
    payload = json.loads(Event.objects.get(verb="task.approve").payload)
    assert payload["signature"] == hashlib.sha256(signature.jws.encode()).hexdigest()
    assert (payload["key"], payload["proof"]) == (active_key(keyed.approver).fingerprint, "signature")


def test_a_wrong_or_missing_passphrase_submits_nothing(keyed):
    record = ready(keyed)
    assert codes(submit, keyed, record) == ["passphrase_needed"]
    assert codes(submit, keyed, record, passphrase="wrong words") == ["wrong_passphrase"]
    record.refresh_from_db()
    assert record.state == "draft" and not Signature.objects.exists()
    assert submit(keyed, record, passphrase=PASSPHRASE).state == "frozen"


def test_where_keys_are_required_nobody_acts_without_one(lab, required):
    record = ready(lab)
    assert codes(submit, lab, record) == ["no_key"]
    give_keys(lab, "technician")
    record = submit(lab, record, passphrase=PASSPHRASE)
    task = factories.fresh(record.task)
    assert codes(work.check, task, by=lab.checker, version=task.version, record_sha256=record.sha256) == ["no_key"]
    give_keys(lab, "checker")
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE)
    # The sign-in password is no substitute where a key is required.
    approve = {"by": lab.approver, "version": task.version, "record_sha256": record.sha256}
    assert codes(work.approve, task, **approve, password=factories.PASSWORD) == ["no_key"]
    assert codes(work.approve, task, **approve, reauthenticated=True) == ["no_key"]


def test_where_keys_are_offered_whoever_has_one_uses_it(lab):
    record = submit(lab, ready(lab))
    task = factories.fresh(record.task)
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    give_keys(lab, "approver")
    approve = {"by": lab.approver, "version": task.version, "record_sha256": record.sha256}
    assert codes(work.approve, task, **approve, password=factories.PASSWORD) == ["passphrase_needed"]
    work.approve(task, **approve, passphrase=PASSPHRASE)
    assert [one.act for one in signatures_of(f"record:{record.number}")] == ["approve"]


def test_a_refused_act_leaves_no_signature_and_a_refused_signature_no_act(keyed, monkeypatch):
    record = submitted(keyed)
    task = factories.fresh(record.task)
    seen = {"version": task.version, "record_sha256": record.sha256}
    signer = keys.unlock(keyed.technician, PASSPHRASE)
    # The technician is not the checker.
    assert "role_missing" in codes(work.check, task, by=keyed.technician, signer=signer, **seen)
    # The checker's key is reported lost between opening and signing.
    signer = keys.unlock(keyed.checker, PASSPHRASE)
    keys.revoke(active_key(keyed.checker), by=keyed.checker, why_code="suspected")
    assert codes(work.check, task, by=keyed.checker, signer=signer, **seen) == ["key_ended"]
    assert factories.fresh(task).state == "submitted"
    assert list(Signature.objects.values_list("act", flat=True)) == ["submit"]


def test_a_returned_record_keeps_its_signature_and_the_next_attempt_gets_its_own(keyed):
    record = submitted(keyed)
    task = work.return_(
        factories.fresh(record.task), by=keyed.checker, version=factories.fresh(record.task).version, reason="请复核"
    )
    again = recording.start(task, by=keyed.technician, version=task.version, serial=keyed.pile.serial)
    again = submit(keyed, again, passphrase=PASSPHRASE)
    assert again.number != record.number
    for one in (record, again):
        (judged,) = judged_signatures(f"record:{one.number}", one.sha256)
        assert judged.fault is None


def test_a_pile_is_checked_with_one_passphrase_and_the_changed_one_is_named(keyed):
    records = [submitted(keyed, serial) for serial in ("EV-0001", "EV-0002", "EV-0003")]
    pile = [Seen(one.task, factories.fresh(one.task).version, one.sha256) for one in records]
    # Meanwhile somebody returns the second; the third is shown with another digest.
    second = factories.fresh(records[1].task)
    work.return_(second, by=keyed.colleague, version=second.version, reason="重做")
    pile[2] = Seen(pile[2].task, pile[2].version, "0" * 64)
    assert codes(signing.check_many, pile, by=keyed.checker, passphrase="wrong words") == ["wrong_passphrase"]
    outcomes = signing.check_many(pile, by=keyed.checker, passphrase=PASSPHRASE)
    assert [[why.code for why in one.reasons] for one in outcomes] == [[], ["changed_meanwhile"], ["other_record"]]
    assert [factories.fresh(one.task).state for one in records] == ["checked", "returned", "submitted"]
    assert Signature.objects.filter(act="check").count() == 1


def test_approvals_are_signed_at_once_and_done_one_by_one_later(keyed):
    records = [submitted(keyed, serial) for serial in ("EV-0001", "EV-0002")]
    for record in records:
        task = factories.fresh(record.task)
        work.check(task, by=keyed.checker, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE)
    pairs = [(record.task, record.sha256) for record in records]
    first, second = signing.sign_approvals(pairs, by=keyed.approver, passphrase=PASSPHRASE)
    assert not Signature.objects.filter(act="approve").exists()
    task = factories.fresh(records[0].task)
    seen = {"by": keyed.approver, "version": task.version, "record_sha256": records[0].sha256}
    # The signature of the other record does not do, nor somebody else's hand.
    assert codes(work.approve, task, signature=second, **seen) == ["signature_unfit"]
    # Kept as text by a job, and read again by it.
    assert work.approve(task, signature=from_jws(first.jws), **seen).state == Task.State.APPROVED
    keys.revoke(active_key(keyed.approver), by=keyed.approver, why_code="suspected")
    task = factories.fresh(records[1].task)
    seen = {"by": keyed.approver, "version": task.version, "record_sha256": records[1].sha256}
    assert codes(work.approve, task, signature=second, **seen) == ["key_ended"]
    assert factories.fresh(task).state == Task.State.CHECKED


def test_a_signature_over_what_the_page_showed_does_not_approve_what_is_there_now(keyed):
    record = submitted(keyed)
    task = factories.fresh(record.task)
    task = work.check(task, by=keyed.checker, version=task.version, record_sha256=record.sha256, passphrase=PASSPHRASE)
    (signature,) = signing.sign_approvals([(task, "0" * 64)], by=keyed.approver, passphrase=PASSPHRASE)
    seen = {"by": keyed.approver, "version": task.version, "signature": signature}
    assert codes(work.approve, task, record_sha256="0" * 64, **seen) == ["other_record"]
    assert codes(work.approve, task, record_sha256=record.sha256, **seen) == ["signature_unfit"]


# ---- Pages ----------------------------------------------------------------------------------------------------------


def page_of(client, user, name, *args):
    client.force_login(user)
    return client.get(reverse(f"instruments:{name}", args=args)).content.decode()


def send(client, user, name, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"instruments:{name}", args=args), data)


def test_pages_ask_for_the_passphrase_only_where_it_is_needed(client, lab, settings):
    record = ready(lab)
    assert 'name="passphrase"' not in page_of(client, lab.technician, "record_sheet", record.pk)
    settings.PERSONAL_SIGNATURES = "required"
    page = page_of(client, lab.technician, "record_sheet", record.pk)
    assert 'name="passphrase"' not in page and "创建签名密钥" in page and "提交核验" not in page
    give_keys(lab, "technician")
    page = page_of(client, lab.technician, "record_sheet", record.pk)
    assert page.count('name="passphrase"') == 1 and "提交核验" in page
    # Somebody who only reads is not asked.
    assert 'name="passphrase"' not in page_of(client, lab.lead, "record_sheet", record.pk)


def test_the_line_on_pages_with_keys(client, keyed, required):
    record = ready(keyed)
    number, version = record.task.number, factories.fresh(record.task).version
    wrong = send(client, keyed.technician, "record_submit", record.pk, version=version, passphrase="my wrong words")
    assert wrong.status_code == 422 and "签名口令不正确" in wrong.content.decode()
    assert "my wrong words" not in wrong.content.decode()
    done = send(client, keyed.technician, "record_submit", record.pk, version=version, passphrase=PASSPHRASE)
    assert done.status_code == 302
    record.refresh_from_db()
    review = page_of(client, keyed.checker, "task_check", number)
    assert review.count('name="passphrase"') == 1 and "签名有效" in review
    assert active_key(keyed.technician).fingerprint[:16] in review
    seen = {"version": version + 1, "record_sha256": record.sha256}
    assert send(client, keyed.checker, "task_check", number, **seen).status_code == 422
    assert send(client, keyed.checker, "task_check", number, **seen, passphrase=PASSPHRASE).status_code == 302
    approval = page_of(client, keyed.approver, "task_approve", number)
    assert approval.count('name="passphrase"') == 1 and 'name="password"' not in approval
    for name in ("record_sheet", "record_print"):
        assert page_of(client, keyed.auditor, name, record.pk).count("签名有效") == 2


def test_the_pile_page_shows_what_waits_and_signs_what_is_ticked(client, keyed):
    records = [submitted(keyed, serial) for serial in ("EV-0001", "EV-0002")]
    page = page_of(client, keyed.checker, "check_pile")
    shown = [f"{one.task.number} {factories.fresh(one.task).version} {one.sha256}" for one in records]
    assert all(f'value="{one}"' in page for one in shown)
    assert page.count('name="passphrase"') == 1
    assert "工作误差" in page  # the results themselves, not only a line about them
    assert send(client, keyed.checker, "check_pile", passphrase=PASSPHRASE).status_code == 422
    forged = shown[1][:-64] + "0" * 64
    answer = send(client, keyed.checker, "check_pile", pile=[shown[0], forged, "nonsense"], passphrase=PASSPHRASE)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert f"{records[1].task.number} 未签名" in text and "已签名 1 份记录" in text
    assert [factories.fresh(one.task).state for one in records] == ["checked", "submitted"]
    approve = page_of(client, keyed.approver, "approve_pile")
    assert records[0].number in approve and records[1].number not in approve


def test_the_pile_is_for_checkers_and_approvers(client, keyed):
    for who in ("technician", "receptionist", "auditor", "customer", "stranger"):
        client.force_login(getattr(keyed, who))
        for name in ("check_pile", "approve_pile"):
            assert client.get(reverse(f"instruments:{name}")).status_code == 422
    assert "没有等您签名的记录" in page_of(client, keyed.checker, "check_pile")

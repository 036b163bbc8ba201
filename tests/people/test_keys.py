"""A person's own signing key: made, used, forgotten, guessed at, lost and revoked."""

import json
import re
from datetime import timedelta

import pytest
from cryptography import x509
from django.db import DatabaseError, connection, transaction
from django.urls import reverse

from lims.audit.models import Event
from lims.core.text import Refused, Text
from lims.people import probes, selectors
from lims.people.keys import acts, jws, revocations
from lims.people.keys.authority import PersonsAuthority
from lims.people.keys.errors import KeyFault
from lims.people.models import PersonalKey, Role, Signature
from lims.people.services import joining, keys, signing

PASSPHRASE = "four unrelated words here"
PASSWORD = "the sign-in password 9"
SAID = signing.Statement("check", "RW-2026-000001-1", "ab" * 32, "RW-2026-000001")


@pytest.fixture
def checker(people):
    people["checker"].set_password(PASSWORD)
    people["checker"].save()
    return people["checker"]


def make(person, **changes):
    given = {"by": person, "passphrase": PASSPHRASE, "reauthenticated": True} | changes
    return keys.create_key(person, **given)


@pytest.fixture
def key(checker):
    return make(checker)


def codes(caught):
    return [one.code for one in caught.value.reasons]


def refused(deed, *arguments, **named):
    with pytest.raises(Refused) as caught:
        deed(*arguments, **named)
    assert all(one.text.zh and one.text.en for one in caught.value.reasons)
    return codes(caught)


def keep(signature, said=SAID, *, by):
    with transaction.atomic():
        return signing.keep(signature, said, by=by)


def test_a_key_is_certified_for_its_person_and_locked_with_the_passphrase(key, checker):
    certificate = x509.load_pem_x509_certificate(key.certificate.encode())
    assert f"{certificate.serial_number:x}" == key.serial
    assert PASSPHRASE not in key.locked_key
    text = keys.unlock(checker, PASSPHRASE).sign(
        acts.Act("check", key.created_at, str(checker.pk), str(checker), "R-1", "ab" * 32, "R").payload()
    )
    roots = x509.load_pem_x509_certificates(keys.persons_ca_pem())
    assert acts.verify(text, roots).signature.subject.person == str(checker.pk)
    event = Event.objects.get(verb="key.created")
    assert json.loads(event.payload)["fingerprint"] == key.fingerprint and event.actor_id == str(checker.pk)


def test_a_key_is_made_by_its_owner_who_proves_himself_and_signs_in_his_work(people, checker):
    assert refused(make, checker, by=people["administrator"]) == ["not_own_key"]
    assert refused(make, checker, reauthenticated=False, password="wrong") == ["not_proved"]
    assert refused(make, people["receptionist"]) == ["role_missing"]
    assert make(checker, reauthenticated=False, password=PASSWORD)


@pytest.mark.parametrize(("passphrase", "code"), [("short", "passphrase_short"), ("12345678901", "passphrase_weak")])
def test_a_weak_passphrase_is_refused(checker, passphrase, code):
    assert refused(make, checker, passphrase=passphrase) == [code]


def test_who_has_no_key_or_types_no_passphrase_is_told_what_to_do(people, key, checker):
    assert refused(keys.unlock, people["approver"], PASSPHRASE) == ["no_key"]
    assert refused(keys.unlock, checker, "") == ["passphrase_needed"]


def test_guessing_closes_the_key_for_longer_and_longer_and_is_logged(key, checker, monkeypatch):
    now = key.created_at + timedelta(seconds=1)
    monkeypatch.setattr("lims.core.clock.now", lambda: now)
    for _try in range(keys.TRIES):
        assert refused(keys.unlock, checker, "wrong words") == ["wrong_passphrase"]
    # Closed: even the right passphrase is not tried.
    assert refused(keys.unlock, checker, PASSPHRASE) == ["too_many_attempts"]
    assert Event.objects.filter(verb="key.closed").count() == 1
    now += timedelta(minutes=5)
    for _try in range(keys.TRIES):
        assert refused(keys.unlock, checker, "wrong words") == ["wrong_passphrase"]
    now += timedelta(minutes=9)
    assert refused(keys.unlock, checker, PASSPHRASE) == ["too_many_attempts"]
    now += timedelta(minutes=1)
    assert keys.unlock(checker, PASSPHRASE)
    key.refresh_from_db()
    assert (key.tries, key.closed_until) == (0, None)


def test_tries_count_although_the_deed_is_undone(key, checker):
    """A guess inside a transaction that rolls back would be free; so it is not possible there."""
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        # The test's own transaction is marked as such; a deed's is not.
        connection.atomic_blocks[-1]._from_testcase = False
        keys.unlock(checker, "wrong words")


def test_another_passphrase_opens_the_same_key(key, checker):
    changed = keys.change_passphrase(checker, by=checker, old=PASSPHRASE, new="other words than before")
    assert changed.fingerprint == key.fingerprint
    assert refused(keys.unlock, checker, PASSPHRASE) == ["wrong_passphrase"]
    assert keys.unlock(checker, "other words than before").key == key
    assert refused(keys.change_passphrase, checker, by=checker, old="no idea", new="third words of mine") == [
        "wrong_passphrase"
    ]


def test_a_key_is_replaced_only_by_who_can_use_it(key, checker):
    assert refused(make, checker) == ["passphrase_needed"]
    assert refused(make, checker, old_passphrase="wrong") == ["wrong_passphrase"]
    new = make(checker, old_passphrase=PASSPHRASE)
    key.refresh_from_db()
    assert (key.state, key.locked_key, key.why_code) == ("superseded", "", "replaced")
    assert selectors.active_key(checker) == new


@pytest.mark.parametrize("who", ["checker", "quality_manager", "administrator"])
def test_owner_quality_manager_and_administrator_end_a_key(people, key, checker, who):
    keys.revoke(key, by=people[who], why_code="suspected", why="看到有人偷看")
    key.refresh_from_db()
    assert (key.state, key.locked_key, key.ended_by) == ("revoked", "", people[who])
    assert refused(keys.unlock, checker, PASSPHRASE) == ["no_key"]
    assert refused(keys.revoke, key, by=people[who], why_code="lost", why="再次") == ["already"]
    event = Event.objects.get(verb="key.revoked")
    assert json.loads(event.payload)["fingerprint"] == key.fingerprint


@pytest.mark.parametrize("who", ["technician", "technical_lead", "approver", "auditor"])
def test_others_do_not_end_a_key(people, key, who):
    assert "role_missing" in refused(keys.revoke, key, by=people[who], why_code="lost", why="x")


def test_another_s_key_is_ended_with_a_reason_one_s_own_with_what_happened(people, key, checker):
    assert refused(keys.revoke, key, by=people["administrator"], why_code="lost") == ["why_missing"]
    assert refused(keys.revoke, key, by=checker, why_code="replaced") == ["why_unknown"]
    assert keys.revoke(key, by=checker, why_code="lost")


def test_who_leaves_signs_no_more(people, key, checker):
    joining.leave(checker, by=people["administrator"], why="退休")
    key.refresh_from_db()
    assert (key.state, key.why_code) == ("revoked", "left")


def test_a_signature_is_kept_with_its_act_and_verifies_alone(key, checker):
    kept = keep(signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker)
    assert (kept.subject, kept.sha256, kept.key) == ("record:RW-2026-000001-1", "ab" * 32, key)
    (judged,) = selectors.judged_signatures(SAID.subject, SAID.record_sha256)
    assert (judged.fault, judged.ended) == (None, None)
    # Another digest of the record: the stored signature does not fit what stands there now.
    assert selectors.judged_signatures(SAID.subject, "cd" * 32)[0].fault


def test_what_was_signed_before_the_loss_stays_good(key, checker):
    keep(signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker)
    ended = keys.revoke(key, by=checker, why_code="lost")
    (judged,) = selectors.judged_signatures(SAID.subject, SAID.record_sha256)
    assert (judged.fault, judged.ended) == (None, ended.ended_at)
    roots = x509.load_pem_x509_certificates(keys.persons_ca_pem())
    listed = revocations.read(keys.revocation_list(), roots)
    assert revocations.check(acts.verify(judged.signature.jws, roots).signature, listed).why == "lost"


def test_a_key_revoked_a_moment_before_signs_nothing(key, checker):
    """Opened, then reported lost, then used: the opened key is still in memory, and yet nothing is kept."""
    opened = keys.unlock(checker, PASSPHRASE)
    keys.revoke(key, by=checker, why_code="suspected")
    assert refused(keep, signing.sign(opened, SAID), by=checker) == ["key_ended"]
    late = signing.sign(opened, SAID)
    roots = x509.load_pem_x509_certificates(keys.persons_ca_pem())
    listed = revocations.read(keys.revocation_list(), roots)
    act = acts.Act("check", late.at + timedelta(seconds=2), str(checker.pk), "n", "R", "ab" * 32, "R")
    with pytest.raises(KeyFault, match="key_revoked"):
        revocations.check(acts.verify(opened.sign(act.payload()), roots).signature, listed)
    assert not Signature.objects.exists()


def test_a_signature_of_another_record_act_task_or_person_is_not_kept(people, key, checker):
    signature = signing.sign(keys.unlock(checker, PASSPHRASE), SAID)
    for change in ({"record": "RW-2026-000002-1"}, {"act": "approve"}, {"record_sha256": "cd" * 32}, {"task": "RW-2"}):
        other = signing.Statement(**{**vars(SAID), **change})
        assert refused(keep, signature, other, by=checker) == ["signature_unfit"]
    assert refused(keep, signature, by=people["approver"]) == ["signature_unfit"]
    assert refused(signing.signer_of, people["approver"], "", keys.unlock(checker, PASSPHRASE)) == ["signature_unfit"]


def test_another_person_s_key_does_not_sign_in_my_name(people, key, checker):
    """The row says it is the checker's; the key in it is the technician's."""
    make(people["technician"])
    opened = keys.unlock(people["technician"], PASSPHRASE)
    act = acts.Act("check", key.created_at, str(checker.pk), str(checker), SAID.record, SAID.record_sha256, SAID.task)
    forged = Signature(key=key, jws=opened.sign(act.payload()))
    assert refused(keep, forged, by=checker) == ["signature_unfit"]


def test_a_pre_made_signature_does_not_wait_for_ever(key, checker, monkeypatch):
    signature = signing.sign(keys.unlock(checker, PASSPHRASE), SAID)
    again = signing.from_jws(signature.jws)
    assert (again.key, again.person, again.at) == (key, checker, signature.at)
    later = signature.at + timedelta(hours=24, seconds=1)
    monkeypatch.setattr("lims.core.clock.now", lambda: later)
    assert refused(keep, again, by=checker) == ["signature_unfit"]
    monkeypatch.setattr("lims.core.clock.now", lambda: signature.at - timedelta(minutes=1))
    assert refused(keep, again, by=checker) == ["signature_unfit"]


def test_a_stranger_s_text_is_no_signature(key, checker):
    head, payload, _signature = signing.sign(keys.unlock(checker, PASSPHRASE), SAID).jws.split(".")
    for text in ("", "a.b.c", f"{head}.{payload}.", f"{head}.{payload}.{'A' * 86}"):
        assert refused(signing.from_jws, text) == ["signature_unfit"]


def test_the_database_refuses_to_change_what_was_signed(key, checker):
    keep(signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker)
    for change in (
        lambda: Signature.objects.update(jws="x"),
        lambda: Signature.objects.all().delete(),
        lambda: PersonalKey.objects.update(certificate="x"),
        lambda: PersonalKey.objects.filter(pk=key.pk)._raw_delete("default"),
        # An ended key keeps no private key.
        lambda: PersonalKey.objects.update(state="revoked", ended_at=key.created_at),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_an_altered_row_shows_as_not_verifying(key, checker):
    """Whoever lifts the trigger can write a row, but not a signature."""
    signature = keep(signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker)
    head, _payload, tail = signature.jws.split(".")
    act = acts.Act("check", signature.at, str(checker.pk), str(checker), "RW-2026-000009-1", "ab" * 32, "T")
    forged = f"{head}.{jws._encode(act.payload())}.{tail}"
    Signature.objects.create(
        act="check",
        subject="record:RW-2026-000009-1",
        sha256="ab" * 32,
        jws=forged,
        person=checker,
        key=key,
        at=signature.at,
    )
    (judged,) = selectors.judged_signatures("record:RW-2026-000009-1", "ab" * 32)
    assert "改动" in judged.fault.zh


def test_a_lost_keys_directory_is_told_and_makes_no_second_authority(key, checker, people, settings, tmp_path):
    keep(signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker)
    assert isinstance(probes.authority_certified_the_keys(), Text)
    kept, settings.KEYS_DIR = settings.KEYS_DIR, tmp_path / "empty"
    assert probes.authority_certified_the_keys().code == "persons_authority_unusable"
    assert refused(make, people["technician"]) == ["authority_unusable"]
    assert refused(keep, signing.sign(keys.unlock(checker, PASSPHRASE), SAID), by=checker) == ["signature_unfit"]
    assert selectors.judged_signatures(SAID.subject, SAID.record_sha256)[0].fault
    assert not settings.KEYS_DIR.exists()
    # Another authority of the same name lies there: the earlier keys are not its own.
    PersonsAuthority.open(settings.KEYS_DIR, institute="测试所", demonstration=True, at=key.created_at)
    assert probes.authority_certified_the_keys().code == "persons_authority_lost"
    settings.KEYS_DIR = kept
    assert selectors.judged_signatures(SAID.subject, SAID.record_sha256)[0].fault is None


# ---- Pages ----------------------------------------------------------------------------------------------------------


def test_a_person_makes_the_own_key_and_comes_back_to_where_it_was_needed(client, checker):
    client.force_login(checker)
    page = client.get(reverse("people:my_key"), {"next": "/tasks/"}).content.decode()
    assert 'value="/tasks/"' in page and 'autocomplete="new-password"' in page
    given = {"passphrase": PASSPHRASE, "again": PASSPHRASE, "password": PASSWORD}
    address = reverse("people:my_key")
    assert client.post(address, {**given, "again": "different words"}).status_code == 422
    assert client.post(address, {**given, "password": "wrong"}).status_code == 422
    answer = client.post(address, {**given, "next": "/tasks/"})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/tasks/")
    key = selectors.active_key(checker)
    page = client.get(address).content.decode()
    assert key.fingerprint in page and PASSPHRASE not in page
    assert (
        client.post(address, {**given, "old_passphrase": PASSPHRASE, "next": "https://evil.example/"}).headers[
            "Location"
        ]
        == address
    )


def test_nothing_secret_comes_back_on_a_page(client, checker, key):
    client.force_login(checker)
    given = {"passphrase": "new words not the old", "again": "new words not the old", "old_passphrase": "wrong words"}
    page = client.post(reverse("people:my_passphrase"), given)
    assert page.status_code == 422
    assert not re.search("new words|wrong words", page.content.decode())


def test_the_passphrase_is_changed_and_the_loss_reported_on_pages(client, checker, key):
    client.force_login(checker)
    given = {"passphrase": "new words not the old", "again": "new words not the old", "old_passphrase": PASSPHRASE}
    assert client.post(reverse("people:my_passphrase"), given).status_code == 302
    assert keys.unlock(checker, "new words not the old")
    address = reverse("people:revoke_key", args=[key.fingerprint])
    assert "left" not in client.get(address).content.decode().split("why_code")[-1]
    assert client.post(address, {"why_code": "lost"}).status_code == 302
    assert selectors.active_key(checker) is None


@pytest.mark.parametrize("role", Role.values)
def test_who_sees_and_ends_whose_key(client, people, key, role):
    client.force_login(people[role])
    address = reverse("people:revoke_key", args=[key.fingerprint])
    answer = client.get(address)
    expected = 200 if role in {"checker", "quality_manager", "administrator"} else 404 if role == "customer" else 422
    assert answer.status_code == expected
    page = client.get(reverse("people:person", args=["checker"]))
    if page.status_code == 200:
        assert key.fingerprint[:16] in page.content.decode()
        assert (address in page.content.decode()) == (expected == 200)
    mine = client.get(reverse("people:my_key"))
    assert mine.status_code == (200 if role in {"technician", "checker", "approver"} else 422)


def test_authority_and_list_are_handed_out(client, people, key):
    client.force_login(people["auditor"])
    root = x509.load_pem_x509_certificates(client.get(reverse("people:persons_ca")).content)
    assert revocations.read(client.get(reverse("people:revoked_keys")).content, root).issuer == root[0].subject

"""The four answers of the server: by digest for browsers and other machines, by upload for browsers without JavaScript."""

import json
from base64 import b64decode
from hashlib import sha256

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates import selectors
from certificates.models import Certificate
from certificates.services import withdraw
from lims.audit.services import integrate, signer
from lims.audit.tlog import proof as proofs
from lims.audit.tlog.note import Verifier
from lims.portal import forms, sentences
from tests import factories, pdfs
from tests.certificates.issued import certificate
from tests.portal import files

pytestmark = pytest.mark.django_db
STATUS = "/v/status"


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests():
    cache.clear()


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def made(lab) -> Certificate:
    made = certificate(lab)
    integrate()
    return made


def about(client, pdf: bytes) -> dict:
    answer = client.get(STATUS, {"sha256": sha256(pdf).hexdigest()})
    assert answer.status_code == 200 and "no-store" in answer["Cache-Control"]
    return answer.json()


def upload(client, pdf: bytes, name: str = "证书.pdf"):
    return client.post(reverse("portal:file"), {"file": pdfs.paper(pdf, name)})


def answers(answer) -> dict[str, str]:
    """What the page says to each question."""
    return {one.name: one.state for one in answer.context["answers"].four}


# By digest


def test_the_digest_of_a_file_tells_how_its_certificate_stands(client, lab, made):
    told = about(client, selectors.pdf(made))
    assert (told["state"], told["good"], told["number"]) == ("valid", True, made.number)
    withdraw(made, by=lab.lead, reason="标准器失准")
    told = about(client, selectors.pdf(made))
    assert (told["state"], told["good"], told["reason"]) == ("withdrawn", False, "标准器失准")


def test_the_status_carries_its_proof_down_to_the_signed_head(client, lab, made):
    withdraw(made, by=lab.lead, reason="标准器失准")
    integrate()
    pdf = selectors.pdf(made)
    log = about(client, pdf)["log"]
    lines = []
    for one in log["entries"]:
        leaf, hashes = b64decode(one["leaf"]), tuple(b64decode(each) for each in one["hashes"])
        proofs.Proof(one["index"], hashes, log["checkpoint"]).check(leaf, Verifier(log["vkey"]))
        lines.append(json.loads(leaf))
    issued = next(line for line in lines if line["event"] == "certificate.issued")
    assert issued["pdf"] == sha256(pdf).hexdigest()
    assert lines[-1]["event"] == "certificate.withdrawn" and {line["cert"] for line in lines} == {made.number}


def test_what_stands_in_no_signed_head_yet_is_not_called_proven(client, lab):
    told = about(client, selectors.pdf(certificate(lab)))
    assert told["state"] == "valid" and told["log"]["entries"] == [] and told["proof"] is None


@pytest.mark.parametrize("digest", ["0" * 64, "", "x", "0" * 63 + "Z", "0" * 65])
def test_a_digest_of_nothing_and_no_digest_get_one_answer(client, made, digest):
    told = client.get(STATUS, {"sha256": digest}).json()
    nothing = client.get(STATUS, {"sha256": "f" * 64}).json()
    assert {**told, "at": ""} == {**nothing, "at": ""} and told["state"] == "unknown"


def test_the_digest_of_a_file_that_was_never_issued_says_nothing(client, lab):
    """A number that is being sealed is not known yet, and the form of the answer does not give it away."""
    waiting = certificate(lab, sealed=False)
    told = client.get(STATUS, {"number": waiting.number, "check_value": waiting.check_value}).json()
    assert told["state"] == "unknown" and "number" not in told


def test_number_and_check_value_ask_for_the_same_status_and_are_counted_like_the_form(client, made):
    asked = {"number": made.number, "check_value": made.check_value}
    assert client.get(STATUS, asked).json()["number"] == made.number
    wrong = [client.get(STATUS, {**asked, "check_value": "ZZZZZZ"}) for _ in range(10)]
    assert [one.json()["state"] for one in wrong] == ["unknown"] * 9 + ["busy"]
    assert (wrong[-1].status_code, wrong[-1]["Retry-After"]) == (429, "60")
    assert client.post(reverse("portal:verify"), asked).status_code == 429, "one share for both doors"


def test_a_number_is_compared_without_reading_its_certificate(made, django_assert_num_queries):
    """A wrong value and an unknown number ask the same of the database."""
    for number in (made.number, "JD-2026-999999"):
        with django_assert_num_queries(1):
            assert selectors.by_number(number, "ZZZZZZ") is None


def test_looking_up_digests_is_limited_too(client, db):
    asked = [client.get(STATUS, {"sha256": "0" * 64}).status_code for _ in range(62)]
    assert asked == [200] * 60 + [429] * 2


# What readers trust, and take away


def test_the_roots_and_their_fingerprints_are_public(client, made):
    from certificates.services.sealing import sealer
    from lims.portal import authorities

    answer = client.get(reverse("portal:roots"))
    assert answer.content == sealer().root_pem() and answer["Cache-Control"] == "no-cache"
    (fingerprint,) = authorities.fingerprints()
    assert fingerprint in client.get(reverse("portal:verify")).content.decode()


def test_the_proof_is_taken_away_from_the_public_page_and_checks(client, made):
    page = client.get(reverse("portal:certificate", args=[made.token]))
    address = reverse("portal:proof", args=[made.token])
    assert f'href="{address}"' in page.content.decode() and page["X-Robots-Tag"] == "noindex"
    answer = client.get(address)
    assert f'filename="{made.number}.tlog-proof"' in answer["Content-Disposition"]
    taken = proofs.parse(answer.content.decode())
    assert taken.check(taken.extra, Verifier(signer().vkey)).size > taken.index
    assert client.get(reverse("portal:proof", args=["guess"])).status_code == 404


def test_a_paper_tells_how_it_stands_and_nothing_of_a_file(client, made):
    answer = client.get(reverse("portal:certificate", args=[made.token]))
    assert answers(answer) == {"unchanged": "unknown", "by": "unknown", "when": "unknown", "status": "yes"}


# By upload


def test_an_uploaded_certificate_gets_all_four_answers(client, made):
    answer = upload(client, selectors.pdf(made))
    assert answers(answer) == dict.fromkeys(("unchanged", "by", "when", "status"), "yes")
    assert "真实，目前有效" in answer.content.decode()


def test_an_altered_file_is_refused_and_its_seal_still_named(client, made):
    answer = upload(client, files.altered(selectors.pdf(made)))
    assert answers(answer) == {"unchanged": "no", "by": "yes", "when": "yes", "status": "unknown"}
    assert answer.context["answers"].tone == "danger"


def test_an_appended_revision_is_found(client, made):
    assert answers(upload(client, files.updated(selectors.pdf(made))))["unchanged"] == "no"


def test_another_institutes_file_is_intact_but_not_ours(client, made, tmp_path):
    answer = upload(client, files.foreign(tmp_path))
    assert answers(answer)["unchanged"] == "yes" and answers(answer)["by"] == "no"
    assert answer.context["answers"].tone == "warning" and "另一机构" in answer.content.decode()


def test_a_withdrawn_certificate_is_genuine_and_withdrawn(client, lab, made):
    withdraw(made, by=lab.lead, reason="标准器失准")
    answer = upload(client, selectors.pdf(made))
    assert answers(answer) == {"unchanged": "yes", "by": "yes", "when": "yes", "status": "no"}
    assert "真实，但已撤回" in answer.content.decode()


def test_an_unsealed_file_tells_nothing(client, made):
    answer = upload(client, pdfs.plain())
    assert set(answers(answer).values()) == {"unknown"}


@pytest.mark.parametrize("content", [b"PK\x03\x04zip", b"\xff\xd8\xffphoto", b"<html>%PDF-</html>", b""])
def test_what_is_no_pdf_is_refused_by_its_content(client, made, content):
    answer = upload(client, content)
    assert answer.status_code == 422 and answer.context["answers"] is None
    assert answer.context["file_form"].errors


def test_a_file_too_large_for_the_server_is_refused_unread(client, made, monkeypatch):
    monkeypatch.setattr(forms, "LARGEST_UPLOAD_MB", 0)
    assert upload(client, selectors.pdf(made)).status_code == 422


def test_uploads_are_limited_and_leave_nothing_behind(client, made, settings):
    before = sorted(settings.FILES_DIR.rglob("*"))
    asked = [upload(client, b"%PDF-1.7\nnoise").status_code for _ in range(8)]
    assert asked == [200] * 6 + [429] * 2
    assert sorted(settings.FILES_DIR.rglob("*")) == before


def test_every_state_of_a_certificate_has_its_sentence():
    codes = {"valid", "valid_open", "expired", "replaced", "withdrawn", "rejection", "unknown"}
    assert {f"status_{code}" for code in codes} <= set(sentences.ANSWERS)
    assert {"expired", "replaced", "withdrawn", "rejection"} <= set(sentences.VERDICTS)

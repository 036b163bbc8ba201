"""A certificate whose content is right but incomplete is supplemented: a numbered document, signed by three people and sealed
like the certificate, that names it. The certificate itself stays as it is."""

import json
from typing import Any

from django.db import transaction

from certificates import facts, rules
from certificates.models import Certificate, Supplement
from certificates.services import issuing
from certificates.services.sealing import JOB
from instruments.rules import approval
from lims.audit.services import record
from lims.core import canonical, clock, jobs, numbering
from lims.core.text import Conflict, Refused
from lims.people.models import User
from lims.people.services import signing
from lims.people.services.keys import Unlocked

# What of a certificate's facts a supplement does not repeat.
_RESULTS = ("standards", "devices", "environment", "results", "exceptions", "unconfirmed", "notes")


def draft(certificate: Certificate, *, by: User, text: str, text_en: str, passphrase: str = "") -> Supplement:
    """Writes what is to be added, in both languages. What cannot be printed is refused here already.

    Signed with the author's own key, opened by `passphrase`, as records are; so are check and approval.
    """
    if why := rules.may_supplement(certificate, by) or rules.text_is_given(text, text_en):
        raise Refused(why)
    issuing.must_be_printable({"text": text, "text_en": text_en})
    # Before the transaction: wrong tries are counted, and outlast a refusal.
    signer = signing.signer_of(by, passphrase)
    with transaction.atomic():
        made = Supplement.objects.create(
            certificate=certificate, text=text.strip(), text_en=text_en.strip(), author=by, written_at=clock.now()
        )
        signed = _signed(made, "submit", by, signer)
        record(
            "certificate.supplement_drafted", by=by, obj=certificate,
            payload={"text": made.text, "text_en": made.text_en, **signed},
        )  # fmt: skip
        return made


def check(supplement: Supplement, *, by: User, passphrase: str = "") -> Supplement:
    """The checker stands for the text."""
    if why := rules.may_sign_supplement(supplement, by, "check"):
        raise Refused(why)
    signer = signing.signer_of(by, passphrase)
    with transaction.atomic():
        _move(supplement, Supplement.State.CHECKED, checker=by)
        signed = _signed(supplement, "check", by, signer)
        record("certificate.supplement_checked", by=by, obj=supplement.certificate, payload=signed)
        supplement.refresh_from_db()
        return supplement


def approve(
    supplement: Supplement, *, by: User, password: str = "", reauthenticated: bool = False, passphrase: str = ""
) -> Certificate:
    """Approves the text; the supplement takes its number, and its document is sealed by the job of all documents.

    Proofs as for approving a record: the own key, or where none is needed and he has none, the password or passkey.
    """
    if why := rules.may_sign_supplement(supplement, by, "approve"):
        raise Refused(why)
    signer = signing.signer_of(by, passphrase)
    if signer is None and (why := approval.proved_himself(by, password, reauthenticated=reauthenticated)):
        raise Refused(why)
    with transaction.atomic():
        document = _enter(supplement, by)
        _move(supplement, Supplement.State.ISSUED, approver=by, document=document)
        signed = _signed(supplement, "approve", by, signer)
        record(
            "certificate.supplement_approved", by=by, obj=supplement.certificate,
            payload={"number": document.number, **signed},
        )  # fmt: skip
        _number(document, supplement, by)
        supplement.refresh_from_db()
        return document


def _signed(supplement: Supplement, act: str, by: User, signer: Unlocked | None) -> dict[str, Any]:
    """Keeps the signature of an act, where one is given or demanded; what the event says of the text and of it."""
    digest = canonical.sha256(facts.of_supplement(supplement))
    said = signing.Statement(act, facts.name_of_supplement(supplement), digest, supplement.certificate.task.number)
    signature = signing.sign(signer, said)
    signing.needs_signature(by, signature)
    signing.keep(signature, said, by=by)
    return {"supplement": supplement.pk, "sha256": digest, **signing.told(signature)}


def enter_again(supplement: Supplement, *, by: User) -> Certificate:
    """A further number for an approved supplement whose number was voided. The caller has asked the rules."""
    document = _enter(supplement, by)
    _move(supplement, Supplement.State.ISSUED, document=document)
    _number(document, supplement, by)
    return document


def _number(document: Certificate, supplement: Supplement, by: User) -> None:
    record(
        "certificate.numbered", by=by, obj=document, to_state=document.state, public={"cert": document.number},
        payload={"number": document.number, "supplements": supplement.certificate.number, "facts": document.facts_sha256},
    )  # fmt: skip
    jobs.enqueue(JOB, f"seal:{document.number}", certificate=document.pk)


@transaction.atomic
def drop(supplement: Supplement, *, by: User, reason: str) -> None:
    """Ends a draft with a reason; a better one is written anew."""
    if why := rules.may_drop_supplement(supplement, by) or rules.reason_is_given(reason):
        raise Refused(why)
    _move(supplement, Supplement.State.DROPPED, why_dropped=reason.strip())
    record(
        "certificate.supplement_dropped", by=by, obj=supplement.certificate,
        payload={"supplement": supplement.pk, "reason": reason},
    )  # fmt: skip
    supplement.refresh_from_db()


def _move(supplement: Supplement, state: str, **values: Any) -> None:
    if not Supplement.objects.filter(pk=supplement.pk, state=supplement.state).update(state=state, **values):
        raise Conflict(rules.changed_meanwhile(supplement))


def _enter(supplement: Supplement, by: User) -> Certificate:
    original = supplement.certificate
    token, identity = issuing.new_identity()
    stated = _facts(supplement, json.loads(original.facts), approver=by) | {
        "check_value": identity.check_value,
        "verify_url": identity.verify_url,
    }
    stated["dates"]["issued"] = identity.issued_on.isoformat()
    issuing.must_be_printable(stated)
    stated["number"] = f"{original.number}-B{numbering.take(f'supplement-{original.number}')}"
    return issuing.enter(stated, token=token, task=original.task, record=original.record, supplements=original)


def _facts(supplement: Supplement, original: dict[str, Any], *, approver: User) -> dict[str, Any]:
    """The facts of the certificate as far as they say what is concerned, then the text; nothing about results."""

    def person(one: User) -> dict[str, str]:
        return {"name": str(one), "id": str(one.pk)}

    return {
        **original,
        "kind": Certificate.Kind.SUPPLEMENT,
        "replaces": None,
        "supplements": original["number"],
        "conclusion": {
            "outcome": "supplement",
            "text": {"zh": supplement.text, "en": supplement.text_en},
            "failed_items": [],
        },
        "dates": {**original["dates"], "valid_until": ""},
        "people": {
            "technician": person(supplement.author),
            "checker": person(supplement.checker),
            "approver": {**person(approver), "title": {"zh": approver.title, "en": approver.title_en}},
        },
        **{name: [] for name in _RESULTS},
        "place": "",
        "adjustment": None,
    }

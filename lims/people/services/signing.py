"""Signing an act on a record with the person's own key, and keeping the signature beside the act."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction

from lims.core import clock
from lims.core.text import Refused, Text
from lims.people import selectors
from lims.people.authority import persons_authority
from lims.people.keys import acts, certificates
from lims.people.keys.errors import KeyFault
from lims.people.models import PersonalKey, Signature, User
from lims.people.rules import keys as rules
from lims.people.services.keys import Unlocked, unlock

# A signature given before its act is done (a pile approved at once) waits no longer than this.
OLDEST = timedelta(hours=24)
_SLACK = timedelta(seconds=5)


@dataclass(frozen=True)
class Statement:
    """What is signed: an act on a record of a task, by their numbers; or on another document, whose name says its kind
    (`supplement:…`)."""

    act: str
    record: str
    record_sha256: str
    task: str

    @property
    def subject(self) -> str:
        return self.record if ":" in self.record else f"record:{self.record}"


def signer_of(by: User, passphrase: str, signer: Unlocked | None = None) -> Unlocked | None:
    """The opened key for an act: the one given, or `by`'s own opened with the passphrase; None without a passphrase.

    Before any transaction (see `unlock`). Raises Refused for a wrong passphrase, or when the opened key is somebody else's.
    """
    if signer is not None and signer.person.pk != by.pk:
        raise Refused(rules.signature_unfit(_OTHER))
    return signer or (unlock(by, passphrase) if passphrase else None)


def needs_signature(by: User, signature: Signature | None) -> None:
    """Raises Refused when the act must be signed and is not: whoever has a key uses it, and the setting may demand one."""
    if signature is not None:
        return
    if selectors.active_key(by):
        raise Refused(rules.passphrase_needed())
    if settings.PERSONAL_SIGNATURES == "required":
        raise Refused(rules.no_key())


def sign(signer: Unlocked | None, said: Statement) -> Signature | None:
    """The statement signed now, not yet stored; None without a key."""
    if signer is None:
        return None
    at, person = clock.now(), signer.person
    act = acts.Act(said.act, at, str(person.pk), str(person), said.record, said.record_sha256, said.task)
    return Signature(
        act=said.act,
        subject=said.subject,
        sha256=said.record_sha256,
        jws=signer.sign(act.payload()),
        person=person,
        key=signer.key,
        at=at,
    )


def from_jws(text: str) -> Signature:
    """A signature given earlier, from its text, not yet stored. Raises Refused when it is none of a key known here."""
    try:
        found = acts.verify(text, [persons_authority().certificate])
    except KeyFault as fault:
        raise Refused(rules.signature_unfit(fault.text)) from None
    key = PersonalKey.objects.select_related("person").filter(fingerprint=found.signature.fingerprint).first()
    if key is None:
        raise Refused(rules.signature_unfit(_UNKNOWN))
    return Signature(
        act=found.act.act,
        subject=f"record:{found.act.record}",
        sha256=found.act.record_sha256,
        jws=text,
        person=key.person,
        key=key,
        at=found.act.at,
    )


def told(signature: Signature | None) -> dict[str, str]:
    """What the event of the act says of its signature, so that the log shows which one it was and that it was there then."""
    if signature is None:
        return {}
    return {"signature": hashlib.sha256(signature.jws.encode()).hexdigest(), "key": signature.key.fingerprint}


def keep(signature: Signature | None, said: Statement, *, by: User) -> Signature | None:
    """Stores the signature in the transaction of its act, after verifying all of it as a stranger would.

    Raises Refused unless it is `by`'s, made with a key that counts at this moment, over this very statement.
    """
    if signature is None:
        return None
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a signature is kept in the transaction of its act")
    # Locked: of a signature and a revocation at the same moment, one is the earlier.
    key = PersonalKey.objects.select_for_update().get(pk=signature.key_id)
    if key.state != PersonalKey.State.ACTIVE:
        raise Refused(rules.key_ended(key))
    try:
        found = acts.verify_for(
            signature.jws,
            [persons_authority().certificate],
            act=said.act,
            record=said.record,
            record_sha256=said.record_sha256,
        )
    except KeyFault as fault:
        raise Refused(rules.signature_unfit(fault.text)) from None
    now = clock.now()
    own = (found.act.person, key.person_id, certificates.fingerprint(found.signature.certificate))
    if own != (str(by.pk), by.pk, key.fingerprint):
        raise Refused(rules.signature_unfit(_OTHER))
    if found.act.task != said.task:
        raise Refused(rules.signature_unfit(_TASK))
    if not now - OLDEST <= found.act.at <= now + _SLACK:
        raise Refused(rules.signature_unfit(_OLD))
    return Signature.objects.create(
        act=said.act,
        subject=said.subject,
        sha256=said.record_sha256,
        jws=signature.jws,
        person=by,
        key=key,
        at=found.act.at,
    )


_OTHER = Text("不是签名人本人的密钥", "it was not made with the signer's own key")
_UNKNOWN = Text("签名所用的密钥没有登记", "its key is not known here")
_TASK = Text("签名属于另一项任务", "it belongs to another task")
_OLD = Text("签名时间不在最近 24 小时内", "it was not made within the last 24 hours")

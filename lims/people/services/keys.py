"""Personal signing keys: making, opening and ending them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.db import transaction
from django.db.models import F, Q

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Refused
from lims.people import selectors
from lims.people.authority import persons_authority
from lims.people.keys import certificates, jws, locker
from lims.people.keys.authority import Ended
from lims.people.keys.errors import KeyFault, WrongPassphrase
from lims.people.models import PersonalKey, User
from lims.people.rules import keys as rules
from lims.people.services.refusals import already, refuse

# After so many wrong passphrases a key is closed for a while: first for five minutes, then twice as long each time.
TRIES = 5
_PAUSE, _LONGEST_PAUSE = timedelta(minutes=5), timedelta(hours=1)


@dataclass(frozen=True)
class Unlocked:
    """A key that its owner opened for the deed at hand. It lives as long as the request, and is never stored."""

    person: User
    key: PersonalKey
    _private: ec.EllipticCurvePrivateKey = field(repr=False)

    def sign(self, payload: bytes) -> str:
        """The compact JWS over the payload, with the person's certificate in it."""
        return jws.sign(payload, self._private, [x509.load_pem_x509_certificate(self.key.certificate.encode())])


def create_key(
    person: User,
    *,
    by: User,
    passphrase: str,
    old_passphrase: str = "",
    password: str = "",
    reauthenticated: bool = False,
) -> PersonalKey:
    """A new key, certified for the person. One in use is replaced, which its own passphrase must allow.

    The person proves himself by sign-in password, or just before by passkey (`reauthenticated`, vouched for by the caller).
    """
    refuse(
        rules.key_is_ones_own(person, by),
        rules.may_sign(person),
        rules.proved_by_password(by, password, reauthenticated=reauthenticated),
        rules.passphrase_is_strong(passphrase, person),
    )
    if selectors.active_key(person):
        unlock(person, old_passphrase)
    private, at = locker.make(), clock.now()
    try:
        authority = persons_authority()
    except KeyFault as fault:
        raise Refused(rules.authority_unusable(fault.text)) from None
    certificate = authority.certify(private.public_key(), person=str(person.pk), name=str(person), at=at)
    fingerprint = certificates.fingerprint(certificate)
    with transaction.atomic():
        before = PersonalKey.objects.select_for_update().filter(person=person, state=PersonalKey.State.ACTIVE).first()
        if before:
            _end(before, PersonalKey.State.SUPERSEDED, by=by, why_code=PersonalKey.Why.REPLACED, why="", at=at)
        key = PersonalKey.objects.create(
            person=person,
            certificate=certificate.public_bytes(Encoding.PEM).decode(),
            serial=f"{certificate.serial_number:x}",
            fingerprint=fingerprint,
            valid_until=certificate.not_valid_after_utc,
            locked_key=_locked(private, passphrase, person, fingerprint),
            created_at=at,
        )
        record(
            "key.replaced" if before else "key.created",
            by=by,
            obj=key,
            from_state=before.state if before else "",
            to_state=key.state,
            payload={
                "person": str(person.pk),
                "fingerprint": fingerprint,
                **({"former": before.fingerprint} if before else {}),
            },
        )
    return key


def change_passphrase(person: User, *, by: User, old: str, new: str) -> PersonalKey:
    """Locks the same key with another passphrase."""
    refuse(rules.key_is_ones_own(person, by), rules.passphrase_is_strong(new, person))
    opened = unlock(person, old)
    with transaction.atomic():
        changed = PersonalKey.objects.filter(pk=opened.key.pk, state=PersonalKey.State.ACTIVE).update(
            locked_key=_locked(opened._private, new, person, opened.key.fingerprint)
        )
        if not changed:
            raise Refused(rules.key_ended(opened.key))
        record("key.passphrase_changed", by=by, obj=opened.key, payload={"fingerprint": opened.key.fingerprint})
    opened.key.refresh_from_db()
    return opened.key


@transaction.atomic
def revoke(key: PersonalKey, *, by: User, why_code: str, why: str = "") -> PersonalKey:
    """Ends a key at this moment: what it signed before stays good, and it signs nothing more. There is no way back."""
    own = key.person_id == by.pk
    refuse(
        rules.may_revoke_key(key.person, by),
        rules.revocation_is_explained(why_code, why, own=own),
    )
    now = PersonalKey.objects.select_for_update().get(pk=key.pk)
    if now.state != PersonalKey.State.ACTIVE:
        raise Refused(already(now, "已停用", "has ended already"))
    at = clock.now()
    _end(now, PersonalKey.State.REVOKED, by=by, why_code=why_code, why=why.strip(), at=at)
    record(
        "key.revoked",
        by=by,
        obj=now,
        from_state=PersonalKey.State.ACTIVE,
        to_state=now.state,
        payload={
            "person": str(now.person_id),
            "fingerprint": now.fingerprint,
            "at": at.isoformat(),
            "why": why_code,
            "reason": why.strip(),
        },
    )
    return now


def _end(key: PersonalKey, state: str, *, by: User, why_code: str, why: str, at: datetime) -> None:
    key.state, key.ended_at, key.ended_by, key.why_code, key.why = state, at, by, why_code, why
    key.locked_key = ""
    key.save(update_fields=["state", "ended_at", "ended_by", "why_code", "why", "locked_key"])


def unlock(person: User, passphrase: str) -> Unlocked:
    """Opens the person's key. Raises Refused: no key, no or a wrong passphrase, too many of them, or a certificate out of date.

    Tries are counted in a transaction of their own, before the try, so that neither a refusal that undoes its deed nor a
    request broken off gives tries away: called inside another transaction, this raises RuntimeError.
    """
    key = selectors.active_key(person)
    if key is None:
        raise Refused(rules.no_key())
    if not passphrase:
        raise Refused(rules.passphrase_needed())
    now = clock.now()
    if key.valid_until <= now:
        raise Refused(rules.key_expired(key))
    tries = _count_try(key, now)
    try:
        private = locker.unlock(key.locked_key, passphrase, owner=_owner(person, key.fingerprint))
    except WrongPassphrase:
        left = -tries % TRIES
        if not left:
            with transaction.atomic():
                record("key.closed", by=person, obj=key, payload={"tries": tries})
        raise Refused(rules.wrong_passphrase(left)) from None
    except KeyFault as fault:
        raise Refused(rules.signature_unfit(fault.text)) from None
    PersonalKey.objects.filter(pk=key.pk).update(tries=0, closed_until=None)
    return Unlocked(person, key, private)


def _count_try(key: PersonalKey, now: datetime) -> int:
    with transaction.atomic(durable=True):
        open_ = Q(closed_until=None) | Q(closed_until__lte=now)
        counted = PersonalKey.objects.filter(open_, pk=key.pk).update(tries=F("tries") + 1)
        found = PersonalKey.objects.only("tries", "closed_until").get(pk=key.pk)
        if not counted:
            raise Refused(rules.key_closed(found.closed_until))
        rounds, rest = divmod(found.tries, TRIES)
        if not rest:
            pause = min(_PAUSE * 2 ** (min(rounds, 10) - 1), _LONGEST_PAUSE)
            PersonalKey.objects.filter(pk=key.pk).update(closed_until=now + pause)
        return found.tries


def _locked(private: ec.EllipticCurvePrivateKey, passphrase: str, person: User, fingerprint: str) -> str:
    cost = locker.Cost(n=settings.PASSPHRASE_COST)
    return locker.lock(private, passphrase, owner=_owner(person, fingerprint), cost=cost)


def _owner(person: User, fingerprint: str) -> str:
    return f"{person.pk}:{fingerprint}"


def persons_ca_pem() -> bytes:
    """The root that verifiers of personal signatures trust."""
    return persons_authority().pem()


def revocation_list() -> bytes:
    """The keys that ended until now, signed by the persons' authority (X.509 CRL, PEM)."""
    return persons_authority().revocation_list(_ended(), at=clock.now())


def _ended() -> Iterable[Ended]:
    rows = PersonalKey.objects.exclude(state=PersonalKey.State.ACTIVE).order_by("pk")
    return [Ended(int(key.serial, 16), key.ended_at, key.why_code) for key in rows]

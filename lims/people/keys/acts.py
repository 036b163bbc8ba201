"""The statement that a person signs: this act, on this record with this digest, at this time."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509

from lims.core import canonical

from . import jws
from .errors import KeyFault

ACTS = ("submit", "check", "approve")
VERSION = 1


@dataclass(frozen=True)
class Act:
    """One act on one record. `person`: identifier of the account, as in the certificate. `task`, `record`: numbers."""

    act: str
    at: datetime
    person: str
    name: str
    record: str
    record_sha256: str
    task: str

    def payload(self) -> bytes:
        """The canonical JSON that is signed."""
        fields = {
            "act": self.act,
            "at": self.at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "person": self.person,
            "name": self.name,
            "record": self.record,
            "record_sha256": self.record_sha256,
            "task": self.task,
            "v": VERSION,
        }
        return canonical.dumps(fields).encode()


@dataclass(frozen=True)
class Signed:
    """A verified statement and the signature that carries it."""

    act: Act
    signature: jws.Verified


def read(payload: bytes) -> Act:
    """The statement in a payload. Raises KeyFault unless it is spelled exactly as `Act.payload` spells it."""
    fault = KeyFault("not_an_act", "签名内容不是对记录的声明", "What is signed is not a statement about a record")
    try:
        fields = json.loads(payload)
        if fields.pop("v") != VERSION or fields["act"] not in ACTS:
            raise fault
        if not all(isinstance(value, str) for value in fields.values()):
            raise fault
        act = Act(**{**fields, "at": datetime.fromisoformat(fields["at"])})
        if act.payload() != payload:
            raise fault
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise fault from None
    return act


def verify(text: str, roots: Sequence[x509.Certificate]) -> Signed:
    """The statement in a signature whose certificate names the very person that the statement names."""
    found = jws.verify(text, roots)
    act = read(found.payload)
    if act.person != found.subject.person:
        raise KeyFault(
            "other_person",
            f"声明的签名人是 {act.name}，签名所用的却是 {found.subject.name} 的密钥",
            f"The statement names {act.name}, but the key is that of {found.subject.name}",
        )
    return Signed(act, found)


def verify_for(text: str, roots: Sequence[x509.Certificate], *, act: str, record: str, record_sha256: str) -> Signed:
    """As `verify`, for a known act on a known record: a good signature of something else is refused by name."""
    signed = verify(text, roots)
    if signed.act.act != act:
        raise KeyFault(
            "other_act",
            f"签名是为“{signed.act.act}”而作",
            f"The signature was made for “{signed.act.act}”, not “{act}”",
        )
    if signed.act.record != record:
        raise KeyFault(
            "other_record",
            f"签名属于另一份记录 {signed.act.record}",
            f"The signature belongs to another record, {signed.act.record}",
        )
    if signed.act.record_sha256 != record_sha256:
        raise KeyFault(
            "other_content", "签名时的记录内容与现在的不同", "The record had another content when it was signed"
        )
    return signed

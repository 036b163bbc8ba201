"""The evidence bundle of one certificate, format `lims-evidence/1`: a zip file from which a stranger checks every digit alone.

    manifest.json             {schema, number, made_at, files: [{path, sha256, size, what}]}; names every other member
    certificate.pdf           the sealed document; certificate.dcc.xml its machine-readable twin, where one was made
    certificate.tlog-proof    that its issue stands in the event log
    facts.json, record.json   what the certificate prints, and the frozen original record (canonical JSON)
    pack.toml                 the procedure as data; profiles/SHA256.toml what the bytes of each instrument mean
    sessions/UUID.jsonl       every frame and reading of a capture session (devices.exchangefile)
    devices.json              devices and standards with their certificates, upwards as far as they are ours;
                              device-certificates/SHA256 the scanned originals
    persons.json              the three people with qualifications and authorisations; signatures/{submit,check,approve}.jws
    supplements/ID.json       what an approved supplement says and completes, ID.{submit,check,approve}.jws beside it
    events.json               internal events with their salts, each with its inclusion proof to one signed head
    authorities/              root-ca.pem, chain.pem, log.vkey, and persons-ca.pem where people sign with own keys

The same database and the same head of the log give the same bytes, but for the list of ended keys, which is signed anew each time.
Nothing in it is about another customer: a capture session
serves one task only.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from django.db.models import Q, QuerySet

from certificates import facts, selectors
from certificates.models import Certificate, Supplement
from certificates.services.sealing import sealer
from devices.models import CaptureSession
from devices.selectors import export as session_lines
from instruments.models import Record
from lims.audit.models import Checkpoint, Entry, Event
from lims.audit.selectors import newest_checkpoint, published_note, tile
from lims.audit.services import integrate, signer
from lims.audit.services.integrating import content_of
from lims.audit.tlog import checkpoint as checkpoints
from lims.audit.tlog import tiles
from lims.audit.tlog.note import encode
from lims.core import canonical, files
from lims.people.models import Authorisation, Qualification
from lims.people.selectors import signatures_of
from lims.people.services.keys import persons_ca_pem, revocation_list
from standards.models import DeviceCertificate, ProcedureVersion
from standards.selectors.procedures import by_sha256
from standards.selectors.upwards import upwards

SCHEMA, EVENTS, PERSONS, DEVICES = "lims-evidence/1", "lims-evidence-events/1", "lims-persons/1", "lims-devices/1"
_WHEN = (1980, 1, 1, 0, 0, 0)  # zip members need a date; what counts is made_at in the manifest


@dataclass(frozen=True)
class Member:
    """One file of a bundle: its path, what it is in a few English words, and its bytes in pieces."""

    path: str
    what: str
    content: Iterable[bytes]


def write(certificate: Certificate, target: IO[bytes]) -> None:
    """Writes the bundle of a sealed certificate. Large parts are streamed.

    Raises FileNotFoundError while the certificate is not sealed, ValueError when a stored file was altered, Refused when the
    log cannot be signed.
    """
    integrate()
    head = newest_checkpoint()
    assert head is not None  # just signed
    listed = []
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in _members(certificate, head):
            digest, size = hashlib.sha256(), 0
            with archive.open(entry(member.path), "w", force_zip64=True) as out:
                for piece in member.content:
                    digest.update(piece)
                    size += len(piece)
                    out.write(piece)
            listed.append({"path": member.path, "sha256": digest.hexdigest(), "size": size, "what": member.what})
        manifest = {
            "schema": SCHEMA,
            "number": certificate.number,
            "made_at": head.at.isoformat(),
            "files": sorted(listed, key=lambda one: str(one["path"])),
        }
        with archive.open(entry("manifest.json"), "w") as out:
            out.write(as_json(manifest))


def entry(path: str) -> zipfile.ZipInfo:
    """The head of a member: packed, and the same whenever it is made."""
    entry = zipfile.ZipInfo(path, _WHEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def as_json(value: Any) -> bytes:
    """A member's bytes that people can read too."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1).encode() + b"\n"


def _members(certificate: Certificate, head: Checkpoint) -> Iterator[Member]:
    record = certificate.record
    printed, stated = json.loads(certificate.facts), json.loads(record.facts)
    proof = selectors.log_proof(certificate)
    if proof is None:
        raise FileNotFoundError(f"the issue of {certificate} is not in the log yet")
    yield Member("certificate.pdf", "the sealed certificate", [selectors.pdf(certificate)])
    with suppress(FileNotFoundError):
        yield Member("certificate.dcc.xml", "the signed digital calibration certificate", [selectors.dcc(certificate)])
    yield Member("certificate.tlog-proof", "proof that the issue stands in the event log", [proof.text().encode()])
    yield Member("facts.json", "what the certificate prints", [certificate.facts.encode()])
    yield Member("record.json", "the frozen original record", [record.facts.encode()])
    procedure = by_sha256(stated["procedure"]["sha256"])
    yield Member("pack.toml", f"the procedure {procedure.label} as data", [procedure.source.encode()])
    sessions = list(_sessions(stated))
    for session in sessions:
        lines = (line.encode() for line in session_lines(session))
        yield Member(f"sessions/{session.pk}.jsonl", f"frames and readings of {session.equipment.asset_number}", lines)
    for sha256, text in sorted({one.profile.sha256: one.profile.text for one in sessions}.items()):
        yield Member(f"profiles/{sha256}.toml", "what the bytes of an instrument mean", [text.encode()])
    tree = upwards(stated)
    yield Member(
        "devices.json", "devices, standards and their certificates", [as_json({"schema": DEVICES, **tree.told})]
    )
    for sha256 in sorted(tree.originals):
        yield Member(f"device-certificates/{sha256}", "original of a device certificate", [files.read(sha256)])
    people = _people(printed)
    yield Member("persons.json", "the three people", [as_json({"schema": PERSONS, "persons": people})])
    yield from _signatures(certificate, record)
    events = _events_about(certificate, record, procedure, sessions, tree.certificates, people)
    yield Member("events.json", "internal events, each with its proof", [as_json(proven(events, head))])
    yield from authorities()


def _sessions(stated: dict[str, Any]) -> Iterator[CaptureSession]:
    rows = CaptureSession.objects.select_related("profile", "equipment").in_bulk(
        [one["session"] for one in stated["sessions"]]
    )
    yield from sorted(rows.values(), key=lambda one: str(one.pk))


def _people(printed: dict[str, Any]) -> list[dict[str, Any]]:
    """Who verified, checked and approved, with what entitled them."""
    found = []
    for duty, act in (("technician", "verify"), ("checker", "check"), ("approver", "approve")):
        person = printed["people"][duty]
        rows = Authorisation.objects.filter(user_id=person["id"], act=act).select_related("granted_by").order_by("pk")
        found.append(
            {
                "duty": duty,
                "id": person["id"],
                "name": person["name"],
                "authorisations": [
                    {
                        "id": str(one.pk),
                        "act": one.act,
                        "scope_kind": one.scope_kind,
                        "scope": one.scope,
                        "valid_from": one.valid_from.isoformat(),
                        "valid_until": one.valid_until.isoformat(),
                        "revoked_on": one.revoked_on.isoformat() if one.revoked_on else "",
                        "granted_by": str(one.granted_by or ""),
                    }
                    for one in rows
                ],
                "qualifications": [
                    _qualification(one) for one in Qualification.objects.filter(user_id=person["id"]).order_by("pk")
                ],
            }
        )
    return found


def _qualification(one: Qualification) -> dict[str, Any]:
    return {
        "id": str(one.pk),
        "level": one.get_level_display(),
        "number": one.certificate_number,
        "issuer": one.issuer,
        "issued_on": one.issued_on.isoformat(),
        "registrations": [
            {
                "number": held.number,
                "employer": held.employer,
                "valid_from": held.valid_from.isoformat(),
                "valid_until": held.valid_until.isoformat(),
            }
            for held in one.registrations.order_by("pk")
        ],
    }


def _signatures(certificate: Certificate, record: Record) -> Iterator[Member]:
    """What the three people signed with their own keys, and how to check it; nothing where nobody has keys."""
    rows = list(signatures_of(f"record:{record.number}"))
    for one in rows:
        yield Member(f"signatures/{one.act}.jws", f"{one.person} signed the record ({one.act})", [one.jws.encode()])
    approved = certificate.drafts_of_supplements.filter(state=Supplement.State.ISSUED).order_by("pk")
    for supplement in approved:
        supplement.certificate = certificate
        path, stated = f"supplements/{supplement.pk}", facts.of_supplement(supplement)
        yield Member(f"{path}.json", f"what supplement {supplement.document} says", [canonical.dumps(stated).encode()])
        for one in (signed := list(signatures_of(facts.name_of_supplement(supplement)))):
            yield Member(f"{path}.{one.act}.jws", f"{one.person} signed it ({one.act})", [one.jws.encode()])
        rows += signed
    if rows:
        yield Member("authorities/persons-ca.pem", "root of the people's certificates", [persons_ca_pem()])
        yield Member("authorities/persons-crl.pem", "keys of people that ended", [revocation_list()])


def _events_about(
    certificate: Certificate,
    record: Record,
    procedure: ProcedureVersion,
    sessions: list[CaptureSession],
    device_certificates: list[DeviceCertificate],
    people: list[dict[str, Any]],
) -> QuerySet[Event]:
    """Everything that happened to the certificate, its task and records, and to what they rest on; nothing of other customers."""
    objects: list[Any] = [certificate, certificate.task, procedure, *certificate.task.records.all()]
    objects += [*sessions, *{one.profile_id: one.profile for one in sessions}.values(), *device_certificates]
    wanted = Q()
    for one in objects:
        wanted |= Q(object_type=one._meta.label_lower, object_id=str(one.pk))
    for model, key in ((Authorisation, "authorisations"), (Qualification, "qualifications")):
        ids = [held["id"] for person in people for held in person[key]]
        wanted |= Q(object_type=model._meta.label_lower, object_id__in=ids)
    return Event.objects.filter(wanted)


def proven(events: QuerySet[Event], head: Checkpoint) -> dict[str, Any]:
    """The events below a head, in the order of the log, each with what is needed to work out its leaf and its place."""
    tree = tiles.Tree(checkpoints.unchecked(head.note).size, tile)
    rows = Entry.objects.filter(event__in=events, index__lt=head.size).select_related("event").order_by("index")
    return {
        "schema": EVENTS,
        "checkpoint": published_note(head),
        "events": [
            {
                "index": row.index,
                "at": row.event.at.isoformat(),
                "verb": row.event.verb,
                "salt": row.event.salt,
                "content": content_of(row.event),
                "public": json.loads(row.event.public),
                "hashes": [encode(one) for one in tree.inclusion(row.index)],
            }
            for row in rows
        ],
    }


def authorities() -> Iterator[Member]:
    """What seal and log are checked with, for readers who bring nothing of their own."""
    yield Member("authorities/root-ca.pem", "root of the seal's certificate", [sealer().root_pem()])
    yield Member("authorities/chain.pem", "certificates below that root", [sealer().chain_pem()])
    yield Member("authorities/log.vkey", "public key of the event log", [f"{signer().vkey}\n".encode()])

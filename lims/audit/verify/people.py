"""The three people of a certificate: different, entitled on the day, and what each of them signed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from cryptography import x509

from lims.audit.verify import digits
from lims.audit.verify.archive import Archive
from lims.audit.verify.events import Events, Told
from lims.audit.verify.report import Report
from lims.core.text import Text
from lims.people.keys import acts, revocations
from lims.people.keys.errors import KeyFault

PERSONS = "lims-persons/1"
EARLIEST, TOLERANCE = timedelta(hours=25), timedelta(minutes=10)
"""A pile may be signed up to a day before the last of it is done."""
RECORD = Text("这份记录", "this record")
ROOT, REVOKED = "authorities/persons-ca.pem", "authorities/persons-crl.pem"
DUTIES = (
    ("technician", "verify", "submit", ("record.frozen", "task.submit"), Text("检定", "verified")),
    ("checker", "check", "check", ("task.check",), Text("核验", "checked")),
    ("approver", "approve", "approve", ("task.approve",), Text("批准", "approved")),
)


def check(
    report: Report,
    archive: Archive,
    facts: Mapping[str, Any],
    record: Mapping[str, Any],
    events: Events,
    roots: Sequence[x509.Certificate] | None,
) -> None:
    """`roots`: the persons' authority that the reader trusts, None for the one in the bundle."""
    told = archive.json("persons.json")
    _three(report, facts, record, events)
    if "supervised_by" in record["people"]:
        trainee, supervisor = (str(record["people"][one]["name"]) for one in ("technician", "supervised_by"))
        report.note(
            f"读数由 {trainee} 在指导下测得，由 {supervisor} 确认并提交",
            f"the readings were taken under supervision: {trainee}, confirmed and submitted by {supervisor}",
        )
    for duty, act, _signed, verbs, word in DUTIES:
        deed = next((one for verb in reversed(verbs) if (one := events.deed(verb, record["record"]["number"]))), None)
        day = date.fromisoformat(record["dates"]["verified"])
        if duty != "technician" and deed is not None:
            day = institute_day(deed.at, record)
        person = next(one for one in told["persons"] if one["duty"] == duty)
        _entitled(report, person, act, word, day, facts, record, events)
    _signatures(report, archive, record, events, roots)


def institute_day(at: datetime, record: Mapping[str, Any]) -> date:
    """The day of a moment by the institute's calendar, whose distance from UTC the record carries; the log keeps UTC."""
    return at.astimezone(datetime.fromisoformat(record["dates"]["submitted"]).tzinfo).date()


def _three(report: Report, facts: Mapping[str, Any], record: Mapping[str, Any], events: Events) -> None:
    people = facts["people"]
    named = [(str(people[duty]["id"]), str(people[duty]["name"])) for duty, *_rest in DUTIES]
    acting = [
        next(
            ((one.actor, one.actor_name) for verb in verbs if (one := events.deed(verb, record["record"]["number"]))),
            ("", ""),
        )
        for _duty, _act, _signed, verbs, _word in DUTIES
    ]
    names = "、".join(str(people[duty]["name"]) for duty, *_rest in DUTIES)
    if len({person for person, _name in named}) != 3:
        report.wrong(
            "检定、核验、批准不是三个不同的人", "verification, check and approval are not by three different people"
        )
    elif named != acting:
        report.wrong(
            "证书所印的检定、核验、批准人与日志中的行为人不同",
            "the people on the certificate are not those who acted according to the log",
        )
    else:
        report.good(
            f"检定、核验、批准是三个不同的人：{names}，与日志一致",
            f"three different people verified, checked and approved, as the log has it: {names.replace('、', ', ')}",
        )


def _entitled(
    report: Report,
    person: Mapping[str, Any],
    act: str,
    word: Text,
    day: date,
    facts: Mapping[str, Any],
    record: Mapping[str, Any],
    events: Events,
) -> None:
    code = str(record["procedure"]["label"]).rpartition("-")[0]
    scopes = {("procedure", code), ("category", str(record["instrument"]["category"]))}
    name = str(person["name"])
    same = str(person["id"]) == str(facts["people"][person["duty"]]["id"])
    fitting = [
        one
        for one in person["authorisations"]
        if same and one["act"] == act and (one["scope_kind"], one["scope"]) in scopes and _covers(one, day)
    ]
    if not fitting:
        report.wrong(
            f"{name} 在 {day} 没有覆盖 {code} 的{word.zh}授权",
            f"{name} ({word.en}) had no authorisation for {code} on {day}",
        )
        return
    best = fitting[-1]
    granted = next(
        (one for one in events.told if one.verb == "authorisation.granted" and one.about[1] == best["id"]), None
    )
    if granted is not None and not _same(granted, best):
        report.wrong(
            f"{name} 的授权与日志所记不同：被改动",
            f"the authorisation of {name} is not as the log has it: it was altered",
        )
        return
    zh = f"（日志第 {granted.index} 条）" if granted else "（该授权早于日志，仅由机构陈述）"
    en = f"(entry {granted.index} of the log)" if granted else "(not in the log: the institute's word)"
    report.good(
        f"{name} 在 {day} 有{word.zh}授权：{best['scope']}，{best['valid_from']} 至 {best['valid_until']}{zh}",
        f"{name}, who {word.en}, was authorised on {day}: {best['scope']}, {best['valid_from']} to {best['valid_until']} {en}",
    )


def _covers(one: Mapping[str, Any], day: date) -> bool:
    from_, until = date.fromisoformat(one["valid_from"]), date.fromisoformat(one["valid_until"])
    return from_ <= day <= until and (not one["revoked_on"] or date.fromisoformat(one["revoked_on"]) > day)


def _same(granted: Told, one: Mapping[str, Any]) -> bool:
    return all(granted.payload.get(name) == one[name] for name in ("act", "scope", "valid_from", "valid_until"))


def _signatures(
    report: Report,
    archive: Archive,
    record: Mapping[str, Any],
    events: Events,
    roots: Sequence[x509.Certificate] | None,
) -> None:
    """Each person's own signature over the record. Where the log says that there was one, it must be in the bundle."""
    roots, listed = trusted(archive, roots)
    missing = []
    for _duty, _act, signed, verbs, word in DUTIES:
        number = record["record"]["number"]
        deeds = [one for verb in verbs if (one := events.deed(verb, number))]
        stated = next((text for one in deeds if (text := one.payload.get("signature"))), "")
        there = personal(
            report,
            archive,
            f"signatures/{signed}.jws",
            Signed(signed, number, digits.sha256(record), word, RECORD),
            deeds[-1] if deeds else None,
            str(stated),
            roots,
            listed,
        )
        if not there:
            missing.append(word)
    if missing:
        report.unknown(
            f"包中没有个人签名（{'、'.join(one.zh for one in missing)}）：只有日志说明是谁所为",
            f"the bundle has no personal signature of those who {', '.join(one.en for one in missing)}: only the log tells who it was",
        )


@dataclass(frozen=True)
class Signed:
    """What a personal signature is to be over: an act on a named thing with this digest. `word`, `what`: how both are told."""

    act: str
    name: str
    sha256: str
    word: Text
    what: Text


def trusted(
    archive: Archive, roots: Sequence[x509.Certificate] | None
) -> tuple[Sequence[x509.Certificate], x509.CertificateRevocationList | None]:
    """The persons' authority, the reader's or the one in the bundle, and its list of ended keys."""
    if roots is None:
        roots = x509.load_pem_x509_certificates(archive.read(ROOT)) if ROOT in archive else []
    return roots, revocations.read(archive.text(REVOKED).encode(), roots) if REVOKED in archive and roots else None


def personal(
    report: Report,
    archive: Archive,
    path: str,
    said: Signed,
    deed: Told | None,
    stated: str,
    roots: Sequence[x509.Certificate],
    listed: x509.CertificateRevocationList | None,
) -> bool:
    """Tells of one signature; False when there is none and the log does not say that there was one.

    stated: the SHA-256 of the signature as the event of the act has it. deed: that event, or the one that stands for the act.
    """
    if path not in archive:
        if stated:
            report.wrong(
                f"日志记有{said.word.zh}的个人签名，包中没有 {path}",
                f"the log tells of a personal signature ({said.act}), the bundle lacks {path}",
            )
        return bool(stated)
    text = archive.text(path).strip()
    if hashlib.sha256(text.encode()).hexdigest() != stated:
        report.wrong(
            f"{path} 不是日志所记的签名：被改动或调换",
            f"{path} is not the signature that the log has: altered or exchanged",
        )
        return True
    try:
        found = acts.verify_for(text, roots, act=said.act, record=said.name, record_sha256=said.sha256)
        ended = revocations.check(found.signature, listed) if listed is not None else None
    except KeyFault as fault:
        report.wrong(f"{path}：{fault.text.zh}", f"{path}: {fault.text.en}")
        return True
    if deed is None or deed.actor != found.act.person:
        report.wrong(f"{path} 的签名人不是该行为人", f"{path} was signed by another person than the one who acted")
        return True
    # The moment in a signature is its signer's word; the event of the act is the log's.
    if not deed.at - EARLIEST <= found.act.at <= deed.at + TOLERANCE or (ended and ended.at <= deed.at):
        report.wrong(
            f"{path} 自称签于 {found.act.at:%Y-%m-%d %H:%M:%S} UTC，与日志事件的时间 {deed.at:%Y-%m-%d %H:%M:%S} UTC 或密钥停用时间不符：倒签",
            f"{path} claims {found.act.at:%Y-%m-%d %H:%M:%S} UTC, which does not fit its event at {deed.at:%Y-%m-%d %H:%M:%S} UTC "
            "or the end of the key: back-dated",
        )
        return True
    zh, en = ("；该密钥后来已停用", "; that key was ended later") if ended else ("", "")
    report.good(
        f"{found.act.name} 以个人密钥签署了{said.what.zh}（{said.word.zh}，{found.act.at:%Y-%m-%d %H:%M:%S} UTC）{zh}",
        f"{found.act.name} signed {said.what.en} with the own key ({said.act}, {found.act.at:%Y-%m-%d %H:%M:%S} UTC){en}",
    )
    return True

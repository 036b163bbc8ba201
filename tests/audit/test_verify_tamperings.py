"""Twelve things that somebody with every right in the database, the files and the log's key could do, one row each, and what
the verifier tells a stranger offline. Digests downstream are made to fit wherever the insider could make them fit."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from certificates.models import Certificate, DigitalCertificate, SealedFile
from certificates.services import prolonging, withdraw
from instruments.models import Record, Task
from instruments.services.reopening import reopen
from lims.audit import selectors, services
from lims.audit.models import Entry, Event
from lims.audit.verify import __main__ as program
from lims.audit.verify import people, printed
from lims.audit.verify.report import Report
from lims.core import canonical
from lims.people.models import User
from standards.procedures import evaluate, load_pack, result_tables
from standards.services.procedures import PACKS
from tests.audit import evidence
from tests.audit.conftest import happen
from tests.audit.evidence import RUN, as_administrator, bundled, exchange, logged, restate, rewrite_history

Arguments = list[Path | str]


def reading(case: SimpleNamespace, at: Path) -> Arguments:
    """A reading of the rig is given another digit; the record that took it is left alone."""
    as_administrator(
        "UPDATE devices_reading SET value = '9.999999' WHERE id = (SELECT MAX(id) FROM devices_reading WHERE channel = 'E')"
    )
    return [bundled(at)]


def record(case: SimpleNamespace, at: Path) -> Arguments:
    """A typed value of the frozen record is changed and everything that follows from it computed anew, its digest too."""

    def change(stated: dict[str, Any]) -> None:
        path = f"{RUN}.E_pile_end"
        for value in stated["values"]:
            if value["path"] == path:
                value["value"] = "1.600"
        stated["data"]["items"]["working_error"]["rows"][0]["runs"][0]["E_pile_end"] = "1.600"
        pack = load_pack((PACKS / "jjg-1148-2022.toml").read_text("utf-8"))
        again = evaluate(pack, stated["data"])
        stated["evaluation"] = json.loads(canonical.dumps(again.as_json()))
        stated["results"] = json.loads(canonical.dumps(result_tables(pack, stated["data"], again)))

    restate(Record, change)
    return [bundled(at)]


def facts(case: SimpleNamespace, at: Path) -> Arguments:
    """The certificate is made to be valid ten years longer."""

    def change(stated: dict[str, Any]) -> None:
        stated["dates"]["valid_until"] = (
            f"{int(stated['dates']['valid_until'][:4]) + 10}{stated['dates']['valid_until'][4:]}"
        )

    restate(Certificate, change)
    return [bundled(at)]


def pack(case: SimpleNamespace, at: Path) -> Arguments:
    """The limits of the procedure are widened behind the records that were judged with it."""
    as_administrator(
        "UPDATE standards_procedureversion SET source = "
        "REPLACE(REPLACE(source, 'lower = \"-2.0\"', 'lower = \"-20.0\"'), 'upper = \"2.0\"', 'upper = \"20.0\"')"
    )
    return [bundled(at)]


def repacked(case: SimpleNamespace, at: Path, change: Callable[[bytes], bytes]) -> Path:
    """The bundle with another PDF in it; the database itself would refuse to hand out one that the log does not know."""
    members = evidence.unpacked(case.bundle)
    return evidence.packed(at, members | {"certificate.pdf": change(members["certificate.pdf"])})


def pdf_byte(case: SimpleNamespace, at: Path) -> Arguments:
    """One byte of the sealed file is another."""
    return [repacked(case, at, lambda pdf: pdf[:5000] + bytes([pdf[5000] ^ 1]) + pdf[5001:])]


def appended_update(case: SimpleNamespace, at: Path) -> Arguments:
    """An incremental update is appended to the sealed file: the seal itself still holds."""
    update = b"\n9999 0 obj\n<< /Type /Page >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"
    return [repacked(case, at, lambda pdf: pdf + update)]


def dcc_value(case: SimpleNamespace, at: Path) -> Arguments:
    """A day and a number of the machine-readable twin are others."""
    stated = json.loads(Certificate.objects.get().facts)
    exchange(DigitalCertificate, lambda xml: xml.replace(stated["dates"]["verified"].encode(), b"2020-01-01"))
    return [bundled(at)]


def noted(at: Path) -> Path:
    """The head that the auditor wrote down, once the certificate had been withdrawn."""
    withdraw(Certificate.objects.get(), by=User.objects.get(username="lead"), reason="读数来自故障的装置")
    services.integrate()
    newest = selectors.newest_checkpoint()
    assert newest is not None
    path = at.with_name("noted")
    path.write_text(newest.note)
    return path


def forget(where: str) -> None:
    """Deletes events, and with them their places in the tree, as if they had never been."""
    as_administrator(
        f"DELETE FROM audit_entry WHERE event_id IN (SELECT id FROM audit_event WHERE {where})",
        f"DELETE FROM audit_event WHERE {where}",
    )


def deleted_tail(case: SimpleNamespace, at: Path) -> Arguments:
    """The withdrawal, and all after it, is deleted, and the shorter log signed again."""
    head = noted(at)
    first = Event.objects.get(verb="certificate.withdrawn").pk
    forget(f"id >= {first}")
    rewrite_history()
    return [bundled(at), logged(at.with_name("log")), "--before", head]


def deleted_middle(case: SimpleNamespace, at: Path) -> Arguments:
    """The event of the assignment is deleted, and the whole log entered and signed again without it."""
    forget("verb = 'task.assign'")
    rewrite_history()
    return [bundled(at)]


def reordered(case: SimpleNamespace, at: Path) -> Arguments:
    """Check and approval change places in the log."""
    one, other = (Entry.objects.get(event__verb=verb) for verb in ("task.check", "task.approve"))
    as_administrator(
        f'UPDATE audit_entry SET "index" = 999999 WHERE event_id = {one.event_id}',
        f'UPDATE audit_entry SET "index" = {one.index} WHERE event_id = {other.event_id}',
        f'UPDATE audit_entry SET "index" = {other.index} WHERE event_id = {one.event_id}',
    )
    return [bundled(at), logged(at.with_name("log"))]


def back_dated(case: SimpleNamespace, at: Path) -> Arguments:
    """Number, issue and the day that is printed are moved back by a month, and the whole log is signed again."""
    for event in Event.objects.filter(verb__in=("certificate.numbered", "certificate.issued")):
        day = event.at.replace(year=event.at.year - 1)
        as_administrator(f"UPDATE audit_event SET at = %(at)s WHERE id = {event.pk}", at=str(day.replace(tzinfo=None)))
    rewrite_history()
    return [bundled(at), logged(at.with_name("log"))]


def restored_backup(case: SimpleNamespace, at: Path) -> Arguments:
    """The database is set back to before the withdrawal, the signer's memory with it, and the log goes on under the same key
    to the very length that was signed before."""
    head = noted(at)
    size = Entry.objects.count()
    forget(f"id >= {Event.objects.get(verb='certificate.withdrawn').pk}")
    rewrite_history()
    happen(size - Entry.objects.count())
    services.integrate()
    return [bundled(at), "--before", head]


TWELVE: dict[str, tuple[Callable[[SimpleNamespace, Path], Arguments], str, str]] = {
    "reading": (reading, "原始字节解得", "its bytes say"),
    "record": (record, "是另一内容的记录：record.json 被改动", "record with another content: record.json was altered"),
    "facts": (
        facts,
        "facts.json 不是签发时登入日志的证书内容：被改动",
        "facts.json is not the content entered into the log",
    ),
    "pack": (pack, "pack.toml 被改动或调换", "pack.toml was altered or exchanged"),
    "PDF byte": (
        pdf_byte,
        "certificate.pdf 不是登入日志的文件",
        "certificate.pdf is not the file entered into the log",
    ),
    "appended update": (appended_update, "不在任何签名范围内", "appended after the last signature, covered by none"),
    "DCC value": (dcc_value, "DCC 的值被改动", "its values were altered"),
    "deleted tail": (deleted_tail, "尾部被删除", "its end was removed"),
    "deleted middle": (deleted_middle, "中间有事件被隐去", "events in between are withheld"),
    "reordered": (reordered, "有条目被改动、删除、插入或调换", "altered, removed, inserted or reordered"),
    "back-dated": (back_dated, "倒签", "back-dated"),
    "restored backup that goes on signing": (restored_backup, "存在两套历史", "there are two histories"),
}


def found(capsys: Any, arguments: Arguments) -> tuple[int, list[dict[str, str]]]:
    status = program.main([*map(str, arguments), "--json"])
    told = json.loads(capsys.readouterr().out)["reports"]
    return status, [one for report in told for one in report["findings"] if one["state"] not in ("good", "note")]


def test_there_are_twelve() -> None:
    assert len(TWELVE) == 12


@pytest.mark.parametrize("name", TWELVE)
def test_each_is_found_offline_and_said_in_both_languages(
    case: SimpleNamespace, tmp_path: Path, capsys: Any, name: str
) -> None:
    tamper, zh, en = TWELVE[name]
    assert found(capsys, [case.bundle]) == (0, [])
    status, faults = found(capsys, tamper(case, tmp_path / "tampered.zip"))
    assert status == 1
    assert [one for one in faults if zh in one["zh"] and en in one["en"]], faults


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"])
def test_a_session_in_another_time_zone_finds_nothing_wrong(
    handed_out: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch, zone: str
) -> None:
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        assert found(capsys, [handed_out]) == (0, [])
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_act_before_eight_in_the_morning_counts_for_the_institute_s_day() -> None:
    record = {"dates": {"submitted": "2026-03-02T07:10:00+08:00"}}
    assert people.institute_day(datetime(2026, 3, 1, 23, 20, tzinfo=UTC), record) == date(2026, 3, 2)


def test_a_history_rewritten_from_the_record_on_still_lacks_the_people_s_own_signatures(
    case: SimpleNamespace, tmp_path: Path, capsys: Any
) -> None:
    """The insider changes a typed value, then every event and digest that tells of it, and signs a log anew that is consistent in
    itself. What he cannot make is what the three people signed with keys that only their passphrases open."""
    record(case, tmp_path / "unused.zip")
    digest = Record.objects.get().sha256
    for event in Event.objects.filter(verb__in=("record.frozen", "task.check", "task.approve", "record.values_saved")):
        payload = json.loads(event.payload)
        if "sha256" in payload:
            payload["sha256"] = digest
        for value in payload.get("values", ()):
            if value["path"] == f"{RUN}.E_pile_end":
                value["value"] = "1.600"
        as_administrator(
            f"UPDATE audit_event SET payload = %(payload)s WHERE id = {event.pk}", payload=canonical.dumps(payload)
        )
    rewrite_history()
    status, faults = found(capsys, [bundled(tmp_path / "x.zip")])
    said = [one["en"] for one in faults]
    assert status == 1
    assert sum("The record had another content when it was signed" in one for one in said) == 3
    assert not any("record.json was altered" in one or "proof" in one for one in said), "the log itself was made to fit"


def test_a_rig_value_of_the_record_must_be_the_reading_it_names(
    case: SimpleNamespace, tmp_path: Path, capsys: Any
) -> None:
    def change(stated: dict[str, Any]) -> None:
        for value in stated["values"]:
            if value["path"] == f"{RUN}.E_std_end":
                value["value"] = "0.000001"

    restate(Record, change)
    status, faults = found(capsys, [bundled(tmp_path / "x.zip")])
    assert status == 1 and any("the reading was altered" in one["en"] for one in faults)


def test_a_frame_deleted_from_the_middle_of_a_session_breaks_its_chain(
    handed_out: Path, tmp_path: Path, capsys: Any
) -> None:
    members = evidence.unpacked(handed_out)
    (name,) = (name for name in members if name.startswith("sessions/"))
    lines = members[name].splitlines(keepends=True)
    status, faults = found(
        capsys, [evidence.packed(tmp_path / "x.zip", members | {name: b"".join(lines[:3] + lines[4:])})]
    )
    assert status == 1 and any("breaks at frame 3" in one["en"] for one in faults), faults


def test_a_document_type_in_the_twin_is_refused_unread(handed_out: Path, tmp_path: Path, capsys: Any) -> None:
    members = evidence.unpacked(handed_out)
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><x>&a;</x>'
    status, faults = found(capsys, [evidence.packed(tmp_path / "x.zip", members | {"certificate.dcc.xml": bomb})])
    assert status == 1 and any("document type declaration" in one["en"] for one in faults), faults


def test_somebody_else_s_event_put_in_has_no_place_in_the_log(handed_out: Path, tmp_path: Path, capsys: Any) -> None:
    members = evidence.unpacked(handed_out)
    events = json.loads(members["events.json"])
    events["events"][3]["content"]["actor"]["name"] = "somebody else"
    changed = members | {"events.json": json.dumps(events).encode()}
    status, faults = found(capsys, [evidence.packed(tmp_path / "x.zip", changed)])
    assert status == 1 and any("does not fit the log" in one["en"] for one in faults), faults


def test_people_who_were_not_entitled_on_the_day_are_found(handed_out: Path, tmp_path: Path, capsys: Any) -> None:
    members = evidence.unpacked(handed_out)
    persons = json.loads(members["persons.json"])
    for person in persons["persons"]:
        for held in person["authorisations"]:
            held["valid_until"] = "2020-01-01"
    status, faults = found(
        capsys, [evidence.packed(tmp_path / "x.zip", members | {"persons.json": json.dumps(persons).encode()})]
    )
    assert status == 1 and sum("had no authorisation" in one["en"] for one in faults) == 3


def test_a_prolonged_file_is_good_and_one_prolonged_behind_the_log_is_not(
    case: SimpleNamespace, tmp_path: Path, capsys: Any
) -> None:
    """Validation data and a document time stamp behind the seal are accepted when the log holds the digest of the result."""
    prolonging.prolong_first(sealed=SealedFile.objects.get().pk)
    good = bundled(tmp_path / "prolonged.zip")
    assert found(capsys, [good]) == (0, [])
    members = evidence.unpacked(case.bundle) | {"certificate.pdf": evidence.unpacked(good)["certificate.pdf"]}
    status, faults = found(capsys, [evidence.packed(tmp_path / "x.zip", members)])
    assert status == 1 and any("what was appended after the seal is not in the log" in one["en"] for one in faults)


def test_pages_that_print_another_result_than_the_facts_are_found(handed_out: Path) -> None:
    """The institute's own seal and log cannot help a document that says something else than what it was made from."""
    members = evidence.unpacked(handed_out)
    stated = json.loads(members["facts.json"])
    report = Report("facts")
    printed.check(report, members["certificate.pdf"], stated)
    assert report.status == 0, report.lines("en")
    row = next(result for result in stated["results"] if result["rows"])["rows"][0]
    row[-2] = "+9.9"
    stated["dates"]["valid_until"] = "2099-12-31"
    report = Report("other facts")
    printed.check(report, members["certificate.pdf"], stated)
    said = "\n".join(report.lines("en"))
    assert report.status == 1 and "'2099-12-31' of the facts does not stand on the pages" in said and "+9.9" in said


def test_without_an_earlier_head_a_history_begun_anew_cannot_be_told_from_the_first(
    case: SimpleNamespace, tmp_path: Path, capsys: Any
) -> None:
    """The limit of any bundle, said in its manual: the withdrawal is gone, the log is signed, nothing contradicts it."""
    path, log, *_before = deleted_tail(case, tmp_path / "alone.zip")
    assert found(capsys, [path, log]) == (0, [])


def test_an_exception_left_out_of_the_record_is_found(case: SimpleNamespace, tmp_path: Path, capsys: Any) -> None:
    event = Event.objects.get(verb="task.assign")
    as_administrator(f"UPDATE audit_event SET verb = 'task.exception_granted', payload = %(payload)s WHERE id = {event.pk}",
                     payload=canonical.dumps({"code": "environment", "where": "x", "refusal": "", "reason": ""}))  # fmt: skip
    rewrite_history()
    _status, faults = found(capsys, [bundled(tmp_path / "x.zip")])
    assert any("exception environment x is not the same" in one["en"] for one in faults), faults


def test_a_task_opened_again_leaves_the_old_bundle_good_and_a_withdrawal_in_it_is_told(
    case: SimpleNamespace, tmp_path: Path, capsys: Any
) -> None:
    lead = User.objects.get(username="lead")
    task = Task.objects.get()
    reopen(task, by=lead, version=task.version, reason="出厂编号印错")
    withdraw(Certificate.objects.get(), by=lead, reason="读数来自故障的装置")
    path = bundled(tmp_path / "later.zip")
    assert found(capsys, [path]) == (0, [])
    assert program.main([str(path), "--lang", "en"]) == 0
    assert "mind: the certificate was withdrawn at" in capsys.readouterr().out

"""Opening a case: what was found about which device, since when, and what shows that it was good before."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction

from lims.audit.services import record
from lims.core import clock
from lims.core.text import Conflict, Refused, Text, reason
from lims.people.models import User
from lims.recall import rules
from lims.recall.models import RecallCase, RecallLine
from lims.recall.selectors import last_good_evidence
from standards.models import Device, DeviceCertificate


@dataclass(frozen=True)
class Finding:
    """What is known of one device, as `RecallLine` has it. Without `since` the last good evidence counts, or the day of the old
    certificate; with it, `evidence` says what the day rests on."""

    device: Device
    statement: str
    amount: str = ""
    unit: str = ""
    quantity: str = ""
    old_certificate: DeviceCertificate | None = None
    new_certificate: DeviceCertificate | None = None
    since: date | None = None
    evidence: str = ""


def open_case(
    *,
    by: User,
    what: str,
    findings: Sequence[Finding],
    known_on: date | None = None,
    until: date | None = None,
) -> RecallCase:
    """Opens a draft. `known_on`: the day of the finding, today when not given; `until`: the last day touched, that of the finding."""
    return _open(by, what, findings, known_on, until, None)


def supersede(
    case: RecallCase,
    *,
    by: User,
    what: str,
    findings: Sequence[Finding],
    known_on: date | None = None,
    until: date | None = None,
) -> RecallCase:
    """Opens a case in the place of another, whose results no longer count from now on. Its decisions stay, and stay done."""
    return _open(by, what, findings, known_on, until, case)


def _open(
    by: User,
    what: str,
    findings: Sequence[Finding],
    known_on: date | None,
    until: date | None,
    before: RecallCase | None,
) -> RecallCase:
    if why := rules.may_open(by) or rules.text_is_given(what, "what"):
        raise Refused(why)
    known = known_on or clock.today()
    last = until or known
    if why := rules.days_make_sense(known, last, clock.today()):
        raise Refused(why)
    with transaction.atomic():
        if before is not None:
            _end(before, by)
        case = RecallCase.objects.create(
            what=what.strip(), known_on=known, until=last, supersedes=before, opened_by=by, opened_at=clock.now()
        )
        lines = _lines(case, findings)
        record("recall.opened", by=by, obj=case, to_state=case.state, payload=_told(case, lines))
        return case


def _end(case: RecallCase, by: User) -> None:
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    if why := rules.may_supersede(now, by):
        raise Refused(why)
    RecallCase.objects.filter(pk=case.pk).update(state=RecallCase.State.SUPERSEDED)
    record("recall.superseded", by=by, obj=now, from_state=now.state, to_state=RecallCase.State.SUPERSEDED)
    case.refresh_from_db()


@transaction.atomic
def restate(
    case: RecallCase, *, by: User, what: str, findings: Sequence[Finding], known_on: date, until: date
) -> RecallCase:
    """Changes a draft: what was found, the days, and the lines, all anew."""
    now = RecallCase.objects.select_for_update().get(pk=case.pk)
    refusals = (rules.may_restate(now, by), rules.text_is_given(what, "what"))
    if why := next((one for one in refusals if one), None) or rules.days_make_sense(known_on, until, clock.today()):
        raise Refused(why)
    RecallCase.objects.filter(pk=case.pk).update(what=what.strip(), known_on=known_on, until=until)
    now.refresh_from_db()
    now.lines.all().delete()
    lines = _lines(now, findings)
    record("recall.restated", by=by, obj=now, payload=_told(now, lines))
    return now


def _lines(case: RecallCase, findings: Sequence[Finding]) -> list[RecallLine]:
    lines = [_line(case, one, f"lines[{at}]") for at, one in enumerate(findings)]
    if why := rules.lines_make_sense(lines, case.until):
        raise Refused(why)
    return RecallLine.objects.bulk_create(lines)


def _line(case: RecallCase, finding: Finding, where: str) -> RecallLine:
    since, evidence = _since(case, finding, where)
    certificate = finding.statement == RecallLine.Statement.CERTIFICATE
    measured = finding.statement in (RecallLine.Statement.RELATIVE, RecallLine.Statement.ABSOLUTE)
    return RecallLine(
        case=case,
        device=finding.device,
        statement=_known_statement(finding.statement, where),
        amount=finding.amount.strip() if measured else "",
        unit=finding.unit.strip() if measured else "",
        quantity=finding.quantity.strip() if measured else "",
        old_certificate=finding.old_certificate if certificate else None,
        new_certificate=finding.new_certificate if certificate else None,
        since=since,
        evidence=evidence.zh,
        evidence_en=evidence.en,
    )


def _known_statement(statement: str, where: str) -> str:
    if statement in RecallLine.Statement.values:
        return statement
    raise Refused(reason("recall_statement", "没有这种情况", "there is no such statement", where=f"{where}.statement"))


def _since(case: RecallCase, finding: Finding, where: str) -> tuple[date, Text]:
    """The first day touched and what it rests on. Raises Refused when nothing shows that the device was ever good."""
    if finding.since is not None:
        if why := rules.text_is_given(finding.evidence, f"{where}.evidence"):
            raise Refused(why)
        said = finding.evidence.strip()
        return finding.since, Text(said, said)
    old = finding.old_certificate
    if finding.statement == RecallLine.Statement.CERTIFICATE and old is not None:
        return old.calibrated_on, Text(f"证书 {old.number} 的日期", f"the day of certificate {old.number}")
    found = last_good_evidence(finding.device, case.known_on)
    if found is None:
        raise Refused(rules.evidence_is_known(finding.device, f"{where}.since"))
    return found.day, found.what


def _told(case: RecallCase, lines: Sequence[RecallLine]) -> dict[str, Any]:
    return {
        "what": case.what,
        "known_on": case.known_on.isoformat(),
        "until": case.until.isoformat(),
        "supersedes": str(case.supersedes) if case.supersedes else "",
        "lines": [
            {
                "device": one.device.asset_number,
                "statement": one.statement,
                "amount": one.amount,
                "unit": one.unit,
                "quantity": one.quantity,
                "old_certificate": one.old_certificate.number if one.old_certificate else "",
                "new_certificate": one.new_certificate.number if one.new_certificate else "",
                "since": one.since.isoformat(),
                "evidence": one.evidence,
            }
            for one in lines
        ],
    }


def taken(case: RecallCase) -> Conflict:
    """Somebody else changed the case in the same moment."""
    return Conflict(
        reason(
            "changed_meanwhile",
            f"追溯 {case} 的状态刚刚被他人更改",
            f"Somebody else has just changed recall case {case}",
            "请刷新页面查看现状",
            "Reload the page to see how it stands",
        )
    )

"""The clause map: where the system answers a clause, which tests prove it, and what there is to see now."""

import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.utils import timezone

from certificates.models import Certificate
from lims.audit.checking import waiting_since
from lims.audit.models import Event
from lims.audit.selectors import last_stamp
from lims.auditor.models import Sample, Tick
from lims.core import clock
from lims.core.text import Text
from lims.people.models import Authorisation
from standards.models import (
    CapabilityTest,
    Device,
    DeviceCertificate,
    MeasurementStandard,
    ProcedureVersion,
    StandardLicence,
)

SOURCE = Path(__file__).parent.parent / "clauses.toml"


@dataclass(frozen=True)
class Clause:
    """One clause in our own words. `where`: name of a page; `evidence`: key of FIGURES; `beyond`: what no machine can show."""

    standard: str
    number: str
    asks: Text
    where: str
    tests: tuple[str, ...]
    evidence: str
    beyond: Text | None


@cache
def clauses() -> tuple[Clause, ...]:
    rows = tomllib.loads(SOURCE.read_text("utf-8"))["clause"]
    return tuple(
        Clause(
            one["standard"], one["number"], Text(**one["asks"]), one["where"], tuple(one["tests"]), one["evidence"],
            Text(**one["beyond"]) if "beyond" in one else None,
        )
        for one in rows
    )  # fmt: skip


def figures() -> dict[str, Text]:
    """What there is to see now, by the key the clauses name: counts, and the oldest gap where there is one."""
    day = clock.today()
    return {name: figure(day) for name, figure in FIGURES.items()}


def _authorisations(day: date) -> Text:
    rows = Authorisation.objects.filter(valid_from__lte=day, valid_until__gte=day, revoked_on=None)
    first = rows.order_by("valid_until").values_list("valid_until", flat=True).first()
    return Text(
        f"今日有效的授权 {rows.count()} 项，最早 {first or '—'} 到期",
        f"{rows.count()} authorisations valid today, the first ends on {first or '—'}",
    )


def _records(_day: date) -> Text:
    count = _happened("record.frozen")  # by the index of events: to count the records themselves, all of each is read
    return Text(f"已冻结的原始记录 {count} 份", f"{count} original records frozen")


def _devices(day: date) -> Text:
    covered = DeviceCertificate.objects.filter(
        state="confirmed", withdrawn_reason="", calibrated_on__lte=day, valid_until__gte=day
    ).values("device")
    total, bare = Device.objects.count(), Device.objects.exclude(pk__in=covered).count()
    return Text(
        f"设备 {total} 台，其中 {bare} 台今日没有印有有效期且在期内的证书",
        f"{total} devices, {bare} of them without a certificate that states a validity covering today",
    )


def _packs(_day: date) -> Text:
    approved = ProcedureVersion.objects.filter(state=ProcedureVersion.State.APPROVED).count()
    waiting = ProcedureVersion.objects.filter(state=ProcedureVersion.State.DRAFT).count()
    return Text(
        f"已批准的规程版本 {approved} 个，待批准 {waiting} 个", f"{approved} editions approved, {waiting} waiting"
    )


def _standards(day: date) -> Text:
    valid = StandardLicence.objects.filter(withdrawn_reason="", issued_on__lte=day, valid_until__gte=day)
    total = MeasurementStandard.objects.count()
    bare = MeasurementStandard.objects.exclude(pk__in=valid.filter(kind="examination").values("standard")).count()
    return Text(
        f"计量标准 {total} 项，其中 {bare} 项今日没有有效的考核证书",
        f"{total} measurement standards, {bare} of them without an examination certificate valid today",
    )


def _capability(_day: date) -> Text:
    rows = CapabilityTest.objects.all()
    newest = rows.order_by("-on").values_list("on", flat=True).first()
    return Text(
        f"测量能力试验 {rows.count()} 次，最近 {newest or '—'}",
        f"{rows.count()} capability tests, the last on {newest or '—'}",
    )


def _certificates(_day: date) -> Text:
    issued = Certificate.objects.filter(state=Certificate.State.ISSUED).count()
    return Text(f"现行有效状态的证书 {issued} 份", f"{issued} certificates stand as issued")


def _replaced(_day: date) -> Text:
    replaced = Certificate.objects.filter(state=Certificate.State.REPLACED).count()
    withdrawn = Certificate.objects.filter(state=Certificate.State.WITHDRAWN).count()
    return Text(f"已替代 {replaced} 份，已撤回 {withdrawn} 份", f"{replaced} replaced, {withdrawn} withdrawn")


def _events(_day: date) -> Text:
    return Text(f"事件 {(count := Event.objects.count())} 条", f"{count} events")


def _log(_day: date) -> Text:
    oldest, stamp = waiting_since(), last_stamp()
    since = f"{oldest.at:%Y-%m-%d %H:%M:%S} UTC" if oldest else "—"
    day = stamp.day if stamp else "—"
    return Text(
        f"最早未入日志的事件：{since}；最近的时间戳：{day}",
        f"oldest event without a place: {since}; last time stamp: {day}",
    )


def _recalls(_day: date) -> Text:
    """From events: recall cases are kept above this app."""
    opened, ended = _happened("recall.opened"), _happened("recall.closed") + _happened("recall.superseded")
    return Text(
        f"影响追溯 {opened} 件，其中 {ended} 件已结束或被取代",
        f"{opened} recall cases, {ended} of them closed or superseded",
    )


def _reminders(_day: date) -> Text:
    newest = Event.objects.filter(verb="reminder.run").order_by("-pk").values_list("at", flat=True).first()
    when = timezone.localtime(newest).strftime("%Y-%m-%d %H:%M") if newest else "—"
    return Text(f"最近一次编写到期提醒：{when}", f"reminders were last written: {when}")


def _happened(verb: str) -> int:
    return Event.objects.filter(verb=verb).count()


def _samples(_day: date) -> Text:
    findings = Tick.objects.filter(result=Tick.Result.FINDING).count()
    return Text(
        f"抽样 {Sample.objects.count()} 次，记下不符合 {findings} 条",
        f"{Sample.objects.count()} samples, {findings} findings",
    )


FIGURES: dict[str, Callable[[date], Text]] = {
    "authorisations": _authorisations,
    "capability": _capability,
    "certificates": _certificates,
    "devices": _devices,
    "events": _events,
    "log": _log,
    "packs": _packs,
    "recalls": _recalls,
    "records": _records,
    "reminders": _reminders,
    "replaced": _replaced,
    "samples": _samples,
    "standards": _standards,
}

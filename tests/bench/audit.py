"""What an auditor asks for, at 100 000 certificates and a million events: times and numbers of queries.

`LIMS_AUDIT_CERTIFICATES` and `LIMS_AUDIT_EVENTS` make it shorter or longer.
"""

import hashlib
import os
import random
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from types import SimpleNamespace

from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certificates.models import Certificate
from lims.audit.models import Event
from lims.audit.services.integrating import place
from lims.auditor import services
from lims.auditor.models import Sample
from lims.auditor.selectors.events import Asked, as_csv, found
from lims.core import canonical, clock
from tests import factories
from tests.bench.certificates import lay_out
from tests.bench.measure import Figure, spans

ROUNDS, CHUNK = 5, 5_000
TITLES = ("高级工程师", "助理工程师", "检定员", "核验员", "技术负责人")
PLACES = ("东湖路", "西岭路", "南桥街", "北塘街", "中山路")


def figures() -> list[Figure]:
    certificates = int(os.environ.get("LIMS_AUDIT_CERTIFICATES", "100000"))
    events = int(os.environ.get("LIMS_AUDIT_EVENTS", "1000000"))
    begun = time.perf_counter()
    lab = lay_out(certificates)
    laid = time.perf_counter()
    happen(events)
    remark = (
        f"{certificates} certificates laid out in {laid - begun:.0f} s, {events} events in {time.perf_counter() - laid:.0f} s; "
        f"load {os.getloadavg()[0]:.1f}"
    )
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(lab.auditor, backend="django.contrib.auth.backends.ModelBackend")
    lines = []
    for name, act in (*pages(lab, client), *searches(lab, client)):
        with CaptureQueriesContext(connection) as asked:
            act()
        count = len(asked)  # counted before the next request forgets them
        (ours,) = spans([act], rounds=ROUNDS)
        lines.append(Figure("audit", name, "ms", ours, remark=f"{count} queries{'; ' + remark if remark else ''}"))
        remark = ""
    return lines


def pages(lab: SimpleNamespace, client: Client) -> Iterator[tuple[str, Callable[[], object]]]:
    one = Certificate.objects.order_by("pk")[Certificate.objects.count() // 2]
    moment = {"day": (factories.today() - timedelta(days=30)).isoformat(), "time": "12:00"}
    get = partial(_get, client)
    trace = reverse("auditor:trace", args=[one.number])
    yield "index of certificates", partial(get, reverse("auditor:index"))
    yield "search of a certificate", partial(get, reverse("auditor:index"), {"q": one.number[-7:]})
    yield "trace of a digit", partial(get, trace, {"at": "items.working_error.rows[0].gamma"})
    yield "dossier of a standard", partial(get, reverse("standards:dossier", args=[lab.standard.code]))
    yield "graph of a standard", partial(get, reverse("lineage:graph", args=["standard", lab.standard.code]))
    for kind, key in (
        ("standard", lab.standard.code),
        ("device", lab.meter.asset_number),
        ("person", lab.technician.username),
        ("pack", lab.procedure.sha256),
        ("certificate", one.number),
    ):
        yield f"as of: {kind}", partial(get, reverse("auditor:as_of"), {"kind": kind, "key": key, **moment})
    yield "drawing 5 out of all", partial(_draw, lab)
    sample = _draw(lab)
    yield "page of a sample", partial(get, reverse("auditor:sample", args=[sample.pk]))
    yield "walk of one certificate", partial(get, reverse("auditor:sample_item", args=[sample.pk, 1]))
    yield "clause map", partial(get, reverse("auditor:clauses"))


def searches(lab: SimpleNamespace, client: Client) -> Iterator[tuple[str, Callable[[], object]]]:
    page, day = reverse("auditor:events"), factories.today().isoformat()
    rare = Event.objects.order_by("pk")[Event.objects.count() // 3]
    for name, asked in (
        ("newest", {}),
        ("a word in a fifth of them", {"text": "高级工程师"}),
        ("two characters in most", {"text": "检定"}),
        ("a number that one has", {"text": rare.object_label}),
        ("a word that none has", {"text": "无此内容"}),
        ("two words, one rare", {"text": f"{rare.object_label} values"}),
        ("a kind and a word that none has", {"verb": "person.changed", "text": "无此内容"}),
        ("a person who did nothing", {"who": "无此人"}),
        ("an object", {"about": rare.object_label}),
        ("the first day", {"since": "2000-01-01", "until": "2000-01-02"}),
        ("today", {"since": day, "until": day}),
    ):
        yield f"events: {name}", partial(_get, client, page, asked)
    yield "events: 10 000 as CSV", partial(_csv, lab)


def _csv(lab: SimpleNamespace) -> None:
    for at, _line in enumerate(as_csv(found(lab.auditor, Asked(text="高级工程师")))):
        if at == 10_000:
            return


def _draw(lab: SimpleNamespace) -> Sample:
    return services.draw(by=lab.auditor, seed="03 08 15", wanted=5, since=lab.first_day, until=lab.last_day)


def _get(client: Client, address: str, query: dict[str, str] | None = None) -> None:
    answer = client.get(address, query or {})
    if answer.status_code != 200:
        raise ValueError(f"{address} {query}: {answer.status_code}")


def happen(count: int) -> None:
    """So many events of some years, as plausible as needed, all of them in the log."""
    chance, now = random.Random(17025), clock.now()
    last = Event.objects.order_by("-pk").first()
    begin = (last.at if last else now) - timedelta(seconds=0)
    rows = []
    for n in range(count):
        verb, label, payload = _event(chance, n)
        rows.append(
            Event(
                at=begin + timedelta(microseconds=n), actor_id=str(n % 40 + 1), actor_name=f"检定员{n % 40 + 1:02d}", verb=verb,
                object_type="instruments.record", object_id=str(n % 100_000), object_label=label, payload=canonical.dumps(payload),
                salt=f"{n:032x}", to_state="submitted" if n % 5 == 1 else "",
            )
        )  # fmt: skip
        if len(rows) == CHUNK or n == count - 1:
            with transaction.atomic():
                _enter(rows)
            rows = []
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _enter(rows: list[Event]) -> None:
    from lims.audit.models import Waiting

    Waiting.objects.bulk_create(Waiting(event=one) for one in Event.objects.bulk_create(rows, batch_size=1000))
    place(CHUNK)


def _event(chance: random.Random, n: int) -> tuple[str, str, dict[str, object]]:
    kind, record = n % 5, f"RW-2026-{n % 200_000:06d}-1"
    digest = hashlib.sha256(str(n).encode()).hexdigest()
    if kind in (0, 3):
        path = f"items.working_error.rows[{n % 4}].runs[{n % 3}]"
        values = [
            {"path": f"{path}.{name}", "value": f"{chance.random():.4f}", "origin": "typed"}
            for name in ("E_pile_start", "E_pile_end", "E_std_end")
        ]
        return "record.values_saved", record, {"values": values, "record": record}
    if kind == 1:
        return "task.submit", record, {"record": record, "sha256": digest}
    if kind == 2:
        return "person.changed", f"检定员{n % 40 + 1:02d}", {"changed": {"title": [TITLES[n % 5], "高级工程师"]}}
    return (
        "certificate.issued",
        f"JD-2026-{n % 1_000_000:07d}",
        {"pdf": digest, "place": f"{PLACES[n % 5]}{n % 300}号", "facts": digest[::-1]},
    )

"""A reference meter was wrong: how soon the certificates touched are listed, and how many a second are computed again.

`LIMS_RECALL_COUNT` certificates, 100 000 unless said; tests/bench/certificates.py lays them out.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

from django.db import connection

from certificates.models import Certificate
from lims.core import jobs
from lims.core.models import Job
from lims.recall import selectors
from lims.recall.models import RecallCase
from lims.recall.services import Finding, compute, open_case, trace
from standards.procedures import Pack, evaluate
from tests.bench.certificates import lay_out
from tests.bench.measure import Figure, Span, spans, timed

ROUNDS, SAMPLE = 3, 1000
WORKER = """
import sys
import time
import django
django.setup()
from lims.core import jobs
from lims.recall.models import RecallCase
print("ready", flush=True)
sys.stdin.readline()
begun = time.process_time()
while RecallCase.objects.get(pk=int(sys.argv[1])).state == "computing":
    jobs.run_due()
print(time.process_time() - begun)
"""
READ = """
SELECT count(*), max(c.organisation_id), max(i.category) FROM instruments_recorddevice d
JOIN certificates_certificate c ON c.record_id = d.record_id JOIN instruments_instrument i ON i.id = c.instrument_id
WHERE d.device_id = %s AND c.kind <> 'supplement' AND c.state <> 'void' AND c.verified_on BETWEEN %s AND %s
"""


def figures() -> list[Figure]:
    count = int(os.environ.get("LIMS_RECALL_COUNT", "100000"))
    jobs.ring = lambda job_id: None  # the workers of this bench look for themselves
    begun = time.perf_counter()
    lab = lay_out(count)
    Job.objects.all().delete()
    remark = f"{count} certificates, laid out in {time.perf_counter() - begun:.0f} s"
    traced, page, cases = _traced(lab)
    cpu = Span(tuple(one[1] for one in traced))
    read = spans([partial(_read, lab)], rounds=ROUNDS)[0]
    found = [
        Figure(
            "recall", "list of the certificates touched, with totals and first page", "ms",
            Span(tuple(one[0] for one in traced)), read, "reading the rows it is made of", f"{cpu.median:.0f} ms CPU; {remark}",
        ),
        Figure("recall", "first page and totals of a list that is there", "ms", page),
    ]  # fmt: skip
    sample = _sample(lab, min(count, SAMPLE))
    bare = Span(tuple(1000 * len(sample) / timed(partial(_bare, lab.pack, sample)) for _ in range(ROUNDS)))
    each = Span((timed(partial(_bare, lab.pack, sample), clock=time.process_time) / len(sample),))
    for workers, case in ((1, cases[0]), (2, cases[1])):
        rate, cpu = _rate(lab, case, workers)
        found.append(
            Figure(
                "recall", f"certificates computed again, {workers} worker{'s' if workers > 1 else ''}", "1/s", Span((rate,)), bare,
                f"reading and evaluating the same records, nothing else, in one process: {each.median:.2f} ms CPU each",
                f"{cpu:.2f} ms CPU each; {selectors.totals(lab.lead, case).flips} verdicts change",
            )
        )  # fmt: skip
    return found


def _case(lab: SimpleNamespace) -> RecallCase:
    return open_case(by=lab.lead, what="标准表示值偏大 0.05 %", findings=[Finding(lab.meter, "relative", "0.05", "%")])


def _traced(lab: SimpleNamespace) -> tuple[list[tuple[float, float]], Span, list[RecallCase]]:
    """Wall and processor time until a list is seen, by round; the time of its first page alone; the cases."""
    taken, pages, cases = [], [], []
    for turn in range(ROUNDS + 1):
        case = _case(lab)
        wall, cpu = time.perf_counter(), time.process_time()
        trace(case, by=lab.lead)
        begun = time.perf_counter()
        shown = selectors.case_items(lab.lead, case), selectors.totals(lab.lead, case)
        pages.append(1000 * (time.perf_counter() - begun))
        if turn:
            taken.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))
        if len(shown[0].rows) < 50 or shown[1].touched != Certificate.objects.count():
            raise ValueError(f"{case} touches {shown[1].touched}")
        cases.append(case)
    return taken, Span(tuple(pages[1:])), cases


def _read(lab: SimpleNamespace) -> None:
    days = [connection.ops.adapt_datefield_value(day) for day in (lab.first_day, lab.last_day)]
    with connection.cursor() as cursor:
        cursor.execute(READ, [lab.meter.pk, *days])
        cursor.fetchall()


def _sample(lab: SimpleNamespace, count: int) -> list[str]:
    return list(Certificate.objects.order_by("token").values_list("record__facts", flat=True)[:count])


def _bare(pack: Pack, facts: list[str]) -> None:
    for one in facts:
        evaluate(pack, json.loads(one)["data"])


def _rate(lab: SimpleNamespace, case: RecallCase, workers: int) -> tuple[float, float]:
    """Certificates a second, from the moment at which the workers are told to begin until the last one is written; and the
    processor milliseconds that each took."""
    compute(case, by=lab.lead)
    asked: Callable[[], subprocess.Popen[str]] = partial(
        subprocess.Popen, [sys.executable, "-c", WORKER, str(case.pk)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    running: list[Any] = [asked() for _ in range(workers)]
    for one in running:
        one.stdout.readline()
    begun = time.perf_counter()
    for one in running:
        one.stdin.write("\n")
        one.stdin.flush()
    while not _done(case):
        time.sleep(0.05)
    taken = time.perf_counter() - begun
    cpu = sum(float(one.communicate(timeout=60)[0]) for one in running)
    return case.touched / taken, 1000 * cpu / case.touched


def _done(case: RecallCase) -> bool:
    case.refresh_from_db(fields=["state"])
    return case.state == RecallCase.State.COMPUTED

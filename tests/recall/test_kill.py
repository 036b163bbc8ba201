"""Real processes: a worker is killed while it computes, two others go on at once, and the result is that of an undisturbed run."""

import json
import signal

import pytest

PRELUDE = """
import json, os, signal, sys
from django.utils import timezone
from lims.audit.models import Event
from lims.core import jobs
from lims.core.models import Job
from lims.recall.models import RecallCase, RecallItem
from lims.recall.services import Finding, compute, computing, open_case, trace
jobs.ring = lambda job_id: None
computing.SLICE, computing.BATCH = 12, 4
waiting = lambda: RecallCase.objects.filter(state="computing").exists()
"""
PREPARE = """
from tests.bench.certificates import lay_out
lab = lay_out(60, variants=60, customers=2)
Job.objects.all().delete()
for undisturbed in (True, False):
    case = trace(open_case(by=lab.lead, what="偏大", findings=[Finding(lab.meter, "relative", "0.05", "%")]), by=lab.lead)
    compute(case, by=lab.lead)
    while undisturbed and waiting():
        jobs.run_due()
"""
DYING = """
real, done = computing._compute, []
def dying(known, items):
    if len(done) == 4:
        print(RecallItem.objects.filter(state="waiting").count(), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    real(known, items)
    done.append(items)
computing._compute = dying
jobs.run_due()
"""
WORKING = """
Job.objects.filter(done_at=None).update(due_at=timezone.now())  # the lease of the dead one has run out
while waiting():
    jobs.run_due()
def told(case):
    rows = RecallItem.objects.filter(case=case).order_by("certificate_id")
    return list(rows.values_list("certificate_id", "state", "effect", "flip", "worst", "rank", "details"))
whole, killed = RecallCase.objects.order_by("pk")
ends = Event.objects.filter(verb="recall.computed", object_id=str(killed.pk)).count()
print(json.dumps([told(whole) == told(killed), killed.state, killed.touched, ends]))
"""


@pytest.mark.django_db
def test_a_killed_worker_and_two_at_once_come_to_the_result_of_one_undisturbed(site):
    killed = site.python(PRELUDE + PREPARE + DYING)
    out, err = killed.communicate(timeout=180)
    assert killed.returncode == -signal.SIGKILL, err
    assert int(out) == 61 - 4 * 4  # four batches of four were written
    two = [site.python(PRELUDE + WORKING) for _ in range(2)]
    for one in two:
        out, err = one.communicate(timeout=180)
        assert one.returncode == 0, err
        assert json.loads(out) == [True, "computed", 61, 1]

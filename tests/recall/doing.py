"""What tests of recall cases do again and again."""

from lims.core import jobs
from lims.recall.models import RecallItem
from lims.recall.services import Finding, compute, open_case, trace

COUNT = 120
"""Certificates laid out, besides the one that they are copies of."""


def relative(device, percent, **more):
    return Finding(device, "relative", percent, "%", **more)


def computed(lab, *findings, what="标准表示值偏大"):
    """A case with these findings, traced and computed."""
    case = trace(open_case(by=lab.lead, what=what, findings=findings), by=lab.lead)
    compute(case, by=lab.lead)
    work()
    case.refresh_from_db()
    return case


def work():
    """Does every job that is due, however many follow one another."""
    while jobs.run_due():
        pass


def all_items(case):
    return list(RecallItem.objects.filter(case=case).select_related("certificate__record").order_by("pk"))

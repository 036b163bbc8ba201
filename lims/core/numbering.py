"""Gapless number series.

One counter row, UPDATE first, inside the transaction of the deed: the row lock orders the takers, a rollback gives the
number back. `MAX + 1` needs retries under load, sequences leave gaps.
"""

from django.db import connection, transaction
from django.db.models import F

from lims.core.models import Counter


def take(series: str) -> int:
    """The next number of the series, beginning with 1. Raises TransactionManagementError outside a transaction."""
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("a number is taken only inside the transaction of its deed")
    if not Counter.objects.filter(series=series).update(last=F("last") + 1):
        Counter.objects.bulk_create([Counter(series=series, last=0)], ignore_conflicts=True)
        Counter.objects.filter(series=series).update(last=F("last") + 1)
    return Counter.objects.values_list("last", flat=True).get(series=series)

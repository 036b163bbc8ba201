"""Numbers of a series follow one another without a gap, whatever rolls back and whoever else is counting."""

import json

import pytest
from django.db import transaction

from lims.core import numbering


@pytest.mark.django_db
def test_numbers_follow_one_another_and_series_do_not_mix():
    with transaction.atomic():
        assert [numbering.take("a") for _ in range(3)] == [1, 2, 3]
        assert numbering.take("b") == 1
        assert numbering.take("a") == 4


@pytest.mark.django_db(transaction=True)
def test_a_number_outside_a_transaction_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        numbering.take("a")


@pytest.mark.django_db
def test_a_deed_that_fails_gives_its_number_back():
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        assert numbering.take("a") == 1
        raise ZeroDivisionError
    with transaction.atomic():
        assert numbering.take("a") == 1


TAKE = """
import random, sys
from django.db import transaction
from lims.core import numbering
from lims.core.models import Job
from lims.core import clock

class Failed(Exception):
    pass

chance = random.Random(sys.argv[1] if len(sys.argv) > 1 else None)
for _ in range(25):
    try:
        with transaction.atomic():
            number = numbering.take("certificate")
            Job.objects.create(kind="number", key=str(number), due_at=clock.now())
            if chance.random() < 0.4:
                raise Failed
    except Failed:
        pass
"""


def test_eight_processes_with_rollbacks_leave_no_gap(site):
    takers = [site.python(TAKE) for _ in range(8)]
    for taker in takers:
        _out, err = taker.communicate(timeout=300)
        assert taker.returncode == 0, err
    told = site.output(
        "from lims.core.models import Counter, Job\n"
        "print(sorted(map(int, Job.objects.values_list('key', flat=True))), Counter.objects.get().last, sep='|')"
    )
    numbers, last = told.split("|")
    numbers = json.loads(numbers)
    assert numbers == list(range(1, len(numbers) + 1))
    assert int(last) == len(numbers) > 50

"""Keyset pages, one after the other, are the list: no row twice, none missing, whatever repeats in the first column."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from lims.core import paging
from lims.core.models import Job

START = timezone.now()


def _walk(order: tuple[str, str], size: int) -> list[int]:
    seen, after = [], ""
    for _ in range(100):
        page = paging.page(Job.objects.all(), order=order, after=after, size=size)
        assert len(page.rows) <= size
        seen += [row.pk for row in page.rows]
        if not page.after:
            return seen
        after = page.after
    raise AssertionError("the pages never end")


@pytest.mark.django_db
@hypothesis_settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    attempts=st.lists(st.integers(0, 3), max_size=25),
    size=st.integers(1, 7),
    order=st.sampled_from(
        [("attempts", "pk"), ("-attempts", "-pk"), ("due_at", "pk"), ("-due_at", "-pk"), ("kind", "key")]
    ),
)
def test_pages_equal_the_list_cut_by_offset(attempts, size, order):
    Job.objects.all().delete()
    Job.objects.bulk_create(
        Job(kind=f"k{n}", key=f"{index:03d}", attempts=n, due_at=START + timedelta(microseconds=n))
        for index, n in enumerate(attempts)
    )
    rows = list(Job.objects.order_by(*order).values_list("pk", flat=True))
    by_offset = [pk for start in range(0, len(rows) or 1, size) for pk in rows[start : start + size]]
    assert _walk(order, size) == by_offset


@pytest.mark.django_db
def test_a_row_added_before_the_cursor_does_not_repeat_a_row():
    Job.objects.bulk_create(Job(kind="k", key=str(n), due_at=START, attempts=5) for n in range(4))
    first = paging.page(Job.objects.all(), order=("attempts", "pk"), size=2)
    Job.objects.create(kind="k", key="new", due_at=START, attempts=1)
    second = paging.page(Job.objects.all(), order=("attempts", "pk"), after=first.after, size=2)
    assert not {row.pk for row in first.rows} & {row.pk for row in second.rows}


@pytest.mark.django_db
@pytest.mark.parametrize(
    "cursor", ["x", "%%%", "bnVsbA", "W10", "WzEsMl0", "WyJcdTAwMDAiLDFd", "W1tdLHt9XQ", "é", "A" * 5000]
)
def test_a_cursor_written_by_hand_never_breaks_the_page(cursor):
    Job.objects.create(kind="k", key="1", due_at=START)
    for order in (("attempts", "pk"), ("-due_at", "-pk")):
        paging.page(Job.objects.all(), order=order, after=cursor, size=2)


@pytest.mark.django_db
def test_a_column_without_a_value_is_refused_loudly():
    Job.objects.bulk_create(Job(kind="k", key=str(n), due_at=START) for n in range(3))
    with pytest.raises(ValueError, match="null"):
        paging.page(Job.objects.all(), order=("done_at", "pk"), size=1)


def test_two_directions_are_refused():
    with pytest.raises(ValueError, match="same way"):
        paging.page(Job.objects.all(), order=("attempts", "-pk"))


@pytest.mark.django_db
def test_counting_stops_at_the_cap(monkeypatch):
    Job.objects.bulk_create(Job(kind="k", key=str(n), due_at=START) for n in range(5))
    assert paging.capped_count(Job.objects.all()) == (5, False)
    monkeypatch.setattr(paging, "CAP", 3)
    assert paging.capped_count(Job.objects.all()) == (3, True)

"""What the recall tests share: certificates laid out in bulk, and jobs that run when a test says so."""

from types import SimpleNamespace

import pytest
from django.db import transaction

from lims.core import jobs
from lims.core.models import Job
from tests import factories
from tests.bench.certificates import lay_out
from tests.recall.doing import COUNT


@pytest.fixture(scope="module")
def _laid_once(django_db_setup, django_db_blocker):
    """Laid out once for all tests of a file, in a transaction that is rolled back: each test works on a savepoint within it."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield lay_out(COUNT, variants=COUNT, customers=5)
        transaction.set_rollback(True)


@pytest.fixture
def unrung(monkeypatch):
    """Rings are not heard, so that jobs wait for `work`."""
    monkeypatch.setattr(jobs, "ring", lambda job_id: None)


@pytest.fixture
def laid(_laid_once, unrung, db):
    """Some certificates of piles on both sides of the limit."""
    Job.objects.all().delete()
    return SimpleNamespace(**vars(_laid_once))


@pytest.fixture
def lab(unrung, db):
    return factories.laboratory()

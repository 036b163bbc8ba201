"""The event log: written with the deed or not at all, in order of time, and never touched again."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from lims.audit import leaves, registry, selectors, services
from lims.audit.models import Event
from lims.core import canonical, clock, context
from lims.core.models import Counter
from lims.core.text import Refused

registry.register("test.happened", zh="发生测试", en="a test happened")


@pytest.fixture
def thing(db):
    return Counter.objects.create(series="x")


def test_an_event_tells_who_what_which_and_from_where_to_where(thing):
    with context.scope("request-7"), transaction.atomic():
        event = services.record(
            "test.happened", by=None, obj=thing, from_state="a", to_state="b", version=3, payload={"n": "1"}
        )
    event.refresh_from_db()
    assert (event.actor_id, event.actor_name) == ("", "系统")
    assert (event.object_type, event.object_id, event.object_label) == ("core.counter", "x", "x: 0")
    assert (event.from_state, event.to_state, event.version, event.request_id) == ("a", "b", 3, "request-7")
    assert event.payload == '{"n":"1"}'
    assert event.at.utcoffset() == timedelta(0)
    assert len(bytes.fromhex(event.salt)) == 16
    assert list(selectors.of_object(thing)) == [event]


@pytest.mark.django_db(transaction=True)
def test_an_event_outside_the_transaction_of_its_deed_is_refused():
    with pytest.raises(transaction.TransactionManagementError):
        services.record("test.happened", by=None, obj=Counter.objects.create(series="x"))
    assert not Event.objects.exists()


def test_a_deed_that_fails_leaves_no_event(thing):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
        raise ZeroDivisionError
    assert not Event.objects.exists()


def test_a_verb_nobody_registered_is_refused(thing):
    with pytest.raises(KeyError), transaction.atomic():
        services.record("test.never_registered", by=None, obj=thing)


def test_a_verb_with_two_meanings_is_refused():
    with pytest.raises(ValueError, match="twice"):
        registry.register("test.happened", zh="别的", en="something else")


def test_every_verb_has_its_sentence_in_both_languages():
    for verb, text in registry.verbs().items():
        assert "." in verb and text.zh.strip() and text.en.strip(), verb


def test_a_binary_float_in_the_payload_is_refused(thing):
    with pytest.raises(TypeError), transaction.atomic():
        services.record("test.happened", by=None, obj=thing, payload={"value": 0.1})


def test_a_clock_that_went_back_refuses_the_deed_and_says_so(thing, monkeypatch):
    with transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
    monkeypatch.setattr(clock, "now", lambda: timezone.now() - timedelta(minutes=1))
    with pytest.raises(Refused) as refused, transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
    (why,) = refused.value.reasons
    assert why.code == "clock_went_back"
    assert why.action
    assert Event.objects.count() == 1


def test_processes_may_read_the_clock_in_slightly_different_order(thing, monkeypatch):
    with transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
    monkeypatch.setattr(clock, "now", lambda: timezone.now() - timedelta(seconds=2))
    with transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
    assert Event.objects.count() == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_event SET actor_name = 'x'",
        "UPDATE audit_event SET at = at",
        "DELETE FROM audit_event",
    ],
)
def test_sql_cannot_change_an_event(thing, statement):
    with transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_django_cannot_change_an_event(thing):
    with transaction.atomic():
        event = services.record("test.happened", by=None, obj=thing)
    event.actor_name = "x"
    for way in (
        event.save,
        event.delete,
        lambda: Event.objects.update(verb="y"),
        lambda: Event.objects.bulk_update([event], ["actor_name"]),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            way()
    assert Event.objects.get().actor_name == "系统"


def test_the_leaf_of_an_event_is_canonical_and_fixes_every_private_field():
    content = {"actor": "1", "payload": {"n": "1"}}
    made = leaves.leaf(at="2026-11-21T00:00:00Z", verb="test.happened", salt="00" * 16, content=content)
    read = json.loads(made)
    assert made == canonical.dumps(read).encode()
    assert set(read) == {"at", "data", "event", "v"}
    changed = leaves.leaf(
        at="2026-11-21T00:00:00Z", verb="test.happened", salt="00" * 16, content={**content, "actor": "2"}
    )
    salted = leaves.leaf(at="2026-11-21T00:00:00Z", verb="test.happened", salt="01" * 16, content=content)
    assert len({made, changed, salted}) == 3

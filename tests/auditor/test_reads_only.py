"""Every address of the project as an auditor under a grant: what opens offers nothing to change, what is posted is refused with
its reason, and nothing is different afterwards."""

import hashlib
import re
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from devices.models import RigProfile
from devices.profiles import shipped_profile
from lims.audit.models import Event
from lims.auditor import services
from lims.auditor.models import Grant, Sample
from lims.core import clock
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db

OF_ONESELF = ("accounts/", "language/")
"""Signing in and out, the own password, the language: nothing of the institute's."""
READS = re.compile(r"/v/|/devices/profiles/[0-9a-f]+/reread/$")
"""Forms that bring a number or a file to be checked; nothing of it is kept."""
OWN = r"/audit/samples/(?:\d+/(?:reports/new/|\d+/))?$"
"""The auditor's own: drawing, ticking, asking for the report."""
WRITTEN_BY_LOOKING = {
    "audit_event", "audit_waiting", "audit_entry", "audit_words", "audit_tile", "audit_log", "audit_checkpoint", "django_session",
}  # fmt: skip
"""That somebody looked, with its place in the log, and that somebody is signed in."""
FORM = re.compile(r"<form\b[^>]*method=\"post\"[^>]*>.*?</form>", re.DOTALL | re.IGNORECASE)
ACTION = re.compile(r"<form\b[^>]*action=\"([^\"]*)\"", re.IGNORECASE)


def routes(patterns: list[URLPattern | URLResolver], prefix: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Every route with the namespace it belongs to."""
    for one in patterns:
        route = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            yield from routes(one.url_patterns, route, one.namespace or space)
        else:
            yield route, space


def filled(route: str, there: dict[str, list[object]]) -> Iterator[str]:
    """Addresses of a route: each of its parameters with a value that fits its kind, all the first, all the second, …"""
    kinds = re.findall(r"<(?:(\w+):)?\w+>", route)
    for at in range(max((len(there.get(kind or "str", [0])) for kind in kinds), default=1)):
        address = route
        for kind in kinds:
            values = there.get(kind or "str", [0])
            address = re.sub(r"<(?:\w+:)?\w+>", str(values[min(at, len(values) - 1)]), address, count=1)
        yield "/" + address


def state() -> dict[str, str]:
    """The digest of every row of every table, in the order of its first column."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            table = model._meta.db_table
            if table not in WRITTEN_BY_LOOKING:
                cursor.execute(f'SELECT * FROM "{table}" ORDER BY 1')
                found[table] = hashlib.sha256(repr(cursor.fetchall()).encode()).hexdigest()
    return found


@pytest.fixture
def lab() -> SimpleNamespace:
    """One of everything, and an auditor let in to all of it with a sample of his own."""
    lab = factories.laboratory()
    lab.made = certificate(lab)
    lab.profile = shipped_profile("evse-ac-modbus")
    RigProfile.objects.get_or_create(
        sha256=lab.profile.sha256,
        defaults={"identifier": lab.profile.id, "title": "x", "text": lab.profile.text, "approved_at": clock.now()},
    )
    lab.session = factories.session(lab.technician, lab.meter)
    today = factories.today()
    services.grant(lab.auditor, by=lab.quality, purpose="监督评审", categories=[], valid_from=today, valid_until=today)
    lab.sample = services.draw(by=lab.auditor, seed="x", wanted=1, since=today, until=today)
    services.ask_report(lab.sample, by=lab.auditor)
    return lab


@pytest.fixture
def there(lab: SimpleNamespace) -> dict[str, list[object]]:
    """Values that some row is known by, for each kind of parameter."""
    made = lab.made
    return {
        "str": [made.number, made.task.number, lab.meter.asset_number, lab.standard.code, lab.procedure.sha256,
                lab.auditor.username, lab.pile.ledger_number, made.task.application.number, made.token],
        "int": sorted({1, made.pk, lab.pile.pk, lab.meter.pk, lab.sample.pk, lab.alpha.pk, made.task.application.pk}),
        "uuid": [made.record_id, lab.session.pk, lab.auditor.pk],
        "slug": [lab.profile.sha256],
        "path": ["0/000"],
    }  # fmt: skip


def test_nothing_is_writable_anywhere(client: Client, lab: SimpleNamespace, there: dict[str, list[object]]) -> None:
    client.force_login(lab.auditor)
    known = [route for route, _space in routes(get_resolver().url_patterns) if "(?" not in route]
    known = [route for route in known if not route.startswith(OF_ONESELF)]
    before, opened, offered, refused = state(), 0, [], []
    last = Event.objects.order_by("-pk").first()
    for route in known:
        for address in filled(route, there):
            answer = client.get(address, headers={"accept": "text/html"})
            if answer.status_code == 404:
                continue
            opened += answer.status_code in (200, 302)
            if answer.status_code == 200 and not answer.streaming and "text/html" in answer["Content-Type"]:
                offered += [
                    (address, target)
                    for target in _forms(answer.content.decode(), address)
                    if not re.match(OWN, target) and not READS.match(target)
                ]
            break
    assert sorted(offered) == [], "no page offers an auditor anything to change"

    assert opened > 60, f"the crawl reaches the rooms: {opened} of {len(known)}"
    for route in known:
        address = next(filled(route, there))
        if re.match(OWN, address):
            continue
        answer = client.post(address, {}, headers={"accept": "application/json"})
        if answer.status_code == 405 or address.startswith("/log/") or READS.match(address):
            continue
        why = answer.json()["reasons"][0]["code"] if answer.headers["Content-Type"] == "application/json" else ""
        refused.append((route, answer.status_code, why))
    outside = [one for one in refused if not one[0].startswith("audit/")]
    assert len(outside) > 60 and {one[1:] for one in outside} == {(403, "auditor_reads_only")}, outside
    after = state()
    assert {table for table in before if before[table] != after[table]} == set()
    since = Event.objects.filter(pk__gt=last.pk if last else 0)
    assert since.filter(verb="audit.looked").count() > 100 and not since.exclude(to_state="").exists(), (
        "looks, no deeds"
    )


def _forms(page: str, address: str) -> Iterator[str]:
    for form in FORM.findall(page):
        found = ACTION.search(form)
        target = found[1] if found and found[1] else address
        if not target.startswith(("/accounts/", "/language/")):
            yield target


def test_in_the_rooms_of_the_audit_only_the_own_sample_takes_anything(client: Client, lab: SimpleNamespace) -> None:
    """Well-formed posts this time: a grant for oneself, a revocation, a tick and a report on somebody else's sample."""
    today = factories.today()
    others = services.draw(by=lab.quality, seed="y", wanted=1, since=today, until=today)
    client.force_login(lab.auditor)
    before, grant = state(), Grant.objects.get()
    for address, given in (
        ("/audit/grants/", {"auditor": lab.auditor.pk, "purpose": "x", "valid_from": today, "valid_until": today}),
        (f"/audit/grants/{grant.pk}/revoke/", {"why": "x"}),
        (f"/audit/samples/{others.pk}/1/", {"point": "digits", "result": "good"}),
        (f"/audit/samples/{others.pk}/reports/new/", {}),
        (f"/audit/samples/{lab.sample.pk}/1/", {"point": "digits", "result": "finding", "comment": ""}),
    ):
        client.post(address, given)
    after = state()
    assert {table for table in before if before[table] != after[table]} == set()
    client.post(f"/audit/samples/{lab.sample.pk}/1/", {"point": "digits", "result": "good"})
    changed = {table for table in after if after[table] != state()[table]}
    assert changed == {"auditor_tick"} and Sample.objects.count() == 2

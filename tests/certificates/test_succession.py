"""Which certificate takes the place of which: the act, who may do it, and that every page says so."""

import json

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates import selectors
from certificates.models import Certificate
from certificates.services import replace_by, withdraw
from instruments.models import Instrument
from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
WHY = "客户地址有误"


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests():
    cache.clear()


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def old(lab):
    return certificate(lab)


@pytest.fixture
def new(lab, old):
    return certificate(lab)


def page(client, user, name, *args):
    client.logout()
    if user:
        client.force_login(user)
    return client.get(reverse(name, args=args)).content.decode()


def test_replacing_on_the_page_is_told_everywhere(client, lab, old, new):
    client.force_login(lab.lead)
    assert f'value="{new.number}"' in page(client, lab.lead, "certificates:detail", old.number)
    answer = client.post(
        reverse("certificates:replace", args=[old.number]), {"successor": new.number, "reason": WHY}, follow=True
    )
    assert answer.status_code == 200
    old.refresh_from_db()
    assert (old.state, old.replaced_by, old.state_reason) == ("replaced", new, WHY)
    event = Event.objects.get(verb="certificate.replaced")
    assert event.actor_id == str(lab.lead.pk) and json.loads(event.payload)["by"] == new.number
    for one, other in ((old, new), (new, old)):
        assert other.number in page(client, lab.technician, "certificates:detail", one.number)
        assert other.number in page(client, None, "portal:certificate", one.token)
    assert WHY in page(client, None, "portal:certificate", old.token)
    assert clock.today().isoformat() in page(client, None, "portal:certificate", old.token)
    assert "目前有效" not in page(client, None, "portal:certificate", old.token)
    for name, args in (("portal:home", ()), ("portal:instrument", (old.instrument_id,))):
        text = page(client, lab.customer, name, *args)
        assert f'<a href="{reverse("portal:certificate", args=[new.token])}">{new.number}</a></div>' in text
        assert f"替代先前的 {old.number}" in text


def test_only_technical_lead_and_quality_manager_replace(client, lab, old, new):
    address = reverse("certificates:replace", args=[old.number])
    for who in ("technician", "checker", "approver", "receptionist", "auditor", "customer"):
        user = getattr(lab, who)
        with pytest.raises(Refused):
            replace_by(old, new, by=user, reason=WHY)
        assert address not in page(client, user, "certificates:detail", old.number), who
        answer = client.post(address, {"successor": new.number, "reason": WHY})
        assert answer.status_code == 422 and "技术负责人" in answer.content.decode(), who
    assert Certificate.objects.get(pk=old.pk).state == "issued"
    replace_by(old, new, by=lab.quality, reason=WHY)


def test_strangers_and_other_customers_find_no_such_page(client, lab, old, new):
    given = {"successor": new.number, "reason": WHY}
    assert client.post(reverse("certificates:replace", args=[old.number]), given).status_code == 302
    for user in (lab.stranger, lab.other_customer):
        client.force_login(user)
        assert client.post(reverse("certificates:replace", args=[old.number]), given).status_code == 404


def test_an_earlier_one_itself_or_one_of_another_instrument_is_no_successor(client, lab, old, new):
    lab.pile = factories.pile(lab.alpha, "EV-0002")
    foreign = certificate(lab)
    for one, successor in ((new, old), (old, old), (old, foreign)):
        with pytest.raises(Refused) as refused:
            replace_by(one, successor, by=lab.lead, reason=WHY)
        assert refused.value.reasons[0].code == "no_successor"
    client.force_login(lab.lead)
    answer = client.post(
        reverse("certificates:replace", args=[old.number]), {"successor": foreign.number, "reason": WHY}
    )
    assert answer.status_code == 422 and Certificate.objects.get(pk=old.pk).state == "issued"


def test_a_withdrawn_one_replaces_nothing_and_is_not_replaced(lab, old, new):
    withdraw(new, by=lab.lead, reason=WHY)
    assert not selectors.successors(lab.lead, old).exists()
    with pytest.raises(Refused):
        replace_by(old, new, by=lab.lead, reason=WHY)
    withdraw(old, by=lab.quality, reason=WHY)
    with pytest.raises(Refused) as refused:
        withdraw(old, by=lab.lead, reason=WHY)
    told = refused.value.reasons[0].text
    assert "已撤回" in told.zh and "Withdrawn" in told.en


def test_a_reason_is_asked_for_and_the_page_keeps_what_was_chosen(client, lab, old, new):
    client.force_login(lab.lead)
    answer = client.post(reverse("certificates:replace", args=[old.number]), {"successor": new.number, "reason": " "})
    assert answer.status_code == 422
    assert f'value="{new.number}" selected' in answer.content.decode()


def test_the_due_date_follows_what_still_stands(lab, old, new):
    due = lambda: Instrument.objects.get(pk=old.instrument_id).due_on  # noqa: E731
    assert due() == new.valid_until
    withdraw(Certificate.objects.get(pk=new.pk), by=lab.lead, reason=WHY)
    assert due() == old.valid_until
    withdraw(Certificate.objects.get(pk=old.pk), by=lab.lead, reason=WHY)
    assert due() == clock.today()


def test_pages_of_a_certificate_ask_a_bounded_number_of_queries(client, lab, old, new, django_assert_max_num_queries):
    replace_by(old, new, by=lab.lead, reason=WHY)
    client.force_login(lab.lead)
    with django_assert_max_num_queries(16):
        client.get(reverse("certificates:detail", args=[new.number]))
    client.force_login(lab.customer)
    with django_assert_max_num_queries(16):
        client.get(reverse("portal:home"))

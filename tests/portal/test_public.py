"""Anybody may ask about a certificate, with what stands on the paper; nobody can find one by guessing."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates import selectors
from certificates.services import withdraw
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests():
    cache.clear()


@pytest.fixture
def lab():
    return factories.laboratory()


def said(page: str) -> str:
    """The part of a page that holds the verdict and the four answers."""
    return page.split("data-verify-answers", 1)[1].split("</section>")[0]


def ask(client, number: str, value: str):
    return client.post(reverse("portal:verify"), {"number": number, "check_value": value})


def test_the_address_in_the_code_opens_the_page_without_an_account(client, lab):
    made = certificate(lab)
    answer = client.get(reverse("portal:certificate", args=[made.token]))
    text = answer.content.decode()
    assert answer.status_code == 200 and "目前有效" in said(text)
    assert selectors.sealed(made).file_id in text


def test_number_and_check_value_lead_to_the_same_page(client, lab):
    made = certificate(lab)
    answer = ask(client, f" {made.number.lower()} ", made.check_value.lower())
    assert answer.status_code == 302 and answer["Location"].endswith(f"/v/{made.token}/")


def test_a_guessed_number_and_a_guessed_value_get_the_same_answer(client, lab):
    made = certificate(lab)
    wrong_value = ask(client, made.number, "ZZZZZZ").content.decode().replace(made.number, "N")
    wrong_number = ask(client, "JD-2026-999999", "ZZZZZZ").content.decode().replace("JD-2026-999999", "N")

    def plain(page: str) -> str:
        import re

        return re.sub(r'(name="csrf-?[a-z]*token" (?:content|value)=")[^"]+', r"\1", page)

    assert plain(wrong_value) == plain(wrong_number)


def test_a_number_that_is_not_yet_sealed_is_not_known(client, lab):
    made = certificate(lab, sealed=False)
    assert client.get(reverse("portal:certificate", args=[made.token])).status_code == 404
    assert ask(client, made.number, made.check_value).status_code == 200


def test_trying_values_out_is_stopped(client, lab):
    made = certificate(lab)
    answers = [ask(client, made.number, f"AAAA{n:02d}").status_code for n in range(12)]
    assert answers[:10] == [200] * 10 and answers[10:] == [429, 429]
    other = client.post(reverse("portal:verify"), {"number": made.number, "check_value": "x"}, REMOTE_ADDR="192.0.2.7")
    assert other.status_code == 200, "another address has a share of its own"


def test_one_ipv6_network_has_one_share_and_looking_is_limited_too(client, db):
    page = reverse("portal:certificate", args=["guess"])
    answers = [client.get(page, REMOTE_ADDR=f"2001:db8::{n:x}").status_code for n in range(62)]
    assert answers == [404] * 60 + [429] * 2


def test_a_withdrawn_certificate_says_so(client, lab):
    made = certificate(lab)
    withdraw(made, by=lab.lead, reason="标准器失准")
    text = client.get(reverse("portal:certificate", args=[made.token])).content.decode()
    assert "已撤回" in said(text) and "标准器失准" in text and "目前有效" not in said(text)


def test_a_guessed_token_is_not_found(client, lab):
    certificate(lab)
    assert client.get(reverse("portal:certificate", args=["guess"])).status_code == 404


def test_the_public_page_tells_nothing_about_people(client, lab):
    text = client.get(reverse("portal:certificate", args=[certificate(lab).token])).content.decode()
    for name in (lab.technician.display_name, lab.approver.display_name, lab.alpha.name):
        assert name not in text


def test_customers_see_their_own_things_only(client, lab):
    made = certificate(lab)
    client.force_login(lab.customer)
    assert made.number in client.get(reverse("portal:home")).content.decode()
    assert client.get(reverse("portal:instrument", args=[made.instrument_id])).status_code == 200
    client.force_login(lab.other_customer)
    assert made.number not in client.get(reverse("portal:home")).content.decode()
    assert client.get(reverse("portal:instrument", args=[made.instrument_id])).status_code == 404


def test_lists_of_the_portal_name_each_cell_for_phones(client, lab):
    made = certificate(lab)
    client.force_login(lab.customer)
    for page in (reverse("portal:home"), reverse("portal:instrument", args=[made.instrument_id])):
        text = client.get(page).content.decode()
        tables = text.split('<table class="table table-list table-stack">')[1:]
        assert tables
        assert all('<td data-label="' in table and "<td>" not in table for table in tables)


def test_the_portal_asks_a_fixed_number_of_queries(client, lab, django_assert_max_num_queries):
    certificate(lab)
    client.force_login(lab.customer)
    with django_assert_max_num_queries(14):
        client.get(reverse("portal:home"))

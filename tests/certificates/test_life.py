"""After issue nothing is edited: a certificate is withdrawn, replaced, or its number voided, each with a reason."""

from datetime import timedelta

import pytest
from django.urls import reverse

from certificates import selectors
from certificates.models import Certificate
from certificates.services import issue, void_number, withdraw
from instruments.models import Task
from lims.audit.models import Event
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_withdrawing_asks_for_a_reason_and_is_seen_at_once(lab):
    made = certificate(lab)
    with pytest.raises(Refused):
        withdraw(made, by=lab.lead, reason="  ")
    withdraw(made, by=lab.lead, reason="标准器失准")
    assert selectors.standing(made).code == "withdrawn"
    assert Event.objects.get(verb="certificate.withdrawn").to_state == "withdrawn"


@pytest.mark.parametrize("who", ["technician", "checker", "approver", "auditor", "customer", "stranger"])
def test_only_technical_lead_and_quality_manager_withdraw(lab, who):
    made = certificate(lab)
    with pytest.raises(Refused):
        withdraw(made, by=getattr(lab, who), reason="x")
    made.refresh_from_db()
    assert made.state == Certificate.State.ISSUED


def test_a_voided_number_stays_in_the_series_and_the_record_is_issued_under_a_new_one(lab):
    first = certificate(lab, sealed=False)
    void_number(first, by=lab.lead, reason="排版无法完成")
    Task.objects.filter(pk=first.task_id).update(state=Task.State.APPROVED)
    second = issue(factories.fresh(first.task), by=lab.approver)
    assert (first.number[-6:], second.number[-6:]) == ("000001", "000002")
    assert Certificate.objects.get(pk=first.pk).state == Certificate.State.VOID


def test_an_issued_number_is_not_voided(lab):
    made = certificate(lab)
    with pytest.raises(Refused) as refused:
        void_number(made, by=lab.lead, reason="x")
    assert refused.value.reasons[0].code == "already_issued"


def test_standing_by_day(lab):
    made = certificate(lab)
    assert selectors.standing(made).good
    assert selectors.standing(made, made.valid_until).code == "valid"
    assert selectors.standing(made, made.valid_until + timedelta(days=1)).code == "expired"


PAGES = ("detail", "download")


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("technician", 200), ("checker", 200), ("approver", 200), ("lead", 200), ("quality", 200), ("receptionist", 200),
        ("auditor", 200), ("customer", 200), ("other_customer", 404), ("stranger", 404),
    ],
)  # fmt: skip
def test_who_sees_a_certificate(client, lab, who, status):
    made = certificate(lab)
    client.force_login(getattr(lab, who))
    for page in PAGES:
        assert client.get(reverse(f"certificates:{page}", args=[made.number])).status_code == status, page


def test_strangers_sign_in_first(client, lab):
    made = certificate(lab)
    for page in PAGES:
        assert client.get(reverse(f"certificates:{page}", args=[made.number])).status_code == 302
    assert client.get(reverse("certificates:list")).status_code == 302


def test_a_download_is_noted_with_the_person(client, lab):
    made = certificate(lab)
    client.force_login(lab.customer)
    answer = client.get(reverse("certificates:download", args=[made.number]))
    assert answer.content == selectors.pdf(made) and answer["Content-Type"] == "application/pdf"
    assert Event.objects.get(verb="certificate.downloaded").actor_id == str(lab.customer.pk)


def test_a_customer_does_not_see_a_certificate_before_it_is_issued(client, lab):
    made = certificate(lab, sealed=False)
    client.force_login(lab.customer)
    assert client.get(reverse("certificates:detail", args=[made.number])).status_code == 404


def test_the_list_asks_a_fixed_number_of_queries(client, lab, django_assert_max_num_queries):
    certificate(lab)
    client.force_login(lab.lead)
    client.get(reverse("certificates:list"))
    with django_assert_max_num_queries(12):
        assert client.get(reverse("certificates:list") + "?q=EV-0001").content.count(b"JD-") >= 1


def test_a_refused_withdrawal_shows_why(client, lab):
    made = certificate(lab)
    client.force_login(lab.technician)
    answer = client.post(reverse("certificates:withdraw", args=[made.number]), {"reason": "x"})
    assert answer.status_code == 422 and "技术负责人" in answer.content.decode()

"""After issue nothing is edited: a certificate is withdrawn, replaced, or its number voided, each with a reason."""

from datetime import timedelta

import pytest
from django.urls import reverse

from certificates import selectors
from certificates.models import Certificate
from certificates.services import reissue, void_number, withdraw
from instruments.models import Instrument
from instruments.services import work
from lims.audit.models import Event
from lims.core import clock, jobs
from lims.core.text import Refused
from lims.people.models import Role, UserRole
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
    task = factories.fresh(first.task)
    due = Instrument.objects.get(pk=first.instrument_id).due_on
    assert (task.state, task.approver, due) == ("approved", lab.approver, clock.today())
    assert Event.objects.get(verb="task.unissue").to_state == "approved"
    second = reissue(first, by=lab.approver)
    jobs.run_due()
    second.refresh_from_db()
    assert (first.number[-6:], second.number[-6:]) == ("000001", "000002")
    assert (Certificate.objects.get(pk=first.pk).state, second.state) == ("void", "issued")
    assert (second.record, factories.fresh(first.task).state) == (first.record, "issued")
    with pytest.raises(Refused) as refused:
        reissue(Certificate.objects.get(pk=first.pk), by=lab.approver)
    assert refused.value.reasons[0].code == "nothing_to_reissue"


def test_a_voided_task_without_a_certificate_may_end(lab):
    first = certificate(lab, sealed=False)
    void_number(first, by=lab.lead, reason="排版无法完成")
    task = factories.fresh(first.task)
    assert work.void(task, by=lab.lead, version=task.version, reason="送检器具错误").state == "void"
    with pytest.raises(Refused):
        reissue(Certificate.objects.get(pk=first.pk), by=lab.approver)


@pytest.mark.parametrize("who", ["technician", "checker", "lead", "quality", "auditor", "customer", "stranger"])
def test_only_its_approver_issues_anew(client, lab, who):
    first = certificate(lab, sealed=False)
    client.force_login(getattr(lab, who))
    inside = who not in ("customer", "stranger")
    void, anew = (reverse(f"certificates:{name}", args=[first.number]) for name in ("void", "reissue"))
    page = client.get(reverse("certificates:detail", args=[first.number])).content.decode()
    assert (void in page) == (who == "lead")
    if who != "lead":
        assert client.post(void, {"reason": "无法盖章"}).status_code == (422 if inside else 404)
        void_number(first, by=lab.lead, reason="无法盖章")
    else:
        assert client.post(void, {"reason": " "}).status_code == 422
        assert client.post(void, {"reason": "无法盖章"}).status_code == 302
    assert anew not in client.get(reverse("certificates:detail", args=[first.number])).content.decode()
    assert client.post(anew).status_code == (422 if inside else 404)
    assert Certificate.objects.count() == 1


def test_the_approver_issues_anew_on_the_page_of_the_voided_number(client, lab):
    first = certificate(lab, sealed=False)
    void_number(first, by=lab.lead, reason="排版无法完成")
    client.force_login(lab.approver)
    anew = reverse("certificates:reissue", args=[first.number])
    assert anew in client.get(reverse("certificates:detail", args=[first.number])).content.decode()
    answer = client.post(anew)
    second = Certificate.objects.exclude(pk=first.pk).get()
    assert answer.url == reverse("certificates:detail", args=[second.number])
    assert anew not in client.get(reverse("certificates:detail", args=[first.number])).content.decode()


def test_another_approver_does_not_issue_what_he_did_not_approve(lab):
    first = certificate(lab, sealed=False)
    void_number(first, by=lab.lead, reason="排版无法完成")
    UserRole.objects.create(user=lab.lead, role=Role.APPROVER)
    with pytest.raises(Refused) as refused:
        reissue(Certificate.objects.get(pk=first.pk), by=type(lab.lead).objects.get(pk=lab.lead.pk))
    assert refused.value.reasons[0].code == "not_the_approver"


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

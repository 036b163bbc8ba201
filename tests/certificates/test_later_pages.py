"""The pages of a certificate's later life, asked by every role: corrections, supplements, recalls."""

import pytest
from django.core.cache import cache
from django.urls import reverse

from certificates.models import Certificate, Recall, Supplement
from certificates.services import correcting, supplements, withdraw
from lims.core import jobs
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
WHY = {"reason": "客户名称有误"}
TEXT = {"text": "补充：环境噪声低于 60 dB。", "text_en": "Added: ambient noise below 60 dB."}
INSIDE = ("technician", "checker", "approver", "lead", "quality", "receptionist", "auditor")
OUTSIDE = ("other_customer", "stranger")


@pytest.fixture(autouse=True)
def _no_counts_of_other_tests():
    cache.clear()


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def made(lab):
    return certificate(lab)


def text_of(client, user, name, *args):
    client.force_login(user)
    return client.get(reverse(name, args=args)).content.decode()


def test_who_is_offered_the_correction_and_whose_post_is_refused(client, lab, made):
    address = reverse("certificates:correct", args=[made.number])
    for who in (*INSIDE, "customer"):
        offered = who in ("approver", "lead", "quality")
        assert (address in text_of(client, getattr(lab, who), "certificates:detail", made.number)) == offered, who
        if not offered:
            assert client.post(address, WHY).status_code == 422, who
    for who in OUTSIDE:
        client.force_login(getattr(lab, who))
        assert client.post(address, WHY).status_code == 404, who
    client.force_login(lab.approver)
    assert client.post(address, {"reason": ""}).status_code == 422
    assert client.post(address, WHY).url == reverse("instruments:task_detail", args=[made.task.number])


def test_a_correction_under_way_is_shown_inside_and_given_up_on_the_page(client, lab, made):
    correcting.open_correction(made, by=lab.lead, reason=WHY["reason"])
    keep = reverse("certificates:keep", args=[made.number])
    assert "更正中" in text_of(client, lab.technician, "certificates:detail", made.number)
    assert WHY["reason"] not in text_of(client, lab.customer, "certificates:detail", made.number)
    assert client.post(keep, {"reason": "无误"}).status_code == 422
    page = text_of(client, lab.approver, "certificates:detail", made.number)
    assert keep in page and reverse("certificates:correct", args=[made.number]) not in page
    assert client.post(keep, {"reason": "经核对无误"}).status_code == 302
    assert "更正中" not in text_of(client, lab.approver, "certificates:detail", made.number)


def test_a_supplement_goes_through_three_hands_on_the_pages(client, lab, made):
    client.force_login(lab.technician)
    answer = client.post(reverse("certificates:supplement_draft", args=[made.number]), TEXT)
    assert answer.status_code == 302
    (row,) = Supplement.objects.all()
    page = ("certificates:supplement", made.number, row.pk)
    address = reverse(page[0], args=page[1:])
    assert 'value="check"' not in text_of(client, lab.technician, *page)
    assert 'value="check"' in text_of(client, lab.checker, *page)
    assert client.post(address, {"verb": "check"}).status_code == 302
    assert 'value="approve"' in text_of(client, lab.approver, *page)
    assert client.post(address, {"verb": "approve", "password": "wrong"}).status_code == 422
    answer = client.post(address, {"verb": "approve", "password": factories.PASSWORD})
    assert answer.url == reverse("certificates:detail", args=[f"{made.number}-B1"])
    jobs.run_due()
    for who in ("customer", "auditor", "lead"):
        assert made.number in text_of(client, getattr(lab, who), "certificates:detail", f"{made.number}-B1"), who
    document = Certificate.objects.get(kind="supplement")
    client.logout()
    assert "证书补充件" in client.get(reverse("portal:certificate", args=[document.token])).content.decode()


def test_a_supplement_without_english_is_refused_with_its_text_kept(client, lab, made):
    client.force_login(lab.technician)
    answer = client.post(reverse("certificates:supplement_draft", args=[made.number]), {"text": TEXT["text"]})
    assert answer.status_code == 422 and TEXT["text"] in answer.content.decode()


def test_drafts_of_supplements_stay_inside(client, lab, made):
    row = supplements.draft(made, by=lab.technician, **TEXT)
    for who, status in [*((who, 200) for who in INSIDE), *((who, 404) for who in ("customer", *OUTSIDE))]:
        client.force_login(getattr(lab, who))
        assert client.get(reverse("certificates:supplement", args=[made.number, row.pk])).status_code == status, who
    client.force_login(lab.checker)
    answer = client.post(
        reverse("certificates:supplement", args=[made.number, row.pk]), {"verb": "drop", "reason": "错"}
    )
    assert answer.status_code == 302 and Supplement.objects.get().state == Supplement.State.DROPPED


# 召回
def test_the_customer_confirms_and_the_institute_sees_who_has_not(client, lab, made):
    withdraw(made, by=lab.lead, reason="标准器失准")
    recall = Recall.objects.get()
    seen = reverse("portal:notice_seen", args=[recall.pk])
    assert "未确认" in text_of(client, lab.lead, "certificates:recalls")
    page = text_of(client, lab.customer, "portal:notices")
    assert seen in page and "标准器失准" in page
    for who in OUTSIDE:
        client.force_login(getattr(lab, who))
        assert client.post(seen).status_code == 404, who
    client.force_login(lab.lead)
    assert client.post(seen).status_code == 422
    client.force_login(lab.customer)
    assert client.post(seen).status_code == 302
    assert seen not in text_of(client, lab.customer, "portal:notices")
    client.force_login(lab.quality)
    assert "甲方用户" in client.get(reverse("certificates:recalls")).content.decode()
    assert made.number not in client.get(reverse("certificates:recalls"), {"open": "1"}).content.decode()


def test_who_sees_the_lists_of_recalls(client, lab, made):
    withdraw(made, by=lab.lead, reason="标准器失准")
    for who, inside, own in [
        *((who, 200, 422) for who in INSIDE),
        ("customer", 404, 200),
        ("other_customer", 404, 200),
        ("stranger", 404, 422),
    ]:
        client.force_login(getattr(lab, who))
        assert client.get(reverse("certificates:recalls")).status_code == inside, who
        answer = client.get(reverse("portal:notices"))
        assert answer.status_code == own, who
        assert (made.number in answer.content.decode()) == (who == "customer"), who


def test_the_lists_ask_a_fixed_number_of_queries(client, lab, django_assert_max_num_queries):
    for _ in range(3):
        withdraw(certificate(lab), by=lab.lead, reason="标准器失准")
    client.force_login(lab.lead)
    with django_assert_max_num_queries(9):
        client.get(reverse("certificates:recalls"))
    client.force_login(lab.customer)
    with django_assert_max_num_queries(8):
        client.get(reverse("portal:notices"))

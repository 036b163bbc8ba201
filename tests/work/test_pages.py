"""Every page asked by everybody: who sees it, who does not, and what a refusal says."""

import re
import time
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.account.internal.flows.login import _AUTHENTICATION_METHODS_USER_SESSION_KEY
from allauth.account.internal.userkit import user_id_to_str
from django.core.cache import cache
from django.urls import reverse

from instruments.models import Task
from instruments.services import work
from standards.models import DeviceState
from tests import factories

pytestmark = pytest.mark.django_db
INSIDE = (
    "receptionist",
    "technician",
    "colleague",
    "checker",
    "approver",
    "lead",
    "quality",
    "administrator",
    "auditor",
)
OUTSIDE = ("other_customer", "stranger")


@pytest.fixture
def lab():
    return factories.laboratory()


def get(client, user, name, *args, **query):
    client.force_login(user)
    return client.get(reverse(f"instruments:{name}", args=args), query)


def post(client, user, name, *args, **data):
    client.force_login(user)
    return client.post(reverse(f"instruments:{name}", args=args), data)


def test_tasks_and_records_are_for_the_institute_and_its_auditors(client, lab):
    record = factories.submitted(lab)
    number = record.task.number
    pages = (("task_detail", number), ("record_sheet", record.pk), ("record_print", record.pk), ("task_check", number))
    for name, key in pages:
        for who in INSIDE:
            assert get(client, getattr(lab, who), name, key).status_code == 200, (name, who)
        for who in OUTSIDE:
            assert get(client, getattr(lab, who), name, key).status_code == 404, (name, who)
        client.logout()
        assert client.get(reverse(f"instruments:{name}", args=[key])).status_code == 302


def test_a_customer_sees_the_state_of_his_task_and_nothing_more(client, lab):
    record = factories.submitted(lab)
    page = get(client, lab.customer, "task_detail", record.task.number)
    assert page.status_code == 200
    text = page.content.decode()
    assert "待核验" in text
    assert "检定员甲" not in text and record.number not in text
    for name, key in (("record_sheet", record.pk), ("record_print", record.pk), ("record_entries", record.pk)):
        assert get(client, lab.customer, name, key).status_code == 404
    assert record.task.number in get(client, lab.customer, "task_list").content.decode()
    assert record.task.number not in get(client, lab.other_customer, "task_list").content.decode()


def test_the_whole_line_on_pages(client, lab):
    chosen = get(client, lab.receptionist, "task_new", q="EV-0001")
    assert "EV-0001" in chosen.content.decode()
    prefix = f"i{lab.pile.pk}"
    made = post(
        client, lab.receptionist, "task_new", instrument=lab.pile.pk, received_on=factories.today(),
        **{f"{prefix}-procedure": lab.procedure.pk, f"{prefix}-kind": "subsequent"},
    )  # fmt: skip
    task = Task.objects.get()
    assert made.status_code == 302 and task.state == "accepted"
    detail = get(client, lab.lead, "task_detail", task.number)
    assert "条件检查" in detail.content.decode() and "不符合" not in detail.content.decode()
    post(client, lab.lead, "task_assign", task.number, version=task.version, technician=lab.technician.pk)
    task = factories.fresh(task)
    assert task.state == "assigned"
    begun = post(client, lab.technician, "task_start", task.number, version=task.version, serial="EV-0001")
    assert begun.status_code == 302, begun.content.decode()
    record = task.records.get()
    assert get(client, lab.technician, "record_sheet", record.pk).status_code == 200
    post(client, lab.technician, "record_devices", record.pk, **{"device:reference_meter": lab.meter.pk})
    factories.complete(record, lab.technician)
    sheet = get(client, lab.technician, "record_sheet", record.pk).content.decode()
    assert 'data-editable="yes"' in sheet and 'data-path="items.working_error.rows[0].runs[1].E_pile_end"' in sheet
    sent = post(client, lab.technician, "record_submit", record.pk, version=factories.fresh(task).version)
    assert sent.status_code == 302, sent.content.decode()
    record.refresh_from_db()
    checking = get(client, lab.checker, "task_check", task.number).content.decode()
    assert record.sha256 in checking and "应由装置取数而手工录入" in checking
    post(
        client,
        lab.checker,
        "task_check",
        task.number,
        version=factories.fresh(task).version,
        record_sha256=record.sha256,
    )
    assert factories.fresh(task).state == "checked"
    assert 'name="password"' in get(client, lab.approver, "task_approve", task.number).content.decode()
    signature = {"version": factories.fresh(task).version, "record_sha256": record.sha256}
    address = reverse("certificates:approve", args=[task.number])
    wrong = client.post(address, {**signature, "password": "guess"})
    assert wrong.status_code == 422 and "密码不正确" in wrong.content.decode()
    assert client.post(address, {**signature, "password": factories.PASSWORD}).status_code == 302
    assert factories.fresh(task).state == "issued"


def test_the_record_asks_by_its_own_technician_only(client, lab):
    record = factories.recording_(lab)
    assert 'data-editable="yes"' in get(client, lab.technician, "record_sheet", record.pk).content.decode()
    assert 'data-editable="no"' in get(client, lab.colleague, "record_sheet", record.pk).content.decode()
    refused = post(client, lab.colleague, "record_submit", record.pk, version=factories.fresh(record.task).version)
    assert refused.status_code == 422 and "本任务的检定员是 检定员甲" in refused.content.decode()


def test_submitting_an_incomplete_record_says_what_is_missing(client, lab):
    record = factories.recording_(lab)
    refused = post(client, lab.technician, "record_submit", record.pk, version=factories.fresh(record.task).version)
    assert refused.status_code == 422
    assert "记录还缺" in refused.content.decode()


def test_a_stale_page_is_told_who_was_faster(client, lab):
    task = factories.accepted(lab)
    work.assign(task, by=lab.lead, version=task.version, technician=lab.technician)
    late = post(client, lab.receptionist, "task_assign", task.number, version=task.version, technician=lab.colleague.pk)
    assert late.status_code == 422
    assert "已由 技术负责人戊 执行“派工”" in late.content.decode()


def test_an_expired_device_is_named_and_let_pass_only_by_the_lead(client, lab):
    task = factories.accepted(lab)
    DeviceState.objects.create(device=lab.meter, state="suspended", since=factories.today() - timedelta(days=1))
    page = get(client, lab.lead, "task_detail", task.number).content.decode()
    assert "BZ-001" in page and "不符合" in page and "怎么办" in page
    refused = post(
        client, lab.receptionist, "task_assign", task.number, version=task.version, technician=lab.technician.pk
    )
    assert refused.status_code == 422
    denied = post(
        client,
        lab.receptionist,
        "task_exception",
        task.number,
        code="device_not_in_use",
        where="BZ-001",
        reason="现场急用",
    )
    assert denied.status_code == 422
    post(
        client,
        lab.lead,
        "task_exception",
        task.number,
        code="device_not_in_use",
        where="BZ-001",
        reason="期间核查合格，现场急用",
    )
    assert task.exceptions.get().granted_by == lab.lead
    post(client, lab.receptionist, "task_assign", task.number, version=task.version, technician=lab.technician.pk)
    assert factories.fresh(task).state == "assigned"


def test_the_drift_of_an_instrument_comes_from_confirmed_records(client, lab):
    record = factories.submitted(lab)
    assert get(client, lab.auditor, "instrument_drift", lab.pile.pk).json() == {"series": []}
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    series = get(client, lab.auditor, "instrument_drift", lab.pile.pk).json()["series"]
    gamma = next(one for one in series if one["column"] == "gamma")
    assert gamma["points"][0]["value"] == "0.0" and gamma["points"][0]["record"] == record.number
    assert get(client, lab.stranger, "instrument_drift", lab.pile.pk).status_code == 404


def test_the_task_list_costs_the_same_for_one_and_for_many(client, lab, django_assert_max_num_queries):
    for number in range(5):
        factories.accepted(lab, factories.pile(lab.alpha, serial=f"EV-1{number}"))
    client.force_login(lab.lead)
    with django_assert_max_num_queries(6):
        client.get(reverse("instruments:task_list"))


def test_the_sheet_costs_a_bounded_number_of_queries(client, lab, django_assert_max_num_queries):
    record = factories.complete(factories.recording_(lab), lab.technician)
    client.force_login(lab.technician)
    with django_assert_max_num_queries(47):
        assert client.get(reverse("instruments:record_sheet", args=[record.pk])).status_code == 200


def test_the_task_and_its_review_cost_a_bounded_number_of_queries(client, lab, django_assert_max_num_queries):
    record = factories.submitted(lab)
    for who, name, most in (
        (lab.lead, "task_detail", 26),
        (lab.checker, "task_check", 17),
        (lab.auditor, "record_print", 17),
    ):
        client.force_login(who)
        with django_assert_max_num_queries(most):
            key = record.pk if name == "record_print" else record.task.number
            assert client.get(reverse(f"instruments:{name}", args=[key])).status_code == 200


def test_the_list_narrows_by_words_state_kind_and_whose_turn_it_is(client, lab):
    first = factories.accepted(lab)
    second = factories.assigned(lab_with(lab, "EV-0777"))

    def shown(user, **query):
        text = get(client, user, "task_list", **query).content.decode()
        return {task.number for task in (first, second) if task.number in text}

    assert shown(lab.lead) == {first.number, second.number}
    assert shown(lab.lead, q="EV-0777") == shown(lab.lead, q="0777") == {second.number}
    assert shown(lab.lead, q="甲充电") == {first.number, second.number}
    assert shown(lab.lead, state="assigned") == {second.number}
    assert shown(lab.lead, kind="calibration") == set()
    assert shown(lab.lead, received_from="2999-01-01") == set()
    assert shown(lab.technician, whose="mine") == {second.number}
    assert shown(lab.receptionist, whose="mine") == {first.number}
    assert shown(lab.checker, whose="mine") == set()
    assert shown(lab.lead, state="nonsense", received_from="yesterday") == {first.number, second.number}


def lab_with(lab, serial):
    return SimpleNamespace(**vars(lab) | {"pile": factories.pile(lab.alpha, serial=serial)})


def test_a_passkey_shown_just_now_serves_one_approval(client, lab):
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    client.force_login(lab.approver)
    data = {"version": task.version, "record_sha256": record.sha256}
    for proof, expected in (
        ({"method": "password", "at": time.time()}, "checked"),
        ({"method": "mfa", "type": "webauthn", "at": time.time() - 600, "reauthenticated": True}, "checked"),
        ({"method": "mfa", "type": "webauthn", "at": time.time(), "reauthenticated": True}, "issued"),
    ):
        session = client.session
        session["account_authentication_methods"] = [proof]
        session[_AUTHENTICATION_METHODS_USER_SESSION_KEY] = user_id_to_str(lab.approver)
        session.save()
        client.post(reverse("certificates:approve", args=[task.number]), data)
        assert factories.fresh(task).state == expected, proof
    assert client.session["approval_proof_used"]


def test_guessing_the_password_is_slowed_down(client, lab):
    cache.clear()
    record = factories.submitted(lab)
    task = factories.fresh(record.task)
    task = work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    data = {"version": task.version, "record_sha256": record.sha256, "password": "guess"}
    client.force_login(lab.approver)
    pages = [client.post(reverse("certificates:approve", args=[task.number]), data) for _ in range(12)]
    assert "密码不正确" in pages[0].content.decode()
    assert "密码尝试次数过多" in pages[-1].content.decode()
    cache.clear()


def test_pages_speak_english_completely(client, lab):
    record = factories.submitted(lab)
    client.cookies["django_language"] = "en"
    for name, key in (
        ("task_detail", record.task.number), ("task_check", record.task.number), ("record_print", record.pk),
        ("record_sheet", record.pk),
    ):  # fmt: skip
        text = get(client, lab.checker, name, key).content.decode()
        body = re.sub(r"<[^>]+>", " ", text.partition("<main")[2].partition("</main>")[0])
        own = "".join(re.findall("[\u4e00-\u9fff]+", body))
        for word in (
            "检定员甲",
            "核验员丙",
            "甲充电有限公司",
            "甲路充电站",
            "交流充电桩检定装置",
            "交流充电桩",
            "示范桩厂",
        ):
            own = own.replace(word, "")
        assert not re.search("为什么|怎么办|检定日期|记录编号|环境条件|所用设备|委托单位|核验|批准|提交", own), (
            name,
            own[:300],
        )

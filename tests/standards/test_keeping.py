"""The pages by which a measurement standard's file is kept: who reaches them, what they write, what they refuse."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from lims.audit.models import Event
from lims.core import clock, files
from standards import rules, services
from standards.models import Device, MeasurementStandard, StandardDevice, StandardLicence, StandardPerson
from tests.pdfs import paper, plain
from tests.standards.conftest import ROLES
from tests.standards.laboratory import DAY, register_meter

EVERYBODY = [*ROLES, "outsider"]
LICENCE = {
    "kind": "public",
    "number": "[2027]示社量标区证字第009号",
    "issuer": "示范市市场监督管理局",
    "issued_on": "2027-01-01",
    "valid_until": "2031-12-31",
}


@pytest.fixture
def operator(people, standard) -> StandardPerson:
    return services.name_person(
        by=people.technical_lead, standard=standard, user=people.technician, duty="operator", since=date(2025, 1, 1)
    )


def _deeds(standard, operator) -> list[tuple[str, tuple, dict]]:
    """Every page of keeping with a form that would be good."""
    code = standard.code
    licence, member = standard.licences.get(kind="public"), standard.members.get()
    new = {"name": "压力标准", "code": "X-9", "state": "establishing", "since": "2026-01-01"}
    end = {"since": "2026-11-01", "why": "轮换"}
    return [
        ("standard_new", (), new),
        ("standard_edit", (code,), {"name": "改名", "procedure_codes": "JJG 1148、JJG 1149", "categories": []}),
        ("standard_state", (code,), {"state": "suspended", "since": "2026-11-01", "why": "搬迁"}),
        ("licence_new", (code,), LICENCE),
        ("licence_correct", (licence.pk,), LICENCE | {"number": "〔2025〕7 号", "why": "编号录错"}),
        ("member_end", (member.pk,), end),
        ("member_new", (code,), {"device": member.device_id, "part": "auxiliary", "since": "2026-11-02"}),
        ("person_new", (code,), {"user": operator.user_id, "duty": "responsible", "since": "2026-11-02"}),
        ("person_end", (operator.pk,), end),
    ]


def test_only_the_technical_lead_reaches_the_forms_and_a_post_of_anybody_else_changes_nothing(ask, standard, operator):
    deeds = _deeds(standard, operator)
    before = Event.objects.count()
    for name, args, good in deeds:
        assert ask(None, name, *args).status_code == 302
        assert ask(None, name, *args, post=good).status_code == 302
        for who in EVERYBODY:
            if who == "technical_lead":
                assert ask(who, name, *args).status_code == 200, name
                continue
            for answer in (ask(who, name, *args), ask(who, name, *args, post=good)):
                assert answer.status_code == 422 and "data-reason" in answer.content.decode(), (name, who)
    assert Event.objects.count() == before
    for name, args, good in deeds:
        assert ask("technical_lead", name, *args, post=good).status_code == 302, name
    assert Event.objects.count() == before + len(deeds)


def test_a_page_that_does_not_exist_is_not_found_for_the_lead(ask, standard):
    for name, args in (
        ("standard_edit", ("none",)),
        ("licence_new", ("none",)),
        ("licence_correct", (0,)),
        ("member_end", (0,)),
        ("person_end", (0,)),
    ):
        assert ask("technical_lead", name, *args).status_code == 404


def test_a_post_without_the_token_of_the_form_is_refused(people, standard):
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.technical_lead)
    for name in ("standard_edit", "licence_new", "member_new"):
        assert client.post(reverse(f"standards:{name}", args=[standard.code]), LICENCE).status_code == 403


def test_fields_that_the_form_does_not_have_are_not_written(ask, standard):
    good = {"name": "改名", "code": "HACKED", "id": "77", "state": "withdrawn", "history": "x"}
    assert ask("technical_lead", "standard_edit", standard.code, post=good).status_code == 302
    stored = MeasurementStandard.objects.get()
    assert (stored.pk, stored.code, stored.name) == (standard.pk, standard.code, "改名")
    assert stored.states.count() == 1


@pytest.mark.parametrize("code", ["A/1", "new", "..", "a?b", "a#b c%", " ", "x" * 41, "<script>"])
def test_a_code_that_would_lead_nowhere_is_refused(ask, people, code):
    post = {"name": "标准", "code": code, "state": "in_use", "since": "2026-01-01"}
    answer = ask("technical_lead", "standard_new", post=post)
    assert answer.status_code in (200, 422) and not MeasurementStandard.objects.exists()
    assert ask("technical_lead", "list").status_code == 200


def test_a_devices_number_is_checked_in_the_same_way(people):
    from lims.core.text import Refused

    with pytest.raises(Refused) as refused:
        register_meter(people, "A/1")
    assert refused.value.reasons[0].code == "number_unfit" and not Device.objects.exists()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"procedure_codes": "jjg1148"}, "规程代号"),
        ({"procedure_codes": "JJG 1148-2022"}, "规程代号"),
        ({"categories": ["teapot"]}, "teapot"),
        ({"name": ""}, "必填"),
        ({"name": "x" * 161}, "160"),
    ],
)
def test_a_scope_that_would_never_fit_is_refused(ask, standard, change, told):
    post = {"name": "标准", "procedure_codes": "", "categories": []} | change
    answer = ask("technical_lead", "standard_edit", standard.code, post=post)
    assert answer.status_code in (200, 422) and told in answer.content.decode()
    assert MeasurementStandard.objects.get().procedure_codes == ["JJG 1148"]


def test_a_change_keeps_old_and_new_in_event_and_history_and_no_change_writes_nothing(ask, standard):
    post = {"name": standard.name, "name_en": standard.name_en, "accuracy": "0.02级"}
    post |= {"procedure_codes": "JJG 1148", "categories": ["charging_pile_ac"]}
    assert ask("technical_lead", "standard_edit", standard.code, post=post).status_code == 302
    assert '"accuracy":["0.05级","0.02级"]' in Event.objects.latest("pk").payload
    assert [one.accuracy for one in standard.history.order_by("history_id")] == ["0.05级", "0.02级"]
    before = Event.objects.count()
    assert ask("technical_lead", "standard_edit", standard.code, post=post).status_code == 302
    assert Event.objects.count() == before and standard.history.count() == 2


def test_a_licence_is_entered_with_its_paper_and_downloaded_by_those_who_read_standards(ask, standard):
    assert ask("technical_lead", "licence_new", standard.code, post=LICENCE | {"original": paper()}).status_code == 302
    licence = standard.licences.get(number=LICENCE["number"])
    assert files.read(licence.file_id) == plain()
    for who in EVERYBODY:
        answer = ask(who, "licence_file", licence.pk)
        if who in ("customer", "outsider"):
            assert answer.status_code == 404
            continue
        assert answer.content == plain() and answer.headers["Content-Type"] == "application/pdf"
        assert answer.headers["Content-Disposition"].startswith("attachment;")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "private, no-store"
    assert ask(None, "licence_file", licence.pk).status_code == 302
    assert ask("auditor", "licence_file", standard.licences.filter(file=None).first().pk).status_code == 404


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"valid_until": "2020-01-01"}, "有效期早于发证日期"),
        ({"kind": "royal"}, "royal"),
        ({"number": ""}, "必填"),
        ({"issued_on": "soon"}, "日期"),
        ({"original": paper(b"MZ a program")}, "不是可以读取的 PDF"),
        ({"original": paper(b"")}, "空"),
    ],
)
def test_a_wrong_licence_is_refused_with_the_reason(ask, standard, change, told):
    answer = ask("technical_lead", "licence_new", standard.code, post=LICENCE | change)
    assert answer.status_code in (200, 422) and told in answer.content.decode()
    assert standard.licences.count() == 2


def test_the_same_licence_is_not_entered_twice(ask, standard):
    assert ask("technical_lead", "licence_new", standard.code, post=LICENCE).status_code == 302
    answer = ask("technical_lead", "licence_new", standard.code, post=LICENCE)
    assert answer.status_code == 422 and "已经登记" in answer.content.decode()


def test_a_corrected_licence_counts_for_no_day_and_stays_readable(ask, people, standard):
    wrong = standard.licences.get(kind="public")
    right = {"kind": "public", "number": wrong.number, "issued_on": "2025-01-01", "valid_until": "2026-06-30"}
    answer = ask("technical_lead", "licence_correct", wrong.pk, post=right | {"why": "有效期录错"})
    assert answer.status_code == 302
    wrong.refresh_from_db()
    assert wrong.withdrawn_reason == "有效期录错" and wrong.replaced_by.valid_until == date(2026, 6, 30)
    found = [one.code for one in rules.standard_usable_on(standard, DAY)]
    assert found == ["standard_public_licence_expired"]
    text = ask("auditor", "standard", standard.code).content.decode()
    assert "有效期录错" in text and "2029-12-31" in text and "2026-06-30" in text
    again = ask("technical_lead", "licence_correct", wrong.pk, post=right | {"why": "x"})
    assert again.status_code == 422 and StandardLicence.objects.count() == 3


def test_a_correction_without_a_reason_or_with_wrong_values_leaves_the_old_licence_standing(ask, standard):
    wrong = standard.licences.get(kind="public")
    for post in (LICENCE, LICENCE | {"why": "  "}, LICENCE | {"why": "x", "valid_until": "2020-01-01"}):
        assert ask("technical_lead", "licence_correct", wrong.pk, post=post).status_code in (200, 422)
    wrong.refresh_from_db()
    assert wrong.withdrawn_reason == "" and StandardLicence.objects.count() == 2


def test_a_device_is_removed_from_the_first_day_it_no_longer_belongs(ask, standard, meter):
    member = standard.members.get()
    early = ask("technical_lead", "member_end", member.pk, post={"since": "2025-01-01", "why": "轮换"})
    assert early.status_code == 422 and "必须晚于" in early.content.decode()
    assert (
        ask("technical_lead", "member_end", member.pk, post={"since": "2026-11-01", "why": "轮换"}).status_code == 302
    )
    member.refresh_from_db()
    assert member.until == date(2026, 10, 31)
    again = ask("technical_lead", "member_end", member.pk, post={"since": "2026-11-02", "why": "轮换"})
    assert again.status_code == 422 and "已于 2026-10-31 结束" in again.content.decode()
    assert "2026-10-31" in ask("auditor", "standard", standard.code).content.decode()


def test_a_device_is_not_added_twice(ask, standard, meter):
    post = {"device": meter.pk, "part": "auxiliary", "since": "2026-01-01"}
    answer = ask("technical_lead", "member_new", standard.code, post=post)
    assert answer.status_code == 422 and "已属于该计量标准" in answer.content.decode()
    assert StandardDevice.objects.count() == 1


@pytest.mark.parametrize("who", ["customer", "outsider", "auditor"])
def test_a_person_of_a_standard_works_at_the_institute(ask, people, standard, who):
    post = {"user": getattr(people, who).pk, "duty": "operator", "since": "2026-01-01"}
    answer = ask("technical_lead", "person_new", standard.code, post=post)
    assert answer.status_code in (200, 422) and not StandardPerson.objects.exists()


def test_a_person_is_named_once_per_duty_and_released_with_a_reason(ask, people, standard, operator):
    post = {"user": people.technician.pk, "duty": "operator", "since": "2026-01-01"}
    answer = ask("technical_lead", "person_new", standard.code, post=post)
    assert answer.status_code == 422 and "已是该计量标准的" in answer.content.decode()
    gone = {"since": str(clock.today()), "why": "退休"}
    assert ask("technical_lead", "person_end", operator.pk, post=gone).status_code == 302
    operator.refresh_from_db()
    assert operator.until is not None and operator.until < clock.today()


def test_the_buttons_are_the_technical_leads_alone(ask, standard, operator):
    for who in set(ROLES) - {"customer"}:
        text = ask(who, "standard", standard.code).content.decode()
        for name in ("standard_edit", "licence_new", "member_new", "person_new"):
            assert (reverse(f"standards:{name}", args=[standard.code]) in text) == (who == "technical_lead"), (
                name,
                who,
            )


def test_a_standard_is_built_up_on_the_pages_until_it_can_be_used(ask, people, meter):
    lead = "technical_lead"
    new = {"name": "充电桩标准", "code": "JB 7", "state": "in_use", "since": "2025-01-01"}
    new |= {"procedure_codes": "JJG 1148", "categories": ["charging_pile_ac"]}
    assert ask(lead, "standard_new", post=new).status_code == 302
    found = MeasurementStandard.objects.get()
    assert len(rules.standard_usable_on(found, DAY)) == 3
    for kind in ("examination", "public"):
        post = LICENCE | {"kind": kind, "issued_on": "2025-01-01", "valid_until": "2029-12-31"}
        assert ask(lead, "licence_new", found.code, post=post).status_code == 302
    post = {"device": meter.pk, "part": "master", "since": "2025-01-01"}
    assert ask(lead, "member_new", found.code, post=post).status_code == 302
    assert rules.standard_usable_on(found, DAY, "JJG 1148") == ()


def test_the_forms_take_few_queries_however_many_devices_there_are(
    client, people, standard, django_assert_max_num_queries
):
    for number in range(10):
        register_meter(people, f"BZ-3{number}")
    client.force_login(people.technical_lead)
    for name in ("standard_edit", "licence_new", "member_new", "person_new", "standard_state"):
        with django_assert_max_num_queries(6):
            client.get(reverse(f"standards:{name}", args=[standard.code]))

"""Pages of capability, file set and changes: who reaches them, what they write, what they refuse, how much they ask."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from standards import services
from standards.models import CapabilityTest, ChangeCase, DeviceNote, Parameter, StandardPaper, UpkeepPlan
from tests.pdfs import plain
from tests.standards.conftest import ROLES

EVERYBODY = [*ROLES, "outsider"]
BENCH = {"technician", "technical_lead", "quality_manager"}
LEAD = {"technical_lead"}
READERS = set(ROLES) - {"customer"}
REFUSED = {403, 404, 422}


@pytest.fixture
def parameter(people, standard) -> Parameter:
    return services.add_parameter(
        by=people.technical_lead,
        standard=standard,
        name="电能误差",
        point="220 V",
        unit="%",
        use="nominal",
        limit="0.05",
    )


@pytest.fixture
def rows(people, standard, parameter):
    """One of each: a test, a paper, a change."""
    test = services.enter_test(
        by=people.technician,
        parameter=parameter,
        kind="check",
        on=date(2026, 3, 2),
        readings=["0.02", "0.03"],
        object="HC",
    )
    filed = services.file_paper(
        by=people.technical_lead, standard=standard, entry=4, title="技术报告", original=plain()
    )
    change = services.open_change(
        by=people.technician, standard=standard, kind="people", what="新增检定员", on=date(2026, 3, 2)
    )
    return {"test": test, "paper": filed, "change": change}


def deeds(people, standard, parameter, rows):
    """name, arguments, a form that would be good, who may."""
    code = standard.code
    test = {
        "kind": "repeatability",
        "on": "2026-04-01",
        "object": "HC-01",
        "readings": "0.021 0.022\n0.020",
        "performed_by": people.technician.pk,
    }
    plan = {
        "since": "2025-01-01",
        "repeatability_months": 12,
        "stability_months": 12,
        "check_months": 1,
        "lead_months": 6,
    }
    return [
        ("plan", (code,), plan, LEAD),
        ("parameter_new", (code,), {"name": "电压", "unit": "V", "use": "corrected"}, LEAD),
        ("parameter_edit", (parameter.pk,), {"name": "电能误差", "point": "220 V", "unit": "%", "use": "nominal", "limit": "0.1"}, LEAD),
        ("test_new", (parameter.pk,), test, BENCH),
        ("test_withdraw", (rows["test"].pk,), {"why": "录错"}, BENCH),
        ("paper_new", (code,), {"entry": 12, "title": "操作程序", "kept_at": "A-1"}, LEAD | {"quality_manager"}),
        ("paper_withdraw", (rows["paper"].pk,), {"why": "换版"}, LEAD | {"quality_manager"}),
        ("change_new", (code,), {"kind": "device", "what": "换表", "on": "2026-04-01"}, BENCH),
        ("change_decide", (rows["change"].pk,), {"consequence": "life_book", "decision": "仅增加人员"}, LEAD),
        ("note_new", (standard.members.get().device.asset_number,), {"kind": "repair", "on": "2026-04-01", "text": "换线"}, BENCH),
    ]  # fmt: skip


@pytest.mark.parametrize("role", EVERYBODY)
def test_every_page_of_keeping_answers_those_who_may_and_refuses_the_rest(people, standard, parameter, rows, role):
    client = Client()
    client.force_login(getattr(people, role))
    for name, arguments, _form, may in deeds(people, standard, parameter, rows):
        answer = client.get(reverse(f"standards:{name}", args=arguments))
        expected = {200} if role in may else REFUSED
        assert answer.status_code in expected, (name, role, answer.status_code)


@pytest.mark.parametrize("role", EVERYBODY)
def test_posting_writes_for_those_who_may_and_nothing_for_the_rest(people, standard, parameter, rows, role):
    def written():
        return [
            model.objects.count()
            for model in (UpkeepPlan, Parameter, CapabilityTest, StandardPaper, ChangeCase, DeviceNote)
        ] + [
            CapabilityTest.objects.exclude(withdrawn_reason="").count(),
            StandardPaper.objects.exclude(withdrawn_reason="").count(),
            ChangeCase.objects.exclude(decided_on=None).count(),
            Parameter.objects.filter(limit="0.1").count(),
        ]

    client = Client()
    client.force_login(getattr(people, role))
    for name, arguments, form, may in deeds(people, standard, parameter, rows):
        before = written()
        answer = client.post(reverse(f"standards:{name}", args=arguments), form)
        if role in may:
            assert answer.status_code == 302, (name, role, answer.content.decode()[-3000:])
            assert written() != before, name
        else:
            assert answer.status_code in REFUSED, (name, role)
            assert written() == before, name


@pytest.mark.parametrize("role", EVERYBODY)
@pytest.mark.parametrize("page", ["capability", "dossier"])
def test_the_pages_are_read_inside_the_institute_only(people, standard, parameter, rows, role, page):
    client = Client()
    client.force_login(getattr(people, role))
    assert client.get(reverse(f"standards:{page}", args=[standard.code])).status_code == (
        200 if role in READERS else 404
    )
    address = reverse("standards:paper_file", args=[rows["paper"].pk])
    assert client.get(address).status_code == (200 if role in READERS else 404)


def test_a_stranger_is_asked_to_sign_in(client, standard):
    answer = client.get(reverse("standards:dossier", args=[standard.code]))
    assert answer.status_code == 302 and "login" in answer.url


def test_a_reading_that_is_no_number_comes_back_with_its_place(people, client, parameter):
    client.force_login(people.technician)
    form = {
        "kind": "check",
        "on": "2026-04-01",
        "object": "HC",
        "readings": "0.02 O.03",
        "performed_by": people.technician.pk,
    }
    answer = client.post(reverse("standards:test_new", args=[parameter.pk]), form)
    assert answer.status_code == 422
    assert "第 2 个读数“O.03”" in answer.content.decode()
    assert "0.02 O.03" in answer.content.decode(), "what was typed is still there"


def test_the_dossier_takes_a_period_from_its_address_and_survives_nonsense(people, client, standard, rows):
    client.force_login(people.auditor)
    address = reverse("standards:dossier", args=[standard.code])
    assert "2025-02-03" in client.get(address, {"since": "2025-02-03", "until": "2025-05-05"}).content.decode()
    for nonsense in ({"since": "x"}, {"since": "2026-05-05", "until": "2025-01-01"}, {"until": "0001-01-01"}):
        assert client.get(address, nonsense).status_code == 200


def test_the_pages_take_as_many_queries_for_thirty_tests_as_for_one(
    people, client, standard, parameter, rows, django_assert_max_num_queries
):
    client.force_login(people.technical_lead)
    for day in range(1, 29):
        services.enter_test(
            by=people.technician,
            parameter=parameter,
            kind="check",
            on=date(2026, 5, day),
            readings=["1", "2"],
            object="HC",
        )
    for page, most in (("capability", 14), ("dossier", 32)):
        with django_assert_max_num_queries(most):
            client.get(reverse(f"standards:{page}", args=[standard.code]))

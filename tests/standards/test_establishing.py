"""From a new standard to its licences, and to their renewal: what is there, what is missing, and in which order."""

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lims.audit import selectors as audit
from lims.core import clock
from lims.core.text import Refused
from lims.people.models import Qualification, Registration
from standards import rules, services
from standards.models import CapabilityTest, StandardPaper
from standards.selectors.examinations import current_case
from tests.standards.laboratory import enter_certificate, register_meter

BEGUN, DAY = date(2026, 3, 2), date(2026, 11, 20)
PAPERS = (3, 4, 10, 12, 13, 16)
GROUPS = (date(2026, 4, 1), date(2026, 5, 6), date(2026, 6, 10), date(2026, 7, 15))
BUDGET = """
k = "2"

[outputs]
E = "gamma"

[[input]]
name = "gamma"
unit = "%"
value = "0.012"
u = "0.01"
"""


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


@pytest.fixture
def new(people):
    """A standard that is being established; nothing but its name is entered."""
    return services.register_standard(
        by=people.technical_lead, since=BEGUN, name="直流充电桩检定装置", name_en="DC pile standard", code="14114701"
    )


@pytest.fixture
def case(people, new):
    return services.open_examination(by=people.technical_lead, standard=new, kind="establishment", on=BEGUN)


def qualify(user, until=date(2028, 1, 1)):
    held = Qualification.objects.create(
        user=user, level="2", certificate_number=f"Q-{user.pk}", issued_on=date(2024, 1, 1)
    )
    Registration.objects.create(
        qualification=held, number=f"R-{user.pk}", employer="本所", valid_from=date(2024, 1, 1), valid_until=until
    )


def complete(people, standard, *, groups=GROUPS):
    """Everything the application needs, through the services."""
    lead = people.technical_lead
    services.change_standard(
        by=lead, standard=standard, measuring_range="(0～250) A", accuracy="0.05 级", procedure_codes=["JJG 1149"],
        environment="(23 ± 2) ℃", location="充电桩检定室",
    )  # fmt: skip
    meter = register_meter(people, "BZ-300")
    enter_certificate(people, meter)
    services.add_device(by=lead, standard=standard, device=meter, part="master", since=BEGUN)
    services.name_person(by=lead, standard=standard, user=lead, duty="responsible", since=BEGUN)
    for user in (people.technician, people.checker):
        qualify(user)
        services.name_person(by=lead, standard=standard, user=user, duty="operator", since=BEGUN)
    parameter = services.add_parameter(
        by=lead, standard=standard, name="电能误差", point="500 V", unit="%", use="nominal", limit="0.05"
    )
    enter(people, parameter, "repeatability", GROUPS[0])
    for on in groups:
        enter(people, parameter, "stability", on)
    given = {"value": "0.012", "U": "0.03", "k": "2", "reference": "0.011", "U_reference": "0.02", "k_reference": "2"}
    services.enter_test(
        by=people.technician, parameter=parameter, kind="verification", on=GROUPS[-1], given=given, object="传递标准"
    )
    services.write_report_text(by=lead, standard=standard, parameter=parameter, part="budget", text=BUDGET)
    for part in ("purpose", "principle", "conclusion"):
        services.write_report_text(by=lead, standard=standard, part=part, text="（内容）")
    for entry in PAPERS:
        services.file_paper(by=lead, standard=standard, entry=entry, title=f"文件 {entry}", kept_at="档案柜 A-2")
    return parameter


def enter(people, parameter, kind, on):
    services.enter_test(
        by=people.technician, parameter=parameter, kind=kind, on=on, readings=["0.012", "0.013"], object="HC-01"
    )


@pytest.fixture
def method(people):
    """The procedure of the standard's scope, approved and in force."""
    [version] = [one for one in services.sync_packs() if one.code == "JJG 1149"]
    return services.approve_procedure(
        by=people.technical_lead, version=version, in_force_from=version.in_force_from or date(2022, 12, 7)
    )


def lacking(standard, day=DAY) -> dict[str, list[str]]:
    found = rules.guide(standard, current_case(standard), day)
    return {step.code: [one.code for one in step.missing] for step in (*found.papers, *found.way) if step.missing}


def codes(caught) -> list[str]:
    return [one.code for one in caught.value.reasons]


def test_a_new_standard_lacks_everything_and_each_step_leads_to_its_page(people, new, ask):
    found = lacking(new)
    assert found["devices"] == ["master_missing"]
    assert found["people"] == ["competent_people_missing", "responsible_missing"]
    assert set(found) == {
        "devices", "scope", "environment", "people", "methods", "parameters", "repeatability", "stability",
        "verification", "uncertainty", "diagram", "report", "file_set", "submitted", "examined",
        "examination_licence", "public_licence", "in_use",
    }  # fmt: skip
    page = ask("technical_lead", "examination", new.code).content.decode()
    for step in rules.guide(new, None, DAY).papers:
        assert step.address in page, step.code


def test_the_whole_way_from_a_new_standard_to_its_use(people, new, case, method):
    lead = people.technical_lead
    complete(people, new)
    assert set(lacking(new)) == {"submitted", "examined", "examination_licence", "public_licence", "in_use"}
    with pytest.raises(Refused) as caught:
        enter_licence(people, new, "examination", date(2026, 9, 1))
    assert codes(caught) == ["examination_result_missing"]
    services.submit_examination(by=lead, case=case, on=date(2026, 8, 3), authority="示范市市场监督管理局")
    services.record_examination(by=lead, case=case, on=date(2026, 8, 20), result="rectify", findings="补充记录格式")
    assert lacking(new)["examined"] == ["not_passed"]
    services.record_examination(by=lead, case=case, on=date(2026, 9, 1), result="pass", findings="")
    with pytest.raises(Refused) as caught:
        enter_licence(people, new, "public", date(2026, 9, 20))
    assert codes(caught) == ["examination_licence_first"]
    enter_licence(people, new, "examination", date(2026, 9, 10))
    with pytest.raises(Refused) as caught:
        services.set_standard_state(by=lead, standard=new, state="in_use", since=DAY, why="取得证书")
    assert codes(caught) == ["no_public_licence_in_effect"]
    enter_licence(people, new, "public", date(2026, 9, 20))
    assert [one.code for one in rules.standard_usable_on(new, DAY)] == ["standard_not_in_use"], "still establishing"
    services.set_standard_state(by=lead, standard=new, state="in_use", since=date(2026, 9, 21), why="取得证书")
    assert rules.standard_usable_on(new, DAY) == ()
    assert current_case(new) is None, "the next one is a re-examination"
    whole = rules.guide(new, case, DAY)
    assert whole.done == whole.count and whole.missing == ()
    told = [one.verb for one in audit.of_object(new) if one.verb.startswith("standard.examination")]
    assert told == [
        "standard.examination_opened", "standard.examination_submitted", "standard.examination_examined",
        "standard.examination_examined",
    ]  # fmt: skip


def enter_licence(people, standard, kind, on):
    services.enter_licence(
        by=people.technical_lead, standard=standard, kind=kind, number=f"{kind}-1", issued_on=on,
        valid_until=date(2031, 9, 9),
    )  # fmt: skip


def test_an_incomplete_application_is_refused_by_name_unless_the_reason_is_given(people, new, case):
    with pytest.raises(Refused) as caught:
        services.submit_examination(by=people.technical_lead, case=case, on=DAY, authority="市局")
    assert codes(caught)[:2] == ["application_incomplete", "master_missing"]
    services.submit_examination(by=people.technical_lead, case=case, on=DAY, authority="市局", why="当面补交")
    event = [one for one in audit.of_object(new) if one.verb == "standard.examination_submitted"][-1]
    assert "master_missing" in event.payload and "当面补交" in event.payload


def test_three_groups_or_groups_too_close_do_not_show_the_stability_of_a_new_standard(people, new, case, method):
    parameter = complete(people, new, groups=GROUPS[:3])
    assert lacking(new)["stability"] == ["stability_not_passed"]
    enter(people, parameter, "stability", GROUPS[2] + timedelta(days=20))
    assert lacking(new)["stability"] == ["stability_not_passed"], "twenty days are less than a month"
    services.withdraw_test(
        by=people.technician,
        test=parameter.tests.get(kind="stability", on=GROUPS[2] + timedelta(days=20)),
        why="间隔不足",
    )
    enter(people, parameter, "stability", GROUPS[3])
    assert "stability" not in lacking(new)


def test_a_person_whose_registration_has_ended_is_not_counted_on_that_day(people, new, case, method):
    complete(people, new)
    Registration.objects.filter(qualification__user=people.checker).update(valid_until=date(2026, 6, 30))
    assert lacking(new)["people"] == ["competent_people_missing"]
    assert "people" not in lacking(new, date(2026, 6, 30))


def test_a_failed_test_or_certificate_and_a_withdrawn_paper_are_missing_again(people, new, case, method):
    complete(people, new)
    enter_certificate(people, new.members.get().device, number="DC-2", calibrated_on=date(2026, 10, 1), outcome="fail")
    services.withdraw_paper(by=people.technical_lead, paper=StandardPaper.objects.get(entry=16), why="改版")
    found = lacking(new)
    assert found["devices"] == ["device_failed"] and found["diagram"] == ["chain_broken"]
    assert found["file_set"] == ["paper_missing"]


def test_what_comes_after_the_first_licence_is_a_reexamination(people, standard, new):
    lead = people.technical_lead
    with pytest.raises(Refused) as caught:
        services.open_examination(by=lead, standard=new, kind="reexamination", on=DAY)
    assert codes(caught) == ["never_examined"]
    with pytest.raises(Refused) as caught:
        services.open_examination(by=lead, standard=standard, kind="establishment", on=DAY)
    assert codes(caught) == ["not_being_established"]
    case = services.open_examination(by=lead, standard=standard, kind="reexamination", on=DAY)
    with pytest.raises(Refused) as caught:
        services.open_examination(by=lead, standard=standard, kind="reexamination", on=DAY)
    assert codes(caught) == ["examination_open"]
    services.abandon_examination(by=lead, case=case, why="改期")
    assert services.open_examination(by=lead, standard=standard, kind="reexamination", on=DAY).open


def test_a_reexamination_names_each_gap_of_the_whole_validity(people, standard):
    services.set_plan(by=people.technical_lead, standard=standard, since=date(2025, 1, 1), check_months=6)
    services.add_parameter(
        by=people.technical_lead, standard=standard, name="电能误差", unit="%", use="nominal", limit="0.05"
    )
    guide = rules.guide(standard, None, DAY)
    [step] = [one for one in guide.papers if one.code == "continuity"]
    assert {one.code for one in step.missing} == {
        "gap_device_certificate", "gap_people", "gap_check", "gap_repeatability", "gap_stability",
    }  # fmt: skip
    assert sum(one.code == "gap_check" for one in step.missing) == 3, "every half-year by itself"
    assert guide.apply_by == date(2029, 6, 30), "six months before 2029-12-31"
    services.set_plan(by=people.technical_lead, standard=standard, lead_months=9, lead_confirmed=True)
    assert rules.guide(standard, None, DAY).apply_by == date(2029, 3, 31)


def test_an_old_licence_is_not_what_a_reexamination_brings(people, standard):
    services.open_examination(by=people.technical_lead, standard=standard, kind="reexamination", on=DAY)
    assert {"examination_licence", "public_licence"} <= set(lacking(standard))


def test_the_order_of_an_examination_cannot_be_turned(people, new, case):
    lead = people.technical_lead
    with pytest.raises(Refused) as caught:
        services.record_examination(by=lead, case=case, on=DAY, result="pass", findings="")
    assert codes(caught) == ["examination_not_submitted"]
    services.submit_examination(by=lead, case=case, on=DAY, authority="市局", why="先行提交")
    with pytest.raises(Refused) as caught:
        services.submit_examination(by=lead, case=case, on=DAY, authority="市局", why="再次")
    assert codes(caught) == ["examination_submitted"]
    with pytest.raises(Refused):
        services.record_examination(by=lead, case=case, on=DAY - timedelta(days=1), result="pass", findings="")
    case.refresh_from_db()
    services.record_examination(by=lead, case=case, on=DAY, result="fail", findings="超差")
    with pytest.raises(Refused) as caught:
        services.record_examination(by=lead, case=case, on=DAY, result="pass", findings="")
    assert codes(caught) == ["examination_closed"]


@pytest.mark.parametrize("who", ["technician", "quality_manager", "auditor", "customer"])
def test_the_technical_lead_alone_runs_an_examination(people, new, case, ask, who):
    by = getattr(people, who)
    for deed in (
        lambda: services.open_examination(by=by, standard=new, kind="establishment", on=DAY),
        lambda: services.submit_examination(by=by, case=case, on=DAY, authority="市局", why="x"),
        lambda: services.record_examination(by=by, case=case, on=DAY, result="pass", findings=""),
        lambda: services.abandon_examination(by=by, case=case, why="x"),
    ):
        with pytest.raises(Refused) as caught:
            deed()
        assert "role_missing" in codes(caught)
    reads = 200 if who != "customer" else 404
    for name in ("examination", "application"):
        assert ask(who, name, new.code).status_code == reads
        assert ask(None, name, new.code).status_code == 302
    assert ask(who, "examination_submit", case.pk).status_code == 422, "refused with its reason"


def test_the_pages_lead_through_the_case(people, new, method, ask):
    assert ask("technical_lead", "examination_new", new.code).status_code == 200
    answer = ask("technical_lead", "examination_new", new.code, post={"kind": "establishment", "on": "2026-03-02"})
    assert answer.status_code == 302
    case = current_case(new)
    refused = ask(
        "technical_lead", "examination_submit", case.pk, post={"on": "2026-08-03", "authority": "市局", "contact": "甲"}
    )
    assert refused.status_code == 422 and "application_incomplete" in refused.content.decode()
    complete(people, new)
    for name, post in (
        ("examination_submit", {"on": "2026-08-03", "authority": "示范市局", "contact": "联系人甲"}),
        ("examination_result", {"on": "2026-09-01", "result": "pass", "findings": ""}),
    ):
        assert ask("technical_lead", name, case.pk, post=post).status_code == 302, name
    page = ask("technical_lead", "examination", new.code).content.decode()
    assert "示范市局" in page and "考核合格" in page
    form = ask("technical_lead", "application", new.code).content.decode()
    for word in ("联系人甲", "14114701", "示范区计量质量检测所", "BZ-300", "Q-", "JJG 1149", "2026-08-03"):
        assert word in form, word


def test_the_page_takes_as_many_queries_for_many_parameters_as_for_few(people, new, case, method, client):
    complete(people, new)
    client.force_login(people.technical_lead)

    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(reverse("standards:examination", args=[new.code])).status_code == 200
        return len(captured)

    few = count()
    for number in range(6):
        parameter = services.add_parameter(
            by=people.technical_lead, standard=new, name="电压", point=f"{number} V", unit="%", use="nominal", limit="1"
        )
        enter(people, parameter, CapabilityTest.Kind.STABILITY, GROUPS[0])
    assert count() == few < 60

"""Who may do what on any day: authorisations, the documents behind them, roles and supervisors; and what is kept of people."""

from datetime import date, timedelta
from itertools import product

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from lims.audit.models import Event
from lims.core import clock
from lims.core.text import Refused, Text
from lims.people import selectors, services
from lims.people.items import Item as Known
from lims.people.models import Authorisation, Requirement, Role, User
from lims.people.rules.competence import Item, covers, decide, ends, standing, who_may
from lims.people.rules.matrix import ACTS, matrix
from lims.people.selectors.competence import (
    Asked,
    Document,
    Held,
    asked_on,
    education_of,
    learned,
    outside,
    witnessed_of,
)

PILE = {"procedure_code": "JJG 1148", "category": "charging_pile_ac"}
KNOWN = Known("JJG 1148", "charging_pile_ac", "交流充电桩")
D = date(2026, 6, 1)


def grant(people, person="technician", act="verify", **changed):
    values = {
        "scope_kind": "procedure",
        "scope": "JJG 1148",
        "valid_from": D - timedelta(100),
        "valid_until": D + timedelta(400),
    }
    return services.grant_authorisation(people[person], by=people["technical_lead"], act=act, **{**values, **changed})


def register(people, until, person="technician"):
    return services.register_qualification(
        people[person],
        by=people["technical_lead"],
        level="2",
        certificate_number="Z-1",
        issued_on=date(2015, 1, 1),
        number="R-1",
        valid_from=date(2020, 1, 1),
        valid_until=until,
    )


def ask(people, value, since=date(2020, 1, 1), key="registration", **more):
    content = {"source": "本机构 2020 年第 1 号决定", "confirmed": True, "by": people["technical_lead"], **more}
    return services.set_requirement(key=key, value=value, valid_from=since, **content)


def codes(found):
    return [one.code for one in found.reasons]


def refused_codes(deed, *args, **kwargs):
    with pytest.raises(Refused) as refused:
        deed(*args, **kwargs)
    return [one.code for one in refused.value.reasons]


# The decision itself, without a database.
days = st.integers(1, 12).map(lambda day: date(2026, 1, day))
papers = st.builds(Document, st.just(Text("注册 R", "registration R")), days, st.none() | days)


@given(first=days, last=days, revoked=st.none() | days, day=days)
def test_an_authorisation_covers_its_days_and_none_from_its_revocation_on(first, last, revoked, day):
    one = Authorisation(valid_from=first, valid_until=last, revoked_on=revoked)
    assert covers(one, day) == (first <= day <= last and (revoked is None or day < revoked))
    assert not covers(one, ends(one) + timedelta(days=1))


@given(documents=st.lists(papers, max_size=3), day=days, rule=st.sampled_from(list(Requirement.Registered)))
def test_documents_count_by_their_printed_dates_as_the_institute_has_decided(documents, day, rule):
    always = Authorisation(
        scope_kind="procedure", scope="JJG 1148", act="verify", valid_from=date.min, valid_until=date.max
    )
    held = Held(User(pk=1, display_name="甲"), [always], documents)
    found = decide(held, Item("JJG 1148", "x"), "verify", day, asked=lambda: Asked(rule, None))
    if any(one.covers(day) for one in documents) or rule == "not_asked":
        assert found.may and not found.remarks
    elif documents:
        assert codes(found) == ["registration_lapsed"]
    elif rule == "always":
        assert codes(found) == ["registration_missing"]
    else:
        assert found.may and "不明" in found.remarks[0].zh


# With people.
def test_a_refusal_names_the_authorisation_that_ended_was_revoked_or_has_not_begun(people):
    technician = people["technician"]
    granted = grant(people)
    for day, told in (
        (granted.valid_until + timedelta(1), f"已于 {granted.valid_until} 到期"),
        (granted.valid_from - timedelta(1), f"自 {granted.valid_from} 起生效"),
    ):
        (why,) = standing(technician, **PILE, act="verify", day=day).reasons
        assert why.code == "not_authorised" and told in why.text.zh
    services.revoke_authorisation(granted, by=people["technical_lead"], why="转岗")
    (why,) = standing(technician, **PILE, act="verify", day=clock.today()).reasons
    assert f"已于 {clock.today()} 撤销" in why.text.zh


def test_a_project_certificate_without_a_printed_end_stands_in_for_a_registration(people):
    grant(people)
    register(people, D - timedelta(1))
    technician = people["technician"]
    assert codes(standing(technician, **PILE, act="verify", day=D)) == ["registration_lapsed"]
    services.register_qualification(
        technician, by=people["technical_lead"], level="project", certificate_number="P-1", issued_on=date(2016, 1, 1)
    )
    assert standing(technician, **PILE, act="verify", day=D).may


def test_checking_and_approving_do_not_ask_for_a_registration(people):
    grant(people, "checker", "check")
    register(people, D - timedelta(1), "checker")
    assert standing(people["checker"], **PILE, act="check", day=D).may


def test_what_is_asked_counts_from_its_day_on_and_earlier_days_keep_what_was_asked_then(people):
    grant(people)
    assert asked_on(D, "registration") == Asked("if_entered", None)
    ask(people, "always", since=D)
    assert codes(standing(people["technician"], **PILE, act="verify", day=D)) == ["registration_missing"]
    before = standing(people["technician"], **PILE, act="verify", day=D - timedelta(1))
    assert before.may and before.remarks
    ask(people, "not_asked", since=D + timedelta(1))
    assert asked_on(D, "registration").value == "always"
    assert asked_on(D + timedelta(1), "registration").value == "not_asked"
    assert [one.verb for one in Event.objects.filter(verb="requirement.set")] == ["requirement.set"] * 2


@pytest.mark.parametrize("role", [*Role.values, "stranger"])
def test_requirements_education_and_witnessed_tests_are_for_technical_lead_and_quality_manager(people, role):
    by, technician = people[role], people["technician"]
    deeds = (
        lambda: ask(people, "always", by=by),
        lambda: services.enter_education(technician, by=by, held_on=D, hours="8", subject="讲座", organiser="学会"),
        lambda: services.enter_witnessed_test(
            technician,
            by=by,
            witness=people["checker"],
            held_on=D,
            procedure="JJG 1148",
            findings="按规程操作",
            verdict="fit",
        ),
    )
    for deed in deeds:
        if role in {Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER}:
            deed()
        else:
            assert refused_codes(deed) == ["role_missing"]
    assert Event.objects.count() == (3 if role in {Role.TECHNICAL_LEAD, Role.QUALITY_MANAGER} else 0)


# Training
def test_a_trainee_is_named_with_supervisors_who_are_technicians_and_others(people):
    train = {"act": "train", "scope": "JJG 1148"}
    assert refused_codes(grant, people, **train) == ["supervisor_missing"]
    assert refused_codes(grant, people, **train, supervisors=[people["technician"]]) == ["own_supervisor"]
    assert refused_codes(grant, people, **train, supervisors=[people["checker"]]) == ["role_of_act_missing"]
    assert refused_codes(grant, people, supervisors=[people["second_technician"]]) == ["supervisor_unfit"]
    assert not Authorisation.objects.exists()
    made = grant(people, **train, supervisors=[people["second_technician"]])
    assert [one.supervisor for one in made.supervisions.all()] == [people["second_technician"]]


def test_a_trainee_may_learn_while_a_supervisor_may_verify(people):
    grant(people, act="train", supervisors=[people["second_technician"]])
    who = who_may(**PILE, day=D)
    assert who["train"] == [] and who["verify"] == []
    grant(people, "second_technician", valid_until=D)
    who = who_may(**PILE, day=D)
    assert who["train"] == [people["technician"]] and who["verify"] == [people["second_technician"]]
    assert who_may(**PILE, day=D + timedelta(1))["train"] == []


# The matrix is the same decision for everybody at once.
def test_the_matrix_agrees_with_the_decision_for_each_person_act_and_day(people):
    grant(people)
    grant(people, "second_technician", act="train", supervisors=[people["technician"]])
    grant(people, "checker", "check", valid_until=D)
    grant(people, "approver", "approve", scope_kind="category", scope="charging_pile_ac")
    register(people, D)
    for day in (D, D + timedelta(1), D - timedelta(101)):
        found = {
            (line.person.username, one.act): one.may
            for line in matrix(people["auditor"], day, [KNOWN])
            for one in line.cells[0]
        }
        may = who_may(**PILE, day=day)
        for name, act in product(("technician", "second_technician", "checker", "approver"), ACTS):
            assert found[name, act] == (people[name] in may[act]), (name, act, day)


def test_from_today_on_the_role_counts_too(people):
    grant(people, valid_until=clock.today() + timedelta(10))
    services.give_role(people["technician"], Role.CHECKER, by=people["administrator"])
    services.take_role(people["technician"], Role.TECHNICIAN, by=people["administrator"])

    def asked(day):
        lines = matrix(people["auditor"], day, [KNOWN], acts=("verify",))
        return next(line.cells[0][0] for line in lines if line.person == people["technician"])

    assert codes(asked(clock.today())) == ["role_of_act_missing"]
    assert asked(clock.today() - timedelta(1)).may


def test_the_matrix_asks_the_database_the_same_few_questions_for_many_people(people):
    def asked():
        with CaptureQueriesContext(connection) as queries:
            matrix(people["auditor"], D, [KNOWN] * 6)
        return len(queries)

    grant(people, act="train", supervisors=[people["second_technician"]])
    selectors.roles_of(people["auditor"])
    before = asked()
    for name in ("checker", "second_technician"):
        register(people, D + timedelta(9), name)
    grant(people, "second_technician")
    grant(people, "checker", "check")
    assert asked() == before == 5


# Education and witnessed tests
def test_hours_are_summed_in_each_registration_period_and_what_is_missing_is_said_only_where_hours_are_known(people):
    technician, lead = people["technician"], people["technical_lead"]
    register(people, date(2024, 12, 31))
    for held_on, hours in ((date(2020, 1, 1), "8"), (date(2024, 12, 31), "4.5"), (date(2025, 1, 1), "2")):
        services.enter_education(technician, by=lead, held_on=held_on, hours=hours, subject="讲座", organiser="学会")

    def period():
        rows = list(technician.qualifications.prefetch_related("registrations"))
        return learned(technician, rows, list(education_of(technician)))[0]

    assert (str(period().hours), period().missing) == ("12.5", None)
    ask(people, "60", key="education")
    assert str(period().missing) == "47.5"
    entries = list(education_of(technician))
    assert [one.hours for one in outside(entries, [period()])] == ["2"]


@pytest.mark.parametrize("hours", ["", "0", "-8", "1e3", "八", "8.125", "NaN", " 8"])
def test_hours_are_a_plain_number_above_nought(people, hours):
    entered = {"held_on": D, "hours": hours, "subject": "讲座", "organiser": "学会", "by": people["quality_manager"]}
    assert refused_codes(services.enter_education, people["technician"], **entered) == ["hours_unfit"]


def test_a_correction_keeps_what_stood_there_and_says_why(people):
    by = people["quality_manager"]
    row = services.enter_education(people["technician"], by=by, held_on=D, hours="8", subject="讲座", organiser="学会")
    assert refused_codes(services.correct_education, row, by=by, why=" ", hours="6") == ["why_missing"]
    services.correct_education(row, by=by, why="看错证明", hours="6")
    assert [one.hours for one in row.history.order_by("history_id")] == ["8", "6"]
    assert '"hours":["8","6"]' in Event.objects.get(verb="education.corrected").payload.replace(" ", "")


def test_what_is_no_plain_pdf_is_no_proof(people):
    entered = {"held_on": D, "hours": "8", "subject": "讲座", "organiser": "学会", "by": people["quality_manager"]}
    with pytest.raises(Refused):
        services.enter_education(people["technician"], original=b"MZ not a paper", **entered)
    assert not people["technician"].education.exists()


def test_nobody_witnesses_himself_and_the_next_test_is_later(people):
    entered = {
        "held_on": D,
        "procedure": "JJG 1148",
        "findings": "按规程操作",
        "verdict": "fit",
        "by": people["quality_manager"],
    }
    test = services.enter_witnessed_test
    technician, witness = people["technician"], people["checker"]
    assert refused_codes(test, technician, witness=technician, **entered) == ["witness_is_oneself"]
    assert refused_codes(test, technician, witness=witness, due_on=D, **entered) == ["due_before_held"]
    ahead = {**entered, "held_on": clock.today() + timedelta(1)}
    assert refused_codes(test, technician, witness=witness, **ahead) == ["day_ahead"]
    assert refused_codes(test, technician, witness=witness, **{**entered, "procedure": "1148"}) == ["scope_unknown"]
    test(technician, witness=witness, due_on=D + timedelta(30), **entered)
    later = test(technician, witness=witness, due_on=D + timedelta(90), **{**entered, "held_on": D + timedelta(20)})
    told = witnessed_of(technician, D + timedelta(91))
    assert [(one.test == later, one.newest, one.overdue) for one in told] == [(True, True, True), (False, False, False)]

"""A meter was wrong: every certificate that rests on it is found, and computed again from its own readings."""

import json
from datetime import timedelta
from fractions import Fraction

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from certificates.models import Certificate
from lims.audit.models import Event
from lims.core.models import Job
from lims.core.text import Conflict, Refused
from lims.recall import letters, selectors
from lims.recall.models import RecallDecision, RecallItem
from lims.recall.selectors import Chosen
from lims.recall.services import (
    Finding,
    close,
    compute,
    computing,
    decide,
    decide_many,
    open_case,
    restate,
    supersede,
    trace,
)
from tests import factories
from tests.recall.doing import COUNT, all_items, computed, relative, work
from tests.recall.plain import error, passes, ratio

pytestmark = pytest.mark.django_db
UP, DOWN = Fraction("0.05"), Fraction("-0.02")


def facts_of(item):
    return json.loads(item.certificate.record.facts)


def agrees(item, off):
    """Verdict, flip and change of one certificate against the plain formulas."""
    facts = facts_of(item)
    was, now = passes(error(facts)), passes(error(facts, off))
    words = {True: "pass", False: "fail"}
    assert (item.old_conclusion, item.new_conclusion) == (words[was], words[now])
    assert item.flip == (was != now)
    assert abs(Fraction(item.worst) - ratio(facts, off)) <= Fraction(1, 10**9)
    assert abs(Fraction(item.changes[0]["new"]) - error(facts, off)) <= Fraction(1, 10**15)


def results(case):
    """What a case says of each certificate."""
    told = RecallItem.objects.filter(case=case).values_list(
        "certificate_id", "state", "effect", "old_conclusion", "new_conclusion", "flip", "reprinted", "worst", "rank", "details"
    )  # fmt: skip
    return {one[0]: one[1:] for one in told}


def test_the_flips_and_changes_are_those_of_the_plain_formulas_and_flips_come_first(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    rows = all_items(case)
    assert case.state == "computed" and len(rows) == case.touched == COUNT + 1
    for one in rows:
        agrees(one, UP)
    flips = [one for one in rows if one.flip]
    assert {one.new_conclusion for one in flips} == {
        "pass",
        "fail",
    }  # the layout has piles on both sides of both limits
    page = selectors.case_items(laid.lead, case).rows
    assert {one.pk for one in page[: len(flips)]} == {one.pk for one in flips}
    ratios = [Fraction(one.worst) for one in page[len(flips) :]]
    assert ratios == sorted(ratios, reverse=True)


def test_a_second_case_computes_from_the_original_readings_as_if_there_had_been_no_first(laid):
    first = computed(laid, relative(laid.meter, "0.05"))
    second = supersede(first, by=laid.lead, what="复核后误差为 −0.02 %", findings=[relative(laid.meter, "-0.02")])
    compute(trace(second, by=laid.lead), by=laid.lead)
    work()
    for one in all_items(second):
        agrees(one, DOWN)
    fresh = computed(laid, relative(laid.meter, "-0.02"))
    assert results(second) == results(fresh)
    first.refresh_from_db()
    assert first.state == "superseded" and first.superseded_by == second


def test_decisions_of_a_superseded_case_stay_and_those_no_longer_supported_are_named(laid):
    first = computed(laid, relative(laid.meter, "0.2"))
    rows = [one for one in all_items(first) if one.flip and one.old_conclusion == "pass"]
    kept, dropped = rows[:2]
    for one in (kept, dropped):
        decide(one, kind="withdraw", reason="结论改变", by=laid.lead, seen="")
    second = supersede(first, by=laid.lead, what="更大", findings=[relative(laid.meter, "0.5")])
    compute(trace(second, by=laid.lead), by=laid.lead)
    work()
    third = supersede(second, by=laid.lead, what="几乎没有", findings=[relative(laid.meter, "-0.00001")])
    compute(trace(third, by=laid.lead), by=laid.lead)
    work()
    earlier = {one.certificate_id: one for one in all_items(second) if one.earlier}
    assert set(earlier) == {kept.certificate_id, dropped.certificate_id}
    # More of it makes them fail as well; a fraction of it to the other side would have changed nothing.
    assert {(one.earlier, one.unsupported) for one in earlier.values()} == {("withdraw", False)}
    found = selectors.case_items(laid.lead, third, Chosen(part="unsupported")).rows
    assert {one.certificate_id for one in found} == set(earlier)
    assert [one.kind for one in selectors.earlier_decisions(laid.lead, found[0])] == ["withdraw"]
    assert Certificate.objects.get(pk=kept.certificate_id).state == "withdrawn"  # what was done is not undone by itself


def test_a_case_that_reaches_less_names_the_decisions_it_leaves_behind(laid):
    first = computed(laid, relative(laid.meter, "0.05"))
    oldest = RecallItem.objects.filter(case=first).order_by("verified_on", "pk").first()
    decide(oldest, kind="notify", reason="先行告知", by=laid.lead)
    since = laid.last_day - timedelta(days=30)
    narrower = supersede(
        first, by=laid.lead, what="故障开始较晚", findings=[relative(laid.meter, "0.05", since=since, evidence="现场比对记录")]
    )  # fmt: skip
    trace(narrower, by=laid.lead)
    assert 0 < narrower.touched < first.touched
    assert RecallItem.objects.filter(case=narrower, verified_on__lt=since).count() == 0
    assert [one.item.certificate_id for one in selectors.left_decisions(laid.lead, narrower)] == [oldest.certificate_id]


def test_out_of_tolerance_by_an_unknown_amount_touches_all_and_claims_nothing(laid):
    case = computed(laid, Finding(laid.meter, "unknown"))
    rows = all_items(case)
    assert {(one.effect, one.new_conclusion, one.worst, one.flip) for one in rows} == {("unknown", "", "", False)}
    assert all("误差大小不明" in one.reasons[0].zh for one in rows)
    assert selectors.totals(laid.lead, case).unknown == COUNT + 1


def test_the_first_day_is_that_of_the_last_good_evidence_and_another_needs_its_reason(laid):
    case = open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05")])
    line = case.lines.get()
    assert line.since == laid.meter_certificate.calibrated_on and laid.meter_certificate.number in line.evidence
    with pytest.raises(Refused) as refused:
        open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05", since=laid.first_day)])
    assert refused.value.reasons[0].where == "lines[0].evidence"


def test_a_fault_reaches_devices_that_were_calibrated_with_the_faulty_one(laid):
    """A transfer standard is part of an own standard, which calibrated the meter of all the records."""
    source = factories.device("BZ-100", roles=())
    own = factories.standard(source, code="99000001", codes=())
    middle = laid.first_day + timedelta(days=700)
    certificate = factories.DeviceCertificate.objects.create(
        device=laid.meter, number="OWN-1", kind="calibration", issuer="本所", issuer_standard=own, outcome="pass",
        calibrated_on=middle, valid_until=laid.last_day, entered_by=laid.lead,
    )  # fmt: skip
    factories.DeviceCertificate.objects.filter(pk=certificate.pk).update(
        state="confirmed", confirmed_by=laid.quality, confirmed_at=factories.timezone.now(), content_sha256="d" * 64
    )
    own.members.update(since=laid.first_day)
    finding = relative(source, "0.1", since=laid.first_day, evidence="比对")
    case = computed(laid, finding)
    rows = all_items(case)
    assert case.touched == Certificate.objects.filter(verified_on__gte=middle).count() < COUNT
    assert {one.effect for one in rows} == {"unknown"}
    assert all("BZ-001" in one.reasons[0].zh and "BZ-100" in one.reasons[0].zh for one in rows)
    why = selectors.case_items(laid.lead, case).rows[0].why[0]
    assert (why.device, why.source) == (laid.meter, source)
    assert [step["certificate"] for step in why.via] == ["OWN-1"]
    # Once the meter's own error is stated as well, its certificates are computed.
    both = computed(laid, finding, relative(laid.meter, "0.05", since=middle, evidence="重新校准"))
    assert {one.effect for one in all_items(both)} == {"known"}


def test_a_kill_in_the_middle_and_two_workers_at_one_slice_give_the_same_results(laid, monkeypatch):
    whole = computed(laid, relative(laid.meter, "0.05"))
    monkeypatch.setattr(computing, "SLICE", 30)
    monkeypatch.setattr(computing, "BATCH", 10)
    case = trace(open_case(by=laid.lead, what="再算", findings=[relative(laid.meter, "0.05")]), by=laid.lead)
    compute(case, by=laid.lead)
    real, calls, written = computing._compute, [], []

    def dying(known, items):
        calls.append(items)
        if len(calls) == 3:
            raise KeyboardInterrupt  # as a kill between two batches
        real(known, items)

    monkeypatch.setattr(computing, "_compute", dying)
    with pytest.raises(KeyboardInterrupt):
        work()
    assert selectors.progress(laid.lead, case) == (20, COUNT + 1)

    def overtaken(known, items):
        """Another worker does the same batch while this one still computes; what this one then writes changes nothing."""
        real(known, items)
        before = results(case)
        computing_again = [RecallItem(pk=one.pk, certificate_id=one.certificate_id, earlier="stand") for one in items]
        real(known, computing_again)
        written.append(before == results(case))

    monkeypatch.setattr(computing, "_compute", overtaken)
    Job.objects.filter(done_at=None).update(due_at=factories.timezone.now())  # the lease of the dead worker has run out
    work()
    case.refresh_from_db()
    assert case.state == "computed" and results(case) == results(whole) and written and all(written)
    assert Event.objects.filter(verb="recall.computed", object_id=str(case.pk)).count() == 1
    assert not RecallItem.objects.filter(case=case, unsupported=True).exists()


def test_a_record_that_cannot_be_computed_has_an_unknown_effect_and_holds_up_no_other(laid, monkeypatch):
    real = computing.judge

    def failing(known, pack, facts):
        if facts["instrument"]["serial"] == "BX-000007":
            raise ValueError("not a record")
        return real(known, pack, facts)

    monkeypatch.setattr(computing, "judge", failing)
    case = computed(laid, relative(laid.meter, "0.05"))
    (item,) = selectors.case_items(laid.lead, case, Chosen(part="unknown")).rows
    assert item.certificate.instrument.serial == "BX-000007" and "not a record" in item.reasons[0].en
    assert case.state == "computed" and selectors.totals(laid.lead, case).waiting == 0


def test_a_case_superseded_while_it_is_computed_is_left_alone(laid):
    case = trace(open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05")]), by=laid.lead)
    compute(case, by=laid.lead)
    supersede(case, by=laid.lead, what="另一个值", findings=[relative(laid.meter, "0.06")])
    work()
    case.refresh_from_db()
    assert case.state == "superseded" and selectors.progress(laid.lead, case)[0] == 0


def test_withdrawing_and_correcting_go_the_usual_way_and_every_step_is_evented(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    first, second = [one for one in all_items(case) if one.flip][:2]
    decide(first, kind="withdraw", reason="结论改变", by=laid.lead, seen="")
    decide(second, kind="correct", reason="结论改变", by=laid.lead, seen="")
    certificates = {
        one.pk: one for one in Certificate.objects.filter(pk__in=[first.certificate_id, second.certificate_id])
    }
    withdrawn, corrected = certificates[first.certificate_id], certificates[second.certificate_id]
    assert withdrawn.state == "withdrawn" and str(case) in withdrawn.state_reason and withdrawn.recall
    assert corrected.state == "issued" and corrected.corrections.get(state="open")
    verbs = list(Event.objects.filter(verb__startswith="recall.").order_by("pk").values_list("verb", flat=True))
    assert verbs == [
        "recall.opened", "recall.traced", "recall.computing", "recall.computed", "recall.decided", "recall.decided",
    ]  # fmt: skip
    with pytest.raises(Conflict):
        decide(second, kind="notify", reason="改告知", by=laid.lead, seen="")
    with pytest.raises(Refused):
        decide(first, kind="withdraw", reason="再撤一次", by=laid.lead)


def test_many_are_decided_at_once_and_a_case_is_closed_when_none_is_left(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    flips = selectors.totals(laid.lead, case).flips
    done = decide_many(case, kind="notify", reason="结论改变", by=laid.lead, chosen=Chosen(part="flips"))
    assert done.decided == flips > 0
    with pytest.raises(Refused) as refused:
        close(case, by=laid.lead, closing="处理完毕")
    assert refused.value.reasons[0].code == "recall_undecided"
    assert decide_many(case, kind="stand", reason="结论不变", by=laid.lead).decided == COUNT + 1 - flips
    assert RecallDecision.objects.filter(item__case=case).count() == COUNT + 1
    close(case, by=laid.lead, closing="处理完毕")
    assert case.state == "closed"


def test_a_refused_withdrawal_holds_up_no_other(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    one, other = all_items(case)[:2]
    decide(one, kind="notify", reason="先告知", by=laid.lead)
    Certificate.objects.filter(pk=other.certificate_id).update(state="withdrawn")
    rest = all_items(case)[2:5]
    done = decide_many(case, kind="withdraw", reason="停用", by=laid.lead, items=[each.pk for each in (other, *rest)])
    assert done.decided == 3 and [item.pk for item, _ in done.refused] == [other.pk]


def test_nothing_stands_before_it_was_computed(laid):
    case = trace(open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05")]), by=laid.lead)
    item = all_items(case)[0]
    with pytest.raises(Refused) as refused:
        decide(item, kind="stand", reason="应无影响", by=laid.lead)
    assert refused.value.reasons[0].code == "recall_not_computed"
    assert decide_many(case, kind="stand", reason="应无影响", by=laid.lead).decided == 0


@pytest.mark.parametrize(
    "who", ["technician", "checker", "quality", "auditor", "administrator", "customer", "stranger"]
)
def test_only_the_technical_lead_opens_computes_and_decides(laid, who):
    person = getattr(laid, who)
    finding = relative(laid.meter, "0.05")
    case = open_case(by=laid.lead, what="偏大", findings=[finding])
    deeds = [
        lambda: open_case(by=person, what="偏大", findings=[finding]),
        lambda: restate(case, by=person, what="偏大", findings=[finding], known_on=case.known_on, until=case.until),
        lambda: trace(case, by=person),
        lambda: compute(case, by=person),
        lambda: supersede(case, by=person, what="偏大", findings=[finding]),
        lambda: close(case, by=person, closing="结束"),
    ]
    for deed in deeds:
        with pytest.raises(Refused) as refused:
            deed()
        assert refused.value.reasons[0].code == "role_missing"


def test_the_institute_and_auditors_read_and_customers_see_nothing(laid):
    case = trace(open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05")]), by=laid.lead)
    item = all_items(case)[0]
    readers = {"technician": True, "auditor": True, "quality": True, "customer": False, "stranger": False}
    for who, sees in readers.items():
        person = getattr(laid, who)
        seen = [
            selectors.cases(person).exists(),
            selectors.lines(person, case).exists(),
            selectors.reaches(person, case).exists(),
            bool(selectors.case_items(person, case).rows),
            bool(selectors.totals(person, case).touched),
            selectors.item(person, case, item.pk) is not None,
        ]
        assert seen == [sees] * 6, who


def test_the_page_and_the_totals_ask_a_fixed_number_of_questions(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    selectors.reads(laid.quality)  # the roles of a person are kept with him
    counts = []
    for size in (5, 50):
        with CaptureQueriesContext(connection) as asked:
            page = selectors.case_items(laid.quality, case, size=size)
            selectors.totals(laid.quality, case)
        assert len(page.rows) == size
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 11


def test_the_list_is_narrowed_by_customer_year_category_and_number(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    totals = selectors.totals(laid.lead, case)
    assert sum(count for _, count in totals.years) == sum(count for _, count in totals.customers) == COUNT + 1
    customer, count = totals.customers[0]
    assert selectors.items(laid.lead, case, Chosen(organisation=customer.pk)).count() == count
    year, in_year = totals.years[0]
    assert selectors.items(laid.lead, case, Chosen(year=year)).count() == in_year
    assert selectors.items(laid.lead, case, Chosen(category="scale_digital")).count() == 0
    number = Certificate.objects.order_by("pk")[7].number
    assert [one.certificate.number for one in selectors.items(laid.lead, case, Chosen(query=number.lower()))] == [
        number
    ]


def test_the_draft_of_a_notice_says_what_changed_in_both_languages(laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    flipped = next(one for one in all_items(case) if one.flip and one.old_conclusion == "pass")
    letter = letters.notice(flipped, "withdraw")
    change = flipped.changes[0]
    for words in (letter.body.zh, letter.body.en):
        assert flipped.certificate.number in words and f"{change['old_printed']} → {change['new_printed']} %" in words
    assert "由“合格”变为“不合格”" in letter.body.zh and "from “Pass” to “Fail”" in letter.body.en


def test_records_without_a_certificate_yet_are_named(laid):
    case = trace(open_case(by=laid.lead, what="偏大", findings=[relative(laid.meter, "0.05")]), by=laid.lead)
    assert not selectors.uncertified(laid.lead, case).exists()
    record = factories.recording_(laid)
    assert [one.pk for one in selectors.uncertified(laid.lead, case)] == [record.pk]

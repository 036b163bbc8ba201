"""Four years of the demonstration's standards: the dossier names each planted gap, and nothing else."""

import pytest

from lims.core import clock
from lims.demo import equipment, establishing, people, upkeep
from standards import rules
from standards.models import CapabilityTest, MeasurementStandard
from standards.periods import Period
from standards.selectors.capability import control_chart
from standards.selectors.dossier import dossier


@pytest.fixture
def lived(db):
    accounts = people.load()
    equipment.load_procedures(accounts)
    equipment.load(accounts)
    upkeep.load(accounts)
    establishing.load(accounts)
    return accounts


def test_the_dossier_names_each_planted_gap_and_nothing_else(lived):
    period = Period(equipment.began(), clock.today())
    for code, planted in upkeep.PLANTED.items():
        found = dossier(MeasurementStandard.objects.get(code=code), period)
        assert {(str(one.code), one.what) for one in found.gaps} == planted, code
        assert len(found.gaps) == len(planted), code
        assert [one.number for one in found.entries if one.missing] == [], code
        if code == "YS-JB-002":
            assert (found.gaps[0].period.until - found.gaps[0].period.since).days == 11, "late by twelve days"


def test_the_standards_serve_today_have_their_charts_and_are_not_lived_twice(lived, django_assert_max_num_queries):
    for standard in MeasurementStandard.objects.filter(code__in=upkeep.PLANTED):
        assert rules.standard_usable_on(standard, clock.today()) == (), standard
        chart = control_chart(standard.parameters.get().tests.all(), CapabilityTest.Kind.CHECK)
        assert chart is not None and len(chart.tests) >= 15
    before = CapabilityTest.objects.count()
    with django_assert_max_num_queries(6):
        upkeep.load(lived)
    assert CapabilityTest.objects.count() == before > 60


def test_one_standard_shows_its_whole_establishment_and_another_what_it_still_lacks(lived):
    pile = MeasurementStandard.objects.get(code="YS-JB-001")
    past = rules.guide(pile, pile.examinations.get(), clock.today())
    assert (past.missing, past.done) == ((), past.count), "complete on the day of its application, and licensed since"
    today = rules.guide(pile, None, clock.today())
    assert {step.code for step in today.papers if step.missing} == {"continuity"}, "the planted check alone"
    new = MeasurementStandard.objects.get(code=establishing.NEW)
    guide = rules.guide(new, new.examinations.get(), clock.today())
    lacking = {step.code: {one.code for one in step.missing} for step in (*guide.papers, *guide.way) if step.missing}
    assert lacking == establishing.LACKING
    assert "standard_not_in_use" in {one.code for one in rules.standard_usable_on(new, clock.today())}

"""A person as of a day: who supervised, what was learned and watched, as it was known then."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from lims.auditor.selectors import asof
from lims.people import services
from tests import factories

pytestmark = pytest.mark.django_db


def test_corrections_made_later_are_not_known_earlier(monkeypatch):
    lab = factories.people()
    now = timezone.now()

    def at(hours):
        monkeypatch.setattr(timezone, "now", lambda: now + timedelta(hours=hours))

    def told(hours):
        view = asof.as_of("person", lab.technician, now + timedelta(hours=hours))
        return {str(part.title): part.lines for part in view.parts}

    services.grant_authorisation(
        lab.technician,
        by=lab.lead,
        act="train",
        scope_kind="procedure",
        scope="JJG 1149",
        valid_from=factories.today(),
        valid_until=factories.today() + timedelta(days=30),
        supervisors=[lab.colleague],
    )
    learned = services.enter_education(
        lab.technician, by=lab.lead, held_on=date(2026, 3, 2), hours="8", subject="讲座", organiser="学会"
    )
    at(2)
    services.correct_education(learned, by=lab.quality, why="看错证明", hours="6")
    at(4)
    services.enter_witnessed_test(
        lab.technician,
        by=lab.quality,
        witness=lab.lead,
        held_on=date(2026, 3, 3),
        procedure="JJG 1148",
        findings="按规程操作",
        verdict="fit",
    )
    at(6)
    assert told(1)["指导人员"] == ["检定员乙"]
    assert told(1)["继续教育"] == ["2026-03-02 · 讲座 · 学会 · 8"]
    assert told(3)["继续教育"] == ["2026-03-02 · 讲座 · 学会 · 6"]
    assert "现场见证" not in told(3)
    assert told(5)["现场见证"] == ["2026-03-03 · JJG 1148 · 技术负责人戊 · 胜任 – —"]

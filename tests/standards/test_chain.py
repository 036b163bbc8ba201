"""The chain above a standard: every link with its validity on the day, a gap visible as a gap, no circle."""

from datetime import date

import pytest
from django.test import Client
from django.urls import reverse

from lims.core.text import Text
from standards import services
from standards.selectors.chain import chain
from standards.views.chain_drawing import draw, shortened, walk
from tests.standards.conftest import ROLES
from tests.standards.laboratory import DAY, enter_certificate, register_meter


def kinds(root):
    return [(level, link.kind) for level, link in walk(root)]


def faults(root):
    return [link.fault.en for _level, link in walk(root) if link.fault]


def test_a_whole_chain_ends_at_the_national_standard(standard):
    root = chain(standard, DAY)
    assert kinds(root) == [(0, "standard"), (1, "device"), (2, "certificate"), (3, "issuer"), (4, "national")]
    assert root.whole and faults(root) == []


def test_an_expired_certificate_is_a_gap_on_that_day_and_not_before(standard):
    assert chain(standard, date(2027, 3, 1)).whole
    assert faults(chain(standard, date(2027, 3, 2))) == ["expired on 2027-03-01"]


def test_a_device_without_certificate_breaks_the_chain(people, standard):
    device = register_meter(people, "BZ-900")
    services.add_device(
        by=people.technical_lead, standard=standard, device=device, part="auxiliary", since=date(2026, 1, 1)
    )
    assert faults(chain(standard, DAY)) == ["the chain breaks here"]


def test_a_certificate_that_names_no_origin_breaks_it_too(people, standard):
    device = register_meter(people, "BZ-901")
    enter_certificate(people, device, traceable_to="")
    services.add_device(
        by=people.technical_lead, standard=standard, device=device, part="auxiliary", since=date(2026, 1, 1)
    )
    assert faults(chain(standard, DAY)) == ["the chain breaks here"]


@pytest.fixture
def second(people, standard):
    """A second standard whose device the first one calibrated."""
    device = register_meter(people, "BZ-902")
    enter_certificate(people, device, issuer="示范区计量质量检测所", issuer_standard=standard, traceable_to="")
    found = services.register_standard(
        by=people.technical_lead, since=date(2025, 1, 1), state="in_use", name="二级装置", code="X-2",
        categories=["charging_pile_ac"], procedure_codes=[],
    )  # fmt: skip
    services.add_device(by=people.technical_lead, standard=found, device=device, part="master", since=date(2025, 1, 1))
    return found


def test_an_own_standard_is_traced_as_it_was_on_the_day_of_that_calibration(second):
    root = chain(second, date(2027, 3, 1))
    assert [kind for _level, kind in kinds(root)] == [
        "standard", "device", "certificate", "standard", "device", "certificate", "issuer", "national",
    ]  # fmt: skip
    assert root.whole, "the first standard's certificate was in force when it calibrated the device"


def test_standards_that_rest_on_each_other_are_named_and_end(people, standard, second):
    meter = standard.members.get().device
    enter_certificate(
        people, meter, number="LOOP", calibrated_on=date(2026, 3, 2), issuer_standard=second, traceable_to=""
    )
    assert faults(chain(second, DAY)) == ["the standards rest on each other"]


def test_boxes_do_not_overlap_and_lie_inside(people, standard, second):
    for number in range(5):
        device = register_meter(people, f"BZ-91{number}")
        services.add_device(
            by=people.technical_lead, standard=second, device=device, part="auxiliary", since=date(2026, 1, 1)
        )
    drawing = draw(chain(second, DAY))
    corners = [(one.x, one.y) for one in drawing.boxes]
    assert len(set(corners)) == len(corners) == len(list(walk(chain(second, DAY))))
    for one in drawing.boxes:
        assert 0 <= one.x <= drawing.width - one.width and 0 <= one.y <= drawing.height - one.height
        beside = [other for other in drawing.boxes if other is not one and other.y == one.y]
        assert all(abs(other.x - one.x) >= one.width for other in beside)


def test_long_names_are_shortened_to_the_box():
    assert shortened(Text("计" * 30, "x" * 60)) == Text("计" * 14 + "…", "x" * 29 + "…")
    assert shortened(Text("短", "short")) == Text("短", "short")


@pytest.mark.parametrize("role", [*ROLES, "outsider"])
def test_the_page_is_read_inside_the_institute_and_marks_gaps(people, standard, role):
    client = Client()
    client.force_login(getattr(people, role))
    answer = client.get(reverse("standards:chain", args=[standard.code]), {"day": "2028-01-01"})
    if role in {"customer", "outsider"}:
        assert answer.status_code == 404
    else:
        assert answer.status_code == 200 and "2027-03-01，当日已过期" in answer.content.decode()

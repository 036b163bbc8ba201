"""The chain above a standard: every link with its validity on the day, a gap visible as a gap, no circle."""

from datetime import date

import pytest

from lims.core.text import Text
from standards import services
from standards.models import StatedStandard
from standards.selectors import chain as selectors
from standards.selectors.chain import chain
from standards.selectors.network import network
from standards.views.chain_drawing import draw, shortened, walk, walk_down
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


def test_standards_of_the_issuer_that_a_certificate_names_are_links_and_their_gaps_are_gaps(people):
    device = register_meter(people, "BZ-903")
    paper = enter_certificate(people, device, traceable_to="国家电能基准")
    named = {"certificate": paper, "name": "标准电能表", "issuer": "国家级计量院"}
    StatedStandard.objects.bulk_create(
        StatedStandard(**named, **more)
        for more in (
            {"certificate_number": "A-1", "valid_until": date(2026, 12, 31)},
            {"certificate_number": "A-2", "valid_until": date(2026, 3, 1)},
            {"certificate_number": "A-3"},
            {"valid_until": date(2026, 12, 31)},
        )
    )
    root = selectors.above_device(network(), device, DAY)
    assert [kind for _level, kind in kinds(root)] == ["device", "certificate", "issuer", *["stated", "national"] * 4]
    assert faults(root) == [
        "expired on 2026-03-01, before the calibration", "its validity is not stated", "its certificate is not stated",
    ]  # fmt: skip


def test_a_certificate_that_does_not_count_says_so(people, meter):
    paper = services.enter_certificate(
        by=people.technician, device=meter, number="DRAFT", kind="verification", issuer="示范市计量测试技术研究院",
        calibrated_on=date(2026, 5, 1), valid_until=date(2027, 5, 1), outcome="pass",
    )  # fmt: skip
    known = network()
    assert selectors.above_certificate(known, paper, DAY).fault.en == "not confirmed yet, does not count"
    assert selectors.below_certificate(known, paper, DAY) == ()
    first = known.held[meter.pk][0]
    assert selectors.above_certificate(known, first, date(2026, 1, 1)).fault.en == "not issued yet on that day"
    services.withdraw_certificate(by=people.quality_manager, certificate=first, why="录错")
    first.refresh_from_db()
    assert selectors.above_certificate(network(), first, DAY).fault.en == "this entry was withdrawn"


def test_boxes_below_are_one_a_line_in_the_order_of_the_list(people, standard, second):
    known = network()
    meter = standard.members.get().device
    root = selectors.Link("device", meter.title, below=selectors.below_device(known, meter, DAY))
    drawing = draw(root)
    assert [one.link for one in drawing.boxes] == [link for _level, link in walk_down(root)]
    assert [link.kind for _level, link in walk_down(root)] == [
        "device", "use", "standard", "certificate", "device", "use", "standard",
    ]  # fmt: skip
    bottoms = [one.y + one.height for one in drawing.boxes]
    assert all(one.y >= bottom for one, bottom in zip(drawing.boxes[1:], bottoms, strict=False))


def test_a_newer_certificate_of_another_issuer_is_told_and_several_of_one_device_share_a_box(people, standard, second):
    device = second.members.get().device
    enter_certificate(
        people, device, number="DC-2", calibrated_on=date(2026, 5, 1), issuer="示范区计量质量检测所",
        issuer_standard=standard, traceable_to="",
    )  # fmt: skip
    (box,) = [one for one in selectors.below_standard(network(), standard, DAY) if one.kind == "certificate"]
    assert box.title.en == "DC-2" and box.lines[-1].en == "and 1 earlier"
    enter_certificate(people, device, number="DC-3", calibrated_on=date(2026, 6, 1))
    (box,) = [one for one in selectors.below_standard(network(), standard, DAY) if one.kind == "certificate"]
    assert box.lines[-1].en == "followed by DC-3" and box.fault is None

"""Downwards is upwards read the other way: whatever is found below an object names that object above it, on the same days."""

from datetime import date, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from standards.models import Device, DeviceCertificate, MeasurementStandard, StandardDevice
from standards.selectors import chain
from standards.selectors.network import Network, common, holds, united
from standards.views.chain_drawing import walk, walk_down

BEGIN, LAST = date(2024, 1, 1), 12
DAYS = st.integers(0, LAST)


def day(number: int) -> date:
    return BEGIN + timedelta(days=number)


@st.composite
def networks(draw: st.DrawFn) -> Network:
    """Three standards and four devices that calibrate each other in any way, circles too."""
    standards = {n: MeasurementStandard(pk=n, code=f"S{n}", name=f"S{n}") for n in range(1, 4)}
    devices = {n: Device(pk=n, asset_number=f"D{n}", name=f"D{n}", serial="1") for n in range(1, 5)}
    members = [
        StandardDevice(pk=pk, standard=standards[s], device=devices[d], part="master", since=day(a), until=None if b is None else day(a + b))
        for pk, (s, d, a, b) in enumerate(
            draw(st.lists(st.tuples(st.integers(1, 3), st.integers(1, 4), DAYS, st.none() | DAYS), max_size=6)), 1
        )
    ]  # fmt: skip
    papers = [
        DeviceCertificate(
            pk=pk, number=f"C{pk}", device=devices[d], calibrated_on=day(on), valid_until=day(LAST + 1), outcome="pass",
            state="confirmed", issuer_standard=standards.get(s), traceable_to="" if s else "国家基准",
        )
        for pk, (d, on, s) in enumerate(
            draw(st.lists(st.tuples(st.integers(1, 4), DAYS, st.integers(0, 3)), max_size=9)), 1
        )
    ]  # fmt: skip
    papers.sort(key=lambda one: (one.calibrated_on, one.pk))

    def by(rows: list, name: str) -> dict:
        found: dict = {}
        for one in rows:
            found.setdefault(getattr(one, name), []).append(one)
        return found

    made_with = {key: rows for key, rows in by(papers, "issuer_standard_id").items() if key}
    return Network(
        standards, devices, by(papers, "device_id"), made_with, by(members, "standard_id"), by(members, "device_id")
    )


@settings(max_examples=60, deadline=None)
@given(known=networks(), until=DAYS)
def test_what_lies_below_names_it_above_on_exactly_those_days(known: Network, until: int) -> None:
    roots = [
        *((("device", one.asset_number), chain.below_device(known, one, day(until))) for one in known.devices.values()),
        *(
            (("paper", str(one.pk)), chain.below_certificate(known, one, day(until)))
            for papers in known.held.values()
            for one in papers
        ),
    ]
    for about, below in roots:
        uses = {}
        for root in below:
            for _level, link in walk_down(root):
                if link.kind == "use":
                    uses[link.device] = united([*uses.get(link.device, ()), *link.days])
        for device in known.devices.values():
            for number in range(until + 1):
                above = walk(chain.above_device(known, device, day(number)))
                named = any(link.about == about for _level, link in above)
                assert holds(uses.get(device.pk, ()), day(number)) == named, (about, device, number)


@settings(max_examples=60, deadline=None)
@given(known=networks(), until=DAYS)
def test_below_a_standard_lie_its_devices_and_what_it_calibrated(known: Network, until: int) -> None:
    for standard in known.standards.values():
        uses = {}
        for root in chain.below_standard(known, standard, day(until)):
            for _level, link in walk_down(root):
                if link.kind == "use":
                    uses[link.device] = united([*uses.get(link.device, ()), *link.days])
        for device in known.devices.values():
            for number in range(until + 1):
                own = any(one.device_id == device.pk for one in known.members_on(standard.pk, day(number)))
                above = walk(chain.above_device(known, device, day(number)))
                named = any(link.about == ("standard", standard.code) for _level, link in above)
                assert holds(uses.get(device.pk, ()), day(number)) == (own or named)


STRETCHES = st.lists(st.tuples(DAYS, DAYS).map(lambda one: (day(one[0]), day(one[1]))), max_size=5)


@given(one=STRETCHES, other=STRETCHES)
def test_days_in_either_and_in_both(one: list, other: list) -> None:
    for number in range(LAST + 1):
        inside = [any(a <= day(number) <= b for a, b in stretches) for stretches in (one, other)]
        assert holds(united([*one, *other]), day(number)) == any(inside)
        assert holds(common(united(one), other), day(number)) == all(inside)
    together = united([*one, *other])
    assert all(b + timedelta(days=1) < c for (_a, b), (c, _d) in pairwise(together))

"""When may a device, a standard, a set of devices be used on a day? Each test is one sentence of the rule book."""

from datetime import date

import pytest

from standards import rules, services
from standards.models import MeasurementStandard
from tests.standards.laboratory import DAY, enter_certificate, register_meter


def codes(reasons) -> list[str]:
    return [one.code for one in reasons]


def test_a_device_in_use_with_a_valid_certificate_is_usable(meter):
    assert rules.device_usable_on(meter, DAY) == ()


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        (date(2024, 12, 31), ["device_no_state", "device_no_certificate"]),
        (date(2026, 3, 1), ["device_no_certificate"]),
        (date(2026, 3, 2), []),
        (date(2027, 3, 1), []),
        (date(2027, 3, 2), ["device_certificate_expired"]),
    ],
)
def test_a_certificate_counts_from_its_date_up_to_the_printed_day(meter, day, expected):
    assert codes(rules.device_usable_on(meter, day)) == expected


@pytest.mark.parametrize("state", ["suspended", "withdrawn"])
def test_a_suspended_or_withdrawn_device_is_refused_from_that_day_on(people, meter, state):
    services.set_device_state(by=people.technical_lead, device=meter, state=state, since=date(2026, 11, 1), why="过载")
    assert rules.device_usable_on(meter, date(2026, 10, 31)) == ()
    assert codes(rules.device_usable_on(meter, DAY)) == ["device_not_in_use"]


def test_a_newer_failing_certificate_ends_an_older_one_that_is_still_in_date(people, meter):
    enter_certificate(people, meter, number="DC-2", calibrated_on=date(2026, 10, 1), valid_until=None, outcome="fail")
    assert codes(rules.device_usable_on(meter, DAY)) == ["device_failed"]
    assert rules.device_usable_on(meter, date(2026, 9, 30)) == ()


def test_a_certificate_without_validity_is_not_assumed_to_be_valid(people, meter):
    enter_certificate(
        people,
        meter,
        number="DC-3",
        kind="calibration",
        outcome="none",
        calibrated_on=date(2026, 10, 1),
        valid_until=None,
    )
    assert codes(rules.device_usable_on(meter, DAY)) == ["device_no_validity"]


def test_the_institutes_own_date_serves_where_none_is_printed_and_the_earlier_date_counts(people, meter):
    enter_certificate(
        people,
        meter,
        number="DC-4",
        kind="calibration",
        outcome="none",
        calibrated_on=date(2026, 10, 1),
        valid_until=date(2027, 9, 30),
        use_until=date(2026, 11, 20),
    )
    assert rules.device_usable_on(meter, date(2026, 11, 20)) == ()
    assert codes(rules.device_usable_on(meter, date(2026, 11, 21))) == ["device_certificate_expired"]


def test_a_certificate_that_nobody_confirmed_does_not_count(people):
    device = register_meter(people, "BZ-009")
    services.enter_certificate(
        by=people.technician,
        device=device,
        number="DC-9",
        kind="verification",
        issuer="示范院",
        calibrated_on=date(2026, 3, 2),
        valid_until=date(2027, 3, 1),
        outcome="pass",
    )
    assert codes(rules.device_usable_on(device, DAY)) == ["device_no_certificate"]


def test_a_withdrawn_certificate_does_not_count_for_any_day(people, meter):
    services.withdraw_certificate(
        by=people.technical_lead, certificate=meter.certificates.get(), why="出具机构通知证书作废"
    )
    assert codes(rules.device_usable_on(meter, DAY)) == ["device_no_certificate"]


def test_a_licensed_standard_in_use_is_usable_for_what_lies_in_its_scope(standard):
    assert rules.standard_usable_on(standard, DAY, "JJG 1148", "charging_pile_ac") == ()
    assert codes(rules.standard_usable_on(standard, DAY, "JJG 443", "fuel_dispenser")) == ["standard_out_of_scope"]


@pytest.mark.parametrize("state", ["establishing", "suspended", "withdrawn", "expired"])
def test_a_standard_in_any_state_but_in_use_is_refused(people, standard, state):
    services.set_standard_state(
        by=people.technical_lead, standard=standard, state=state, since=date(2026, 11, 1), why="x"
    )
    assert codes(rules.standard_usable_on(standard, DAY)) == ["standard_not_in_use"]
    assert rules.standard_usable_on(standard, date(2026, 10, 31)) == ()


def test_each_of_the_two_licences_is_needed_and_must_be_in_date(people, standard, meter):
    day = date(2030, 1, 1)
    assert codes(rules.standard_usable_on(standard, day)) == [
        "standard_examination_licence_expired",
        "standard_public_licence_expired",
    ]
    bare = services.register_standard(
        by=people.technical_lead, since=date(2025, 1, 1), state="in_use", name="新标准", code="1"
    )
    assert codes(rules.standard_usable_on(bare, DAY)) == [
        "standard_no_examination_licence",
        "standard_no_public_licence",
        "standard_without_master",
    ]


def test_a_renewed_licence_carries_on_and_the_old_one_still_answers_for_its_days(people, standard):
    for kind in ("examination", "public"):
        services.enter_licence(
            by=people.technical_lead,
            standard=standard,
            kind=kind,
            number=f"renewed {kind}",
            issued_on=date(2029, 12, 1),
            valid_until=date(2034, 11, 30),
        )
    assert rules.standard_usable_on(standard, date(2030, 1, 1)) == ()
    assert rules.standard_usable_on(standard, DAY) == ()


def test_the_right_device_within_its_standard_satisfies_the_pack(pack, standard, meter):
    assert rules.usable_on(pack, DAY, {"reference_meter": meter}) == ()
    assert rules.standards_for(pack, DAY, {"reference_meter": meter}) == [standard]


def test_a_role_without_a_device_is_named(pack, standard):
    found = rules.usable_on(pack, DAY, {})
    assert codes(found) == ["device_missing"] and found[0].where == "reference_meter"


def test_a_device_that_belongs_to_no_licensed_standard_is_refused(people, pack, standard):
    stray = register_meter(people, "BZ-002")
    enter_certificate(people, stray)
    assert codes(rules.usable_on(pack, DAY, {"reference_meter": stray})) == ["device_not_in_standard"]


def test_a_device_removed_from_the_standard_counts_until_the_day_before(people, pack, standard, meter):
    services.remove_device(by=people.technical_lead, member=standard.members.get(), since=date(2026, 11, 1), why="更换")
    assert rules.usable_on(pack, date(2026, 10, 31), {"reference_meter": meter}) == ()
    assert codes(rules.usable_on(pack, DAY, {"reference_meter": meter})) == ["device_not_in_standard"]


def test_without_any_standard_for_the_procedure_nothing_may_be_verified(people, pack, meter):
    assert MeasurementStandard.objects.count() == 0
    assert codes(rules.usable_on(pack, DAY, {"reference_meter": meter})) == ["no_standard_for_procedure"]


def test_an_expired_licence_of_the_standard_stops_the_pack_too(pack, standard, meter):
    found = codes(rules.usable_on(pack, date(2030, 1, 1), {"reference_meter": meter}))
    assert found == [
        "device_certificate_expired",
        "standard_examination_licence_expired",
        "standard_public_licence_expired",
    ]


def test_a_device_shared_with_a_withdrawn_standard_is_usable_through_the_other(people, pack, standard, meter):
    older = services.register_standard(
        by=people.technical_lead,
        since=date(2020, 1, 1),
        state="withdrawn",
        name="旧装置",
        code="0",
        procedure_codes=["JJG 1148"],
    )
    services.add_device(by=people.technical_lead, standard=older, device=meter, part="master", since=date(2020, 1, 1))
    assert rules.usable_on(pack, DAY, {"reference_meter": meter}) == ()
    assert rules.standards_for(pack, DAY, {"reference_meter": meter}) == [standard]


def test_a_device_less_accurate_than_required_is_refused(people, pack, standard):
    coarse = register_meter(people, "BZ-003", accuracy="0.2级", accuracy_class="")
    enter_certificate(people, coarse)
    services.add_device(
        by=people.technical_lead, standard=standard, device=coarse, part="auxiliary", since=date(2025, 1, 1)
    )
    assert codes(rules.usable_on(pack, DAY, {"reference_meter": coarse})) == ["device_accuracy"]


def test_an_accuracy_that_cannot_be_compared_is_a_caution_and_not_a_refusal(people, pack, standard):
    odd = register_meter(people, "BZ-004", accuracy="见证书", accuracy_class="")
    enter_certificate(people, odd)
    services.add_device(by=people.technical_lead, standard=standard, device=odd, part="master", since=date(2025, 1, 1))
    assert rules.usable_on(pack, DAY, {"reference_meter": odd}) == ()
    assert "accuracy_not_compared" in codes(rules.cautions_on(pack, DAY, {"reference_meter": odd}))


def test_a_device_not_entered_for_the_role_is_refused(people, pack, standard, meter):
    services.change_device(by=people.technical_lead, device=meter, roles=["thermometer_nozzle"])
    assert codes(rules.usable_on(pack, DAY, {"reference_meter": meter})) == ["device_not_for_role"]


def test_a_range_too_small_is_refused_where_both_sides_state_numbers(people, pack, standard, meter):
    from dataclasses import replace

    required = replace(pack.required_devices[0], quantity="current", unit="A", lower="0", upper="63")
    small = replace(pack, required_devices=(required,))
    services.change_device(
        by=people.technical_lead,
        device=meter,
        range_lower="0",
        range_upper="32",
        range_unit="A",
        measuring_range="0～32 A",
    )
    assert codes(rules.usable_on(small, DAY, {"reference_meter": meter})) == ["device_range"]


def test_a_standard_with_fewer_than_two_people_is_a_caution(people, pack, standard, meter):
    services.name_person(
        by=people.technical_lead, standard=standard, user=people.technician, duty="operator", since=date(2025, 1, 1)
    )
    assert codes(rules.cautions_on(pack, DAY, {"reference_meter": meter})) == ["standard_too_few_people"]
    services.name_person(
        by=people.technical_lead, standard=standard, user=people.checker, duty="operator", since=date(2025, 1, 1)
    )
    assert rules.cautions_on(pack, DAY, {"reference_meter": meter}) == ()


def test_usable_devices_are_offered_first_and_the_others_say_why_not(people, pack, standard, meter):
    register_meter(people, "BZ-000")
    offers = rules.devices_for("reference_meter", DAY, pack=pack)
    assert [(one.device.asset_number, one.usable) for one in offers] == [("BZ-001", True), ("BZ-000", False)]
    assert codes(offers[1].reasons) == ["device_no_certificate", "device_not_in_standard"]


@pytest.mark.parametrize(
    ("deed", "code"),
    [
        (
            lambda people, standard: services.set_standard_state(
                by=people.technical_lead, standard=standard, state="suspended", since=date(2026, 1, 1), why="搬迁"
            ),
            "standard_not_in_use",
        ),
        (
            lambda people, standard: services.enter_licence(
                by=people.technical_lead,
                standard=standard,
                kind="public",
                number="short",
                issued_on=date(2025, 6, 1),
                valid_until=date(2026, 6, 1),
            ),
            "standard_public_licence_expired",
        ),
    ],
)
def test_a_device_of_a_standard_that_must_not_be_used_is_offered_as_unusable(people, pack, standard, meter, deed, code):
    deed(people, standard)
    (offer,) = rules.devices_for("reference_meter", DAY, pack=pack)
    assert not offer.usable and codes(offer.reasons) == [code]


def test_one_usable_standard_is_enough_for_a_device_of_two(people, pack, standard, meter):
    second = services.register_standard(
        by=people.technical_lead, since=date(2025, 1, 1), name="另一标准", code="X-2", procedure_codes=["JJG 1148"]
    )
    services.add_device(by=people.technical_lead, standard=second, device=meter, part="master", since=date(2025, 1, 1))
    (offer,) = rules.devices_for("reference_meter", DAY, pack=pack)
    assert offer.usable


def test_every_reason_speaks_both_languages_and_says_what_to_do(pack, standard, meter):
    for one in rules.usable_on(pack, date(2031, 1, 1), {"reference_meter": meter}):
        assert one.text.zh and one.text.en and one.action and one.action.zh and one.action.en


def test_the_answer_takes_as_many_queries_for_ten_devices_as_for_one(people, pack, standard, django_assert_num_queries):
    for number in range(10):
        register_meter(people, f"BZ-1{number}")
    with django_assert_num_queries(9):
        rules.devices_for("reference_meter", DAY, pack=pack)

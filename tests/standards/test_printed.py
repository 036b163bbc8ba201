"""The declarations, the life book and the device's record; and a device that is away or damaged does not measure."""

from datetime import date

import pytest

from lims.core import clock
from lims.core.text import Refused
from standards import rules, services
from standards.models import DeviceNote
from standards.selectors.devices import standings
from tests.standards.laboratory import enter_certificate

DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def day(monkeypatch):
    monkeypatch.setattr(clock, "today", lambda: DAY)


def note(people, device, kind, on, by="technician"):
    return services.note_device(by=getattr(people, by), device=device, kind=kind, on=on, text=f"（{kind}）")


def refused(device, day=DAY) -> list[str]:
    return [one.code for one in rules.device_usable_on(device, day)]


def test_a_lent_device_is_not_used_until_it_is_back_and_checked(people, meter):
    note(people, meter, "lent", date(2026, 11, 2))
    assert refused(meter) == ["device_lent"]
    assert refused(meter, date(2026, 11, 1)) == [], "the day before it was still here"
    note(people, meter, "returned", date(2026, 11, 9))
    assert refused(meter) == ["device_not_checked"]
    with pytest.raises(Refused) as caught:
        note(people, meter, "checked", date(2026, 11, 10))
    assert caught.value.reasons[0].code == "role_missing", "that it is fit again is a decision"
    note(people, meter, "checked", date(2026, 11, 10), by="technical_lead")
    assert refused(meter) == [] and refused(meter, date(2026, 11, 9)) == ["device_not_checked"]


@pytest.mark.parametrize("kind", ["damage", "repair"])
def test_a_damaged_device_is_used_again_after_a_new_certificate(people, meter, kind):
    note(people, meter, kind, date(2026, 11, 2))
    assert refused(meter) == ["device_not_checked"]
    enter_certificate(people, meter, number="DC-9", calibrated_on=date(2026, 11, 12), valid_until=date(2027, 11, 11))
    assert refused(meter) == []


@pytest.mark.parametrize("kind", ["maintenance", "modification", "moved"])
def test_other_entries_of_the_record_do_not_stop_a_device(people, meter, kind):
    note(people, meter, kind, date(2026, 11, 2))
    assert refused(meter) == []


def test_the_standings_of_many_devices_take_two_queries_and_one_more_for_all_notes(
    people, meter, django_assert_num_queries
):
    with django_assert_num_queries(2):
        assert standings([meter, meter], DAY)[0].note is None
    note(people, meter, "lent", DAY)
    with django_assert_num_queries(3):
        assert standings([meter, meter], DAY)[0].note.kind == "lent"


def test_the_declaration_of_a_changed_device_names_what_must_go_with_it(people, standard, ask):
    change = services.open_change(
        by=people.technician, standard=standard, kind="device", what="更换标准表", on=date(2026, 10, 1)
    )
    parameter = services.add_parameter(
        by=people.technical_lead, standard=standard, name="电能误差", unit="%", use="nominal", limit="0.05"
    )
    steps = {step.code: step for step in rules.for_change(change, DAY)}
    assert {code: [one.code for one in step.missing] for code, step in steps.items()} == {
        "certificates": [], "repeatability": ["repeatability_missing"], "stability": ["stability_missing"],
    }  # fmt: skip
    for on in (date(2026, 9, 30), date(2026, 10, 8)):  # the day before the change shows nothing of it
        services.enter_test(
            by=people.technician, parameter=parameter, kind="repeatability", on=on, readings=["1", "2"], object="HC"
        )
        missing = {step.code for step in rules.for_change(change, DAY) if step.missing}
        assert ("repeatability" in missing) == (on < change.on)
    page = ask("quality_manager", "change_form", change.pk).content.decode()
    for word in ("更换标准表", "[2025]示量标区证字第001号", standard.code, "2026-10-08", "stability_missing"):
        assert word in page, word


@pytest.mark.parametrize(
    ("kind", "codes"), [("method", {"method_missing"}), ("people", {"competent_people_missing", "responsible_missing"}), ("environment", {"environment_missing"})]
)  # fmt: skip
def test_each_kind_of_change_has_its_own_attachments(people, standard, kind, codes):
    change = services.open_change(by=people.technician, standard=standard, kind=kind, what="变更", on=DAY)
    assert {one.code for step in rules.for_change(change, DAY) for one in step.missing} == codes


def test_sealing_and_withdrawal_are_dated_told_and_declared(people, standard, ask):
    lead = people.technical_lead
    assert ask("auditor", "state_form", standard.states.get().pk).status_code == 404, "nothing to declare while in use"
    row = services.set_standard_state(by=lead, standard=standard, state="suspended", since=DAY, why="设备送修")
    page = ask("auditor", "state_form", row.pk).content.decode()
    for word in ("封存", "设备送修", "2026-11-20", "[2025]示量标区证字第001号", "[2025]示社量标区证字第001号"):
        assert word in page, word
    assert [one.code for one in rules.standard_usable_on(standard, DAY)] == ["standard_not_in_use"]


def test_the_life_book_holds_every_register(people, standard, ask):
    meter = standard.members.get().device
    lead = people.technical_lead
    note(people, meter, "repair", date(2026, 6, 1))
    services.name_person(by=lead, standard=standard, user=lead, duty="responsible", since=date(2025, 1, 1))
    services.name_person(by=lead, standard=standard, user=people.checker, duty="operator", since=date(2025, 1, 1))
    services.open_change(by=people.technician, standard=standard, kind="method", what="改用新版规程", on=DAY)
    services.open_examination(by=lead, standard=standard, kind="reexamination", on=DAY)
    page = ask("technician", "life_book", standard.code).content.decode()
    for word in (
        meter.serial, "DC-BZ-001-1", "（repair）", "改用新版规程", "计量标准复查考核", "[2025]示社量标区证字第001号",
        "technical_lead", "checker", "登记了计量标准",
    ):  # fmt: skip
        assert word in page, word


def test_the_record_of_a_device_has_every_letter(people, meter, ask):
    for kind in DeviceNote.Kind.values:
        note(people, meter, kind, date(2026, 6, 1), by="technical_lead")
    page = ask("auditor", "device_record", meter.asset_number).content.decode()
    for letter in "abcdefgh":
        assert f'id="{letter}"' in page, letter
    for word in (meter.serial, "DC-BZ-001-1", *(f"（{kind}）" for kind in DeviceNote.Kind.values)):
        assert word in page, word


@pytest.mark.parametrize("who", ["customer", "outsider", None])
def test_strangers_see_none_of_it(people, standard, meter, ask, who):
    change = services.open_change(by=people.technician, standard=standard, kind="people", what="变更", on=DAY)
    row = services.set_standard_state(
        by=people.technical_lead, standard=standard, state="suspended", since=DAY, why="封存"
    )
    status = 404 if who else 302
    for name, key in (
        ("change_form", change.pk), ("state_form", row.pk), ("life_book", standard.code), ("device_record", "BZ-001"),
    ):  # fmt: skip
        assert ask(who, name, key).status_code == status, name

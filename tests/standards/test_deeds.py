"""Who may change standards, devices and procedures; what is fixed once confirmed or approved; what an event keeps."""

import json
from datetime import date

import pytest
from django.db import DatabaseError, connection, transaction

from lims.audit.models import Event
from lims.core.text import Refused
from standards import services
from standards.models import CertifiedValue, ConfirmedValue, DeviceCertificate, ProcedureVersion
from standards.selectors import constants_for, snapshot
from standards.selectors import procedures as selectors
from standards.services.procedures import PACKS
from tests.standards.laboratory import DAY, enter_certificate, register_meter

TEXT = (PACKS / "jjg-1148-2022.toml").read_text(encoding="utf-8")


def codes(refused) -> list[str]:
    return [one.code for one in refused.value.reasons]


def refused_by_the_database(statement: str, *params: object) -> None:
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


def test_a_confirmed_certificate_and_its_values_cannot_be_changed_even_by_raw_sql(people):
    device = register_meter(people)
    certificate = enter_certificate(people, device, values=[{"name": "correction", "value": "0.010", "unit": "%"}])
    value = certificate.values.get()
    refused_by_the_database(
        "UPDATE standards_devicecertificate SET valid_until = '2099-01-01' WHERE id = %s", certificate.pk
    )
    refused_by_the_database("UPDATE standards_certifiedvalue SET value = '9' WHERE id = %s", value.pk)
    refused_by_the_database("DELETE FROM standards_certifiedvalue WHERE id = %s", value.pk)
    assert CertifiedValue.objects.get().value == "0.010"


def test_the_person_who_entered_a_certificate_cannot_confirm_it_by_rule_and_by_database(people):
    device = register_meter(people)
    certificate = services.enter_certificate(
        by=people.technician,
        device=device,
        number="1",
        kind="calibration",
        issuer="x",
        outcome="none",
        calibrated_on=DAY,
    )
    with pytest.raises(Refused) as refused:
        services.confirm_certificate(by=people.technician, certificate=certificate)
    assert codes(refused) == ["confirmer_entered_it"]
    with pytest.raises(DatabaseError), transaction.atomic():
        DeviceCertificate.objects.filter(pk=certificate.pk).update(confirmed_by=people.technician)


@pytest.mark.parametrize("digits", ["1,5", "abc", "NaN", "Infinity", "", "1_000"])
def test_certified_values_are_decimal_digits(people, digits):
    device = register_meter(people)
    with pytest.raises(Refused):
        services.enter_certificate(
            by=people.technician,
            device=device,
            values=[{"name": "V0", "value": digits}],
            number="1",
            kind="calibration",
            issuer="x",
            outcome="none",
            calibrated_on=DAY,
        )
    assert DeviceCertificate.objects.count() == 0


@pytest.mark.parametrize("role", ["receptionist", "checker", "approver", "auditor", "customer", "administrator"])
def test_others_may_not_change_standards_devices_or_procedures(people, standard, meter, role):
    by = getattr(people, role)
    version = services.load_procedure(by=people.technical_lead, text=TEXT)
    for deed in (
        lambda: register_meter(people.__class__(technical_lead=by), "X-1"),
        lambda: services.set_device_state(by=by, device=meter, state="suspended", since=DAY, why="x"),
        lambda: services.set_standard_state(by=by, standard=standard, state="suspended", since=DAY, why="x"),
        lambda: services.withdraw_certificate(by=by, certificate=meter.certificates.get(), why="x"),
        lambda: services.load_procedure(by=by, text=TEXT),
        lambda: services.approve_procedure(by=by, version=version),
        lambda: services.retire_procedure(by=by, version=version, why="x"),
        lambda: services.confirm_value(by=by, version=version, path="x", source="x", why="x"),
        lambda: services.name_person(by=by, standard=standard, user=by, duty="operator", since=DAY),
    ):
        before = Event.objects.count()
        with pytest.raises(Refused) as refused:
            deed()
        assert "role_missing" in codes(refused) and Event.objects.count() == before


def test_a_technician_may_stop_a_doubtful_device_but_not_return_it_to_use(people, meter):
    services.set_device_state(by=people.technician, device=meter, state="suspended", since=DAY, why="读数跳动")
    with pytest.raises(Refused) as refused:
        services.set_device_state(by=people.technician, device=meter, state="in_use", since=DAY, why="好了")
    assert codes(refused) == ["role_missing"]


def test_a_state_without_a_reason_is_refused(people, meter):
    with pytest.raises(Refused) as refused:
        services.set_device_state(by=people.technical_lead, device=meter, state="suspended", since=DAY, why="  ")
    assert codes(refused) == ["reason_missing"]


def test_each_deed_writes_one_event_with_its_states(people, meter):
    services.set_device_state(by=people.technician, device=meter, state="suspended", since=DAY, why="读数跳动")
    event = Event.objects.latest("pk")
    assert (event.verb, event.from_state, event.to_state) == ("device.state_changed", "in_use", "suspended")
    assert json.loads(event.payload) == {"since": "2026-11-20", "reason": "读数跳动"}


def test_loading_the_same_pack_twice_gives_one_version(people):
    first = services.sync_packs()
    assert len(first) == len(list(PACKS.glob("*.toml"))) == ProcedureVersion.objects.count()
    assert [one.pk for one in services.sync_packs()] == [one.pk for one in first]
    assert Event.objects.filter(verb="procedure.loaded").count() == len(first)


@pytest.mark.parametrize(("line", "path"), [("code = 1148", "code"), ('code = "JJG 1148"\nodd = "x"', "odd")])
def test_a_broken_pack_file_is_refused_with_the_path_of_the_fault(people, line, path):
    with pytest.raises(Refused) as refused:
        services.load_procedure(by=people.technical_lead, text=TEXT.replace('code = "JJG 1148"', line, 1))
    assert path in {one.where for one in refused.value.reasons} and ProcedureVersion.objects.count() == 0


def test_a_version_whose_worked_example_fails_cannot_be_approved(people):
    pack = services.load_procedure(by=people.technical_lead, text=_with_wrong_example(TEXT))
    with pytest.raises(Refused) as refused:
        services.approve_procedure(by=people.technical_lead, version=pack)
    assert set(codes(refused)) == {"pack_faulty"} and refused.value.reasons[0].where.startswith("examples[")
    pack.refresh_from_db()
    assert pack.state == "draft"


def _with_wrong_example(text: str) -> str:
    """The pack with the conclusion of its first worked example turned round."""
    head, mark, tail = text.partition("[[examples]]")
    for good, bad in (('conclusion = "pass"', 'conclusion = "fail"'), ('conclusion = "fail"', 'conclusion = "pass"')):
        if good in tail:
            return head + mark + tail.replace(good, bad, 1)
    raise AssertionError("the pack's examples state no conclusion")


def test_an_approved_version_is_fixed_and_a_newer_one_of_the_same_edition_retires_it(people):
    version = services.load_procedure(by=people.technical_lead, text=TEXT)
    services.approve_procedure(by=people.technical_lead, version=version)
    refused_by_the_database("UPDATE standards_procedureversion SET source = 'x' WHERE id = %s", version.pk)
    refused_by_the_database("DELETE FROM standards_procedureversion WHERE id = %s", version.pk)
    newer = services.load_procedure(by=people.technical_lead, text=TEXT.replace("（试行）", "（试行版）", 1))
    services.approve_procedure(by=people.technical_lead, version=newer)
    version.refresh_from_db()
    assert (version.state, newer.state) == ("retired", "approved")
    assert selectors.pack_of(version).sha256 == version.sha256
    assert selectors.in_force(DAY, code="JJG 1148") == [newer]


def test_in_force_answers_by_code_by_category_and_by_day(people):
    version = services.load_procedure(by=people.technical_lead, text=TEXT)
    assert selectors.in_force(DAY, code="JJG 1148") == []
    services.approve_procedure(by=people.technical_lead, version=version)
    assert selectors.in_force(DAY, category="charging_pile_ac") == [version]
    assert selectors.in_force(DAY, category="fuel_dispenser") == []
    assert selectors.in_force(version.in_force_from, code="JJG 1148") == [version]
    assert selectors.in_force(date(2020, 1, 1), code="JJG 1148") == []


def test_only_known_values_that_exist_are_confirmed_once(people):
    version = services.load_procedure(by=people.technical_lead, text=TEXT)
    open_values = selectors.unconfirmed(version)
    known = next(one for one in open_values if one.value != "unknown")
    confirm = {"by": people.technical_lead, "version": version, "source": "表 1", "why": "一致"}
    services.confirm_value(path=known.path, **confirm)
    assert len(selectors.unconfirmed(version)) == len(open_values) - 1
    assert selectors.still_unconfirmed(version, [{"path": known.path}, {"path": "other"}]) == [{"path": "other"}]
    for path, code in ((known.path, "value_already_confirmed"), ("items[99].x", "no_such_value")):
        with pytest.raises(Refused) as refused:
            services.confirm_value(path=path, **confirm)
        assert codes(refused) == [code]
    for missing in ({"source": " "}, {"why": ""}):
        with pytest.raises(Refused):
            services.confirm_value(**(confirm | {"path": open_values[-1].path} | missing))
    refused_by_the_database(
        "UPDATE standards_confirmedvalue SET value = 'x' WHERE id = %s", ConfirmedValue.objects.get().pk
    )


def test_a_value_the_pack_leaves_open_cannot_be_confirmed(people):
    for version in services.sync_packs():
        for claimed in selectors.pack_of(version).claims():
            if claimed.value == "unknown":
                with pytest.raises(Refused) as refused:
                    services.confirm_value(
                        by=people.technical_lead, version=version, path=claimed.path, source="表", why="x"
                    )
                assert codes(refused) == ["value_unknown"]
                return
    pytest.fail("no shipped pack has an open value")


def test_a_snapshot_holds_the_facts_of_the_day_as_a_certificate_prints_them(people, standard, meter):
    enter_certificate(
        people,
        meter,
        number="DC-NEW",
        calibrated_on=date(2026, 10, 1),
        values=[{"name": "correction", "value": "-0.010", "unit": "%", "expanded_uncertainty": "0.020", "k": "2"}],
    )
    before, after = snapshot(meter, date(2026, 9, 30)), snapshot(meter, DAY)
    assert (before["certificate_number"], after["certificate_number"]) == ("DC-BZ-001-1", "DC-NEW")
    assert after["name"] == {"zh": "交流充电桩检定装置", "en": "AC charging pile verification device"}
    assert (after["valid_until"], after["values"][0]["value"], after["values"][0]["U"]) == (
        "2027-03-01",
        "-0.010",
        "0.020",
    )
    printed = snapshot(standard, DAY)
    assert printed["certificate_number"] == "[2025]示社量标区证字第001号" and printed["valid_until"] == "2029-12-31"
    assert snapshot(meter, date(2024, 1, 1))["certificate_number"] == ""


def test_constants_of_a_pack_come_from_the_certificate_of_the_day(people):
    from standards.procedures import load_pack

    pack = load_pack((PACKS / "jjg-443-2023.toml").read_text(encoding="utf-8"))
    tank = register_meter(
        people, "LQ-1", name="标准金属量器", roles=["standard_tank"], accuracy="三等", accuracy_class=""
    )
    digits = {"V0": "50.002", "h0": "100.0", "d": "79.9", "beta_B": "0.000050"}
    enter_certificate(people, tank, values=[{"name": name, "value": value} for name, value in digits.items()])
    found = constants_for(pack, DAY, {"standard_tank": tank})
    assert found and found == {name: digits[name] for name in found}
    assert constants_for(pack, date(2026, 1, 1), {"standard_tank": tank}) == {}
    assert constants_for(pack, DAY, {}) == {}

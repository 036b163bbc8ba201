"""Every page of standards, devices and procedures, asked by each role, by customers and by nobody."""

import pytest
from django.urls import reverse

from lims.audit.models import Event
from standards import services
from standards.models import Device, DeviceCertificate, ProcedureVersion
from standards.services.procedures import PACKS
from tests.standards.conftest import ROLES
from tests.standards.laboratory import comparison, enter_certificate, register_meter

READERS = [role for role in ROLES if role != "customer"]


@pytest.fixture
def version(people) -> ProcedureVersion:
    text = (PACKS / "jjg-1148-2022.toml").read_text(encoding="utf-8")
    return services.load_procedure(by=people.technical_lead, text=text)


@pytest.fixture
def look(client, people):
    """Asks for a page as a named person; None is nobody signed in."""

    def ask(who: str | None, name: str, *args: object, post: dict | None = None, query: str = ""):
        client.logout()
        if who:
            client.force_login(getattr(people, who))
        url = reverse(f"standards:{name}", args=args) + query
        return client.get(url) if post is None else client.post(url, post)

    return ask


def pages(standard, meter, version) -> list[tuple]:
    return [
        ("list",),
        ("standard", standard.code),
        ("device_list",),
        ("device", meter.asset_number),
        ("procedure_list",),
        ("procedure", version.sha256[:16]),
    ]


def test_the_institutes_people_and_auditors_read_every_page(look, standard, meter, version):
    for page in pages(standard, meter, version):
        for who in READERS:
            assert look(who, *page).status_code == 200, (page, who)


def test_customers_find_nothing_and_the_unknown_are_sent_to_the_login(look, standard, meter, version):
    for page in pages(standard, meter, version):
        assert look(None, *page).status_code == 302, page
        for who in ("customer", "outsider"):
            answer = look(who, *page)
            text = answer.content.decode()
            assert answer.status_code == (404 if len(page) > 1 else 200), (page, who)
            assert meter.serial not in text and standard.name not in text and version.title not in text


def test_the_lists_take_as_many_queries_for_ten_devices_as_for_one(
    client, people, standard, meter, django_assert_max_num_queries
):
    client.force_login(people.technician)
    for number in range(10):
        device = register_meter(people, f"BZ-2{number}")
        services.add_device(
            by=people.technical_lead,
            standard=standard,
            device=device,
            part="auxiliary",
            since=device.states.get().since,
        )
    for name, args in (("device_list", []), ("list", []), ("standard", [standard.code])):
        with django_assert_max_num_queries(19):
            client.get(reverse(f"standards:{name}", args=args))


def test_a_device_that_must_not_be_used_says_why_on_its_page_and_in_the_list(look, people, meter):
    services.set_device_state(
        by=people.technician, device=meter, state="suspended", since=meter.states.get().since, why="跌落"
    )
    for page in (("device", meter.asset_number), ("device_list",)):
        text = look("technician", *page).content.decode()
        assert "今日不可用" in text and "跌落" in text


def test_devices_are_found_by_word_and_by_role(look, people, meter):
    register_meter(people, "WD-1", name="测温装置", roles=["thermometer_tank"], serial="T-1")
    for query, expected in (("?q=测温", {"T-1"}), ("?role=reference_meter", {meter.serial}), ("?q=nothing", set())):
        text = look("technician", "device_list", query=query).content.decode()
        assert {serial for serial in ("T-1", meter.serial) if serial in text} == expected


def test_the_page_of_a_device_takes_as_many_queries_for_ten_certificates_as_for_one(
    client, people, meter, django_assert_max_num_queries
):
    for number in range(9):
        enter_certificate(people, meter, number=f"DC-{number}")
    client.force_login(people.technical_lead)
    with django_assert_max_num_queries(15):
        client.get(reverse("standards:device", args=[meter.asset_number]))


WRITERS = {
    "device_new": ({"technical_lead", "quality_manager"}, False),
    "device_edit": ({"technical_lead", "quality_manager"}, True),
    "device_state": ({"technician", "technical_lead", "quality_manager"}, True),
    "certificate_new": ({"technician", "technical_lead", "quality_manager"}, True),
}


@pytest.mark.parametrize("name", WRITERS)
def test_only_the_named_roles_reach_the_forms(look, meter, name):
    allowed, with_number = WRITERS[name]
    for who in [*READERS, "outsider", "customer"]:
        answer = look(who, name, *([meter.asset_number] if with_number else []))
        assert answer.status_code == (200 if who in allowed else 422), who


def test_a_certificate_is_entered_by_one_person_and_confirmed_by_another(look, people, meter):
    post = {
        "number": "DC-77",
        "kind": "calibration",
        "issuer": "示范院",
        "calibrated_on": "2026-10-01",
        "use_until": "2027-09-30",
        "outcome": "none",
        "value-TOTAL_FORMS": "2",
        "value-INITIAL_FORMS": "0",
        "value-0-name": "correction",
        "value-0-value": "-0.010",
        "value-0-unit": "%",
        "value-0-expanded_uncertainty": "0.020",
        "value-0-k": "2",
    }
    assert look("technician", "certificate_new", meter.asset_number, post=post).status_code == 302
    entered = DeviceCertificate.objects.get(number="DC-77")
    assert entered.values.get().value == "-0.010"
    refused = look("technician", "certificate_confirm", entered.pk, post={})
    assert refused.status_code == 422 and "录入人不能自己确认" in refused.content.decode()
    assert look("quality_manager", "certificate_confirm", entered.pk, post=comparison(entered)).status_code == 302
    entered.refresh_from_db()
    assert (entered.state, entered.confirmed_by) == ("confirmed", people.quality_manager)


def test_a_number_that_is_none_is_refused_in_the_form(look, meter):
    post = {"number": "DC-78", "value-TOTAL_FORMS": "1", "value-INITIAL_FORMS": "0", "value-0-name": "x"}
    answer = look("technician", "certificate_new", meter.asset_number, post=post | {"value-0-value": "1,5"})
    assert answer.status_code == 200 and "不是十进制数" in answer.content.decode()


def test_editing_a_device_writes_old_and_new_into_the_event(look, people, meter):
    post = {name: getattr(meter, name) for name in ("name", "model", "serial", "manufacturer", "accuracy")}
    post |= {"roles": "reference_meter, voltmeter", "quantities": "energy", "location": "201 室"}
    assert look("technical_lead", "device_edit", meter.asset_number, post=post).status_code == 302
    stored = Device.objects.get(pk=meter.pk)
    assert stored.roles == ["reference_meter", "voltmeter"] and stored.location == "201 室"
    assert '"location":["","201 室"]' in Event.objects.latest("pk").payload


def test_the_pack_page_shows_source_and_standing_of_every_value_and_the_examples(look, people, version):
    from standards.selectors.procedures import pack_of

    text = look("checker", "procedure", version.sha256[:16]).content.decode()
    assert text.count("data-standing=") == len(pack_of(version).claims())
    assert text.count("data-example=") == len(pack_of(version).examples) > 0
    assert "未确认" in text and "算得一致" in text


def test_the_approve_button_is_grey_with_the_reason_for_everybody_but_the_technical_lead(look, version):
    assert "disabled" in look("checker", "procedure", version.sha256[:16]).content.decode()
    assert "disabled" not in look("technical_lead", "procedure", version.sha256[:16]).content.decode()
    assert look("checker", "procedure_approve", version.sha256[:16], post={}).status_code == 422
    assert look("technical_lead", "procedure_approve", version.sha256[:16], post={}).status_code == 302
    version.refresh_from_db()
    assert version.state == "approved"


def test_the_technical_lead_confirms_a_value_on_its_page(look, people, version):
    from standards.selectors.procedures import unconfirmed

    path = unconfirmed(version)[0].path
    post = {"path": path, "source": "JJG 1148-2022 表 1", "why": "一致"}
    assert look("technician", "procedure_confirm", version.sha256[:16], post=post).status_code == 422
    assert look("technical_lead", "procedure_confirm", version.sha256[:16], post=post).status_code == 302
    assert path not in {one.path for one in unconfirmed(version)}
    assert look("technical_lead", "procedure_confirm", version.sha256[:16], query="?path=nowhere").status_code == 404


def test_a_standards_state_is_changed_by_the_technical_lead_alone(look, standard):
    post = {"state": "suspended", "since": "2026-11-01", "why": "搬迁"}
    assert look("technician", "standard_state", standard.code, post=post).status_code == 422
    assert look("technical_lead", "standard_state", standard.code, post=post).status_code == 302
    assert standard.states.count() == 2

"""Every page of the ledger, asked by the owner, a colleague, a stranger, anonymous and each role of the institute."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from instruments.models import Instrument, Seal
from instruments.services import ledger
from tests.ledger.conftest import ROLES, register_pile
from tests.ledger.files import GOOD, sheet, table

KEEPERS = {"receptionist", "technician"}


@pytest.fixture
def look(client, house):
    """Asks for a page as a named person; None is nobody signed in."""

    def ask(who: str | None, name: str, *args: object, post: dict | None = None, query: str = ""):
        client.logout()
        if who:
            client.force_login(getattr(house, who))
        url = reverse(f"instruments:{name}", args=args) + query
        return client.get(url) if post is None else client.post(url, post)

    return ask


@pytest.mark.parametrize("name", ["ledger", "instrument", "ledger_export", "ledger_import", "instrument_new"])
def test_without_signing_in_every_page_leads_to_the_login(look, pile, name):
    args = [pile.ledger_number] if name == "instrument" else []
    answer = look(None, name, *args)
    assert answer.status_code == 302 and "login" in answer["Location"]


def test_staff_auditors_and_the_owners_people_see_the_instrument(look, pile):
    for who in [*ROLES, "owner", "colleague"]:
        assert pile.serial in look(who, "ledger").content.decode(), who
        page = look(who, "instrument", pile.ledger_number)
        assert page.status_code == 200 and pile.serial in page.content.decode(), who


@pytest.mark.parametrize("who", ["stranger", "nobody"])
def test_a_stranger_learns_nothing_of_an_instrument_that_is_not_his(look, pile, who):
    assert pile.serial not in look(who, "ledger").content.decode()
    assert look(who, "instrument", pile.ledger_number).status_code == 404
    assert look(who, "instrument", "Q9999999").status_code == 404
    assert len(table(look(who, "ledger_export").content)) == 1


def test_customers_do_not_see_who_in_the_institute_did_what(look, pile):
    assert "receptionist" not in look("owner", "instrument", pile.ledger_number).content.decode()
    assert "receptionist" in look("technician", "instrument", pile.ledger_number).content.decode()


@pytest.mark.parametrize(
    ("name", "with_number"),
    [
        ("instrument_new", False),
        ("site_new", False),
        ("ledger_import", False),
        ("ledger_template", False),
        ("instrument_edit", True),
        ("instrument_state", True),
    ],
)
def test_only_reception_and_technicians_reach_what_changes_the_ledger(look, pile, name, with_number):
    for who in [*ROLES, "owner", "colleague", "stranger"]:
        answer = look(who, name, *([pile.ledger_number] if with_number else []))
        assert answer.status_code == (200 if who in KEEPERS else 422), who


@pytest.mark.parametrize("who", ["owner", "stranger", "auditor", "checker"])
def test_a_post_by_others_changes_nothing(look, pile, who):
    answer = look(who, "instrument_state", pile.ledger_number, post={"state": "scrapped", "why": "x", "version": 1})
    assert answer.status_code == 422
    assert Instrument.objects.get().state == "in_use"


def test_the_list_takes_the_same_number_of_queries_for_one_row_and_for_forty(
    client, house, pile, django_assert_max_num_queries
):
    client.force_login(house.technician)
    for number in range(40):
        register_pile(house, f"CP-1{number:03d}")
    with django_assert_max_num_queries(8):  # session, person, roles, two filter lists, rows, count
        client.get(reverse("instruments:ledger"))


def test_the_page_of_an_instrument_takes_a_fixed_number_of_queries(client, house, pile, django_assert_max_num_queries):
    client.force_login(house.technician)
    for label in ("1号枪", "2号枪", "3号枪"):
        unit = ledger.add_sub_unit(by=house.technician, instrument=pile, kind="connector", label=label)
        ledger.apply_seal(
            by=house.technician,
            instrument=pile,
            position="meter",
            code=f"F-{label}",
            on=pile.entered_at.date(),
            sub_unit=unit,
        )
    # Session, person, organisation, roles, instrument and its three lists, packs in force, records, tasks, events.
    with django_assert_max_num_queries(12):
        client.get(reverse("instruments:instrument", args=[pile.ledger_number]))


@pytest.mark.parametrize("query", ["CP-0001", "0001", "示范路", "充电桩", "7kW", "F-778"])
def test_search_finds_by_serial_ending_place_chinese_pairs_model_and_seal(look, house, pile, query):
    ledger.apply_seal(by=house.technician, instrument=pile, position="meter", code="F-778", on=pile.entered_at.date())
    register_pile(house, "ZZ-9", name="别的", model="M", manufacturer="别厂")
    page = look("technician", "ledger", query=f"?q={query}").content.decode()
    assert pile.ledger_number in page and "ZZ-9" not in page


def test_filters_narrow_the_list_and_a_wrong_value_narrows_nothing(look, house, pile):
    register_pile(house, "ST-1", organisation=house.beta, category="fuel_dispenser", due_on="2026-01-01")
    for query, expected in (
        ("?category=fuel_dispenser", {"ST-1"}),
        (f"?organisation={house.alpha.pk}", {"CP-0001"}),
        (f"?site={pile.site_id}", {"CP-0001"}),
        ("?due_before=2026-06-01", {"ST-1"}),
        ("?state=scrapped", set()),
        ("?category=nonsense&site=x&due_before=never", {"CP-0001", "ST-1"}),
    ):
        page = look("technician", "ledger", query=query).content.decode()
        assert {serial for serial in ("CP-0001", "ST-1") if f">{serial}<" in page} == expected, query


def test_the_category_is_said_once_where_the_name_says_it_already(look, house):
    register_pile(house, "FD-1", category="fuel_dispenser", name="燃油加油机", name_en="Fuel dispenser")
    rows = look("technician", "ledger").content.decode()
    rows = rows[rows.index("<tbody data-rows>") : rows.index("</tbody>")]
    assert rows.count("燃油加油机") == 1
    register_pile(house, "CP-7")
    rows = look("technician", "ledger").content.decode()
    assert "电动汽车交流充电桩" in rows and ">交流充电桩 · 2<" in rows


def test_a_filter_by_another_customers_organisation_shows_a_customer_nothing_of_it(look, house, pile):
    page = look("stranger", "ledger", query=f"?organisation={house.alpha.pk}").content.decode()
    assert pile.serial not in page and house.alpha.name not in page


def test_more_leads_to_the_following_rows_without_repeating_any(look, house, client):
    for number in range(60):
        register_pile(house, f"CP-2{number:03d}")
    first = look("technician", "ledger")
    following = client.get(reverse("instruments:ledger") + first.context["more"])
    seen = [one.pk for one in [*first.context["rows"], *following.context["rows"]]]
    assert len(seen) == len(set(seen)) == 60 and following.context["more"] == ""


def test_reception_enters_an_instrument_on_the_page(look, house):
    post = {
        "organisation": house.alpha.pk,
        "name": "桩",
        "model": "M",
        "manufacturer": "厂",
        "serial": "N-1",
        "version": "1",
    }
    answer = look("receptionist", "instrument_new", post=post, query="?category=charging_pile_ac")
    found = Instrument.objects.get()
    assert answer["Location"] == reverse("instruments:instrument", args=[found.ledger_number])
    again = look("receptionist", "instrument_new", post=post, query="?category=charging_pile_ac")
    assert again.status_code == 200 and Instrument.objects.count() == 1


def test_a_form_overtaken_by_somebody_elses_change_is_refused_kindly(look, house, pile):
    ledger.change_instrument(by=house.technician, instrument=pile, version=1, position="B 区")
    answer = look(
        "receptionist", "instrument_state", pile.ledger_number, post={"state": "stopped", "why": "x", "version": 1}
    )
    assert answer.status_code == 422 and "刚刚被他人修改" in answer.content.decode()
    assert Instrument.objects.get().state == "in_use"


def test_an_edit_keeps_parameters_that_the_form_does_not_ask_for(look, pile, house):
    post = {
        "organisation": house.alpha.pk,
        "name": "新名称",
        "model": pile.model,
        "manufacturer": pile.manufacturer,
        "serial": pile.serial,
        "version": "1",
    }
    assert look("technician", "instrument_edit", pile.ledger_number, post=post).status_code == 302
    found = Instrument.objects.get()
    assert found.name == "新名称" and found.parameters["I_max"] == "32"


def test_sub_units_parts_and_seals_are_added_on_their_pages(look, house, pile):
    number = pile.ledger_number
    assert (
        look(
            "technician", "instrument_add", number, "sub-units", post={"kind": "connector", "label": "A枪"}
        ).status_code
        == 302
    )
    unit = pile.sub_units.get()
    part = {"kind": "meter", "sub_unit": unit.pk, "serial": "DN-1", "on": "2026-11-01"}
    seal = {"position": "meter", "sub_unit": unit.pk, "code": "F-1", "on": "2026-11-01"}
    assert look("technician", "instrument_add", number, "parts", post=part).status_code == 302
    assert look("technician", "instrument_add", number, "seals", post=seal).status_code == 302
    assert (
        look(
            "technician", "instrument_add", number, "seals", post=seal | {"code": "F-2", "on": "2026-11-20"}
        ).status_code
        == 302
    )
    assert [(one.code, one.removed_on is None) for one in Seal.objects.order_by("pk")] == [
        ("F-1", False),
        ("F-2", True),
    ]
    page = look("technician", "instrument", number).content.decode()
    assert all(text in page for text in ("A枪", "DN-1", "F-1", "F-2"))


def test_the_import_page_reports_every_row(look, house):
    data = sheet([GOOD, GOOD | {"serial": "B", "organisation": "没有这家"}])
    page = look("receptionist", "ledger_import", post={"file": SimpleUploadedFile("l.xlsx", data)}).content.decode()
    assert 'data-outcome="created"' in page and 'data-outcome="refused"' in page and "没有这家" in page


def test_the_import_page_says_what_is_wrong_with_a_file_of_another_type(look, house):
    answer = look("receptionist", "ledger_import", post={"file": SimpleUploadedFile("l.xlsx", b"hello")})
    assert answer.status_code == 422 and "不是 XLSX" in answer.content.decode()


def test_nobody_is_told_that_an_instrument_of_another_exists_through_the_export(look, house, pile):
    assert len(table(look("owner", "ledger_export").content)) == 2
    assert len(table(look("stranger", "ledger_export").content)) == 1

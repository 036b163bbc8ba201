"""A ledger file: every row is entered whole or refused with its reasons, and no row stops another."""

import io
import json
from datetime import date, datetime

import pytest
from django.core.management import CommandError, call_command
from openpyxl import Workbook

from instruments.models import Instrument, Site
from instruments.selectors.ledger_export import export, template
from instruments.services.ledger_import import import_ledger
from instruments.spreadsheet import reading
from lims.audit.models import Event
from lims.core.text import DataError, Refused
from tests.ledger.files import GOOD, saved, sheet, table, with_part


def outcomes(report) -> list[str]:
    return [row.outcome for row in report.rows]


def codes(report, index: int = 0) -> list[str]:
    return [one.code for one in report.rows[index].reasons]


def test_a_good_row_becomes_an_instrument_with_its_site_and_one_event_each(house):
    report = import_ledger(by=house.receptionist, data=sheet([GOOD]))
    assert outcomes(report) == ["created"]
    found = Instrument.objects.get()
    assert found.parameters == {"U_nominal": "220", "I_max": "32"}
    assert (found.due_on, found.site.name, found.category) == (date(2027, 5, 1), "示范路充电站", "charging_pile_ac")
    assert list(Event.objects.values_list("verb", flat=True)) == ["site.registered", "instrument.registered"]


def test_english_headings_are_understood(house):
    assert outcomes(import_ledger(by=house.receptionist, data=sheet([GOOD], headers=-1))) == ["created"]


def test_a_bad_row_never_stops_the_others_and_leaves_nothing_behind(house):
    rows = [
        GOOD,
        GOOD | {"serial": "CP-0101", "site": "不应出现的场所", "category": "不存在的类别"},
        GOOD | {"serial": "CP-0102", "organisation": "没有这家"},
        GOOD | {"serial": "CP-0103", "site": "也不应出现", "measuring_range": "长" * 201},
        GOOD | {"serial": "CP-0104"},
    ]
    report = import_ledger(by=house.receptionist, data=sheet(rows))
    assert outcomes(report) == ["created", "refused", "refused", "refused", "created"]
    assert [row.number for row in report.rows] == [2, 3, 4, 5, 6]
    assert [codes(report, index) for index in (1, 2, 3)] == [["choice_unknown"], ["organisation_unknown"], ["invalid"]]
    assert Site.objects.count() == 1 and Instrument.objects.count() == 2


def test_ledger_numbers_have_no_gap_although_rows_were_refused(house):
    rows = [GOOD | {"serial": f"S{n}", "measuring_range": "长" * (201 if n == 1 else 3)} for n in range(4)]
    import_ledger(by=house.receptionist, data=sheet(rows))
    assert sorted(Instrument.objects.values_list("ledger_number", flat=True)) == ["Q0000001", "Q0000002", "Q0000003"]


def test_everything_wrong_with_a_row_is_told_at_once(house):
    report = import_ledger(
        by=house.receptionist,
        data=sheet([{"organisation": "没有这家", "category": "?", "due_on": "明天", "parameters": "U_nominal"}]),
    )
    assert sorted(codes(report)) == [
        "cell",
        *["cell_empty"] * 4,
        "choice_unknown",
        "organisation_unknown",
        "parameters_malformed",
    ]


def test_the_same_instrument_twice_in_one_file_names_the_first_row(house):
    report = import_ledger(by=house.receptionist, data=sheet([GOOD, GOOD | {"name": "另一个名字"}]))
    assert outcomes(report) == ["created", "refused"]
    assert codes(report, 1) == ["twice_in_file"] and "第 2 行" in report.rows[1].reasons[0].text.zh


def test_importing_again_changes_nothing_and_a_changed_cell_only_its_field(house):
    import_ledger(by=house.receptionist, data=sheet([GOOD]))
    assert outcomes(import_ledger(by=house.receptionist, data=sheet([GOOD]))) == ["unchanged"]
    assert outcomes(import_ledger(by=house.receptionist, data=sheet([GOOD | {"position": "A 区 3 号位"}]))) == [
        "updated"
    ]
    found = Instrument.objects.get()
    assert (found.position, found.version, found.due_on) == ("A 区 3 号位", 2, date(2027, 5, 1))
    last = json.loads(Event.objects.latest("pk").payload)
    assert last == {"changed": {"position": ["", "A 区 3 号位"]}}


def test_an_instrument_of_another_customer_is_not_taken_over(house):
    import_ledger(by=house.receptionist, data=sheet([GOOD]))
    report = import_ledger(by=house.receptionist, data=sheet([GOOD | {"organisation": "示范石油有限公司"}]))
    assert codes(report) == ["instrument_of_another"]


@pytest.mark.parametrize(
    "value",
    [
        datetime(2027, 5, 1),  # noqa: DTZ001 (spreadsheet dates have no zone)
        date(2027, 5, 1),
        "2027/5/1",
        "2027年5月1日",
        "20270501",
        20270501,
        46508,
    ],
)
def test_dates_are_taken_as_dates_texts_and_day_numbers(house, value):
    import_ledger(by=house.receptionist, data=sheet([GOOD | {"due_on": value}]))
    assert Instrument.objects.get().due_on == date(2027, 5, 1)


@pytest.mark.parametrize("value", ["2027-13-01", "soon", 1.5, 7, True])
def test_what_is_not_a_date_is_refused(house, value):
    report = import_ledger(by=house.receptionist, data=sheet([GOOD | {"due_on": value}]))
    assert outcomes(report) == ["refused"] and report.rows[0].reasons[0].where == "due_on"


def test_a_serial_number_stored_as_a_number_keeps_its_digits_or_is_refused(house):
    rows = [GOOD | {"serial": 12345678}, GOOD | {"serial": 12345678901234567890}]
    report = import_ledger(by=house.receptionist, data=sheet(rows))
    assert outcomes(report) == ["created", "refused"]
    assert Instrument.objects.get().serial == "12345678"


def test_a_formula_is_refused_and_never_computed(house):
    report = import_ledger(by=house.receptionist, data=sheet([GOOD | {"name": '=HYPERLINK("http://x","桩")'}]))
    assert codes(report) == ["cell"] and "公式" in report.rows[0].reasons[0].text.zh


def test_a_million_empty_rows_end_the_reading(house):
    book = Workbook()
    page = book.active
    for line in table(sheet([GOOD])):
        page.append(line)
    page.cell(row=1_048_576, column=1).value = None
    page.cell(row=1_048_576, column=2).value = "示范充电有限公司"
    report = import_ledger(by=house.receptionist, data=saved(book))
    assert outcomes(report) == ["created"] and report.cut


def test_unknown_columns_are_named_and_ignored(house):
    book = Workbook()
    book.active.append([*table(sheet([]))[0], "备注"])
    book.active.append([*table(sheet([GOOD]))[1], "随便"])
    report = import_ledger(by=house.receptionist, data=saved(book))
    assert report.ignored == ("备注",) and outcomes(report) == ["created"]


def test_missing_columns_refuse_the_file_with_their_names(house):
    book = Workbook()
    book.active.append(["单位名称", "器具名称"])
    with pytest.raises(DataError, match="出厂编号"):
        import_ledger(by=house.receptionist, data=saved(book))


def test_a_column_twice_refuses_the_file(house):
    book = Workbook()
    book.active.append([*table(sheet([]))[0], "出厂编号"])
    with pytest.raises(DataError, match="两次"):
        import_ledger(by=house.receptionist, data=saved(book))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "不是 XLSX"),
        ("台账号,名称\n".encode(), "不是 XLSX"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 old xls", "不是 XLSX"),
        (b"%PDF-1.7", "不是 XLSX"),
        (b"PK\x03\x04 torn", "损坏"),
    ],
)
def test_a_file_of_another_type_is_refused_by_its_content(house, data, says):
    with pytest.raises(DataError, match=says):
        import_ledger(by=house.receptionist, data=data)


def test_a_zip_that_is_no_workbook_is_refused(house):
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        package.writestr("hello.txt", "hello")
    with pytest.raises(DataError, match="不是 XLSX"):
        import_ledger(by=house.receptionist, data=stream.getvalue())


def test_a_zip_bomb_is_refused_before_it_is_unpacked(house):
    bomb = with_part(sheet([GOOD]), "xl/media/zeros.xml", b"\0" * (reading.LARGEST_CONTENT + 1))
    assert len(bomb) < reading.LARGEST_FILE
    with pytest.raises(DataError, match="过大"):
        import_ledger(by=house.receptionist, data=bomb)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_document_type_and_entities_are_refused(house, encoding):
    evil = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><sst>&e;</sst>'
    with pytest.raises(DataError, match="XML 声明"):
        import_ledger(
            by=house.receptionist, data=with_part(sheet([GOOD]), "xl/sharedStrings.xml", evil.encode(encoding))
        )


def test_macros_are_refused(house):
    with pytest.raises(DataError, match="宏"):
        import_ledger(by=house.receptionist, data=with_part(sheet([GOOD]), "xl/vbaProject.bin", b"x"))


def test_a_torn_worksheet_is_refused(house):
    with pytest.raises(DataError, match="损坏"):
        import_ledger(
            by=house.receptionist,
            data=with_part(sheet([GOOD]), "xl/worksheets/sheet1.xml", b"<worksheet><sheetData><row"),
        )


@pytest.mark.parametrize("role", ["owner", "stranger", "auditor", "checker", "approver", "nobody"])
def test_only_reception_and_technicians_import(house, role):
    with pytest.raises(Refused):
        import_ledger(by=getattr(house, role), data=sheet([GOOD]))


def test_an_export_imported_again_changes_nothing(house, pile):
    import_ledger(by=house.receptionist, data=sheet([GOOD | {"name": "普通名称", "accuracy_class": "=1+1"[1:]}]))
    data = export(Instrument.objects.select_related("organisation", "site"))
    assert set(outcomes(import_ledger(by=house.receptionist, data=data))) == {"unchanged"}


def test_text_that_looks_like_a_formula_is_exported_as_text(house, pile):
    Instrument.objects.filter(pk=pile.pk).update(position="=cmd|' /C calc'!A0")
    data = export(Instrument.objects.select_related("organisation", "site"))
    report = import_ledger(by=house.receptionist, data=data)
    assert outcomes(report) == ["unchanged"]


def test_the_template_is_an_empty_ledger_file_that_explains_itself(house):
    data = template()
    assert import_ledger(by=house.receptionist, data=data).rows == []
    assert table(data)[0][1] == "单位名称*"


def test_the_command_reports_row_by_row_and_exits_with_1_when_a_row_was_refused(house, tmp_path, capsys):
    path = tmp_path / "ledger.xlsx"
    path.write_bytes(sheet([GOOD, GOOD | {"serial": "X", "organisation": "没有这家"}]))
    with pytest.raises(CommandError) as refused:
        call_command("ledger", "import", str(path), "--json")
    assert refused.value.returncode == 1
    report = json.loads(capsys.readouterr().out)
    assert report["counts"] == {"created": 1, "updated": 0, "unchanged": 0, "refused": 1}
    assert report["rows"][1]["reasons"][0]["code"] == "organisation_unknown"


def test_the_command_exits_with_2_for_a_file_that_is_no_spreadsheet(house, tmp_path):
    path = tmp_path / "ledger.xlsx"
    path.write_text("not a spreadsheet")
    for file in (path, tmp_path / "absent.xlsx"):
        with pytest.raises(CommandError) as refused:
            call_command("ledger", "import", str(file))
        assert refused.value.returncode == 2


def test_the_command_exports_what_it_imports(house, pile, tmp_path):
    path = tmp_path / "out.xlsx"
    call_command("ledger", "export", str(path))
    assert table(path.read_bytes())[1][0] == pile.ledger_number

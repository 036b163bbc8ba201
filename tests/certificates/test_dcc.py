"""The machine-readable twin: valid by the schema of PTB, signed so that strangers' tools agree, and saying what the page says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import specimen
from lxml import etree

from certificates import dcc
from certificates.dcc import units
from certificates.dcc.tables import limits_of, number_of
from certificates.documents import Attachment, check_pdfa, render
from certificates.sealing import Keys, Sealer

AT = datetime(2026, 11, 21, 8, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(params=specimen.KINDS)
def any_kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    return specimen.KINDS[request.param]()


def squeezed(text: str) -> str:
    return "".join(text.split())


def told(result: dict[str, Any]) -> dict[str, list[str]]:
    """The numeric columns of a results table by key, cells as printed."""
    columns = {}
    for place, column in enumerate(result["columns"]):
        cells = [row[place] for row in result["rows"]]
        if all(isinstance(cell, str) and number_of(cell) for cell in cells):
            columns[column["key"]] = cells
    return columns


def same_numbers(facts: dict[str, Any], document: dcc.Document) -> list[str]:
    """Every number of the results, compared; returns the places compared, so that a test knows it compared something."""
    compared = []
    pairs = [(f"r{at}", one) for at, one in enumerate(facts["results"], 1)]
    if facts["adjustment"]:
        pairs += [(f"b{at}", one) for at, one in enumerate(facts["adjustment"]["results"], 1)]
    found = {result.id: result for result in document.results}
    assert set(found) == {name for name, _ in pairs}
    for name, result in pairs:
        by_label = {column.label: column for column in found[name].columns}
        labels = {column["key"]: column["label"]["zh"] for column in result["columns"]}
        for key, cells in told(result).items():
            kind, owner = key.split(":") if ":" in key else ("", key)
            if kind == "limit":
                continue  # told as limits, and compared by a test of their own
            numbers = [number_of(cell) for cell in cells]
            column = by_label[labels[owner]]
            read = column.expanded if kind == "U" else column.factors if kind == "k" else column.values
            assert list(read) == numbers, f"{name} {key}"
            compared += [f"{name}.{key}[{at}]" for at in range(len(numbers))]
        for line in result["summary"]:
            column = by_label[line["label"]["zh"]]
            if limits := limits_of(line["value"]):
                assert (column.lower, column.upper) == ((limits[0],), (limits[1],))
            else:
                assert column.values == (number_of(line["value"]),)
            compared.append(f"{name}.{line['label']['en']}")
    return compared


def test_every_kind_is_valid_by_the_schema(any_kind: dict[str, Any]) -> None:
    assert dcc.check(dcc.build(any_kind)) == []


def test_the_same_facts_give_the_same_xml(any_kind: dict[str, Any]) -> None:
    assert dcc.build(any_kind) == dcc.build(any_kind)


def test_every_number_of_the_facts_stands_on_the_page_and_in_the_twin_inside_it(
    any_kind: dict[str, Any], keys: Keys, tool: Any, tmp_path: Path
) -> None:
    signed = dcc.sign(dcc.build(any_kind), keys, AT)
    pdf = render(any_kind, attachments=[Attachment("twin.dcc.xml", signed)])
    assert check_pdfa(pdf) == []
    path, out = tmp_path / "c.pdf", tmp_path / "twin.xml"
    path.write_bytes(Sealer(keys).seal(pdf, at=AT))
    tool("pdfdetach", "-save", "1", "-o", out, path)
    assert out.read_bytes() == signed
    compared = same_numbers(any_kind, dcc.read(out.read_bytes()))
    assert len(compared) > 15
    page = squeezed(tool("pdftotext", "-raw", "-enc", "UTF-8", path, "-"))
    for result in [*any_kind["results"], *(any_kind["adjustment"] or {"results": []})["results"]]:
        for row in result["rows"]:
            assert squeezed("".join(cell for cell in row if isinstance(cell, str))) in page
    assert "No syntax or stream encoding errors" in tool("qpdf", "--check", path)


def xmlsec1(path: Path, keys: Keys) -> subprocess.CompletedProcess[str]:
    folder = path.parent
    (folder / "root.pem").write_bytes(keys.root_pem())
    (folder / "chain.pem").write_bytes(keys.chain_pem())
    arguments = ["--trusted-pem", folder / "root.pem", "--untrusted-pem", folder / "chain.pem"]
    arguments += ["--id-attr:Id", "SignedProperties", "--id-attr:Id", "KeyInfo", path]
    return subprocess.run(["xmlsec1", "--verify", *map(str, arguments)], capture_output=True, text=True, timeout=60)


def test_xmlsec1_verifies_the_signature_against_the_root(any_kind: dict[str, Any], keys: Keys, tmp_path: Path) -> None:
    path = tmp_path / "dcc.xml"
    path.write_bytes(dcc.sign(dcc.build(any_kind), keys, AT))
    assert dcc.check(path.read_bytes()) == []
    done = xmlsec1(path, keys)
    assert done.returncode == 0 and "References (ok/all): 3/3" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new"), [("+0.6", "+0.5"), ("2029-11-19", "2031-11-19"), ("2026-11-21T08:30:00", "2025-11-21T08:30:00")]
)
def test_xmlsec1_rejects_one_changed_value(old: str, new: str, keys: Keys, tmp_path: Path) -> None:
    path, signed = tmp_path / "dcc.xml", dcc.sign(dcc.build(specimen.verification()), keys, AT)
    assert old.encode() in signed
    path.write_bytes(signed.replace(old.encode(), new.encode(), 1))
    assert xmlsec1(path, keys).returncode != 0


def test_the_signature_claims_the_time_it_was_given(keys: Keys) -> None:
    assert b"2026-11-21T08:30:00+00:00" in dcc.sign(dcc.build(specimen.verification()), keys, AT)
    with pytest.raises(ValueError):
        dcc.sign(b"<x/>", keys, AT.replace(tzinfo=None))


def test_a_passing_verification_states_conformity_and_its_period() -> None:
    xml = dcc.build(specimen.verification())
    read = dcc.read(xml)
    assert (read.number, read.conformity, read.valid_until) == ("SFQ-JD-2026-000128", "pass", "2029-11-19")
    assert b"<dcc:period>P36M</dcc:period>" in xml and b"NO LEGAL EFFECT" in xml


def test_a_rejection_names_what_failed_and_has_no_period() -> None:
    xml = dcc.build(specimen.rejection())
    read = dcc.read(xml)
    assert (read.conformity, read.valid_until) == ("fail", "")
    assert "不合格项目：示值误差" in xml.decode() and b"period" not in xml


def test_a_calibration_gives_uncertainty_and_states_no_conformity() -> None:
    read = dcc.read(dcc.build(specimen.calibration()))
    after = next(one for one in read.results if one.id == "r1")
    error = next(column for column in after.columns if column.label == "示值误差")
    assert error.unit == r"\mega\pascal"
    assert error.expanded == ("0.006", "0.006", "0.006", "0.007") and error.factors == ("2", "2", "2", "2.26")
    assert read.conformity == "" and read.valid_until == ""


def test_a_factor_without_a_stated_probability_leaves_it_unknown() -> None:
    xml = dcc.build(specimen.calibration()).decode()
    assert "<si:coverageProbabilityXMLList>0.95 0.95 0.95 NaN</si:coverageProbabilityXMLList>" in xml
    facts = specimen.calibration()
    facts["results"][0]["columns"][3]["probability"] = "0.99"
    assert ">0.99 0.99 0.99 0.99<" in dcc.build(facts).decode()


def test_results_from_before_and_after_an_adjustment_are_told_apart() -> None:
    read = dcc.read(dcc.build(specimen.calibration()))
    assert {one.id: one.status for one in read.results} == {"b1": "beforeAdjustment", "r1": "afterAdjustment"}
    facts = specimen.calibration()
    facts["adjustment"]["kind"] = "repair"
    read = dcc.read(dcc.build(facts))
    assert {one.status for one in read.results} == {"beforeRepair", "afterRepair"}


def test_the_certificate_replaced_is_named_to_machines() -> None:
    assert dcc.read(dcc.build(specimen.arbitration())).replaces == "SFQ-ZC-2026-000002"
    assert b"<dcc:typeOfChange>substituted<" in dcc.build(specimen.arbitration())


def test_a_cell_without_a_value_is_nan_so_that_rows_stay_aligned() -> None:
    read = dcc.read(dcc.build(specimen.rejection()))
    column = next(one for one in read.results[1].columns if one.label == "重复性")
    assert column.values == ("NaN", "0.02", "NaN", "NaN", "0.02", "NaN")


def test_limits_beside_a_column_are_its_acceptance_limits() -> None:
    facts = specimen.verification()
    table = facts["results"][1]
    table["columns"].append({"key": "limit:gamma", "label": {"zh": "允许范围", "en": "Limits"}, "unit": "%"})
    for row, text in zip(table["rows"], ["±2.0", "≤ 1.5", "≥ -1", "-1 … 2", "—", ""], strict=True):
        row.append(text)
    read = dcc.read(dcc.build(facts))
    column = next(one for one in read.results[1].columns if one.label == "工作误差")
    assert column.lower == ("-2.0", "NaN", "-1", "-1", "NaN", "NaN")
    assert column.upper == ("2.0", "1.5", "NaN", "2", "NaN", "NaN")
    assert "允许范围" not in [one.label for one in read.results[1].columns]
    table["rows"][0][-1] = "待定"
    read = dcc.read(dcc.build(facts))
    assert next(one for one in read.results[1].columns if one.label == "允许范围").values[0] == "待定"


def test_a_unit_that_nobody_registered_is_refused_with_its_place() -> None:
    facts = specimen.verification()
    facts["results"][1]["columns"][3]["unit"] = "马力"
    with pytest.raises(dcc.DccError) as caught:
        dcc.build(facts)
    assert caught.value.path == "results[1].columns[3].unit" and "马力" in caught.value.reason.text.zh


def test_money_is_declared_as_a_unit_outside_the_si() -> None:
    xml = dcc.build(specimen.verification())
    read = dcc.read(xml)
    paid = next(one for one in read.results[2].columns if one.label == "显示金额")
    assert (paid.unit, paid.values) == ("CNY", ("1.51", "3.01"))
    assert b"ISO 4217" in xml


def test_the_units_of_every_shipped_procedure_can_be_told() -> None:
    import tomllib

    found: set[str] = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("unit"), str) and not value["unit"].startswith("@"):
                found.add(value["unit"])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    for path in (ROOT / "standards" / "packs").glob("*.toml"):
        walk(tomllib.loads(path.read_text("utf-8")))
    assert len(found) > 10
    for one in found:
        units.unit(one, "")


def test_hostile_names_stay_text(keys: Keys, tmp_path: Path) -> None:
    facts = specimen.verification()
    name = "示范㐂𠮷䶮㛃𬭎有限公司（演示）" * 30 + "</dcc:name><x/>&\"'<![CDATA["
    facts["client"] = {"name": name, "address": ""}
    facts["instrument"] |= {"serial": " ", "model": "\t", "manufacturer": ""}
    facts["institute"] |= {"email": "", "phone": "", "postcode": "", "authorisation_number": ""}
    facts["people"]["technician"]["name"] = "㐂𠮷\u200b䶮"
    facts["results"][1]["rows"][0][0] = "]]> <b> 0.5 Imax"
    signed = dcc.sign(dcc.build(facts), keys, AT)
    assert dcc.check(signed) == []
    root = etree.fromstring(signed)
    space = {"dcc": "https://ptb.de/dcc"}
    assert root.findtext(".//dcc:customer/dcc:name/dcc:content", None, space) == name
    assert "㐂𠮷䶮" in "".join(root.itertext())
    assert dcc.read(signed).results[1].columns[0].values[0] == "]]> <b> 0.5 Imax"
    path = tmp_path / "hostile.xml"
    path.write_bytes(signed)
    assert xmlsec1(path, keys).returncode == 0


def test_two_hundred_rows_keep_every_number(text_of: Callable[..., str]) -> None:
    facts = specimen.verification()
    rows = [[f"P{at}", "220.1", f"{at}.02", "0.664", "0.340", "0.3379", f"+0.{at}"] for at in range(200)]
    facts["results"][1]["rows"] = rows
    xml = dcc.build(facts)
    assert dcc.check(xml) == [] and len(same_numbers(facts, dcc.read(xml))) > 1000
    text = squeezed(text_of(render(facts, attachments=[Attachment("dcc.xml", xml)]), "-raw"))
    assert all("".join(row) in text for row in rows)


def test_what_is_not_a_dcc_is_said_in_sentences() -> None:
    assert dcc.check(b"not xml")[0].startswith("not XML")
    faults = dcc.check(dcc.build(specimen.verification()).replace(b">CN<", b">China<", 1))
    assert faults and "countryCode" in faults[0] and faults[0].startswith("line ")


def test_an_external_entity_is_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("SECRET")
    xml = f'<!DOCTYPE x [<!ENTITY e SYSTEM "file://{secret}">]><x>&e;</x>'.encode()
    assert not any("SECRET" in one for one in dcc.check(xml))


def test_the_twin_needs_no_django() -> None:
    code = "import sys, certificates.dcc; assert 'django' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize(
    ("text", "number"),
    [("+0.6", "+0.6"), ("−0.6", "-0.6"), ("", "NaN"), ("—", "NaN"), ("2级", ""), ("1,5", ""), ("0.5 Imax", "")],
)
def test_a_cell_is_a_number_or_it_is_not(text: str, number: str) -> None:
    assert number_of(text) == number


@pytest.mark.parametrize("path", sorted((ROOT / "standards" / "packs").glob("*.toml")), ids=lambda path: path.stem)
def test_the_worked_examples_of_every_shipped_procedure_can_be_told_and_printed(path: Path) -> None:
    from standards.procedures import evaluate, load_pack, result_tables

    pack, facts = load_pack(path.read_text("utf-8")), specimen.verification()
    facts["results"] = []
    for example in pack.examples:
        facts["results"] += result_tables(pack, example.record, evaluate(pack, example.record, only=example.only))
    xml = dcc.build(facts)
    assert dcc.check(xml) == [] and len(same_numbers(facts, dcc.read(xml))) > 3
    assert render(facts)

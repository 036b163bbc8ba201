"""Frozen facts become the same PDF/A-3b every time, with every number and name readable in it."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
import specimen

from certificates.documents import Attachment, FactsError, MissingGlyphs, check_pdfa, missing_glyphs, render
from certificates.documents.facts import strings

ROOT = Path(__file__).resolve().parents[2]
KINDS = ("verification", "rejection", "calibration", "arbitration")


def squeezed(text: str) -> str:
    return "".join(text.split())


def as_kind(facts: dict[str, Any], kind: str) -> dict[str, Any]:
    facts["kind"] = kind
    if kind in ("rejection", "calibration"):
        facts["dates"]["valid_until"] = ""
    return facts


def pages_of(pdf: bytes) -> int:
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        return len(opened.pages)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_certificate_is_pdfa_3b(facts: dict[str, Any], kind: str) -> None:
    assert check_pdfa(render(as_kind(facts, kind))) == []


def test_the_gate_names_what_is_wrong_with_a_file_that_is_not_pdfa() -> None:
    plain = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page()
        pdf.save(plain)
    assert check_pdfa(plain.getvalue())
    assert check_pdfa(b"not a PDF")


def test_the_same_facts_give_the_same_bytes(facts: dict[str, Any]) -> None:
    assert render(facts) == render(facts)


def test_the_same_facts_give_the_same_bytes_in_another_process(facts: dict[str, Any], tmp_path: Path) -> None:
    code = (
        "import sys, hashlib; sys.path[:0] = [sys.argv[1], sys.argv[2]]\n"
        "import specimen\nfrom certificates.documents import render\n"
        "render(specimen.rejection()); print(hashlib.sha256(render(specimen.verification())).hexdigest())"
    )
    arguments = [sys.executable, "-c", code, str(ROOT), str(Path(__file__).parent)]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"}
    )
    assert done.stdout.strip() == hashlib.sha256(render(facts)).hexdigest()


def test_rendering_needs_no_django() -> None:
    code = "import sys, certificates.documents, certificates.sealing; assert 'django' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


@pytest.mark.parametrize("which", ["facts", "rejected"])
def test_every_string_of_the_facts_can_be_copied_from_the_pages(
    which: str, request: pytest.FixtureRequest, text_of: Callable[..., str]
) -> None:
    facts = request.getfixturevalue(which)
    text = squeezed(text_of(render(facts), "-raw"))
    # Machine fields and ids do not stand on the page in this form.
    unprinted = {
        "schema",
        "kind",
        "conclusion.outcome",
        "people.approver.id",
        "people.checker.id",
        "people.technician.id",
    }
    missing = []
    for path, value in strings(facts):
        field = path.rsplit(".", 1)[-1]
        if path in unprinted or field in ("key", "item") or not value:
            continue
        if squeezed(value) not in text:
            missing.append((path, value))
    assert missing == []


def test_every_font_is_embedded_subset_and_has_a_unicode_map(facts: dict[str, Any], tool: Any, tmp_path: Path) -> None:
    path = tmp_path / "c.pdf"
    path.write_bytes(render(facts))
    rows = [line.split() for line in tool("pdffonts", path).splitlines()[2:]]
    assert rows
    for row in rows:
        assert row[1] == "TrueType"
        assert row[3:6] == ["yes", "yes", "yes"], row
    assert {row[0].split("+")[1] for row in rows} == {"NotoSansSC-Regular", "NotoSerifSC-SemiBold"}


def test_rare_characters_of_names_copy_as_themselves(facts: dict[str, Any], text_of: Callable[..., str]) -> None:
    facts["people"]["technician"]["name"] = "㐂𠮷䶮㛃𬭎𫟹"
    facts["client"]["name"] = "示范喆堃翀有限公司"
    text = squeezed(text_of(render(facts)))
    assert "㐂𠮷䶮㛃𬭎𫟹" in text
    assert "示范喆堃翀有限公司" in text


def test_a_character_without_glyph_is_refused_with_its_field(facts: dict[str, Any]) -> None:
    facts["people"]["checker"]["name"] = "欧阳\U0002a700"
    with pytest.raises(MissingGlyphs) as caught:
        render(facts)
    assert caught.value.characters == "\U0002a700"
    assert [one.path for one in caught.value.missing] == ["people.checker.name"]
    assert "U+2A700" in caught.value.reasons[0].text.zh
    assert caught.value.reasons[0].where == "people.checker.name"


def test_missing_glyphs_can_be_asked_before_a_number_is_taken() -> None:
    assert missing_glyphs({"name": "示范"}) == ()
    assert [one.path for one in missing_glyphs({"a": ["ok", "\U0002a700"]})] == ["a[1]"]


def test_raised_and_lowered_characters_without_glyph_are_drawn_and_copy_as_themselves(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    facts["instrument"]["range"] = "5×10⁻⁶～CO₂ H₂O m⁻¹"
    assert "5×10⁻⁶～CO₂H₂Om⁻¹" in squeezed(text_of(render(facts)))


def test_invisible_characters_are_left_out(facts: dict[str, Any], text_of: Callable[..., str]) -> None:
    facts["client"]["name"] = "示范\u200b充\u202e电\ufeff公司\x07"
    assert "示范充电公司" in squeezed(text_of(render(facts)))


def test_the_number_and_page_n_of_n_stand_on_every_page_of_a_long_certificate(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    table = facts["results"][1]
    table["rows"] = [[f"P{index}", "220.1", "3.02", "0.664", "0.340", "0.3379", "+0.6"] for index in range(200)]
    pdf = render(facts)
    total = pages_of(pdf)
    assert total >= 6
    assert check_pdfa(pdf) == []
    pages = text_of(pdf, "-raw").split("\f")[:total]
    for number, page in enumerate(pages, start=1):
        assert facts["number"] in page
        assert f"第{number}页共{total}页" in squeezed(page)
        assert f"Page{number}of{total}" in squeezed(page)
        assert "NO LEGAL EFFECT" in page
    with_rows = [page for page in pages if "\nP1" in page or "\nP19" in page]
    assert len(with_rows) >= 4
    for page in with_rows:
        assert "标准电能" in page
    assert all("（续）" in page for page in with_rows[1:])
    found = [word for page in pages for word in page.split() if word[0] == "P" and word[1:].isdigit()]
    assert found == [f"P{index}" for index in range(200)]
    assert "以下空白" in pages[-1]
    assert not any("以下空白" in page for page in pages[:-1])


def test_a_table_of_many_columns_keeps_every_value(facts: dict[str, Any], text_of: Callable[..., str]) -> None:
    table = facts["results"][1]
    table["columns"] = [
        {"key": f"c{n}", "label": {"zh": f"第{n}次示值", "en": f"Reading {n}"}, "unit": "MPa"} for n in range(18)
    ]
    table["rows"] = [[f"{row}.{column:03d}" for column in range(18)] for row in range(5)]
    text = squeezed(text_of(render(facts), "-raw"))
    assert all(value in text for row in table["rows"] for value in row)


def test_the_name_of_a_test_point_is_printed_in_both_languages(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    facts["results"][1]["rows"][0][0] = {"zh": "甲负载点", "en": "Load point A"}
    text = text_of(render(facts), "-raw")
    assert "甲负载点" in squeezed(text) and "Load point A" in text
    facts["results"][1]["rows"][0][0] = {"zh": "甲负载点"}
    with pytest.raises(FactsError, match=r"results\[1\]\.rows\[0\]\[0\]\.en"):
        render(facts)


def test_a_demonstration_says_so_on_every_page_and_a_real_certificate_does_not(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    shown = text_of(render(facts)).split("\f")[:-1]
    assert all("演示证书" in squeezed(page) and "NO LEGAL EFFECT" in page for page in shown)
    facts["demonstration"] = False
    assert "NO LEGAL EFFECT" not in text_of(render(facts))


def test_a_rejection_notice_names_the_failed_items_and_gives_no_validity(
    rejected: dict[str, Any], text_of: Callable[..., str]
) -> None:
    rejected["conclusion"]["failed_items"].append({"zh": "付费金额误差", "en": "Error of the amount to pay"})
    cover = squeezed(text_of(render(rejected), "-l", "1"))
    assert "检定结果通知书" in cover
    assert "示值误差、付费金额误差" in cover
    assert "有效期至" not in cover
    rejected["dates"]["valid_until"] = "2027-01-01"
    with pytest.raises(FactsError, match="valid_until"):
        render(rejected)


def test_what_does_not_fit_on_the_cover_stands_in_full_on_the_inner_pages(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    name = "示范超长名称" * 60 + "末尾"
    facts["client"]["name"] = name
    pages = [squeezed(page) for page in text_of(render(facts), "-raw").split("\f")]
    assert "……" in pages[0] and name not in pages[0]
    assert "全文见续页" in pages[0]
    assert name in "".join(pages[1:])


def test_attachments_are_associated_files_and_the_file_stays_pdfa(
    facts: dict[str, Any], tool: Any, tmp_path: Path
) -> None:
    data = "<dcc>检定</dcc>".encode()
    pdf = render(facts, attachments=[Attachment("dcc.xml", data, description="Digital calibration certificate")])
    assert check_pdfa(pdf) == []
    path, out = tmp_path / "c.pdf", tmp_path / "dcc.xml"
    path.write_bytes(pdf)
    tool("pdfdetach", "-save", "1", "-o", out, path)
    assert out.read_bytes() == data
    with pikepdf.open(path) as opened:
        assert opened.Root.AF[0].AFRelationship == "/Data"


def test_the_file_says_what_it_is(facts: dict[str, Any]) -> None:
    with pikepdf.open(io.BytesIO(render(facts))) as pdf:
        assert str(pdf.docinfo.Title) == "检定证书 SFQ-JD-2026-000128"
        assert str(pdf.docinfo.CreationDate).startswith("D:20261121")
        assert pdf.pdf_version == "1.7"
        assert str(pdf.Root.Lang) == "zh-CN"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("number", None),
        ("institute", []),
        ("demonstration", "yes"),
        ("results", [{}]),
        ("notes", "text"),
        ("schema", "x"),
    ],
)
def test_facts_of_the_wrong_shape_are_refused_with_the_path(facts: dict[str, Any], path: str, value: Any) -> None:
    facts[path] = value
    with pytest.raises(FactsError) as caught:
        render(facts)
    assert caught.value.path.startswith(path)
    del facts[path]
    with pytest.raises(FactsError):
        render(facts)


def test_an_issue_date_that_is_no_date_is_refused(facts: dict[str, Any]) -> None:
    facts["dates"]["issued"] = "soon"
    with pytest.raises(FactsError, match=r"dates\.issued"):
        render(facts)


def test_a_calibration_certificate_gives_both_series_uncertainty_and_neither_verdict_nor_interval(
    text_of: Callable[..., str],
) -> None:
    facts = specimen.calibration()
    pages = [squeezed(page) for page in text_of(render(facts), "-raw").split("\f")]
    cover, rest = pages[0], "".join(pages[1:])
    assert "校准证书" in cover and "校准专用章" in cover and "接收日期" in cover
    assert "结论" not in cover + rest and "有效期至" not in cover and "合格" not in cover + rest
    assert rest.index("校准结果（调整前）") < rest.index("校准结果（调整后）") < rest.index("作了调整：拆开表壳")
    assert "扩展不确定度U" in rest and "包含因子k" in rest
    assert "不给出校准间隔" in rest
    facts["dates"]["valid_until"] = "2027-11-19"
    with pytest.raises(FactsError, match="valid_until"):
        render(facts)


def test_an_adjustment_that_is_neither_adjustment_nor_repair_is_refused() -> None:
    facts = specimen.calibration()
    facts["adjustment"]["kind"] = "cleaning"
    with pytest.raises(FactsError, match=r"adjustment\.kind"):
        render(facts)
    del facts["adjustment"]["results"]
    with pytest.raises(FactsError, match=r"adjustment\.results"):
        render(facts)


def test_an_arbitration_certificate_names_the_one_it_replaces_on_its_cover(text_of: Callable[..., str]) -> None:
    cover = squeezed(text_of(render(specimen.arbitration()), "-l", "1"))
    assert "仲裁检定证书" in cover and "本证书代替证书编号SFQ-ZC-2026-000002" in cover
    facts = specimen.arbitration()
    facts["replaces"] = 2
    with pytest.raises(FactsError, match="replaces"):
        render(facts)


def test_checks_that_flow_over_a_page_say_which_item_they_continue(
    facts: dict[str, Any], text_of: Callable[..., str]
) -> None:
    check = facts["results"][0]["checks"][0]
    facts["results"][0]["checks"] = [check] * 60
    pages = text_of(render(facts), "-raw").split("\f")
    assert sum("外观与结构" in squeezed(page) and "（续）" in page for page in pages) >= 1

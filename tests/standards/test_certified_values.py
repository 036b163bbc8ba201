"""Values of certificates as data: single values, tables and equations, how they are entered, checked and used."""

import html
import json
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st

from lims.audit.models import Event
from lims.core import canonical
from lims.metrology.certified import read
from lims.metrology.correction import Stated
from standards import services
from standards.models import CertifiedValue, DeviceCertificate
from standards.pasting import parse
from standards.selectors.snapshots import certificate_facts, value_facts
from tests.standards.conftest import ROLES
from tests.standards.laboratory import comparison, enter_certificate, register_meter

# The content of a certificate as it was digested before equations, sources and the issuer's standards could be entered.
BEFORE = {
    "device": "BZ-001",
    "number": "DC-BZ-001-1",
    "kind": "verification",
    "issuer": "示范市计量测试技术研究院",
    "issuer_authorisation": "",
    "calibrated_on": "2026-03-02",
    "valid_until": "2027-03-01",
    "use_until": "",
    "outcome": "pass",
    "conclusion": "",
    "traceable_to": "国家电能基准",
    "file": "",
    "values": [
        {
            "name": "correction",
            "value": "0.010",
            "unit": "%",
            "at": "220",
            "at_unit": "V",
            "range_lower": "",
            "range_upper": "",
            "U": "0.020",
            "U_unit": "%",
            "k": "2",
        }
    ],
}
ROW = {"name": "correction", "value": "0.010", "unit": "%", "at": "220", "at_unit": "V"}
ROW |= {"expanded_uncertainty": "0.020", "uncertainty_unit": "%", "k": "2"}


def test_a_certificate_that_uses_nothing_new_has_the_digest_it_always_had(people):
    certificate = enter_certificate(people, register_meter(people), values=[ROW])
    assert certificate_facts(certificate) == BEFORE
    assert certificate.content_sha256 == canonical.sha256(BEFORE)
    assert certificate.values.get().form == "table"


ENTRY = {
    "number": "DC-90",
    "kind": "calibration",
    "issuer": "示范院",
    "calibrated_on": "2026-10-01",
    "use_until": "2027-09-30",
    "outcome": "none",
    "traceable_to": "国家温度基准",
}
PASTED = "名称\t测量点\t测量点单位\t值\t单位\tU\tk\nerror\t10\t℃\t0.10\tK\t0.05\t2\nerror\t20\t℃\t−0.20\tK\t0.05\t2\n"
EQUATION = {
    "equation-TOTAL_FORMS": "1",
    "equation-INITIAL_FORMS": "0",
    "equation-0-name": "correction",
    "equation-0-equation": "0.10 - 0.01*t",
    "equation-0-variable": "t",
    "equation-0-unit": "K",
    "equation-0-at_unit": "℃",
    "equation-0-range_lower": "0",
    "equation-0-range_upper": "50",
    "equation-0-expanded_uncertainty": "0.06",
    "equation-0-k": "2",
}
STANDARD = {
    "standard-TOTAL_FORMS": "1",
    "standard-INITIAL_FORMS": "0",
    "standard-0-name": "标准铂电阻温度计",
    "standard-0-certificate_number": "RGyb2026-001",
    "standard-0-valid_until": "2027-12-31",
}


def words(answer) -> str:
    return html.unescape(answer.content.decode())


def entered(ask, people, **post: str) -> DeviceCertificate:
    device = register_meter(people)
    answer = ask("technician", "certificate_new", device.asset_number, post=ENTRY | post)
    assert answer.status_code == 302, words(answer)
    return DeviceCertificate.objects.get()


def test_table_equation_and_issuers_standard_are_entered_on_one_page_and_bound_into_the_digest(ask, people):
    draft = entered(ask, people, pasted=PASTED, **EQUATION, **STANDARD)
    found = read([value_facts(one) for one in draft.values.order_by("pk")])
    assert found["error"].at(Decimal(15)) == Stated(Decimal("-0.05"), Decimal("0.05"), Decimal(2))
    # 0.10 − 0.01·25 = −0.15, by hand.
    assert found["correction"].at(Decimal(25)) == Stated(Decimal("-0.15"), Decimal("0.06"), Decimal(2))
    facts = certificate_facts(draft)
    assert [one["name"] for one in facts["stated_standards"]] == ["标准铂电阻温度计"]
    assert [one.get("equation", "") for one in facts["values"]] == ["0.10 - 0.01*t", "", ""]
    done = services.confirm_certificate(by=people.quality_manager, certificate=draft)
    assert done.content_sha256 == canonical.sha256(facts)
    page = words(ask("auditor", "device", done.device.asset_number))
    assert "0.10 - 0.01*t" in page and "RGyb2026-001" in page and "<svg" in page and "直线内插" in page


@pytest.mark.parametrize(
    ("post", "said"),
    [
        ({"pasted": "error\t10\t℃\t0,10\tK"}, "第 1 行“值”：“0,10”不是十进制数；请用小数点"),
        ({"pasted": "名称\t值\tmystery\nV0\t1\t2"}, "不认识列名“mystery”"),
        ({"pasted": "error\t10\t℃"}, "第 1 行“值”：没有填写"),
        ({"pasted": "a\tb\tc\t1\td\te\tf\tg"}, "有 8 列"),
        (
            {"pasted": "error\t10\t℃\t0.10\tK\nerror\t10.0\t℃\t0.2\tK"},
            "第 2 行（error）“测量点”：测量点 10.0 已在第 1 行给出",
        ),
        (
            {"pasted": "error\t10\t℃\t0.10\tK\t5\t2\nV0\t\t\t1\tL\t0.1\t2", "EQ": "t +"},
            "第 3 行（correction）“方程”：第 4 个字符处",
        ),
        ({"pasted": "V0\t\t\t1\tL", "EQ": "0.1*x"}, "没有名为“x”的量"),
    ],
)
def test_what_cannot_be_used_is_refused_by_row_and_column_and_nothing_is_kept(ask, people, post, said):
    given = {name: value for name, value in post.items() if name != "EQ"}
    if "EQ" in post:
        given |= EQUATION | {"equation-0-equation": post["EQ"]}
    device = register_meter(people)
    answer = ask("technician", "certificate_new", device.asset_number, post=ENTRY | given)
    assert answer.status_code in (200, 422) and said in words(answer), words(answer)[-3000:]
    assert not DeviceCertificate.objects.exists()


def test_the_preview_shows_curve_rule_and_the_value_at_a_point_and_writes_nothing(ask, people):
    device = register_meter(people)
    events = Event.objects.count()
    for point, said in (("15", "-0.050 K，U = 0.05 K（k = 2）"), ("21", "不外推"), ("abc", "不是十进制数")):
        post = ENTRY | {"pasted": PASTED, "preview": "1", "point": point}
        page = words(ask("technician", "certificate_new", device.asset_number, post=post))
        assert said in page and "<polyline" in page and "相邻两点之间按直线内插" in page
    post = ENTRY | {"pasted": PASTED, "preview": "1", "interpolation": "points"}
    page = words(ask("technician", "certificate_new", device.asset_number, post=post))
    assert "<polyline" not in page and "不内插" in page
    broken = ask("technician", "certificate_new", device.asset_number, post=ENTRY | {"pasted": "x", "preview": "1"})
    assert "没有填写" in words(broken)
    assert not DeviceCertificate.objects.exists() and Event.objects.count() == events


def test_the_second_person_types_every_value_from_the_paper_without_seeing_the_entry(ask, people):
    draft = entered(ask, people, pasted=PASTED, interpolation="points")
    page = words(ask("quality_manager", "certificate_confirm", draft.pk))
    assert "只在所列的点上使用，不内插" in page and "2027-09-30" in page
    assert "-0.20" not in page and "0.10" not in page
    assert "-0.20" not in words(ask("quality_manager", "device", draft.device.asset_number))
    first, second = draft.values.order_by("name", "pk")
    right = comparison(draft)
    for change, said in (
        ({f"typed-{second.pk}": "0.20"}, "录入为“-0.20”，您从原件读出“0.20”"),
        ({f"typed-{first.pk}": "0.1"}, "录入为“0.10”，您从原件读出“0.1”"),
        ({f"typed-{first.pk}": ""}, "（空）"),
        ({f"tick-{second.pk}": ""}, "尚未勾选"),
    ):
        answer = ask("quality_manager", "certificate_confirm", draft.pk, post=right | change)
        assert answer.status_code == 422 and said in words(answer)
    assert "请核对后勾选" in words(ask("quality_manager", "certificate_confirm", draft.pk, post={}))
    draft.refresh_from_db()
    assert draft.state == "draft" and draft.checking == {}
    # A typographic minus is the same sign.
    post = right | {f"typed-{second.pk}": "−0.20"}
    assert ask("quality_manager", "certificate_confirm", draft.pk, post=post).status_code == 302
    draft.refresh_from_db()
    kept = [{"name": "error", "at": at, "way": "typed"} for at in ("10", "20")]
    assert draft.state == "confirmed" and draft.checking == {"rows": kept}
    assert json.loads(Event.objects.latest("pk").payload)["checking"] == {"rows": kept}
    with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
        DeviceCertificate.objects.filter(pk=draft.pk).update(checking={})


def test_only_those_who_may_confirm_see_the_comparison(ask, people):
    draft = entered(ask, people, pasted=PASTED)
    for who in ROLES:
        answer = ask(who, "certificate_confirm", draft.pk)
        wanted = {"customer": 404, "technical_lead": 200, "quality_manager": 200}.get(who, 422)
        assert answer.status_code == wanted, who
    assert ask(None, "certificate_confirm", draft.pk).status_code == 302


def test_a_correction_starts_from_the_values_of_every_form_and_keeps_their_rule(ask, people):
    draft = entered(ask, people, pasted=PASTED, interpolation="points", **EQUATION, **STANDARD)
    done = services.confirm_certificate(by=people.quality_manager, certificate=draft)
    page = ask("technician", "certificate_correct", done.pk)
    entry = page.context["entry"]
    post = {name: value for name, value in page.context["form"].initial.items() if value is not None}
    post |= {"why": "抄错", "interpolation": entry.pasted.initial["interpolation"], "calibrated_on": "2026-10-01"}
    for forms in (entry.values, entry.equations, entry.standards):
        post |= {f"{forms.prefix}-TOTAL_FORMS": str(len(forms.forms)), f"{forms.prefix}-INITIAL_FORMS": "0"}
        for row in forms:
            post |= {f"{row.prefix}-{name}": value for name, value in row.initial.items() if value is not None}
    post = {name: "" if value is None else value for name, value in post.items()}
    answer = ask("technician", "certificate_correct", done.pk, post=post)
    assert answer.status_code == 302, words(answer)[-2000:]
    again = DeviceCertificate.objects.get(corrects=done)
    assert certificate_facts(again) == certificate_facts(done)


def test_the_database_refuses_rows_that_are_neither_value_table_nor_equation(people):
    certificate = enter_certificate(people, register_meter(people))
    for fields in (
        {"value": ""},
        {"value": "1", "at": "2"},
        {"form": "table", "value": "1"},
        {"form": "equation", "equation": "2*t", "variable": "t"},
        {"form": "equation", "equation": "2*t", "variable": "t", "range_lower": "0", "range_upper": "1", "value": "3"},
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            CertifiedValue.objects.create(certificate=certificate, name="x", **fields)


def test_the_pages_take_few_queries_however_many_values_there_are(ask, client, people, django_assert_max_num_queries):
    rows = "\n".join(f"error\t{at}\t℃\t0.{at}\tK\t0.05\t2" for at in range(10, 40))
    draft = entered(ask, people, pasted=rows)
    client.force_login(people.quality_manager)
    for name, argument, most in (
        ("certificate_confirm", draft.pk, 12),
        ("device", draft.device.asset_number, 20),
        ("certificate_new", draft.device.asset_number, 8),
    ):
        with django_assert_max_num_queries(most):
            client.get(reverse(f"standards:{name}", args=[argument]))


def test_pasted_cells_are_taken_by_heading_in_any_order_and_language():
    rows, faults = parse('value;name;U;k\n"1.20";V0;0.01;2\n')
    assert (rows, faults) == ([{"value": "1.20", "name": "V0", "expanded_uncertainty": "0.01", "k": "2"}], [])
    assert parse("\n \n") == ([], [])
    assert "500" in parse("V0\n" * 501)[1][0].text.zh


@settings(max_examples=60)
@given(st.text(max_size=200))
def test_whatever_is_pasted_gives_rows_or_faults(text):
    rows, faults = parse(text)
    assert all(str(one) and one.english() for one in faults)
    assert faults or all(row["name"] and Decimal(row["value"]).is_finite() for row in rows)

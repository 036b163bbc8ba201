"""The pages of recall cases: who may look and who may act, what is said back, what a refusal says."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certificates.models import Certificate
from lims.recall import rules
from lims.recall.forms import ChosenForm
from lims.recall.models import RecallCase, RecallItem
from lims.recall.selectors import PARTS
from lims.recall.services import close, decide, open_case, supersede, trace
from lims.recall.wording import said
from tests import factories
from tests.certificates.issued import certificate
from tests.recall.doing import computed, relative, work

pytestmark = pytest.mark.django_db
READERS = ("lead", "quality", "technician", "checker", "approver", "receptionist", "administrator", "auditor")
OTHERS = ("customer", "other_customer", "stranger")


def address(name, *arguments, **asked):
    return reverse(f"recall:{name}", args=arguments, query=asked or None)


def text(answer):
    return answer.content.decode()


def stated(meter, /, **fields):
    """A form as the browser sends it: one device, two empty rows."""
    rows = {
        "form-TOTAL_FORMS": "3",
        "form-INITIAL_FORMS": "0",
        "what": "标准表示值偏高",
        "known_on": f"{factories.today()}",
    }
    line = {"device": meter.pk, "statement": "relative", "amount": "0.05", "unit": "%"} | fields
    return rows | {f"form-0-{name}": value for name, value in line.items()}


@pytest.fixture
def flipped(lab):
    """A certificate that passes by a hair and fails once the meter is known to read 0.5 % too much."""
    certificate(lab, "0.205", sealed=False)
    return computed(lab, relative(lab.meter, "0.5", since=factories.today(), evidence="送检前"))


def test_who_may_look_and_who_may_act(client, lab, flipped):
    item = flipped.items.get()
    pages = [
        address("list"), address("case", flipped.pk), address("item", flipped.pk, item.pk), address("letters", flipped.pk),
        address("csv", flipped.pk), address("progress", flipped.pk), address("uncertified", flipped.pk),
    ]  # fmt: skip
    for who in (*READERS, *OTHERS):
        client.force_login(getattr(lab, who))
        assert {client.get(page).status_code for page in pages} == {200 if who in READERS else 404}, who
        assert (client.get(address("new")).status_code == 200) == (who == "lead"), who
        assert ('name="kind"' in text(client.get(pages[1]))) == (who == "lead"), who
        if who != "lead":
            client.post(address("new"), stated(lab.meter))
            client.post(address("decide_many", flipped.pk), {"kind": "notify", "reason": "x", "which": "all"})
            client.post(pages[2], {"kind": "notify", "reason": "x"})
            client.post(address("close", flipped.pk), {"closing": "x"})
            client.post(address("supersede", flipped.pk), stated(lab.meter))
    assert RecallCase.objects.count() == 1 and RecallItem.objects.get().decision == ""
    client.logout()
    assert all(client.get(page).status_code == 302 for page in pages)


@pytest.mark.parametrize(
    ("stating", "sentence"),
    [
        (("relative", "0.05", "%"), "设备 M 示值偏高 0.05 %：真值为 100 时显示 100.05。"),
        (("relative", "-0.5", "‰"), "设备 M 示值偏低 0.5 ‰：真值为 100 时显示 99.95。"),
        (("absolute", "-0.3", "kWh", "energy"), "设备 M 示值偏低 0.3 kWh（只涉及energy）：真值为 100 kWh 时显示 99.7 kWh。"),
        (("unknown",), "设备 M 超差，误差大小不明：列出涉及的证书，对每份的影响不明。"),
        (("certificate", "", "", "", "A", "B"), "设备 M 的证书 A 所给的值，改按证书 B 所给的值计算。"),
    ],
)  # fmt: skip
def test_what_was_entered_is_said_back(stating, sentence):
    assert said("M", *stating).zh == sentence


@pytest.mark.parametrize(
    "stating",
    [("relative", "0", "%"), ("relative", "x", "%"), ("relative", "0.05", "kWh"), ("relative", "0.05", ""),
     ("absolute", "1e999999", "kWh"), ("certificate", "", "", "", "A", ""), ("else", "1", "%"), ("relative", "NaN", "%")],
)  # fmt: skip
def test_nothing_is_said_back_of_what_cannot_be_read(stating):
    assert said("M", *stating) is None
    assert said("", "unknown") is None


def test_a_line_is_said_back_while_it_is_typed(client, lab):
    client.force_login(lab.lead)
    asked = {
        "form-1-device": lab.meter.pk,
        "form-1-statement": "relative",
        "form-1-amount": "-0.05",
        "form-1-unit": "%",
    }
    answer = text(client.get(address("said"), asked))
    assert "示值偏低 0.05 %" in answer and "起始日期留空时" in answer
    answer = text(client.get(address("line"), asked))
    assert 'name="form-1-old_certificate"' in answer and lab.meter.certificates.get().number in answer
    assert client.get(address("said"), {"form-0-device": "abc", "form-0-amount": "1"}).status_code == 200
    client.force_login(lab.technician)
    assert client.get(address("said"), asked).status_code != 200


def test_from_the_statement_to_the_end(client, lab):
    certificate(lab, "0.205", sealed=False)
    client.force_login(lab.lead)
    assert lab.meter.asset_number in text(client.get(address("new", device=lab.meter.asset_number)))
    line = stated(lab.meter, amount="0.5", since=f"{factories.today()}", evidence="送检前")
    answer = client.post(address("new"), line)
    case = RecallCase.objects.get()
    assert answer.headers["Location"] == address("case", case.pk)
    assert "示值偏高 0.5 %" in text(client.get(answer.headers["Location"]))
    client.post(address("edit", case.pk), line | {"what": "改过的说明"})
    client.post(address("trace", case.pk))
    assert "重新计算" in text(client.get(address("case", case.pk)))
    client.post(address("compute", case.pk))
    progress = client.get(address("progress", case.pk))
    assert "已计算 0 / 1" in text(progress) and "HX-Refresh" not in progress.headers
    work()
    progress = client.get(address("progress", case.pk))
    assert "已计算 1 / 1" in text(progress) and progress.headers["HX-Refresh"] == "true"
    page = text(client.get(address("case", case.pk)))
    assert "还有 1 份证书没有决定如何处理" in page and "结论改变" in page
    item = case.items.get()
    refused = client.post(address("close", case.pk), {"closing": "完"})
    assert refused.status_code == 422 and "recall_undecided" in text(refused)
    shown = text(client.get(address("item", case.pk, item.pk)))
    assert "不合格" in shown and "设备本身" in shown and "通知草稿" in shown
    answer = client.post(address("item", case.pk, item.pk), {"kind": "withdraw", "reason": "标准表偏高", "seen": ""})
    assert answer.status_code == 302 and Certificate.objects.get().state == "withdrawn"
    assert (
        client.post(address("item", case.pk, item.pk), {"kind": "notify", "reason": "x", "seen": ""}).status_code == 422
    )
    letters = text(client.get(address("letters", case.pk)))
    assert "我机构撤回该证书" in letters and item.certificate.number in letters
    assert client.post(address("close", case.pk), {"closing": "已处理"}).status_code == 302
    case.refresh_from_db()
    assert case.state == "closed" and case.what == "改过的说明"


def test_a_record_without_a_certificate_is_named(client, lab, flipped):
    client.force_login(lab.lead)
    assert "没有尚无证书的记录" in text(client.get(address("uncertified", flipped.pk)))
    lab.pile = factories.pile(lab.alpha, "EV-0002")
    record = factories.submitted(lab)
    assert record.number in text(client.get(address("uncertified", flipped.pk)))


def test_a_refusal_names_the_device_and_keeps_what_was_typed(client, lab):
    client.force_login(lab.lead)
    answer = client.post(address("new"), stated(lab.meter, amount="0"))
    assert answer.status_code == 422 and "设备 1：" in text(answer) and "标准表示值偏高" in text(answer)
    for wrong in (
        {"amount": "x"},
        {"statement": "certificate"},
        {"unit": "kWh"},
        {"device": ""},
        {"since": "2026-01-01"},
    ):
        assert client.post(address("new"), stated(lab.meter, **wrong)).status_code == 422, wrong
    assert client.post(address("new"), stated(lab.meter, device="999999")).status_code == 200
    assert client.post(address("new"), {"what": "x"}).status_code == 200
    assert not RecallCase.objects.exists()


def test_a_second_case_says_which_decisions_no_longer_hold(client, lab, flipped):
    item = flipped.items.get()
    decide(item, kind="withdraw", reason="偏高", by=lab.lead)
    client.force_login(lab.lead)
    form = text(client.get(address("supersede", flipped.pk)))
    assert 'value="0.5"' in form and "原追溯的结果随即不再作数" in form
    line = stated(lab.meter, amount="0.0001", since=f"{factories.today()}", evidence="送检前")
    client.post(address("supersede", flipped.pk), line)
    second = RecallCase.objects.latest("pk")
    client.post(address("trace", second.pk))
    client.post(address("compute", second.pk))
    work()
    shown = text(client.get(address("case", second.pk)))
    assert "不再成立" in shown and str(flipped) in shown
    assert "已撤回的证书不能恢复" in text(client.get(address("item", second.pk, second.items.get().pk)))
    assert str(second) in text(client.get(address("case", flipped.pk)))
    assert client.post(address("compute", flipped.pk)).status_code == 422


def test_a_draft_is_dropped_and_what_there_is_not_is_not_found(client, lab):
    case = open_case(by=lab.lead, what="试", findings=[relative(lab.meter, "0.05")])
    client.force_login(lab.lead)
    assert "放弃草稿" in text(client.get(address("case", case.pk)))
    close(case, by=lab.lead, closing="不成立")
    assert client.get(address("case", 999)).status_code == client.get(address("item", case.pk, 9)).status_code == 404
    assert client.get(address("trace", case.pk)).status_code == 405


# Below, the many certificates laid out once for the file; they stay, so that no further laboratory is set up after them.


def test_many_are_decided_by_ticks_or_by_the_filter(client, laid, monkeypatch):
    case = computed(laid, relative(laid.meter, "0.05"))
    client.force_login(laid.lead)
    url = address("decide_many", case.pk)
    first, second = case.items.order_by("pk")[:2]
    assert "没有勾选证书" in text(client.post(url, {"kind": "notify", "reason": "x"}))
    assert (
        client.post(url, {"kind": "", "reason": ""}).status_code == 200 and not case.items.exclude(decision="").exists()
    )
    client.post(url, {"kind": "notify", "reason": "x", "item": [first.pk, second.pk, "x"]})
    assert set(case.items.exclude(decision="").values_list("pk", flat=True)) == {first.pk, second.pk}
    client.post(f"{url}?part=flips", {"kind": "notify", "reason": "结论改变", "which": "all"})
    assert not case.items.filter(flip=True, decision="").exists() and case.items.filter(decision="").exists()
    # One that is withdrawn elsewhere is refused by name and holds up nobody.
    gone, other = case.items.filter(decision="").order_by("pk")[:2]
    Certificate.objects.filter(pk=gone.certificate_id).update(state="withdrawn", state_reason="另案")
    answer = client.post(url, {"kind": "withdraw", "reason": "x", "item": [gone.pk, other.pk]})
    assert "已决定 1 份，1 份未能执行" in text(answer) and gone.certificate.number in text(answer)
    monkeypatch.setattr(rules, "MOST_AT_ONCE", 1)
    answer = client.post(url, {"kind": "withdraw", "reason": "x", "which": "all"})
    assert answer.status_code == 422 and "recall_too_many" in text(answer)


def test_the_list_is_narrowed_paged_and_exported(client, laid):
    case = computed(laid, relative(laid.meter, "0.05"))
    client.force_login(laid.auditor)
    assert {code for code, _label in ChosenForm.base_fields["part"].choices} == set(PARTS)
    page = client.get(address("case", case.pk))
    assert len(page.context["rows"]) == 50 and page.context["rows"][0].flip, "flips come first"
    assert len(client.get(address("case", case.pk) + page.context["more_url"]).context["rows"]) == 50
    customer = page.context["totals"].customers[0]
    for asked, count in (
        ({"part": "flips"}, case.items.filter(flip=True).count()),
        ({"organisation": customer[0].pk}, customer[1]),
        ({"query": page.context["rows"][0].certificate.number}, 1),
        ({"part": "nonsense", "year": "x"}, case.touched),
        ({"year": page.context["totals"].years[0][0]}, page.context["totals"].years[0][1]),
    ):
        lines = b"".join(client.get(address("csv", case.pk), asked).streaming_content).decode("utf-8-sig").splitlines()
        assert len(lines) == count + 1, asked
        assert len(client.get(address("case", case.pk), asked).context["rows"]) == min(count, 50), asked
    assert lines[0].startswith("certificate,state,customer")


def test_questions_do_not_grow_with_what_is_touched(client, laid):
    case = computed(laid, relative(laid.meter, "0.05", since=factories.today() - timedelta(days=200), evidence="x"))
    client.force_login(laid.lead)

    def asked(one):
        client.get(address("case", one.pk))
        with CaptureQueriesContext(connection) as seen:
            client.get(address("case", one.pk))
        return len(seen)

    few = asked(case)
    second = supersede(
        case, by=laid.lead, what="更早", findings=[relative(laid.meter, "0.05", since=laid.first_day, evidence="x")]
    )
    trace(second, by=laid.lead)
    assert second.items.count() > 2 * case.items.count()
    assert asked(second) <= few + 3, "the case it supersedes, and what was decided there"
    assert few <= 30

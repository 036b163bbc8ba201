"""The pages of benches, profiles and the wizard: who sees what, what is refused with a reason, how many queries they take."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from devices.models import Bench, CaptureSession, Command, Frame, Port, RigProfile
from devices.services import approve_profile, ingest, open_session, poll, register_profile
from lims.audit.models import Event
from lims.core.text import Refused
from lims.people.models import Organisation

from .conftest import PROFILE, TOKEN, frames, header, person, reading

LOOKERS = ("technician", "checker", "quality_manager", "auditor", "technical_lead", "administrator")


@pytest.fixture
def people(line):
    customers = Organisation.objects.create(kind="customer", name="客户")
    found = {role: person(f"u-{role}", role) for role in LOOKERS}
    found["customer"] = person("u-customer", "customer", organisation=customers)
    found["stranger"] = person("u-stranger", organisation=customers)
    return found


@pytest.fixture
def as_(client, people):
    def signed_in(role):
        client.force_login(people[role])
        return client

    return signed_in


def addresses(line) -> dict[str, str]:
    sha = line.port.profile.sha256
    return {
        "bench": reverse("devices:bench", args=[line.bench.pk]),
        "profile": reverse("devices:profile", args=[sha]),
        "profile_reread": reverse("devices:profile_reread", args=[sha]),
    }


def test_reading_pages_are_for_staff_and_auditors(as_, line, people):
    for address in addresses(line).values():
        for role in LOOKERS:
            assert as_(role).get(address).status_code == 200, (role, address)
        for role in ("customer", "stranger"):
            assert as_(role).get(address).status_code == 404, (role, address)
    for role in LOOKERS:
        assert as_(role).get(reverse("devices:profile_list")).status_code == 200
        assert as_(role).get(reverse("devices:installed")).status_code == 200
    assert as_("customer").get(reverse("devices:profile_list")).status_code == 404


def test_nobody_sees_anything_without_signing_in(client, line):
    for address in (*addresses(line).values(), *(reverse(f"devices:{name}") for name in
                    ("profile_list", "profile_new", "wizard", "bench_new", "installed"))):  # fmt: skip
        assert client.get(address).status_code == 302
    for name, args in (("wizard_try", []), ("bench_token", [line.bench.pk]), ("wizard_save", []),
                       ("profile_approve", [line.port.profile.sha256])):  # fmt: skip
        assert client.post(reverse(f"devices:{name}", args=args)).status_code == 302


WRITERS = {
    "bench_new": {"technical_lead", "administrator"},
    "bench_disable": {"technical_lead", "administrator"},
    "port_new": {"technical_lead", "administrator"},
    "port_bind": {"technical_lead", "administrator"},
    "profile_new": {"technician", "technical_lead", "administrator"},
    "wizard": {"technician", "technical_lead", "administrator"},
    "profile_withdraw": {"technical_lead"},
}


def test_writing_pages_are_refused_with_a_reason(as_, line, people):
    arguments = {
        "bench_disable": [line.bench.pk], "port_new": [line.bench.pk], "port_bind": [line.port.pk],
        "profile_withdraw": [line.port.profile.sha256],
    }  # fmt: skip
    for name, allowed in WRITERS.items():
        address = reverse(f"devices:{name}", args=arguments.get(name, []))
        for role in (*LOOKERS, "customer", "stranger"):
            status = as_(role).get(address).status_code
            assert status == (200 if role in allowed else 422 if role in LOOKERS else status), (name, role)
            assert role in allowed or status in (404, 422), (name, role)


def test_a_bench_gets_its_token_once_and_the_old_one_dies_with_the_new(as_, line):
    lead = as_("technical_lead")
    page = lead.post(reverse("devices:bench_new"), {"name": "三号工位"})
    bench = Bench.objects.get(name="三号工位")
    token = page.content.decode().partition('id="token" class="digest">')[2].partition("<")[0]
    assert len(token) > 40 and page["Cache-Control"] == "no-store"
    assert token not in lead.get(reverse("devices:bench", args=[bench.pk])).content.decode()

    def knock(with_token):
        return lead.post(
            "/devices/api/bench/poll", "{}", "application/json", headers={"Authorization": f"Bench {with_token}"}
        ).status_code

    assert knock(token) == 200
    new = lead.post(reverse("devices:bench_token", args=[bench.pk])).content.decode()
    new_token = new.partition('id="token" class="digest">')[2].partition("<")[0]
    assert (knock(token), knock(new_token)) == (401, 200)
    lead.post(reverse("devices:bench_disable", args=[bench.pk]), {"why": "维修"})
    assert knock(new_token) == 401
    lead.post(reverse("devices:bench_enable", args=[bench.pk]))
    assert knock(new_token) == 200
    verbs = set(Event.objects.filter(object_label="三号工位").values_list("verb", flat=True))
    assert verbs == {"bench.registered", "bench.token_rotated", "bench.disabled", "bench.enabled"}
    assert not Event.objects.filter(payload__contains=token).exists()
    assert lead.post(reverse("devices:bench_new"), {"name": "三号工位"}).status_code == 422


def test_a_technician_cannot_install(as_, line):
    technician = as_("technician")
    for name in ("bench_token", "bench_enable"):
        assert technician.post(reverse(f"devices:{name}", args=[line.bench.pk])).status_code == 422
    assert technician.post(reverse("devices:port_unbind", args=[line.port.pk])).status_code == 422
    assert technician.post(reverse("devices:profile_approve", args=[line.port.profile.sha256])).status_code == 422


def test_a_reported_port_is_bound_and_unbound(as_, line):
    poll(line.bench, {"ports": [{"name": "ttyUSB0", "profile": "", "state": "idle"}]})
    port = Port.objects.get(name="ttyUSB0")
    lead = as_("technical_lead")
    assert "待绑定" in lead.get(reverse("devices:bench", args=[line.bench.pk])).content.decode()
    data = {"profile": line.port.profile_id, "equipment": line.port.equipment_id}
    assert lead.post(reverse("devices:port_bind", args=[port.pk]), data).status_code == 302
    port.refresh_from_db()
    assert port.profile == line.port.profile
    lead.post(reverse("devices:port_unbind", args=[port.pk]))
    port.refresh_from_db()
    assert port.profile is None and port.equipment is None


def draft_text() -> str:
    return PROFILE.replace('id = "evse-ac-modbus"', 'id = "evse-copy"')


def test_a_version_is_registered_approved_and_withdrawn(as_, line, people):
    technician = as_("technician")
    file = SimpleUploadedFile("my.toml", draft_text().encode())
    answer = technician.post(reverse("devices:profile_new"), {"file": file})
    row = RigProfile.objects.get(identifier="evse-copy")
    assert answer.status_code == 302 and row.sha256 in answer["Location"] and row.state == "draft"
    again = technician.post(reverse("devices:profile_new"), {"text": draft_text().replace("\n", "\r\n")})
    assert again["Location"] == answer["Location"], "the same text is the same version, whatever its line ends"
    Port.objects.filter(pk=line.port.pk).update(profile=row)
    line.port.refresh_from_db()
    with pytest.raises(Refused) as refused:
        open_session(line.port, by=line.technician)
    assert [one.code for one in refused.value.reasons] == ["profile_not_approved"]
    lead = as_("technical_lead")
    assert lead.post(reverse("devices:profile_withdraw", args=[row.sha256]), {"why": "x"}).status_code == 422
    lead.post(reverse("devices:profile_approve", args=[row.sha256]))
    row.refresh_from_db()
    assert (row.state, row.approved_by) == ("approved", people["technical_lead"])
    page = lead.get(reverse("devices:profile", args=[row.sha256])).content.decode()
    assert "批准装置配置" in page and "u-technical_lead" in page
    assert lead.post(reverse("devices:profile_withdraw", args=[row.sha256]), {"why": "  "}).status_code == 200
    lead.post(reverse("devices:profile_withdraw", args=[row.sha256]), {"why": "量程写错"})
    line.port.refresh_from_db()
    with pytest.raises(Refused) as refused:
        open_session(line.port, by=line.technician)
    assert [one.code for one in refused.value.reasons] == ["profile_withdrawn"]
    assert "量程写错" in lead.get(reverse("devices:profile", args=[row.sha256])).content.decode()
    verbs = list(Event.objects.filter(object_id=str(row.pk), object_type="devices.rigprofile").order_by("pk")
                 .values_list("verb", flat=True))  # fmt: skip
    assert verbs == ["profile.registered", "profile.approved", "profile.withdrawn"]
    lead.post(reverse("devices:profile_approve", args=[row.sha256]))
    row.refresh_from_db()
    assert row.usable


def test_every_mistake_of_a_file_is_named(as_, line):
    technician = as_("technician")
    wrong = draft_text().replace('quantity = "voltage"', 'quantitty = "voltage"', 1)
    answer = technician.post(reverse("devices:profile_new"), {"text": wrong})
    assert answer.status_code == 422 and "polls[0].channels[0].quantitty" in answer.content.decode()
    file = SimpleUploadedFile("my.toml", b"\xff\xfe\x00")
    assert "UTF-8" in technician.post(reverse("devices:profile_new"), {"file": file}).content.decode()
    assert technician.post(reverse("devices:profile_new"), {}).status_code == 200
    assert not RigProfile.objects.filter(identifier="evse-copy").exists()


@pytest.fixture
def long_session(line) -> CaptureSession:
    session = open_session(line.port, by=line.technician)
    made = frames(session, 600)
    ingest(line.bench, {"session": str(session.pk), "header": header(session), "frames": made,
                        "readings": [{**reading(n), "tx": n, "rx": n + 1} for n in range(1, 500)]})  # fmt: skip
    return session


def test_the_page_of_a_session_takes_the_same_queries_at_any_length(
    as_, line, long_session, django_assert_max_num_queries
):
    auditor = as_("auditor")
    address = reverse("devices:session", args=[long_session.pk])
    with django_assert_max_num_queries(12):
        page = auditor.get(address).content.decode()
    assert 'id="frame-100"' in page and 'id="frame-101"' not in page
    with django_assert_max_num_queries(12):
        middle = auditor.get(address, {"at": "450"}).content.decode()
    assert 'id="frame-450"' in middle and 'id="frame-449"' not in middle
    following = middle.partition("?after=")[2].partition('"')[0]
    assert 'id="frame-550"' in auditor.get(f"{address}?after={following}").content.decode()
    for wrong in ("x", "-1", "9" * 40, "１"):
        assert auditor.get(address, {"at": wrong, "after": wrong}).status_code == 200
    assert Frame.objects.filter(session=long_session).count() == 600


@pytest.mark.parametrize("name", ["installed", "bench", "profile", "profile_list", "wizard"])
def test_lists_do_not_grow_queries_with_their_rows(as_, line, name, django_assert_max_num_queries):
    address = addresses(line).get(name) or reverse(f"devices:{name}")
    lead = as_("technical_lead")
    for number in range(6):
        row = register_profile(PROFILE.replace('revision = "1"', f'revision = "1{number}"'), by=None)
        Port.objects.create(bench=line.bench, name=f"p{number}", profile=row, equipment=line.port.equipment)
    with django_assert_max_num_queries(14):
        assert lead.get(address).status_code == 200


# The wizard


@pytest.fixture
def bare(line) -> Port:
    poll(line.bench, {"ports": [{"name": "bare", "profile": "", "state": "idle"}]})
    return Port.objects.get(name="bare")


ASK = {"baud": "9600", "bits": "8", "parity": "N", "stop": "1", "listen_ms": "800", "kind": "line", "mode": "text",
       "send": "R", "send_terminator": "CR LF"}  # fmt: skip
LINE = b"WT:+  1.2340 kg ST\r\n"


def answer_with(line, raw: bytes) -> Command:
    """The bench carries out the try that waits and gives these bytes back."""
    poll(line.bench, {})
    order = Command.objects.get(do="try", done_at=None)
    frames_ = [{"dir": "t", "hex": order.payload["try"]["send"], "ms": 0}, {"dir": "r", "hex": raw.hex(), "ms": 9}]
    poll(line.bench, {"done": [{"id": str(order.pk), "ok": True, "text": "", "result": {"frames": frames_}}]})
    order.refresh_from_db()
    return order


def test_from_the_answer_to_an_approved_profile(as_, line, bare):
    technician = as_("technician")
    assert "等待工位取走询问" in technician.post(
        reverse("devices:wizard_try"), {**ASK, "port": bare.pk}).content.decode()  # fmt: skip
    order = answer_with(line, LINE)
    page = technician.get(reverse("devices:wizard_answer", args=[order.pk])).content.decode()
    assert "57 54 3A 2B" in page and "WT:+  1.2340 kg ST" in page and 'data-kind="number"' in page
    clicked = technician.post(reverse("devices:wizard_propose"), {"order": str(order.pk), "line": "0", "click": "2"})
    assert 'value="2:number,4:unit,6:state"' in clicked.content.decode()
    form = {
        "order": str(order.pk), "line": "0", "marks": "2:number,4:unit,6:state", "stable": "ST", "draft_id": "new-rig",
        "draft_title": "新天平", "c0-source": "t2", "c0-id": "m", "c0-title_zh": "质量", "c0-unit": "mass|kg",
        "c0-resolution": "0.0001",
    }  # fmt: skip
    technician.post(reverse("devices:wizard_test"), form)
    for _ in range(3):
        last = answer_with(line, LINE)
    first = last.payload["series"]
    tested = technician.get(reverse("devices:wizard_tested", args=[first])).content.decode()
    assert 'data-tested="good"' in tested and tested.count("1.2340") == 3
    saved = technician.post(reverse("devices:wizard_save"), form)
    row = RigProfile.objects.get(identifier="new-rig")
    assert saved["HX-Redirect"] == reverse("devices:profile", args=[row.sha256]) and row.state == "draft"
    assert approve_profile(row, by=None).usable


def test_what_no_profile_can_be_is_said_at_its_field(as_, line, bare):
    technician = as_("technician")
    technician.post(reverse("devices:wizard_try"), {**ASK, "port": bare.pk})
    order = answer_with(line, LINE)
    form = {
        "order": str(order.pk),
        "line": "0",
        "marks": "2:number",
        "draft_id": "",
        "draft_title": "",
        "c0-source": "t2",
    }
    for name in ("wizard_test", "wizard_save"):
        answer = technician.post(reverse(f"devices:{name}"), form)
        assert answer.status_code == 422 and "标识：" in answer.content.decode() and "单位：" in answer.content.decode()
    answer = technician.post(reverse("devices:wizard_save"), {**form, "marks": ""})
    assert "请先在回答中点选数值" in answer.content.decode()
    assert not RigProfile.objects.filter(identifier="").exists()


def test_registers_are_found_by_what_the_display_shows(as_, line, bare):
    from devices.protocols import modbus_rtu

    technician = as_("technician")
    asked = {**ASK, "kind": "modbus-rtu", "unit_address": "1", "function": "3", "address": "0", "count": "6"}
    technician.post(reverse("devices:wizard_try"), {**asked, "port": bare.pk})
    reply = modbus_rtu.sealed(bytes.fromhex("01030C4366199A4248147B3F7F7CEE"))
    order = answer_with(line, reply)
    assert order.payload["try"]["send"] == "010300000006c5c8"
    data = {"order": str(order.pk), "shown": "230.1"}
    page = technician.post(reverse("devices:wizard_propose"), data).content.decode()
    assert 'data-candidate="0|f32|ABCD|0|1"' in page
    clicked = technician.post(
        reverse("devices:wizard_propose"), {"order": str(order.pk), "pick_register": "2"}
    ).content.decode()
    assert 'data-register="5"' in clicked
    assert all(
        f'data-candidate="{key}"' in clicked
        for key in ("2|u16|AB|0|1", "2|f32|ABCD|0|1", "2|f32|DCBA|0|1", "2|f64|GHEFCDAB|0|1")
    )
    assert "50.02" in clicked and "16968" in clicked  # 4248 as a whole number
    form = {**data, "picks": "0|f32|ABCD|0|1", "draft_id": "new-modbus", "draft_title": "新表", "c0-source": "0|f32|ABCD|0|1",
            "c0-id": "U", "c0-unit": "voltage|V", "c0-resolution": "0.1"}  # fmt: skip
    assert technician.post(reverse("devices:wizard_save"), form).status_code == 204
    text = RigProfile.objects.get(identifier="new-modbus").text
    assert 'type = "f32"' in text and "count = 6" in text


@pytest.mark.parametrize(
    ("file", "read", "said"),
    [
        (b"TX: 01 03 00 00 00 06 C5 C8\nRX: 01 03 0C 43 66 19 9A 42 48 14 7B 3F 7F 7C EE 42 6D\n", "1/1", "230.1"),
        (bytes.fromhex("010300000006C5C801030C4366199A4248147B3F7F7CEE426D0103"), "1/1", "230.1"),
        (
            b"TX: 01 03 00 20 00 06 00 00\nRX: 01 03 0C 43 66 19 9A 42 48 14 7B 3F 7F 7C EE 42 6D\n",
            "0/1",
            "没有这个询问",
        ),
    ],
)
def test_a_capture_is_replayed_through_the_draft(as_, line, bare, file, read, said):
    technician = as_("technician")
    asked = {**ASK, "kind": "modbus-rtu", "unit_address": "1", "function": "3", "address": "0", "count": "6"}
    technician.post(reverse("devices:wizard_try"), {**asked, "port": bare.pk})
    order = answer_with(line, bytes.fromhex("01030C4366199A4248147B3F7F7CEE426D"))
    key = "0|f32|ABCD|0|1"
    form = {"order": str(order.pk), "picks": key, "draft_id": "new-modbus", "draft_title": "新表", "c0-source": key,
            "c0-id": "U", "c0-unit": "voltage|V", "c0-resolution": "0.1", "c0-scale": "1"}  # fmt: skip
    answer = technician.post(reverse("devices:wizard_replay"), {**form, "file": SimpleUploadedFile("log.txt", file)})
    page = answer.content.decode()
    assert answer.status_code == 200 and f'data-replayed="{read}"' in page and said in page
    for wrong in ({**form, "file": SimpleUploadedFile("log.txt", b"")}, form, {**form, "c0-scale": "1|2"}):
        assert technician.post(reverse("devices:wizard_replay"), wrong).status_code == 422


def test_a_bcd_item_is_found_by_what_the_display_shows(as_, line, bare):
    from devices.protocols import dlt645

    technician = as_("technician")
    asked = {**ASK, "kind": "dlt645-2007", "meter": "123456781012", "di": "02010100", "parity": "E"}
    technician.post(reverse("devices:wizard_try"), {**asked, "port": bare.pk})
    value = bytes.fromhex("00010102") + bytes.fromhex("3122")
    order = answer_with(line, dlt645.Frame("123456781012", 0x91, value).encode(4))
    data = {"order": str(order.pk), "shown": "223.1"}
    page = technician.post(reverse("devices:wizard_propose"), data).content.decode()
    assert 'data-candidate="0|XXX.X||0|1"' in page
    form = {**data, "picks": "0|XXX.X||0|1", "draft_id": "new-meter", "draft_title": "新电能表",
            "c0-source": "0|XXX.X||0|1", "c0-id": "Ua", "c0-unit": "voltage|V"}  # fmt: skip
    assert technician.post(reverse("devices:wizard_save"), form).status_code == 204
    assert 'format = "XXX.X"' in RigProfile.objects.get(identifier="new-meter").text


def test_wrong_questions_and_silence_are_explained(as_, line, bare):
    technician = as_("technician")
    for wrong in ({"mode": "hex", "send": "5"}, {"send": "天平"}, {"baud": "1"}, {"kind": "snail"}, {"listen_ms": ""}):
        answer = technician.post(reverse("devices:wizard_try"), {**ASK, "port": bare.pk, **wrong})
        assert answer.status_code == 422 and "请改正" in answer.content.decode(), wrong
    assert technician.post(reverse("devices:wizard_try"), {**ASK, "port": 999_999}).status_code == 404
    technician.post(reverse("devices:wizard_try"), {**ASK, "port": bare.pk})
    order = answer_with(line, b"")
    assert "仪器没有回答" in technician.get(reverse("devices:wizard_answer", args=[order.pk])).content.decode()
    for other in ("x", "0" * 32, ""):
        assert technician.post(reverse("devices:wizard_propose"), {"order": other}).status_code == 404
    assert technician.get(reverse("devices:wizard_tested", args=[order.pk])).status_code == 404
    assert as_("customer").get(reverse("devices:wizard_answer", args=[order.pk])).status_code in (404, 422)


def test_the_token_of_a_bench_is_nowhere_in_the_database(line):
    assert not Bench.objects.filter(token_sha256=TOKEN).exists()

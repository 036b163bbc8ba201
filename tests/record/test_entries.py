"""Values in a draft: judged one by one, stored once, corrected with a reason, taken from a rig only when they are its own."""

import uuid

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse

from instruments.models import Entry, Record
from instruments.selectors.record import record_data, sheet
from instruments.services import entries, recording, work
from lims.audit.models import Event
from lims.core.text import Refused
from tests import factories

pytestmark = pytest.mark.django_db
PATH = "items.working_error.rows[0].runs[0].E_pile_start"
STANDARD = "items.working_error.rows[0].runs[0].E_std_start"


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def record(lab):
    return factories.recording_(lab)


def codes(saved):
    return [reason.code for _draft, reasons in saved.refused for reason in reasons]


def test_a_value_is_stored_with_its_person_and_time_and_shown_in_the_record_data(lab, record):
    saved = factories.type_(record, lab.technician, PATH, "1.000")
    entry = Entry.objects.get()
    assert (entry.value, entry.origin, entry.by, entry.replaces) == ("1.000", "typed", lab.technician, None)
    assert saved.saved[0][1:] == ("1.000", "typed", False)
    assert record_data(record)["items"]["working_error"]["rows"][0]["runs"][0]["E_pile_start"] == "1.000"


def test_an_entry_sent_twice_is_stored_once(lab, record):
    one = factories.draft(PATH, "1.000")
    entries.save_entries(record, by=lab.technician, drafts=[one])
    again = entries.save_entries(record, by=lab.technician, drafts=[one, one])
    assert [len(again.saved), Entry.objects.count()] == [2, 1]
    assert not again.refused and not again.clashes


def test_ten_values_are_one_commit_and_one_event(lab, record, django_assert_max_num_queries):
    drafts = [factories.draft(path, value) for path, value in list(factories.complete_values(record).items())[:10]]
    before = Event.objects.count()
    with django_assert_max_num_queries(14):
        entries.save_entries(record, by=lab.technician, drafts=drafts)
    assert Entry.objects.count() == 10
    assert Event.objects.count() == before + 1


def test_a_correction_needs_a_reason_and_keeps_the_old_value(lab, record):
    factories.type_(record, lab.technician, PATH, "1.000")
    refused = factories.type_(record, lab.technician, PATH, "1.001", previous="1.000")
    assert codes(refused) == ["reason_required"]
    for wrong in ({"why_code": "because"}, {"why_code": "other"}):
        assert codes(factories.type_(record, lab.technician, PATH, "1.001", previous="1.000", **wrong)) == [
            "reason_required"
        ]
    factories.type_(record, lab.technician, PATH, "1.001", previous="1.000", why_code="other", why="表计翻转")
    old, new = Entry.objects.order_by("pk")
    assert (old.value, new.value, new.replaces, new.why) == ("1.000", "1.001", old, "表计翻转")
    assert sheet(record).entries[PATH] == new


def test_clearing_a_value_is_a_correction_too(lab, record):
    factories.type_(record, lab.technician, PATH, "1.000")
    assert codes(factories.type_(record, lab.technician, PATH, "", previous="1.000")) == ["reason_required"]
    factories.type_(record, lab.technician, PATH, "", previous="1.000", why_code="wrong_cell")
    assert record_data(record)["items"]["working_error"]["rows"][0]["runs"][0]["E_pile_start"] == ""


def test_two_changes_of_one_place_in_one_batch_follow_one_another(lab, record):
    batch = [
        factories.draft(PATH, "1.000"),
        factories.draft(PATH, "1.002", previous="1.000", why_code="typing_slip"),
        factories.draft(PATH, "1.003", previous="1.002", why_code="typing_slip"),
    ]
    entries.save_entries(record, by=lab.technician, drafts=batch)
    assert [one.value for one in Entry.objects.order_by("pk")] == ["1.000", "1.002", "1.003"]
    assert sheet(record).entries[PATH].value == "1.003"


def test_a_value_changed_elsewhere_meanwhile_is_a_conflict_that_names_it(lab, record):
    factories.type_(record, lab.technician, PATH, "1.000")
    saved = entries.save_entries(
        record,
        by=lab.technician,
        drafts=[factories.draft(PATH, "2.000"), factories.draft("environment.humidity[0]", "51")],
    )
    assert [clash.theirs.value for clash in saved.clashes] == ["1.000"]
    assert [draft.path for draft, *_rest in saved.saved] == ["environment.humidity[0]"]
    assert not factories.type_(record, lab.technician, PATH, "1.000").clashes


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("items.working_error.rows[0].runs[9].E_pile_start", "1", "unknown_place"),
        ("items.working_error.rows[0].point", "p9", "unknown_place"),
        ("constants.gamma0", "5", "unknown_place"),
        ("parameters.accuracy_class", "1", "unknown_place"),
        ("parameters.method", "by ear", "not_a_choice"),
        ("__class__.x", "1", "unknown_place"),
        (PATH, "abc", "not_a_number"),
        (PATH, "1e3", "not_a_number"),
        (PATH, "１２", "not_a_number"),
        (PATH, "NaN", "not_a_number"),
        (PATH, " 1.0", "not_a_value"),
        (PATH, "1" * 600, "not_a_value"),
        ("judged.appearance.marks.result", "good", "not_a_result"),
        ("environment.temperature[0]", "warm", "not_a_number"),
    ],
)
def test_what_does_not_belong_is_refused_with_what_to_do(lab, record, path, value, code):
    refused = factories.type_(record, lab.technician, path, value)
    assert codes(refused) == [code]
    assert all(reason.action for _draft, reasons in refused.refused for reason in reasons)
    assert not Entry.objects.exists()


def test_a_parameter_with_a_closed_list_is_chosen_on_the_sheet_and_one_without_is_a_number(client, lab):
    lab.pile.parameters = {key: value for key, value in lab.pile.parameters.items() if key != "I_max"}
    lab.pile.save()
    record = factories.recording_(lab)
    client.force_login(lab.technician)
    page = client.get(reverse("instruments:record_sheet", args=[record.pk])).content.decode()
    select = page[page.index('<select class="sheet-input" name="parameters.method"') :]
    assert '<option value="pulse">' in select[: select.index("</select>")]
    assert '<option value="reading" selected>' in select[: select.index("</select>")]
    assert 'data-path="parameters.I_max"' in page
    assert codes(factories.type_(record, lab.technician, "parameters.I_max", "many")) == ["not_a_number"]
    assert not factories.type_(record, lab.technician, "parameters.I_max", "32").refused
    assert not factories.type_(record, lab.technician, "parameters.method", "pulse").refused
    assert sheet(record).data["parameters"]["method"] == "pulse"


def test_a_rig_value_points_at_its_reading(lab, record):
    session = factories.session(lab.technician, lab.meter)
    recording.use_session(record, by=lab.technician, session=session)
    read = factories.reading(session, "5.123456")
    saved = entries.save_entries(
        record, by=lab.technician, drafts=[factories.draft(STANDARD, "5.123456", reading=read.pk)]
    )
    entry = Entry.objects.get()
    assert (entry.origin, entry.reading, entry.quality) == ("rig", read, "good")
    assert saved.saved[0][2] == "rig"


@pytest.mark.parametrize(
    ("changes", "value", "path", "code"),
    [
        ({"quality": "timeout"}, "5.1", STANDARD, "reading_not_good"),
        ({}, "5.2", STANDARD, "reading_differs"),
        ({"quantity": "current", "unit": "A", "channel": "I"}, "5.1", STANDARD, "reading_of_other_quantity"),
        ({"unit": "Wh"}, "5.1", STANDARD, "reading_in_other_unit"),
        ({}, "5.1", PATH, "reading_of_other_quantity"),
    ],
)
def test_a_reading_that_does_not_fit_is_no_value(lab, record, changes, value, path, code):
    session = factories.session(lab.technician, lab.meter)
    recording.use_session(record, by=lab.technician, session=session)
    read = factories.reading(session, "5.1", **changes)
    refused = entries.save_entries(record, by=lab.technician, drafts=[factories.draft(path, value, reading=read.pk)])
    assert codes(refused) == [code]


def test_a_reading_of_a_strange_session_or_none_at_all_is_refused(lab, record):
    read = factories.reading(factories.session(lab.technician, lab.meter), "5.1")
    for key, code in ((read.pk, "reading_of_other_session"), (0, "reading_unknown")):
        refused = entries.save_entries(
            record, by=lab.technician, drafts=[factories.draft(STANDARD, "5.1", reading=key)]
        )
        assert codes(refused) == [code]


def test_a_session_of_a_colleague_cannot_serve_the_record(lab, record):
    session = factories.session(lab.colleague, lab.meter)
    with pytest.raises(Refused) as refused:
        recording.use_session(record, by=lab.technician, session=session)
    assert refused.value.reasons[0].code == "session_of_another"


def test_only_the_technician_writes_and_only_in_a_draft(lab):
    record = factories.submitted(lab)
    for who in (lab.technician, lab.colleague, lab.customer, lab.stranger):
        with pytest.raises(Refused):
            factories.type_(record, who, PATH, "9.000")


def test_an_entry_can_never_be_changed_or_deleted(lab, record):
    factories.type_(record, lab.technician, PATH, "1.000")
    for statement in ("UPDATE instruments_entry SET value = '9'", "DELETE FROM instruments_entry"):
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.update(value="9")


class TestEndpoint:
    """The JSON that the sheet speaks."""

    def url(self, record: Record) -> str:
        return reverse("instruments:record_entries", args=[record.pk])

    def patch(self, client, record, *entries_):
        return client.patch(
            self.url(record),
            {"entries": list(entries_)},
            content_type="application/json",
            headers={"accept": "application/json"},
        )

    def entry(self, path, value, **more):
        return {"entry": str(uuid.uuid4()), "path": path, "value": value, "previous": "", "source": "typed", **more}

    def test_saved_refused_and_conflicting_entries_are_told_apart(self, client, lab, record):
        client.force_login(lab.technician)
        good = self.patch(client, record, self.entry(PATH, "1.000", made_at="2026-11-21T09:00:00.000Z"))
        assert good.status_code == 200
        assert good.json()["saved"][0]["value"] == "1.000"
        assert good.json()["evaluation"]["conclusion"] == "incomplete"
        bad = self.patch(client, record, self.entry(PATH, "x", previous="1.000"), {"entry": "no", "path": 3})
        assert bad.status_code == 422
        assert {one["reasons"][0]["code"] for one in bad.json()["refused"]} == {"not_a_number", "malformed"}
        clash = self.patch(client, record, self.entry(PATH, "3.000"), self.entry("environment.humidity[0]", "50"))
        assert clash.status_code == 409
        assert clash.json()["conflicts"][0] | {"at": ""} == {
            "entry": clash.json()["conflicts"][0]["entry"], "path": PATH, "yours": "3.000", "theirs": "1.000",
            "by": "检定员甲", "at": "",
        }  # fmt: skip
        assert [one["path"] for one in clash.json()["saved"]] == ["environment.humidity[0]"]
        state = client.get(self.url(record)).json()
        assert state["values"][PATH] == {"value": "1.000", "origin": "typed", "corrected": False}
        assert state["editable"] is True

    def test_garbage_is_answered_with_a_sentence(self, client, lab, record):
        client.force_login(lab.technician)
        for body in ("{", "[]", '{"entries": 3}'):
            answer = client.patch(self.url(record), body, content_type="application/json")
            assert answer.status_code == 400
            assert answer.json()["reasons"][0]["code"] == "malformed"

    def test_after_submitting_every_entry_is_refused_with_the_way_out(self, client, lab):
        record = factories.submitted(lab)
        client.force_login(lab.technician)
        answer = self.patch(client, record, self.entry(PATH, "9.000"))
        assert answer.status_code == 422
        assert answer.json()["editable"] is False
        assert answer.json()["refused"][0]["reasons"][0]["code"] == "record_closed"

    def test_the_reasons_speak_the_readers_language(self, client, lab, record):
        client.force_login(lab.technician)
        client.cookies["django_language"] = "en"
        answer = self.patch(client, record, self.entry(PATH, "x"))
        assert answer.json()["refused"][0]["reasons"][0]["text"].endswith("is not a decimal number")


def test_the_record_of_the_next_attempt_begins_with_the_values_of_the_one_before(lab):
    first = factories.submitted(lab)
    task = factories.fresh(first.task)
    task = work.return_(task, by=lab.checker, version=task.version, reason="起始示值请复核")
    second = recording.start(task, by=lab.technician, version=task.version, serial=lab.pile.serial)
    assert (second.attempt, second.number) == (2, f"{task.number}-2")
    assert sheet(second).entries[PATH].value == "1.000"
    factories.type_(second, lab.technician, PATH, "1.002", previous="1.000", why_code="misread")
    again = recording.submit(task, by=lab.technician, version=factories.fresh(task).version)
    assert Record.objects.get(pk=first.pk).sha256 == first.sha256
    assert '"value":"1.002"' in again.facts and '"value":"1.002"' not in first.facts
    assert sheet(Record.objects.get(pk=first.pk)).entries[PATH].value == "1.000"

"""The evening's reminders: the evening before, once a step, to those who have to see to it, and made up for when missed."""

import smtplib
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lims.core import clock, jobs
from lims.core.models import Job
from lims.core.text import Reason
from lims.environment import hour
from lims.home import probes, services
from lims.home.models import Reminded, ReminderMail, ReminderRun
from lims.home.selectors import endings, grouped, is_reminded
from lims.home.services import reminding
from lims.people.models import User
from standards import services as keeping
from standards.models import ExaminationCase, MeasurementStandard, StandardLicence, StandardPerson
from tests import factories

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Asia/Shanghai")
DAY = date(2026, 11, 23)


@pytest.fixture
def at(monkeypatch):
    """Moves the clock: a day and an hour at the institute."""

    def move(day: date, hour: int = 18, minute: int = 1) -> datetime:
        now = datetime.combine(day, time(hour, minute), tzinfo=ZONE)
        monkeypatch.setattr(clock, "now", lambda: now)
        monkeypatch.setattr(clock, "today", lambda: day)
        return now

    return move


@pytest.fixture
def lab(at):
    at(DAY)
    found = factories.laboratory()
    User.objects.filter(organisation=found.institute).update(email="")
    for key in ("quality", "lead"):
        User.objects.filter(pk=getattr(found, key).pk).update(email=f"{key}@example.invalid")
        getattr(found, key).refresh_from_db()
    return found


@pytest.fixture
def meter(lab):
    """The reference meter, valid up to the day after DAY; nothing else ends within half a year."""
    factories.certify(lab.meter, until=DAY + timedelta(days=1))
    return lab.meter


def evening_of(at, day: date, hour: int = 18) -> bool:
    """What the beat does at that hour, and the worker after it."""
    at(day, hour)
    queued = services.schedule()
    jobs.run_due()
    return queued


def keys(viewer, day=DAY) -> set[str]:
    return {one.key for one in endings(viewer, day)}


def test_what_ends_tomorrow_is_told_the_evening_before_in_both_languages(lab, meter, at):
    assert not evening_of(at, DAY, 17), "before its hour"
    assert evening_of(at, DAY)
    letters = {one.to[0]: one for one in mail.outbox}
    assert set(letters) == {"quality@example.invalid", "lead@example.invalid"}
    body = letters["quality@example.invalid"].body
    assert "明天到期 1 项" in letters["quality@example.invalid"].subject
    assert f"{DAY + timedelta(days=1)} 设备 {meter}" in body and "Ends tomorrow" in body
    assert reverse("standards:device", args=[meter.asset_number]) in body
    assert "补发" not in body


def test_nothing_is_told_twice_however_often_the_job_runs(lab, meter, at):
    evening_of(at, DAY)
    before = (len(mail.outbox), Reminded.objects.count(), ReminderMail.objects.count())
    assert not evening_of(at, DAY, 19)
    reminding.remind(day=DAY.isoformat())
    Job.objects.filter(kind=reminding.LETTER).update(done_at=None)
    jobs.run_due()
    assert (len(mail.outbox), Reminded.objects.count(), ReminderMail.objects.count()) == before


def test_each_step_is_told_once_the_last_day_and_weekly_afterwards(lab, at):
    factories.certify(lab.meter, until=DAY + timedelta(days=30))
    key = f"device:{lab.meter.asset_number}"
    for days in (0, 1, 28, 29, 30, 31, 37, 38, 44, 45):
        evening_of(at, DAY + timedelta(days=days))
    told = Reminded.objects.filter(recipient=lab.lead, thing=key).order_by("mail__day")
    assert [(one.step, (one.mail.day - DAY).days) for one in told] == [
        ("30", 0), ("1", 29), ("0", 30), ("late-0", 31), ("late-1", 38), ("late-2", 45),
    ]  # fmt: skip


def test_a_new_certificate_ends_the_reminding(lab, meter, at):
    evening_of(at, DAY)
    assert f"device:{meter.asset_number}" in keys(lab.lead)
    factories.certify(meter, until=DAY + timedelta(days=400))
    assert f"device:{meter.asset_number}" not in keys(lab.lead, DAY + timedelta(days=1))


def test_an_evening_that_was_missed_is_made_up_for_and_the_letter_says_so(lab, meter, at):
    ReminderRun.objects.create(day=DAY - timedelta(days=3), ran_at=clock.now(), letters=0)
    assert evening_of(at, DAY, 7), "in the morning, for the evenings before"
    run = ReminderRun.objects.latest("day")
    assert (run.day, run.missed_since) == (DAY - timedelta(days=1), DAY - timedelta(days=2))
    [letter] = [one for one in mail.outbox if one.to == ["lead@example.invalid"]]
    assert f"本应在{DAY - timedelta(days=2)} 至 {DAY - timedelta(days=1)} 每晚发出" in letter.body
    assert "明天到期" in letter.body, "counted from the day on which it is sent"
    assert evening_of(at, DAY), "the evening itself comes as ever"
    assert len([one for one in mail.outbox if one.to == ["lead@example.invalid"]]) == 1, "nothing new since the morning"


def test_a_new_system_has_missed_nothing(lab, meter, at):
    assert not evening_of(at, DAY, 7)
    assert evening_of(at, DAY) and ReminderRun.objects.get().missed_since is None


def test_a_run_that_was_killed_between_two_people_goes_on_with_the_other(lab, meter, at, monkeypatch):
    at(DAY)
    write = reminding._write
    calls = []

    def dies_at_the_second(person, *rest):
        calls.append(person)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(person, *rest)

    monkeypatch.setattr(reminding, "_write", dies_at_the_second)
    with pytest.raises(KeyboardInterrupt):
        reminding.remind(day=DAY.isoformat())
    assert ReminderMail.objects.count() == 1 and not ReminderRun.objects.exists()
    monkeypatch.setattr(reminding, "_write", write)
    reminding.remind(day=DAY.isoformat())
    assert sorted(ReminderMail.objects.values_list("recipient__username", flat=True)) == ["lead", "quality"]
    assert ReminderRun.objects.get().letters == 2


def test_a_letter_that_could_not_be_sent_is_tried_again_and_one_refused_is_noted(lab, meter, at, monkeypatch):
    answers = [OSError("no route"), smtplib.SMTPRecipientsRefused({"x": (550, b"no such user")})]

    def send(row):
        if answers:
            raise answers.pop(0)

    monkeypatch.setattr(reminding, "_send", send)
    evening_of(at, DAY)
    assert dict(ReminderMail.objects.values_list("state", "attempts")) == {"waiting": 1, "refused": 1}
    at(DAY, 19)
    jobs.run_due()
    assert dict(ReminderMail.objects.values_list("state", "attempts")) == {"sent": 2, "refused": 1}


def test_who_has_no_address_is_told_on_the_page_and_the_doctor_knows(lab, meter, at):
    User.objects.filter(pk=lab.lead.pk).update(email="")
    evening_of(at, DAY)
    assert ReminderMail.objects.get(recipient=lab.lead).state == ReminderMail.State.UNADDRESSED
    answer = probes.reminders_are_written()
    assert isinstance(answer, Reason) and answer.code == "reminder_unreached"


def test_the_doctor_finds_reminders_that_were_not_written_for_two_days(lab, meter, at):
    User.objects.update(date_joined=clock.now())
    assert not isinstance(probes.reminders_are_written(), Reason), "its first evening has not come"
    evening_of(at, DAY)
    at(DAY + timedelta(days=2), 17)
    assert not isinstance(probes.reminders_are_written(), Reason)
    at(DAY + timedelta(days=2), 19)
    assert probes.reminders_are_written().code == "reminders_not_written"


def test_a_person_responsible_for_a_standard_is_told_of_it_and_of_nothing_else(lab, meter, at):
    other = factories.device("BZ-900", roles=("clock",))
    factories.certify(other, until=DAY + timedelta(days=3))
    assert keys(lab.technician) == set() and not is_reminded(lab.technician, DAY)
    StandardPerson.objects.create(
        standard=MeasurementStandard.objects.get(), user=lab.technician, duty="responsible", since=DAY
    )
    assert keys(lab.technician) == {f"device:{meter.asset_number}"}
    assert keys(lab.lead) == {f"device:{meter.asset_number}", "device:BZ-900"}
    assert keys(lab.customer) == keys(lab.stranger) == set()


def test_the_keeper_of_a_device_is_told_of_it(lab, meter, at):
    meter.keeper = lab.checker
    meter.save()
    assert keys(lab.checker) == {f"device:{meter.asset_number}"}


def test_licences_planned_tests_and_the_day_to_apply_for_reexamination_are_told(lab, at):
    standard = MeasurementStandard.objects.get()
    StandardLicence.objects.create(
        standard=standard, kind="examination", number="N-2", issued_on=DAY - timedelta(days=1),
        valid_until=date(2027, 3, 1), entered_by=lab.lead,
    )  # fmt: skip
    keeping.set_plan(by=lab.lead, standard=standard, since=date(2026, 1, 1), lead_months=4)
    keeping.add_parameter(by=lab.lead, standard=standard, name="电能误差", unit="%", use="nominal", limit="0.05")
    found = {one.key: (one.ends_on, one.step) for one in endings(lab.lead, DAY)}
    parameter = standard.parameters.get().pk
    assert found[f"licence:{standard.code}:examination"] == (date(2027, 3, 1), "180")
    assert found[f"reexamination:{standard.code}"] == (date(2026, 11, 1), "late-3")
    assert found[f"test:{parameter}:repeatability"] == (date(2027, 1, 31), None), "tests have short steps only"
    ExaminationCase.objects.create(
        standard=standard, kind="reexamination", opened_on=DAY, opened_by=lab.lead, submitted_on=DAY, authority="市局"
    )
    assert f"reexamination:{standard.code}" not in keys(lab.lead), "applied for"


def test_of_people_the_quality_manager_alone_is_told(lab, at):
    factories.authorise(lab.technician, "verify", "scale_digital", until=DAY + timedelta(days=20))
    lab.technician.authorisations.filter(scope="scale_digital").exclude(valid_until=DAY + timedelta(days=20)).delete()
    [one] = [one for one in endings(lab.quality, DAY) if one.key.startswith("person:")]
    assert lab.technician.display_name in one.what.zh and one.step == "30"
    assert not [one for one in endings(lab.lead, DAY) if one.key.startswith("person:")]


def test_the_page_shows_everything_with_its_link_to_those_who_are_reminded(lab, meter, at, client):
    evening_of(at, DAY)
    for who, status in (("quality", 200), ("lead", 200), ("technician", 404), ("auditor", 404), ("customer", 404)):
        client.force_login(getattr(lab, who))
        answer = client.get(reverse("home_reminders"))
        assert answer.status_code == status, who
        if status == 200:
            page = answer.content.decode()
            assert reverse("standards:device", args=[meter.asset_number]) in page and "明天到期" in page
            home = client.get(reverse("home")).content.decode()
            assert "到期提醒" in home and reverse("home_reminders") in home
    client.force_login(lab.technician)
    assert reverse("home_reminders") not in client.get(reverse("home")).content.decode()


def test_many_devices_take_as_many_queries_as_one(lab, meter, at):
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            grouped(endings(User.objects.get(pk=lab.quality.pk), DAY))
        return len(captured)

    few = count()
    for number in range(5):
        factories.certify(factories.device(f"BZ-{number + 500}"), until=DAY + timedelta(days=9))
    assert count() == few <= 24


@pytest.mark.parametrize("word", ["25:00", "evening", "18", ""])
def test_an_hour_that_is_none_stops_the_start_and_names_the_variable(monkeypatch, word):
    monkeypatch.setenv("LIMS_REMINDER_TIME", word)
    with pytest.raises(ValueError, match="LIMS_REMINDER_TIME"):
        hour("LIMS_REMINDER_TIME", "18:00")

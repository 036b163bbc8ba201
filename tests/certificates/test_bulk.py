"""Many checked records are approved with one signature and issued one by one: none twice, none lost, each refusal by name."""

import json
import uuid

import pytest
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from certificates.models import BulkItem, BulkRun, Certificate
from certificates.services import bulk
from instruments.models import Record, Task
from instruments.services import work
from instruments.services.signing import Seen
from lims.audit.models import Event
from lims.core import jobs
from lims.core.models import Job
from lims.core.text import Refused
from lims.people.models import Role, Signature, UserRole
from lims.people.services import keys
from tests import factories
from tests.certificates.issued import checked
from tests.kill.prepare import copies

pytestmark = pytest.mark.django_db
COUNT, SLICE = 9, 4
PASSPHRASE = "eight silent winters"
ME = {"password": factories.PASSWORD}


@pytest.fixture
def lab(monkeypatch):
    monkeypatch.setattr(bulk, "SLICE", SLICE)
    found = factories.laboratory()
    record = checked(found)
    copies(record, COUNT - 1)
    found.tasks = list(Task.objects.order_by("created_at", "pk"))
    # Sealing is not what these tests are about; its jobs wait.
    return found


def seen(*tasks):
    rows = {one.task_id: one for one in Record.objects.filter(task__in=tasks)}
    return [Seen(task, task.version, rows[task.pk].sha256) for task in tasks]


def begin(lab, *, by=None, **given):
    proof = given or ME
    return bulk.begin(seen(*lab.tasks), by=by or lab.approver, key=uuid.uuid4(), **proof)


def run_bulk():
    """Does the jobs of bulk issues, however many follow one another."""
    done = 0
    while job := Job.objects.filter(kind=bulk.JOB, done_at=None, due_at__lte=timezone.now()).first():
        done += jobs.run(job.pk)
    return done


def numbers():
    return [int(one[-6:]) for one in Certificate.objects.order_by("number").values_list("number", flat=True)]


def states(run):
    return list(run.items.order_by("position").values_list("state", flat=True))


def codes(refused):
    return [one.code for one in refused.value.reasons]


def test_every_task_of_a_run_is_issued_in_slices_under_one_series(lab):
    run = begin(lab)
    assert not Certificate.objects.exists()
    assert run_bulk() == 3  # 9 tasks in slices of 4
    assert states(run) == ["issued"] * COUNT and numbers() == list(range(1, COUNT + 1))
    assert set(Task.objects.values_list("state", flat=True)) == {"issued"}
    assert Job.objects.filter(kind="certificates.seal").count() == COUNT
    run.refresh_from_db()
    assert run.ended_at and Event.objects.filter(verb="bulk.ended").count() == 1


def test_the_form_sent_twice_begins_one_run(lab):
    key = uuid.uuid4()
    first, second = (bulk.begin(seen(*lab.tasks), by=lab.approver, key=key, **ME) for _ in range(2))
    assert first == second and BulkItem.objects.count() == COUNT
    assert Job.objects.filter(kind=bulk.JOB).count() == 1


def test_a_refused_task_is_named_with_its_reason_and_stops_no_other(lab):
    run = begin(lab)
    work.return_(lab.tasks[3], by=lab.approver, version=lab.tasks[3].version, reason="第2次读数请复核")
    Task.objects.filter(pk=lab.tasks[5].pk).update(approver=factories.person("other", "另一批准人", lab.institute))
    run_bulk()
    assert [n for n, state in enumerate(states(run)) if state == "refused"] == [3, 5]
    reasons = {item.position: item.reasons[0] for item in run.items.filter(state="refused")}
    assert reasons[4]["code"] == "changed_meanwhile" and "退回" in reasons[4]["text"]["zh"]
    assert reasons[6]["code"] == "assigned_to_another" and "另一批准人" in reasons[6]["text"]["zh"]
    assert numbers() == list(range(1, COUNT - 1))  # a refused task takes no number


def test_a_worker_that_dies_between_two_tasks_leaves_neither_duplicate_nor_gap(lab, monkeypatch):
    run = begin(lab)
    real, done = bulk.approve_and_issue, []

    def dying(task, **given):
        made = real(task, **given)
        done.append(task)
        if len(done) == 6:
            raise KeyboardInterrupt  # as a kill: after the number was taken, before the commit
        return made

    monkeypatch.setattr(bulk, "approve_and_issue", dying)
    with pytest.raises(KeyboardInterrupt):
        run_bulk()
    assert states(run).count("issued") == 5 == len(numbers())
    monkeypatch.setattr(bulk, "approve_and_issue", real)
    Job.objects.filter(kind=bulk.JOB).update(due_at=timezone.now())  # the lease of the dead worker has run out
    run_bulk()
    assert states(run) == ["issued"] * COUNT and numbers() == list(range(1, COUNT + 1))


def test_a_fault_that_is_no_refusal_leaves_its_task_for_another_try_and_goes_on(lab, monkeypatch):
    run = begin(lab)
    real = bulk.approve_and_issue
    bad = lab.tasks[2].pk

    def failing(task, **given):
        if task.pk == bad:
            raise OSError(28, "No space left on device")
        return real(task, **given)

    monkeypatch.setattr(bulk, "approve_and_issue", failing)
    run_bulk()
    run.refresh_from_db()
    assert states(run).count("waiting") == 1 and run.ended_at is None
    assert "No space left" in Job.objects.get(key=f"bulk:{run.pk}:1").last_error
    monkeypatch.setattr(bulk, "approve_and_issue", real)
    Job.objects.filter(done_at=None).update(due_at=timezone.now())
    run_bulk()
    run.refresh_from_db()
    assert states(run) == ["issued"] * COUNT and run.ended_at


def test_cancelling_stops_what_has_not_begun_and_keeps_what_is_issued(lab):
    run = begin(lab)
    jobs.run(Job.objects.get(kind=bulk.JOB).pk)
    with pytest.raises(Refused):
        bulk.cancel(run, by=lab.technician)
    assert bulk.cancel(run, by=lab.lead) == COUNT - SLICE
    run_bulk()
    assert states(run) == ["issued"] * SLICE + ["cancelled"] * (COUNT - SLICE)
    assert numbers() == list(range(1, SLICE + 1)) and run.cancelled_at and run.ended_at
    assert Task.objects.filter(state="checked").count() == COUNT - SLICE


def test_two_runs_over_the_same_tasks_issue_each_task_once(lab):
    """Another approver begins before the first run is worked off; slices of both are done in turn."""
    other = factories.person("second_approver", "批准人二", lab.institute, "approver")
    factories.authorise(other, "approve")
    first, second = begin(lab), begin(lab, by=other)
    run_bulk()
    by_run = [states(run) for run in (first, second)]
    assert all(sorted(pair) == ["issued", "refused"] for pair in zip(*by_run, strict=True))
    assert numbers() == list(range(1, COUNT + 1))
    told = {item.reasons[0]["code"] for item in BulkItem.objects.filter(state="refused")}
    assert told == {"changed_meanwhile"}


def test_only_approvers_issue_in_bulk(lab):
    for who in ("technician", "checker", "lead", "quality", "receptionist", "auditor", "customer", "stranger"):
        with pytest.raises(Refused) as refused:
            begin(lab, by=getattr(lab, who))
        assert "role_missing" in codes(refused), who
    assert not BulkRun.objects.exists()


def test_nothing_begins_without_proof_or_choice_or_beyond_the_limit(lab, monkeypatch):
    with pytest.raises(Refused) as refused:
        begin(lab, password="wrong")
    assert codes(refused) == ["not_proved"]
    with pytest.raises(Refused) as refused:
        bulk.begin([], by=lab.approver, key=uuid.uuid4(), **ME)
    assert codes(refused) == ["nothing_chosen"]
    monkeypatch.setattr("certificates.rules.MOST_AT_ONCE", COUNT - 1)
    with pytest.raises(Refused) as refused:
        begin(lab)
    assert codes(refused) == ["too_many_chosen"] and not BulkRun.objects.exists()


def test_an_approver_who_leaves_meanwhile_issues_nothing_more(lab):
    run = begin(lab)
    jobs.run(Job.objects.get(kind=bulk.JOB).pk)
    get_user_model().objects.filter(pk=lab.approver.pk).update(is_active=False)
    run_bulk()
    assert states(run).count("issued") == SLICE and "waiting" not in states(run)


def test_with_an_own_key_each_record_is_signed_by_itself_with_one_passphrase(lab):
    keys.create_key(lab.approver, by=lab.approver, passphrase=PASSPHRASE, reauthenticated=True)
    lab.tasks = lab.tasks[:3]
    for given in ({}, {"password": factories.PASSWORD}):
        with pytest.raises(Refused) as refused:
            bulk.begin(seen(*lab.tasks), by=lab.approver, key=uuid.uuid4(), **given)
        assert codes(refused) == ["passphrase_needed"]
    run = begin(lab, passphrase=PASSPHRASE)
    assert len(set(run.items.values_list("signature", flat=True))) == 3
    run_bulk()
    assert states(run) == ["issued"] * 3
    digests = set(Signature.objects.filter(act="approve").values_list("sha256", flat=True))
    assert digests == set(run.items.values_list("record_sha256", flat=True))


def test_where_keys_are_required_nobody_without_one_begins(lab, settings):
    settings.PERSONAL_SIGNATURES = "required"
    with pytest.raises(Refused) as refused:
        begin(lab)
    assert codes(refused) == ["no_key"]


# 页面
def post(client, tasks, **more):
    ticked = [f"{one.task.pk}.{one.version}.{one.record_sha256}" for one in seen(*tasks)]
    return client.post(reverse("certificates:bulk"), {"key": str(uuid.uuid4()), "task": ticked, **ME, **more})


def test_choosing_signing_and_watching_on_the_pages(client, lab):
    client.force_login(lab.approver)
    page = client.get(reverse("certificates:bulk"), {"customer": "甲充电", "application": "SL-"}).content.decode()
    assert page.count('name="task"') == COUNT and 'type="password"' in page
    assert client.get(reverse("certificates:bulk"), {"site": "没有"}).content.decode().count('name="task"') == 0
    answer = post(client, lab.tasks[:5])
    run = BulkRun.objects.get()
    assert answer.url == reverse("certificates:bulk_run", args=[run.pk]) and run.items.count() == 5
    page = client.get(answer.url).content.decode()
    assert 'hx-trigger="every 2s"' in page and "<progress" in page and "停止尚未开始的任务" in page
    # What waits in a run is not offered again.
    assert client.get(reverse("certificates:bulk")).content.decode().count('name="task"') == COUNT - 5
    run_bulk()
    page = client.get(answer.url).content.decode()
    assert "hx-trigger" not in page and Certificate.objects.first().number in page


def test_the_page_that_shows_each_record_in_full_begins_a_run_too(client, lab):
    keys.create_key(lab.approver, by=lab.approver, passphrase=PASSPHRASE, reauthenticated=True)
    (one,) = seen(lab.tasks[0])
    client.force_login(lab.approver)
    address, pile = reverse("certificates:approve_many"), f"{one.task.number} {one.version} {one.record_sha256}"
    assert client.post(address, {"pile": pile, "passphrase": "wrong phrase"}).status_code == 422
    assert not BulkRun.objects.exists()
    answer = client.post(address, {"pile": pile, "passphrase": PASSPHRASE})
    run = BulkRun.objects.get()
    assert answer.url == reverse("certificates:bulk_run", args=[run.pk])
    run_bulk()
    assert states(run) == ["issued"]


def test_a_refused_selection_shows_why_and_a_refused_task_its_reason(client, lab):
    client.force_login(lab.approver)
    answer = post(client, lab.tasks[:2], password="wrong")
    assert answer.status_code == 422 and "密码不正确" in answer.content.decode()
    answer = post(client, lab.tasks[:2])
    work.return_(lab.tasks[0], by=lab.approver, version=lab.tasks[0].version, reason="请复核")
    run_bulk()
    page = client.get(answer.url).content.decode()
    assert "未能签发" in page and 'data-reason="changed_meanwhile"' in page


def test_what_the_approver_recorded_or_checked_himself_is_not_offered(client, lab):
    UserRole.objects.create(user=lab.checker, role=Role.APPROVER)
    client.force_login(lab.checker)
    assert client.get(reverse("certificates:bulk")).content.decode().count('name="task"') == 0


def test_cancelling_on_the_page(client, lab):
    client.force_login(lab.approver)
    run = begin(lab)
    assert client.post(reverse("certificates:bulk_cancel", args=[run.pk])).status_code == 302
    assert states(run) == ["cancelled"] * COUNT


def test_who_chooses_watches_and_stops(client, lab):
    run = begin(lab)
    pages = {
        "approver": (200, 200), "technician": (422, 200), "checker": (422, 200), "lead": (422, 200), "quality": (422, 200),
        "receptionist": (422, 200), "auditor": (422, 200), "customer": (422, 404), "stranger": (422, 404),
    }  # fmt: skip
    watching, stopping = (reverse(f"certificates:{name}", args=[run.pk]) for name in ("bulk_run", "bulk_cancel"))
    for who, (choose, watch) in pages.items():
        client.force_login(getattr(lab, who))
        assert client.get(reverse("certificates:bulk")).status_code == choose, who
        assert client.get(watching).status_code == watch, who
        if who not in ("approver", "lead"):
            assert post(client, lab.tasks[:1]).status_code == 422, who
            assert client.post(stopping).status_code == (422 if watch == 200 else 404), who
    assert "cancelled" not in states(run) and BulkRun.objects.count() == 1
    client.logout()
    assert client.get(watching).status_code == 302


def test_the_lists_ask_a_fixed_number_of_queries(client, lab, django_assert_max_num_queries):
    run = begin(lab)
    run_bulk()
    client.force_login(lab.approver)
    with django_assert_max_num_queries(12):
        client.get(reverse("certificates:bulk_run", args=[run.pk]))
    Task.objects.update(state="checked")
    with django_assert_max_num_queries(12):
        assert client.get(reverse("certificates:bulk")).content.decode().count('name="task"') == COUNT


LAID_OUT = """
from lims.people.models import Organisation
from tests import factories
from tests.kill.prepare import prepare
prepare(8)
other = factories.person("second", "批准人二", Organisation.objects.get(kind="institute"), "approver")
factories.authorise(other, "approve")
"""
APPROVER = """
import sys, time, uuid
from certificates.models import BulkRun
from certificates.services import bulk
from instruments.models import Record
from instruments.services.signing import Seen
from lims.core import jobs
from lims.people.models import User
from tests import factories
rows = Record.objects.select_related("task").order_by("number")
seen = [Seen(row.task, row.task.version, row.sha256) for row in rows]
by = User.objects.get(username=sys.argv[1])
bulk.SLICE = 3
bulk.begin(seen, by=by, key=uuid.uuid4(), password=factories.PASSWORD)
while BulkRun.objects.count() < 2:
    time.sleep(0.05)
while jobs.run_due():
    pass
"""
JUDGED = """
import json
from certificates.models import BulkItem
from lims.core import clock, jobs
from lims.core.models import Job
from tests.kill.judge import judge
while Job.objects.filter(done_at=None).update(due_at=clock.now()):
    jobs.run_due()
states = BulkItem.objects.order_by("run_id", "position").values_list("state", flat=True)
print(json.dumps({"faults": judge(8)["faults"], "states": list(states)}))
"""


def test_two_approvers_at_once_in_two_processes_issue_each_task_once(new_site):
    site = new_site(DJANGO_SETTINGS_MODULE="tests.kill.settings")
    site.output(LAID_OUT)
    both = [site.start("-c", f"import django; django.setup()\n{APPROVER}", who) for who in ("approver", "second")]
    for one in both:
        _out, told = one.communicate(timeout=300)
        assert one.returncode == 0, told
    found = json.loads(site.output(JUDGED))
    assert found["faults"] == []
    assert [sorted(pair) for pair in zip(found["states"][:8], found["states"][8:], strict=True)] == [
        ["issued", "refused"]
    ] * 8

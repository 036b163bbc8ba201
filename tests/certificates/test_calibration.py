"""A pressure gauge is calibrated, adjusted and calibrated again: from the typed readings to the page and its twin."""

import json

import pytest
from django.urls import reverse

from certificates import dcc, selectors
from certificates.models import Certificate
from instruments.selectors.record import sheet
from instruments.services import entries, recording, work
from lims.core import jobs
from standards.procedures import load_pack
from tests import factories
from tests.certificates.issued import approve

pytestmark = pytest.mark.django_db
PARAMETERS = {"accuracy_class": "1.5", "unit": "MPa", "range_high": "60", "division": "1", "numbered_step": "20"}


@pytest.fixture
def lab():
    lab = factories.people()
    lab.procedure = factories.procedure("jjg-52-2013")
    pack = load_pack(lab.procedure.source)
    lab.gauge = factories.pile(
        lab.alpha, category=pack.categories[0], name="压力表", name_en="Pressure gauge", accuracy_class="1.5级",
        parameters=PARAMETERS,
    )  # fmt: skip
    lab.devices = {}
    for number, required in enumerate(pack.required_devices):
        device = factories.device(f"BZ-{number}", roles=(required.role,), accuracy=required.accuracy, accuracy_class="")
        factories.certify(device, values={one.name: "0.2" for one in pack.constants if one.role == required.role})
        lab.devices[required.role] = [device]
    factories.standard(*[one for chosen in lab.devices.values() for one in chosen], codes=(pack.code,))
    return lab


@pytest.fixture
def record(lab):
    wanted = [work.Wanted(instrument=lab.gauge, procedure=lab.procedure, kind="calibration")]
    (task,) = work.accept(by=lab.receptionist, organisation=lab.alpha, wanted=wanted)
    task = work.assign(task, by=lab.lead, version=task.version, technician=lab.technician)
    record = recording.start(task, by=lab.technician, version=task.version, seen=True)
    recording.choose_devices(record, by=lab.technician, devices=lab.devices)
    return record


def typed(record, by, error, *, before=None):
    """Fills every place; the gauge shows `error` MPa too much, and `before` MPa before it was adjusted."""
    found, opened = {}, sheet(record)
    for path in opened.places():
        top, name = path.split(".")[0], path.rpartition(".")[2]
        if path.startswith("items.indication_before.") and before is None:
            continue
        if top == "environment":
            found[path] = "20" if "temperature" in path else "50"
        elif ".readings." in path:
            row = opened.data["items"][path.split(".")[1]]["rows"][int(path.split("rows[")[1][0])]
            shift = before if "_before" in path else error
            found[path] = str(int(row["values"]["p"]) + shift)
        elif ".runs[" in path:
            found[path] = "30.2"
        elif ".repeatability_study." in path and name == "p":
            found[path] = "30"
    if before is not None:
        found["adjustment.kind"], found["adjustment.text"] = "adjustment", "重新调整传动机构"
    drafts = [factories.draft(path, value) for path, value in sorted(found.items())]
    saved = entries.save_entries(record, by=by, drafts=drafts)
    assert not saved.refused, saved.refused


def issued(lab, record):
    record = recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    task = factories.fresh(record.task)
    work.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    made = approve(lab, record)
    jobs.run_due()
    made.refresh_from_db()
    return made


def test_an_adjusted_gauge_gets_both_series_with_uncertainty_and_no_verdict(lab, record, client):
    typed(record, lab.technician, 0, before=9)
    made = issued(lab, record)
    client.force_login(lab.technician)
    printed = client.get(reverse("instruments:record_print", args=[record.pk])).content.decode()
    assert "重新调整传动机构" in printed and "仅记录" in printed and "待定" not in printed
    assert (made.kind, made.state, made.valid_until) == ("calibration", Certificate.State.ISSUED, None)
    stated = json.loads(made.facts)
    assert stated["conclusion"] == {"outcome": "recorded", "text": {"zh": "", "en": ""}, "failed_items": []}
    assert stated["adjustment"]["kind"] == "adjustment"
    assert stated["adjustment"]["text"] == {"zh": "重新调整传动机构", "en": ""}
    keys = [column["key"] for column in stated["results"][0]["columns"]]
    assert "U:err_up" in keys and "k:err_up" in keys and not [key for key in keys if key.startswith("limit:")]
    read = dcc.read(selectors.dcc(made))
    assert read.conformity == ""
    before, after = (next(one for one in read.results if one.id == name) for name in ("b1", "r1"))
    assert (before.status, after.status) == ("beforeAdjustment", "afterAdjustment")
    error = next(column for column in after.columns if column.expanded)
    assert set(error.factors) == {"2"} and len(error.expanded) == len(error.values) == 3


def test_an_instrument_left_as_it_was_says_so(lab, record, text_of):
    typed(record, lab.technician, 0)
    made = issued(lab, record)
    assert json.loads(made.facts)["adjustment"] is None
    text = "".join(text_of(selectors.pdf(made)).split())
    assert "未作调整或修理" in text and "不作符合性判定" in text
    assert [one.status for one in dcc.read(selectors.dcc(made)).results] == ["", ""]


def test_the_sheet_asks_what_was_adjusted(lab, record, client):
    client.force_login(lab.technician)
    page = client.get(reverse("instruments:record_sheet", args=[record.pk])).content.decode()
    for path in ("adjustment.kind", "adjustment.text", "items.indication_before.rows[0].readings.up"):
        assert f'data-path="{path}"' in page
    saved = factories.type_(record, lab.technician, "adjustment.kind", "cleaned")
    assert saved.refused[0][1][0].code == "not_a_choice"

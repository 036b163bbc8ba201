"""What may be said about a device, and what a single record makes of it."""

import json
from fractions import Fraction

import pytest

from instruments.services import recording
from instruments.services import work as tasks
from lims.core.models import Job
from lims.core.text import Refused
from lims.recall.models import RecallCase
from lims.recall.services import Finding, open_case
from tests import factories
from tests.certificates import issued
from tests.recall.doing import all_items, computed, relative
from tests.recall.plain import ratio

pytestmark = pytest.mark.django_db


def issue(lab, record):
    """Submits, checks and approves a complete record."""
    task = factories.fresh(record.task)
    record = recording.submit(task, by=lab.technician, version=task.version)
    task = factories.fresh(task)
    tasks.check(task, by=lab.checker, version=task.version, record_sha256=record.sha256)
    issued.approve(lab, record)
    Job.objects.all().delete()
    return record


def test_another_certificate_in_the_place_of_one_computes_with_its_values(lab):
    """The zero-load error γ0 of JJG 1148 comes from the meter's certificate: γ moves by what γ0 moves."""
    old = factories.certify(lab.meter, values={"gamma0": "0.01"})
    record = issue(lab, factories.complete(factories.recording_(lab), lab.technician, "0.200"))
    assert json.loads(record.facts)["data"]["constants"]["gamma0"] == "0.01"
    new = factories.certify(lab.meter, values={"gamma0": "0.16"})
    for one in (old, new):
        one.refresh_from_db()
    finding = Finding(lab.meter, "certificate", old_certificate=old, new_certificate=new)
    case = computed(lab, finding)
    (item,) = all_items(case)
    change = Fraction("0.16") - Fraction("0.01")
    # γ was +2.01 %, which prints as +2.0 and passes; with the new certificate it is +2.16 %, which prints as +2.2.
    assert (item.old_conclusion, item.new_conclusion, item.flip) == ("pass", "fail", True)
    assert abs(Fraction(item.changes[0]["new"]) - (2 + Fraction("0.16"))) < Fraction(1, 10**15)
    assert Fraction(item.worst) == change / 2


def test_a_device_without_any_evidence_needs_a_first_day(lab):
    bare = factories.Device.objects.create(asset_number="BZ-9", name="新表", serial="S-9")
    with pytest.raises(Refused) as refused:
        open_case(by=lab.lead, what="偏大", findings=[relative(bare, "0.05")])
    assert [one.code for one in refused.value.reasons] == ["recall_no_evidence"]


@pytest.mark.parametrize(
    "changes, code",
    [
        ({"amount": "0"}, "recall_amount"),
        ({"amount": "much"}, "recall_amount"),
        ({"unit": "kWh"}, "recall_relative_unit"),
        ({"amount": "-100"}, "recall_relative_unit"),
        ({"statement": "absolute", "unit": "§"}, "recall_unit"),
        ({"statement": "certificate"}, "recall_certificates"),
        ({"statement": "guess"}, "recall_statement"),
    ],
)
def test_a_statement_that_cannot_be_computed_with_is_refused_by_its_field(lab, changes, code):
    given = {"device": lab.meter, "statement": "relative", "amount": "0.05", "unit": "%"} | changes
    with pytest.raises(Refused) as refused:
        open_case(by=lab.lead, what="偏大", findings=[Finding(**given)])
    assert [one.code for one in refused.value.reasons] == [code]
    assert refused.value.reasons[0].where.startswith("lines[0]") and not RecallCase.objects.exists()


def test_several_devices_of_one_role_are_taken_as_wrong_together_and_the_item_says_so(lab):
    second = factories.device("BZ-002")
    factories.standard(second, code="14114701")
    record = factories.recording_(lab)
    recording.choose_devices(record, by=lab.technician, devices={"reference_meter": [lab.meter, second]})
    record = issue(lab, factories.complete(record, lab.technician))
    (item,) = all_items(computed(lab, relative(second, "0.05")))
    assert item.effect == "known" and "BZ-001" in item.remarks[0].zh
    assert abs(Fraction(item.worst) - ratio(json.loads(record.facts), Fraction("0.05"))) <= Fraction(1, 10**9)
    (other,) = all_items(computed(lab, relative(second, "0.05"), relative(lab.meter, "0.07")))
    assert other.effect == "unknown"

"""A record uses the corrections that its device's certificate gives on the day of measurement: on the sheet, on paper, frozen,
and worked out again by a stranger."""

import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from instruments.selectors.record import sheet
from instruments.services import recording
from lims.audit.verify import digits
from lims.audit.verify.report import Report
from lims.auditor.selectors.trace import Walk
from lims.core import canonical
from lims.core.text import Refused
from standards import services
from standards.procedures import evaluate, load_pack, result_tables
from standards.selectors.snapshots import certified_for
from tests import factories
from tests.audit import evidence
from tests.audit.test_bundle import verdict
from tests.certificates.test_calibration import issued, lab, record, typed

__all__ = ["lab", "record"]  # fixtures
pytestmark = pytest.mark.django_db
ROLE = "pressure_standard"


def certified(lab: Any, table: dict[str, str], *, days: int, number: str) -> Any:
    """The standard's certificate of that many days ago: MPE 0.2 MPa, and corrections by pressure in kPa."""
    shared = {
        "name": "correction",
        "unit": "kPa",
        "at_unit": "kPa",
        "expanded_uncertainty": "30",
        "uncertainty_unit": "kPa",
        "k": "2",
    }
    made = services.enter_certificate(
        by=lab.lead, device=lab.devices[ROLE][0], number=number, kind="calibration", issuer="示范市计量测试技术研究院",
        calibrated_on=factories.today() - timedelta(days=days), use_until=factories.today() + timedelta(days=300), outcome="pass",
        values=[{"name": "mpe_std", "value": "200", "unit": "kPa"}, *({**shared, "at": at, "value": one} for at, one in table.items())],
    )  # fmt: skip
    return services.confirm_certificate(by=lab.quality, certificate=made)


def corrections(found: Any) -> Any:
    return found.data["corrections"]["c_std"]


def test_the_certificate_of_the_day_of_measurement_counts(lab: Any, record: Any) -> None:
    assert corrections(sheet(record))["form"] == ""
    certified(lab, {"0": "0", "60000": "60"}, days=30, number="OLD")
    certified(lab, {"0": "0", "60000": "90"}, days=10, number="NEW")
    held = corrections(sheet(record))
    assert (held["certificate"], held["form"], held["unit"]) == ("NEW", "table", "kPa")
    assert held["rows"] == [
        {"at": "0", "value": "0", "U": "30", "k": "2"},
        {"at": "60000", "value": "90", "U": "30", "k": "2"},
    ]
    pack = load_pack(lab.procedure.source)
    for days, number in ((20, "OLD"), (30, "OLD"), (10, "NEW")):
        constants, told = certified_for(pack, factories.today() - timedelta(days=days), lab.devices, {"unit": "MPa"})
        assert told["c_std"]["certificate"] == number and constants == {"mpe_std": "0.2"}


def test_corrections_are_used_shown_frozen_and_worked_out_again(
    lab: Any, record: Any, client: Any, tmp_path: Path, capsys: Any
) -> None:
    certified(lab, {"0": "0", "40000": "60", "60000": "90"}, days=10, number="PS-2026")
    typed(record, lab.technician, 0)
    # By hand: at 20 MPa half of 60 kPa, so 20 − (20 + 0.03); then the listed 0.06 and 0.09 MPa.
    found = sheet(record).evaluation
    errors = [row.columns["err_up"].value for row in found.items["indication"].rows]
    assert errors == [Decimal("-0.03"), Decimal("-0.06"), Decimal("-0.09")]
    client.force_login(lab.technician)
    line = "标准器修正值（20 MPa 处）：0.0300 MPa，U = 0.030 MPa (k = 2)；设备 BZ-0 的证书 PS-2026，表，在 0 与 40000 kPa 之间线性内插。"
    for page in ("record_sheet", "record_print"):
        assert line in client.get(reverse(f"instruments:{page}", args=[record.pk])).content.decode()
    answer = client.get(reverse("instruments:record_entries", args=[record.pk])).json()
    assert answer["evaluation"]["corrections"]["indication"][0] == line

    made = issued(lab, record)
    certified(lab, {"0": "0", "60000": "500"}, days=5, number="PS-LATER")
    status, findings = verdict(capsys, evidence.bundled(tmp_path / "corrected.zip"))
    assert [one["en"] for one in findings if one["state"] == "wrong"] == [] and status == 2
    record.refresh_from_db()
    frozen = json.loads(record.facts)
    assert frozen["data"]["corrections"]["c_std"]["certificate"] == "PS-2026"
    assert made.record_id == record.pk

    walk = Walk(made)
    assert walk.recomputes()
    (wanted,) = [
        one for one in walk.step("items.indication.rows[1].err_up").computed["inputs"] if one["kind"] == "correction"
    ]
    assert [(one["path"], one["value"]) for one in wanted["places"]] == [("corrections.c_std", "0.060")]
    step = walk.step("corrections.c_std")
    assert [one["certificate_number"] for one in step.devices] == ["PS-2026"] and step.claim is None
    assert [(one["path"], one["value"], one["origin"]) for one in step.entries] == [
        (f"items.indication.rows[{at}]", value, "certificate") for at, value in enumerate(("0.0300", "0.060", "0.090"))
    ]

    # Somebody makes the correction ten times as large and computes everything that follows from it anew.
    frozen["data"]["corrections"]["c_std"]["rows"][1]["value"] = "600"
    pack = load_pack(lab.procedure.source)
    again = evaluate(pack, frozen["data"])
    frozen["evaluation"] = json.loads(canonical.dumps(again.as_json()))
    frozen["results"] = json.loads(canonical.dumps(result_tables(pack, frozen["data"], again)))
    report = Report("altered")
    digits.data(report, frozen, pack)
    digits.evaluation(report, frozen, pack)
    wrong = [one.text.en for one in report.findings if one.state == "wrong"]
    assert wrong == [
        "corrections.c_std.rows[1].value: '600' was evaluated, the device's certificate says '60': the data were altered"
    ]


def test_beyond_the_certified_range_a_record_cannot_be_submitted_and_says_why(
    lab: Any, record: Any, client: Any
) -> None:
    certified(lab, {"0": "0", "50000": "60"}, days=10, number="SHORT")
    typed(record, lab.technician, 0)
    client.force_login(lab.technician)
    page = client.get(reverse("instruments:record_sheet", args=[record.pk])).content.decode()
    reason = "标准器修正值：点 60000 kPa 超出设备 BZ-0 的证书 SHORT 给出的范围 0～50000 kPa，不外推。"
    assert reason in page
    with pytest.raises(Refused) as refused:
        recording.submit(record.task, by=lab.technician, version=factories.fresh(record.task).version)
    assert reason.rstrip("。") in " ".join(one.text.zh for one in refused.value.reasons)

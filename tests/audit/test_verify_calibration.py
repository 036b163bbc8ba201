"""A calibration's bundle: uncertainty, two series and no verdict are recomputed and compared like everything else."""

from pathlib import Path
from typing import Any

import pytest

from tests.audit import evidence
from tests.audit.test_bundle import verdict
from tests.certificates.test_calibration import issued, lab, record, typed

__all__ = ["lab", "record"]  # fixtures
pytestmark = pytest.mark.django_db


def test_an_adjusted_gauge_is_recomputed_to_the_last_digit(lab: Any, record: Any, tmp_path: Path, capsys: Any) -> None:
    typed(record, lab.technician, 0, before=9)
    issued(lab, record)
    status, found = verdict(capsys, evidence.bundled(tmp_path / "calibration.zip"))
    assert [one["en"] for one in found if one["state"] == "wrong"] == []
    assert [one["en"] for one in found if one["state"] == "unknown"] == [
        "the bundle has no personal signature of those who verified, checked, approved: only the log tells who it was"
    ]
    said = "\n".join(one["en"] for one in found)
    assert status == 2 and "every digit" not in said and "digits of the result tables the same" in said

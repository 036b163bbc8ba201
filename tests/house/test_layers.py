"""The layers of the house hold, and the contract that guards them can be broken (it is not a test that cannot fail)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("lims", "standards", "devices", "instruments", "certificates")
LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]


def _lint(folder: Path) -> subprocess.CompletedProcess:
    return subprocess.run(LINT, cwd=folder, capture_output=True, text=True, timeout=300)


@pytest.fixture
def copy(tmp_path):
    for name in PACKAGES:
        ignore = shutil.ignore_patterns("__pycache__", "*.ttf", "static", "*.png")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_import_goes_downwards():
    result = _lint(ROOT)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "named"),
    [
        ("lims/core/jobs.py", "from instruments import models", "lims.core.jobs -> instruments.models"),
        ("standards/models/__init__.py", "import standards.services", "standards.models -> standards.services"),
        ("lims/metrology/rounding.py", "import django", "lims.metrology.rounding -> django"),
        ("devices/protocols/line.py", "from lims.core import jobs", "devices.protocols.line -> lims.core.jobs"),
    ],
)
def test_an_import_upwards_is_refused_by_name(copy, file, line, named):
    path = copy / file
    if not path.exists():
        path = path.parent.with_suffix(".py")
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    result = _lint(copy)
    assert result.returncode == 1
    assert named in " ".join(result.stdout.split())

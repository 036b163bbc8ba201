"""Programs of one file: they carry what they need, nothing of the server, and come out the same each time."""

import subprocess
import sys
from pathlib import Path

import pytest

from lims.core.packing import closure, pack

VERIFIER = "lims.audit.verify.__main__"


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.pyz", tmp_path / "b.pyz"
    pack(VERIFIER, first)
    pack(VERIFIER, second)
    assert first.read_bytes() == second.read_bytes()


def test_packages_on_the_way_come_along() -> None:
    files = closure(VERIFIER)
    assert {"lims/__init__.py", "lims/audit/__init__.py", "lims/audit/tlog/note.py", "lims/core/text.py"} <= files
    assert not any("models" in name or "views" in name for name in files)


def test_an_unknown_entry_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"lims\.nothing"):
        pack("lims.nothing", tmp_path / "x.pyz")


def test_the_program_runs_in_an_empty_folder_without_the_house(tmp_path: Path) -> None:
    program = tmp_path / "lims-verify.pyz"
    pack(VERIFIER, program)
    work = tmp_path / "empty"
    work.mkdir()
    guard = (
        "import sys, runpy\n"
        "class NoDjango:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ('django', 'celery', 'serial'): raise ImportError(name)\n"
        "sys.meta_path.insert(0, NoDjango())\n"
        f"sys.argv = ['lims-verify', 'nothing', '--language', 'en']\nrunpy.run_path({str(program)!r}, run_name='__main__')"
    )
    ran = subprocess.run([sys.executable, "-I", "-c", guard], cwd=work, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (2, ""), ran.stderr
    assert "there is no such file" in ran.stdout

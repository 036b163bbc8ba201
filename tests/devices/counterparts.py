"""Third-party counterparts in a folder of their own beside the virtual environment's packages, fetched once."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

LIST = Path(__file__).with_suffix(".txt")


def folder() -> Path:
    """Where the packages of counterparts.txt can be imported from. Raises RuntimeError with pip's words when they cannot
    be had."""
    place = Path(sys.prefix) / "counterparts"
    mark = place / LIST.name
    wanted = LIST.read_text("utf-8")
    if mark.is_file() and mark.read_text("utf-8") == wanted:
        return place
    with tempfile.TemporaryDirectory(dir=sys.prefix) as temporary:
        fresh = Path(temporary) / "counterparts"
        done = subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps",
             "--target", str(fresh), "--requirement", str(LIST)],
            capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"pip cannot install {LIST.name}: {done.stderr.strip()[-600:]}")
        (fresh / LIST.name).write_text(wanted, "utf-8")
        if place.exists():
            place.replace(Path(temporary) / "old")
        try:
            fresh.replace(place)
        except OSError:  # another test process was quicker
            if not mark.is_file():
                raise
    return place


def environment() -> dict[str, str]:
    """The environment of a process that imports them."""
    return {**os.environ, "PYTHONPATH": str(folder())}

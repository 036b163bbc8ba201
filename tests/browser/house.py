"""A whole demonstration institute for browser tests: `manage.py serve` with its worker, agent and simulated rigs."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SPEED = "60"  # simulated seconds per second: a charge of five minutes takes five seconds
PATIENCE = 240


@contextmanager
def running(folder: Path, migrated: Path | None) -> Iterator[str]:
    """The address of an institute that runs for as long as the block.

    migrated: a migrated SQLite file to start from, which saves the time to migrate.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("LIMS_", "DATABASE_", "DJANGO_"))},
        "LIMS_DATA_DIR": str(folder),
        "LIMS_SIMULATORS_SPEED": SPEED,
    }
    manage = (sys.executable, "manage.py")
    if migrated:
        shutil.copyfile(migrated, folder / "lims.sqlite3")
    else:
        subprocess.run([*manage, "migrate"], cwd=ROOT, env=environment, check=True, capture_output=True)
    subprocess.run([*manage, "demo"], cwd=ROOT, env=environment, check=True, capture_output=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "serve.log"
    with log.open("w") as out:
        server = subprocess.Popen(
            [*manage, "serve", "--port", str(port)], cwd=ROOT, env=environment, stdout=out, stderr=out
        )
    try:
        end = time.monotonic() + PATIENCE
        while "ready:" not in log.read_text("utf-8"):
            assert server.poll() is None and time.monotonic() < end, log.read_text("utf-8")
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(timeout=60)

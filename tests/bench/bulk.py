"""Bulk issue under kills: 1 000 kills of web server and worker while 2 000 certificates are issued in selections."""

from pathlib import Path

from tests.bench.kill import killed
from tests.bench.measure import Figure
from tests.kill.bulk import BulkKillRun

COUNT, KILLS = 2000, 1000


def figures(folder: Path, url: str) -> list[Figure]:
    """As `tests.bench.kill.figures`, whose variables make it shorter."""
    return killed("bulk", BulkKillRun, folder, url, count=COUNT, kills=KILLS)

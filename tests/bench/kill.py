"""The whole kill run: 200 kills while 500 certificates are issued."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bench.measure import Figure, Span
from tests.kill.run import ROOT, KillRun, environment

COUNT, KILLS, SEED = 500, 200, 20261121
PATIENCE = 3 * 3600


def figures(folder: Path, url: str) -> list[Figure]:
    """Works on an installation of its own in `folder`; `url`: an empty database where it is not SQLite.

    Raises ValueError when any promise was broken. LIMS_KILLS and LIMS_KILL_CERTIFICATES make the run shorter.
    """
    return killed("kill", KillRun, folder, url, count=COUNT, kills=KILLS)


def killed(part: str, kind: type[KillRun], folder: Path, url: str, *, count: int, kills: int) -> list[Figure]:
    """Runs one kind of kill run and has it judged."""
    count = int(os.environ.get("LIMS_KILL_CERTIFICATES", count))
    kills = int(os.environ.get("LIMS_KILLS", kills))
    # Nothing else runs beside it, so a job that takes two seconds has lost its worker.
    env = environment(folder, LIMS_JOB_LEASE="2", **({"DATABASE_URL": url} if url else {}))
    subprocess.run([sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=env, check=True)
    outcome = kind(folder, env, count=count, kills=kills, seed=SEED, patience=PATIENCE).run()
    if outcome.faults or outcome.odd:
        raise ValueError("\n".join([*outcome.faults, *outcome.odd]))
    told = ", ".join(f"{number} {name}" for name, number in sorted(outcome.kills.items()))
    remark = (
        f"kills: {told}; {outcome.torn} jobs torn, {outcome.unanswered} forms unanswered, "
        f"{outcome.unreferenced} sealed files unreferenced, {len(outcome.fell)} programs fell; no number lost or double"
    )
    return [Figure(part, f"{count} certificates under {kills} kills", "s", Span((outcome.seconds,)), remark=remark)]

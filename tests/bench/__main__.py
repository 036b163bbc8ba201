"""`python -m tests.bench [PART …] [--out FILE]`: how fast the parts are, each beside its floor. Nothing is asserted about times.

Everything happens in a temporary data directory and, with DATABASE_URL, in databases of its own on that server.
"""

import argparse
import contextlib
import json
import os
import platform
import sys
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

PARTS = (
    "evaluate",
    "record",
    "certificate",
    "log",
    "verify",
    "pages",
    "audit",
    "recall",
    "ingest",
    "live",
    "rigs",
    "faults",
    "kill",
    "bulk",
    "durability",
)
# What makes a part shorter or longer.
SCALES = (
    "LIMS_KILLS",
    "LIMS_KILL_CERTIFICATES",
    "LIMS_FRAMES",
    "LIMS_INGEST_ROUNDS",
    "LIMS_LIVE_READINGS",
    "LIMS_FAULTS",
    "LIMS_LOG_EVENTS",
    "LIMS_RECALL_COUNT",
    "LIMS_AUDIT_CERTIFICATES",
    "LIMS_AUDIT_EVENTS",
)


@contextlib.contextmanager
def own_database(url: str) -> Iterator[str]:
    """The address of a new database beside that of `url`, dropped afterwards; empty when there is no server."""
    if not url:
        yield ""
        return
    import psycopg

    name = f"lims_bench_{uuid.uuid4().hex[:10]}"
    with psycopg.connect(url, autocommit=True) as server:
        server.execute(f'CREATE DATABASE "{name}"')
    try:
        yield urlunsplit(urlsplit(url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def measured(part: str, url: str) -> list[dict[str, object]]:
    """Runs one part in a process of its own: each has its own installation, and none warms up another."""
    with tempfile.TemporaryDirectory(prefix="lims-bench-") as folder, own_database(url) as database:
        out = Path(folder) / "figures.json"
        keep = {name: value for name, value in os.environ.items() if not name.startswith(("LIMS_", "DATABASE_"))}
        chosen = {name: os.environ[name] for name in SCALES if name in os.environ}
        environment = {
            **keep,
            **chosen,
            "LIMS_MODE": "test",
            "LIMS_DATA_DIR": folder,
            "DJANGO_SETTINGS_MODULE": "tests.kill.settings",
            **({"DATABASE_URL": database} if database else {}),
        }
        if os.spawnve(
            os.P_WAIT, sys.executable, [sys.executable, "-m", "tests.bench", "--child", part, str(out)], environment
        ):
            sys.exit(f"the part {part!r} failed")
        found: list[dict[str, object]] = json.loads(out.read_text(encoding="utf-8"))
        return found


def child(part: str, out: Path) -> None:
    """One part, inside its own environment."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.bench import measure

    if part in ("kill", "bulk", "durability"):  # programs of their own on an empty database
        from tests.bench import bulk, durability, kill

        run = {"kill": kill, "bulk": bulk, "durability": durability}[part]
        found = run.figures(Path(settings.DATA_DIR), os.environ.get("DATABASE_URL", ""))
    elif part in ("evaluate", "rigs", "faults"):  # no database
        from tests.bench import evaluate, faults, rigs

        found = {"evaluate": evaluate, "rigs": rigs, "faults": faults}[part].figures()
    else:
        call_command("migrate", verbosity=0)
        from tests import factories
        from tests.bench import certificate, ingest, pages, record

        if part == "live":
            from tests.bench import live

            found = live.figures()
        elif part == "verify":
            from tests.bench import verify

            found = verify.figures(factories.laboratory())
        elif part == "log":
            from tests.bench import log

            found = log.figures()
        elif part == "audit":
            from tests.bench import audit

            found = audit.figures()
        elif part == "recall":
            from tests.bench import recall

            found = recall.figures()
        elif part == "ingest":
            found = ingest.figures()
        elif part == "certificate":
            found = certificate.figures()
        else:
            found = (record if part == "record" else pages).figures(factories.laboratory())
    print(measure.table(found), flush=True)
    out.write_text(json.dumps([one.as_json() for one in found], ensure_ascii=False), encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("parts", nargs="*", help=f"any of {', '.join(PARTS)}; all when none is named")
    parser.add_argument("--out", type=Path, default=Path("bench.json"))
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    url = os.environ.get("DATABASE_URL", "")
    figures: list[dict[str, object]] = []
    for part in asked.parts or PARTS:
        print(f"── {part} on {'PostgreSQL' if url else 'SQLite'}", flush=True)
        figures += measured(part, url)
    result = {
        "schema": "bench/1",
        "database": "postgresql" if url else "sqlite",
        "python": platform.python_version(),
        "processors": os.cpu_count(),
        "figures": figures,
    }
    asked.out.write_text(json.dumps(result, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(f"written to {asked.out}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], Path(sys.argv[3]))
    else:
        main()

"""`manage.py serve`: web server, worker, timer and rig agent under one supervisor."""

import fcntl
import os
import socket
from contextlib import closing
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from lims.core.programs import programs
from lims.core.supervisor import Supervisor


class Command(BaseCommand):
    help = "Run web server, worker, timer and rig agent (outside production also the simulated rigs) until Ctrl-C"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument("--threads", type=int, default=2, help="jobs done at the same time")
        parser.add_argument("--demo", action="store_true", help="first migrate and refresh the demonstration institute")

    def handle(self, *, host: str, port: int, threads: int, demo: bool, **options: Any) -> None:
        lock = self._only_one()
        self._refuse_taken_port(host, port)
        if demo:
            # Here and not by three commands in a row: each would spend its seconds on importing the same programs.
            call_command("migrate", verbosity=0)
            call_command("demo", stdout=self.stdout)
        self._refuse_old_database()
        connection.close()
        address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104
        announced = False

        def announce() -> None:
            nonlocal announced
            if not announced and _answers(host, port):
                announced = True
                self.stdout.write(f"ready: {address}  (Ctrl-C ends everything)")
                self.stdout.flush()

        # Certificates made here name this server, unless the settings name another address.
        os.environ.setdefault("LIMS_BASE_URL", settings.BASE_URL if settings.PRODUCTION else address)
        children = programs(host=host, port=port, threads=threads)
        self.stdout.write("starting " + ", ".join(one.name for one in children))
        self.stdout.flush()
        try:
            Supervisor(children, say=self.stderr.write).run(announce)
        finally:
            os.close(lock)
        self.stdout.write("stopped")

    def _only_one(self) -> int:
        """Holds the data directory's lock: two timers would ring twice, two agents would fight for the ports."""
        lock = os.open(Path(settings.DATA_DIR) / "serve.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
            raise CommandError(f"another `serve` is running on {settings.DATA_DIR}; end it first") from None
        return lock

    def _refuse_taken_port(self, host: str, port: int) -> None:
        with closing(socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(
                    f"cannot listen on {host}:{port} ({error.strerror}); choose another --port"
                ) from None

    def _refuse_old_database(self) -> None:
        executor = MigrationExecutor(connection)
        if plan := executor.migration_plan(executor.loader.graph.leaf_nodes()):
            raise CommandError(f"the database lacks {len(plan)} migrations; run: manage.py migrate")


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1" if host == "0.0.0.0" else host, port), timeout=0.2):  # noqa: S104
            return True
    except OSError:
        return False

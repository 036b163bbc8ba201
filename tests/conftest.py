"""Shared fixtures: a database that may be emptied although its tables are write-once, and installations of their own."""

import os
import shutil
import sqlite3
import subprocess
import sys
import uuid
from contextlib import closing
from pathlib import Path

# Here and not in pyproject.toml: from there pytest-django reads the settings before this file can say which mode they have.
ROOT = Path(__file__).resolve().parent.parent
os.environ.setdefault("LIMS_MODE", "test")
os.environ.setdefault("LIMS_DATA_DIR", str(ROOT / "var" / "test"))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lims.settings")

import django

django.setup()

import pytest
from django.conf import settings as django_settings
from django.db import connection, connections
from django.test import TransactionTestCase

from lims.core import frozen

_teardown = TransactionTestCase._fixture_teardown


def _teardown_with_triggers_lifted(self: TransactionTestCase) -> None:
    """Emptying a test database must pass the triggers; `flush` sends post_migrate, which lays them anew."""
    for alias in self._databases_names(include_mirrors=False):
        for model, _declaration in frozen.frozen_models():
            frozen.remove(connections[alias], model)
    _teardown(self)


TransactionTestCase._fixture_teardown = _teardown_with_triggers_lifted


# Fixtures that need the migrated database although they do not ask for it by name.
NEED_DATABASE = {"_site_template", "handed_out"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """pytest-django lays out the database only for marked tests: those with such a fixture are marked, also when asked alone."""
    for item in items:
        if NEED_DATABASE.intersection(getattr(item, "fixturenames", ())) and not item.get_closest_marker("django_db"):
            item.add_marker(pytest.mark.django_db)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Notes the names of failed tests where the caller asks for them, so that he can ask those alone once more."""
    path = os.environ.get("LIMS_FAILED_TESTS")
    if path and report.failed and "PYTEST_XDIST_WORKER" not in os.environ:
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{report.nodeid}\n")


@pytest.fixture(autouse=True)
def _own_data_directories(tmp_path, settings):
    """Each test stores files and keys in its own folder, so that tests run in parallel."""
    settings.FILES_DIR = tmp_path / "files"
    settings.KEYS_DIR = tmp_path / "keys"


class Site:
    """An installation of its own (data directory and migrated database), driven through real processes."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {
            **{
                name: value
                for name, value in os.environ.items()
                if not name.startswith(("LIMS_", "DATABASE_", "DJANGO_"))
            },
            "LIMS_MODE": "test",
            "LIMS_DATA_DIR": str(folder),
            "DJANGO_SETTINGS_MODULE": "lims.settings",
            "PYTHONPATH": str(ROOT),
            **environment,
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def python(self, code: str, **environment: str) -> subprocess.Popen:
        """A process that runs the code with Django set up."""
        return self.start("-c", f"import django; django.setup()\n{code}", **environment)

    def manage(self, *arguments: str, timeout: float = 180, **environment: str) -> subprocess.CompletedProcess:
        process = self.start("manage.py", *arguments, **environment)
        out, err = process.communicate(timeout=timeout)
        return subprocess.CompletedProcess(arguments, process.returncode, out, err)

    def output(self, code: str, **environment: str) -> str:
        """What the code prints; the test fails when it fails."""
        process = self.python(code, **environment)
        out, err = process.communicate(timeout=180)
        assert process.returncode == 0, err
        return out.strip()


def _postgres_url(name: str) -> str:
    kept = django_settings.DATABASES["default"]
    password = f":{kept['PASSWORD']}" if kept["PASSWORD"] else ""
    return f"postgres://{kept['USER']}{password}@{kept['HOST']}:{kept['PORT'] or 5432}/{name}"


def _on_server(statement: str) -> None:
    import psycopg

    with psycopg.connect(_postgres_url("postgres"), autocommit=True) as server:
        server.execute(statement)


# Dropped together at the end: each drop waits for a checkpoint, and only the first one has anything to write.
_databases: list[str] = []


@pytest.fixture(scope="session")
def _site_template(django_db_setup, django_db_blocker, tmp_path_factory):
    """A copy of the freshly migrated test database: migrating once more would take a quarter of a minute."""
    with django_db_blocker.unblock():
        if connection.vendor == "sqlite":
            path = tmp_path_factory.mktemp("site") / "template.sqlite3"
            connection.ensure_connection()
            with closing(sqlite3.connect(path)) as copy:
                connection.connection.backup(copy)
                copy.execute("PRAGMA journal_mode=WAL")
            yield path
            return
        name = f"site_template_{uuid.uuid4().hex[:10]}"
        source = connection.settings_dict["NAME"]
        connection.close()
        _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
    yield name
    for made in (*_databases, name):
        _on_server(f'DROP DATABASE IF EXISTS "{made}" WITH (FORCE)')


@pytest.fixture
def new_site(_site_template, tmp_path):
    """Makes installations with an empty, migrated database of the kind the suite runs on."""

    def make(**environment: str) -> Site:
        folder = tmp_path / f"site-{uuid.uuid4().hex[:6]}"
        folder.mkdir()
        if isinstance(_site_template, Path):
            shutil.copyfile(_site_template, folder / "lims.sqlite3")
        else:
            name = f"site_{uuid.uuid4().hex[:10]}"
            _on_server(f'CREATE DATABASE "{name}" TEMPLATE "{_site_template}"')
            _databases.append(name)
            environment = {"DATABASE_URL": _postgres_url(name), **environment}
        return Site(folder, **environment)

    return make


@pytest.fixture
def site(new_site):
    return new_site()

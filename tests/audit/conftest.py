"""A small log with certificates in it, and what a database administrator could do to it."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection, transaction

from lims.audit import registry, services
from lims.audit.export import export
from lims.audit.models import Checkpoint, Entry, Event
from lims.core import frozen
from lims.core.models import Counter
from tests.audit import evidence

registry.register("test.happened", zh="发生测试", en="a test happened")
PDF = {number: f"{number:064x}" for number in range(1, 7)}


def happen(times: int = 1, **public: str) -> None:
    """Some events that nobody needs to know more about."""
    thing, _ = Counter.objects.get_or_create(series="x")
    with transaction.atomic():
        for number in range(times):
            services.record("test.happened", by=None, obj=thing, payload={"n": str(number)}, public=public)


def certificate(number: int, *verbs: str) -> None:
    """Events of certificate JD-000n: numbered, issued, withdrawn, …"""
    thing, _ = Counter.objects.get_or_create(series="x")
    for verb in verbs:
        public = {"cert": f"JD-{number:06d}"} | ({"pdf": PDF[number]} if verb == "issued" else {})
        with transaction.atomic():
            services.record(f"certificate.{verb}", by=None, obj=thing, public=public)


@pytest.fixture
def log(db: None) -> None:
    """300 events, six certificates, one of them withdrawn; all placed and signed."""
    happen(150)
    for number in PDF:
        certificate(number, "numbered", "issued")
    certificate(3, "withdrawn")
    happen(137)
    services.integrate()


@pytest.fixture
def exported(log: None, tmp_path: Path) -> Path:
    folder = tmp_path / "log"
    export(folder)
    return folder


@pytest.fixture
def as_administrator() -> Callable[..., None]:
    """Runs SQL with the triggers lifted and laid again, as somebody with the database's password could."""

    def run(*statements: str, **values: object) -> None:
        tables = (Event, Entry, Checkpoint)
        for model in tables:
            frozen.remove(connection, model)
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement, values or None)
        for model in tables:
            frozen.install(connection, model, model.frozen)

    return run


@pytest.fixture
def case(db: None, settings: Any, tmp_path: Path) -> SimpleNamespace:
    """One certificate with its bundle as it was handed out, and a database to do to what one likes."""
    certificate = evidence.issued(tmp_path)
    path = evidence.bundled(tmp_path / f"{certificate.number}.evidence.zip")
    return SimpleNamespace(bundle=path, number=certificate.number)


_handed_out: dict[str, bytes] = {}


@pytest.fixture
def handed_out(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The bundle of such a certificate as a file; made once, since checking it needs no database."""
    if not _handed_out:
        made = request.getfixturevalue("case").bundle
        _handed_out[made.name] = made.read_bytes()
    ((name, data),) = _handed_out.items()
    (tmp_path / name).write_bytes(data)
    return tmp_path / name

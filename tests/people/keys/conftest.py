"""A persons' authority, two people with keys, and a statement about a record."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from lims.people.keys import acts, locker
from lims.people.keys.authority import PersonsAuthority

NOW = datetime(2026, 11, 20, 8, 0, 0, 250000, tzinfo=UTC)


def person(authority: PersonsAuthority, number: str, name: str) -> SimpleNamespace:
    key = locker.make()
    return SimpleNamespace(
        number=number,
        name=name,
        key=key,
        certificate=authority.certify(key.public_key(), person=number, name=name, at=NOW),
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("keys")
    return PersonsAuthority.open(folder, institute="示范区计量质量检测所", demonstration=True, at=NOW)


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Another institute's authority, of the very same name."""
    folder = tmp_path_factory.mktemp("foreign")
    return PersonsAuthority.open(folder, institute="示范区计量质量检测所", demonstration=True, at=NOW)


@pytest.fixture(scope="module")
def anna(authority):
    return person(authority, "7", "核验员安")


@pytest.fixture(scope="module")
def ben(authority):
    return person(authority, "8", "核验员本")


@pytest.fixture
def act(anna):
    return acts.Act("check", NOW, anna.number, anna.name, "RW-2026-000001-1", "ab" * 32, "RW-2026-000001")

"""Reads about procedure versions and what is confirmed of them."""

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Any

from django.db.models import Q, QuerySet

from lims.core.text import DataError
from lims.people.items import Item
from standards.models import Category, ConfirmedValue, ProcedureVersion
from standards.procedures import Pack, Sourced, check_pack, load_pack
from standards.selectors.devices import may_read


def versions(viewer: object) -> QuerySet[ProcedureVersion]:
    rows = ProcedureVersion.objects.select_related("loaded_by", "approved_by").order_by("code", "-edition", "-pk")
    return rows if may_read(viewer) else rows.none()


def in_force(day: date, *, code: str = "", category: str = "") -> list[ProcedureVersion]:
    """The approved versions in force on the day for a procedure code, a category, or both; the newest edition first.

    Where two editions of one code are both in force by their dates, only the newer one is given.
    """
    rows = ProcedureVersion.objects.filter(
        Q(in_force_to=None) | Q(in_force_to__gte=day), state=ProcedureVersion.State.APPROVED, in_force_from__lte=day
    ).order_by("-in_force_from", "-pk")
    if code:
        rows = rows.filter(code=code)
    newest: dict[str, ProcedureVersion] = {}
    for version in rows.defer("source"):
        if not category or category in version.categories:
            newest.setdefault(version.code, version)
    return list(newest.values())


def items_on(day: date) -> list[Item]:
    """What people may be authorised for: each procedure in force on the day, for each category it applies to."""
    return [
        Item(version.code, category, str(Category(category).label) if category in Category.values else category)
        for version in in_force(day)
        for category in version.categories
    ]


@lru_cache(maxsize=64)
def _loaded(sha256: str) -> Pack:
    pack = load_pack(ProcedureVersion.objects.values_list("source", flat=True).get(sha256=sha256))
    if pack.sha256 != sha256:
        raise ValueError(f"the stored text of procedure version {sha256} no longer has this digest")
    return pack


def pack_of(version: ProcedureVersion) -> Pack:
    """The pack of a version, parsed once per process. Raises ValueError when its stored text was altered."""
    return _loaded(version.sha256)


@lru_cache(maxsize=64)
def _faults(sha256: str) -> tuple[DataError, ...]:
    return tuple(check_pack(_loaded(sha256)))


def faults_of(version: ProcedureVersion) -> tuple[DataError, ...]:
    """What is wrong with a version, its worked examples run once per process; empty when all of them come out."""
    return _faults(version.sha256)


def by_sha256(sha256: str) -> ProcedureVersion:
    """The version a record pins. Raises ProcedureVersion.DoesNotExist."""
    return ProcedureVersion.objects.get(sha256=sha256)


def confirmed_paths(version: ProcedureVersion) -> frozenset[str]:
    """Paths of the values that the technical lead confirmed for this version."""
    return frozenset(ConfirmedValue.objects.filter(version=version).values_list("path", flat=True))


def unconfirmed(version: ProcedureVersion) -> list[Sourced]:
    """The values of a version that neither the pack nor the technical lead confirms."""
    confirmed = confirmed_paths(version)
    return [one for one in pack_of(version).claims() if not one.claim.confirmed and one.path not in confirmed]


def still_unconfirmed(version: ProcedureVersion, entries: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of an evaluation's `unconfirmed` entries, those that the technical lead has not confirmed."""
    confirmed = confirmed_paths(version)
    return [entry for entry in entries if entry["path"] not in confirmed]

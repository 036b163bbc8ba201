"""What an auditor from outside may look at today. People of the institute need no grant."""

from dataclasses import dataclass

from django.conf import settings
from django.db.models import QuerySet

from lims.auditor.models import Grant
from lims.core import clock
from lims.people.models import Role, User
from lims.people.selectors import is_staff, roles_of


@dataclass(frozen=True)
class Bound:
    """How a viewer is bound. `grant` None: there is none in force. `categories` None: everything."""

    grant: Grant | None
    last: Grant | None = None

    @property
    def categories(self) -> frozenset[str] | None:
        if self.grant is None:
            return frozenset()
        return frozenset(self.grant.categories) or None


def bound(viewer: object) -> Bound | None:
    """How an auditor is bound by grants; None for everybody else, and where grants are only offered and none was given.

    Looked up once for each request: the answer is kept on the object.
    """
    if not isinstance(viewer, User) or is_staff(viewer) or Role.AUDITOR not in roles_of(viewer):
        return None
    if "_bound" not in viewer.__dict__:
        viewer.__dict__["_bound"] = _bound(viewer)
    found: Bound | None = viewer.__dict__["_bound"]
    return found


def _bound(auditor: User) -> Bound | None:
    given = list(Grant.objects.filter(auditor=auditor).order_by("-valid_until", "-pk"))
    if not given and settings.AUDITOR_GRANTS == "offered":
        return None
    day = clock.today()
    in_force = [one for one in given if not one.revoked_at and one.valid_from <= day <= one.valid_until]
    return Bound(in_force[0] if in_force else None, given[0] if given else None)


def scope(viewer: object) -> frozenset[str] | None:
    """The categories a viewer may look at; None for everything."""
    found = bound(viewer)
    return found.categories if found else None


def grants() -> QuerySet[Grant]:
    """All grants, those that end last first."""
    return Grant.objects.select_related("auditor", "granted_by", "revoked_by").order_by("-valid_until", "-pk")

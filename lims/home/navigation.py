"""The main navigation: which rooms of the house a person may enter. A room without an address yet is not shown."""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from lims.people.models import Role
from lims.people.selectors import STAFF, roles_of


@dataclass(frozen=True)
class Room:
    """A top-level page: the name of its address, what it is called, its icon, and the roles that see it."""

    name: str
    label: Promise
    icon: str
    roles: frozenset[str]


INSIDE = STAFF | {Role.AUDITOR}
ROOMS = (
    Room("home", _("首页"), "home", frozenset(Role.values)),
    Room("instruments:task_list", _("任务"), "task", STAFF),
    Room("instruments:ledger", _("器具台账"), "instrument", INSIDE),
    Room("devices:installed", _("装置"), "rig", STAFF),
    Room("standards:list", _("计量标准"), "standard", INSIDE),
    Room("certificates:list", _("证书"), "certificate", INSIDE),
    Room("people:list", _("人员"), "user", INSIDE),
    Room("auditor:index", _("审核"), "audit", frozenset({Role.AUDITOR, Role.QUALITY_MANAGER, Role.TECHNICAL_LEAD})),
    *([Room("demo:instruments", _("模拟器具"), "rig", frozenset({Role.TECHNICIAN}))] if settings.DEMONSTRATION else []),
    Room("portal:home", _("我的器具与证书"), "certificate", frozenset({Role.CUSTOMER})),
    Room("portal:notices", _("召回通知"), "alert", frozenset({Role.CUSTOMER})),
)


def address(name: str) -> str:
    """The address of a named page, empty when there is no such page."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def rooms(request: HttpRequest) -> list[dict[str, object]]:
    """The entries this person sees, the current one marked: the longest address that begins the requested one."""
    held = roles_of(request.user)
    entries = [(room, address(room.name)) for room in ROOMS if room.roles & held]
    entries = [(room, url) for room, url in entries if url]
    here = max((url for _room, url in entries if url != "/" and request.path.startswith(url)), key=len, default="/")
    return [
        {
            "label": room.label,
            "icon": room.icon,
            "url": url,
            "current": url == here and (url != "/" or request.path == "/"),
        }
        for room, url in entries
    ]


def context(request: HttpRequest) -> dict[str, object]:
    """Template context: `navigation` and `search_url` for people who are signed in."""
    if not getattr(request, "user", None) or not request.user.is_authenticated:
        return {}
    return {
        "navigation": SimpleLazyObject(lambda: rooms(request)),
        "search_url": address("home_search") if roles_of(request.user) & INSIDE else "",
        "search_query": request.GET.get("q", ""),
    }

"""What ends, for the person who has to see to it, and how near the end is."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from lims.core.text import Text
from lims.home.models import ReminderMail, ReminderRun
from lims.people import selectors as people
from lims.people.models import Role, User
from standards.selectors import lapsing as standards

FARTHEST = timedelta(days=180)
"""Nothing that ends later is listed or mailed."""

STEPS = (0, 1, 30, 90, 180)
"""Days before the last good day: each is told once, the evening before the last day and on that day among them."""

# Tests come round every few months: the long steps would be told of them all the time.
STEPS_OF_TESTS = (0, 1, 30)
WEEK = 7


@dataclass(frozen=True)
class Ending:
    """A thing whose last good day is `ends_on`; `left` days from the day asked, negative when it has passed.

    `key` names the thing, the same every day; `address` leads to the page where it is seen to.
    """

    key: str
    what: Text
    ends_on: date
    address: str
    left: int
    steps: tuple[int, ...] = STEPS

    @property
    def late(self) -> bool:
        return self.left < 0

    @property
    def step(self) -> str | None:
        """The nearest step reached; None while the thing is farther away than its first. Late things have one a week."""
        if self.late:
            return f"late-{(-self.left - 1) // WEEK}"
        return next((str(days) for days in sorted(self.steps) if self.left <= days), None)


@dataclass(frozen=True)
class Group:
    """Things that are equally near, under one heading."""

    code: str
    title: Text
    endings: tuple[Ending, ...]


_GROUPS = (
    ("late", Text("已过期或逾期", "Ended or overdue"), lambda one: one.late),
    ("today", Text("今天到期", "Ends today"), lambda one: one.left == 0),
    ("tomorrow", Text("明天到期", "Ends tomorrow"), lambda one: one.left == 1),
    ("30", Text("30 天内到期", "Ends within 30 days"), lambda one: 1 < one.left <= 30),
    ("90", Text("90 天内到期", "Ends within 90 days"), lambda one: 30 < one.left <= 90),
    ("180", Text("180 天内到期", "Ends within 180 days"), lambda one: 90 < one.left <= 180),
)


def endings(viewer: object, today: date) -> list[Ending]:
    """Everything that the person has to see to and that ends within half a year or has ended, the first to end first.

    Of people only the quality manager is told.
    """
    found = [
        Ending(
            one.key,
            one.what,
            one.ends_on,
            one.address,
            (one.ends_on - today).days,
            STEPS_OF_TESTS if one.kind == "test" else STEPS,
        )
        for one in standards.lapsing(viewer, today, FARTHEST)
    ]
    if Role.QUALITY_MANAGER in people.roles_of(viewer):
        found += [
            Ending(
                f"person:{one.person.pk}:{hashlib.sha256(one.what.zh.encode()).hexdigest()[:24]}",
                Text(f"{one.person}：{one.what.zh}", f"{one.person.shown_name.en}: {one.what.en}"),
                one.ends_on,
                one.address,
                (one.ends_on - today).days,
            )
            for one in people.lapsing(viewer, today, FARTHEST)
        ]
    return sorted(found, key=lambda one: (one.ends_on, one.key))


def is_reminded(viewer: object, today: date) -> bool:
    """Whether there can be anything for the person: by role, or as keeper of a standard or device."""
    return standards.keeps_something(viewer, today)


def grouped(found: Iterable[Ending]) -> list[Group]:
    """The things under their headings, the most urgent first; headings without any are left out."""
    rows = list(found)
    groups = [Group(code, title, tuple(one for one in rows if belongs(one))) for code, title, belongs in _GROUPS]
    return [group for group in groups if group.endings]


def newest_run() -> ReminderRun | None:
    return ReminderRun.objects.order_by("-day").first()


def newest_mail(viewer: object) -> ReminderMail | None:
    """The last letter to the person, with how its sending went."""
    if not isinstance(viewer, User):
        return None
    return ReminderMail.objects.filter(recipient=viewer).order_by("-day").first()

"""The wording of a reminder. Plain text, Chinese first, English below: people have no language of their own on file."""

from collections.abc import Sequence
from datetime import date

from django.conf import settings
from django.urls import reverse

from lims.core.text import Text
from lims.home.selectors import Ending, Group, grouped
from lims.people.models import Organisation

_NEVER_LATE = ("late", "today", "tomorrow")


def subject(found: Sequence[Ending], day: date) -> str:
    """How many things, and how urgent the nearest is."""
    groups = {group.code: len(group.endings) for group in grouped(found)}
    pressing = [(code, groups[code]) for code in _NEVER_LATE if code in groups]
    zh = {"late": "已过期 {} 项", "today": "今天到期 {} 项", "tomorrow": "明天到期 {} 项"}
    en = {"late": "{} overdue", "today": "{} end today", "tomorrow": "{} end tomorrow"}
    said_zh = "，".join(zh[code].format(count) for code, count in pressing) or f"即将到期 {len(found)} 项"
    said_en = ", ".join(en[code].format(count) for code, count in pressing) or f"{len(found)} ending soon"
    return f"【到期提醒 {day:%Y-%m-%d}】{said_zh} · Reminder: {said_en}"


def body(found: Sequence[Ending], *, name: Text, institute: Organisation, missed: tuple[date, date] | None) -> str:
    """What is new since the last letter, each thing with its date and where to see to it.

    missed: the first and the last evening whose letters could not be written in time and are made up for by this one.
    """
    groups = grouped(found)
    page = f"{settings.BASE_URL}{reverse('home_reminders')}"
    zh = [
        f"{name.zh}：",
        "",
        *_caught_up_zh(missed),
        *_listed(groups, "zh"),
        f"全部待办期限：{page}",
        "",
        institute.name,
    ]
    en = [
        f"To {name.en}",
        "",
        *_caught_up_en(missed),
        *_listed(groups, "en"),
        f"Everything that ends: {page}",
        "",
        institute.title.en,
    ]
    return "\n".join([*zh, "", "-" * 40, "", *en, ""])


def _caught_up_zh(missed: tuple[date, date] | None) -> list[str]:
    if missed is None:
        return []
    first, last = missed
    when = f"{first:%Y-%m-%d} 晚" if first == last else f"{first:%Y-%m-%d} 至 {last:%Y-%m-%d} 每晚"
    return [f"系统当时没有运行，本应在{when}发出的提醒，现在补发。", ""]


def _caught_up_en(missed: tuple[date, date] | None) -> list[str]:
    if missed is None:
        return []
    first, last = missed
    when = (
        f"on the evening of {first:%Y-%m-%d}"
        if first == last
        else f"on the evenings of {first:%Y-%m-%d} to {last:%Y-%m-%d}"
    )
    return [f"The system was not running then: this should have been sent {when}.", ""]


def _listed(groups: Sequence[Group], language: str) -> list[str]:
    lines = []
    for group in groups:
        mark = "【{}】" if language == "zh" else "{}:"
        lines.append(mark.format(group.title.get(language)))
        for one in group.endings:
            lines.append(f"- {one.ends_on:%Y-%m-%d} {one.what.get(language)}")
            lines.append(f"  {settings.BASE_URL}{one.address}")
        lines.append("")
    return lines

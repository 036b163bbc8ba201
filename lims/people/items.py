"""What people are authorised for: procedures and the kinds of instrument they apply to, told by the app that keeps them.

People come below procedures in the house, so whoever knows the procedures registers here where they can be asked.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Item:
    """One procedure for one category of instruments. `procedure` is its code, e.g. JJG 1148; the label names the category in
    the language of the reader."""

    procedure: str
    category: str
    label: str


_sources: list[Callable[[date], list[Item]]] = []


def register(source: Callable[[date], list[Item]]) -> None:
    _sources.append(source)


def items_on(day: date) -> list[Item]:
    """The items of the procedures in force on the day, by procedure and category."""
    found = {item for source in _sources for item in source(day)}
    return sorted(found, key=lambda one: (one.procedure, one.category))

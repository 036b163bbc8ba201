"""Filling pages: slabs of known height go down a page, and a page ends where the next slab does not fit.

Placing comes before drawing, so every page can say how many there are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .pen import Pen


@dataclass(frozen=True)
class Slab:
    """A strip that is never divided. `draw(pen, top)` paints it below y = top.

    `keep`: stays on the page of the next slab. `head`: repeated above this slab when a page begins with it.
    `gap`: white space, dropped at the top of a page.
    """

    height: float
    draw: Callable[[Pen, float], None]
    keep: bool = False
    head: Slab | None = None
    gap: bool = False


def gap(height: float, *, keep: bool = False) -> Slab:
    return Slab(height, lambda pen, top: None, keep=keep, gap=True)


Page = list[tuple[float, Slab]]


def compose(slabs: Sequence[Slab], capacity: float) -> list[Page]:
    """Pages of (distance from the top, slab). A slab or group higher than a page starts a page and is placed all the same."""
    pages: list[Page] = [[]]
    used = 0.0
    index = 0
    while index < len(slabs):
        end = index
        while slabs[end].keep and end + 1 < len(slabs):
            end += 1
        group = slabs[index : end + 1]
        whole = sum(slab.height for slab in group)
        together = whole <= capacity
        for position, slab in enumerate(group):
            needed = whole if together and position == 0 else slab.height
            if pages[-1] and (position == 0 or not together) and used + needed > capacity:
                pages.append([])
                used = 0.0
                if slab.head:
                    pages[-1].append((0.0, slab.head))
                    used = slab.head.height
            if slab.gap and not pages[-1]:
                continue
            pages[-1].append((used, slab))
            used += slab.height
        index = end + 1
    return pages

"""The words by which an event is found. Plain functions over plain values."""

import re

from lims.core.search import LONGEST

_RUN = re.compile(r"[0-9a-z]+|[\u2e80-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")
_ESCAPED = re.compile(r"\\(?:u[0-9a-f]{4}|.)")
"""What JSON writes for quotation marks, line feeds and the like: it ends a word."""


def words(payload: str, *names: str) -> str:
    """The distinct words of a payload (JSON) and of names, sorted. Words of letters and digits whole, up to 24 characters;
    Chinese as its characters and pairs of neighbours, as `lims.core.search` asks for them.

    No beginnings and endings of words, as lists of instruments have them: a payload has many words, and they would take
    several times the room of the event itself.
    """
    found: set[str] = set()
    for text in (_ESCAPED.sub(" ", payload), *names):
        for run in _RUN.findall(text.lower()):
            if run[0].isascii():
                found.add(run[:LONGEST])
            else:
                found.update(run)
                found.update(run[at : at + 2] for at in range(len(run) - 1))
    return " ".join(sorted(found))

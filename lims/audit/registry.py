"""The verbs of the event log: dotted names, each with its sentence in both languages."""

from lims.core.text import Text

_verbs: dict[str, Text] = {}


def register(verb: str, *, zh: str, en: str) -> None:
    """Makes a verb known. Raises ValueError when two apps claim the same name with different wording."""
    wording = Text(zh, en)
    if _verbs.setdefault(verb, wording) != wording:
        raise ValueError(f"verb {verb!r} is registered twice")


def wording(verb: str) -> Text:
    """The sentence of a verb; raises KeyError for one that nobody registered."""
    return _verbs[verb]


def verbs() -> dict[str, Text]:
    return dict(_verbs)

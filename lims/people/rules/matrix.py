"""Who may do what on a day, for everybody and everything at once: the same decision as for one submit."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date

from lims.core import clock
from lims.people.items import Item as Known
from lims.people.models import Authorisation, User
from lims.people.rules.competence import Item, Standing, asking, decide, decide_training, role_missing
from lims.people.selectors.competence import Held, acting_people, held_by

ACTS = tuple(Authorisation.Act)


@dataclass(frozen=True)
class Line:
    """One person: for each item, by act, whether it may be done on the day."""

    person: User
    cells: tuple[tuple[Standing, ...], ...]


def matrix(viewer: object, day: date, items: Iterable[Known], *, acts: Iterable[str] = ACTS) -> list[Line]:
    """A line for each person that the viewer may see who verifies, checks or approves, or once was authorised to.

    On a past day roles are not asked: which ones somebody held then is told by the events alone. From today on they are.
    A handful of queries, however many people and items there are.
    """
    wanted, of_items = tuple(acts), [Item(one.procedure, one.category) for one in items]
    persons = acting_people(viewer).order_by("-is_active", "display_name")
    known = held_by(persons, roles=True)
    # Supervisors whom the viewer may not see still count.
    named = {pk for held in known.values() for ids in held.supervisors.values() for pk in ids} - known.keys()
    others = known | (held_by(User.objects.filter(pk__in=named)) if named else {})
    asked, roles_count = asking(day), day >= clock.today()

    def judged(held: Held, item: Item, act: str) -> Standing:
        if act == Authorisation.Act.TRAIN:
            found = decide_training(held, item, day, others=others, asked=asked)
        else:
            found = decide(held, item, act, day, asked=asked)
        missing = role_missing(held, act) if roles_count and found.may else None
        return replace(found, reasons=(missing,)) if missing else found

    return [
        Line(held.person, tuple(tuple(judged(held, item, act) for act in wanted) for item in of_items))
        for held in known.values()
    ]

"""Who may do what on which day: one decision for the button, the refused submit, and the page that shows it for everybody.

Authorisations count by their dates and the day of their revocation, documents by the dates printed on them. What nobody
has entered is unknown: it is said as a remark, and refuses only where the institute has decided that it does.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from lims.core import clock
from lims.core.text import Reason, Text, reason
from lims.people.models import Authorisation, Requirement, User
from lims.people.rules.names import ACT_NAMES, ROLE_NAMES, ROLE_OF_ACT
from lims.people.selectors.competence import Asked, Document, Held, asked_on, held_by

Act = Authorisation.Act


@dataclass(frozen=True)
class Item:
    """What the act is done to: an instrument of a category, by a procedure (its code)."""

    procedure: str
    category: str

    def is_in(self, one: Authorisation) -> bool:
        return (one.scope_kind, one.scope) in (
            (Authorisation.Scope.PROCEDURE, self.procedure),
            (Authorisation.Scope.CATEGORY, self.category),
        )


@dataclass(frozen=True)
class Standing:
    """Whether one person may do an act to an item on a day.

    by: the authorisation that says so. remarks: what is not known. supervisors: of a trainee, those who may answer for
    him on that day. ever: whether there was an authorisation for it at any time.
    """

    person: User
    act: str
    reasons: tuple[Reason, ...] = ()
    by: Authorisation | None = None
    remarks: tuple[Text, ...] = ()
    supervisors: tuple[User, ...] = ()
    ever: bool = False

    @property
    def may(self) -> bool:
        return not self.reasons


def ends(one: Authorisation) -> date:
    """The last day on which it holds: a revocation counts from its own day on."""
    if one.revoked_on is None:
        return one.valid_until
    return min(one.valid_until, one.revoked_on - timedelta(days=1))


def covers(one: Authorisation, day: date) -> bool:
    return one.valid_from <= day <= ends(one)


def decide(held: Held, item: Item, act: str, day: date, *, asked: Callable[[], Asked]) -> Standing:
    """For verify, check and approve. `asked` is what the institute asks about registration on the day, called when needed."""
    person = held.person
    if left := _left(person, day):
        return Standing(person, act, (left,))
    fitting = [one for one in held.authorisations if item.is_in(one)]
    found = [one for one in fitting if one.act == act and covers(one, day)]
    if not found:
        ever = any(one.act == act for one in fitting)
        return Standing(person, act, (_missing(person, item, act, day, fitting),), ever=ever)
    by = max(found, key=ends)
    if act != Act.VERIFY:
        return Standing(person, act, tuple(_still_learning(person, item, act, day, fitting)), by, ever=True)
    refusal, remark = _registered(held, day, asked)
    return Standing(person, act, (refusal,) if refusal else (), by, (remark,) if remark else (), ever=True)


def decide_training(
    held: Held, item: Item, day: date, *, others: Mapping[int, Held], asked: Callable[[], Asked]
) -> Standing:
    """Whether the person may take readings as a trainee: authorised to, with a supervisor who may verify on that day.

    others: what the supervisors hold, by person.
    """
    person = held.person
    if left := _left(person, day):
        return Standing(person, Act.TRAIN, (left,))
    fitting = [one for one in held.authorisations if item.is_in(one)]
    found = [one for one in fitting if one.act == Act.TRAIN and covers(one, day)]
    if not found:
        ever = any(one.act == Act.TRAIN for one in fitting)
        return Standing(person, Act.TRAIN, (_missing(person, item, Act.TRAIN, day, fitting),), ever=ever)
    named = {pk for one in found for pk in held.supervisors.get(one.pk, []) if pk in others and pk != person.pk}
    able = tuple(
        others[pk].person for pk in sorted(named) if decide(others[pk], item, Act.VERIFY, day, asked=asked).may
    )
    by = max(found, key=ends)
    if able:
        return Standing(person, Act.TRAIN, (), by, supervisors=able, ever=True)
    refusal = _no_supervisor(person, item, day, [others[pk].person for pk in sorted(named)])
    return Standing(person, Act.TRAIN, (refusal,), by, ever=True)


def _left(person: User, day: date) -> Reason | None:
    if person.is_active or day < clock.today():
        return None
    return reason(
        "person_left",
        f"{person} 已离岗",
        f"{person} no longer works here",
        "请改派在岗人员",
        "Assign somebody who works here",
    )


def _missing(person: User, item: Item, act: str, day: date, fitting: list[Authorisation]) -> Reason:
    """Names the authorisation that ended last or begins next, where there is one."""
    zh, en = ACT_NAMES[act]
    tail_zh, tail_en = _why_none(act, day, fitting)
    return reason(
        "not_authorised",
        f"{person} 在 {day:%Y-%m-%d} 没有 {item.procedure} 的{zh}授权{tail_zh}",
        f"{person} was not authorised to {en} under {item.procedure} on {day:%Y-%m-%d}{tail_en}",
        "请技术负责人补充授权，或改派有授权的人员",
        "Have the technical lead grant it, or assign somebody who holds it",
    )


def _why_none(act: str, day: date, fitting: list[Authorisation]) -> tuple[str, str]:
    of_act = [one for one in fitting if one.act == act]
    if over := [one for one in of_act if ends(one) < day]:
        last = max(over, key=ends)
        if last.revoked_on is not None and last.revoked_on <= last.valid_until:
            return f"（已于 {last.revoked_on:%Y-%m-%d} 撤销）", f" (it was revoked on {last.revoked_on:%Y-%m-%d})"
        return f"（已于 {last.valid_until:%Y-%m-%d} 到期）", f" (it ended on {last.valid_until:%Y-%m-%d})"
    if ahead := [one for one in of_act if one.valid_from > day]:
        first = min(one.valid_from for one in ahead)
        return f"（自 {first:%Y-%m-%d} 起生效）", f" (it begins on {first:%Y-%m-%d})"
    if act == Act.VERIFY and any(one.act == Act.TRAIN and covers(one, day) for one in fitting):
        return "（仅可在指导下见习）", " (only under supervision)"
    return "", ""


def _still_learning(person: User, item: Item, act: str, day: date, fitting: list[Authorisation]) -> Iterable[Reason]:
    """A trainee neither checks nor approves the item that is being learnt."""
    valid = {one.act for one in fitting if covers(one, day)}
    if Act.TRAIN not in valid or Act.VERIFY in valid:
        return
    zh, en = ACT_NAMES[act]
    yield reason(
        "trainee_cannot_judge",
        f"{person} 在 {day:%Y-%m-%d} 是 {item.procedure} 的见习人员，不能{zh}",
        f"{person} was a trainee for {item.procedure} on {day:%Y-%m-%d} and cannot {en}",
        "请改派有授权的人员",
        "Assign somebody who is authorised",
    )


def _registered(held: Held, day: date, asked: Callable[[], Asked]) -> tuple[Reason | None, Text | None]:
    """Whoever verifies has to be examined and registered: what is entered must hold on the day (Metrology Law, article 20)."""
    if any(one.covers(day) for one in held.documents):
        return None, None
    wanted = asked().value
    if wanted == Requirement.Registered.NOT_ASKED:
        return None, None
    if held.documents:
        return _lapsed(held.person, held.documents, day), None
    zh, en = (
        f"没有登记 {held.person} 的注册或项目考核合格证",
        f"no registration or project certificate of {held.person} is entered",
    )
    if wanted == Requirement.Registered.ALWAYS:
        return reason("registration_missing", zh, en[0].upper() + en[1:], _ENTER.zh, _ENTER.en), None
    return None, Text(f"{zh}：是否有效不明", f"{en}: whether it is valid is not known")


_ENTER = Text("请技术负责人登记注册证，或改派其他人员", "Have the technical lead enter it, or assign somebody else")


def _lapsed(person: User, documents: list[Document], day: date) -> Reason:
    over = [one for one in documents if one.valid_until is not None and one.valid_until < day]
    if over:
        last = max(over, key=lambda one: one.valid_until or date.min)
        zh = f"{last.what.zh} 已于 {last.valid_until:%Y-%m-%d} 到期"
        en = f"{last.what.en} ended on {last.valid_until:%Y-%m-%d}"
    else:
        first = min(documents, key=lambda one: one.valid_from)
        zh = f"{first.what.zh} 自 {first.valid_from:%Y-%m-%d} 起有效"
        en = f"{first.what.en} is valid from {first.valid_from:%Y-%m-%d} on"
    return reason(
        "registration_lapsed",
        f"{person} 在 {day:%Y-%m-%d} 没有有效的注册：{zh}",
        f"{person} was not registered on {day:%Y-%m-%d}: {en}",
        "请登记续注册后的有效期，或改派其他有授权的人员",
        "Enter the renewed registration, or assign somebody else who is authorised",
    )


def _no_supervisor(person: User, item: Item, day: date, named: list[User]) -> Reason:
    zh = "、".join(str(one) for one in named) or "无"
    en = ", ".join(str(one) for one in named) or "nobody"
    return reason(
        "no_supervisor",
        f"{person} 的指导人员（{zh}）在 {day:%Y-%m-%d} 都没有 {item.procedure} 的检定授权",
        f"None of the supervisors of {person} ({en}) was authorised to verify under {item.procedure} on {day:%Y-%m-%d}",
        "请技术负责人指定当日有授权的指导人员，或改派有授权的检定员",
        "Have the technical lead name a supervisor who is authorised, or assign a technician who is",
    )


def asking(day: date) -> Callable[[], Asked]:
    """What the institute asks about registration on the day, read once, and only when it matters."""
    return cache(lambda: asked_on(day, Requirement.Key.REGISTRATION))


def standing(user: User, *, procedure_code: str, category: str, act: str, day: date) -> Standing:
    """One person, one act other than training, one day."""
    held = held_by([user], documents=act == Act.VERIFY)[user.pk]
    return decide(held, Item(procedure_code, category), act, day, asked=asking(day))


def taking_readings(
    pairs: Iterable[tuple[date, User]], *, procedure_code: str, category: str
) -> list[tuple[date, Standing]]:
    """How each person may take readings on the day beside it: as a technician (`verify`), or under supervision (`train`).

    When neither: the reasons why not as a technician, unless an authorisation to train covers the day, whose reasons then
    count. Two queries, and two more where somebody is a trainee.
    """
    asked_for, item = list(pairs), Item(procedure_code, category)
    known = held_by({person.pk: person for _day, person in asked_for}.values())
    named = {pk for held in known.values() for ids in held.supervisors.values() for pk in ids}
    others = held_by(User.objects.filter(pk__in=named)) if named else {}
    rules = {day: asking(day) for day, _person in asked_for}
    found = []
    for day, person in asked_for:
        held = known[person.pk]
        chosen = decide(held, item, Act.VERIFY, day, asked=rules[day])
        if not chosen.may and held.supervisors:
            training = decide_training(held, item, day, others=others, asked=rules[day])
            chosen = training if training.by else chosen
        found.append((day, chosen))
    return found


def authorised(user: User, *, procedure_code: str, category: str, act: str, day: date) -> Reason | None:
    """Refuses a person without an authorisation for the act that covers the day, or without what it rests on."""
    found = standing(user, procedure_code=procedure_code, category=category, act=act, day=day)
    return found.reasons[0] if found.reasons else None


def who_may(*, procedure_code: str, category: str, day: date) -> dict[str, list[User]]:
    """For choosing whom to assign: by act, those who may do it on the day; with `train`, those who may learn it then."""
    item, asked = Item(procedure_code, category), asking(day)
    scopes = {
        (Authorisation.Scope.PROCEDURE, procedure_code),
        (Authorisation.Scope.CATEGORY, category),
    }
    persons = User.objects.filter(
        is_active=True, authorisations__scope__in=[scope for _kind, scope in scopes]
    ).distinct()
    known = held_by(persons.order_by("display_name"))
    found: dict[str, list[User]] = {act: [] for act in Act.values}
    for held in known.values():
        for act in (Act.VERIFY, Act.CHECK, Act.APPROVE):
            if decide(held, item, act, day, asked=asked).may:
                found[act].append(held.person)
        if decide_training(held, item, day, others=known, asked=asked).may:
            found[Act.TRAIN].append(held.person)
    return found


def role_missing(held: Held, act: str) -> Reason | None:
    """Authorised, and yet without the role that the act is done in."""
    role = ROLE_OF_ACT[Authorisation.Act(act)]
    if role in held.roles:
        return None
    zh, en = ROLE_NAMES[role]
    return reason(
        "role_of_act_missing",
        f"{held.person} 现在不是{zh}",
        f"{held.person} is not a {en} now",
        "请系统管理员授予角色",
        "Have the administrator give the role",
    )

"""Who answers for a record that a trainee measured, wholly or in part: never the trainee alone."""

from collections.abc import Iterable

from instruments.rules.work import Deed, by_the_technician
from lims.core.text import Reason, reason
from lims.people.models import Authorisation, User
from lims.people.rules.competence import Standing, standing


def trainees(deed: Deed) -> list[Standing]:
    """Those who measured, or would submit, under supervision only: one for each day of theirs."""
    return [found for _day, found in deed.taking if found.act == Authorisation.Act.TRAIN and found.may]


def supervisors(deed: Deed) -> list[User]:
    """Who may confirm the record: named as supervisor of everything in it that a trainee measured, able on each of those
    days, and neither its checker nor its approver. Empty where no trainee is concerned."""
    found = trainees(deed)
    if not found:
        return []
    common = set.intersection(*({person.pk for person in one.supervisors} for one in found))
    judges = {person.pk for person in (deed.checker, deed.approver) if person}
    return [person for person in found[0].supervisors if person.pk in common - judges]


def submitted_by_whoever_answers(deed: Deed) -> Reason | None:
    """The technician submits; where a trainee measured, the supervisor confirms and submits."""
    found = trainees(deed)
    if not found:
        return by_the_technician(deed)
    able = supervisors(deed)
    if deed.by is None or deed.by not in able:
        return _not_alone(deed, found, able)
    return None if deed.by == deed.technician else _answers_for_all(deed, deed.by)


def _not_alone(deed: Deed, found: list[Standing], able: list[User]) -> Reason:
    learning = list(dict.fromkeys(one.person for one in found))
    if not able:
        return reason(
            "no_common_supervisor",
            f"没有可以确认本记录的指导人员：{_names(learning, '、')} 的指导人员须在测量当日和今天都有检定授权，且不是本任务的核验员或批准人",
            f"Nobody can confirm this record: a supervisor of {_names(learning, ', ')} must be authorised to verify on the days of "
            "measurement and today, and be neither checker nor approver of the task",
            "请改派核验员或批准人，或由有授权的检定员接手并重新测量",
            "Change the checker or approver, or have an authorised technician take over and measure again",
            where="technician",
        )
    return reason(
        "trainee_alone",
        f"{_names(learning, '、')} 为见习人员，记录须由指导人员确认后提交；已录入的读数全部保留",
        f"{_names(learning, ', ')} is a trainee: a supervisor confirms and submits the record; every reading is kept",
        f"请指导人员（{_names(able, '、')}）用自己的账号登录，打开本记录核对后点“确认并提交”",
        f"Have a supervisor ({_names(able, ', ')}) sign in, look at this record and press “Confirm and submit”",
        where="technician",
    )


def _answers_for_all(deed: Deed, by: User) -> Reason | None:
    """Whoever puts his name to the record could have verified on each of its days, and today."""
    for day in dict.fromkeys([*(deed.sheet.days if deed.sheet else []), deed.day]):
        found = standing(
            by,
            procedure_code=deed.task.procedure.code,
            category=deed.task.instrument.category,
            act=Authorisation.Act.VERIFY,
            day=day,
        )
        if not found.may:
            return found.reasons[0]
    return None


def _names(people: Iterable[User], between: str) -> str:
    return between.join(str(one) for one in people)

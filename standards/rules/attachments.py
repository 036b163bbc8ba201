"""What goes to the authority with the declarations of a change and of sealing or withdrawal: there, or missing.

The lists are those the project knows from the forms of 2016; the authority's own list decides.
"""

from datetime import date

from django.urls import reverse

from lims.core.text import Reason, Text
from standards.models import CapabilityTest, ChangeCase, StandardLicence, StandardState
from standards.rules.guide import method_step, people_step
from standards.rules.guide_steps import Step, missing, page
from standards.rules.usability import device_usable_on
from standards.selectors.devices import standings
from standards.selectors.standards import fitness

_LICENCES = {
    StandardLicence.Kind.EXAMINATION: Text("计量标准考核证书原件", "Examination certificate, the original"),
    StandardLicence.Kind.PUBLIC: Text("社会公用计量标准证书原件", "Public-standard certificate, the original"),
}
_TESTS = {
    CapabilityTest.Kind.REPEATABILITY: Text("变更后的重复性试验记录", "Repeatability test after the change"),
    CapabilityTest.Kind.STABILITY: Text("变更后的稳定性考核记录", "Stability test after the change"),
}


def for_change(change: ChangeCase, day: date) -> tuple[Step, ...]:
    """The attachments of the declaration of a change (计量标准更换申报表), by its kind."""
    if change.kind == ChangeCase.Kind.DEVICE:
        return (_certificates(change, day), *(_test(change, kind) for kind in _TESTS))
    if change.kind == ChangeCase.Kind.METHOD:
        return (method_step(change.standard, day),)
    if change.kind == ChangeCase.Kind.PEOPLE:
        return (people_step(change.standard, day),)
    return (_environment(change), *(_test(change, kind) for kind in _TESTS))


def for_state(row: StandardState, day: date) -> tuple[Step, ...]:
    """The attachments of the declaration of sealing or withdrawal (计量标准封存（或撤销）申报表): the licences to be noted."""
    facts = fitness(row.standard, day)
    steps = []
    for kind, title in _LICENCES.items():
        licence = facts.licence(kind)
        held = (Text(licence.number, licence.number),) if licence else ()
        lacking = () if licence else (missing("licence_missing", f"没有登记{title.zh}", f"{title.en}: not entered"),)
        steps.append(Step(str(kind), title, held, lacking, page("standard", row.standard, "licences")))
    return tuple(steps)


def _certificates(change: ChangeCase, day: date) -> Step:
    held: list[Text] = []
    lacking: list[Reason] = []
    members = [one.device for one in fitness(change.standard, day).members]
    for known in standings(members, day):
        reasons = device_usable_on(known.device, day, known=known)
        lacking += reasons
        if not reasons and known.certificate:
            number = known.certificate.number
            held.append(Text(f"{known.device}：{number}", f"{known.device.asset_number}: {number}"))
    if not members:
        lacking.append(missing("master_missing", "没有登记设备", "No device is entered"))
    return Step(
        "certificates",
        Text("更换后设备的有效检定/校准证书", "Valid certificates of the devices after the change"),
        tuple(held),
        tuple(lacking),
        page("standard", change.standard, "devices"),
    )


def _test(change: ChangeCase, kind: str) -> Step:
    tests = CapabilityTest.objects.filter(
        parameter__standard=change.standard, kind=kind, on__gte=change.on, withdrawn_reason=""
    )
    newest = {one.parameter_id: one for one in tests.order_by("on", "pk")}
    held, lacking = [], []
    for parameter in change.standard.parameters.order_by("name", "point", "pk"):
        if (test := newest.get(parameter.pk)) is None:
            lacking.append(missing(f"{kind}_missing", f"“{parameter}”尚未试验", f"{parameter.title.en}: not done yet"))
        else:
            held.append(
                Text(
                    f"{parameter}：{test.on:%Y-%m-%d} {test.said}",
                    f"{parameter.title.en}: {test.on:%Y-%m-%d} {test.said_en}",
                )
            )
    return Step(
        str(kind), _TESTS[CapabilityTest.Kind(kind)], tuple(held), tuple(lacking), page("capability", change.standard)
    )


def _environment(change: ChangeCase) -> Step:
    standard = change.standard
    held = tuple(Text(text, text) for text in (standard.environment, standard.location) if text)
    lacking = () if standard.environment else (
        missing("environment_missing", "没有填写环境条件", "The environment is not entered"),
    )  # fmt: skip
    return Step(
        "environment",
        Text("变更后的环境条件及设施", "Environment and facilities after the change"),
        held,
        lacking,
        reverse("standards:standard_edit", args=[standard.code]),
    )

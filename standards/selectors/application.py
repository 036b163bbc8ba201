"""What the authority's forms about a measurement standard ask for, as far as the system knows it."""

from dataclasses import dataclass
from datetime import date

from lims.people.models import Organisation
from lims.people.selectors import institute
from standards.models import CapabilityTest, MeasurementStandard, Parameter, StandardLicence, StandardPerson
from standards.selectors.devices import Standing, standings
from standards.selectors.procedures import in_force
from standards.selectors.standards import Competence, Fitness, competence_on, fitness


@dataclass(frozen=True)
class Application:
    """The fields of the forms as of a day. `licence`: the examination certificate in effect or last in effect."""

    institute: Organisation | None
    licence: StandardLicence | None
    fitness: Fitness
    responsible: StandardPerson | None
    devices: tuple[tuple[str, Standing], ...]
    people: tuple[Competence, ...]
    methods: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    tests: tuple[CapabilityTest, ...]


def application(standard: MeasurementStandard, day: date) -> Application:
    """The form's fields on the day. `tests` holds the newest one of each kind for each parameter, period checks left out."""
    facts = fitness(standard, day)
    parts = {one.device_id: str(one.get_part_display()) for one in facts.members}
    people = competence_on(standard, day)
    parameters = tuple(standard.parameters.order_by("name", "point", "pk"))
    newest: dict[tuple[int, str], CapabilityTest] = {}
    tests = CapabilityTest.objects.filter(parameter__in=parameters, withdrawn_reason="", on__lte=day)
    for test in tests.exclude(kind=CapabilityTest.Kind.CHECK).select_related("parameter").order_by("on", "pk"):
        newest[test.parameter_id, test.kind] = test
    return Application(
        _institute(),
        facts.licence(StandardLicence.Kind.EXAMINATION),
        facts,
        next((one.person for one in people if one.person.duty == StandardPerson.Duty.RESPONSIBLE), None),
        tuple((parts[one.device.pk], one) for one in standings([one.device for one in facts.members], day)),
        tuple(people),
        tuple(f"{one.label} {one.title}" for one in in_force(day) if one.code in standard.procedure_codes),
        parameters,
        tuple(newest[key] for key in sorted(newest)),
    )


def _institute() -> Organisation | None:
    try:
        return institute()
    except Organisation.DoesNotExist:
        return None

"""Every shipped procedure on the sheet: its own worked example typed in place by place gives its own result."""

import pytest
from django.urls import reverse

from instruments.selectors import paths
from instruments.selectors.record import sheet
from instruments.services import entries, recording, work
from standards.procedures import load_pack
from standards.services.procedures import PACKS
from tests import factories

pytestmark = pytest.mark.django_db
NAMES = sorted(path.stem for path in PACKS.glob("*.toml"))
TYPED = {"n/a": "not_applicable"}


def begin(name):
    """A record of the first example whose kind the pack knows, with devices whose certificates give its constants."""
    lab = factories.people()
    lab.procedure = factories.procedure(name)
    pack = load_pack(lab.procedure.source)
    example = pack.examples[0]
    parameters = {str(key): str(value) for key, value in example.record.get("parameters", {}).items()}
    lab.pile = factories.pile(lab.alpha, category=pack.categories[0], accuracy_class="", parameters=parameters)
    constants = example.record.get("constants", {})
    devices = {}
    for number, required in enumerate(pack.required_devices):
        device = factories.device(f"BZ-{number}", roles=(required.role,), accuracy=required.accuracy, accuracy_class="")
        values = {
            one.name: constants[one.name]
            for one in pack.constants
            if one.role == required.role and one.name in constants
        }
        factories.certify(device, values=values)
        devices[required.role] = [device]
    factories.standard(*[one for chosen in devices.values() for one in chosen], codes=(pack.code,))
    kind = example.record["kind"]
    wanted = [work.Wanted(instrument=lab.pile, procedure=lab.procedure, kind=kind)]
    (task,) = work.accept(by=lab.receptionist, organisation=lab.alpha, wanted=wanted)
    task = work.assign(task, by=lab.lead, version=task.version, technician=lab.technician)
    record = recording.start(task, by=lab.technician, version=task.version, seen=True)
    recording.choose_devices(record, by=lab.technician, devices=devices)
    return lab, example, record


@pytest.mark.parametrize("name", NAMES)
def test_a_worked_example_typed_into_the_sheet_gives_its_own_result(client, name):
    lab, example, record = begin(name)
    drafts = []
    for path, value in paths.leaves({"items": example.record.get("items", {})}):
        if value and not path.endswith(".point"):
            drafts.append(factories.draft(path, TYPED.get(value, value)))
    laid = sheet(record).places()
    inside = [one for one in drafts if one.path in laid]
    assert len(inside) >= 3
    saved = entries.save_entries(record, by=lab.technician, drafts=inside)
    assert not saved.refused and not saved.clashes, saved.refused
    found = sheet(record).evaluation
    if len(inside) == len(drafts) and example.conclusion != "incomplete":
        concluded = {found.items[item].conclusion for item in example.only}
        worst = next((one for one in ("fail", "incomplete", "undecided") if one in concluded), "pass")
        assert worst == example.conclusion, concluded
    client.force_login(lab.technician)
    for page in ("record_sheet", "record_print"):
        answer = client.get(reverse(f"instruments:{page}", args=[record.pk]))
        assert answer.status_code == 200
        assert inside[0].value in answer.content.decode()

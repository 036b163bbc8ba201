"""From a printed digit back to the reading and the standard; a step that no longer holds says so."""

import json

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.urls import reverse

from certificates.models import Certificate
from instruments.models import Record, Task
from lims.auditor.selectors import Walk
from lims.core import frozen
from standards.procedures import load_pack, template
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
GAMMA = "items.working_error.rows[0].gamma"
TYPED = "items.working_error.rows[0].runs[0].E_pile_end"


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("auditor", 200),
        ("lead", 200),
        ("technician", 200),
        ("customer", 404),
        ("other_customer", 404),
        ("stranger", 404),
    ],
)
def test_who_may_walk(client, lab, who, status):
    made = certificate(lab)
    client.force_login(getattr(lab, who))
    assert client.get(reverse("auditor:trace", args=[made.number])).status_code == status


def test_a_result_leads_to_its_formula_and_its_inputs(lab):
    step = Walk(certificate(lab, "0.070")).step(GAMMA)
    assert step.computed["formula"]["text"] == "mean(gamma_i)" and step.same
    paths = [place["path"] for one in step.computed["inputs"] for place in one["places"]]
    assert "items.working_error.rows[0].runs[0].gamma_i" in paths


def test_a_typed_value_says_who_typed_it_and_the_device_says_its_certificate(lab):
    walk = Walk(certificate(lab))
    step = walk.step(TYPED)
    assert step.entries[-1]["by"] == "检定员甲" and step.entries[-1]["origin"] == "typed" and step.evidence is None
    reference = walk.step("items.working_error.rows[0].runs[0].E_std_end")
    assert reference.devices[0]["issuer"] == "示范市计量测试技术研究院"


def test_every_offered_link_opens(client, lab):
    made = certificate(lab, "0.070")
    client.force_login(lab.auditor)
    walk, seen = Walk(made), set()
    wanted = [cell["path"] for item in walk.outline() for line in item["lines"] for cell in line["cells"]]
    while wanted:
        path = wanted.pop()
        if path in seen:
            continue
        seen.add(path)
        assert client.get(reverse("auditor:trace", args=[made.number]), {"at": path}).status_code == 200, path
        step = walk.step(path)
        if step.computed:
            wanted += [place["path"] for one in step.computed["inputs"] for place in one["places"]]
    assert TYPED in seen


def test_an_unknown_place_is_not_found(client, lab):
    made = certificate(lab)
    client.force_login(lab.auditor)
    for path in ("items.nothing.rows[0].gamma", "items.working_error.rows[9].gamma", "x", "constants.none"):
        assert client.get(reverse("auditor:trace", args=[made.number]), {"at": path}).status_code == 404


def test_recomputing_agrees_and_an_altered_record_is_found(lab):
    made = certificate(lab)
    assert Walk(made).recomputes() and Walk(made).facts_unaltered()
    frozen.remove(connection, Record)
    record = Record.objects.get(pk=made.record_id)
    stated = json.loads(record.facts)
    stated["data"]["items"]["working_error"]["rows"][0]["runs"][0]["E_pile_end"] = "11.050"
    Record.objects.filter(pk=record.pk).update(facts=json.dumps(stated))
    made.refresh_from_db()
    walk = Walk(type(made).objects.select_related("record", "task__procedure").get(pk=made.pk))
    assert not walk.facts_unaltered() and not walk.recomputes()


def walk_of(name, parameters, **changes):
    """A walk through a record of this pack in which nothing is filled in but the parameters."""
    procedure = factories.procedure(name)
    data = template(load_pack(procedure.source), "subsequent", parameters)
    facts = {"data": data, "values": [], "devices": []} | changes
    return Walk(Certificate(record=Record(facts=json.dumps(facts)), task=Task(procedure=procedure)))


@pytest.mark.parametrize(("product", "value", "case"), [("petrol", "0.0012", 0), ("diesel", "0.0009", 1)])
def test_a_number_the_pack_looks_up_leads_to_the_case_that_held_and_its_source(lab, product, value, case):
    step = walk_of("jjg-443-2023", {"product": product}).step("lookups.beta_Y")
    assert step.entries[0]["value"] == value and step.entries[0]["origin"] == "pack"
    assert step.claim.path == f"lookups.beta_Y.cases[{case}]" and step.claim.claim.source


def test_a_lookup_without_a_case_that_holds_has_neither_value_nor_source(lab):
    step = walk_of("jjg-443-2023", {}).step("lookups.beta_Y")
    assert (step.entries[0]["value"], step.claim) == ("", None)


def test_a_parameter_typed_into_the_record_says_by_whom_and_one_of_the_ledger_says_so(lab):
    typed = {"path": "parameters.product", "value": "diesel", "origin": "typed", "by": "检定员甲", "at": "2026-11-20"}
    walk = walk_of("jjg-443-2023", {"product": "diesel", "Q_max": "50"}, values=[typed])
    assert walk.step("parameters.product").entries == [typed]
    assert walk.step("parameters.Q_max").entries[0]["origin"] == "ledger"
    assert walk.step("parameters.Q_max").entries[0]["value"] == "50"


def test_a_constant_no_certificate_gives_leads_to_the_packs_own_claim_and_a_certified_one_to_its_device(lab):
    walk = walk_of("jjg-1149-2022", {})
    step = walk.step("constants.gamma0")
    assert step.entries[0]["origin"] == "pack" and step.claim.path == "constants.gamma0" and not step.devices
    device = {"role": "reference_meter", "values": [{"name": "gamma0", "value": "0.02"}]}
    certified = walk_of_again(walk, [device]).step("constants.gamma0")
    assert certified.entries[0]["origin"] == "certificate" and certified.devices == [device] and not certified.claim


def walk_of_again(walk, devices):
    facts = json.dumps(walk.facts | {"devices": devices})
    return Walk(Certificate(record=Record(facts=facts), task=walk.certificate.task))


def test_an_exact_factor_leads_to_its_value(lab):
    assert walk_of("jjg-443-2023", {}).step("conversions.t_ref").entries[0]["value"] == "20"


def test_the_page_of_a_lookup_shows_value_and_source(lab):
    walk = walk_of("jjg-443-2023", {"product": "petrol"})
    page = render_to_string("auditor/step.html", {"step": walk.step("lookups.beta_Y")})
    assert "0.0012" in page and "lookups.beta_Y.cases[0]" in page

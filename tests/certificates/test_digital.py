"""The twin of a certificate is made once, whatever happens to the job, and asked for before a number is taken."""

import hashlib
import json

import pikepdf
import pytest
from django.db import IntegrityError, transaction

from certificates import dcc, selectors
from certificates.models import Certificate, DigitalCertificate, SealedFile
from certificates.services import sealing
from lims.core import jobs
from lims.core.models import Counter, Job
from lims.core.text import Refused
from tests import factories
from tests.certificates.issued import approve, certificate, checked

pytestmark = pytest.mark.django_db


@pytest.fixture
def lab():
    return factories.laboratory()


def test_an_issued_certificate_carries_its_twin_inside_and_beside(lab, tmp_path):
    made = certificate(lab)
    twin = selectors.dcc(made)
    assert dcc.check(twin) == [] and dcc.read(twin).number == made.number
    path = tmp_path / "c.pdf"
    path.write_bytes(selectors.pdf(made))
    with pikepdf.open(path) as pdf:
        (name,) = pdf.attachments
        assert name == f"{made.number}.dcc.xml" and pdf.attachments[name].get_file().read_bytes() == twin
        assert str(pdf.Root.AF[0].AFRelationship) == "/Data"


def test_the_twin_says_what_the_facts_of_the_record_say(lab):
    made = certificate(lab)
    stated, read = json.loads(made.facts), dcc.read(selectors.dcc(made))
    assert read.conformity == stated["conclusion"]["outcome"] == "pass"
    assert read.valid_until == stated["dates"]["valid_until"] and read.issued == stated["dates"]["issued"]
    assert [one.title for one in read.results] == [one["title"]["zh"] for one in stated["results"]]


def test_a_failure_after_the_twin_was_made_keeps_it_and_the_rendered_bytes(lab, monkeypatch):
    made = certificate(lab, sealed=False)
    with monkeypatch.context() as broken:
        broken.setattr(sealing, "render", lambda *args: (_ for _ in ()).throw(OSError(28, "No space left on device")))
        jobs.run_due()
    before = selectors.dcc(made)
    Job.objects.update(due_at=made.taken_at)
    jobs.run_due()
    made.refresh_from_db()
    assert made.state == Certificate.State.ISSUED and selectors.dcc(made) == before
    rendered = sealing.render(made, before)
    assert SealedFile.objects.get().rendered_sha256 == hashlib.sha256(rendered).hexdigest()


def test_two_workers_at_once_end_with_one_twin(lab, monkeypatch):
    from certificates.services import digital

    made = certificate(lab, sealed=False)
    keys, sign = sealing.sealer(made.kind).keys, dcc.sign

    def while_another_worker_is_quicker(xml, *rest):
        monkeypatch.setattr(dcc, "sign", sign)
        digital.digital_certificate(made, keys)
        return sign(xml, *rest)

    monkeypatch.setattr(dcc, "sign", while_another_worker_is_quicker)
    assert digital.digital_certificate(made, keys) == selectors.dcc(made)
    assert DigitalCertificate.objects.count() == 1


def test_the_twin_cannot_be_exchanged_or_deleted(lab):
    certificate(lab)
    for change in (lambda rows: rows.update(signed_at="2020-01-01T00:00Z"), lambda rows: rows.delete()):
        with pytest.raises(IntegrityError), transaction.atomic():
            change(DigitalCertificate.objects.all())


def test_facts_that_no_machine_could_read_take_no_number(lab, monkeypatch):
    record = checked(lab)
    monkeypatch.delitem(dcc.units._SI, "kWh")
    monkeypatch.delitem(dcc.units._SI, "%")
    with pytest.raises(Refused) as refused:
        approve(lab, record)
    assert refused.value.reasons[0].code == "dcc" and "%" in refused.value.reasons[0].text.zh
    assert not Certificate.objects.exists() and not Counter.objects.filter(series__startswith="certificate").exists()


def test_facts_that_break_the_schema_take_no_number(lab, monkeypatch):
    record = checked(lab)
    monkeypatch.setattr(dcc, "check", lambda xml, schemas: ["line 1: wrong"])
    with pytest.raises(Refused) as refused:
        approve(lab, record)
    assert refused.value.reasons[0].code == "dcc_invalid" and not Certificate.objects.exists()

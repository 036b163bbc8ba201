"""A supplement is signed with the own keys of its three people, as a record is; a stranger checks it in the evidence bundle."""

import hashlib
import io
import json
import zipfile

import pytest
from django.urls import reverse

from certificates import bundle, facts
from certificates.models import Supplement
from certificates.services import supplements
from lims.audit.models import Event
from lims.audit.verify.bundle import Keys, check
from lims.core import canonical, jobs
from lims.core.text import Refused
from lims.people.models import Signature
from lims.people.selectors import judged_signatures
from lims.people.services.keys import create_key
from tests import factories
from tests.certificates.issued import certificate

pytestmark = pytest.mark.django_db
TEXT = {"text": "补充：检定时环境噪声低于 60 dB。", "text_en": "Added: the ambient noise was below 60 dB."}
PASSPHRASE = "four unrelated words here"


@pytest.fixture
def lab():
    return factories.laboratory()


@pytest.fixture
def original(lab):
    made = certificate(lab)
    for person in (lab.technician, lab.checker, lab.approver):
        create_key(person, by=person, passphrase=PASSPHRASE, reauthenticated=True)
    return made


def issued(lab, original):
    made = supplements.draft(original, by=lab.technician, **TEXT, passphrase=PASSPHRASE)
    supplements.check(made, by=lab.checker, passphrase=PASSPHRASE)
    supplements.approve(made, by=lab.approver, passphrase=PASSPHRASE)
    jobs.run_due()
    return Supplement.objects.get()


def test_each_act_is_signed_and_the_event_names_the_signature(lab, original):
    made = issued(lab, original)
    digest = canonical.sha256(facts.of_supplement(made))
    judged = judged_signatures(facts.name_of_supplement(made), digest)
    assert [(one.signature.act, one.fault) for one in judged] == [("submit", None), ("check", None), ("approve", None)]
    told = [json.loads(one.payload) for one in Event.objects.filter(verb__startswith="certificate.supplement_")]
    assert [one["signature"] for one in told] == [
        hashlib.sha256(one.signature.jws.encode()).hexdigest() for one in judged
    ]
    assert {one["sha256"] for one in told} == {digest}


def test_whoever_has_a_key_uses_it_and_a_wrong_passphrase_writes_nothing(lab, original):
    for given, code in (("", "passphrase_needed"), ("wrong wrong wrong", "wrong_passphrase")):
        with pytest.raises(Refused) as refused:
            supplements.draft(original, by=lab.technician, **TEXT, passphrase=given)
        assert refused.value.reasons[0].code == code
    assert not Supplement.objects.exists() and not Signature.objects.exists()
    made = supplements.draft(original, by=lab.technician, **TEXT, passphrase=PASSPHRASE)
    supplements.check(made, by=lab.checker, passphrase=PASSPHRASE)
    with pytest.raises(Refused):
        supplements.approve(made, by=lab.approver, password=factories.PASSWORD)
    made.refresh_from_db()
    assert made.state == "checked" and made.document is None


def test_where_keys_are_demanded_nobody_goes_without(lab, settings):
    made = certificate(lab)
    settings.PERSONAL_SIGNATURES = "required"
    with pytest.raises(Refused) as refused:
        supplements.draft(made, by=lab.technician, **TEXT)
    assert refused.value.reasons[0].code == "no_key"


def test_the_pages_ask_for_the_passphrase(client, lab, original):
    client.force_login(lab.technician)
    page = client.get(reverse("certificates:detail", args=[original.number])).content.decode()
    assert 'name="passphrase"' in page
    draft = reverse("certificates:supplement_draft", args=[original.number])
    assert client.post(draft, TEXT).status_code == 422
    assert client.post(draft, {**TEXT, "passphrase": PASSPHRASE}).status_code == 302
    address = reverse("certificates:supplement", args=[original.number, Supplement.objects.get().pk])
    for who, verb in (("checker", "check"), ("approver", "approve")):
        client.force_login(getattr(lab, who))
        page = client.get(address).content.decode()
        assert 'name="passphrase"' in page and 'name="password"' not in page
        assert client.post(address, {"verb": verb}).status_code == 422
        assert client.post(address, {"verb": verb, "passphrase": PASSPHRASE}).status_code == 302
    assert client.get(address).content.decode().count("签名有效") == 3


def altered(content: bytes, change) -> bytes:
    """The bundle with some members changed and the list of contents made to fit."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        members = {name: old.read(name) for name in old.namelist()}
    change(members)
    manifest = json.loads(members.pop("manifest.json"))
    what = {one["path"]: one["what"] for one in manifest["files"]}
    manifest["files"] = [
        {"path": name, "sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "what": what[name]}
        for name, data in sorted(members.items())
    ]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, data in members.items():
            new.writestr(name, data)
        new.writestr("manifest.json", json.dumps(manifest))
    return out.getvalue()


def test_a_stranger_checks_text_people_and_signatures_and_finds_what_was_changed(lab, original, tmp_path):
    key = issued(lab, original).pk
    out = io.BytesIO()
    bundle.write(original, out)
    whole = out.getvalue()

    def rewritten(members):
        told = json.loads(members[f"supplements/{key}.json"])
        members[f"supplements/{key}.json"] = canonical.dumps(told | {"text": "别的"}).encode()

    def exchanged(members):
        members[f"supplements/{key}.check.jws"] = members[f"supplements/{key}.approve.jws"]

    def left_out(members):
        for name in [name for name in members if name.startswith("supplements/")]:
            del members[name]

    def unsigned(members):
        del members[f"supplements/{key}.submit.jws"]

    faults = {}
    for change in (lambda members: None, rewritten, exchanged, left_out, unsigned):
        path = tmp_path / f"{original.number}.zip"
        path.write_bytes(altered(whole, change))
        report, _events = check(path, Keys())
        faults[change.__name__] = [
            one.text.en for one in report.findings if one.state == "wrong" and "supplement" in one.text.en
        ]
        good = [one.text.en for one in report.findings if one.state == "good" and f"supplement {key}" in one.text.en]
        assert len(good) == {"<lambda>": 4, "exchanged": 3, "unsigned": 3}.get(change.__name__, 0), (
            change.__name__,
            good,
        )
    assert faults["<lambda>"] == []
    assert "altered" in faults["rewritten"][0] and "exchanged" in faults["exchanged"][0]
    assert "lacks it" in faults["left_out"][0] and "lacks supplements/" in faults["unsigned"][0]

"""The main job, unattended: real frames over pseudo-terminals, the services of the pages, sealed certificates."""

import json
import subprocess
import sys

import pytest
from django.core.management import call_command

from tests.certificates import openssl

# Run inside the installation: one JSON object about the certificate named in the environment.
LOOK = """
import json, os
from certificates.models import Certificate
from devices.models import Frame
from lims.auditor.selectors import Walk
walk = Walk(Certificate.objects.get(number=os.environ["NUMBER"]))
step = walk.step("items.working_error.rows[0].runs[0].E_std_end")
evidence = step.evidence
print(json.dumps({
    "recomputes": walk.recomputes(),
    "agrees": evidence.agrees,
    "chain_broken_at": evidence.chain_broken_at,
    "directions": [frame["direction"] for frame in evidence.frames],
    "same_device": step.devices[0]["serial"] == evidence.session.equipment.serial,
    "every_frame_kept": Frame.objects.filter(session=evidence.session).count() == evidence.session.frame_count,
}))
"""


@pytest.mark.django_db
def test_the_walkthrough_ends_with_two_sealed_certificates_whose_digits_come_from_frames(site, tmp_path):
    out = tmp_path / "out"
    done = site.manage("walkthrough", "--out", str(out), "--json", "--speed", "120", timeout=400)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert [one["kind"] for one in answer["certificates"]] == ["verification", "verification"]
    for one in answer["certificates"]:
        sealed = (out / f"{one['number']}.pdf").read_bytes()
        assert sealed.startswith(b"%PDF-1.7")
        seal, stamp = openssl.says(sealed, out / "root-ca.pem", out / "chain.pem", tmp_path)
        assert "successful" in seal.lower() and "Verification: OK" in stamp, (seal, stamp)
    assert b"BEGIN CERTIFICATE" in (out / "root-ca.pem").read_bytes()
    assert site.manage("log", "export", str(out / "log")).returncode == 0
    proofs = [
        str(out / f"{one['number']}{end}") for one in answer["certificates"] for end in (".tlog-proof", ".evidence.zip")
    ]
    checked = subprocess.run(
        [sys.executable, "-m", "lims.audit.verify", *proofs, str(out / "log"), "--json"],
        capture_output=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout.decode()
    seen = json.loads(site.output(LOOK, NUMBER=answer["certificates"][0]["number"]))
    assert seen == {
        "recomputes": True, "agrees": True, "chain_broken_at": None, "directions": ["t", "r"], "same_device": True,
        "every_frame_kept": True,
    }  # fmt: skip


@pytest.mark.django_db
def test_loading_the_demonstration_institute_twice_adds_nothing():
    from django.apps import apps

    call_command("demo", quiet=True)
    before = {
        model: model.objects.count() for model in apps.get_models() if not model.__name__.startswith("Historical")
    }
    call_command("demo", quiet=True)
    changed = {
        str(model): model.objects.count() - count for model, count in before.items() if model.objects.count() != count
    }
    assert changed == {}

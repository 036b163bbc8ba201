"""The persons' authority, the envelope of a private key, and the list of keys that ended; OpenSSL reads them too."""

import json
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from lims.people.keys import acts, jws, locker, revocations
from lims.people.keys.authority import Ended, PersonsAuthority
from lims.people.keys.errors import KeyFault, WrongPassphrase

from .conftest import NOW

CHEAP = locker.Cost(n=16)


def open_(folder):
    return PersonsAuthority.open(folder, institute="所", demonstration=True, at=NOW)


def test_it_is_created_once_and_only_its_owner_reads_it(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: open_(tmp_path), range(8)))
    assert len({one.certificate.serial_number for one in made}) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["persons"]
    assert stat.S_IMODE((tmp_path / "persons" / "ca.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "persons").stat().st_mode) == 0o700


def test_a_draft_of_a_process_that_was_killed_is_swept_away(tmp_path):
    (tmp_path / ".persons-left").mkdir()
    open_(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["persons"]


def test_half_an_authority_is_not_replaced_by_a_new_one(tmp_path):
    open_(tmp_path)
    (tmp_path / "persons" / "ca.key").unlink()
    with pytest.raises(KeyFault, match="authority_incomplete"):
        open_(tmp_path)
    assert not (tmp_path / "persons" / "ca.key").exists()


def test_openssl_accepts_certificate_and_list(authority, anna, ben, tmp_path):
    (tmp_path / "ca.pem").write_bytes(authority.pem())
    for name, one in (("anna", anna), ("ben", ben)):
        (tmp_path / f"{name}.pem").write_bytes(one.certificate.public_bytes(Encoding.PEM))
    ended = [Ended(ben.certificate.serial_number, NOW, "suspected")]
    (tmp_path / "revoked.pem").write_bytes(authority.revocation_list(ended, at=NOW + timedelta(days=1)))

    def verify(name):
        command = ["openssl", "verify", "-x509_strict", "-crl_check", "-CAfile", "ca.pem", "-CRLfile", "revoked.pem",
                   "-attime", str(int((NOW + timedelta(days=2)).timestamp())), f"{name}.pem"]  # fmt: skip
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert verify("anna").stdout.strip() == "anna.pem: OK"
    assert "certificate revoked" in verify("ben").stderr


def test_the_passphrase_opens_the_key_and_nothing_else_does():
    key = locker.make()
    envelope = locker.lock(key, "四个词 没有关系", owner="7:aa", cost=CHEAP)
    assert locker.unlock(envelope, "四个词 没有关系", owner="7:aa").private_numbers() == key.private_numbers()
    for wrong in ("", "四个词", "四个词 没有关系 "):
        with pytest.raises(WrongPassphrase):
            locker.unlock(envelope, wrong, owner="7:aa")
    # Copied to another person's row it does not open.
    with pytest.raises(WrongPassphrase):
        locker.unlock(envelope, "四个词 没有关系", owner="8:aa")
    assert locker.lock(key, "四个词 没有关系", owner="7:aa", cost=CHEAP) != envelope


def test_a_full_width_keyboard_spells_the_same_passphrase():
    envelope = locker.lock(locker.make(), "Lims2026 abc", owner="7", cost=CHEAP)
    assert locker.unlock(envelope, "Ｌｉｍｓ２０２６ abc", owner="7")


def test_the_default_cost_is_not_cheap():
    cost = json.loads(locker.lock(locker.make(), "p", owner="7"))
    assert cost["n"] * cost["r"] * 128 == 32 * 2**20 and cost["p"] == 3


@pytest.mark.parametrize("change", [{"n": 2**30}, {"kdf": "md5"}, {"salt": "*"}, {"n": "16"}, {"v": 2}, {"n": 15}])
def test_a_strange_envelope_is_refused_and_exhausts_nothing(change):
    fields = {**json.loads(locker.lock(locker.make(), "p", owner="7", cost=CHEAP)), **change}
    with pytest.raises(KeyFault, match="envelope_damaged"):
        locker.unlock(json.dumps(fields), "p", owner="7")


def test_what_was_signed_before_a_revocation_stays_good_and_nothing_after(authority, anna):
    at = NOW + timedelta(minutes=1)
    listed = revocations.read(
        authority.revocation_list([Ended(anna.certificate.serial_number, at, "suspected")], at=at),
        [authority.certificate],
    )

    def signed(moment):
        act = acts.Act("check", moment, anna.number, anna.name, "R-1", "ab" * 32, "R")
        return acts.verify(jws.sign(act.payload(), anna.key, [anna.certificate]), [authority.certificate]).signature

    found = revocations.check(signed(at - timedelta(milliseconds=1)), listed)
    assert (found.at - at, found.why) == (timedelta(milliseconds=750), "suspected")
    with pytest.raises(KeyFault, match="key_revoked") as caught:
        revocations.check(signed(at + timedelta(seconds=1)), listed)
    assert "2026-11-20 08:01:01" in caught.value.text.zh


def test_a_key_that_did_not_end_is_not_listed(authority, anna, ben):
    listed = revocations.read(
        authority.revocation_list([Ended(ben.certificate.serial_number, NOW, "lost")], at=NOW), [authority.certificate]
    )
    assert revocations.find(listed, anna.certificate) is None
    assert revocations.find(listed, ben.certificate).why == "lost"


def test_a_list_of_a_foreign_authority_is_refused(authority, foreign, anna):
    theirs = foreign.revocation_list([Ended(anna.certificate.serial_number, NOW, "lost")], at=NOW)
    with pytest.raises(KeyFault, match="list_foreign"):
        revocations.read(theirs, [authority.certificate])
    with pytest.raises(KeyFault, match="list_malformed"):
        revocations.read(b"nothing", [authority.certificate])


def test_what_the_verifier_carries_needs_no_django():
    """And nothing that only Unix has: an auditor's computer may run Windows."""
    code = (
        "import sys\n"
        "sys.modules['fcntl'] = None\n"
        "from lims.people.keys import acts, certificates, jws, revocations\n"
        "print([name for name in sys.modules if name.split('.')[0] == 'django' or name.startswith('lims.people.models')])"
    )
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

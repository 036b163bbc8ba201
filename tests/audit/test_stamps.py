"""The head of each day, stamped by a time stamp authority: kept, served, exported, checked by us and by OpenSSL."""

import subprocess
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from django.core.management import call_command
from django.db import DatabaseError, transaction
from django.test import Client
from django.utils import timezone

from certificates.sealing.authority import DevelopmentAuthority
from certificates.sealing.cms import CmsSigner
from certificates.sealing.timestamp import DevelopmentTimestamper
from lims.audit import probes, selectors, services, tasks
from lims.audit.export import export
from lims.audit.models import Stamp
from lims.audit.tlog import der, stamp
from lims.audit.tlog.note import Verifier
from lims.audit.tlog.stamp import StampError
from lims.audit.verify import directory
from lims.core import clock, timestamps
from lims.core.text import Reason
from lims.people.models import Organisation
from tests.audit.conftest import happen


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> DevelopmentAuthority:
    return DevelopmentAuthority.open(tmp_path_factory.mktemp("authority"), institute="示例计量所")


def timestamper(authority: DevelopmentAuthority, at: datetime | None = None) -> DevelopmentTimestamper:
    signer = CmsSigner(authority.tsa.key, authority.tsa.certificate, [authority.issuing.certificate])
    return DevelopmentTimestamper(signer, lambda: at or datetime.now(UTC))


@pytest.fixture
def asked(authority: DevelopmentAuthority, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The digests the authority of this installation was asked about."""
    digests: list[bytes] = []

    def token(digest: bytes) -> bytes:
        digests.append(digest)
        return timestamper(authority, clock.now()).token(digest)

    offered = timestamps.Authority(token, (authority.root.certificate,))
    monkeypatch.setattr(timestamps, "authority", lambda: offered)
    return digests


def test_the_head_is_stamped_once_a_day(log: None, asked: list[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    first = services.stamp_head()
    happen(2)
    services.integrate()
    assert services.stamp_head() == first and len(asked) == 1
    tomorrow = timezone.now() + timedelta(days=1)
    monkeypatch.setattr(clock, "now", lambda: tomorrow)
    second = services.stamp_head()
    assert second is not None and (second.checkpoint_id, len(asked)) == (302, 2)
    assert second.authority.startswith("CN=演示时间戳")
    assert [one.day for one in Stamp.objects.all()] == [timezone.now().date(), tomorrow.date()]


def test_an_empty_log_is_not_stamped(db: None, asked: list[bytes]) -> None:
    assert services.stamp_head() is None and not asked


def test_the_database_keeps_stamps_as_they_are(log: None, asked: list[bytes]) -> None:
    services.stamp_head()
    for deed in (lambda: Stamp.objects.update(authority="x"), lambda: Stamp.objects.all().delete()):
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            deed()


def test_the_seal_s_own_authority_is_the_one_that_is_asked(log: None) -> None:
    """Nothing put in its place: the whole way through the development authority."""
    with pytest.raises(timestamps.Unavailable):  # no institute, no seal
        services.stamp_head()
    Organisation.objects.create(kind=Organisation.Kind.INSTITUTE, name="示例计量所")
    made = services.stamp_head()
    assert made is not None
    roots = timestamps.authority().roots
    assert stamp.check(bytes(made.token), made.checkpoint.note.encode(), roots).at == made.at


def test_openssl_verifies_a_stamp_over_its_head(log: None, asked: list[bytes], tmp_path: Path) -> None:
    services.stamp_head()
    export(tmp_path)
    folder, day = tmp_path / "stamps", timezone.now().date()
    ran = subprocess.run(
        ["openssl", "ts", "-verify", "-token_in", "-in", f"{day}.tst", "-data", f"{day}.checkpoint", "-CAfile", "roots.pem"],
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0 and "Verification: OK" in ran.stdout + ran.stderr, ran.stderr


def test_strangers_get_each_day_s_stamp_with_the_very_head_it_is_about(
    log: None, asked: list[bytes], client: Client, tmp_path: Path
) -> None:
    services.stamp_head()
    export(tmp_path)
    day = timezone.now().date()
    assert client.get("/log/stamps/").content.decode() == f"{day}\n"
    for name in (f"{day}.tst", f"{day}.checkpoint", "roots.pem"):
        assert client.get(f"/log/stamps/{name}").content == (tmp_path / "stamps" / name).read_bytes()
    for name in ("2001-01-01.tst", "2001-13-01.tst", "x.tst"):
        assert client.get(f"/log/stamps/{name}").status_code == 404


@pytest.fixture
def taken_home(log: None, asked: list[bytes], tmp_path: Path) -> Path:
    """An export of 305 entries, stamped at 300."""
    services.stamp_head()
    happen(5)
    services.integrate()
    export(tmp_path / "log")
    return tmp_path / "log"


def verdict(folder: Path, **given: Any) -> tuple[int, str]:
    report = directory.check(folder, Verifier((folder / "log.vkey").read_text().strip()), **given)
    return report.status, "\n".join(report.lines("en"))


def test_the_verifier_says_by_whom_and_until_when_the_head_was_stamped(taken_home: Path) -> None:
    status, said = verdict(taken_home)
    assert status == 0 and "the heads of 1 days are time-stamped, the last at 20" in said, said


def test_a_stamp_of_another_history_does_not_hold(taken_home: Path, authority: DevelopmentAuthority) -> None:
    (note,) = (taken_home / "stamps").glob("*.checkpoint")
    kept = note.read_bytes()
    note.write_bytes((taken_home / "checkpoint").read_bytes())
    assert "the time stamp is about other bytes" in verdict(taken_home)[1]
    stranger = kept.replace(b"\n300\n", b"\n299\n")
    note.write_bytes(stranger)
    status, said = verdict(taken_home)
    assert status == 1 and "does not hold: the signature of" in said
    note.write_bytes(kept)
    assert verdict(taken_home)[0] == 0


def test_without_roots_it_is_not_known_whether_the_stamps_hold(taken_home: Path) -> None:
    (taken_home / "stamps" / "roots.pem").unlink()
    status, said = verdict(taken_home)
    assert status == 2 and "no root certificate of the time stamp authority" in said


def test_roots_brought_by_the_reader_count_more_than_those_beside(
    taken_home: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = DevelopmentAuthority.open(tmp_path_factory.mktemp("other"), institute="别人")
    own = tmp_path_factory.mktemp("own") / "roots.pem"
    own.write_bytes(other.root.certificate.public_bytes(selectors.Encoding.PEM))
    status, said = verdict(taken_home, stamp_roots=own)
    assert status == 1 and "leads to no authority that is trusted here" in said


NOTE = b"lims.invalid/log\n1\nAAAA\n\n"


def test_each_flipped_byte_of_a_token_is_found_or_changes_nothing_that_counts(authority: DevelopmentAuthority) -> None:
    """Some bytes count for nothing here, such as the signature of the root; no flipped one may alter time or name."""
    at = datetime.now(UTC).replace(microsecond=0)
    roots = [authority.root.certificate]
    good = timestamper(authority, at).token(stamp._digest(stamp.hashes.SHA256(), NOTE))
    told = stamp.check(good, NOTE, roots)
    assert told.at == at
    for place in range(0, len(good), 3):
        harmed = good[:place] + bytes([good[place] ^ 1]) + good[place + 1 :]
        try:
            assert stamp.check(harmed, NOTE, roots) == told, place
        except StampError:
            pass


def test_a_certificate_of_an_unknown_version_is_unreadable_and_nothing_worse(authority: DevelopmentAuthority) -> None:
    good = timestamper(authority, datetime.now(UTC)).token(stamp._digest(stamp.hashes.SHA256(), NOTE))
    version_3, unknown = bytes.fromhex("a003020102"), bytes.fromhex("a003020103")
    assert version_3 in good
    with pytest.raises(StampError, match="cannot be read"):
        stamp.check(good.replace(version_3, unknown), NOTE, [authority.root.certificate])


@pytest.mark.parametrize(
    ("holder", "at", "sentence"),
    [
        ("seal", None, "not one for time stamps"),
        ("tsa", datetime(2000, 1, 1, tzinfo=UTC), "was not valid at 2000-01-01"),
        ("tsa", datetime(2090, 1, 1, tzinfo=UTC), "was not valid at 2090-01-01"),
    ],
)
def test_a_certificate_that_may_not_stamp_does_not(
    authority: DevelopmentAuthority, holder: str, at: datetime | None, sentence: str
) -> None:
    one = getattr(authority, holder)
    signer = CmsSigner(one.key, one.certificate, [authority.issuing.certificate])
    made = DevelopmentTimestamper(signer, lambda: at or datetime.now(UTC))
    token = made.token(stamp._digest(stamp.hashes.SHA256(), NOTE))
    with pytest.raises(StampError, match=sentence):
        stamp.check(token, NOTE, [authority.root.certificate])


@pytest.mark.parametrize("token", [b"", b"\x30", b"\x30\x00", b"\x30\x80\x00\x00", b"\x30\x82\xff\xff", b"x" * 40])
def test_what_is_no_token_is_called_so(token: bytes) -> None:
    with pytest.raises(StampError):
        stamp.check(token, NOTE, [])


def test_object_identifiers_are_read_as_they_are_written() -> None:
    for dotted in ("1.2.840.113549.1.7.2", "2.5.29.37", "2.999.3", "0.9.2342"):
        encoded = x509.ObjectIdentifier(dotted)
        name = x509.RelativeDistinguishedName([x509.NameAttribute(encoded, "x")])
        (pair,) = der.read(x509.Name([name]).public_bytes()).parts()[0].parts()
        assert pair.parts()[0].oid() == dotted


def test_an_authority_that_is_away_is_told_by_the_doctor_after_two_days(
    log: None, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    def away() -> timestamps.Authority:
        raise timestamps.Unavailable("nobody answers")

    monkeypatch.setattr(timestamps, "authority", away)
    tasks.stamp_of_the_day()
    assert "nobody answers" in caplog.text and not Stamp.objects.exists()
    assert not isinstance(probes.heads_are_stamped(), Reason)
    later = timezone.now() + timedelta(days=3)
    monkeypatch.setattr(clock, "now", lambda: later)
    found = probes.heads_are_stamped()
    assert isinstance(found, Reason) and found.code == "log_not_stamped" and found.action


def test_a_token_that_does_not_hold_is_not_kept(
    log: None, asked: list[bytes], monkeypatch: pytest.MonkeyPatch, authority: DevelopmentAuthority
) -> None:
    wrong = timestamps.Authority(lambda digest: timestamper(authority).token(bytes(32)), (authority.root.certificate,))
    monkeypatch.setattr(timestamps, "authority", lambda: wrong)
    with pytest.raises(StampError, match="other bytes"):
        services.stamp_head()
    assert not Stamp.objects.exists()


def test_the_export_command_brings_the_stamps(
    log: None, asked: list[bytes], tmp_path: Path, day: Callable[[], date]
) -> None:
    services.stamp_head()
    call_command("log", "export", str(tmp_path))
    assert {one.name for one in (tmp_path / "stamps").iterdir()} == {f"{day()}.tst", f"{day()}.checkpoint", "roots.pem"}


@pytest.fixture
def day() -> Callable[[], date]:
    return lambda: timezone.now().date()

"""A sealed certificate convinces other people's tools, and any later change shows."""

from __future__ import annotations

import io
import os
import stat
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from asn1crypto import tsp
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from stamping import serving

from certificates.sealing import (
    DevelopmentAuthority,
    DevelopmentTimestamper,
    HttpTimestamper,
    Keys,
    KeysError,
    Sealer,
    SealingError,
    SealTooLarge,
    TimestampError,
    verify,
)
from certificates.sealing.cms import CmsSigner

NOW = datetime.now(UTC)
ROOT = Path(__file__).resolve().parents[2]


def states(report: Any) -> list[str]:
    return [one.state for one in (report.unchanged, report.by_whom, report.trusted, report.when)]


def signature_of(pdf: bytes) -> Any:
    return PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0]


@pytest.fixture
def nss(tool: Any, keys: Keys, tmp_path: Path) -> str:
    """An NSS database that trusts our root, for pdfsig."""
    folder, root = tmp_path / "nss", tmp_path / "root-ca.pem"
    folder.mkdir()
    root.write_bytes(keys.root_pem())
    tool("certutil", "-N", "-d", f"sql:{folder}", "--empty-password")
    tool("certutil", "-A", "-d", f"sql:{folder}", "-n", "root", "-t", "CT,CT,CT", "-i", root)
    return f"sql:{folder}"


def test_pyhanko_validates_the_seal_strictly(keys: Keys, sealed: bytes) -> None:
    from asn1crypto import pem, x509

    roots = [x509.Certificate.load(der) for _, _, der in pem.unarmor(keys.root_pem(), multiple=True)]
    context = ValidationContext(trust_roots=roots, allow_fetching=False)
    status = validate_pdf_signature(signature_of(sealed), context, context)
    assert status.bottom_line
    assert status.timestamp_validity is not None and status.timestamp_validity.trusted
    assert "ENTIRE_FILE" in str(status.coverage)


def test_the_seal_certifies_that_nothing_may_change(sealed: bytes) -> None:
    with pikepdf.open(io.BytesIO(sealed)) as pdf:
        signature = pdf.Root.Perms.DocMDP
        assert signature.Reference[0].TransformParams.P == 1
        assert signature.SubFilter == "/ETSI.CAdES.detached"
        assert str(pdf.Root.get("/Version", "/1.7")) == "/1.7"
        assert pdf.pdf_version == "1.7"
        field = pdf.Root.AcroForm.Fields[0]
        look = field.AP.N
        assert int(field.F) & 4, "the seal must be printed"
        assert "/Font" not in look.Resources
        assert b"BT" not in look.read_bytes().split()


def test_sealing_only_adds_to_the_file(unsealed: bytes, sealed: bytes) -> None:
    assert sealed.startswith(unsealed)
    assert len(sealed) - len(unsealed) < 40_000


def test_the_four_answers_are_yes_for_a_good_certificate(keys: Keys, sealed: bytes) -> None:
    report = verify(sealed, keys.root_pem())
    assert report.good
    assert report.institute == "示范区计量质量检测所"
    assert report.at is not None and NOW - timedelta(minutes=1) < report.at <= datetime.now(UTC)
    assert len(report.sha256) == 64
    assert report.as_json()["unchanged"]["state"] == "yes"


@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.85])
def test_a_changed_byte_is_found(keys: Keys, sealed: bytes, share: float) -> None:
    at = int(len(sealed) * share)
    report = verify(sealed[:at] + bytes([sealed[at] ^ 0x20]) + sealed[at + 1 :], keys.root_pem())
    assert not report.good
    assert report.unchanged.state != "yes"


def test_a_changed_page_leaves_the_other_answers_standing(keys: Keys, sealed: bytes) -> None:
    at = sealed.index(b"stream") + 40
    report = verify(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], keys.root_pem())
    assert states(report) == ["no", "yes", "yes", "yes"]


def test_an_appended_update_is_found(keys: Keys, sealed: bytes, tmp_path: Path, tool: Any, nss: str) -> None:
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    page = writer.root["/Pages"]["/Kids"][0]
    page["/Rotate"] = __import__("pyhanko.pdf_utils.generic").pdf_utils.generic.NumberObject(180)
    writer.update_container(page)
    out = io.BytesIO()
    writer.write(out)
    changed = out.getvalue()
    assert changed.startswith(sealed)
    assert states(verify(changed, keys.root_pem())) == ["no", "yes", "yes", "yes"]
    path = tmp_path / "c.pdf"
    path.write_bytes(changed)
    assert "Total document signed" not in tool("pdfsig", "-nssdir", nss, "-no-ocsp", path)


@pytest.mark.parametrize("tail", [b"\n", b"% comment\n", b"\x00" * 4096])
def test_bytes_appended_without_a_revision_are_found(keys: Keys, sealed: bytes, tail: bytes) -> None:
    assert verify(sealed + tail, keys.root_pem()).unchanged.state != "yes"


def test_a_file_sealed_twice_over_by_someone_else_is_not_unchanged(keys: Keys, sealed: bytes, tmp_path: Path) -> None:
    with pytest.raises(SealingError, match="already"):
        Sealer(keys).seal(sealed, at=NOW)


def test_the_seal_of_another_authority_is_intact_but_not_trusted(keys: Keys, unsealed: bytes, tmp_path: Path) -> None:
    other = Sealer(Keys.development(tmp_path, institute="另一机构")).seal(unsealed, at=NOW)
    report = verify(other, keys.root_pem())
    assert states(report) == ["yes", "yes", "no", "no"]
    assert report.institute == "另一机构"


def test_without_roots_trust_is_unknown_and_not_denied(sealed: bytes) -> None:
    assert verify(sealed, b"").trusted.state == "unknown"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"%PDF-1.7",
        b"PK\x03\x04",
        os.urandom(3000),
        b"%PDF-1.7\n" + b"1 0 obj<</A 1 0 R>>endobj\n" * 50 + b"startxref\n9\n%%EOF",
    ],
    ids=["empty", "head", "zip", "noise", "broken"],
)
def test_garbage_is_answered_and_never_raised(keys: Keys, data: bytes) -> None:
    report = verify(data, keys.root_pem())
    assert not report.good
    assert report.unchanged.state == "unknown"


def test_an_unsealed_certificate_has_no_seal(keys: Keys, unsealed: bytes) -> None:
    report = verify(unsealed, keys.root_pem())
    assert states(report) == ["unknown"] * 4
    assert "没有电子印章" in report.by_whom.text.zh


def test_truncated_seals_never_raise(keys: Keys, sealed: bytes) -> None:
    for cut in range(len(sealed) - 12_000, len(sealed), 997):
        assert not verify(sealed[:cut], keys.root_pem()).good


def test_a_seal_outlives_its_certificate_by_its_time_stamp(keys: Keys, sealed: bytes) -> None:
    # The seal's certificate lasts five years, the time stamp authority's ten.
    assert verify(sealed, keys.root_pem(), now=NOW + timedelta(days=365 * 7)).good


def test_a_signature_that_does_not_fit_is_not_written(keys: Keys, unsealed: bytes) -> None:
    sealer = Sealer(keys)
    sealer.bytes_reserved = 1000
    with pytest.raises(SealTooLarge):
        sealer.seal(unsealed, at=NOW)


def test_what_is_no_pdf_is_not_sealed(sealer: Sealer) -> None:
    with pytest.raises(SealingError):
        sealer.seal(b"not a PDF", at=NOW)


def test_a_signing_time_without_zone_is_refused(sealer: Sealer, unsealed: bytes) -> None:
    with pytest.raises(ValueError, match="time zone"):
        sealer.seal(unsealed, at=datetime(2026, 11, 21))  # noqa: DTZ001 - the point of the test


def test_one_sealer_serves_many_threads(sealer: Sealer, keys: Keys, unsealed: bytes) -> None:
    made: list[bytes] = []
    threads = [threading.Thread(target=lambda: made.append(sealer.seal(unsealed, at=NOW))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert all(verify(one, keys.root_pem()).good for one in made)


# Keys


def test_key_files_are_for_their_owner_only(keys: Keys, tmp_path: Path) -> None:
    DevelopmentAuthority.open(tmp_path, institute="示范")
    folder = tmp_path / "authority"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    names = {path.name for path in folder.iterdir()}
    assert names == {f"{n}.{e}" for n in ("root", "issuing", "seal", "tsa") for e in ("key", "pem")} | {
        "root.crl",
        "issuing.crl",
    }
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())


def test_two_processes_starting_at_once_end_with_one_authority(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from certificates.sealing import Keys\n"
        "print(Keys.development(Path(sys.argv[1]), institute='示范').certificate.serial_number)"
    )
    import sys

    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path / "keys")], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    serials = {process.communicate(timeout=60)[0].strip() for process in running}
    assert all(process.returncode == 0 for process in running)
    assert len(serials) == 1
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["authority"]


def test_what_a_killed_creation_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    draft = tmp_path / ".authority-dead"
    draft.mkdir()
    (draft / "root.key").write_bytes(b"half a key")
    DevelopmentAuthority.open(tmp_path, institute="示范")
    assert [path.name for path in tmp_path.iterdir()] == ["authority"]


def test_an_incomplete_key_directory_is_named_and_not_overwritten(tmp_path: Path) -> None:
    DevelopmentAuthority.open(tmp_path, institute="示范")
    (tmp_path / "authority" / "seal.key").unlink()
    with pytest.raises(KeysError, match="not complete"):
        DevelopmentAuthority.open(tmp_path, institute="示范")
    assert not (tmp_path / "authority" / "seal.key").exists()


def test_real_keys_come_from_pkcs12_with_a_time_stamp_url(keys: Keys, unsealed: bytes, tmp_path: Path) -> None:
    authority = DevelopmentAuthority.open(tmp_path, institute="示范")
    bundle = pkcs12.serialize_key_and_certificates(
        b"seal",
        authority.seal.key,
        authority.seal.certificate,
        [authority.issuing.certificate],
        BestAvailableEncryption(b"secret"),
    )
    (tmp_path / "seal.p12").write_bytes(bundle)
    (tmp_path / "roots.pem").write_bytes(Keys.development(tmp_path, institute="示范").root_pem())
    settings = {"pkcs12": tmp_path / "seal.p12", "password": "secret", "roots": tmp_path / "roots.pem"}
    with pytest.raises(KeysError, match="timestamp_url"):
        Keys.from_settings(settings)
    with pytest.raises(KeysError, match="cannot be opened"):
        Keys.from_settings({**settings, "password": "wrong", "timestamp_url": "http://127.0.0.1:9/"})
    chain = [authority.issuing.certificate]
    served = DevelopmentTimestamper(CmsSigner(authority.tsa.key, authority.tsa.certificate, chain))
    with serving(served.respond) as url:
        real = Keys.from_settings({**settings, "timestamp_url": url})
        assert not real.demonstration
        assert verify(Sealer(real).seal(unsealed, at=NOW), real.root_pem()).good


def test_a_key_that_does_not_belong_to_its_certificate_is_refused(tmp_path: Path) -> None:
    authority = DevelopmentAuthority.open(tmp_path, institute="示范")
    with pytest.raises(KeysError):
        CmsSigner(authority.seal.key, authority.tsa.certificate)
    with pytest.raises(KeysError):
        CmsSigner(rsa.generate_private_key(65537, 2048), authority.seal.certificate)


def test_fresh_revocation_lists_are_signed_by_their_authorities(tmp_path: Path) -> None:
    authority = DevelopmentAuthority.open(tmp_path, institute="示范")
    root, issuing = authority.revocation_lists(NOW)
    assert root.is_signature_valid(authority.root.key.public_key())
    assert issuing.is_signature_valid(authority.issuing.key.public_key())
    assert issuing.next_update_utc == (NOW + timedelta(days=30)).replace(microsecond=0)


# Time stamps


def test_openssl_asks_our_time_stamp_authority_and_verifies_the_answer(tool: Any, keys: Keys, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"hello")
    (tmp_path / "root.pem").write_bytes(keys.root_pem())
    tool("openssl", "ts", "-query", "-data", tmp_path / "data", "-sha512", "-cert", "-out", tmp_path / "q")
    timestamper = keys.timestamper
    assert isinstance(timestamper, DevelopmentTimestamper)
    (tmp_path / "r").write_bytes(timestamper.respond((tmp_path / "q").read_bytes()))
    (tmp_path / "chain.pem").write_bytes(keys.chain_pem())
    said = tool(
        "openssl", "ts", "-verify", "-queryfile", tmp_path / "q", "-in", tmp_path / "r",
        "-CAfile", tmp_path / "root.pem", "-untrusted", tmp_path / "chain.pem",
    )  # fmt: skip
    assert "Verification: OK" in said


@pytest.fixture
def answer_of(tool: Any, tmp_path: Path) -> Callable[[bytes], str]:
    """What OpenSSL reads in an authority's answer."""

    def read(answer: bytes) -> str:
        path = tmp_path / "answer"
        path.write_bytes(answer)
        return str(tool("openssl", "ts", "-reply", "-in", path, "-text"))

    return read


@pytest.mark.parametrize("request_bytes", [b"", b"garbage", b"\x30\x03\x02\x01\x01", os.urandom(200)])
def test_our_time_stamp_authority_rejects_garbage_politely(
    keys: Keys, request_bytes: bytes, answer_of: Callable[[bytes], str]
) -> None:
    timestamper = keys.timestamper
    assert isinstance(timestamper, DevelopmentTimestamper)
    said = answer_of(timestamper.respond(request_bytes))
    assert "Status: Rejected" in said
    assert "the data submitted has the wrong format" in said


def test_a_bad_answer_of_the_time_stamp_authority_is_refused(keys: Keys) -> None:
    timestamper = keys.timestamper
    assert isinstance(timestamper, DevelopmentTimestamper)
    good = timestamper.respond

    def about_something_else(request: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(request)
        asked["message_imprint"]["hashed_message"] = b"\x01" * 32
        return good(asked.dump(force=True))

    def old(request: bytes) -> bytes:
        asked = tsp.TimeStampReq.load(request)
        asked["nonce"] = 1
        return good(asked.dump(force=True))

    def forged(request: bytes) -> bytes:
        answer = good(request)
        return answer[:-4] + bytes(4)

    for answer in (lambda _: good(b"garbage"), lambda _: b"", lambda _: b"<html>", about_something_else, old, forged):
        with serving(answer) as url, pytest.raises(TimestampError):
            HttpTimestamper(url, timeout=5).token(b"\x02" * 32)


def test_an_unreachable_time_stamp_authority_is_named() -> None:
    with pytest.raises(TimestampError, match="did not answer"):
        HttpTimestamper("http://127.0.0.1:9/", timeout=2).token(bytes(32))
    with pytest.raises(TimestampError, match="HTTP URL"):
        HttpTimestamper("file:///etc/passwd")

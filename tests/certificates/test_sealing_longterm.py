"""Long-term evidence: a sealed file stays provable after its certificates have ended, judged by pyHanko's strict AdES validation."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation import ades
from pyhanko_certvalidator.path import ValidationPath

from certificates.sealing import DevelopmentAuthority, DevelopmentTimestamper, Keys, Sealer, verify
from certificates.sealing.cms import CmsSigner
from certificates.sealing.errors import EvidenceMissing, SealingError, SealRevoked
from certificates.sealing.longterm import Prolonged, prolong, specification, strictly

INSTITUTE = "示范区计量质量检测所"
NOW = datetime.now(UTC).replace(microsecond=0)
SEALED, FIRST, SECOND = (NOW - timedelta(minutes=minutes) for minutes in (6, 4, 2))


@dataclass(frozen=True)
class House:
    """An authority, and its seal with time stamps of a chosen moment."""

    authority: DevelopmentAuthority
    keys: Keys

    @classmethod
    def at(cls, folder: Path) -> House:
        return cls(
            DevelopmentAuthority.open(folder, institute=INSTITUTE), Keys.development(folder, institute=INSTITUTE)
        )

    def on(self, moment: datetime) -> Keys:
        tsa, chain = self.authority.tsa, [self.authority.issuing.certificate]
        stamps = DevelopmentTimestamper(CmsSigner(tsa.key, tsa.certificate, chain), clock=lambda: moment)
        return replace(self.keys, timestamper=stamps)

    def sealed(self, unsealed: bytes) -> bytes:
        return Sealer(self.on(SEALED)).seal(unsealed, at=SEALED)

    def prolonged(self, pdf: bytes, moment: datetime = FIRST) -> Prolonged:
        return prolong(pdf, self.on(moment + timedelta(seconds=10)), now=moment)


def strict(pdf: bytes, roots: bytes) -> str:
    return asyncio.run(strictly(pdf, roots))


@pytest.fixture(scope="module")
def house(tmp_path_factory: Any) -> House:
    return House.at(tmp_path_factory.mktemp("house"))


@pytest.fixture(scope="module")
def editions(house: House, unsealed: bytes) -> tuple[bytes, Prolonged, Prolonged]:
    """As sealed, with its first evidence, and renewed."""
    sealed = house.sealed(unsealed)
    first = house.prolonged(sealed)
    return sealed, first, house.prolonged(first.pdf, SECOND)


def test_strict_validation_passes_with_the_evidence_in_the_file_and_not_before(
    house: House, editions: tuple[bytes, Prolonged, Prolonged]
) -> None:
    sealed, first, second = editions
    roots = house.keys.root_pem()
    assert strict(sealed, roots)
    assert strict(first.pdf, roots) == ""
    assert strict(second.pdf, roots) == ""


def test_every_edition_begins_with_the_one_before_and_is_wholly_covered(
    house: House, editions: tuple[bytes, Prolonged, Prolonged]
) -> None:
    sealed, first, second = editions
    assert first.pdf.startswith(sealed) and second.pdf.startswith(first.pdf)
    for pdf, stamps in ((sealed, 0), (first.pdf, 1), (second.pdf, 2)):
        assert verify(pdf, house.keys.root_pem()).good
        assert len(PdfFileReader(io.BytesIO(pdf)).embedded_timestamp_signatures) == stamps
    assert len(first.pdf) - len(sealed) < 40_000


def test_the_proof_lasts_as_long_as_the_certificate_of_the_newest_time_stamp(
    house: House, editions: tuple[bytes, Prolonged, Prolonged]
) -> None:
    assert editions[1].proven_until == house.authority.tsa.certificate.not_valid_after_utc


def test_other_peoples_tools_accept_every_edition(
    house: House, editions: tuple[bytes, Prolonged, Prolonged], tool: Any, tmp_path: Path
) -> None:
    nss, root = f"sql:{tmp_path}", tmp_path / "root.pem"
    root.write_bytes(house.keys.root_pem())
    tool("certutil", "-N", "-d", nss, "--empty-password")
    tool("certutil", "-A", "-d", nss, "-n", "root", "-t", "CT,CT,CT", "-i", root)
    for name, pdf in (("first", editions[1].pdf), ("second", editions[2].pdf)):
        path = tmp_path / f"{name}.pdf"
        path.write_bytes(pdf)
        said = tool("qpdf", "--check", path)
        assert "No syntax or stream encoding errors found" in said and "WARNING" not in said
        seal, *stamps = tool("pdfsig", "-nssdir", nss, "-no-ocsp", path).split("Signature #")[1:]
        assert "Signature is Valid" in seal and "Certificate is Trusted" in seal
        # pdfsig knows no document time stamps, but it sees that the last one covers the file to its end.
        assert "- Total document signed" in stamps[-1]


def test_a_changed_byte_of_a_prolonged_file_is_found(
    house: House, editions: tuple[bytes, Prolonged, Prolonged]
) -> None:
    sealed, first, _ = editions
    for at in (len(sealed) // 3, len(sealed) + 900):
        changed = first.pdf[:at] + bytes([first.pdf[at] ^ 0x20]) + first.pdf[at + 1 :]
        assert not verify(changed, house.keys.root_pem()).good


def test_revocation_data_older_than_the_seal_are_not_enough(house: House, unsealed: bytes) -> None:
    with pytest.raises(EvidenceMissing, match="not newer than the time stamp"):
        house.prolonged(house.sealed(unsealed), SEALED - timedelta(minutes=2))


@pytest.mark.parametrize("pdf", [b"", b"not a PDF"])
def test_what_is_no_pdf_is_not_prolonged(house: House, pdf: bytes) -> None:
    with pytest.raises(SealingError):
        prolong(pdf, house.keys)


def test_what_is_not_sealed_is_not_prolonged(house: House, unsealed: bytes) -> None:
    with pytest.raises(SealingError, match="not sealed"):
        prolong(unsealed, house.keys)


def test_what_strict_validation_says_when_the_certificate_of_the_seal_is_revoked(
    tmp_path: Path, unsealed: bytes
) -> None:
    house = House.at(tmp_path)
    sealed = house.sealed(unsealed)
    before = house.prolonged(sealed)
    house.authority.revoke(house.authority.seal.certificate, FIRST + timedelta(seconds=30))
    # What was completed before the revocation stays proven by the evidence it carries, and can be renewed.
    assert strict(before.pdf, house.keys.root_pem()) == ""
    assert strict(house.prolonged(before.pdf, SECOND).pdf, house.keys.root_pem()) == ""
    # What was not is refused: the lists can no longer show that the seal was good.
    with pytest.raises(SealRevoked, match="revoked") as caught:
        house.prolonged(sealed, SECOND)
    assert "吊销" in caught.value.text.zh


# Authorities elsewhere


class Elsewhere:
    """A root that issues seal and time stamps directly. It publishes its revocation list at an address on this machine, or
    it answers there for single certificates (OCSP, RFC 6960) and has no list."""

    def __init__(self, *, answers: bool = False) -> None:
        outer = self
        self.answers = answers
        self.at = NOW
        self.issued: dict[int, x509.Certificate] = {}

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "application/pkix-crl")
                self.end_headers()
                self.wfile.write(outer.revocation_list)

            def do_POST(self) -> None:
                asked = ocsp.load_der_ocsp_request(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.send_header("Content-Type", "application/ocsp-response")
                self.end_headers()
                self.wfile.write(outer.answer(asked.serial_number))

            def log_message(self, *arguments: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.root = self.issue("root", self.key)
        self.responder_key = ec.generate_private_key(ec.SECP256R1())
        self.responder = self.issue("responder", self.responder_key)
        self.publish(NOW)

    def issue(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{name} elsewhere")])
        is_root, is_stamp = name == "root", name == "tsa"
        usage = x509.KeyUsage(not is_root, not is_root, False, False, False, is_root, is_root, False, False)
        builder = (
            x509.CertificateBuilder(
                subject if is_root else self.root.subject, subject, key.public_key(), x509.random_serial_number(),
                NOW - timedelta(days=1), NOW + timedelta(days=900 if is_stamp or is_root else 300),
            )
            .add_extension(x509.BasicConstraints(is_root, None), critical=True)
            .add_extension(usage, critical=True)
        )  # fmt: skip
        if name == "responder":
            purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.OCSP_SIGNING])
            builder = builder.add_extension(purpose, critical=False).add_extension(x509.OCSPNoCheck(), critical=False)
        elif not is_root and self.answers:
            place = x509.UniformResourceIdentifier(f"http://127.0.0.1:{self.server.server_port}/ocsp")
            asked = x509.AccessDescription(x509.AuthorityInformationAccessOID.OCSP, place)
            builder = builder.add_extension(x509.AuthorityInformationAccess([asked]), critical=False)
        elif not is_root:
            place = x509.UniformResourceIdentifier(f"http://127.0.0.1:{self.server.server_port}/list.crl")
            points = [x509.DistributionPoint([place], None, None, None)]
            builder = builder.add_extension(x509.CRLDistributionPoints(points), critical=False)
        if is_stamp:
            purpose = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(purpose, critical=True)
        made = builder.sign(self.key, hashes.SHA256())
        self.issued[made.serial_number] = made
        return made

    def answer(self, serial: int) -> bytes:
        """Good, as of the moment last published; signed by a responder that the root appointed (RFC 6960, 4.2.2.2)."""
        made = ocsp.OCSPResponseBuilder().add_response(
            self.issued[serial], self.root, hashes.SHA1(), ocsp.OCSPCertStatus.GOOD,
            self.at, self.at + timedelta(days=7), None, None,
        ).responder_id(ocsp.OCSPResponderEncoding.HASH, self.responder).certificates([self.responder])  # fmt: skip
        return made.sign(self.responder_key, hashes.SHA256()).public_bytes(Encoding.DER)

    def publish(self, at: datetime) -> None:
        self.at = at
        made = x509.CertificateRevocationListBuilder(self.root.subject, at, at + timedelta(days=7))
        number = x509.CRLNumber(int(at.timestamp()))
        self.revocation_list = (
            made.add_extension(number, critical=False).sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)
        )

    def keys(self, moment: datetime) -> Keys:
        seal, tsa = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
        certificate = self.issue("seal", seal)
        stamps = DevelopmentTimestamper(CmsSigner(tsa, self.issue("tsa", tsa), ()), clock=lambda: moment)
        return Keys(CmsSigner(seal, certificate), certificate, (), (self.root,), stamps, demonstration=False)


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Elsewhere]:
    made = Elsewhere()
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_lists_of_other_authorities_are_fetched_from_where_their_certificates_say(
    elsewhere: Elsewhere, unsealed: bytes
) -> None:
    keys = elsewhere.keys(SEALED)
    sealed = Sealer(keys).seal(unsealed, at=SEALED)
    elsewhere.publish(SEALED - timedelta(hours=1))
    with pytest.raises(EvidenceMissing):
        prolong(sealed, keys)
    elsewhere.publish(FIRST)
    assert strict(prolong(sealed, keys).pdf, keys.root_pem()) == ""


def test_the_seal_still_validates_when_its_own_certificate_has_ended(elsewhere: Elsewhere, unsealed: bytes) -> None:
    keys = elsewhere.keys(SEALED)
    sealed = Sealer(keys).seal(unsealed, at=SEALED)
    elsewhere.publish(FIRST)
    made = prolong(sealed, keys)
    later = keys.certificate.not_valid_after_utc + timedelta(days=200)
    assert later < made.proven_until
    assert later_on(made.pdf, keys, later) == "AdESPassed.OK"


def test_where_an_authority_has_no_list_its_answers_are_fetched_and_kept_in_the_file(unsealed: bytes) -> None:
    made = Elsewhere(answers=True)
    try:
        keys = made.keys(SEALED)
        sealed = Sealer(keys).seal(unsealed, at=SEALED)
        made.publish(SEALED - timedelta(hours=1))
        with pytest.raises(EvidenceMissing):
            prolong(sealed, keys)
        made.publish(FIRST)
        keys.timestamper._clock = lambda: FIRST + timedelta(seconds=10)
        prolonged = prolong(sealed, keys)
    finally:
        made.server.shutdown()
        made.server.server_close()
    # Nobody answers any more: what is in the file has to do.
    assert strict(prolonged.pdf, keys.root_pem()) == ""
    store = PdfFileReader(io.BytesIO(prolonged.pdf)).root["/DSS"]
    assert len(store["/OCSPs"]) == 2 and not store.get("/CRLs")
    assert later_on(prolonged.pdf, keys, keys.certificate.not_valid_after_utc + timedelta(days=200)) == "AdESPassed.OK"


def test_a_file_carries_the_lists_of_every_authority_above_the_seal_and_validates_after_its_end(
    house: House, editions: tuple[bytes, Prolonged, Prolonged], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ValidationPath, "truncate_to_issuer_and_append", _with_the_anchor_itself)
    for prolonged in editions[1:]:
        store = PdfFileReader(io.BytesIO(prolonged.pdf)).root["/DSS"]
        lists = [x509.load_der_x509_crl(one.get_object().data) for one in store["/CRLs"]]
        issuers = {one.issuer for one in lists}
        assert issuers == {house.authority.root.certificate.subject, house.authority.issuing.certificate.subject}
        assert all(one.last_update_utc >= SEALED for one in lists)
        after = house.authority.seal.certificate.not_valid_after_utc + timedelta(days=200)
        assert after < prolonged.proven_until
        assert later_on(prolonged.pdf, house.keys, after) == "AdESPassed.OK"


_truncated = ValidationPath.truncate_to_issuer_and_append


def _with_the_anchor_itself(path: ValidationPath, certificate: Any) -> ValidationPath:
    """pyHanko 0.38 looks for the list of an issuing authority below a path that begins with that authority, and finds it only
    when the authority has issued itself. The evidence is there all the same; a path that begins with an issuer has it."""
    if path.trust_anchor.certificate.dump() == certificate.dump():
        return ValidationPath(path.trust_anchor, interm=[], leaf=None)
    return _truncated(path, certificate)


def later_on(pdf: bytes, keys: Keys, moment: datetime) -> str:
    """What strict validation says at a later moment, with the evidence of the file alone."""
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_regular_signatures[0]
    work = ades.simulate_future_ades_lta_validation(signature, specification(keys.root_pem()), moment)
    return str(asyncio.run(work).ades_subindic)

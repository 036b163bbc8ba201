"""The institute's authority for persons: it certifies whose a public key is, and lists the keys that no longer count.

Created once, in a directory outside the repository that only its owner may read, apart from the authority of the seal: whoever
verifies a person's signature trusts this root for persons and for nothing else.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from . import revocations
from .certificates import DOCUMENT_SIGNING
from .errors import KeyFault

DEMONSTRATION = "演示 无法律效力 Demonstration, no legal effect"
_FOLDER = "persons"
_DRAFT = ".persons-"
_NAME = "人员证书机构 Persons CA"
_LIFE = timedelta(days=365 * 30)
# A key outlives no registration by much; its owner makes a new one in time.
PERSON_LIFE = timedelta(days=365 * 5)
# A little in the past: another machine's clock may be behind.
_SLACK = timedelta(minutes=10)
LIST_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Ended:
    """A certificate that no longer counts: its serial number, when it ended, and one of `revocations.REASONS`."""

    serial: int
    at: datetime
    why: str


@dataclass(frozen=True)
class PersonsAuthority:
    """Key and root certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @staticmethod
    def exists(directory: Path) -> bool:
        """Whether one was created in the directory."""
        return (directory / _FOLDER).is_dir()

    @classmethod
    def open(cls, directory: Path, *, institute: str, demonstration: bool, at: datetime) -> PersonsAuthority:
        """Load the authority, creating it at the first call. Two processes may call at once: one creates it for both."""
        folder = directory / _FOLDER
        if not folder.exists():
            _create(folder, institute, demonstration, at)
        try:
            key = load_pem_private_key((folder / "ca.key").read_bytes(), None)
            certificate = x509.load_pem_x509_certificate((folder / "ca.pem").read_bytes())
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
                raise ValueError("ca.key does not belong to ca.pem")
        except (OSError, ValueError) as error:
            raise KeyFault(
                "authority_incomplete",
                f"人员证书机构的目录不完整：{folder}（{error}）。请从备份恢复",
                f"The authority for persons in {folder} is not complete ({error}). Bring it back from its own copy",
            ) from error
        return cls(key, certificate)

    def certify(self, key: ec.EllipticCurvePublicKey, *, person: str, name: str, at: datetime) -> x509.Certificate:
        """A certificate for the person's public key, valid for five years from `at`."""
        own = self.certificate.subject
        subject = x509.Name(
            [
                *(one for one in own if one.oid != NameOID.COMMON_NAME),
                x509.NameAttribute(NameOID.COMMON_NAME, name[:64]),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, person),
            ]
        )
        until = min(at + PERSON_LIFE, self.certificate.not_valid_after_utc)
        return (
            _builder(subject, own, key, at - _SLACK, until)
            .add_extension(x509.BasicConstraints(False, None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([DOCUMENT_SIGNING]), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def revocation_list(self, ended: Iterable[Ended], *, at: datetime) -> bytes:
        """The list of all keys that ended, as PEM, valid for 30 days from `at`."""
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(at)
            .next_update(at + LIST_LIFE)
            .add_extension(authority, critical=False)
            .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
        )
        for one in ended:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(one.serial)
                .revocation_date(_next_second(one.at))
                .add_extension(x509.CRLReason(revocations.REASONS[one.why]), critical=False)
                .build()
            )
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def pem(self) -> bytes:
        """The root certificate: what verifiers trust."""
        return self.certificate.public_bytes(Encoding.PEM)


def _next_second(at: datetime) -> datetime:
    """A list knows whole seconds only. Rounded up: no signature made before the revocation may seem made after it."""
    return at if at.microsecond == 0 else at.replace(microsecond=0) + timedelta(seconds=1)


def _create(folder: Path, institute: str, demonstration: bool, at: datetime) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _creating(folder.parent):
        if folder.exists():
            return
        # Whoever creates holds the lock, so a draft found here belongs to a process that was killed.
        for left in folder.parent.glob(f"{_DRAFT}*"):
            shutil.rmtree(left)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder.parent))
        try:
            _fill(draft, institute, demonstration, at)
            os.rename(draft, folder)
            _sync(folder.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)


@contextmanager
def _creating(parent: Path) -> Iterator[None]:
    """One creator at a time. The lock is on the directory itself and ends with the process."""
    descriptor = os.open(parent, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fill(draft: Path, institute: str, demonstration: bool, at: datetime) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    units = [x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, DEMONSTRATION)] if demonstration else []
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            # X.520 allows 64 characters in each of these.
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, institute[:64]),
            *units,
            x509.NameAttribute(NameOID.COMMON_NAME, _NAME),
        ]
    )
    certificate = (
        _builder(name, name, key.public_key(), at - _SLACK, at + _LIFE)
        .add_extension(x509.BasicConstraints(True, 0), critical=True)
        .add_extension(_usage(authority=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    _write(draft / "ca.key", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    _write(draft / "ca.pem", certificate.public_bytes(Encoding.PEM))
    _sync(draft)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, start: datetime, end: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _write(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

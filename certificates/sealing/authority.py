"""A certification authority for development and demonstration: root, issuing authority, institute seal, time stamps.

It is created once, in a directory outside the repository that only its owner may read. Its certificates say that they have no
legal effect. A real institute brings its own keys (`Keys.from_settings`).
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from .errors import KeysError
from .signer import PublicKey

NAMES = ("root", "issuing", "seal", "tsa")
UNIT = "演示 无法律效力 Demonstration, no legal effect"
DOCUMENT_SIGNING = x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36")  # RFC 9336
_FOLDER = "authority"
_REVOKED = "revoked.txt"
_DRAFT = ".authority-"
_YEARS = {"root": 20, "issuing": 15, "seal": 5, "tsa": 10}
_COMMON_NAMES = {
    "root": "演示根证书 Demonstration Root CA",
    "issuing": "演示签发机构 Demonstration Issuing CA",
    "seal": "检定专用章 Institute Seal",
    "tsa": "演示时间戳 Demonstration TSA",
}
# A little in the past: another machine's clock may be behind.
_SLACK = timedelta(hours=12)
CRL_LIFE = timedelta(days=30)


@dataclass(frozen=True)
class Identity:
    """A private key and its certificate."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate


@dataclass(frozen=True)
class DevelopmentAuthority:
    """The four identities, and the lists of what was revoked."""

    root: Identity
    issuing: Identity
    seal: Identity
    tsa: Identity
    folder: Path

    @classmethod
    def open(cls, directory: Path, *, institute: str) -> DevelopmentAuthority:
        """Load the authority, creating it at the first call. Two processes may call at once: one creates it for both."""
        folder = directory / _FOLDER
        if not folder.exists():
            _create(folder, institute)
        try:
            return cls(*(_load(folder, name) for name in NAMES), folder)
        except (OSError, ValueError) as error:
            raise KeysError(
                f"开发证书目录不完整：{folder}（{error}）。请恢复备份，或移走该目录后重新生成。",
                f"The development authority in {folder} is not complete ({error}). Restore it, or move it away to create it anew.",
            ) from error

    def certify_seal(self, public_key: PublicKey, *, institute: str) -> x509.Certificate:
        """A further seal certificate, for a key that was made elsewhere, such as in a token."""
        return _certificate("seal", institute, public_key, self.issuing, datetime.now(UTC))

    def revocation_lists(self, at: datetime) -> tuple[x509.CertificateRevocationList, x509.CertificateRevocationList]:
        """Fresh lists of the root and of the issuing authority, valid for 30 days from `at`."""
        return _crl(self.root, at), _crl(self.issuing, at, self._revoked())

    def revoke(self, certificate: x509.Certificate, at: datetime) -> None:
        """Puts a certificate of the issuing authority on its lists from now on, as not to be trusted since `at`."""
        line = f"{certificate.serial_number:x} {at.astimezone(UTC).isoformat(timespec='seconds')}\n"
        with (self.folder / _REVOKED).open("a", encoding="ascii") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def _revoked(self) -> list[x509.RevokedCertificate]:
        path = self.folder / _REVOKED
        lines = path.read_text("ascii").splitlines() if path.exists() else []
        return [
            x509.RevokedCertificateBuilder(int(serial, 16), datetime.fromisoformat(at)).build()
            for serial, at in (line.split() for line in lines)
        ]


def _create(folder: Path, institute: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _creating(folder.parent):
        if folder.exists():
            return
        # Whoever creates holds the lock, so a draft found here belongs to a process that was killed.
        for left in folder.parent.glob(f"{_DRAFT}*"):
            shutil.rmtree(left)
        draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=folder.parent))
        try:
            _fill(draft, institute)
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


def _fill(draft: Path, institute: str) -> None:
    now = datetime.now(UTC)
    made: dict[str, Identity] = {}
    for name in NAMES:
        issuer = {"root": None, "issuing": "root"}.get(name, "issuing")
        made[name] = _issue(name, institute, made[issuer] if issuer else None, now)
        key = made[name].key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        _write(draft / f"{name}.key", key)
        _write(draft / f"{name}.pem", made[name].certificate.public_bytes(Encoding.PEM))
    for name in ("root", "issuing"):
        _write(draft / f"{name}.crl", _crl(made[name], now).public_bytes(Encoding.PEM))
    _sync(draft)


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


def _load(folder: Path, name: str) -> Identity:
    key = load_pem_private_key((folder / f"{name}.key").read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((folder / f"{name}.pem").read_bytes())
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        raise ValueError(f"{name}.key does not belong to {name}.pem")
    return Identity(key, certificate)


def _issue(name: str, institute: str, issuer: Identity | None, now: datetime) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    return Identity(key, _certificate(name, institute, key.public_key(), issuer or key, now))


def _certificate(
    name: str,
    institute: str,
    public_key: PublicKey,
    issuer: Identity | ec.EllipticCurvePrivateKey,
    now: datetime,
) -> x509.Certificate:
    """A certificate for a key, signed by an identity, or by the key itself when it is the root's."""
    subject = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            # X.520 allows 64 characters in each of these.
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, institute[:64]),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, UNIT),
            x509.NameAttribute(NameOID.COMMON_NAME, _COMMON_NAMES[name]),
        ]
    )
    above = issuer.certificate.subject if isinstance(issuer, Identity) else subject
    is_authority = name in ("root", "issuing")
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(above)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _SLACK)
        .not_valid_after(now + timedelta(days=365 * _YEARS[name]))
        .add_extension(x509.BasicConstraints(is_authority, {"root": 1, "issuing": 0}.get(name)), critical=True)
        .add_extension(_usage(is_authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )
    if isinstance(issuer, Identity):
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
        builder = builder.add_extension(authority, critical=False)
        place = x509.DistributionPoint([x509.DirectoryName(issuer.certificate.subject)], None, None, None)
        builder = builder.add_extension(x509.CRLDistributionPoints([place]), critical=False)
    if name == "seal":
        # pdfsig reports an unknown problem for a signer without stated purposes and a place for revocation lists.
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION, DOCUMENT_SIGNING])
        builder = builder.add_extension(purposes, critical=False)
    if name == "tsa":
        # RFC 3161, 2.3: this purpose alone, and critical.
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
    return builder.sign(issuer.key if isinstance(issuer, Identity) else issuer, hashes.SHA256())


def _usage(is_authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not is_authority,
        content_commitment=not is_authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=is_authority,
        crl_sign=is_authority,
        encipher_only=False,
        decipher_only=False,
    )


def _crl(
    issuer: Identity, at: datetime, revoked: Sequence[x509.RevokedCertificate] = ()
) -> x509.CertificateRevocationList:
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key())
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + CRL_LIFE)
        .add_extension(authority, critical=False)
        .add_extension(x509.CRLNumber(int(at.timestamp())), critical=False)
    )
    for one in revoked:
        builder = builder.add_revoked_certificate(one)
    return builder.sign(issuer.key, hashes.SHA256())

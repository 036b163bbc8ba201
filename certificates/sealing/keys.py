"""The keys of the institute's seal: the development authority, or a PKCS#12 file or PKCS#11 token of a real one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from .authority import DevelopmentAuthority
from .cms import CmsSigner
from .errors import KeysError
from .timestamp import DevelopmentTimestamper, HttpTimestamper, Timestamper
from .token import Place, TokenKey


@dataclass(frozen=True)
class Keys:
    """What sealing needs: a signer, whoever gives the time, and the certificates to hand out with the result."""

    signer: CmsSigner
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    roots: tuple[x509.Certificate, ...]
    timestamper: Timestamper
    demonstration: bool
    extra: tuple[x509.Certificate, ...] = ()
    revocation_lists: Callable[[datetime], Sequence[x509.CertificateRevocationList]] | None = None
    """Lists as of a moment, from an authority in this house; None: they are fetched from where the certificates say."""

    @classmethod
    def development(cls, directory: Path | str, *, institute: str) -> Keys:
        """The development authority in `directory`, created at the first call. `institute` is the name in its certificates."""
        authority = DevelopmentAuthority.open(Path(directory), institute=institute)
        issuing, seal, tsa = (one.certificate for one in (authority.issuing, authority.seal, authority.tsa))
        return cls(
            signer=CmsSigner(authority.seal.key, seal, [issuing]),
            certificate=seal,
            chain=(issuing,),
            roots=(authority.root.certificate,),
            timestamper=DevelopmentTimestamper(CmsSigner(authority.tsa.key, tsa, [issuing])),
            demonstration=True,
            extra=(tsa,),
            revocation_lists=authority.revocation_lists,
        )

    @classmethod
    def pkcs12(cls, path: Path | str, password: str, *, timestamp_url: str, roots: Path | str) -> Keys:
        """The seal's key and chain from a PKCS#12 file, time stamps from an authority's URL.

        `roots`: a PEM file with the certificates of the root authorities that readers are to trust.
        """
        try:
            key, certificate, others = pkcs12.load_key_and_certificates(
                Path(path).read_bytes(), password.encode() if password else None
            )
        except (OSError, ValueError) as error:
            raise KeysError(
                f"无法打开印章密钥文件 {path}：{error}", f"The key file of the seal, {path}, cannot be opened: {error}"
            ) from error
        if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or certificate is None:
            raise KeysError(
                "印章密钥文件中没有可用的 ECDSA 或 RSA 密钥及证书。",
                "The key file of the seal holds no ECDSA or RSA key with its certificate.",
            )
        trusted = load_certificates(Path(roots).read_bytes())
        chain = tuple(one for one in others if one not in trusted)
        return cls(
            signer=CmsSigner(key, certificate, chain),
            certificate=certificate,
            chain=chain,
            roots=trusted,
            timestamper=HttpTimestamper(timestamp_url),
            demonstration=False,
        )

    @classmethod
    def token(cls, place: Place, certificates: Path | str, *, timestamp_url: str, roots: Path | str) -> Keys:
        """The seal's key in a PKCS#11 token, its certificate and chain from a PEM file in that order."""
        try:
            certificate, *others = load_certificates(Path(certificates).read_bytes())
            trusted = load_certificates(Path(roots).read_bytes())
        except OSError as error:
            raise KeysError(
                f"无法读取印章证书文件 {error.filename}：{error.strerror}",
                f"The certificate file of the seal, {error.filename}, cannot be read: {error.strerror}",
            ) from error
        public = certificate.public_key()
        if not isinstance(public, ec.EllipticCurvePublicKey | rsa.RSAPublicKey):
            raise KeysError(
                "印章证书使用了不支持的算法。", "The seal's certificate uses an algorithm that is not supported."
            )
        chain = tuple(one for one in others if one not in trusted)
        return cls(
            signer=CmsSigner(TokenKey(place, public), certificate, chain),
            certificate=certificate,
            chain=chain,
            roots=trusted,
            timestamper=HttpTimestamper(timestamp_url),
            demonstration=False,
        )

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Keys:
        """The keys that are configured, in this order of precedence; "timestamp_url" and "roots" belong to the first two.

        `{"module", "token", "pin", "key", "certificates"}`: PKCS#11; `{"pkcs12", "password" | "password_file"}`: PKCS#12;
        `{"directory", "institute"}`: the development authority.
        """
        if not settings.get("pkcs12") and not settings.get("module"):
            return cls.development(settings["directory"], institute=settings["institute"])
        needed = ("timestamp_url", "roots", *(("token", "pin", "certificates") if settings.get("module") else ()))
        missing = [name for name in needed if not settings.get(name)]
        if missing:
            raise KeysError(f"缺少设置：{'、'.join(missing)}", f"Settings are missing: {', '.join(missing)}")
        authorities = {"timestamp_url": settings["timestamp_url"], "roots": settings["roots"]}
        if settings.get("module"):
            place = Place(str(settings["module"]), settings["token"], settings["pin"], settings.get("key") or "")
            return cls.token(place, settings["certificates"], **authorities)
        password = settings.get("password") or ""
        if settings.get("password_file"):
            password = Path(settings["password_file"]).read_text(encoding="utf-8").strip()
        return cls.pkcs12(settings["pkcs12"], password, **authorities)

    @property
    def institute(self) -> str:
        """The organisation the seal's certificate names."""
        return subject(self.certificate)

    def chain_pem(self) -> bytes:
        """The certificates below the roots: seal, authorities in between, time stamps (when they are ours)."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.chain, *self.extra))

    def root_pem(self) -> bytes:
        return b"".join(one.public_bytes(Encoding.PEM) for one in self.roots)


def subject(certificate: x509.Certificate) -> str:
    """The organisation of a certificate's subject, or its common name."""
    for kind in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        found = certificate.subject.get_attributes_for_oid(kind)
        if found:
            return str(found[0].value)
    return certificate.subject.rfc4514_string()


def load_certificates(pem: bytes) -> tuple[x509.Certificate, ...]:
    """Certificates of a PEM file; KeysError when there is none."""
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except ValueError as error:
        raise KeysError("证书文件中没有证书。", "There is no certificate in the certificate file.") from error

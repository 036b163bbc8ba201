"""A PKCS#11 token for tests: SoftHSM in a directory of its own, with a key pair made inside it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, load_der_public_key
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from certificates.sealing import DevelopmentAuthority
from certificates.sealing.token import Place

MODULES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/softhsm/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
)
PIN = "4711-seal"
INSTITUTE = "示范区计量质量检测所"


@dataclass(frozen=True)
class Token:
    """A token, where its key is, and files with the certificates issued for that key."""

    module: str
    label: str
    certificates: Path
    roots: Path
    authority: DevelopmentAuthority

    def place(self, **changes: Any) -> Place:
        return Place(**{"module": self.module, "token": self.label, "pin": PIN, "key": "seal", **changes})

    def settings(self, timestamp_url: str, **changes: Any) -> dict[str, Any]:
        return {
            "module": self.module,
            "token": self.label,
            "pin": PIN,
            "key": "seal",
            "certificates": self.certificates,
            "roots": self.roots,
            "timestamp_url": timestamp_url,
            **changes,
        }


def module() -> str:
    found = next((path for path in MODULES if Path(path).exists()), None)
    if found is None:
        pytest.fail("SoftHSM is missing: apt-get install softhsm2", pytrace=False)
    return found


def configure(folder: Path) -> None:
    """SoftHSM reads its settings when the module is initialised, from the file the environment names."""
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nlog.level = ERROR\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")


def make(tool: Any, folder: Path, label: str, *, kind: str = "ec") -> Token:
    """Initialises a token as an administrator does, makes the key pair in it, and has its public half certified."""
    tool("softhsm2-util", "--init-token", "--free", "--label", label, "--so-pin", "so-1234", "--pin", PIN)
    library = pkcs11.lib(module())
    library.reinitialize()
    with library.get_token(token_label=label).open(rw=True, user_pin=PIN) as session:
        if kind == "ec":
            curve = {pkcs11.Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
            parameters = session.create_domain_parameters(pkcs11.KeyType.EC, curve, local=True)
            public, private = parameters.generate_keypair(store=True, label="seal")
            der = encode_ec_public_key(public)
        else:
            public, private = session.generate_keypair(pkcs11.KeyType.RSA, 2048, store=True, label="seal")
            der = encode_rsa_public_key(public)
        assert private[pkcs11.Attribute.SENSITIVE] and not private[pkcs11.Attribute.EXTRACTABLE]
    authority = DevelopmentAuthority.open(folder, institute=INSTITUTE)
    certificate = authority.certify_seal(load_der_public_key(der), institute=INSTITUTE)
    pem = folder / f"{label}.pem"
    pem.write_bytes(b"".join(one.public_bytes(Encoding.PEM) for one in (certificate, authority.issuing.certificate)))
    roots = folder / "roots.pem"
    roots.write_bytes(authority.root.certificate.public_bytes(Encoding.PEM))
    return Token(module(), label, pem, roots, authority)

"""Other people's tools accept a seal, whether its key is in this process or in a token, elliptic or RSA."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openssl
import pytest
import softhsm
import specimen
from cryptography.hazmat.primitives.asymmetric import rsa
from stamping import serving

from certificates import dcc
from certificates.sealing import DevelopmentAuthority, DevelopmentTimestamper, Keys, Sealer, verify
from certificates.sealing.cms import CmsSigner


def software(folder: Path) -> Keys:
    return Keys.development(folder, institute=softhsm.INSTITUTE)


def software_rsa(folder: Path) -> Keys:
    authority = DevelopmentAuthority.open(folder, institute=softhsm.INSTITUTE)
    key = rsa.generate_private_key(65537, 2048)
    certificate = authority.certify_seal(key.public_key(), institute=softhsm.INSTITUTE)
    signer = CmsSigner(key, certificate, [authority.issuing.certificate])
    return replace(software(folder), signer=signer, certificate=certificate)


@pytest.fixture(scope="module", params=["software P-256", "software RSA", "token P-256", "token RSA"])
def case(request: Any, tool: Any, unsealed: bytes, tmp_path_factory: Any) -> Iterator[tuple[Keys, bytes, Path]]:
    """Keys of each kind, a file sealed with them, and a folder with the authorities' certificates."""
    folder = tmp_path_factory.mktemp("case")
    kept, algorithm = request.param.split()
    with pytest.MonkeyPatch.context() as patch:
        if kept == "token":
            patch.setenv("SOFTHSM2_CONF", "set by configure")
            softhsm.configure(folder)
            token = softhsm.make(tool, folder, "seal", kind="ec" if algorithm == "P-256" else "rsa")
            issuing = token.authority.issuing.certificate
            stamps = token.authority.tsa
            served = DevelopmentTimestamper(CmsSigner(stamps.key, stamps.certificate, [issuing]))
            with serving(served.respond) as url:
                keys = Keys.from_settings(token.settings(url))
                sealed = Sealer(keys).seal(unsealed, at=datetime.now(UTC))
        else:
            keys = software(folder) if algorithm == "P-256" else software_rsa(folder)
            sealed = Sealer(keys).seal(unsealed, at=datetime.now(UTC))
        (folder / "root.pem").write_bytes(keys.root_pem())
        # The authority of the time stamps is its own, and known to the reader of a real certificate from the token itself.
        (folder / "chain.pem").write_bytes(software(folder).chain_pem())
        (folder / "c.pdf").write_bytes(sealed)
        yield keys, sealed, folder


def test_pdfsig_finds_the_total_document_signed_and_the_certificate_trusted(
    tool: Any, case: tuple[Keys, bytes, Path], tmp_path: Path
) -> None:
    _, _, folder = case
    nss = f"sql:{tmp_path}"
    tool("certutil", "-N", "-d", nss, "--empty-password")
    tool("certutil", "-A", "-d", nss, "-n", "root", "-t", "CT,CT,CT", "-i", folder / "root.pem")
    for options in (["-no-ocsp"], []):
        said = tool("pdfsig", "-nssdir", nss, *options, folder / "c.pdf")
        assert "Total document signed" in said
        assert "Signature is Valid" in said
        assert "Certificate is Trusted" in said
        assert "ETSI.CAdES.detached" in said


def test_qpdf_finds_nothing_wrong(tool: Any, case: tuple[Keys, bytes, Path]) -> None:
    said = tool("qpdf", "--check", case[2] / "c.pdf")
    assert "No syntax or stream encoding errors found" in said
    assert "WARNING" not in said


def test_openssl_verifies_the_signature_and_its_time_stamp(case: tuple[Keys, bytes, Path], tmp_path: Path) -> None:
    _, sealed, folder = case
    seal, stamp = openssl.says(sealed, folder / "root.pem", folder / "chain.pem", tmp_path)
    assert seal.startswith("0") and "successful" in seal.lower()
    assert stamp.startswith("0") and "Verification: OK" in stamp


def test_xmlsec1_verifies_the_machine_readable_twin(tool: Any, case: tuple[Keys, bytes, Path]) -> None:
    keys, _, folder = case
    (folder / "dcc.xml").write_bytes(dcc.sign(dcc.build(specimen.verification()), keys, datetime.now(UTC)))
    said = tool(
        "xmlsec1", "--verify", "--trusted-pem", folder / "root.pem", "--untrusted-pem", folder / "chain.pem",
        "--id-attr:Id", "SignedProperties", "--id-attr:Id", "KeyInfo", folder / "dcc.xml",
    )  # fmt: skip
    assert "OK" in said or "succeeded" in said.lower()


def test_our_own_verification_agrees(case: tuple[Keys, bytes, Path]) -> None:
    keys, sealed, _ = case
    report = verify(sealed, keys.root_pem())
    assert report.good
    assert report.institute == softhsm.INSTITUTE

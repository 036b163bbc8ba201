"""Other people's tools accept a seal, whether its key is in this process or in a token, elliptic or RSA."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import softhsm
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import rsa
from pyhanko.pdf_utils.reader import PdfFileReader
from stamping import serving

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


def test_openssl_verifies_the_signature_and_its_time_stamp(
    tool: Any, case: tuple[Keys, bytes, Path], tmp_path: Path
) -> None:
    _, sealed, folder = case
    with (folder / "c.pdf").open("rb") as file:
        signature = PdfFileReader(file).embedded_regular_signatures[0]
        start, first, second, rest = (int(one) for one in signature.byte_range)
        (tmp_path / "content").write_bytes(sealed[start:first] + sealed[second : second + rest])
        (tmp_path / "cms").write_bytes(cms.ContentInfo.load(bytes(signature.pkcs7_content)).dump())
        attribute = signature.signer_info["unsigned_attrs"][0]
        assert attribute["type"].native == "signature_time_stamp_token"
        (tmp_path / "token").write_bytes(attribute["values"][0].dump())
        (tmp_path / "signature").write_bytes(signature.signer_info["signature"].native)
    said = tool(
        "openssl", "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", tmp_path / "cms",
        "-content", tmp_path / "content", "-CAfile", folder / "root.pem", "-out", os.devnull,
    )  # fmt: skip
    assert "successful" in said.lower()
    said = tool(
        "openssl", "ts", "-verify", "-in", tmp_path / "token", "-token_in", "-data", tmp_path / "signature",
        "-CAfile", folder / "root.pem", "-untrusted", folder / "chain.pem",
    )  # fmt: skip
    assert "Verification: OK" in said


def test_our_own_verification_agrees(case: tuple[Keys, bytes, Path]) -> None:
    keys, sealed, _ = case
    report = verify(sealed, keys.root_pem())
    assert report.good
    assert report.institute == softhsm.INSTITUTE

"""Certificates as files in a directory, for whoever takes them away and checks them without us."""

from contextlib import suppress
from pathlib import Path

from certificates import bundle, selectors
from certificates.models import Certificate
from certificates.services.sealing import sealer
from lims.audit.services import integrate, signer
from lims.people.services.keys import persons_ca_pem


def export(certificate: Certificate, directory: Path) -> list[str]:
    """Writes the sealed PDF, its machine-readable twin, the proof that its issue stands in the event log, and the evidence bundle;
    returns the file names.

    Raises FileNotFoundError while it is not sealed, Refused when the log cannot be signed.
    """
    files = {f"{certificate.number}.pdf": selectors.pdf(certificate)}
    with suppress(FileNotFoundError):  # a supplement has no machine-readable twin
        files[f"{certificate.number}.dcc.xml"] = selectors.dcc(certificate)
    integrate()
    if proof := selectors.log_proof(certificate):
        files[f"{certificate.number}.tlog-proof"] = proof.text().encode()
    for name, data in files.items():
        (directory / name).write_bytes(data)
    if certificate.supplements is not None:  # it rests on the bundle of the certificate that it completes
        return list(files)
    evidence = directory / f"{certificate.number}.evidence.zip"
    with evidence.open("wb") as target:
        bundle.write(certificate, target)
    return [*files, evidence.name]


def export_authorities(directory: Path) -> list[str]:
    """Writes what readers are to trust: the root of the seal and the chain below it, the root of the people's keys, and the
    public key of the event log."""
    (directory / "root-ca.pem").write_bytes(sealer().root_pem())
    (directory / "chain.pem").write_bytes(sealer().chain_pem())
    (directory / "log.vkey").write_text(f"{signer().vkey}\n", "utf-8")
    (directory / "persons-ca.pem").write_bytes(persons_ca_pem())
    return ["root-ca.pem", "chain.pem", "persons-ca.pem", "log.vkey"]

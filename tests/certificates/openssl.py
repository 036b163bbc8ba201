"""OpenSSL's word on a sealed file: the signature of the seal and the time stamp in it."""

import io
import os
import subprocess
from pathlib import Path

from asn1crypto import cms
from pyhanko.pdf_utils.reader import PdfFileReader


def says(sealed: bytes, root: Path, chain: Path, folder: Path) -> tuple[str, str]:
    """What `openssl cms -verify` and `openssl ts -verify` say. root, chain: PEM files. folder: for what they read."""
    signature = PdfFileReader(io.BytesIO(sealed)).embedded_regular_signatures[0]
    start, first, second, rest = (int(one) for one in signature.byte_range)
    attribute = signature.signer_info["unsigned_attrs"][0]
    assert attribute["type"].native == "signature_time_stamp_token"
    for name, data in (
        ("content", sealed[start:first] + sealed[second : second + rest]),
        ("cms", cms.ContentInfo.load(bytes(signature.pkcs7_content)).dump()),
        ("token", attribute["values"][0].dump()),
        ("signature", signature.signer_info["signature"].native),
    ):
        (folder / name).write_bytes(data)
    seal = _run(
        "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "cms", "-content", folder / "content",
        "-CAfile", root, "-out", os.devnull,
    )  # fmt: skip
    stamp = _run(
        "ts", "-verify", "-in", folder / "token", "-token_in", "-data", folder / "signature", "-CAfile", root,
        "-untrusted", chain,
    )  # fmt: skip
    return seal, stamp


def _run(*arguments: object) -> str:
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False)
    return f"{done.returncode} {done.stdout}{done.stderr}"

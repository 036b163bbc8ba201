"""What the certificate tests share: the specimen facts, keys of a throw-away authority, and other people's tools."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from certificates.documents import render
from certificates.sealing import Keys, Sealer

sys.path.insert(0, str(Path(__file__).parent))
import specimen

INSTITUTE = "示范区计量质量检测所"
_PACKAGES = {
    "pdffonts": "poppler-utils",
    "pdfsig": "poppler-utils",
    "pdftotext": "poppler-utils",
    "pdfdetach": "poppler-utils",
    "qpdf": "qpdf",
    "certutil": "libnss3-tools",
    "openssl": "openssl",
}

Tool = Callable[..., str]


@pytest.fixture(scope="session")
def tool() -> Tool:
    """Run a system tool and return what it prints; a missing tool or a failure is a failed test that says so."""

    def run(name: str, *arguments: object, check: bool = True) -> str:
        if shutil.which(name) is None:
            pytest.fail(f"{name} is missing: apt-get install {_PACKAGES[name]}", pytrace=False)
        done = subprocess.run([name, *map(str, arguments)], capture_output=True, text=True, timeout=60)
        if check and done.returncode:
            pytest.fail(f"{name} failed ({done.returncode}): {done.stdout}{done.stderr}", pytrace=False)
        return done.stdout + done.stderr

    return run


@pytest.fixture
def facts() -> dict[str, Any]:
    return specimen.verification()


@pytest.fixture
def rejected() -> dict[str, Any]:
    return specimen.rejection()


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    return Keys.development(tmp_path_factory.mktemp("keys"), institute=INSTITUTE)


@pytest.fixture(scope="session")
def sealer(keys: Keys) -> Sealer:
    return Sealer(keys)


@pytest.fixture(scope="session")
def unsealed() -> bytes:
    return render(specimen.verification())


@pytest.fixture(scope="session")
def sealed(sealer: Sealer, unsealed: bytes) -> bytes:
    return sealer.seal(unsealed, at=datetime.now(UTC))


@pytest.fixture
def text_of(tool: Tool, tmp_path: Path) -> Callable[[bytes], str]:
    """The text a reader can copy from a PDF."""

    def read(pdf: bytes, *options: str) -> str:
        path = tmp_path / "text.pdf"
        path.write_bytes(pdf)
        return tool("pdftotext", *options, "-enc", "UTF-8", path, "-")

    return read

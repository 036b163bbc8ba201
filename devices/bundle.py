"""`python -m devices.bundle [--out DIR]`: the agent as one file that runs on any computer with Python 3.11 or newer.

A zip application (PEP 441): the modules that the agent imports, the shipped profiles, the page's files, and pyserial
with its licence. No installation, no network, no Django. The same sources give the same bytes.
"""

import argparse
import hashlib
import sys
from importlib.metadata import version
from pathlib import Path

import serial

from devices.agent import VERSION
from lims.core.packing import ROOT, closure, write

ENTRY = "devices.agent.__main__"
FOLDERS = ("devices/agent", "devices/profiles")
"""Where files lie that the modules read: the page's, and the shipped profiles."""
READ = {".toml", ".css", ".js", ".txt"}


def contents() -> dict[str, bytes]:
    """Everything in the file, by its path there."""
    found = {name: (ROOT / name).read_bytes() for name in closure(ENTRY)}
    for folder in FOLDERS:
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in READ:
                found[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    library = Path(serial.__file__).parent
    for path in library.rglob("*.py"):
        found[f"serial/{path.relative_to(library).as_posix()}"] = path.read_bytes()
    found["LICENCES/pyserial.txt"] = found.pop("devices/agent/licences/pyserial.txt")
    found["LICENCES/README.txt"] = f"pyserial {version('pyserial')} is carried unchanged under serial/.\n".encode()
    return found


def build(folder: Path) -> Path:
    """Writes the file into a folder. Raises OSError."""
    target = folder / f"lims-agent-{VERSION}.pyz"
    write(ENTRY, contents(), target)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m devices.bundle", description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("dist"))
    made = build(parser.parse_args().out)
    digest = hashlib.sha256(made.read_bytes()).hexdigest()
    sys.stdout.write(f"{made}  {made.stat().st_size} bytes  sha256 {digest}\n")


if __name__ == "__main__":
    main()

"""One-file programs out of our plain modules: `python -m lims.core.packing ENTRY TARGET`.

The modules are found by following imports from the entry, so a program carries what it needs and nothing else. The same
sources give the same bytes.
"""

import ast
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
OURS = ("lims", "standards", "devices", "instruments", "certificates")
_WHEN = (2026, 1, 1, 0, 0, 0)  # zip members need a date; a fixed one keeps the file the same
_MAIN = "import sys\n\nfrom {entry} import main\n\nsys.exit(main())\n"


def pack(entry: str, target: Path) -> list[str]:
    """Writes a program that runs `entry.main()`; the names of the files in it. Raises FileNotFoundError for an unknown module."""
    names = sorted(closure(entry))
    write(entry, {name: (ROOT / name).read_bytes() for name in names}, target)
    return names


def write(entry: str, contents: Mapping[str, bytes], target: Path) -> None:
    """Writes a program with these files in it, by their path there; the target is whole or as it was before."""
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".new")
    with draft.open("wb") as out:
        out.write(b"#!/usr/bin/env python3\n")
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in sorted({**contents, "__main__.py": _MAIN.format(entry=entry).encode()}.items()):
                _add(archive, name, data)
    draft.chmod(0o755)
    draft.replace(target)


def closure(entry: str) -> set[str]:
    """The files of a module and of everything of ours it imports, relative to the checkout."""
    found: set[str] = set()
    waiting = [entry]
    while waiting:
        module = waiting.pop()
        name = _file(module)
        if name is None:
            raise FileNotFoundError(f"there is no module {module}")
        if name not in found:
            found.add(name)
            waiting += _imported(name)
            # Importing a module imports the packages around it.
            parts = module.split(".")
            waiting += [".".join(parts[:end]) for end in range(1, len(parts))]
    return found


def _imported(name: str) -> Iterator[str]:
    path = ROOT / name
    package = ".".join(Path(name).parent.parts)
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names if one.name.split(".")[0] in OURS)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            if module.split(".")[0] in OURS:
                yield module
                yield from (f"{module}.{one.name}" for one in node.names if _file(f"{module}.{one.name}"))


def _file(module: str) -> str | None:
    path = Path(*module.split("."))
    for candidate in (path / "__init__.py", path.with_suffix(".py")):
        if (ROOT / candidate).is_file():
            return str(candidate)
    return None


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    member = zipfile.ZipInfo(name, _WHEN)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)


if __name__ == "__main__":
    sys.stdout.write("\n".join(pack(sys.argv[1], Path(sys.argv[2]))) + "\n")

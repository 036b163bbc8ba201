"""What may lie where, how long a file may grow, and which words no file may contain."""

import ast
import importlib.metadata
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("lims", "standards", "devices", "instruments", "certificates")
FOLDERS = {*PACKAGES, "templates", "tests", "locale"}
TOOLS = {
    *(".ci", ".gitignore", ".gitattributes", ".npmrc", "Makefile", "README.md", "manage.py", "pyproject.toml"),
    *("requirements.txt", "requirements-dev.txt", "package.json", "package-lock.json", "LICENSE"),
}
LONGEST = 600
PURE = (
    "lims/metrology",
    "standards/procedures",
    "devices/protocols",
    "devices/profiles",
    "lims/core/canonical.py",
    "lims/core/text.py",
)


def _kept() -> list[Path]:
    """Every file of the repository; outside a repository, what lies in the fixed folders."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]
    return [path for name in FOLDERS for path in (ROOT / name).rglob("*") if path.is_file()]


def _python(*folders: str) -> Iterator[Path]:
    for folder in folders:
        path = ROOT / folder
        yield from [path] if path.is_file() else sorted(path.rglob("*.py"))


def test_nothing_lies_at_the_top_but_the_eight_folders_and_the_tools():
    names = {path.relative_to(ROOT).parts[0] for path in _kept()}
    assert names - FOLDERS - TOOLS == set()


def test_no_file_outgrows_six_hundred_lines():
    written = {".py", ".js", ".css", ".html", ".md"}
    long = {
        str(path.relative_to(ROOT)): lines
        for path in _kept()
        if path.suffix in written and "migrations" not in path.parts and "vendor" not in path.parts
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST
    }
    assert long == {}


def test_no_file_names_a_place_of_one_machine_or_leaves_work_marked():
    words = re.compile(r"(?<![\w./])/(?:home|root|Users)/\w|\bTODO\b|\bFIXME\b")
    found = {
        str(path.relative_to(ROOT))
        for path in _kept()
        if path.suffix in {".py", ".js", ".css", ".html", ".md", ".toml", ".txt", ".sh", ""}
        and path != Path(__file__)
        and words.search(path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert found == set()


TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.S)
INLINE = {
    "a script without src": re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=[\"']application/json)", re.I),
    "a style element": re.compile(r"<style\b", re.I),
    "a style attribute": re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I),
    "an event attribute": re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I),
    "a script address": re.compile(r"(href|src|action)\s*=\s*[\"']javascript:", re.I),
    "an htmx event attribute": re.compile(r"\shx-on[:-]", re.I),
}


@pytest.mark.parametrize("what", INLINE)
def test_no_template_contains(what):
    found = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "templates").rglob("*.html"))
        if INLINE[what].search(TAG.sub("", path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "sample",
    [
        '<p style="x">',
        "<style>",
        "<script>x</script>",
        '<a onclick="x">',
        '<a href="javascript:x">',
        '<a hx-on:click="x">',
    ],
)
def test_the_patterns_above_do_find(sample):
    assert any(pattern.search(sample) for pattern in INLINE.values())


def _calls(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            yield function.id if isinstance(function, ast.Name) else f".{getattr(function, 'attr', '')}"
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from (f"import {name.name}" for name in node.names)
            yield f"import {getattr(node, 'module', '')}"


def test_no_code_is_made_from_text_and_no_markup_is_trusted_blindly():
    forbidden = {
        "eval",
        "exec",
        "compile",
        "import pickle",
        "import marshal",
        "import shelve",
        "import mark_safe",
        "mark_safe",
    }
    found = {
        f"{path.relative_to(ROOT)}: {call}" for path in _python(*PACKAGES) for call in _calls(path) if call in forbidden
    }
    assert found == set()


# Where binary floating point is the thing itself, and why no printed digit comes from it.
FLOATS = {
    "lims/metrology/montecarlo.py": "random sampling with numpy",
    "lims/metrology/distributions.py": "quantiles of the normal distribution, as starting values",
    "devices/protocols/values.py": "instruments send IEEE 754; the shortest decimal that gives the same bytes is taken",
}


def test_numbers_never_pass_through_binary_floating_point_in_the_pure_packages():
    found = {
        str(path.relative_to(ROOT))
        for path in _python(*PURE)
        for call in _calls(path)
        if call in {"float", "import math", "import numpy", ".from_float"}
    }
    assert found - set(FLOATS) == set()


def test_every_requirement_is_pinned_and_that_version_is_installed():
    lines = [
        line.split("#")[0].strip()
        for name in ("requirements.txt", "requirements-dev.txt")
        for line in (ROOT / name).read_text().splitlines()
    ]
    wrong = []
    for line in lines:
        if not line or line.startswith("-r "):
            continue
        found = re.fullmatch(r"([A-Za-z0-9._-]+)(?:\[[a-z0-9,_-]+\])?==([0-9][A-Za-z0-9.]*)", line)
        if not found or importlib.metadata.version(found[1]) != found[2]:
            wrong.append(line)
    assert wrong == []


def test_every_environment_variable_is_explained():
    read = re.compile(r"env\.(?:text|flag|number|words)\(\s*\"([A-Z_]+)\"")
    names = {name for path in _python(*PACKAGES) for name in read.findall(path.read_text(encoding="utf-8"))}
    told = (ROOT / "lims" / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split("|")[1] for line in told.splitlines() if line.startswith("| `"))
    assert len(names) > 20
    assert {name for name in names if f"`{name}`" not in rows} == set()

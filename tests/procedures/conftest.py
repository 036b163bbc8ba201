"""The shipped packs, loaded once per test session."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from standards.procedures import Pack, load_pack

PACKS = Path(__file__).resolve().parents[2] / "standards" / "packs"


@cache
def load(name: str) -> Pack:
    return load_pack((PACKS / f"{name}.toml").read_text(encoding="utf-8"), name=name)


@pytest.fixture
def pack() -> Callable[[str], Pack]:
    return load


@pytest.fixture
def pack_text() -> Callable[[str], str]:
    return lambda name: (PACKS / f"{name}.toml").read_text(encoding="utf-8")

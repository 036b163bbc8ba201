"""The tree against published answers, and against the definition of RFC 6962 written down plainly."""

import base64
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lims.audit.tlog import tiles
from lims.audit.tlog.merkle import (
    EMPTY,
    ProofError,
    check_consistency,
    check_inclusion,
    leaf_hash,
    node_hash,
    root_of,
)

VECTORS = json.loads((Path(__file__).parent.parent / "vectors" / "merkle.json").read_text("utf-8"))
# google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc: eight leaves, and the root of each beginning.
LEAVES = [bytes.fromhex(one) for one in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def by_definition(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962 section 2.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    middle = 1
    while middle * 2 < len(entries):
        middle *= 2
    return node_hash(by_definition(entries[:middle]), by_definition(entries[middle:]))


def tree(entries: list[bytes], *, batches: list[int] | None = None) -> tiles.Tree:
    """The entries as tiles, appended in batches of these lengths and then the rest."""
    stored: dict[tuple[int, int], bytes] = {}
    hashes = [leaf_hash(one) for one in entries]
    at = 0
    for length in [*(batches or []), len(hashes)]:
        part = hashes[at : at + length]
        for place, data in tiles.append(at, lambda level, n: stored[level, n], part).items():
            assert data.startswith(stored.get(place, b"")), "a tile only grows"
            stored[place] = data
        at += len(part)
    return tiles.Tree(len(hashes), lambda level, n: stored[level, n])


def hashed(text: str | None) -> bytes:
    return base64.b64decode(text or "")


@pytest.mark.parametrize("case", VECTORS["inclusion"], ids=lambda one: one["case"])
def test_inclusion_proofs_are_judged_as_published(case: dict[str, Any]) -> None:
    proof = [hashed(one) for one in case["proof"] or []]
    arguments = (case["leafIdx"], case["treeSize"], hashed(case["leafHash"]), proof, hashed(case["root"]))
    if case["wantErr"]:
        with pytest.raises(ProofError):
            check_inclusion(*arguments)
    else:
        check_inclusion(*arguments)


# A published case takes two equal texts of twelve bytes for roots; a root has 32 bytes here.
ODD = "additional/sizes-are-equal-one-and-proof-is-empty"


@pytest.mark.parametrize("case", VECTORS["consistency"], ids=lambda one: one["case"])
def test_consistency_proofs_are_judged_as_published(case: dict[str, Any]) -> None:
    proof = [hashed(one) for one in case["proof"] or []]
    arguments = (case["size1"], case["size2"], hashed(case["root1"]), hashed(case["root2"]), proof)
    if case["wantErr"] or case["case"] == ODD:
        with pytest.raises(ProofError):
            check_consistency(*arguments)
    else:
        check_consistency(*arguments)


def test_the_classic_eight_leaves_give_the_classic_roots() -> None:
    assert [root_of(LEAVES[:size]).hex() for size in range(9)] == ROOTS
    assert [tree(LEAVES[:size]).root().hex() for size in range(9)] == ROOTS


def test_single_hashes_known_from_other_programs() -> None:
    # transparency-dev/merkle rfc6962_test.go, golang.org/x/mod sumdb/tlog/note_test.go
    assert leaf_hash(b"L123456").hex().startswith("395aa064") and leaf_hash(b"L123456").hex().endswith("2b4d56")
    assert node_hash(b"N123", b"N456").hex().startswith("aa217fe8")
    assert base64.b64encode(leaf_hash(b"hello world")) == b"TszzRgjTG6xce+z2AG31kAXYKBgQVtCSCE40HmuwBb0="
    assert EMPTY.hex() == ROOTS[0]


SIZES = [*range(1, 20), 33, 64, 65, 255, 256, 257, 511, 513, 600]


@pytest.mark.parametrize("size", SIZES)
def test_every_proof_of_a_tree_holds_and_no_other(size: int) -> None:
    entries = [b"entry %d" % number for number in range(size)]
    whole = tree(entries)
    root = whole.root()
    assert root == root_of(entries) == by_definition(entries)
    for index in range(0, size, max(1, size // 12)):
        proof = whole.inclusion(index)
        check_inclusion(index, size, leaf_hash(entries[index]), proof, root)
        with pytest.raises(ProofError):
            check_inclusion(index, size, leaf_hash(b"another"), proof, root)
    for old in range(0, size + 1, max(1, size // 12)):
        before = root_of(entries[:old])
        proof = whole.consistency(old)
        check_consistency(old, size, before, root, proof)
        if 0 < old < size:
            with pytest.raises(ProofError):
                check_consistency(old, size, leaf_hash(before), root, proof)


@settings(max_examples=40)
@given(st.integers(0, 700), st.lists(st.integers(0, 300), max_size=8))
def test_how_the_entries_were_batched_makes_no_difference(size: int, batches: list[int]) -> None:
    entries = [number.to_bytes(2, "big") for number in range(size)]
    assert tree(entries, batches=batches).root() == root_of(entries)


def test_seventy_thousand_leaves_stand_in_the_tiles_the_format_names() -> None:
    # tlog-tiles gives this example: 273 full tiles and one of 112; one full and one of 17; one of 1.
    found = list(tiles.all_tiles(70_000))
    count = [(sum(1 for one in found if one[0] == level and one[2] == 256), [one[2] for one in found if one[0] == level][-1]) for level in range(3)]  # fmt: skip
    assert count == [(273, 112), (1, 17), (0, 1)]
    assert list(tiles.all_tiles(256)) == [(0, 0, 256), (1, 0, 1)]


def test_tile_paths() -> None:
    assert tiles.path(0, 1234067) == "tile/0/x001/x234/067"
    assert tiles.path("entries", 5, 17) == "tile/entries/005.p/17"


@given(st.one_of(st.integers(0, 63), st.just("entries")), st.integers(0, 10**12), st.integers(1, 256))
def test_a_tile_path_is_read_back(level: int | str, n: int, width: int) -> None:
    assert tiles.parse_path(tiles.path(level, n, width)) == (str(level), n, width)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/0",
        "tile/0/0001",
        "tile/0/x000/001",
        "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0",
        "tile/0/000.p/257",
        "tile/0/000.p/",
        "tile/0/../000",
        "tile/0/000/",
        "tile/entries/٠٠٠",
        "tile/00/000",
        "x/0/000",
        "tile/0/x1/x1/x1/x1/x1/001",
        "tile/0/ 01",
        "tile/0/+01",
        "tile/0/000.p/01",
    ],
)
def test_other_spellings_are_no_tiles(text: str) -> None:
    with pytest.raises(ValueError):
        tiles.parse_path(text)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_an_entry_bundle_is_read_back_and_a_cut_one_refused(entries: list[bytes]) -> None:
    data = tiles.bundle(entries)
    assert tiles.unbundle(data) == entries
    if entries:
        with pytest.raises(ValueError):
            tiles.unbundle(data[:-1])


def test_too_long_an_entry_and_a_tile_too_short_are_refused() -> None:
    with pytest.raises(ValueError, match="65536"):
        tiles.bundle([b"x" * 65536])
    with pytest.raises(ValueError, match="too short"):
        tiles.Tree(5, lambda level, n: b"").root()

"""Signed notes, checkpoints, proof files and witnesses against published answers and against forgers."""

import contextlib
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lims.audit.tlog import checkpoint, note, proof, tiles, witness
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import ProofError, leaf_hash, root_of
from lims.audit.tlog.note import COSIGNATURE, NoteError, Signer, Verifier
from tests.audit.tlog.test_merkle import tree

# golang.org/x/mod sumdb/note/note_test.go
PETER = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
PETER_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
# github.com/transparency-dev/tessera testdata/build_log.sh: a log made with a published key
TESSERA = "PRIVATE+KEY+example.com/log/testdata+33d7b496+AeymY/SZAX0jZcJ8enZ5FY1Dz+wTML2yWSkK+9DSF3eg"
WORDS = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split()


def test_a_published_note_is_signed_and_read_letter_by_letter() -> None:
    signer = Signer.load(PETER)
    assert signer.line(TEXT) == LINE and signer.vkey() == PETER_PUBLIC and signer.secret() == PETER
    read = note.read(note.write(TEXT, [LINE]), [Verifier(PETER_PUBLIC)])
    assert read.text == TEXT and [name for name, _ in read.by] == ["PeterNeumann"]
    assert str(Verifier(PETER_PUBLIC)) == PETER_PUBLIC


def test_the_key_of_the_format_s_own_page_is_read() -> None:
    Verifier("example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k")


def test_no_shortened_key_is_accepted() -> None:
    for end in range(len(PETER_PUBLIC)):
        with pytest.raises(NoteError):
            Verifier(PETER_PUBLIC[:end])
    for end in range(len(PETER)):
        with pytest.raises(NoteError):
            Signer.load(PETER[:end])


def test_every_file_of_a_foreign_log_comes_out_byte_for_byte() -> None:
    vectors = json.loads((Path(__file__).parent.parent / "vectors" / "tessera.json").read_text("utf-8"))["files"]
    signer = Signer.load(TESSERA)
    made: dict[str, bytes] = {}
    for size in range(len(WORDS) + 1):
        entries = WORDS[:size]
        text = Head(signer.name, size, root_of(entries)).text()
        made[f"checkpoint.{size}"] = made["checkpoint"] = note.write(text, [signer.line(text)]).encode()
        if size:
            whole = tree(entries)
            made[tiles.path(0, 0, size)] = b"".join(whole.leaf(index) for index in range(size))
            made[tiles.path("entries", 0, size)] = tiles.bundle(entries)
    assert {name: hashlib.sha256(data).hexdigest() for name, data in made.items()} == vectors


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"{TEXT}\n",
        f"{TEXT}{LINE}",
        f"{TEXT}\n{LINE[:-1]}",
        f"{TEXT}\n{LINE}\n",
        f"{TEXT}\n{LINE.replace('—', '-')}",
        f"{TEXT}\n— PeterNeumann AAAA\n",
        f"{TEXT}\n— Peter+Neumann {LINE.split()[2]}\n",
        f"{TEXT}\n{LINE.replace('Neumann', chr(0) + 'Neumann')}",
        f"{TEXT}\r\n{LINE}",
        f"{TEXT}\n{LINE * 101}",
    ],
)
def test_malformed_notes_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        note.read(text, [Verifier(PETER_PUBLIC)])


def test_unknown_signatures_are_passed_over_but_a_false_one_of_a_known_key_is_not() -> None:
    stranger = Signer("stranger", bytes(32))
    known = [Verifier(PETER_PUBLIC)]
    assert note.read(note.write(TEXT, [stranger.line(TEXT), LINE]), known).text == TEXT
    with pytest.raises(NoteError, match="none of the known keys"):
        note.read(note.write(TEXT, [stranger.line(TEXT)]), known)
    with pytest.raises(NoteError, match="false"):
        note.read(note.write("other\n", [LINE]), known)
    with pytest.raises(NoteError):
        note.write("without an end", [])


@pytest.mark.parametrize(
    "text",
    ["o\n1\n", "o\n01\n" + "A" * 43 + "=\n", "o\n-1\n" + "A" * 43 + "=\n", "o\n1\nAAAA\n", "\n1\n" + "A" * 43 + "=\n", "o\n1\n" + "A" * 43 + "=\n\n", "o\n٣\n" + "A" * 43 + "=\n", "o\n1\n" + "A" * 43 + "=", "o\n1\n" + "A" * 42 + "B=\n"],
)  # fmt: skip
def test_malformed_checkpoints_are_refused(text: str) -> None:
    with pytest.raises(NoteError):
        checkpoint.parse(text)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    signer = Signer("log.example", bytes(32))
    text = Head("other.example", 0, root_of([])).text()
    with pytest.raises(NoteError, match=r"other\.example"):
        checkpoint.opened(note.write(text, [signer.line(text)]), Verifier(signer.vkey()))


def signed(signer: Signer, entries: list[bytes]) -> str:
    text = Head(signer.name, len(entries), root_of(entries)).text()
    return note.write(text, [signer.line(text)])


def test_a_proof_file_shows_its_leaf_and_nothing_else() -> None:
    signer = Signer.load(TESSERA)
    log = Verifier(signer.vkey())
    made = proof.Proof(4, tuple(tree(WORDS).inclusion(4)), signed(signer, WORDS), b"five")
    # Worked out once by another program from the same published log.
    assert made.text().split("\n")[3:7] == [
        "yiM+eia4w1wsk/Ukx7kF56IQVkDW3MWUaUz/VtJu+yU=",
        "nk9gCR+floFqznAPtqjjcnnV64dge2jQB95D5t164Hg=",
        "zY1lN35vrXYAPixXSd59LsU29xUJtuW4o2dNNg5Y2Co=",
        "5jLpqTgjsBDSEX6SgZiRnbTMdTuRd8bQ5tSsAOxe0Ks=",
    ]
    read = proof.parse(made.text())
    assert read == made and read.check(b"five", log).size == 15
    with pytest.raises(ProofError):
        read.check(b"six", log)
    with pytest.raises(NoteError):
        read.check(b"five", Verifier(PETER_PUBLIC))


@pytest.mark.parametrize(
    "change",
    [
        ("c2sp.org/tlog-proof@v1", "c2sp.org/tlog-proof@v2"),
        ("index 4", "index 04"),
        ("index 4", "index -4"),
        ("index 4\n", ""),
        ("yiM+", "yiM"),
        ("\n\n", "\n"),
    ],
)
def test_malformed_proof_files_are_refused(change: tuple[str, str]) -> None:
    signer = Signer.load(TESSERA)
    good = proof.Proof(4, tuple(tree(WORDS).inclusion(4)), signed(signer, WORDS)).text()
    with pytest.raises(NoteError):
        proof.parse(good.replace(*change))


class Kept:
    """A witness's memory that lives as long as the test."""

    def __init__(self) -> None:
        self.heads: dict[str, Head] = {}
        self.keys: dict[str, Verifier | None] = {}

    @contextlib.contextmanager
    def locked(self, origin: str) -> Iterator[None]:
        yield

    def last(self, origin: str) -> Head | None:
        return self.heads.get(origin)

    def key(self, origin: str) -> Verifier | None:
        return self.keys.get(origin)

    def keep(self, head: Head, key: Verifier | None = None) -> None:
        self.heads[head.origin], self.keys[head.origin] = head, key


def test_a_witness_cosigns_what_continues_and_nothing_else() -> None:
    log, own, memory = Signer("log.example", bytes(32)), Signer("witness.example", b"w" * 32), Kept()

    def ask(old: int, entries: list[bytes], *, by: Signer = log, shown: list[bytes] | None = None) -> witness.Answer:
        path = tree(entries).consistency(old) if shown is None and old <= len(entries) else shown or []
        body = witness.request(old, path, signed(by, entries))
        return witness.add_checkpoint(
            body, logs={log.name: Verifier(log.vkey())}, signer=own, memory=memory, now=lambda: 1_800_000_000
        )

    first = ask(0, WORDS[:5])
    assert first.status == 200
    text = Head(log.name, 5, root_of(WORDS[:5])).text()
    read = note.read(note.write(text, [log.line(text), first.body]), [Verifier(own.vkey(COSIGNATURE))])
    assert read.at == {"witness.example": 1_800_000_000}
    assert ask(5, WORDS).status == 200
    assert ask(15, WORDS).status == 200, "the same head once more"
    stale = ask(5, WORDS)
    assert (stale.status, stale.body, stale.content_type) == (409, "15\n", "text/x.tlog.size")
    assert ask(15, [*WORDS, b"more"], shown=[leaf_hash(b"")]).status == 422
    rewritten = [b"ONE", *WORDS[1:]]
    assert ask(15, rewritten).status == 422, "another tree of the same size"
    assert ask(15, [*rewritten, b"more"]).status == 422, "a longer tree that rewrites the beginning"
    assert ask(16, WORDS, shown=[]).status == 400
    assert ask(15, WORDS, by=Signer("unknown.example", bytes(32))).status == 404
    assert ask(15, WORDS, by=Signer("log.example", b"x" * 32)).status == 403
    assert memory.heads[log.name].size == 15


@pytest.mark.parametrize(
    "body", ["", "old\n\n", "old 01\n\nx", "old 0\n!!!\n\nx", "new 0\n\n", "old 0\n" + "AAAA\n" * 64 + "\nx"]
)
def test_a_witness_refuses_what_is_no_request(body: str) -> None:
    answer = witness.add_checkpoint(body, logs={}, signer=Signer("w", bytes(32)), memory=Kept(), now=lambda: 0)
    assert answer.status == 400

"""What somebody with every right in the database could do to the log, and what a stranger's verifier says to it offline."""

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from lims.audit import selectors, services
from lims.audit.checking import faults
from lims.audit.export import export
from lims.audit.models import Checkpoint, Entry, Event, Tile
from lims.audit.tlog import note as notes
from lims.audit.tlog import tiles
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import leaf_hash, root_of
from lims.audit.tlog.note import Verifier
from lims.audit.verify import __main__ as program
from lims.audit.verify import certificate as proofs
from lims.audit.verify import directory
from tests.audit.conftest import certificate, happen


def verdict(folder: Path, *earlier: Path) -> tuple[int, str]:
    key = folder / "log.vkey"
    report = directory.check(folder, Verifier(key.read_text().strip()) if key.exists() else None, list(earlier))
    return report.status, "\n".join(report.lines("en"))


def rewrite(folder: Path, change: Callable[[list[bytes]], list[bytes]]) -> None:
    """Changes the entries of an export, and every tile with them, so that only the signature can tell."""
    entries = [
        one
        for path in sorted(folder.glob("tile/entries/*"))
        if path.is_file()
        for one in tiles.unbundle(path.read_bytes())
    ]
    entries += [one for path in sorted(folder.glob("tile/entries/*.p/*")) for one in tiles.unbundle(path.read_bytes())]
    changed = change(entries)
    shutil.rmtree(folder / "tile")
    stored = tiles.append(0, lambda level, n: b"", [leaf_hash(one) for one in changed])
    for level, n, width in tiles.all_tiles(len(changed)):
        path = folder / tiles.path(level, n, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(stored[level, n][: width * 32])
        if level == 0:
            path = folder / tiles.path("entries", n, width)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(tiles.bundle(changed[n * 256 : n * 256 + width]))


def edited(entry: bytes, **values: str) -> bytes:
    return json.dumps(json.loads(entry) | values, sort_keys=True, separators=(",", ":")).encode()


def test_an_untouched_log_is_good_in_every_respect(exported: Path) -> None:
    status, said = verdict(exported)
    assert status == 0, said
    assert "300 entries" in said and "6 certificate numbers without a gap, each issued once" in said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda all_: [edited(all_[0], data="0" * 64), *all_[1:]], "do not hash to the signed root"),
        (lambda all_: [*all_[:50], *all_[51:], all_[-1]], "do not hash to the signed root"),
        (lambda all_: [all_[1], all_[0], *all_[2:]], "do not hash to the signed root"),
        (lambda all_: [*all_[:-1], edited(all_[-1], at="2020-01-01T00:00:00+00:00")], "back-dated"),
        (lambda all_: all_[:-10], "cannot be read"),
        (lambda all_: [*all_[:250], *all_[290:]], "cannot be read"),
    ],
    ids=["altered", "one removed, one doubled", "reordered", "back-dated", "end removed", "middle removed"],
)
def test_an_altered_export_is_found(
    exported: Path, change: Callable[[list[bytes]], list[bytes]], sentence: str
) -> None:
    rewrite(exported, change)
    status, said = verdict(exported)
    assert status == 1 and sentence in said, said


def test_a_flipped_byte_anywhere_is_found(exported: Path) -> None:
    for path in [path for path in exported.rglob("*") if path.is_file() and path.name != "log.vkey"]:
        kept = path.read_bytes()
        for at in {0, len(kept) // 2, len(kept) - 2}:
            path.write_bytes(kept[:at] + bytes([kept[at] ^ 1]) + kept[at + 1 :])
            assert verdict(exported)[0] == 1, (path, at)
        path.write_bytes(kept)
    assert verdict(exported)[0] == 0


def test_a_tile_that_lies_is_named_with_the_entry(exported: Path) -> None:
    tile = exported / "tile/0/000"
    data = bytearray(tile.read_bytes())
    data[32 * 17] ^= 1
    tile.write_bytes(data)
    assert "tile/0/000 does not agree with the entries (17)" in verdict(exported)[1]


def test_a_history_begun_anew_is_found_with_an_earlier_head(
    log: None, exported: Path, tmp_path: Path, settings: Any
) -> None:
    """An administrator with the key throws the log away and signs a tidier one of the same length."""
    earlier = tmp_path / "noted-last-year"
    earlier.write_bytes((exported / "checkpoint").read_bytes())
    rewrite(exported, lambda all_: [edited(all_[0], data="0" * 64), *all_[1:]])
    signer = notes.Signer.load((settings.KEYS_DIR / "log" / "key").read_text())
    entries = [
        one
        for n, width in ((0, 256), (1, 44))
        for one in tiles.unbundle((exported / tiles.path("entries", n, width)).read_bytes())
    ]
    text = Head(signer.name, 300, root_of(entries)).text()
    (exported / "checkpoint").write_text(notes.write(text, [signer.line(text)]))
    assert verdict(exported)[0] == 0, "alone it looks good"
    status, said = verdict(exported, earlier)
    assert status == 1 and "history was rewritten" in said


def test_a_shortened_log_is_found_with_an_earlier_head(log: None, exported: Path, tmp_path: Path) -> None:
    earlier = tmp_path / "noted"
    happen(5)
    services.integrate()
    newest = selectors.newest_checkpoint()
    assert newest is not None
    earlier.write_text(newest.note)
    status, said = verdict(exported, earlier)
    assert status == 1 and "its end was removed" in said
    older = Checkpoint.objects.order_by("size").first()
    assert older is not None
    earlier.write_text(older.note)
    assert verdict(exported, earlier)[0] == 0


def test_an_event_changed_in_the_database_no_longer_fits_its_leaf(
    log: None, as_administrator: Callable[..., None]
) -> None:
    event = Event.objects.filter(verb="certificate.issued").first()
    assert event is not None
    as_administrator(f"UPDATE audit_event SET actor_name = 'somebody else' WHERE id = {event.pk}")
    with pytest.raises(CommandError, match="1 faults"):
        call_command("log", "check")
    (fault,) = faults()
    assert f"event {event.pk} (entry {event.entry.index}) is not what was entered" in fault.en


def test_an_untouched_database_agrees_with_its_log(log: None, capsys: Any) -> None:
    happen(3)
    call_command("log", "check", "--json")
    assert json.loads(capsys.readouterr().out) == {"faults": []}


def test_an_event_slipped_in_or_taken_out_behind_the_log_is_found(
    log: None, as_administrator: Callable[..., None]
) -> None:
    happen(1)
    as_administrator("DELETE FROM audit_waiting")
    assert "neither in the log nor waiting" in next(faults()).en
    as_administrator("DELETE FROM audit_entry WHERE event_id = (SELECT MIN(event_id) FROM audit_entry)")
    assert next(one.en for one in faults()) == "entry 0 of the log is missing"


def test_after_a_disaster_a_new_log_says_where_the_old_one_ended(
    log: None, as_administrator: Callable[..., None], tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="当前日志可以继续"):
        call_command("log", "restart", reason="x")
    old = services.signer().vkey
    happen(2)
    services.integrate()
    as_administrator(
        "DELETE FROM audit_checkpoint WHERE size > 300",
        "DELETE FROM audit_entry WHERE event_id IN (SELECT id FROM audit_event ORDER BY id DESC LIMIT 2)",
        "UPDATE audit_log SET size = 300",
        "DELETE FROM audit_event WHERE id IN (SELECT id FROM audit_event ORDER BY id DESC LIMIT 2)",
    )
    Tile.objects.filter(level=0, n=1).update(data=selectors.tile(0, 1)[: 44 * 32])
    assert services.set_back() is not None
    call_command("log", "restart", reason="机房失火，只有上周的备份")
    assert services.set_back() is None and services.signer().vkey != old
    export(tmp_path / "new")
    assert verdict(tmp_path / "new")[0] == 0
    last = Event.objects.order_by("-pk").first()
    assert last is not None and json.loads(last.public)["old_size"] == "302"


def test_an_entry_changed_in_the_database_is_found_in_the_export(
    log: None, as_administrator: Callable[..., None], tmp_path: Path
) -> None:
    entry = Entry.objects.get(index=160)
    as_administrator(
        "UPDATE audit_entry SET leaf = %(leaf)s WHERE event_id = %(event)s",
        leaf=edited(bytes(entry.leaf), at="2026-01-01T00:00:00+00:00"),
        event=entry.event_id,
    )
    export(tmp_path / "log")
    status, said = verdict(tmp_path / "log")
    assert (
        status == 1
        and "do not hash to the signed root" in said
        and "tile/0/000 does not agree with the entries (160)" in said
    )


def test_the_lives_of_certificates_must_make_sense(log: None, tmp_path: Path) -> None:
    certificate(2, "issued")
    certificate(6, "numbered")
    happen(1, cert="JD-000009")
    certificate(5, "replaced")
    happen(1, cert="JD-000009")
    export(tmp_path / "log")
    status, said = verdict(tmp_path / "log")
    assert status == 1
    assert "JD-000002 was issued twice" in said and "JD-000006 was taken twice" in said
    assert "JD-000007 is not in the log" in said and "JD-000008 is not in the log" in said


def test_without_the_key_it_cannot_be_told_who_signed(exported: Path) -> None:
    (exported / "log.vkey").unlink()
    status, said = verdict(exported)
    assert status == 2 and "cannot be told who signed" in said


def test_a_stranger_s_key_did_not_sign(exported: Path) -> None:
    (exported / "log.vkey").write_text(
        "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW\n"  # golang.org/x/mod sumdb/note
    )
    status, said = verdict(exported)
    assert status == 1 and "not signed by PeterNeumann" in said


@pytest.fixture
def proof(log: None, exported: Path, tmp_path: Path) -> Path:
    """JD-000002 with its proof, its file and the key beside it."""
    pdf = tmp_path / "JD-000002.pdf"
    pdf.write_bytes(b"%PDF sealed")
    happen(1, cert="JD-000002", pdf=sha256(b"%PDF sealed").hexdigest())
    services.integrate()
    (made,) = selectors.proofs(Event.objects.order_by("-pk")[:1])
    path = tmp_path / "JD-000002.tlog-proof"
    path.write_text(made.text())
    shutil.copy(exported / "log.vkey", tmp_path)
    return path


def test_the_proof_of_a_certificate_holds_and_says_what_it_cannot_tell(proof: Path) -> None:
    report = proofs.check(proof, Verifier((proof.parent / "log.vkey").read_text().strip()))
    said = "\n".join(report.lines("en"))
    assert (
        report.status == 0
        and "byte for byte" in said
        and "number 300 of the log" in said
        and "withdrawn or replaced since" in said
    )


def test_an_altered_file_or_proof_is_found(proof: Path) -> None:
    log = Verifier((proof.parent / "log.vkey").read_text().strip())
    pdf = proof.with_suffix(".pdf")
    pdf.write_bytes(b"%PDF altered")
    assert "it was altered" in "\n".join(proofs.check(proof, log).lines("en"))
    pdf.unlink()
    assert proofs.check(proof, log).status == 2
    text = proof.read_text()
    for at, letter in enumerate(text):
        if at % 7 == 0 and letter.isalnum():
            proof.write_text(text[:at] + ("A" if letter != "A" else "B") + text[at + 1 :])
            assert proofs.check(proof, log).status != 0, (at, letter)


@pytest.mark.parametrize(("name", "status"), [("nothing.tlog-proof", 1), ("nothing", 2), (".", 2)])
def test_what_cannot_be_checked_is_said_to_be_so(tmp_path: Path, name: str, status: int, capsys: Any) -> None:
    assert program.main([str(tmp_path / name), "--json"]) == status
    (report,) = json.loads(capsys.readouterr().out)["reports"]
    assert report["status"] == status and report["findings"][0]["zh"]

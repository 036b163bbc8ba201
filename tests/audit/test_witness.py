"""A witness as a program of its own, asked by the log over HTTP; what it saw cannot be taken back."""

import contextlib
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lims.audit import selectors, services
from lims.audit.export import export
from lims.audit.models import Cosignature
from lims.audit.tlog import note
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.note import COSIGNATURE, NoteError, Verifier
from lims.audit.verify import __main__ as verifier
from lims.audit.witness import __main__ as program
from tests.audit.conftest import happen


@contextlib.contextmanager
def running(data: Path, key: str) -> Iterator[program.Witness]:
    server = program.Witness(("127.0.0.1", 0), program.own_key(data, "witness.example"), [Verifier(key)], data)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def watched(settings: Any, witness: program.Witness) -> None:
    settings.LOG_WITNESSES = [f"http://127.0.0.1:{witness.server_port}/ {witness.signer.vkey(COSIGNATURE)}"]


def test_each_head_is_cosigned_and_the_verifier_says_when(
    log: None, exported: Path, tmp_path: Path, settings: Any, capsys: Any
) -> None:
    with running(tmp_path / "w", services.signer().vkey) as witness:
        watched(settings, witness)
        assert services.collect() == 1
        assert services.collect() == 0, "asked once for each head"
        happen(3)
        services.integrate()
        assert services.collect() == 1
        newest = selectors.newest_checkpoint()
        assert newest is not None
        read = note.read(selectors.published_note(newest), [Verifier(witness.signer.vkey(COSIGNATURE))])
        assert set(read.at) == {"witness.example"}
        (tmp_path / "w.vkey").write_text(witness.signer.vkey(COSIGNATURE))
    export(exported)
    asked = [str(exported), "--witness", str(tmp_path / "w.vkey"), "--language", "en"]
    assert verifier.main(asked) == 0
    assert "the witness witness.example saw this head at 20" in capsys.readouterr().out


def test_a_head_no_witness_has_seen_leaves_a_question(exported: Path, tmp_path: Path, capsys: Any) -> None:
    (tmp_path / "w.vkey").write_text(program.own_key(tmp_path / "w", "witness.example").vkey(COSIGNATURE))
    assert verifier.main([str(exported), "--witness", str(tmp_path / "w.vkey"), "--language", "en"]) == 2
    assert "does not vouch" in capsys.readouterr().out


def test_a_witness_remembers_across_a_restart(log: None, tmp_path: Path, settings: Any) -> None:
    with running(tmp_path / "w", services.signer().vkey) as witness:
        watched(settings, witness)
        services.collect()
    happen(3)
    services.integrate()
    with running(tmp_path / "w", services.signer().vkey) as witness:
        assert witness.memory.last(services.signer().origin).size == 300  # type: ignore[union-attr]
        watched(settings, witness)
        assert services.collect() == 1


def test_a_log_that_has_forgotten_what_the_witness_saw_is_told(
    log: None, tmp_path: Path, settings: Any, caplog: Any
) -> None:
    """As after a restored backup together with the signer's memory: nobody here knows any more, the witness does."""
    with running(tmp_path / "w", services.signer().vkey) as witness:
        watched(settings, witness)
        witness.memory.keep(Head(services.signer().origin, 900, bytes(32)))
        assert services.collect() == 0
    assert "the witness has seen 900 entries, we have 300" in caplog.text


def test_a_witness_that_is_away_holds_nobody_up(log: None, settings: Any, tmp_path: Path, caplog: Any) -> None:
    with running(tmp_path / "w", services.signer().vkey) as witness:
        watched(settings, witness)
    assert services.collect() == 0
    assert "did not cosign" in caplog.text


def test_a_stranger_s_answer_is_not_taken_for_the_witness(log: None, settings: Any, tmp_path: Path) -> None:
    with running(tmp_path / "w", services.signer().vkey) as witness:
        other = program.own_key(tmp_path / "other", "witness.example")
        settings.LOG_WITNESSES = [f"http://127.0.0.1:{witness.server_port} {other.vkey(COSIGNATURE)}"]
        assert services.collect() == 0
    assert not Cosignature.objects.exists()


@pytest.mark.parametrize("entry", ["ftp://x key", "http://x", "http://x no-key"])
def test_a_bad_setting_is_named(entry: str, log: None, settings: Any) -> None:
    settings.LOG_WITNESSES = [entry]
    with pytest.raises(NoteError):
        services.collect()


def test_the_program_answers_strangers_shortly(tmp_path: Path, log: None) -> None:
    with running(tmp_path / "w", services.signer().vkey) as witness:
        address = f"http://127.0.0.1:{witness.server_port}"
        with urllib.request.urlopen(f"{address}/vkey") as answer:
            assert Verifier(answer.read().decode().strip()).name == "witness.example"
        for path, body, status in (
            ("/x", b"", 404),
            ("/add-checkpoint", b"\xff", 400),
            ("/add-checkpoint", b"x" * 70_000, 413),
        ):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"{address}{path}", data=body)
            assert refused.value.code == status


def test_the_key_of_another_witness_is_not_used(tmp_path: Path) -> None:
    program.own_key(tmp_path, "one.example")
    with pytest.raises(NoteError, match=r"one\.example"):
        program.own_key(tmp_path, "two.example")


def test_a_missing_log_key_is_named(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "lims.audit.witness", "--data", str(tmp_path), "--name", "w", "--log", str(tmp_path / "none")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 2 and "none" in ran.stderr

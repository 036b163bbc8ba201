"""The log's key changes by plan: announced in the log, signed for by both, followed by whoever knew only the old one."""

import contextlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from lims.audit import leaves, probes, selectors, services
from lims.audit.export import export
from lims.audit.models import Checkpoint, Entry, Event
from lims.audit.services import rotating, signing
from lims.audit.tlog import checkpoint, note
from lims.audit.tlog.checkpoint import Head, followed, handed_over
from lims.audit.tlog.note import COSIGNATURE, NoteError, Signer, Verifier
from lims.audit.verify import certificate as proofs
from lims.audit.verify import directory
from lims.audit.witness import __main__ as program
from lims.core import clock
from lims.core.text import Reason, Refused
from tests.audit.conftest import happen
from tests.audit.test_witness import running, watched


def signed_by(note_text: str, *vkeys: str) -> bool:
    """Whether exactly these keys have signed."""
    lines = {(name, digest) for name, digest, _ in note.split(note_text)[1]}
    return lines == {(one.name, one.id) for one in map(Verifier, vkeys)}


def newest() -> Checkpoint:
    found = selectors.newest_checkpoint()
    assert found is not None
    return found


def later(monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    at = timezone.now() + timedelta(days=days)
    monkeypatch.setattr(clock, "now", lambda: at)


def grow() -> str:
    happen(1)
    services.integrate()
    return newest().note


def verdict(folder: Path, key: str, *earlier: Path) -> tuple[int, str]:
    report = directory.check(folder, Verifier(key), list(earlier))
    return report.status, "\n".join(report.lines("en"))


def test_a_new_key_is_announced_signed_for_by_both_and_then_alone(log: None, monkeypatch: pytest.MonkeyPatch) -> None:
    old = services.signer().vkey
    head = services.rotate(reason="每两年更换")
    new = services.signer().vkey
    assert new != old and head.size == 301
    leaf = leaves.read(bytes(Entry.objects.get(index=300).leaf))
    assert (leaf["event"], leaf["old_key"], leaf["new_key"]) == ("log.key_changed", old, new)
    assert signed_by(newest().note, old, new)
    assert str(handed_over(newest().note, Verifier(old))) == new
    assert signed_by(grow(), old, new)
    later(monkeypatch, 91)
    alone = grow()
    assert signed_by(alone, new) and not checkpoint.next_key(note.split(alone)[0])


def test_after_the_overlap_the_old_key_exists_no_more(
    log: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (settings.KEYS_DIR / "log" / "key").read_text()
    services.rotate(reason="x")
    later(monkeypatch, 91)
    services.integrate()
    assert not any(old in path.read_text() for path in (settings.KEYS_DIR / "log").iterdir())


def test_who_knows_only_the_old_key_reads_on_while_both_sign_and_follows_afterwards(
    log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client
) -> None:
    old = services.signer().vkey
    services.rotate(reason="x")
    assert checkpoint.opened(grow(), Verifier(old)).size == 302, "an old program sees a head signed by the key it knows"
    later(monkeypatch, 91)
    alone = grow()
    with pytest.raises(NoteError, match="none of the known keys"):
        checkpoint.opened(alone, Verifier(old))
    handover = client.get("/log/keys/1").content.decode()
    (_, new) = followed(Verifier(old), [handover])
    assert str(new) == client.get("/log/log.vkey").content.decode().strip()
    assert checkpoint.opened(alone, new).size == 303
    assert client.get("/log/keys/0").status_code == client.get("/log/keys/2").status_code == 404
    export(tmp_path / "log")
    status, said = verdict(tmp_path / "log", old)
    assert status == 0 and "the key you know was changed 1 times by plan" in said, said
    assert "changed" not in verdict(tmp_path / "log", str(new))[1]


def test_a_proof_under_the_new_key_holds_for_who_knows_the_old_one_and_has_the_hand_over(
    log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Verifier(services.signer().vkey)
    services.rotate(reason="x")
    later(monkeypatch, 91)
    grow()
    export(tmp_path / "log")
    (made,) = selectors.proofs(Event.objects.order_by("-pk")[:1])
    path = tmp_path / "log" / "x.tlog-proof"
    path.write_text(made.text())
    assert "number 301 of the log" in "\n".join(proofs.check(path, old).lines("en"))
    (tmp_path / "log" / "keys" / "1").unlink()
    assert proofs.check(path, old).status == 1


def test_heads_noted_under_the_old_key_are_still_of_this_log(
    log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = tmp_path / "noted"
    noted.write_text(newest().note)
    services.rotate(reason="x")
    later(monkeypatch, 91)
    grow()
    export(tmp_path / "log")
    status, said = verdict(tmp_path / "log", services.signer().vkey, noted)
    assert status == 0 and "the 300 entries signed before are the beginning" in said, said


def test_two_changes_are_followed_one_after_the_other(
    log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = services.signer().vkey
    services.rotate(reason="x", overlap=timedelta(days=1))
    later(monkeypatch, 2)
    services.rotate(reason="y", overlap=timedelta(days=1))
    later(monkeypatch, 4)
    grow()
    export(tmp_path / "log")
    assert sorted(path.name for path in (tmp_path / "log/keys").iterdir()) == ["1", "2"]
    assert "changed 2 times by plan" in verdict(tmp_path / "log", first)[1]


def test_a_second_change_waits_for_the_first_to_be_over(log: None) -> None:
    services.rotate(reason="x")
    with pytest.raises(Refused) as refused:
        services.rotate(reason="y")
    assert refused.value.reasons[0].code == "key_still_changing"
    assert Event.objects.filter(verb=selectors.KEY_CHANGED).count() == 1


def test_a_stranger_s_key_cannot_take_over(log: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hand-over that the old key did not sign, that the new one did not sign, or that the log does not announce."""
    old, origin = services.signer().vkey, services.signer().origin
    stranger = Signer(origin, bytes(32))
    head = checkpoint.opened(newest().note, Verifier(old))
    text = head.text(stranger.vkey())
    for lines in ([stranger.line(text)], []):
        with pytest.raises(NoteError):
            handed_over(note.write(text, lines), Verifier(old))
    own = Signer.load((services.signer()._folder / "key").read_text())
    with pytest.raises(NoteError, match="none of the known keys"):
        handed_over(note.write(text, [own.line(text)]), Verifier(old))
    export(tmp_path / "log")
    (tmp_path / "log/keys").mkdir()
    (tmp_path / "log/keys/1").write_text(note.write(text, [own.line(text), stranger.line(text)]))
    plain = Head(origin, head.size, head.root).text()
    (tmp_path / "log/checkpoint").write_text(note.write(plain, [stranger.line(plain)]))
    status, said = verdict(tmp_path / "log", old)
    assert status == 1 and "was not announced in this log" in said, said


STEPS = ("prepared", "announced", "signed", "old key kept", "new key in force", "finished")


@pytest.mark.parametrize("killed_after", STEPS)
def test_killed_after_any_step_the_change_is_finished_by_asking_again(
    log: None, killed_after: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    old = services.signer().vkey

    class Killed(BaseException):
        pass

    def then_die(target: Any, name: str, when: Any = lambda *_: True) -> None:
        real = getattr(target, name)

        def dying(*arguments: Any, **named: Any) -> Any:
            found = real(*arguments, **named)
            if when(*arguments):
                raise Killed
            return found

        patched.setattr(target, name, dying)

    with monkeypatch.context() as patched, contextlib.suppress(Killed):
        if killed_after == "prepared":
            then_die(signing.LogSigner, "prepare")
        elif killed_after == "announced":
            then_die(rotating, "_announce")
        elif killed_after == "signed":
            then_die(rotating, "integrate", lambda *_: Event.objects.filter(verb=selectors.KEY_CHANGED).exists())
        elif killed_after == "old key kept":
            then_die(signing, "_replace", lambda path, _: path.name == signing.BEFORE)
        elif killed_after == "new key in force":
            then_die(
                signing,
                "_replace",
                lambda path, _: path.name == signing.KEY and (path.parent / signing.BEFORE).exists(),
            )
        services.rotate(reason="x")
    if killed_after != "finished":
        found = probes.key_is_not_half_changed()
        assert isinstance(found, Reason) and found.code == "key_half_changed"
        grow()  # meanwhile the log goes on, and whoever knows the old key reads it
        assert checkpoint.opened(newest().note, Verifier(old))
        services.rotate(reason="once more")
    assert Event.objects.filter(verb=selectors.KEY_CHANGED).count() == 1
    new = services.signer().vkey
    assert new != old and signed_by(grow(), old, new)
    assert not isinstance(probes.key_is_not_half_changed(), Reason)
    export(tmp_path / "log")
    assert verdict(tmp_path / "log", old)[0] == verdict(tmp_path / "log", new)[0] == 0


def test_a_witness_learns_the_new_key_and_then_wants_it(
    log: None, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = services.signer()
    stolen = Signer.load((settings.KEYS_DIR / "log" / "key").read_text())
    with running(tmp_path / "w", old.vkey) as witness:
        watched(settings, witness)
        assert services.collect() == 1
        services.rotate(reason="x")
        assert services.collect() == 1
    later(monkeypatch, 91)
    grow()
    with running(tmp_path / "w", old.vkey) as witness:  # started again, with the old key on its command line
        watched(settings, witness)
        assert services.collect() == 1
        assert witness.memory.key(old.origin) is not None
        published = note.read(selectors.published_note(newest()), [Verifier(witness.signer.vkey(COSIGNATURE))])
        assert set(published.at) == {"witness.example"}
        again = program.add_checkpoint(
            "old 302\n\n" + note.write((text := note.split(newest().note)[0]), [stolen.line(text)]),
            logs=witness.logs, signer=witness.signer, memory=witness.memory, now=lambda: 0,
        )  # fmt: skip
        assert again.status == 403, "the old key alone is no longer enough"


def test_the_command_tells_the_new_key_and_who_decided_it(log: None, capsys: Any, django_user_model: Any) -> None:
    django_user_model.objects.create(username="quality", display_name="周质量")
    call_command("log", "rotate", reason="每两年更换", by="quality", overlap=30, json=True)
    assert json.loads(capsys.readouterr().out)["vkey"] == services.signer().vkey
    event = Event.objects.get(verb=selectors.KEY_CHANGED)
    assert (event.actor_name, json.loads(event.payload)) == ("周质量", {"reason": "每两年更换"})
    until = services.signer().both_until
    assert until is not None and (until - timezone.now()).days in (29, 30)
    with pytest.raises(CommandError, match="上次更换密钥的并行期"):
        call_command("log", "rotate", reason="x")
    with pytest.raises(CommandError, match="没有用户"):
        call_command("log", "rotate", reason="x", by="nobody")

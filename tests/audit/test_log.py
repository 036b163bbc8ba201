"""The log of this installation: every event takes one place, the head is signed once, and nothing can be rewritten."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction
from django.test import Client

from lims.audit import leaves, selectors, services
from lims.audit.models import Checkpoint, Entry, Event, Log, Tile, Waiting
from lims.audit.services.integrating import content_of, leaf_of, place
from lims.audit.tlog import checkpoint, note, tiles
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import EMPTY, root_of
from lims.audit.tlog.note import Signer, Verifier
from lims.core.models import Counter
from lims.core.text import Refused
from tests.audit.conftest import certificate, happen


def all_leaves() -> list[bytes]:
    return [bytes(one) for one in Entry.objects.order_by("index").values_list("leaf", flat=True)]


def test_every_event_has_one_place_and_the_head_is_signed(log: None) -> None:
    assert Event.objects.count() == Entry.objects.count() == Log.objects.get().size == 300
    assert list(Entry.objects.values_list("index", flat=True)) == list(range(300))
    assert not Waiting.objects.exists()
    newest = selectors.newest_checkpoint()
    assert newest is not None
    head = checkpoint.opened(newest.note, Verifier(services.signer().vkey))
    assert (head.size, head.root) == (300, root_of(all_leaves()))


def test_a_deed_undone_leaves_nothing_in_the_log(log: None) -> None:
    thing = Counter.objects.get(series="x")
    with pytest.raises(RuntimeError), transaction.atomic():
        services.record("test.happened", by=None, obj=thing)
        raise RuntimeError
    assert services.integrate().size == 300


def test_the_leaf_shows_the_public_part_and_hides_the_rest(log: None) -> None:
    event = Event.objects.filter(verb="certificate.issued").first()
    assert event is not None
    fields = leaves.read(bytes(event.entry.leaf))
    assert set(fields) == {"at", "data", "event", "v", "cert", "pdf"}
    assert fields["cert"] == "JD-000001"
    assert fields["data"] == leaves.private_digest(event.salt, content_of(event))
    internal = Event.objects.filter(verb="test.happened").first()
    assert internal is not None and set(leaves.read(bytes(internal.entry.leaf))) == {"at", "data", "event", "v"}


def test_a_public_field_may_not_hide_one_of_the_leaf(db: None) -> None:
    with pytest.raises(ValueError, match="data"), transaction.atomic():
        services.record("test.happened", by=None, obj=Counter.objects.create(series="x"), public={"data": "x"})


def test_each_head_continues_the_one_before(log: None) -> None:
    for _ in range(5):
        happen(70)
        services.integrate()
    sizes = list(Checkpoint.objects.values_list("size", flat=True))
    assert sizes == [300, 370, 440, 510, 580, 650]
    assert services.integrate().size == 650, "nothing new, no new head"
    assert Checkpoint.objects.count() == 6
    tree = tiles.Tree(650, selectors.tile)
    assert tree.root() == root_of(all_leaves())


def test_integrators_and_writers_at_once_lose_and_double_nothing(new_site: Callable[[], Any]) -> None:
    site = new_site()
    work = """
from django.db import transaction
from lims.audit import registry, services
from lims.core.models import Counter
registry.register("test.happened", zh="发生测试", en="a test happened")
thing, _ = Counter.objects.get_or_create(series="x")
for number in range(40):
    try:
        with transaction.atomic():
            services.record("test.happened", by=None, obj=thing, payload={"n": str(number)})
            if number % 5 == 4:
                raise RuntimeError
    except RuntimeError:
        services.integrate()
"""
    running = [site.python(work), site.python(work)]
    for process in running:
        _, said = process.communicate(timeout=120)
        assert process.returncode == 0, said
    told = site.output("""
from lims.audit import services
from lims.audit.models import Checkpoint, Entry
head = services.integrate()
from lims.audit.tlog.merkle import root_of
leaves = [bytes(one.leaf) for one in Entry.objects.order_by("index")]
print(head.size, Entry.objects.count(), head.root == root_of(leaves), Entry.objects.values("event").distinct().count())
""")
    assert told == "64 64 True 64"


def test_a_restored_backup_cannot_begin_a_second_history(log: None, as_administrator: Callable[..., None]) -> None:
    kept = {
        "log": list(Log.objects.values()),
        "tiles": {(one.level, one.n): bytes(one.data) for one in Tile.objects.all()},
    }
    happen(20)
    services.integrate()
    as_administrator(
        "DELETE FROM audit_entry WHERE index >= 300".replace("index", '"index"'),
        "DELETE FROM audit_waiting",
        "UPDATE audit_log SET size = 300",
    )
    for (level, n), data in kept["tiles"].items():  # type: ignore[union-attr, attr-defined]
        Tile.objects.filter(level=level, n=n).update(data=data)
    with pytest.raises(Refused, match="不是已签署日志"):
        services.integrate()
    happen(40)
    with pytest.raises(Refused) as refused:
        services.integrate()
    assert refused.value.reasons[0].code == "log_would_fork"
    assert not Checkpoint.objects.filter(size=340).exists()


def test_the_database_refuses_to_change_what_is_in_the_log(log: None) -> None:
    deeds = [
        lambda: Event.objects.update(verb="x"),
        lambda: Entry.objects.update(leaf=b"x"),
        lambda: Entry.objects.all().delete(),
        lambda: Checkpoint.objects.update(note="x"),
    ]
    for deed in deeds:
        with pytest.raises(DatabaseError, match="frozen"), transaction.atomic():
            deed()


def test_strangers_read_the_log_over_http(log: None, client: Client) -> None:
    answer = client.get("/log/checkpoint")
    key = client.get("/log/log.vkey").content.decode().strip()
    head = checkpoint.opened(answer.content.decode(), Verifier(key))
    assert answer["Content-Type"] == "text/plain; charset=utf-8"

    def read(level: int, n: int) -> bytes:
        width = tiles.width(level, n, head.size)
        found = client.get(f"/log/{tiles.path(level, n, width)}")
        assert found.status_code == 200 and "immutable" in found["Cache-Control"]
        return found.content

    assert tiles.Tree(head.size, read).root() == head.root
    entries = [
        one
        for n in range(2)
        for one in tiles.unbundle(client.get(f"/log/{tiles.path('entries', n, tiles.width(0, n, 300))}").content)
    ]
    assert root_of(entries) == head.root
    assert client.get("/log/tile/0/000.p/7").content == read(0, 0)[: 7 * 32]


@pytest.mark.parametrize(
    "path",
    ["tile/0/002", "tile/0/001", "tile/0/001.p/45", "tile/2/000.p/1", "tile/0/1", "tile/x", "tile/../checkpoint"],
)
def test_what_the_log_does_not_have_is_not_found(log: None, client: Client, path: str) -> None:
    assert client.get(f"/log/{path}").status_code == 404


def test_the_log_is_read_only(log: None, client: Client) -> None:
    for path in ("checkpoint", "log.vkey", "tile/0/000"):
        assert client.post(f"/log/{path}").status_code == 405


def test_reading_the_log_asks_few_questions(log: None, client: Client, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(2):
        client.get("/log/tile/0/000")
    with django_assert_max_num_queries(2):
        client.get("/log/tile/entries/000")


def test_the_commands_tell_the_head_and_export_the_log(log: None, tmp_path: Path, capsys: Any) -> None:
    call_command("log", "head", "--json")
    told = json.loads(capsys.readouterr().out)
    assert told["size"] == 300 and told["vkey"] == services.signer().vkey
    call_command("log", "export", str(tmp_path / "out"))
    files = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert files == [
        "checkpoint", "log.vkey", "tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44",
    ]  # fmt: skip


def test_another_log_is_not_overwritten(exported: Path) -> None:
    other = Signer("other.example/log", bytes(32))
    text = Head(other.name, 0, EMPTY).text()
    (exported / "checkpoint").write_text(note.write(text, [other.line(text)]), "utf-8")
    with pytest.raises(CommandError, match="another log"):
        call_command("log", "export", str(exported))


def test_the_key_is_for_its_owner_only_and_made_once(db: None, settings: Any) -> None:
    own = services.signer()
    folder = settings.KEYS_DIR / "log"
    assert folder.stat().st_mode & 0o077 == 0 and (folder / "key").stat().st_mode & 0o077 == 0
    keys: list[str] = []
    threads = [threading.Thread(target=lambda: keys.append(services.signer().vkey)) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert set(keys) == {own.vkey}
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_the_leaf_of_a_row_is_the_leaf_in_the_log(log: None) -> None:
    for event in Event.objects.select_related("entry"):
        assert leaf_of(event) == bytes(event.entry.leaf)


def test_batches_end_where_they_are_told(db: None) -> None:
    happen(7)
    assert [place(3), place(3), place(3), place(3)] == [3, 3, 1, 0]


def test_the_verifier_runs_alone(exported: Path, tmp_path: Path) -> None:
    certificate(1, "downloaded")
    ran = subprocess.run(
        [sys.executable, "-m", "lims.audit.verify", str(exported), "--language", "en"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "300 entries" in ran.stdout and "6 certificate numbers without a gap" in ran.stdout

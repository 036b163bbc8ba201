"""The event log at a million events: building it, placing more, proofs, and the audit of the whole by a stranger.

`LIMS_LOG_EVENTS` makes it shorter. The events and their leaves are as an institute writes them; the bulk goes to the tables
directly, since writing a million events one by one measures something else.
"""

import os
import random
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

from django.db import connection, transaction

from lims.audit import selectors, services
from lims.audit.export import export
from lims.audit.models import Entry, Event, Log, Waiting
from lims.audit.services.integrating import BATCH
from lims.audit.tlog import tiles
from lims.audit.tlog.merkle import check_inclusion, leaf_hash
from lims.audit.tlog.note import Verifier
from lims.audit.verify import directory
from tests.bench.measure import Figure, Span, timed

EVENTS = int(os.environ.get("LIMS_LOG_EVENTS", "1000000"))
PART = "log"
CHUNK = 20_000
BATCHES = (1, 10, 100, 1000)
PROOFS = 400
ROUNDS = 7
# Of so many events one numbers and one issues a certificate; the others are internal.
CERTIFICATE_EVERY = 10


def figures() -> list[Figure]:
    begun = datetime.now(UTC) - timedelta(days=1)
    found = [_built(begun), *_floors(), *[_placed(size) for size in BATCHES]]
    found += [_inclusion(), _consistency()]
    with tempfile.TemporaryDirectory(prefix="lims-log-") as folder:
        found += _audited(Path(folder) / "log")
    return found


def _events(begun: datetime, first: int, count: int) -> Iterator[Event]:
    for number in range(first, first + count):
        at = begun + timedelta(milliseconds=number // 20)
        certificate, which = divmod(number, CERTIFICATE_EVERY)
        verb, public = "record.entry_saved", "{}"
        if which < 2:
            verb = ("certificate.numbered", "certificate.issued")[which]
            pdf = f',"pdf":"{sha256(str(certificate).encode()).hexdigest()}"' if which else ""
            public = f'{{"cert":"JD-2026-{certificate:07d}"{pdf}}}'
        yield Event(
            pk=number + 1, at=at, actor_id="7", actor_name="王检定", verb=verb, object_type="instruments.record",
            object_id=str(number), object_label=f"R{number}", version=1, public=public, salt=f"{number:032x}",
            payload='{"path":"points.0.readings.0","value":"7.0012"}',
        )  # fmt: skip


def _built(begun: datetime) -> Figure:
    """Events and what waits are laid down in bulk; measured is only giving them their places, and the signed head."""
    taken = 0.0
    for first in range(0, EVENTS, CHUNK):
        rows = list(_events(begun, first, min(CHUNK, EVENTS - first)))
        with transaction.atomic():
            Event.objects.bulk_create(rows, batch_size=500)
            Waiting.objects.bulk_create([Waiting(event_id=one.pk) for one in rows], batch_size=900)
        begun_at = time.perf_counter()
        services.integrate()
        taken += time.perf_counter() - begun_at
        _optimise()
    return Figure(PART, f"{EVENTS} events placed, batches of {BATCH}", "events/s", Span((EVENTS / taken,)))


def _optimise() -> None:
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE audit_waiting")


def _floors() -> list[Figure]:
    """What hashing alone costs: so many leaves and as many nodes."""
    count = min(EVENTS, 200_000)
    entries = [bytes(one) for one in Entry.objects.order_by("index")[:count].values_list("leaf", flat=True)]
    pair = bytes(64)
    leaf = Span(tuple(count / _cpu(lambda: [sha256(b"\x00" + one).digest() for one in entries]) for _ in range(3)))
    node = Span(tuple(count / _cpu(lambda: [sha256(b"\x01" + pair).digest() for _ in range(count)]) for _ in range(3)))
    return [
        Figure(PART, "raw hashlib: leaves", "leaves/s", leaf, remark="CPU"),
        Figure(PART, "raw hashlib: nodes", "nodes/s", node, remark="CPU"),
    ]


def _cpu(act: Callable[[], object]) -> float:
    """Seconds of CPU of one call."""
    begun = time.process_time()
    act()
    return time.process_time() - begun


def _placed(size: int) -> Figure:
    """A batch from its first waiting event to its signed head."""
    taken = []
    for _ in range(ROUNDS):
        with transaction.atomic():
            first = Log.objects.get().size
            rows = list(_events(datetime.now(UTC), first, size))
            Event.objects.bulk_create(rows, batch_size=500)
            Waiting.objects.bulk_create([Waiting(event_id=one.pk) for one in rows])
        taken.append(timed(services.integrate))
    hashes = [sha256(b"%d" % number).digest() for number in range(size)]
    width = Log.objects.get().size
    floor = [timed(lambda: tiles.append(width, selectors.tile, hashes)) for _ in range(ROUNDS)]
    return Figure(
        PART,
        f"batch of {size}: place and sign",
        "ms",
        Span(tuple(taken)),
        Span(tuple(floor)),
        "the changed tiles alone",
    )


def _percentiles(values: list[float]) -> Span:
    """p50 as the median; the least, and p99 in place of the most."""
    ordered = sorted(values)
    return Span((ordered[0], ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]))


def _inclusion() -> Figure:
    size = Log.objects.get().size
    chance = random.Random(4)
    taken, checked = [], []
    root = tiles.Tree(size, selectors.tile).root()
    for index in (chance.randrange(size) for _ in range(PROOFS)):
        tree = tiles.Tree(size, selectors.tile)  # nothing kept from the proof before
        begun = time.perf_counter()
        proof = tree.inclusion(index)
        taken.append(1000 * (time.perf_counter() - begun))
        leaf = leaf_hash(bytes(Entry.objects.get(index=index).leaf))
        checked.append(timed(lambda: check_inclusion(index, size, leaf, proof, root)))
    return Figure(
        PART, "inclusion proof from the tables: p50 (least–p99)", "ms", _percentiles(taken), _percentiles(checked),
        "checking that proof",
    )  # fmt: skip


def _consistency() -> Figure:
    size = Log.objects.get().size
    chance = random.Random(5)
    taken = [
        timed(lambda: tiles.Tree(size, selectors.tile).consistency(chance.randrange(1, size))) for _ in range(PROOFS)
    ]
    return Figure(PART, "consistency proof from the tables: p50 (least–p99)", "ms", _percentiles(taken))


def _audited(folder: Path) -> list[Figure]:
    begun = time.perf_counter()
    size = export(folder)
    exported = time.perf_counter() - begun
    key = Verifier((folder / "log.vkey").read_text().strip())
    wall, cpu = [], []
    for _ in range(3):
        begun, begun_cpu = time.perf_counter(), time.process_time()
        report = directory.check(folder, key)
        wall.append(time.perf_counter() - begun)
        cpu.append(time.process_time() - begun_cpu)
        if report.status:
            raise AssertionError("\n".join(report.lines("en")))
    entries = [
        one for n in range(size // 256) for one in tiles.unbundle((folder / tiles.path("entries", n)).read_bytes())
    ]
    floor = []
    for _ in range(3):
        begun_cpu = time.process_time()
        for one in entries:
            sha256(b"\x00" + one).digest()
        for _one in entries:
            sha256(bytes(65)).digest()
        floor.append(time.process_time() - begun_cpu)
    files = [path.stat().st_size for path in (folder / "tile").rglob("*") if path.is_file()]
    leaves_alone = sum(path.stat().st_size for path in (folder / "tile" / "entries").rglob("*") if path.is_file())
    return [
        Figure(PART, f"export of {size} entries", "s", Span((exported,))),
        Figure(PART, "audit of the whole export, CPU", "s", Span(tuple(cpu)), Span(tuple(floor)), "every leaf and node through hashlib"),
        Figure(PART, "audit of the whole export, wall", "s", Span(tuple(wall))),
        Figure(PART, "hash tiles on disk", "B/entry", Span(((sum(files) - leaves_alone) / size,)), Span((32.0,)), "one hash each"),
        Figure(PART, "entries on disk", "B/entry", Span((leaves_alone / size,)), remark=f"{len(files)} files"),
        Figure(PART, "tables of the database", "B/event", Span((_on_disk() / size,))),
        Figure(PART, "most memory of the process", "MB", Span((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,))),
    ]  # fmt: skip


def _on_disk() -> int:
    """Bytes of the whole database, nearly all of it the log."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_database_size(current_database())")
            return int(cursor.fetchone()[0])
        cursor.execute("PRAGMA page_count")
        pages = cursor.fetchone()[0]
        cursor.execute("PRAGMA page_size")
        return int(pages) * int(cursor.fetchone()[0])

"""Whether the log and the rows of the database still tell the same: what the institute asks itself before others do."""

from collections.abc import Iterator

from lims.audit import selectors
from lims.audit.models import Entry, Event, Waiting
from lims.audit.services import set_back
from lims.audit.services.integrating import leaf_of
from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.merkle import SIZE, leaf_hash, root_over
from lims.core.text import Text


def faults() -> Iterator[Text]:
    """Every disagreement between events, entries, tiles and the signed head, in both directions. Reads everything."""
    leaves = []
    for place, entry in enumerate(Entry.objects.select_related("event").order_by("index").iterator(2000)):
        if entry.index != place:
            yield Text(f"日志第 {place} 条缺失", f"entry {place} of the log is missing")
            return
        if leaf_of(entry.event) != bytes(entry.leaf):
            yield Text(
                f"事件 {entry.event_id}（日志第 {place} 条）与登记时不同：数据库中的行被改动",
                f"event {entry.event_id} (entry {place}) is not what was entered: its row was altered",
            )
        leaves.append(leaf_hash(bytes(entry.leaf)))
    for pk in Event.objects.filter(entry=None, waiting=None).values_list("pk", flat=True)[:100]:
        yield Text(f"事件 {pk} 不在日志中，也未排队", f"event {pk} is neither in the log nor waiting for it")
    for level, n, width in tiles.all_tiles(len(leaves)):
        if level == 0 and selectors.tile(0, n)[: width * SIZE] != b"".join(leaves[n * 256 : n * 256 + width]):
            yield Text(
                f"{tiles.path(0, n, width)} 与条目不一致", f"{tiles.path(0, n, width)} does not agree with the entries"
            )
    if fault := set_back():
        yield fault
    newest = selectors.newest_checkpoint()
    if newest is not None:
        head = checkpoint.unchecked(newest.note)
        if head.size > len(leaves) or root_over(leaves[: head.size]) != head.root:
            yield Text("条目的哈希与签署的根不一致", "the entries do not hash to the signed root")


def waiting_since() -> Event | None:
    """The oldest event that has no place in the log yet."""
    oldest = Waiting.objects.select_related("event").order_by("pk").first()
    return oldest.event if oldest else None

"""Checking a whole exported log: signature, every entry, every tile, and the story the entries tell.

Read once from beginning to end, one tile of 256 entries after the other; only the hashes of the tiles stay in memory.
"""

import contextlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import EMPTY, SIZE, fold
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify import keys
from lims.audit.verify.report import Report
from lims.audit.verify.stamps import stamped
from lims.audit.verify.story import Story
from lims.audit.verify.witnessed import cosigned
from lims.core.text import Text

CHECKPOINT, KEY = "checkpoint", "log.vkey"
_KEY_CHANGED = b'"event":"log.key_changed"'


@dataclass
class Leaves:
    """What the entries say, worked out anew: the tiles of each level, and the changes of the key as (place, old, new)."""

    size: int = 0
    levels: list[list[bytes]] = field(default_factory=list)
    changes: list[tuple[int, str, str]] = field(default_factory=list)

    def root(self, size: int) -> bytes:
        """Root of the first `size` entries."""
        return tiles.Tree(size, lambda level, n: self.levels[level][n]).root() if size else EMPTY

    def disagrees(self, head: Head) -> bool:
        return head.size > self.size or self.root(head.size) != head.root


def check(
    folder: Path,
    log: Verifier | None,
    earlier: Sequence[Path] = (),
    witnesses: Sequence[Verifier] = (),
    stamp_roots: Path | None = None,
) -> Report:
    """Everything that can be told about an exported log.

    log: its public key from a source the reader trusts; None: it cannot be told who signed. A key that was changed since is
    followed to the one in force. earlier: heads written down before, each of which must be the beginning of this log.
    witnesses: keys of those that should have cosigned it. stamp_roots: roots of the time stamp authority, PEM.
    """
    report = Report(str(folder))
    try:
        note = (folder / CHECKPOINT).read_text("utf-8")
        head = checkpoint.unchecked(note)
    except (OSError, ValueError) as error:
        report.wrong(f"读不到检查点：{error}", f"the checkpoint cannot be read: {error}")
        return report
    current = keys.of_note(note, log, folder) if log else None
    _signature(report, note, head, current)
    cosigned(report, note, witnesses)
    story = Story()
    read = read_entries(report, folder, head.size, story)
    if read is None:
        return report
    _root(report, head, read)
    _tiles(report, folder, read)
    if log and current:
        _handed_over(report, read, keys.steps(log, current, folder))
    known = _known(read, log, current)
    _earlier(report, known, earlier, read, head)
    stamped(report, folder, lambda told: _against(told, known, read, head), stamp_roots)
    _story(report, story)
    return report


def _signature(report: Report, note: str, head: Head, log: Verifier | None) -> None:
    if log is None:
        report.unknown(
            "没有日志公钥（log.vkey 或 --key），不知是谁签署",
            "there is no public key of the log (log.vkey or --key): it cannot be told who signed",
        )
        return
    try:
        checkpoint.opened(note, log)
    except NoteError as error:
        report.wrong(f"检查点的签名无效：{error}", f"the checkpoint is not signed by {log.name}: {error}")
    else:
        report.good(
            f"检查点由 {log.name} 签署，共 {head.size} 条",
            f"the checkpoint is signed by {log.name}: {head.size} entries",
        )


def read_entries(report: Report, folder: Path, size: int, story: Story) -> Leaves | None:
    """Reads every entry once; None when some are missing, which is then told."""
    read = Leaves(size)
    row: list[bytes] = []
    for n in range(-(-size // tiles.WIDTH)):
        width = tiles.width(0, n, size)
        name = tiles.path("entries", n, width)
        try:
            data = (folder / name).read_bytes()
            part = tiles.unbundle(data)
        except (OSError, ValueError) as error:
            report.wrong(f"读不到 {name}：{error}", f"{name} cannot be read: {error}")
            return None
        if len(part) != width:
            report.wrong(
                f"{name} 有 {len(part)} 条，应有 {width} 条：条目被删除或增加",
                f"{name} holds {len(part)} entries instead of {width}: entries were removed or added",
            )
            return None
        row.append(b"".join([sha256(b"\x00" + entry).digest() for entry in part]))
        story.read(part)
        if _KEY_CHANGED in data:
            read.changes += _changes(part, n * tiles.WIDTH)
    while row:
        read.levels.append(row)
        above = b"".join([fold(tiles.split(tile)) for tile in row if len(tile) == tiles.WIDTH * SIZE])
        row = [above[at : at + tiles.WIDTH * SIZE] for at in range(0, len(above), tiles.WIDTH * SIZE)]
    return read


def _changes(entries: list[bytes], first: int) -> list[tuple[int, str, str]]:
    found = []
    for place, entry in enumerate(entries, first):
        if _KEY_CHANGED in entry:
            try:
                fields = json.loads(entry)
                found.append((place, str(fields["old_key"]), str(fields["new_key"])))
            except (ValueError, KeyError, TypeError):
                continue  # the story tells of entries that cannot be read
    return found


def _root(report: Report, head: Head, read: Leaves) -> None:
    if read.disagrees(head):
        report.wrong(
            "全部条目的哈希与签署的根不一致：有条目被改动、删除、插入或调换",
            "the entries do not hash to the signed root: some were altered, removed, inserted or reordered",
        )
    else:
        report.good("全部条目的哈希与签署的根一致", "all entries hash to the signed root")


def _tiles(report: Report, folder: Path, read: Leaves) -> None:
    faults = []
    for level, n, width in tiles.all_tiles(read.size):
        name = tiles.path(level, n, width)
        try:
            stored = (folder / name).read_bytes()
        except OSError as error:
            faults.append(Text(f"读不到 {name}：{error}", f"{name} cannot be read: {error}"))
            continue
        wanted = read.levels[level][n]
        if stored != wanted:
            where = _differing(stored, wanted, n * tiles.WIDTH) if level == 0 else ""
            faults.append(Text(f"{name} 与条目不一致{where}", f"{name} does not agree with the entries{where}"))
    report.several(faults)
    if not faults:
        report.good("全部分块与条目一致", "all tiles agree with the entries")


def _differing(stored: bytes, wanted: bytes, first: int) -> str:
    """The numbers of the first entries whose stored hash is another, in brackets."""
    places = range(0, len(wanted), SIZE)
    numbers = [first + at // SIZE for at in places if stored[at : at + SIZE] != wanted[at : at + SIZE]]
    return f" ({', '.join(map(str, numbers[:5]))}{', …' if len(numbers) > 5 else ''})"


def _handed_over(report: Report, read: Leaves, steps: list[keys.Step]) -> None:
    """Whether each change of the key since the one the reader knows was announced in this very log, and signed for by both."""
    if not steps:
        return
    for step in steps:
        told = any((old, new) == (str(step.old), str(step.new)) for at, old, new in read.changes if at < step.head.size)
        if not told or read.disagrees(step.head):
            report.wrong(
                "公钥的更换没有在本日志中公布：签署者是另一把钥匙",
                "the change of the key was not announced in this log: it is another key that signs",
            )
            return
    size = steps[-1].head.size
    report.good(
        f"您的公钥已按计划更换 {len(steps)} 次，最近一次公布于前 {size} 条之内，新旧密钥均已签署",
        f"the key you know was changed {len(steps)} times by plan, the last change announced within the first {size} entries "
        "and signed by the old key and the new",
    )


def _known(read: Leaves, log: Verifier | None, current: Verifier | None) -> list[Verifier]:
    """The keys that heads of this log may be signed with: the one in force, and those before it as the log itself names them."""
    if log is None or current is None:
        return []
    found = [current]
    for _, old, new in reversed(read.changes):
        if new == str(found[-1]):
            with contextlib.suppress(NoteError):  # an entry that names no key names nobody
                found.append(Verifier(old))
    return found


def _against(note: str, known: Sequence[Verifier], read: Leaves, head: Head) -> str | None:
    """What speaks against this being an earlier head of the log that was read."""
    try:
        old = keys.opened_by_any(note, known) if known else checkpoint.unchecked(note)
    except NoteError as error:
        return str(error)
    if old.origin != head.origin or read.disagrees(old):
        return "the head it is about is no beginning of this log"
    return None


def _earlier(report: Report, known: Sequence[Verifier], paths: Sequence[Path], read: Leaves, head: Head) -> None:
    for path in paths:
        try:
            note = path.read_text("utf-8")
            old = keys.opened_by_any(note, known) if known else checkpoint.unchecked(note)
        except (OSError, ValueError) as error:
            report.unknown(f"读不到早先的检查点 {path}：{error}", f"the earlier head {path} cannot be read: {error}")
            continue
        if old.origin != head.origin:
            report.unknown(f"{path} 属于另一日志 {old.origin}", f"{path} is of another log, {old.origin}")
        elif old.size > head.size:
            report.wrong(
                f"日志只有 {head.size} 条，而早先签署过 {old.size} 条：尾部被删除",
                f"the log has {head.size} entries, yet {old.size} were signed before: its end was removed",
            )
        elif read.disagrees(old):
            report.wrong(
                f"日志的前 {old.size} 条与早先签署的不一致：历史被改写",
                f"the first {old.size} entries are not those signed before: history was rewritten",
            )
        else:
            report.good(
                f"早先签署的 {old.size} 条是本日志的开头",
                f"the {old.size} entries signed before are the beginning of this log",
            )


def _story(report: Report, story: Story) -> None:
    faults = story.faults + story.gaps()
    report.several(faults)
    if not faults:
        report.good(
            f"事件按时间先后排列；{len(story.lives)} 个证书编号连续，各只签发一次",
            f"the events stand in the order of their times; {len(story.lives)} certificate numbers without a gap, each issued once",
        )

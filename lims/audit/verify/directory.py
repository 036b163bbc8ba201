"""Checking a whole exported log: signature, every entry, every tile, and the story the entries tell."""

from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.merkle import EMPTY, SIZE, fold, root_over
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify.report import Report
from lims.audit.verify.story import Story
from lims.audit.verify.witnessed import cosigned
from lims.core.text import Text

CHECKPOINT, KEY = "checkpoint", "log.vkey"


def check(
    folder: Path, log: Verifier | None, earlier: Sequence[Path] = (), witnesses: Sequence[Verifier] = ()
) -> Report:
    """Everything that can be told about an exported log.

    log: its public key from a source the reader trusts; None: it cannot be told who signed. earlier: heads written down before,
    each of which must be the beginning of this log. witnesses: keys of those that should have cosigned it.
    """
    report = Report(str(folder))
    try:
        note = (folder / CHECKPOINT).read_text("utf-8")
        head = checkpoint.unchecked(note)
    except (OSError, ValueError) as error:
        report.wrong(f"读不到检查点：{error}", f"the checkpoint cannot be read: {error}")
        return report
    _signature(report, note, head, log)
    cosigned(report, note, witnesses)
    entries = _entries(report, folder, head.size)
    if len(entries) != head.size:
        return report
    rows = _rows(entries)
    _root(report, head, rows)
    _tiles(report, folder, head.size, rows)
    _earlier(report, log, earlier, rows[0] if rows else [], head)
    _story(report, entries)
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


def _entries(report: Report, folder: Path, size: int) -> list[bytes]:
    found: list[bytes] = []
    for n in range(-(-size // tiles.WIDTH)):
        width = tiles.width(0, n, size)
        name = tiles.path("entries", n, width)
        try:
            part = tiles.unbundle((folder / name).read_bytes())
        except (OSError, ValueError) as error:
            report.wrong(f"读不到 {name}：{error}", f"{name} cannot be read: {error}")
            return found
        if len(part) != width:
            report.wrong(
                f"{name} 有 {len(part)} 条，应有 {width} 条：条目被删除或增加",
                f"{name} holds {len(part)} entries instead of {width}: entries were removed or added",
            )
            return found
        found += part
    return found


def _rows(entries: list[bytes]) -> list[list[bytes]]:
    """The hashes of each tile level, worked out from the entries."""
    rows = []
    row = [sha256(b"\x00" + entry).digest() for entry in entries]
    while row:
        rows.append(row)
        full = len(row) // tiles.WIDTH * tiles.WIDTH
        row = [fold(row[at : at + tiles.WIDTH]) for at in range(0, full, tiles.WIDTH)]
    return rows


def _root(report: Report, head: Head, rows: list[list[bytes]]) -> None:
    if _root_of(rows, head.size) == head.root:
        report.good("全部条目的哈希与签署的根一致", "all entries hash to the signed root")
    else:
        report.wrong(
            "全部条目的哈希与签署的根不一致：有条目被改动、删除、插入或调换",
            "the entries do not hash to the signed root: some were altered, removed, inserted or reordered",
        )


def _root_of(rows: list[list[bytes]], size: int) -> bytes:
    if not size:
        return EMPTY

    def read(level: int, n: int) -> bytes:
        return b"".join(rows[level][n * tiles.WIDTH : (n + 1) * tiles.WIDTH])

    return tiles.Tree(size, read).root()


def _tiles(report: Report, folder: Path, size: int, rows: list[list[bytes]]) -> None:
    faults = []
    for level, n, width in tiles.all_tiles(size):
        name = tiles.path(level, n, width)
        first = n * tiles.WIDTH
        try:
            stored = (folder / name).read_bytes()
        except OSError as error:
            faults.append(Text(f"读不到 {name}：{error}", f"{name} cannot be read: {error}"))
            continue
        wanted = rows[level][first : first + width]
        if stored != b"".join(wanted):
            where = _differing(stored, wanted, first) if level == 0 else ""
            faults.append(Text(f"{name} 与条目不一致{where}", f"{name} does not agree with the entries{where}"))
    report.several(faults)
    if not faults:
        report.good("全部分块与条目一致", "all tiles agree with the entries")


def _differing(stored: bytes, wanted: list[bytes], first: int) -> str:
    """The numbers of the first entries whose stored hash is another, in brackets."""
    numbers = [first + at for at, one in enumerate(wanted) if stored[at * SIZE : (at + 1) * SIZE] != one]
    return f" ({', '.join(map(str, numbers[:5]))}{', …' if len(numbers) > 5 else ''})"


def _earlier(report: Report, log: Verifier | None, paths: Sequence[Path], leaves: list[bytes], head: Head) -> None:
    for path in paths:
        try:
            note = path.read_text("utf-8")
            old = checkpoint.opened(note, log) if log else checkpoint.unchecked(note)
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
        elif root_over(leaves[: old.size]) != old.root:
            report.wrong(
                f"日志的前 {old.size} 条与早先签署的不一致：历史被改写",
                f"the first {old.size} entries are not those signed before: history was rewritten",
            )
        else:
            report.good(
                f"早先签署的 {old.size} 条是本日志的开头",
                f"the {old.size} entries signed before are the beginning of this log",
            )


def _story(report: Report, entries: list[bytes]) -> None:
    story = Story()
    story.read(entries)
    faults = story.faults + story.gaps()
    report.several(faults)
    if not faults:
        report.good(
            f"事件按时间先后排列；{len(story.lives)} 个证书编号连续，各只签发一次",
            f"the events stand in the order of their times; {len(story.lives)} certificate numbers without a gap, each issued once",
        )

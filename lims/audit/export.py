"""The whole log as files, laid out as tlog-tiles asks: what an auditor takes home."""

from collections.abc import Callable
from pathlib import Path

from lims.audit import selectors
from lims.audit.services import integrate, signer
from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.merkle import SIZE


def export(folder: Path) -> int:
    """Writes `checkpoint`, `log.vkey`, `tile/…` and `tile/entries/…`; the number of leaves.

    Events that wait are placed first. A folder exported to before is brought up to date: full tiles in it are kept.
    Raises Refused when the log cannot be signed, FileExistsError when the folder holds another log.
    """
    integrate()
    own = signer()
    newest = selectors.newest_checkpoint()
    assert newest is not None  # just signed
    old = folder / "checkpoint"
    if old.exists() and checkpoint.unchecked(old.read_text("utf-8")).origin != own.origin:
        raise FileExistsError(f"{folder} holds another log")
    for level, n, width in tiles.all_tiles(newest.size):
        _keep(
            folder / tiles.path(level, n, width),
            lambda level=level, n=n, width=width: selectors.tile(level, n)[: width * SIZE],
        )  # type: ignore[misc]
        if level == 0:
            _keep(folder / tiles.path("entries", n, width), lambda n=n, width=width: selectors.entry_tile(n, width))  # type: ignore[misc]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.vkey").write_text(f"{own.vkey}\n", "utf-8")
    old.write_text(selectors.published_note(newest), "utf-8")
    return newest.size


def _keep(path: Path, content: Callable[[], bytes]) -> None:
    """A tile never changes, so one that is there is left."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content())

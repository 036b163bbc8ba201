"""The whole log as files, laid out as tlog-tiles asks: what an auditor takes home."""

import logging
from collections.abc import Callable
from pathlib import Path

from lims.audit import selectors
from lims.audit.models import Stamp
from lims.audit.services import integrate, signer
from lims.audit.tlog import checkpoint, tiles
from lims.audit.tlog.merkle import SIZE
from lims.core.timestamps import Unavailable

log = logging.getLogger(__name__)


def export(folder: Path) -> int:
    """Writes `checkpoint`, `log.vkey`, `tile/…`, `tile/entries/…`, and where there are any `keys/…` (heads with which one key
    handed over to the next) and `stamps/…` (what a time stamp authority said about the head of a day); the number of leaves.

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
    for number, one in enumerate(selectors.handovers(), 1):
        _keep(folder / "keys" / str(number), one.note.encode)
    _stamps(folder / "stamps")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "log.vkey").write_text(f"{own.vkey}\n", "utf-8")
    old.write_text(selectors.published_note(newest), "utf-8")
    return newest.size


def _stamps(folder: Path) -> None:
    """Each day's token with the head it is about, and the roots to check them with."""
    for one in Stamp.objects.select_related("checkpoint"):
        _keep(folder / f"{one.day}.checkpoint", one.checkpoint.note.encode)
        _keep(folder / f"{one.day}.tst", lambda one=one: bytes(one.token))  # type: ignore[misc]
    if folder.exists():
        try:
            (folder / "roots.pem").write_bytes(selectors.stamp_roots())
        except Unavailable as error:
            log.warning("the stamps were exported without the roots of their authority: %s", error)


def _keep(path: Path, content: Callable[[], bytes]) -> None:
    """What is in the log never changes, so a file that is there is left."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content())

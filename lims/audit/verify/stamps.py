"""What a time stamp authority said about the heads of a log: when they existed, at the latest."""

from collections.abc import Callable, Sequence
from pathlib import Path

from cryptography import x509

from lims.audit.tlog.stamp import Stamp, StampError, check
from lims.audit.verify.report import Report
from lims.core.text import Text

FOLDER, ROOTS = "stamps", "roots.pem"


def stamped(report: Report, folder: Path, wrong: Callable[[str], str | None], given: Path | None = None) -> None:
    """One finding about all stamps of an exported log.

    wrong: what speaks against a head being one of this log, None when nothing does. given: a file with the roots of the time
    stamp authority from a source the reader trusts; else those beside the stamps.
    """
    tokens = sorted((folder / FOLDER).glob("*.tst"))
    if not tokens:
        return
    try:
        roots = x509.load_pem_x509_certificates((given or folder / FOLDER / ROOTS).read_bytes())
    except (OSError, ValueError):
        report.unknown(
            "没有时间戳机构的根证书，时间戳未核对",
            "there is no root certificate of the time stamp authority: the stamps were not checked",
        )
        return
    good: list[Stamp] = []
    faults = []
    for path in tokens:
        try:
            good.append(_one(path, roots, wrong))
        except (OSError, ValueError) as error:
            faults.append(Text(f"{FOLDER}/{path.name}：{error}", f"{FOLDER}/{path.name} does not hold: {error}"))
    report.several(faults)
    if good and not faults:
        last = max(good, key=lambda one: one.at)
        report.good(
            f"{len(good)} 天的日志头有时间戳，最近一次：{last.at:%Y-%m-%d %H:%M:%S} UTC（{last.by}）",
            f"the heads of {len(good)} days are time-stamped, the last at {last.at:%Y-%m-%d %H:%M:%S} UTC by {last.by}",
        )


def _one(path: Path, roots: Sequence[x509.Certificate], wrong: Callable[[str], str | None]) -> Stamp:
    note = path.with_suffix(".checkpoint").read_bytes()
    if fault := wrong(note.decode("utf-8")):
        raise StampError(fault)
    return check(path.read_bytes(), note, roots)

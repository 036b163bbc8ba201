"""Which witnesses have seen the head, and when."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lims.audit.tlog import note as notes
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify.report import Report


def cosigned(report: Report, note: str, witnesses: Sequence[Verifier]) -> None:
    """One finding for each witness the reader trusts. A missing cosignature is not wrong: it may have come a little later."""
    for witness in witnesses:
        try:
            at = notes.read(note, [witness]).at.get(witness.name)
        except NoteError as error:
            report.unknown(
                f"见证方 {witness.name} 没有为此检查点作证：{error}",
                f"the witness {witness.name} does not vouch for this head: {error}",
            )
            continue
        if at is None:
            report.unknown(f"{witness.name} 的公钥不是见证公钥", f"the key of {witness.name} is not that of a witness")
            continue
        when = f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        report.good(
            f"见证方 {witness.name} 于 {when} 见证了此检查点", f"the witness {witness.name} saw this head at {when}"
        )

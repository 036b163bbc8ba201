"""`lims-verify.pyz PATH… [--lang zh|en] [--json] [--key FILE] [--root FILE] [--persons FILE] [--witness FILE] [--before CHECKPOINT]`

PATH is an evidence bundle (NUMBER.evidence.zip), the report of an audit (audit-report-….zip), a directory made by
`manage.py log export`, or a NUMBER.tlog-proof with its NUMBER.pdf beside it. Given together, bundles and proofs are also held against the log.
Exit status: 0 all good, 1 something is wrong, 2 cannot tell.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from lims.audit import leaves
from lims.audit.tlog import checkpoint
from lims.audit.tlog import proof as proofs
from lims.audit.tlog.checkpoint import Head
from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify import bundle, certificate, directory, sampled, together
from lims.audit.verify.report import Report


@dataclass(frozen=True)
class _Trusted:
    """What the reader brought."""

    key: Path | None
    root: Path | None
    persons: Path | None
    witnesses: Sequence[Path]
    before: Sequence[Path]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="lims-verify", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--key", type=Path, help="file with the log's public key; else log.vkey beside what is checked")
    parser.add_argument(
        "--root",
        type=Path,
        help="PEM file with the roots of seal and time stamps; else those that come with what is checked",
    )
    parser.add_argument(
        "--persons", type=Path, help="PEM file with the root of the people's keys; else that in the bundle"
    )
    parser.add_argument(
        "--witness", type=Path, action="append", default=[], help="file with the public key of a witness"
    )
    parser.add_argument("--before", type=Path, action="append", default=[], help="a head written down earlier")
    parser.add_argument("--lang", "--language", dest="language", choices=("zh", "en"), default=_language())
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    trusted = _Trusted(asked.key, asked.root, asked.persons, asked.witness, asked.before)
    logs = [path for path in asked.paths if _is_log(path)]
    reports = [_check(path, trusted, logs) for path in asked.paths]
    if asked.json:
        sys.stdout.write(json.dumps({"reports": [one.as_json() for one in reports]}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(line for one in reports for line in one.lines(asked.language)) + "\n")
    states = {one.status for one in reports}
    return 1 if 1 in states else max(states)


def _is_log(path: Path) -> bool:
    return path.is_dir() and (path / directory.CHECKPOINT).exists()


def _check(path: Path, trusted: _Trusted, logs: Sequence[Path]) -> Report:
    folder = path if path.is_dir() else path.parent
    try:
        log = _key(trusted.key, folder)
        witnesses = [Verifier(one.read_text("utf-8").strip()) for one in trusted.witnesses]
        roots = _certificates(trusted.root)
        persons = _certificates(trusted.persons)
    except (OSError, NoteError, ValueError) as error:
        report = Report(str(path))
        report.unknown(f"读不懂公钥或根证书：{error}", f"a public key or root cannot be read: {error}")
        return report
    if _is_log(path):
        return directory.check(path, log, trusted.before, witnesses, trusted.root)
    if path.name.endswith(certificate.ENDING):
        report = certificate.check(path, log, witnesses)
        _held_against(report, *_of_proof(path), trusted.before, logs)
        return report
    if path.name.endswith(bundle.ENDING) and path.is_file():
        check = sampled.check if sampled.is_report(path) else bundle.check
        report, events = check(path, bundle.Keys(log, roots, persons, witnesses))
        if events is not None and events.head is not None:
            _held_against(report, events.head, events.certificate, trusted.before, logs)
        return report
    report = Report(str(path))
    if not path.exists():
        report.unknown("没有这个文件", "there is no such file")
    else:
        report.unknown(
            "不是证据包（.zip）、日志目录（含 checkpoint）或 .tlog-proof 文件",
            "neither an evidence bundle (.zip), nor a log directory (with a checkpoint), nor a .tlog-proof file",
        )
    return report


def _of_proof(path: Path) -> tuple[Head | None, str]:
    """The head that a proof file claims and the certificate it is about; none when it cannot be read, which is told already."""
    try:
        found = proofs.parse(path.read_text("utf-8"))
        return checkpoint.unchecked(found.checkpoint), str(leaves.read(found.extra or b"").get("cert", ""))
    except (OSError, ValueError):
        return None, ""


def _held_against(report: Report, head: Head | None, number: str, before: Sequence[Path], logs: Sequence[Path]) -> None:
    """Heads written down earlier, and exported logs, beside the head of a bundle or a proof."""
    if head is None:
        return
    for path in before:
        try:
            old = checkpoint.unchecked(path.read_text("utf-8"))
        except (OSError, ValueError) as error:
            report.unknown(f"读不到早先的检查点 {path}：{error}", f"the earlier head {path} cannot be read: {error}")
            continue
        if (old.origin, old.size) == (head.origin, head.size):
            if old.root != head.root:
                report.wrong(
                    f"同为 {head.size} 条，{path} 的根却不同：存在两套历史，日志被改写或分叉",
                    f"{path} has another root for the same {head.size} entries: there are two histories, the log was rewritten or forked",
                )
        elif not logs:
            report.unknown(
                f"单凭此文件无法说明与早先的检查点 {path}（{old.size} 条）是否同一历史；请与日志导出一并检查",
                f"this file alone cannot show that it is of one history with the earlier head {path} ({old.size} entries); "
                "check it together with an export of the log",
            )
    together.check(report, head, number, logs)


def _certificates(path: Path | None) -> list[x509.Certificate] | None:
    return None if path is None else x509.load_pem_x509_certificates(path.read_bytes())


def _key(given: Path | None, folder: Path) -> Verifier | None:
    """The key given, or the one beside what is checked; None when there is none. A key from beside proves no more than that
    the files belong together: whoever doubts them brings his own."""
    path = given or folder / directory.KEY
    if given is None and not path.exists():
        return None
    return Verifier(path.read_text("utf-8").strip())


def _language() -> str:
    names = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return "en" if next((one for one in names if one), "").startswith("en") else "zh"


if __name__ == "__main__":
    sys.exit(main())

"""`lims-verify.pyz PATH… [--key FILE] [--witness FILE] [--before CHECKPOINT] [--language zh|en] [--json]`

PATH is a directory made by `manage.py log export`, or a NUMBER.tlog-proof with its NUMBER.pdf beside it.
Exit status: 0 all good, 1 something is wrong, 2 cannot tell.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from lims.audit.tlog.note import NoteError, Verifier
from lims.audit.verify import certificate, directory
from lims.audit.verify.report import Report


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="lims-verify", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--key", type=Path, help="file with the log's public key; else log.vkey beside what is checked")
    parser.add_argument(
        "--witness", type=Path, action="append", default=[], help="file with the public key of a witness"
    )
    parser.add_argument("--before", type=Path, action="append", default=[], help="a head written down earlier")
    parser.add_argument("--language", choices=("zh", "en"), default=_language())
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    reports = [_check(path, asked.key, asked.before, asked.witness) for path in asked.paths]
    if asked.json:
        sys.stdout.write(json.dumps({"reports": [one.as_json() for one in reports]}, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write("\n".join(line for one in reports for line in one.lines(asked.language)) + "\n")
    states = {one.status for one in reports}
    return 1 if 1 in states else max(states)


def _check(path: Path, key: Path | None, earlier: list[Path], witnesses: list[Path]) -> Report:
    folder = path if path.is_dir() else path.parent
    try:
        log = _key(key, folder)
        seen_by = [Verifier(one.read_text("utf-8").strip()) for one in witnesses]
    except (OSError, NoteError) as error:
        report = Report(str(path))
        report.unknown(f"读不懂公钥：{error}", f"a public key cannot be read: {error}")
        return report
    if path.is_dir() and (path / directory.CHECKPOINT).exists():
        return directory.check(path, log, earlier, seen_by)
    if path.name.endswith(certificate.ENDING):
        return certificate.check(path, log, seen_by)
    report = Report(str(path))
    if not path.exists():
        report.unknown("没有这个文件", "there is no such file")
    else:
        report.unknown(
            "不是日志目录（含 checkpoint），也不是 .tlog-proof 文件",
            "neither a log directory (with a checkpoint) nor a .tlog-proof file",
        )
    return report


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

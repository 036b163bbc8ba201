"""The commands `procedure check | evaluate | template` without Django: text in, text out, exit status.

Status 0 is good, 1 a check that failed, 2 wrong input. Errors are sentences on standard error; with `--json` standard
output carries one JSON object and nothing else.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, TextIO

from lims.core.text import DataError
from standards.procedures.check import check_pack
from standards.procedures.evaluation import evaluate, open_values
from standards.procedures.loader import load_pack
from standards.procedures.results import CONCLUSIONS, Evaluation
from standards.procedures.schema import KINDS, FileErrors, Pack
from standards.procedures.template import describe, template

GOOD: Final = 0
FAILED: Final = 1
WRONG_INPUT: Final = 2
LARGEST_INPUT: Final = 5_000_000
"""Bytes of a pack or record file; larger files are refused unread."""


class WrongInput(Exception):
    """Input that cannot be read; the message is one sentence in both languages."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The subcommands and their options."""
    commands = parser.add_subparsers(dest="action", required=True)
    check = commands.add_parser("check", help="check packs and run their worked examples")
    check.add_argument("files", nargs="+", metavar="FILE")
    check.add_argument("--json", action="store_true")
    run = commands.add_parser("evaluate", help="evaluate one record with a pack")
    run.add_argument("file", metavar="FILE")
    run.add_argument("--input", required=True, metavar="DATA.json")
    run.add_argument(
        "--item", action="append", default=[], metavar="ID", help="only this item, without the environment"
    )
    run.add_argument("--json", action="store_true")
    empty = commands.add_parser("template", help="print an empty input for evaluate")
    empty.add_argument("file", metavar="FILE")
    empty.add_argument("--kind", choices=KINDS, default="")
    empty.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE")
    empty.add_argument("--json", action="store_true", help="accepted for symmetry; the output is JSON anyway")


def run(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Carry out a parsed command."""
    actions = {"check": _check, "evaluate": _evaluate, "template": _template}
    try:
        return actions[options.action](options, out, err)
    except WrongInput as failure:
        print(failure, file=err)
        return WRONG_INPUT


def main(arguments: Sequence[str], out: TextIO, err: TextIO) -> int:
    """Run from a list of words, as `python -m standards.procedures` does."""
    parser = argparse.ArgumentParser(prog="procedure")
    add_arguments(parser)
    return run(parser.parse_args(arguments), out, err)


def _read(name: str) -> str:
    path = Path(name)
    try:
        if path.stat().st_size > LARGEST_INPUT:
            raise WrongInput(f"{name}: 文件太大。The file is too large.")
        return path.read_text(encoding="utf-8")
    except OSError as failure:
        raise WrongInput(f"{name}: 读不了文件：{failure.strerror}。The file cannot be read.") from None
    except UnicodeDecodeError:
        raise WrongInput(f"{name}: 不是 UTF-8 文字。The file is not UTF-8 text.") from None


def sentence(error: DataError, name: str) -> str:
    """`file: path: 中文 English`."""
    place = f"{name}: {error.path}" if error.path else name
    return f"{place}: {error.text.zh} {error.text.en}"


def _load(name: str) -> Pack:
    try:
        return load_pack(_read(name), name=Path(name).name)
    except FileErrors as failure:
        raise WrongInput("\n".join(sentence(error, name) for error in failure.errors)) from None


def _check(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    worst = GOOD
    listed: list[dict[str, Any]] = []
    for name in options.files:
        pack, errors, status = _examine(name)
        worst = max(worst, status)
        for error in errors:
            print(sentence(error, name), file=err)
        entry: dict[str, Any] = {"file": name, "ok": not errors, "errors": [error.as_json() for error in errors]}
        if pack is not None:
            entry |= {
                "label": pack.label,
                "sha256": pack.sha256,
                "examples": len(pack.examples),
                "unconfirmed": sum(not one.claim.confirmed for one in pack.claims()),
                "open": [one.as_json() for one in open_values(pack)],
            }
            if not options.json and not errors:
                print(_line(name, pack), file=out)
        listed.append(entry)
    if options.json:
        print(json.dumps({"packs": listed}, ensure_ascii=False, indent=2), file=out)
    return worst


def _examine(name: str) -> tuple[Pack | None, list[DataError], int]:
    """A pack that cannot be read or has a wrong formula is wrong input; an example that fails is a failed check."""
    try:
        pack = load_pack(_read(name), name=Path(name).name)
    except FileErrors as failure:
        return None, failure.errors, WRONG_INPUT
    errors = check_pack(pack)
    if not errors:
        return pack, [], GOOD
    return pack, errors, FAILED if all(error.path.startswith("examples") for error in errors) else WRONG_INPUT


def _line(name: str, pack: Pack) -> str:
    unconfirmed = sum(not one.claim.confirmed for one in pack.claims())
    return (
        f"{name}: {pack.label} {pack.title.zh}，算例 {len(pack.examples)} 个全部符合，"
        f"待确认 {unconfirmed} 项，其中 {len(open_values(pack))} 项未找到。{pack.sha256[:16]}"
    )


def _evaluate(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    pack = _load(options.file)
    try:
        data = json.loads(_read(options.input))
    except (ValueError, RecursionError) as failure:
        raise WrongInput(f"{options.input}: 不是有效的 JSON：{failure}。Not valid JSON.") from None
    for name in options.item:
        if name not in pack.index:
            raise WrongInput(f"{options.file}: 没有项目“{name}”。There is no item “{name}”.")
    try:
        evaluation = evaluate(pack, data, only=options.item)
    except FileErrors as failure:
        name = options.file if any(error.path.startswith("items[") for error in failure.errors) else options.input
        raise WrongInput("\n".join(sentence(error, name) for error in failure.errors)) from None
    if options.json:
        print(json.dumps(evaluation.as_json(), ensure_ascii=False, indent=2), file=out)
    else:
        _print_evaluation(pack, evaluation, out)
    return GOOD


def _print_evaluation(pack: Pack, evaluation: Evaluation, out: TextIO) -> None:
    print(f"{pack.label} {pack.title.zh}：{CONCLUSIONS[evaluation.conclusion].zh}", file=out)
    for result in evaluation.items.values():
        print(f"  {result.title.zh}：{CONCLUSIONS[result.conclusion].zh}", file=out)
        for index, row in enumerate(result.rows):
            cells = "  ".join(
                f"{name} = {cell.printed} {cell.unit}".rstrip() for name, cell in row.columns.items() if cell.printed
            )
            print(f"    [{index}] {row.point}: {cells}", file=out)
    for title, remarks in (("缺少", evaluation.missing), ("提示", evaluation.warnings)):
        for remark in remarks:
            print(f"  {title}：{remark.path}：{remark.text.zh}", file=out)


def _template(options: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    pack = _load(options.file)
    kind = options.kind or pack.kinds[0].id
    if pack.kind(kind) is None:
        raise WrongInput(f"{options.file}: 规程没有检定类别“{kind}”。The procedure has no kind “{kind}”.")
    parameters = {}
    for text in options.parameter:
        name, mark, value = text.partition("=")
        if not mark or pack.parameter(name) is None:
            raise WrongInput(f"--parameter {text}: 应为 参数=值。This must be NAME=VALUE of a parameter.")
        parameters[name] = value
    try:
        document = {**template(pack, kind, parameters), "fields": describe(pack, kind, parameters)}
    except FileErrors as failure:
        raise WrongInput("\n".join(sentence(error, options.file) for error in failure.errors)) from None
    print(json.dumps(document, ensure_ascii=False, indent=2), file=out)
    return GOOD

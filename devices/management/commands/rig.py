"""`manage.py rig …`: instruments and their profiles from the command line, and stored sessions read again."""

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from devices.agent.cable import PortLost
from devices.agent.once import read_rig
from devices.management.stored import STORED, Wrong
from devices.profiles import Profile, ProfileErrors, load_profile, shipped
from lims.core.text import DataError

WRONG_INPUT, FAILED_CHECK = 2, 1


class Command(BaseCommand):
    help = "Read an instrument with a rig profile, check rig profiles, export, replay and reread stored sessions"
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="command", required=True)
        read = commands.add_parser("read", help="read every channel of an instrument")
        read.add_argument("--profile", required=True, metavar="FILE", help="TOML file, or the id of a shipped profile")
        read.add_argument("--port", required=True, help="device path, or usb:SERIAL")
        read.add_argument("--count", type=int, default=1, help="how many times")
        read.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="overrides")
        read.add_argument("--json", action="store_true")
        check = commands.add_parser("check", help="check rig profiles")
        check.add_argument("files", nargs="+", metavar="FILE")
        check.add_argument("--json", action="store_true")
        replay = commands.add_parser("replay", help="decode a stored or exported session again and compare every digit")
        replay.add_argument("session", metavar="SESSION", help="identifier (or its beginning), or an exported file")
        replay.add_argument("--json", action="store_true")
        reread = commands.add_parser("reread", help="list the stored readings that would come out differently now")
        which = reread.add_mutually_exclusive_group()
        which.add_argument("--session", help="identifier (or its beginning) of one session")
        which.add_argument("--profile", help="sessions of this profile: id or beginning of its SHA-256")
        reread.add_argument("--with", dest="other", metavar="PROFILE", help="read with this version: file or SHA-256")
        reread.add_argument("--json", action="store_true")
        export = commands.add_parser("export", help="write a session into one file that can be replayed anywhere")
        export.add_argument("session", metavar="SESSION", help="identifier, or its beginning")
        export.add_argument("--out", required=True, metavar="FILE", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        if options["command"] == "check":
            sys.exit(self._check(options["files"], as_json=options["json"]))
        if options["command"] == "read":
            sys.exit(self._read(options))
        try:
            sys.exit(STORED[options["command"]](options, self.stdout, self.stderr))
        except Wrong as error:
            sys.exit(self._wrong(str(error)))

    def _wrong(self, sentence: str) -> int:
        self.stderr.write(sentence)
        return WRONG_INPUT

    def _check(self, files: list[str], *, as_json: bool) -> int:
        found: dict[str, Any] = {}
        status = 0
        for name in files:
            try:
                profile = _load(name)
            except OSError as error:
                return self._wrong(f"{name}: 读不到文件 / cannot be read: {error.strerror}")
            except UnicodeDecodeError:
                return self._wrong(f"{name}: 不是 UTF-8 文本 / is not UTF-8 text")
            except ProfileErrors as error:
                status = FAILED_CHECK
                found[name] = {"ok": False, "mistakes": [one.as_json() for one in error.mistakes]}
                for one in error.mistakes:
                    self.stderr.write(f"{name}: {one.path}: {one.text.zh} / {one.text.en}")
                continue
            found[name] = {"ok": True, "id": profile.id, "sha256": profile.sha256, "mistakes": []}
            if not as_json:
                self.stdout.write(
                    f"{name}: {profile.id} {profile.sha256[:12]}，{len(profile.channels)} 个通道 / channels"
                )
        if as_json:
            self.stdout.write(json.dumps({"files": found}, ensure_ascii=False))
        return status

    def _read(self, options: dict[str, Any]) -> int:
        settings = {}
        for text in options["overrides"]:
            name, equals, value = text.partition("=")
            if not equals:
                return self._wrong(f"--set {text}: 应写作 NAME=VALUE / must be written NAME=VALUE")
            settings[name] = value
        if not 1 <= options["count"] <= 100_000:
            return self._wrong("--count: 应在 1 到 100000 之间 / must be between 1 and 100000")
        try:
            profile = _load(options["profile"])
            result = read_rig(profile, options["port"], count=options["count"], settings=settings)
        except (OSError, UnicodeDecodeError) as error:
            return self._wrong(f"{options['profile']}: 读不到方案 / profile cannot be read: {error}")
        except ProfileErrors as error:
            first = error.mistakes[0]
            return self._wrong(f"{options['profile']}: {first.path}: {first.text.zh} / {first.text.en}")
        except DataError as error:
            return self._wrong(f"--set {error.path}: {error.text.zh} / {error.text.en}")
        except PortLost as error:
            return self._wrong(f"{error.zh} / {error.en}")
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._show(result)
        usable = any(one["quality"] == "ok" for sample in result["samples"] for one in sample["channels"].values())
        if not usable:
            text = next(one["text"] for one in result["samples"][-1]["channels"].values())
            self.stderr.write(f"没有读到可用的数值：{text['zh']} / No usable value was read: {text['en']}")
        return 0 if usable else FAILED_CHECK

    def _show(self, result: dict[str, Any]) -> None:
        self.stdout.write(f"{result['profile']['id']}  {result['identity']['serial']}")
        for sample in result["samples"]:
            for name, one in sample["channels"].items():
                shown = one["value"] if one["value"] is not None else one["text"]["zh"] or "—"
                words = one["text"]["zh"] if one["value"] is not None else ""
                line = f"{sample['number']:>4}  {name:<12} {shown:>14} {one['unit']:<6} {one['quality']:<8} {words}"
                self.stdout.write(line.rstrip())


def _load(name: str) -> Profile:
    """A profile by file name or by the id of a shipped one. Raises OSError, UnicodeDecodeError, ProfileErrors."""
    if name in shipped():
        return shipped()[name]
    path = Path(name)
    return load_profile(path.read_text("utf-8"), name=path.name)

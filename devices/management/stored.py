"""Stored sessions from the command line: `rig replay`, `rig reread`, `rig export`."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

from devices import exchangefile, selectors
from devices.models import CaptureSession, RigProfile
from devices.profiles import ProfileErrors, load_profile
from devices.profiles.model import Profile
from devices.protocols import PARSER
from devices.replay import Again, again, profile_of
from lims.core.text import DataError

SHORTEST = 4
"""Characters of an identifier that may stand for the whole, if only one begins so."""
SHOWN = 20
FAILED_CHECK = 1


class Wrong(Exception):
    """Wrong input, as one sentence in both languages."""


def _session(named: str) -> CaptureSession:
    digits = named.replace("-", "").lower()
    rows = CaptureSession.objects.select_related("profile", "port__bench")
    if len(digits) >= SHORTEST and all(one in "0123456789abcdef" for one in digits) and len(digits) <= 32:
        # A range instead of LIKE: PostgreSQL keeps a UUID as a number and would have to write all of them out.
        low, high = digits.ljust(32, "0"), digits.ljust(32, "f")
        found = list(rows.filter(pk__gte=low, pk__lte=high)[:2])
        if len(found) == 1:
            return found[0]
        if found:
            raise Wrong(f"{named}: 不止一个会话以此开头 / more than one session begins so")
    raise Wrong(f"{named}: 没有这个采集会话 / there is no such session")


def _version(named: str) -> RigProfile:
    found = list(RigProfile.objects.filter(sha256__startswith=named.lower())[:2]) if len(named) >= SHORTEST else []
    if len(found) == 1:
        return found[0]
    raise Wrong(f"{named}: 没有（或不止一个）这样的配置版本 / no such profile version, or more than one")


def _other(named: str) -> Profile:
    """A profile to read with: a file, or a registered version by its SHA-256."""
    path = Path(named)
    if not path.is_file():
        return profile_of(_version(named).text)
    try:
        return load_profile(path.read_text("utf-8"), name=path.name)
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"{named}: 读不到文件 / cannot be read: {error}") from error
    except ProfileErrors as error:
        first = error.mistakes[0]
        raise Wrong(f"{named}: {first.path}: {first.text.zh} / {first.text.en}") from error


def _told(one: Again) -> dict[str, Any]:
    stored = one.stored
    return {
        "reading": stored.seq_no,
        "channel": stored.channel,
        "value": stored.value or None,
        "unit": stored.unit,
        "quality": stored.quality,
        "again": {"value": one.value or None, "unit": one.unit, "quality": one.quality, "found": one.value is not None},
        "agrees": one.agrees,
        "tx": stored.tx_seq,
        "rx": stored.rx_seq,
    }


def _line(one: Again) -> str:
    stored = one.stored
    now = one.text.zh if one.value is None else f"{one.value or '—'} {one.unit} {one.quality}"
    frames = f"{stored.tx_seq or ''}→{stored.rx_seq or ''}"
    return (
        f"  #{stored.seq_no} {stored.channel}: {stored.value or '—'} {stored.unit} {stored.quality} | {now} | {frames}"
    )


def replay(options: dict[str, Any], out: TextIO, err: TextIO) -> int:
    """Every reading of a session decoded again with its own profile; exit status 1 when a digit differs."""
    named = options["session"]
    if Path(named).is_file():
        source, found, broken, parser = _of_file(Path(named))
    else:
        session = _session(named)
        source, parser = str(session.pk), session.parser
        found, broken = selectors.again_session(session), selectors.first_broken_frame(session)
    count, rows, different = 0, [], []
    for one in found:
        count += 1
        if options["json"]:
            rows.append(_told(one))
        if not one.agrees:
            different.append(one)
    if options["json"]:
        told = {
            "session": source,
            "parser": {"recorded": parser, "present": PARSER},
            "chain": {"unbroken": broken is None, "broken_at": broken},
            "count": count,
            "different": len(different),
            "readings": rows,
        }
        out.write(json.dumps(told, ensure_ascii=False))
    else:
        chain = "完整 / unbroken" if broken is None else f"在第 {broken} 帧断开 / broken at frame {broken}"
        out.write(f"{source}: {count} 个读数 / readings，{len(different)} 个不同 / differ；校验链 / chain {chain}")
        _list(different, out)
    return FAILED_CHECK if different or broken is not None else 0


def _of_file(path: Path) -> tuple[str, Iterator[Again], int | None, str]:
    try:
        with path.open(encoding="utf-8") as file:
            session = exchangefile.load(file)
        profile = load_profile(session.profile_text)
    except (OSError, UnicodeDecodeError) as error:
        raise Wrong(f"{path}: 读不到文件 / cannot be read: {error}") from error
    except DataError as error:
        raise Wrong(f"{path}: {error.path}: {error.text.zh} / {error.text.en}") from error
    except ProfileErrors as error:
        raise Wrong(f"{path}: {error.mistakes[0].path}: {error.mistakes[0].text.zh}") from error
    return (
        session.session,
        again(profile, session.header, session.frames, session.readings),
        session.broken_at,
        session.parser,
    )


def _list(different: list[Again], out: TextIO) -> None:
    for one in different[:SHOWN]:
        out.write(_line(one))
    if len(different) > SHOWN:
        out.write(f"  … {len(different) - SHOWN} 个未列出，用 --json / not listed, use --json")


def reread(options: dict[str, Any], out: TextIO, err: TextIO) -> int:
    """What stored bytes say under the present parser, or another profile; exit status 1 when something differs.

    Nothing is changed: a stored reading stays what it was.
    """
    rows = CaptureSession.objects.select_related("profile").filter(reading_count__gt=0).order_by("requested_at")
    if options["session"]:
        rows = rows.filter(pk=_session(options["session"]).pk)
    elif options["profile"]:
        name = options["profile"]
        rows = rows.filter(profile__identifier=name) or rows.filter(profile=_version(name))
    other = _other(options["other"]) if options["other"] else None
    total, reports = 0, []
    for session in rows:
        count, different = 0, []
        for one in selectors.again_session(session, other):
            count += 1
            if not one.agrees:
                different.append(one)
        total += len(different)
        reports.append((session, count, different))
    if options["json"]:
        told = {
            "parser": PARSER,
            "profile": other.sha256 if other else None,
            "different": total,
            "sessions": [
                {
                    "session": str(session.pk),
                    "profile": session.profile.sha256,
                    "parser": session.parser,
                    "count": count,
                    "different": [_told(one) for one in different],
                }
                for session, count, different in reports
            ],
        }
        out.write(json.dumps(told, ensure_ascii=False))
    else:
        for session, count, different in reports:
            out.write(f"{session.pk}: {count} 个读数 / readings，{len(different)} 个会不同 / would differ")
            _list(different, out)
        out.write(f"{len(reports)} 个会话 / sessions，{total} 个读数会不同 / readings would differ")
    return FAILED_CHECK if total else 0


def export(options: dict[str, Any], out: TextIO, err: TextIO) -> int:
    """One file with everything of a session."""
    session, path = _session(options["session"]), options["out"]
    draft = path.with_name(f".{path.name}.part")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(selectors.export(session))
        draft.replace(path)
    except OSError as error:
        raise Wrong(f"{path}: 不能写入 / cannot be written: {error.strerror}") from error
    out.write(f"{path}: {session.frame_count} 帧 / frames，{session.reading_count} 个读数 / readings")
    return 0


STORED: dict[str, Callable[[dict[str, Any], TextIO, TextIO], int]] = {
    "replay": replay,
    "reread": reread,
    "export": export,
}

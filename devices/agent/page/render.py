"""The page as HTML. Everything that comes from outside goes through `escape`."""

import time
from html import escape
from typing import Any

from devices.agent.page.words import Speech

PAGE = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/page.css">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script defer src="/page.js"></script>
</head>
<body>
<a class="skip" href="#main">{skip}</a>
<header><div class="wide"><h1>{heading}</h1>
<nav aria-label="Language / 语言"><a href="/?lang={other}" lang="{other}" hreflang="{other}">{other_language}</a></nav></div></header>
<main id="main" class="wide" tabindex="-1">
<p id="gone" class="alarm" role="alert" hidden>{gone}</p>
<div id="live">{live}</div>
</main>
<footer class="wide"><p>{foot}</p></footer>
</body>
</html>
"""


def page(state: dict[str, Any], say: Speech) -> str:
    return PAGE.format(
        language=say.language,
        title=escape(f"{state['bench']} · {say('title')}"),
        heading=escape(f"{state['bench']} · {say('title')}"),
        other="zh-Hans" if say.english else "en",
        live=live(state, say),
        **{word: escape(say(word)) for word in ("skip", "other_language", "gone", "foot")},
    )


def live(state: dict[str, Any], say: Speech) -> str:
    """The part that changes."""
    parts = [
        f'<p class="meta">{escape(say("version"))} {escape(state["agent"])} · {escape(say("now"))} '
        f"{_when(state['now_ns'], 0)}</p>",
        '<div class="cards">',
        _card("server", _server(state["server"], say), say, alarm=not state["server"]["reachable"]),
        _card("clock", _clock(state["clock"], say), say, alarm=state["clock"]["step_ms"] is not None),
        _card("outbox", _outbox(state["outbox"], say), say, alarm=state["outbox"]["disk_is_low"]),
        "</div>",
    ]
    if state["refused"]:
        rows = "".join(
            f"<li><strong>{escape(one['port'])}</strong> <code>{escape(one['session'])}</code> · {one['frames']} "
            f"{escape(say('frames'))}<br>{escape(_both(one['text'], say))}</li>"
            for one in state["refused"]
        )
        parts.append(
            f'<section class="alarm"><h2>{escape(say("refused_title"))}</h2><p>{escape(say("refused_hint"))}</p>'
            f"<ul>{rows}</ul></section>"
        )
    parts += [_port(one, say, state["now_ns"]) for one in state["ports"]]
    if not state["ports"]:
        parts.append(f"<p>{escape(say('no_ports'))}</p>")
    return "".join(parts)


def _card(word: str, inside: str, say: Speech, *, alarm: bool) -> str:
    marked = " alarm" if alarm else ""
    return f'<section class="card{marked}" data-card="{word}"><h2>{escape(say(word))}</h2>{inside}</section>'


def _server(server: dict[str, Any], say: Speech) -> str:
    word = "reachable" if server["reachable"] else "unreachable"
    lines = [
        f'<p><span class="badge {word}">{escape(say(word))}</span> {escape(say("since"))} '
        f"{_when(server['since_ns'], 0)}</p>"
    ]
    if not server["reachable"]:
        lines.append(f"<p>{escape(say('safe'))}</p>")
    if said := _both(server["text"], say):
        lines.append(f'<p class="said">{escape(said)}</p>')
    if server["address"]:
        lines.append(f"<p><code>{escape(server['address'])}</code></p>")
    return "".join(lines)


def _clock(clock: dict[str, Any], say: Speech) -> str:
    offset = clock["offset_ms"]
    if offset is None:
        first = say("offset_unknown")
    else:
        first = (
            f"{say('offset')}{' ' if say.english else ''}{say('behind' if offset < 0 else 'ahead')} {abs(offset)} ms"
        )
        first += f" (± {max(1, clock['rtt_ms'] // 2)} ms)"
    lines = [f"<p>{escape(first)}</p>", f"<p>{escape(say(clock['ntp']))}</p>"]
    if clock["step_ms"] is not None:
        lines.append(f"<p>{escape(say('stepped'))} {clock['step_ms']:+d} ms</p>")
    return "".join(lines)


def _outbox(outbox: dict[str, Any], say: Speech) -> str:
    if outbox["sessions"]:
        counts = " · ".join(f"{outbox[word]} {say(word)}" for word in ("sessions", "frames", "readings"))
        lines = [f"<p>{escape(counts)}</p>"]
    else:
        lines = [f"<p>{escape(say('all_sent'))}</p>"]
    if outbox["trouble"]:
        lines.append(f'<p class="said">{escape(say("upload_trouble"))}: {escape(_both(outbox["trouble"], say))}</p>')
    if outbox["disk_is_low"]:
        lines.append(f"<p>{escape(say('disk_low'))}</p>")
    return "".join(lines)


def _port(port: dict[str, Any], say: Speech, now_ns: int) -> str:
    profile = port["profile"]
    title = f"{_both(profile['title'], say)} ({profile['id']})" if profile else say("bare")
    facts = [
        ("device", f"<code>{escape(port['device'])}</code>"),
        ("profile", escape(title)),
        ("serial", escape(port["serial_read"] or say("not_read"))),
    ]
    if port["session"]:
        facts.append(("session", f"<code>{escape(port['session'])}</code>"))
    if port["waiting"]:
        facts.append(("outbox", f"{port['waiting']} {escape(say('frames'))}"))
    listed = "".join(f"<div><dt>{escape(say(word))}</dt><dd>{value}</dd></div>" for word, value in facts)
    trouble = f'<p class="alarm">{escape(_both(port["trouble"], say))}</p>' if port["trouble"] else ""
    return (
        f'<section class="port" data-port="{escape(port["name"])}"><h2>{escape(port["name"])} '
        f'<span class="badge {port["state"]}">{escape(say(port["state"]))}</span></h2><dl>{listed}</dl>{trouble}'
        f"{_values(port, say, now_ns)}</section>"
    )


def _values(port: dict[str, Any], say: Speech, now_ns: int) -> str:
    if not port["channels"]:
        return f'<p class="quiet">{escape(say("nothing_yet"))}</p>' if port["state"] == "capturing" else ""
    head = "".join(f'<th scope="col">{escape(say(word))}</th>' for word in ("channel", "value", "quality", "time"))
    rows = []
    for one in port["channels"]:
        good = one["quality"] == "ok"
        quality = escape(say(one["quality"]))
        if not good and (said := _both(one["text"], say)):
            quality += f'<br><span class="said">{escape(said)}</span>'
        rows.append(
            f'<tr class="{"good" if good else "bad"}" data-channel="{escape(one["id"])}">'
            f'<th scope="row">{escape(_both(one["title"], say))}</th>'
            f'<td class="number">{escape(one["value"] or "—")} {escape(one["unit"] if one["unit"] != "1" else "")}</td>'
            f"<td>{quality}</td><td>{_when(one['at_ns'], now_ns)}</td></tr>"
        )
    return f'<table><caption class="off">{escape(port["name"])}</caption><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def _both(text: dict[str, str], say: Speech) -> str:
    return text["en"] if say.english else text["zh"]


def _when(ns: int, now_ns: int) -> str:
    """Local time; with the date unless it is of the same day as `now_ns` (0: always)."""
    at, now = time.localtime(ns / 1e9), time.localtime(now_ns / 1e9)
    today = now_ns and (at.tm_year, at.tm_yday) == (now.tm_year, now.tm_yday)
    return time.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S", at)

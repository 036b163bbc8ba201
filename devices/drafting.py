"""From an answer on the wire to a draft rig profile: what a person clicks becomes an expression, a register or a BCD format.

Plain Python. The result is the text of a profile like any other; nothing here is trusted before `load_profile` has read it.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation, localcontext
from typing import Literal

from devices.profiles.model import QUANTITIES
from devices.protocols import dlt645, values
from devices.protocols.line import printable
from devices.protocols.values import EXACT, NotANumber

ENDINGS = {"CR LF": b"\r\n", "LF": b"\n", "CR": b"\r"}
STABLE = frozenset({"ST", "S", "STABLE"})
"""Words with which balances of the common families say that a reading is stable (A&D and Ohaus ST, MT-SICS S)."""
_STATES = STABLE | {"US", "D", "U", "UNSTABLE", "OL"}
_NUMBER = re.compile(r"[+-]? *\d+(?:\.\d+)?(?:[eE][+-]?\d+)?")
_WORD = re.compile(r"[^\W\d_](?:[^\W_]|[%°/²³])*|%|°C?")

Mark = Literal["number", "unit", "state"]


@dataclass(frozen=True)
class Token:
    """A piece of a line a person can point at; `kind` is number, word, space or sign (punctuation)."""

    index: int
    kind: str
    text: str


def ending_of(raw: bytes) -> str:
    """The name of the line end that these bytes use; CR LF when they use none."""
    return next((name for name, end in ENDINGS.items() if end in raw), "CR LF")


def lines_of(raw: bytes, ending: str) -> list[str]:
    """The complete lines as text, bytes outside printable ASCII escaped; empty lines are left out."""
    whole = raw.split(ENDINGS[ending])[:-1]
    return [printable(line) for line in whole if line]


def tokens(line: str) -> list[Token]:
    """The line cut into pieces that together are the line. A word keeps its digits: CH1 is no number."""
    found: list[Token] = []
    at = 0
    while at < len(line):
        before = line[at - 1] if at else ""
        number = _NUMBER.match(line, at) if not before.isalpha() else None
        if match := _WORD.match(line, at):
            kind = "word"
        elif number:
            match, kind = number, "number"
        else:
            match, kind = re.compile(r" +|.", re.S).match(line, at), "space" if line[at] == " " else "sign"
        assert match is not None
        found.append(Token(len(found), kind, match[0]))
        at = match.end()
    return found


def suggested(found: list[Token], number: int) -> dict[int, Mark]:
    """What else is probably meant when this number is clicked: the unit behind it, the word for stability."""
    marks: dict[int, Mark] = {number: "number"}
    units = {unit for group in QUANTITIES.values() for unit in group}
    behind = next((one for one in found[number + 1 :] if one.kind == "word"), None)
    if behind and behind.text in units:
        marks[behind.index] = "unit"
    states = [one for one in found if one.kind == "word" and one.text.upper() in _STATES and one.index not in marks]
    if states:  # MT-SICS answers "S S 1.2340 g": the word nearest to the number is the one that changes
        marks[min(states, key=lambda one: abs(one.index - number)).index] = "state"
    return marks


def decimals(number: str) -> int:
    return len(number.partition(".")[2])


def resolution(number: str) -> str:
    """One in the last digit shown: 1.2340 has the resolution 0.0001. Empty with an exponent, where it changes."""
    if "e" in number.lower():
        return ""
    places = decimals(number)
    return f"{Decimal(1).scaleb(-places):f}"


def as_displayed(value: Decimal, shown: str) -> str:
    """The number with the decimals of the display when it is what the display shows; else with its own."""
    with contextlib.suppress(InvalidOperation):
        step = Decimal(resolution(shown)) if shown else None
        if step is not None and values.at_resolution(value, step) == Decimal(shown):
            return shown
    return _short(value)


def quantity_of(unit: str) -> str:
    """The quantity a unit belongs to, empty when none or several have it."""
    found = [name for name, units in QUANTITIES.items() if unit in units]
    return found[0] if len(found) == 1 else ""


def expression(found: list[Token], marks: Mapping[int, Mark], *, unit_is_checked: bool = True) -> str:
    """The expression for lines like this one: marked numbers, unit and state become groups, everything else stays literal.

    Numbers become `n1`, `n2` … in their order, the unit `u`, the state `st`. Spaces may be more or fewer, signs come
    and go, and the digits before the point vary; those behind it are compared with the resolution when a line is read.
    """
    text, numbers = "^", 0
    for one in found:
        mark = marks.get(one.index)
        beside = [other.kind for other in found if abs(other.index - one.index) == 1]
        if one.kind == "number":
            shape = (
                r"[+-]? *\d+"
                + (r"\.\d+" if "." in one.text else "")
                + (r"(?:[eE][+-]?\d+)?" if "e" in one.text.lower() else "")
            )
            if mark == "number":
                numbers += 1
                shape = f"(?P<n{numbers}>{shape})"
            text += shape
        elif one.kind == "space":
            text += " *" if "number" in beside else " +"
        elif mark == "unit" and unit_is_checked:
            text += r"(?P<u>[^\s,;:]+)"
        elif mark == "state":
            text += r"(?P<st>[^\s,;:]+)"
        else:
            text += _literal(one.text)
    return text + "$"


def _literal(text: str) -> str:
    return "".join(one if one.isalnum() or one in " _%\"'<>=!&@#~`,;:/" else f"\\{one}" for one in text)


# Registers and BCD: the candidates among which the display decides


@dataclass(frozen=True)
class Candidate:
    """One way to read the bytes. `scale` brings the raw number to what the display shows; `value` is the result."""

    at: int
    kind: str
    order: str
    signed: bool
    scale: str
    value: str

    @property
    def key(self) -> str:
        return f"{self.at}|{self.kind}|{self.order}|{int(self.signed)}|{self.scale}"


_SCALES = tuple(Decimal(1).scaleb(power) for power in (0, -1, -2, -3, -4, -5, -6, 1, 2, 3))


def _shown_as(raw: Decimal, shown: Decimal | None, *, whole: bool) -> tuple[str, Decimal] | None:
    """Scale and value when the number can be what the display shows; without a display every number can."""
    if shown is None:
        return "1", raw
    exponent = shown.as_tuple().exponent
    step = Decimal(1).scaleb(exponent if isinstance(exponent, int) else 0)
    for scale in _SCALES if whole else (Decimal(1), Decimal("0.001"), Decimal(1000)):
        with localcontext(EXACT):
            value = raw * scale
        if raw and abs(value) < Decimal(10) ** 30 and values.at_resolution(value, step) == shown:
            return f"{scale:f}", value
    return None


def registers(data: bytes, shown: Decimal | None = None) -> list[Candidate]:
    """What the registers of a block can mean: every type and word order at every place that fits `shown`."""
    found: list[Candidate] = []
    for at in range(len(data) // 2):
        for kind, width in values.WIDTHS.items():
            part = data[2 * at : 2 * at + width]
            if len(part) < width or (shown is None and width == 8):
                continue
            seen: set[Decimal] = set()
            for order in values.ORDERS[width]:
                try:
                    raw = values.decode(kind, part, order)
                except NotANumber:
                    continue
                fits = _shown_as(raw, shown, whole=kind[0] != "f")
                if fits is None or raw in seen or not _sensible(raw, kind):
                    continue
                seen.add(raw)
                found.append(Candidate(at, kind, order, False, fits[0], _short(fits[1])))
    return found


@dataclass(frozen=True)
class Interpretation:
    """What one register and those behind it would be as one type: a Candidate per word order, None where they are no number.

    `fits` are the keys of those that give what the display shows.
    """

    kind: str
    candidates: tuple[Candidate | None, ...]
    fits: frozenset[str]


def interpretations(data: bytes, at: int, shown: Decimal | None = None) -> list[Interpretation]:
    """Everything that can begin at one register, every type in every word order."""
    found = []
    for kind, width in values.WIDTHS.items():
        part = data[2 * at : 2 * at + width]
        if len(part) < width:
            continue
        row: list[Candidate | None] = []
        fits = set()
        for order in values.ORDERS[width]:
            try:
                raw = values.decode(kind, part, order)
            except NotANumber:
                row.append(None)
                continue
            as_shown = None if shown is None else _shown_as(raw, shown, whole=kind[0] != "f")
            scale, value = as_shown or ("1", raw)
            row.append(Candidate(at, kind, order, False, scale, _short(value)))
            if as_shown:
                fits.add(row[-1].key)  # type: ignore[union-attr]
        found.append(Interpretation(kind, tuple(row), frozenset(fits)))
    return found


def words(data: bytes) -> list[tuple[int, str, int]]:
    """The registers of a block: which, in hexadecimal, as a whole number."""
    return [
        (at // 2, data[at : at + 2].hex().upper(), int.from_bytes(data[at : at + 2], "big"))
        for at in range(0, len(data) - 1, 2)
    ]


def _sensible(raw: Decimal, kind: str) -> bool:
    """Floats of 1e-20 or 1e30 are other types read wrongly."""
    return kind[0] != "f" or raw == 0 or Decimal("1e-9") < abs(raw) < Decimal("1e12")


def _short(value: Decimal) -> str:
    """The number without an exponent where that is short enough to be looked at."""
    plain = f"{value:f}"
    return plain if len(plain) <= 20 else f"{value:.6E}"


def bcd(data: bytes, shown: Decimal | None = None) -> list[Candidate]:
    """What the bytes of a DL/T 645 item can mean: the point at every place, the top bit as a sign or as a digit."""
    found: list[Candidate] = []
    digits = 2 * len(data)
    top = bool(data and data[-1] & 0x80)
    for places in range(digits):
        pattern = "X" * (digits - places) + ("." + "X" * places if places else "")
        for signed in (False, True):
            if signed and not top and shown is None:
                continue
            try:
                value = dlt645.number(data, pattern, signed=signed)
            except (NotANumber, ValueError):
                continue
            if shown is None or value == shown:
                found.append(Candidate(0, pattern, "", signed, "1", _short(value)))
    return found


# The text of a profile


@dataclass(frozen=True)
class DraftChannel:
    """One reading of a draft. `source`: the group of a line, or the key of a Candidate."""

    id: str
    title_zh: str
    title_en: str
    quantity: str
    unit: str
    source: str
    resolution: str = ""
    low: str = ""
    high: str = ""
    role: str = ""


@dataclass(frozen=True)
class Draft:
    """What a person has said about an instrument in the wizard."""

    id: str
    title_zh: str
    title_en: str
    source: str
    kind: str
    baud: int
    bits: int
    parity: str
    stop: int
    channels: tuple[DraftChannel, ...]
    send: str = ""
    expect: str = ""
    terminator: str = "CR LF"
    send_terminator: str = "CR LF"
    unit_checked: bool = False
    stable: tuple[str, ...] = ()
    unit_address: int = 1
    function: int = 3
    address: int = 0
    count: int = 1
    meter: str = dlt645.WILDCARD
    di: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)


def toml(draft: Draft) -> str:
    """The profile as text. Whether it is one, `load_profile` says."""
    out = [
        'schema = "rig/1"',
        f"id = {_quoted(draft.id)}",
        'revision = "1"',
        f"title = {_words(draft.title_zh, draft.title_en)}",
        f"source = {_quoted(draft.source)}",
        "",
        "[transport]",
        f"baud = {draft.baud}",
        f"bits = {draft.bits}",
        f"parity = {_quoted(draft.parity)}",
        f"stop = {draft.stop}",
        "",
        "[timing]",
        "reply_ms = 1500",
        "grace_ms = 1500",
        "poll_ms = 1000",
        "retries = 1",
        "",
        "[protocol]",
        f"kind = {_quoted(draft.kind)}",
        *_protocol(draft),
        "",
        "[[polls]]",
        'id = "main"',
        *_question(draft),
    ]
    for one in draft.channels:
        out += ["", "[[polls.channels]]", *_channel(draft, one)]
    return "\n".join(out) + "\n"


def _protocol(draft: Draft) -> list[str]:
    if draft.kind == "modbus-rtu":
        return [f"unit = {draft.unit_address}"]
    if draft.kind == "dlt645-2007":
        return [f"address = {_quoted(draft.meter)}"]
    return [f"terminator = {_quoted(draft.terminator)}", f"send_terminator = {_quoted(draft.send_terminator)}"]


def _question(draft: Draft) -> list[str]:
    if draft.kind == "modbus-rtu":
        return [f"fc = {draft.function}", f"address = {draft.address}", f"count = {draft.count}"]
    if draft.kind == "dlt645-2007":
        return [f"di = {_quoted(draft.di)}"]
    question = [f"send = {_quoted(draft.send)}", f"expect = {_quoted(draft.expect)}"]
    # A line has no check sum: a value counts when two answers in a row agree. Lines that come unasked cannot be asked again.
    return question + (["agree = 2"] if draft.send else [])


def _channel(draft: Draft, one: DraftChannel) -> list[str]:
    rows = [
        f"id = {_quoted(one.id)}",
        f"title = {_words(one.title_zh or one.id, one.title_en or one.id)}",
        f"quantity = {_quoted(one.quantity)}",
        f"unit = {_quoted(one.unit)}",
    ]
    if draft.kind == "line":
        rows.append(f"from = {_quoted(one.source)}")
        if draft.unit_checked:
            rows.append('unit_from = "u"')
        if draft.stable:
            rows.append(f'stable = {{ group = "st", values = [{", ".join(map(_quoted, draft.stable))}] }}')
    else:
        at, kind, order, signed, scale = (one.source.split("|") + [""] * 5)[:5]
        if draft.kind == "modbus-rtu":
            rows += [f"at = {_whole(at)}", f"type = {_quoted(kind)}", f"order = {_quoted(order)}"]
        else:
            rows += [f"format = {_quoted(kind)}", f"signed = {'true' if signed == '1' else 'false'}"]
        if scale not in ("", "1"):
            rows.append(f"scale = {_quoted(scale)}")
    if one.resolution:
        rows.append(f"resolution = {_quoted(one.resolution)}")
    if one.low and one.high:
        rows.append(f"range = [{_quoted(one.low)}, {_quoted(one.high)}]")
    if one.role:
        rows.append(f"role = {_quoted(one.role)}")
    return rows


def _whole(text: str) -> str:
    return text if text.isascii() and text.isdecimal() and len(text) < 6 else "0"


def _quoted(text: str) -> str:
    """A TOML basic string: JSON's escapes are a part of TOML's, but for DEL, which TOML admits only escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _words(zh: str, en: str) -> str:
    return f"{{ zh = {_quoted(zh)}, en = {_quoted(en or zh)} }}"


def received(frames: Iterable[Mapping[str, object]]) -> bytes:
    """What came back in the frames of a try, joined."""
    return b"".join(bytes.fromhex(str(one["hex"])) for one in frames if one["dir"] in ("r", "u", "l"))

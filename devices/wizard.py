"""What a person has done in the wizard so far: the answer in hand, what was clicked in it, and the draft it makes.

The whole state travels with the form, so the server keeps nothing but the orders to the bench.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils import translation

from devices import drafting
from devices.drafting import Candidate, Draft, DraftChannel, Interpretation, Mark, Token
from devices.forms import QUANTITY_NAMES
from devices.models import Command
from devices.protocols import dlt645, modbus_rtu, values
from devices.protocols.exchange import Answer, Exchange, Trouble
from lims.core.text import DataError, Text

MOST_CANDIDATES = 60
SYMBOLS = {
    "voltage": "U", "current": "I", "power": "P", "energy": "E", "frequency": "f", "temperature": "T", "humidity": "RH",
    "pressure": "p", "mass": "m", "volume": "V", "flow": "q", "resistance": "R", "time": "t", "power_factor": "PF",
}  # fmt: skip
_FIELD = re.compile(r"c(\d{1,2})-source")
_MARK = re.compile(r"(\d{1,3}):(number|unit|state)")


@dataclass
class ChannelFields:
    """One reading of the draft as the person has it before him."""

    source: str
    sample: str
    id: str = ""
    title_zh: str = ""
    title_en: str = ""
    unit: str = ""
    resolution: str = ""
    low: str = ""
    high: str = ""
    role: str = ""
    scale: str = ""


@dataclass
class State:
    """The answer of one order, and what was clicked in it."""

    order: Command
    kind: str
    raw: bytes
    lines: list[str] = field(default_factory=list)
    line: int = 0
    tokens: list[Token] = field(default_factory=list)
    marks: dict[int, Mark] = field(default_factory=dict)
    data: bytes = b""
    trouble: Text | None = None
    meter: str = ""
    shown: str = ""
    candidates: list[Candidate] = field(default_factory=list)
    words: list[tuple[int, str, int]] = field(default_factory=list)
    register: int | None = None
    interpretations: list[Interpretation] = field(default_factory=list)
    picks: list[str] = field(default_factory=list)
    channels: list[ChannelFields] = field(default_factory=list)
    stable: str = ""

    @property
    def marks_text(self) -> str:
        return ",".join(f"{index}:{mark}" for index, mark in sorted(self.marks.items()))

    @property
    def picks_text(self) -> str:
        return ";".join(self.picks)

    @property
    def marked(self) -> list[dict[str, Any]]:
        """The pieces of the line with what each was marked as."""
        return [{"token": one, "mark": self.marks.get(one.index, "")} for one in self.tokens]


def state_of(order: Command, post: Mapping[str, str] | None = None) -> State:
    """The answer of an order, with what the form says was clicked, and the click that came last."""
    post = post or {}
    about = order.payload.get("about", {})
    raw = drafting.received(order.result.get("frames", []))
    state = State(order, str(about.get("kind", "line")), raw)
    if state.kind == "line":
        _lines(state, post)
    else:
        _binary(state, about, post)
    _channels(state, post)
    return state


def _lines(state: State, post: Mapping[str, str]) -> None:
    state.lines = drafting.lines_of(state.raw, drafting.ending_of(state.raw))[:20]
    at = post.get("pick_line") or post.get("line", "0")
    state.line = int(at) if at.isascii() and at.isdecimal() and int(at[:4]) < len(state.lines) else 0
    if not state.lines:
        return
    state.tokens = drafting.tokens(state.lines[state.line])
    kinds = {one.index: one.kind for one in state.tokens}
    if not post.get("pick_line"):
        for index, mark in _MARK.findall(post.get("marks", "")):
            if kinds.get(int(index)) == ("number" if mark == "number" else "word"):
                state.marks[int(index)] = mark
    click = post.get("click", "")
    if click.isascii() and click.isdecimal() and int(click[:4]) in kinds:
        _click(state, int(click[:4]), kinds[int(click[:4])])
    states = [one.text for one in state.tokens if state.marks.get(one.index) == "state"]
    before = post.get("stable", "").strip()
    state.stable = (before or states[0]) if states else ""


def _click(state: State, index: int, kind: str) -> None:
    """A number is marked or not; a word is nothing, then the unit, then the word for stability, then nothing."""
    marks = state.marks
    if kind == "number":
        if index in marks:
            del marks[index]
        elif marks:
            marks[index] = "number"
        else:
            marks.update(drafting.suggested(state.tokens, index))
    elif kind == "word":
        following: dict[str | None, Mark | None] = {None: "unit", "unit": "state", "state": None}
        after = following[marks.get(index)]
        for other in [one for one, mark in marks.items() if mark == after]:
            del marks[other]  # there is one unit and one state
        marks.pop(index, None)
        if after:
            marks[index] = after


def _binary(state: State, about: Mapping[str, Any], post: Mapping[str, str]) -> None:
    asked = question(about)
    outcome = asked.feed(state.raw) or asked.expire()
    if isinstance(outcome, Trouble):
        state.trouble = Text(outcome.zh, outcome.en)
        return
    assert isinstance(outcome, Answer)
    if isinstance(asked, dlt645.ReadAddress):
        state.meter = outcome.data.decode()
        return
    state.data = outcome.data
    state.shown = post.get("shown", "").strip()[:30]
    try:
        shown = Decimal(state.shown) if state.shown else None
    except InvalidOperation:
        shown = None
    if shown is not None and not shown.is_finite():
        shown = None
    state.picks = [one for one in post.get("picks", "").split(";") if _plausible(one)][:20]
    pick = post.get("pick", "")
    if pick in state.picks:
        state.picks.remove(pick)
    elif _plausible(pick):  # one reading of a place: another scale replaces the one before
        state.picks = [one for one in state.picks if one.split("|")[:3] != pick.split("|")[:3]] + [pick]
    if state.kind == "modbus-rtu":
        state.words = drafting.words(state.data)
        at = post.get("pick_register") or post.get("register", "")
        if at.isascii() and at.isdecimal() and int(at[:4]) < len(state.words):
            state.register = int(at)
            state.interpretations = drafting.interpretations(state.data, state.register, shown)
        found = drafting.registers(state.data, shown) if shown is not None else []
    else:
        found = drafting.bcd(state.data, shown)
    state.candidates = found[:MOST_CANDIDATES]


def _plausible(key: str) -> bool:
    return bool(re.fullmatch(r"\d{1,3}\|[A-Za-z0-9.]{2,30}\|[A-H]{0,8}\|[01]\|[0-9.]{1,12}", key))


def question(about: Mapping[str, Any]) -> Exchange:
    """The exchange of a binary question as it was asked."""
    if about.get("kind") == "modbus-rtu":
        return modbus_rtu.Read(about["unit_address"], about["function"], about["address"], about["count"])
    return dlt645.Read(about["meter"], about["di"]) if about.get("di") else dlt645.ReadAddress()


def _channels(state: State, post: Mapping[str, str]) -> None:
    before = {post[key]: number for key in post if (match := _FIELD.fullmatch(key)) and (number := match[1])}
    samples = _samples(state)
    for number, (source, sample, unit) in enumerate(samples):
        if source in before:
            prefix = f"c{before[source]}-"
            names = ("id", "title_zh", "title_en", "unit", "resolution", "low", "high", "role", "scale")
            values = {name: post.get(prefix + name, "").strip()[:120] for name in names}
            state.channels.append(ChannelFields(source, sample, **values))
        else:
            state.channels.append(_fresh(source, sample, unit, number, len(samples)))


def _samples(state: State) -> list[tuple[str, str, str]]:
    """Where each reading comes from, what it shows now, and the unit beside it."""
    if state.kind == "line":
        unit = next((one.text for one in state.tokens if state.marks.get(one.index) == "unit"), "")
        return [(f"t{one.index}", one.text, unit) for one in state.tokens if state.marks.get(one.index) == "number"]
    return [(key, _picked(state, key), "") for key in state.picks]


def _picked(state: State, key: str) -> str:
    """What a chosen place shows now: the number itself, brought to the decimals of the display where that was given."""
    at, kind, order, _, scale = key.split("|")
    if state.kind != "modbus-rtu":
        return state.shown
    try:
        raw = values.decoder(kind, order, 2 * int(at))(state.data)
        value = values.EXACT.multiply(raw, Decimal(scale))
    except (KeyError, ValueError, InvalidOperation):
        return state.shown
    return drafting.as_displayed(value, state.shown)


def _fresh(source: str, sample: str, unit: str, number: int, of: int) -> ChannelFields:
    quantity = drafting.quantity_of(unit)
    name = QUANTITY_NAMES.get(quantity, "")
    with translation.override("zh-hans"):
        zh = str(name)
    with translation.override("en"):
        en = str(name)
    return ChannelFields(
        source,
        sample,
        id=SYMBOLS.get(quantity, "x") + (str(number + 1) if of > 1 else ""),
        title_zh=zh,
        title_en=en,
        unit=f"{quantity}|{unit}" if quantity else "",
        resolution=drafting.resolution(sample) if sample else "",
        scale=source.split("|")[4] if source.count("|") == 4 else "",
    )


def draft_of(state: State, post: Mapping[str, str], source: str) -> Draft:
    """The draft as it stands. Raises DataError for what no profile could say."""
    asked, about = state.order.payload["try"], state.order.payload.get("about", {})
    if not state.channels:
        raise DataError("", "请先在回答中点选数值", "Click the number in the answer first")
    send, send_ending = _sent(bytes.fromhex(asked["send"])) if state.kind == "line" else ("", "CR LF")
    units = [one.unit.partition("|")[2] for one in state.channels]
    unit_text = next((one.text for one in state.tokens if state.marks.get(one.index) == "unit"), "")
    checked = bool(unit_text) and set(units) == {unit_text}
    if drafting.quantity_of(unit_text) and unit_text not in units:
        raise DataError(
            "unit",
            f"仪器显示的单位是 {unit_text}，请照选；不要在这里换算",
            f"The instrument shows {unit_text}; choose that unit, nothing is converted here",
        )
    groups = {one.source: f"n{number}" for number, one in enumerate(state.channels, 1)}
    return Draft(
        id=post.get("draft_id", "").strip()[:64],
        title_zh=post.get("draft_title", "").strip()[:100],
        title_en=post.get("draft_title_en", "").strip()[:100],
        source=source,
        kind=state.kind,
        baud=asked["baud"],
        bits=asked["bits"],
        parity=asked["parity"],
        stop=asked["stop"],
        channels=tuple(
            DraftChannel(
                one.id,
                one.title_zh,
                one.title_en,
                *one.unit.partition("|")[::2],
                groups[one.source] if state.kind == "line" else _scaled(one),
                one.resolution,
                one.low,
                one.high,
                one.role,
            )
            for one in state.channels
        ),
        send=send,
        expect=drafting.expression(state.tokens, state.marks, unit_is_checked=checked) if state.kind == "line" else "",
        terminator=drafting.ending_of(state.raw),
        send_terminator=send_ending,
        unit_checked=checked,
        stable=tuple(state.stable.replace("，", ",").split(",")) if state.stable else (),
        **{key: about[key] for key in ("unit_address", "function", "address", "count", "meter", "di") if key in about},
    )


def _scaled(one: ChannelFields) -> str:
    """The chosen place with the scale as the person left it."""
    if "|" in one.scale:
        raise DataError("scale", "不是数值", "This is not a number")
    return "|".join([*one.source.split("|")[:4], one.scale or "1"])


def _sent(raw: bytes) -> tuple[str, str]:
    """What was sent as a line and its ending."""
    if not raw:
        return "", "CR LF"
    for name, end in drafting.ENDINGS.items():
        body = raw.removesuffix(end)
        if body != raw and body.isascii() and body.decode().isprintable():
            return body.decode(), name
    raise DataError(
        "send",
        "行协议的询问应是 ASCII 文字，以 CR LF、LF 或 CR 结束",
        "The question of a line protocol is ASCII text that ends in CR LF, LF or CR",
    )

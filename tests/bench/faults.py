"""Harmed exchanges over all protocols and all kinds of harm: how many wrong values are taken for good ones. None may be.

The port, the reader, the protocols and the profiles are the real ones; the line runs in simulated time (`still`), so that
100 000 harmed exchanges take a minute and repeat by their seed. LIMS_FAULTS says how many.

What no master can see is counted apart, under "limits": it is not hidden in the result, and the profile's guards against
it are counted beside it.
"""

import os
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from devices.agent.cable import PortLost
from devices.agent.reader import Reader, Sample
from devices.profiles import load_profile
from devices.protocols import dlt645, values
from devices.protocols.exchange import Quality
from devices.simulators import faults
from devices.simulators.chance import chance
from devices.simulators.instruments import Dlt645Meter, Instrument, LineInstrument, ModbusSlave
from devices.simulators.wire import Chunk
from tests.bench import late
from tests.bench.measure import Figure, Span
from tests.bench.still import Harm, StillLine, Unplugged

DEFAULT = 100_000
SEED = 20261122
REPLY_MS, GRACE_MS = 200, 300
WRONG = "WRONG"
STALE = "stale"
"""A value of the right quantity from an earlier round: only the limits can give one, everywhere else it counts as wrong."""

Truth = Callable[[int], Decimal]
"""The value of question 1 to 4 in the present round."""


@dataclass(frozen=True)
class Setup:
    """An instrument with its profile. `parity`: the line carries a parity bit, and bytes that fail it are read as zero.
    `spared`: no two replies in a row are harmed, which is all that a protocol without check sum can be guarded against."""

    name: str
    profile: str
    instrument: Callable[[Truth], Instrument]
    parity: bool = False
    spared: bool = False


HEAD = f"""
schema = "rig/1"
id = "harmed"
revision = "1"
title = {{ zh = "故障试验", en = "Harmed" }}
source = "bench"
[transport]
baud = 9600
[timing]
reply_ms = {REPLY_MS}
grace_ms = {GRACE_MS}
retries = 0
"""
CHANNEL = 'quantity = "count"\nunit = "1"\n'
METER = "202611050012"
ITEMS = {1: ("00010000", "XXXXXX.XX", False), 2: ("02010100", "XXX.X", False), 3: ("02020100", "XXX.XXX", True), 4: ("02030000", "XX.XXXX", True)}  # fmt: skip
REGISTERS = {1: ("u32", "ABCD"), 2: ("f32", "CDAB"), 3: ("bcd32", "ABCD"), 4: ("f64", "ABCDEFGH")}
MARK = 42


def _modbus_profile(*, marked: bool = False) -> str:
    """Four blocks; `marked` ones end with a constant that differs from block to block."""
    text = HEAD + '[protocol]\nkind = "modbus-rtu"\nunit = 1\n'
    for number, (kind, order) in REGISTERS.items():
        text += (
            f'[[polls]]\nid = "p{number}"\nfc = {3 + number % 2}\naddress = {100 * number}\ncount = 5\n'
            f'[[polls.channels]]\nid = "v{number}"\nat = 0\ntype = "{kind}"\norder = "{order}"\n'
            f'resolution = "1"\n{CHANNEL}'
        )
        if marked:
            text += f'[[polls.constants]]\nat = 4\ntype = "u16"\nequals = "{MARK + number}"\n'
    return text


def _modbus(truth: Truth) -> Instrument:
    def bank() -> dict[int, int]:
        table = {}
        for number, (kind, order) in REGISTERS.items():
            raw = values.encode(kind, truth(number), order).ljust(8, b"\0") + (MARK + number).to_bytes(2, "big")
            table |= {100 * number + at: int.from_bytes(raw[2 * at : 2 * at + 2], "big") for at in range(5)}
        return table

    return ModbusSlave(1, bank)


def _dlt645_profile(agree: int = 1) -> str:
    text = HEAD + f'[protocol]\nkind = "dlt645-2007"\naddress = "{METER}"\n'
    for number, (di, pattern, signed) in ITEMS.items():
        text += (
            f'[[polls]]\nid = "p{number}"\ndi = "{di}"\nagree = {agree}\n[[polls.channels]]\nid = "v{number}"\n'
            f'format = "{pattern}"\nsigned = {str(signed).lower()}\n{CHANNEL}'
        )
    return text


def _places(pattern: str) -> int:
    return len(pattern.partition(".")[2])


def _dlt645(truth: Truth) -> Instrument:
    def items() -> dict[str, bytes]:
        return {
            di: dlt645.packed(truth(number).scaleb(-_places(pattern)), pattern, signed=signed)
            for number, (di, pattern, signed) in ITEMS.items()
        }

    return Dlt645Meter(METER, items)


def _named_profile(agree: int = 2) -> str:
    """Each answer names its question, and the number stands in ten columns, as with MT-SICS."""
    text = HEAD + '[protocol]\nkind = "line"\n'
    for number in ITEMS:
        text += (
            f'[[polls]]\nid = "p{number}"\nsend = "Q{number}"\nexpect = \'^Q{number} S (?P<v>[ \\d.]{{10}}) g$\'\n'
            f'agree = {agree}\n[[polls.channels]]\nid = "v{number}"\nfrom = "v"\nresolution = "0.1"\n{CHANNEL}'
        )
    return text


def _named(truth: Truth) -> Instrument:
    return LineInstrument(lambda line: f"{line} S {truth(int(line[1:])).scaleb(-1):>10f} g")


def _bare_profile(agree: int = 2) -> str:
    """Nothing in the answer says what was asked, as with SCPI."""
    text = HEAD + '[protocol]\nkind = "line"\nterminator = "LF"\n'
    for number in ITEMS:
        text += (
            f'[[polls]]\nid = "p{number}"\nsend = "MEAS{number}?"\nexpect = \'^(?P<v>[+-]\\d{{4}}\\.\\d)$\'\n'
            f'agree = {agree}\n[[polls.channels]]\nid = "v{number}"\nfrom = "v"\nresolution = "0.1"\n{CHANNEL}'
        )
    return text


def _bare(truth: Truth) -> Instrument:
    return LineInstrument(lambda line: f"{truth(int(line[4])):+07.1f}", b"\n")


SETUPS = (
    Setup("modbus-rtu", _modbus_profile(), _modbus),
    Setup("dlt645 8E1", _dlt645_profile(), _dlt645, parity=True),
    Setup("dlt645 8N1, agree 2", _dlt645_profile(agree=2), _dlt645, spared=True),
    Setup("line, named, agree 2", _named_profile(), _named, spared=True),
    Setup("line, bare, agree 2", _bare_profile(), _bare, spared=True),
)


def _flips(most: int) -> Callable[[bool], Harm]:
    """One to `most` bits turned over, the parity bits among them where there are any."""

    def kind(parity: bool) -> Harm:
        def harm(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
            width = 9 if parity else 8
            hurt: dict[int, list[int]] = {}
            low = 1 if most == 1 else 2
            for position in draw.sample(range(width * len(reply)), draw.randint(low, most)):
                hurt.setdefault(position // width, []).append(position % width)
            found = bytearray(reply)
            for at, bits in hurt.items():
                found[at] = 0 if parity and len(bits) % 2 else found[at] ^ sum(1 << bit for bit in bits if bit < 8)
            return [(0.0, bytes(found))]

        return harm

    return kind


def _late(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    """After the time was over and before the silence that is waited for has passed."""
    return [(draw.uniform(REPLY_MS, REPLY_MS + GRACE_MS - 60) / 1000, reply)]


def _torn(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    """The first part in time, the rest too late."""
    at = draw.randint(1, len(reply) - 1)
    return [(0.0, reply[:at]), (draw.uniform(REPLY_MS, REPLY_MS + GRACE_MS - 60) / 1000, reply[at:])]


def _unplugged(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
    raise Unplugged(reply[: draw.randint(0, len(reply))])


def _simple(kind: faults.Kind) -> Callable[[bool], Harm]:
    return lambda parity: lambda request, reply, draw: kind(reply, draw)


def _plain(harm: Harm) -> Callable[[bool], Harm]:
    return lambda parity: harm


KINDS: dict[str, Callable[[bool], Harm]] = {
    **{name: _simple(faults.KINDS[name]) for name in ("garbage_before", "garbage_after", "truncated", "byte_lost",
                                                      "silent", "split", "other_station", "other_function")},
    "bit_flip": _flips(1),
    "bit_flips": _flips(6),
    "echo": _plain(lambda request, reply, draw: [(0.0, request + reply)]),
    "doubled": _plain(lambda request, reply, draw: [(0.0, reply + reply)]),
    "late": _plain(_late),
    "torn": _plain(_torn),
    "unplugged": _plain(_unplugged),
}  # fmt: skip


def trial(
    setup: Setup, kind: Harm, wanted: int, seed: object, *, spared: bool | None = None
) -> tuple[Counter[str], int]:
    """Reads until so many replies were harmed: readings by quality, WRONG and STALE among them, and the number of exchanges."""
    draw = chance(SEED, setup.name, seed)
    spared = setup.spared if spared is None else spared
    turn = 0
    line = StillLine(setup.instrument(lambda number: _value(number, turn)), 9600, draw)
    last = False

    def harm() -> Harm | None:
        nonlocal last
        last = draw.random() < 0.5 and not (spared and last)
        return kind if last else None

    line.harm = harm
    found: Counter[str] = Counter()
    profile = load_profile(setup.profile)
    with Reader(profile, "still", lambda direction, raw: 1, opener=line.open) as reader:
        while line.harmed < wanted:
            turn += 1
            try:
                samples = reader.read()
            except PortLost:
                found["port_lost"] += 1
                reader.reopen()
                continue
            for number, sample in enumerate(samples, 1):
                found[_verdict(setup, number, sample, turn)] += 1
    return found, line.asked


def _verdict(setup: Setup, number: int, sample: Sample, turn: int) -> str:
    if sample.quality is not Quality.OK or sample.value is None:
        return sample.quality.value
    if sample.value == _expected(setup, number, turn):
        return sample.quality.value
    return STALE if sample.value in {_expected(setup, number, turn - back) for back in range(1, 20)} else WRONG


def _value(number: int, turn: int) -> Decimal:
    """Differs between the questions and from round to round."""
    return Decimal(1000 * number + turn % 997)


def _expected(setup: Setup, number: int, turn: int) -> Decimal:
    expected = _value(number, turn)
    if setup.name.startswith("dlt645"):
        expected = expected.scaleb(-_places(ITEMS[number][1]))
    elif setup.name.startswith("line, named"):
        expected = expected.scaleb(-1)
    return expected


def run(total: int, *, setups: Sequence[Setup] = SETUPS, kinds: Mapping[str, Callable[[bool], Harm]] = KINDS) -> dict[tuple[str, str], tuple[Counter[str], int, int]]:  # fmt: skip
    """Every setup under every kind of harm: readings by quality, exchanges, harmed exchanges."""
    each = -(-total // (len(setups) * len(kinds)))
    return {
        (setup.name, name): (*trial(setup, make(setup.parity), each, name), each)
        for setup in setups
        for name, make in kinds.items()
    }


def figures() -> list[Figure]:
    total = int(os.environ.get("LIMS_FAULTS", DEFAULT))
    begun = time.perf_counter()
    found = run(total)
    seconds = time.perf_counter() - begun
    print(outcome_table(found), flush=True)
    wrong = sum(counts[WRONG] + counts[STALE] for counts, _, _ in found.values())
    harmed = sum(one for _, _, one in found.values())
    print(limits(max(400, total // 50)), flush=True)
    rows, right = late.table()
    print(_aligned(rows), flush=True)
    if not right:
        raise ValueError("a late reply was filed under the next register")
    if wrong:
        raise ValueError(f"{wrong} wrong values were taken for good ones")
    sums: Counter[str] = Counter()
    for counts, _, _ in found.values():
        sums += counts
    outcomes = ", ".join(f"{number} {name}" for name, number in sums.most_common())
    exchanges = sum(one for _, one, _ in found.values())
    return [
        Figure("faults", "wrong values accepted", "", Span((float(wrong),)),
               remark=f"{harmed} harmed of {exchanges} exchanges in {seconds:.0f} s; readings: {outcomes}")
    ]  # fmt: skip


def outcome_table(found: Mapping[tuple[str, str], tuple[Counter[str], int, int]]) -> str:
    qualities = sorted({name for counts, _, _ in found.values() for name in counts} - {WRONG, STALE, "ok"})
    shown = (WRONG, STALE, "ok", *qualities)
    rows = [("protocol", "harm", "harmed", "exchanges", *shown)]
    for (setup, kind), (counts, asked, harmed) in found.items():
        rows.append((setup, kind, str(harmed), str(asked), *(str(counts[name]) for name in shown)))
    return _aligned(rows)


def limits(each: int) -> str:
    """The table of `limit_counts`."""
    rows = [("beyond what can be seen", "protocol and guard", "harmed", "other quantity or digits", "one round old")]
    for label, guard, wrong, stale in limit_counts(each):
        rows.append((label, guard, str(each), str(wrong), str(stale)))
    return _aligned(rows)


def limit_counts(each: int) -> list[tuple[str, str, int, int]]:
    """What passes every check there is, and what each guard of a profile does against it: harm, protocol with guard,
    values of another quantity or with other digits, values of the right quantity that are some rounds old."""

    def too_late(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
        return [((REPLY_MS + GRACE_MS + draw.uniform(10, 100)) / 1000, reply)]

    def cancelling(parity: bool) -> Harm:
        """Two bits of the value that leave the sum as it was: one goes up, the same one of another byte goes down."""

        def harm(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
            found, data = bytearray(reply), range(len(reply) - 4, len(reply) - 2)
            low, high = data
            differing = found[low] ^ found[high]
            if not differing:
                return [(0.0, reply)]
            bit = draw.choice([1 << one for one in range(8) if differing >> one & 1])
            for at in data:
                found[at] = 0 if parity else found[at] ^ bit
            return [(0.0, bytes(found))]

        return harm

    def same_bit(request: bytes, reply: bytes, draw: random.Random) -> Sequence[Chunk]:
        """Always the same bit of the same digit."""
        at = reply.index(b".") - 1
        return [(0.0, reply[:at] + bytes((reply[at] ^ 1,)) + reply[at + 1 :])]

    marked = Setup("modbus-rtu, marked", _modbus_profile(marked=True), _modbus)
    single = Setup("dlt645 8N1, agree 1", _dlt645_profile(), _dlt645)
    thrice = Setup("line, named, agree 3", _named_profile(3), _named)
    rows = []
    for label, setup, harm, spared in (
        ("reply later than grace_ms", SETUPS[0], too_late, False),
        ("reply later than grace_ms", marked, too_late, False),
        ("reply later than grace_ms", SETUPS[1], too_late, False),
        ("reply later than grace_ms", SETUPS[3], too_late, False),
        ("reply later than grace_ms", SETUPS[4], too_late, False),
        ("two bits that leave the sum", single, cancelling(False), False),
        ("two bits that leave the sum", SETUPS[2], cancelling(False), True),
        ("two bits that leave the sum", SETUPS[1], cancelling(True), False),
        ("the same bit, never twice running", SETUPS[3], same_bit, True),
        ("the same bit, half of all replies", SETUPS[3], same_bit, False),
        ("the same bit, half of all replies", thrice, same_bit, False),
    ):
        counts, _ = trial(setup, harm, each, label, spared=spared)
        rows.append((label, setup.name, counts[WRONG], counts[STALE]))
    return rows


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )

"""Driving an instrument: send a command once, then watch the channel that shows whether it was obeyed.

An acknowledgement says that a command arrived, not that it was carried out; no acknowledgement does not say that it was
not. So only what is read back counts, and a command whose reply is missing is never sent again by itself.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from devices.profiles.drive import confirmed, prepare
from devices.profiles.model import Command
from devices.protocols.exchange import Trouble
from lims.core.text import DataError, Text

if TYPE_CHECKING:
    from devices.agent.reader import Reader, Sample

ROUND_S = 0.2
"""Shortest time from one look at the confirming channel to the next."""


@dataclass(frozen=True)
class Driven:
    """Whether a command was carried out, in words for the operator, and the evidence numbers of its frames."""

    ok: bool
    text: Text
    tx: int | None
    rx: int | None


def drive(reader: "Reader", identifier: str, value: Decimal | None, took: Callable[[list["Sample"]], None]) -> Driven:
    """Carry out a command of the profile. `took` is given every round of readings made while its effect is awaited.

    Raises PortLost; what was sent until then may have been carried out.
    """
    try:
        command = reader.profile.command(identifier)
    except KeyError:
        return _undone(f"方案中没有命令“{identifier}”", f"The profile has no command “{identifier}”")
    try:
        exchange = prepare(reader.profile, command, value, reader.address)
    except DataError as error:
        return _undone(f"{command.title.zh}：{error.text.zh}", f"{command.title.en}: {error.text.en}")
    asked = reader.port.ask(exchange)
    trouble = asked.outcome if isinstance(asked.outcome, Trouble) else reader.complaint()
    if trouble is not None and not trouble.dirty:
        text = Text(f"{command.title.zh}：{trouble.zh}", f"{command.title.en}: {trouble.en}")
        return Driven(False, text, asked.tx, asked.rx)
    sample = _watch(reader, command, value, took)
    done = sample is not None and confirmed(command, value, sample.value, sample.quality)
    return Driven(done, _report(command, value, sample, done, trouble), asked.tx, asked.rx)


def _watch(
    reader: "Reader", command: Command, value: Decimal | None, took: Callable[[list["Sample"]], None]
) -> "Sample | None":
    """The last reading of the confirming channel: the one that confirms, or what it was when the time was over."""
    deadline = time.monotonic() + command.confirm.within_ms / 1000
    while True:
        begun = time.monotonic()
        samples = reader.read()
        took(samples)
        sample = next((one for one in samples if one.channel == command.confirm.channel), None)
        if sample is not None and confirmed(command, value, sample.value, sample.quality):
            return sample
        pause = max(0.0, begun + ROUND_S - time.monotonic())
        if time.monotonic() + pause >= deadline:
            return sample
        time.sleep(pause)


def _report(
    command: Command, value: Decimal | None, sample: "Sample | None", done: bool, trouble: Trouble | None
) -> Text:
    channel = command.confirm.channel
    if sample is None:
        seen = Text(f"{channel} 没有读到", f"{channel} was not read")
    elif sample.value is None:
        seen = Text(f"{channel}：{sample.text.zh}", f"{channel}: {sample.text.en}")
    else:
        shown = f"{channel} = {sample.printed} {sample.unit}".strip()
        seen = Text(shown, shown)
    if done:
        late = Text("（仪器没有确认，以回读为准）", " (not acknowledged; read back)") if trouble else Text("", "")
        return Text(f"{command.title.zh}：已完成，{seen.zh}{late.zh}", f"{command.title.en}: done, {seen.en}{late.en}")
    target = command.confirm.equals if command.confirm.equals is not None else value
    within = f"{Decimal(command.confirm.within_ms) / 1000:f} s"
    why = Text(f"；{trouble.zh}", f"; {trouble.en}") if trouble else Text("", "")
    return Text(
        f"{command.title.zh}：{within} 内未见执行（{seen.zh}，应为 {target}±{command.confirm.tolerance}）{why.zh}。"
        "命令没有重发，请查看装置",
        f"{command.title.en}: not seen to be carried out within {within} ({seen.en}, expected "
        f"{target}±{command.confirm.tolerance}){why.en}. The command was not sent again; look at the rig",
    )


def _undone(zh: str, en: str) -> Driven:
    return Driven(False, Text(zh, en), None, None)

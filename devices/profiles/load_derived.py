"""The tables `[[derived]]` of a rig profile: readings computed from other readings."""

from decimal import Decimal

from devices.profiles import parts
from devices.profiles.model import Channel, Derived, Field, Poll, PulseError
from lims.core.strict import Table
from lims.core.text import Text

_KINDS = ("pulse-error",)


def load_derived(root: Table, polls: tuple[Poll, ...], known: set[str]) -> tuple[Derived, ...]:
    """Every derived reading of the profile; `known` are the ids of the channels that are read."""
    return tuple(_derived(table, polls, known) for table in root.tables("derived"))


def _derived(table: Table, polls: tuple[Poll, ...], known: set[str]) -> Derived:
    identifier = parts.name(table, "id")
    if identifier in known:
        table.fault("id", f"“{identifier}”用了两次。", f"“{identifier}” is used twice.")
    known.add(identifier)
    table.choice("kind", _KINDS)
    rule = _pulse_error(table, polls)
    low, high = parts.span(table, "range")
    channel = Channel(
        id=identifier,
        title=table.optional_words("title") or Text(identifier, identifier),
        quantity="relative_error",
        unit="%",
        field=Field(),
        scale=Decimal(1),
        resolution=parts.decimal(table, "resolution", positive=True),
        low=low,
        high=high,
        role=table.text("role", ""),
        unit_group="",
        stable_group="",
        stable_values=(),
    )
    table.close()
    return Derived(channel, rule)


def _pulse_error(table: Table, polls: tuple[Poll, ...]) -> PulseError:
    pulses = _source(table, "pulses", polls, ("count", "1"))
    energy = _source(table, "energy", polls, ("energy", "kWh"))
    constant = parts.decimal(table, "constant", "", positive=True)
    constant_channel = _source(table, "constant_from", polls, ("meter_constant", "imp/kWh"), required=False)
    if table.has("constant") == table.has("constant_from"):
        table.fault(
            "constant",
            "脉冲常数写在 constant，或由 constant_from 指出所在通道，二者取一。",
            "Give the meter constant as constant, or the channel that holds it as constant_from: one of the two.",
        )
    used = {one for one in (pulses, energy, constant_channel) if one}
    holders = [poll for poll in polls if used & {channel.id for channel in poll.channels}]
    if len(holders) > 1:
        table.fault(
            "energy",
            "脉冲与电能应在同一次询问中读出，否则不是同一时刻。",
            "Pulses and energy must stand in the answer to one poll, or they are not of the same moment.",
        )
    return PulseError(
        pulses,
        energy,
        constant,
        constant_channel,
        parts.decimal(table, "bound", positive=True) or Decimal(1),
        parts.decimal(table, "pulses_wrap", "", positive=True),
        parts.decimal(table, "energy_wrap", "", positive=True),
    )


def _source(table: Table, key: str, polls: tuple[Poll, ...], kind: tuple[str, str], *, required: bool = True) -> str:
    """The id of a channel that is of this quantity and unit; "" when absent or wrong."""
    name = table.text(key, None if required else "")
    if not name:
        return ""
    found = next((one for poll in polls for one in poll.channels if one.id == name), None)
    if found is None:
        table.fault(key, f"没有名为“{name}”的通道。", f"There is no channel “{name}”.")
        return ""
    if (found.quantity, found.unit) != kind:
        table.fault(
            key,
            f"通道“{name}”应为 {kind[0]}，单位 {kind[1]}。",
            f"Channel “{name}” must be of the quantity {kind[0]} in {kind[1]}.",
        )
    return name

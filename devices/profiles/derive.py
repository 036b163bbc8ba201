"""Readings computed from other readings of the same session. Pure: a stored session derives the same digits again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from devices.profiles.decode import Reading
from devices.profiles.model import Derived, Profile, PulseError
from devices.protocols import pulses, values
from devices.protocols.exchange import Quality
from lims.core.text import Text


@dataclass(frozen=True)
class _Start:
    pulses: Decimal
    energy: Decimal
    constant: Decimal


class Deriving:
    """The derived readings of one session. A run begins with the first good readings, and anew whenever a counter is
    set back or the meter constant changes."""

    def __init__(self, profile: Profile) -> None:
        self._derived = profile.derived
        self._starts: dict[str, _Start] = {}

    def take(self, readings: Iterable[Reading]) -> tuple[Reading, ...]:
        """One reading per derived channel from the readings of one cycle, in the order of the profile."""
        by_id = {one.channel.id: one for one in readings}
        return tuple(self._pulse_error(one, one.rule, by_id) for one in self._derived)

    def _pulse_error(self, derived: Derived, rule: PulseError, found: Mapping[str, Reading]) -> Reading:
        channel = derived.channel
        wanted = [name for name in (rule.pulses, rule.energy, rule.constant_channel) if name]
        for name in wanted:
            source = found.get(name)
            if source is None or source.value is None or source.quality is not Quality.OK:
                quality = Quality.TIMEOUT if source is None else source.quality
                text = Text("没有读到", "was not read") if source is None else source.text
                return Reading(channel, None, quality, Text(f"{name}：{text.zh}", f"{name}: {text.en}"))
        constant = _value(found, rule.constant_channel) if rule.constant is None else rule.constant
        now = _Start(_value(found, rule.pulses), _value(found, rule.energy), constant)
        return self._judged(derived, rule, now)

    def _judged(self, derived: Derived, rule: PulseError, now: _Start) -> Reading:
        channel = derived.channel
        start = self._starts.setdefault(channel.id, now)
        count = pulses.counted(start.pulses, now.pulses, rule.pulses_wrap)
        energy = pulses.counted(start.energy, now.energy, rule.energy_wrap)
        if count is None or energy is None or start.constant != now.constant:
            self._starts[channel.id] = now
            count = energy = Decimal(0)
        if not count or not energy:
            return Reading(
                channel,
                None,
                Quality.UNSTABLE,
                Text("试验段刚开始，还没有脉冲", "The run has just begun: no pulse yet"),
            )
        try:
            result = pulses.compare(count, now.constant, energy)
        except ValueError as error:
            return Reading(channel, None, Quality.NAN, Text(f"无法比较：{error}", f"Cannot be compared: {error}"))
        value = values.at_resolution(result.error, channel.resolution or Decimal("0.01"))
        said = f"{count:f} imp, {energy:f} kWh, ±{values.at_resolution(result.one_pulse, Decimal('0.0001')):f} %"
        if result.one_pulse > rule.bound:
            return Reading(
                channel,
                value,
                Quality.UNSTABLE,
                Text(f"脉冲数还太少：{said}", f"Too few pulses yet: {said}"),
            )
        outside = (channel.low is not None and value < channel.low) or (
            channel.high is not None and value > channel.high
        )
        return Reading(channel, value, Quality.OUT_OF_RANGE if outside else Quality.OK, Text(said, said))


def derive(profile: Profile, cycles: Iterable[Iterable[Reading]]) -> list[tuple[Reading, ...]]:
    """The derived readings of every cycle of a session, from its first."""
    deriving = Deriving(profile)
    return [deriving.take(readings) for readings in cycles]


def _value(found: Mapping[str, Reading], name: str) -> Decimal:
    value = found[name].value
    assert value is not None
    return value

"""A control chart as a drawing: coordinates for an SVG. A drawing for the eye; the digits stand in the table beneath it."""

from dataclasses import dataclass
from decimal import Decimal

from lims.core.text import Text
from lims.metrology.chart import WORDS
from standards.models import CapabilityTest
from standards.selectors.capability import Chart

WIDTH, HEIGHT = 640, 220
LEFT, RIGHT, TOP, BOTTOM = 84, 16, 14, 30


@dataclass(frozen=True)
class Mark:
    """One group: where it is drawn, its mean, and the tests for a special cause it gave a signal for."""

    x: str
    y: str
    test: CapabilityTest
    mean: str
    signals: tuple[Text, ...]


@dataclass(frozen=True)
class Plot:
    """A drawn chart: marks in time, the line through them, and the three horizontal lines with their digits."""

    chart: Chart
    marks: tuple[Mark, ...]
    line: str
    levels: tuple[tuple[str, str, str], ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT


def plot(chart: Chart) -> Plot:
    """The groups at equal distances in their order, as control charts are drawn, whatever the days between them."""
    limits = chart.limits
    lowest, highest = min(*chart.means, limits.lower), max(*chart.means, limits.upper)
    margin = (highest - lowest) / 12
    lowest, highest = lowest - margin, highest + margin
    high, wide = HEIGHT - TOP - BOTTOM, WIDTH - LEFT - RIGHT

    def down(value: Decimal) -> str:
        return f"{TOP + (highest - value) / (highest - lowest) * high:.1f}"

    steps = max(len(chart.means) - 1, 1)
    across = [f"{LEFT + Decimal(place) / steps * wide:.1f}" for place in range(len(chart.means))]
    # As many digits as tell a tenth of a sigma apart.
    digits = Decimal(1).scaleb((limits.sigma / 10).adjusted())
    marks = tuple(
        Mark(
            x,
            down(mean),
            test,
            f"{mean.quantize(digits):f}",
            tuple(Text(*WORDS[one.test]) for one in chart.signals if one.points[-1] == place),
        )
        for place, (x, mean, test) in enumerate(zip(across, chart.means, chart.tests, strict=True))
    )
    levels = tuple(
        (f"{value.quantize(digits):f}", down(value), name)
        for name, value in (("UCL", limits.upper), ("CL", limits.centre), ("LCL", limits.lower))
    )
    return Plot(chart, marks, " ".join(f"{one.x},{one.y}" for one in marks), levels)

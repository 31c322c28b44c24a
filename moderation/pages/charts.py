"""Where the marks of the team’s charts stand, in percent of width and height; templates draw them."""

from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count
from typing import Generic, TypeVar

from moderation.pages.scales import BOTTOM, LEFT, Mark, Scale, round_numbers, scale
from moderation.pages.statistics import Statistics, WeekLine

# Bars that are drawn; the table has the rest.
BARS = 12
MINUTE, HOUR, DAY = 60, 3600, 86400
DURATIONS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)
Of = TypeVar("Of")


@dataclass(frozen=True)
class Strip:
    """A week’s part of a chart, from `left` on, and how far up what is counted of it reaches."""

    line: WeekLine
    left: float
    arrivals: float
    decisions: float
    half: float
    most: float


@dataclass(frozen=True)
class Bar(Generic[Of]):
    of: Of
    count: int
    # In percent of the longest.
    length: float


@dataclass(frozen=True)
class Charts:
    strips: tuple[Strip, ...]
    counts: tuple[Mark[int], ...]
    waits: tuple[Mark[timedelta], ...]
    reasons: tuple[Bar[str], ...]
    sections: tuple[Bar[str], ...]

    bottom = BOTTOM

    @property
    def width(self) -> float:
        """Of a week."""
        return round((100 - LEFT) / len(self.strips), 3)


def charts(page: Statistics) -> Charts:
    counts = scale(max(max(line.arrivals, line.decisions or 0) for line in page.lines), round_numbers())
    longest = max((line.wait.most.total_seconds() for line in page.lines if line.wait), default=0)
    waits = scale(longest, chain(DURATIONS, (7 * DAY * 2**power for power in count())))
    return Charts(
        tuple(_strip(page, number, counts, waits) for number in range(len(page.lines))),
        tuple(Mark(value, counts.y(value)) for value in counts.values),
        tuple(Mark(timedelta(seconds=value), waits.y(value)) for value in waits.values),
        _bars(page.reasons),
        _bars(page.sections),
    )


def _strip(page: Statistics, number: int, counts: Scale, waits: Scale) -> Strip:
    line = page.lines[number]
    return Strip(
        line,
        round(LEFT + (100 - LEFT) * number / len(page.lines), 3),
        counts.y(line.arrivals),
        counts.y(line.decisions or 0),
        _of(waits, line.wait.half if line.wait else None),
        _of(waits, line.wait.most if line.wait else None),
    )


def _of(waits: Scale, wait: timedelta | None) -> float:
    return waits.y(wait.total_seconds() if wait is not None else 0)


def _bars(counted: tuple[tuple[Of, int], ...]) -> tuple[Bar[Of], ...]:
    """The longest first."""
    return tuple(Bar(of, number, round(100 * number / counted[0][1], 2)) for of, number in counted[:BARS])

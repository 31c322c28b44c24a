"""Where the marks of the team’s charts stand, in percent of width and height; templates draw them."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain, count
from typing import Generic, TypeVar

from moderation.pages.statistics import Statistics, WeekLine

# Above, there is room for a label; below, for the weeks; on the left, for what the lines stand for.
TOP, BOTTOM, LEFT = 12.0, 88.0, 9.0
# Lines across, besides the one everything stands on.
LINES = 4
# Bars that are drawn; the table has the rest.
BARS = 12
MINUTE, HOUR, DAY = 60, 3600, 86400
DURATIONS = (MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 2 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY)
Of = TypeVar("Of")


@dataclass(frozen=True)
class Mark(Generic[Of]):
    """A line across, and what it stands for."""

    of: Of
    y: float


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


@dataclass(frozen=True)
class _Scale:
    step: int
    lines: int

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / (self.step * self.lines), 2)

    def of(self, wait: timedelta | None) -> float:
        return self.y(wait.total_seconds() if wait is not None else 0)

    @property
    def values(self) -> Iterable[int]:
        return (self.step * line for line in range(1, self.lines + 1))


def charts(page: Statistics) -> Charts:
    counts = _scale(max(max(line.arrivals, line.decisions or 0) for line in page.lines), _round_numbers())
    longest = max((line.wait.most.total_seconds() for line in page.lines if line.wait), default=0)
    waits = _scale(longest, chain(DURATIONS, (7 * DAY * 2**power for power in count())))
    return Charts(
        tuple(_strip(page, number, counts, waits) for number in range(len(page.lines))),
        tuple(Mark(value, counts.y(value)) for value in counts.values),
        tuple(Mark(timedelta(seconds=value), waits.y(value)) for value in waits.values),
        _bars(page.reasons),
        _bars(page.sections),
    )


def _strip(page: Statistics, number: int, counts: _Scale, waits: _Scale) -> Strip:
    line = page.lines[number]
    return Strip(
        line,
        round(LEFT + (100 - LEFT) * number / len(page.lines), 3),
        counts.y(line.arrivals),
        counts.y(line.decisions or 0),
        waits.of(line.wait.half if line.wait else None),
        waits.of(line.wait.most if line.wait else None),
    )


def _scale(highest: float, steps: Iterable[int]) -> _Scale:
    """Lines at the smallest of the steps that takes no more than LINES of them."""
    step = next(step for step in steps if highest <= step * LINES)
    return _Scale(step, max(1, math.ceil(highest / step)))


def _round_numbers() -> Iterator[int]:
    return (number * 10**power for power in count() for number in (1, 2, 5))


def _bars(counted: tuple[tuple[Of, int], ...]) -> tuple[Bar[Of], ...]:
    """The longest first."""
    return tuple(Bar(of, number, round(100 * number / counted[0][1], 2)) for of, number in counted[:BARS])

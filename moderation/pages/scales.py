"""How far up what is counted reaches in a chart, and where lines across stand, in percent of its height."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

# Above, there is room for a label; below, for the time; on the left, for what the lines stand for.
TOP, BOTTOM, LEFT = 12.0, 88.0, 9.0
# Lines across, besides the one everything stands on.
LINES = 4
Of = TypeVar("Of")


@dataclass(frozen=True)
class Mark(Generic[Of]):
    """A line across, and what it stands for."""

    of: Of
    y: float


@dataclass(frozen=True)
class Scale:
    step: int
    lines: int

    def y(self, value: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * value / (self.step * self.lines), 2)

    @property
    def values(self) -> Iterable[int]:
        return (self.step * line for line in range(1, self.lines + 1))


def scale(highest: float, steps: Iterable[int]) -> Scale:
    """Lines at the smallest of the steps that takes no more than LINES of them."""
    step = next(step for step in steps if highest <= step * LINES)
    return Scale(step, max(1, math.ceil(highest / step)))


def round_numbers() -> Iterator[int]:
    return (number * 10**power for power in count() for number in (1, 2, 5))

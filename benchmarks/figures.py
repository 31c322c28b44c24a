"""What was measured, against what, and whether that is enough: rows of one table."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

HEAD = ("What", "On", "Measured", "Against", "Baseline", "Ratio", "Bar", "")


@dataclass(frozen=True)
class Sample:
    """One value a round; a round measures all that is compared, one after the other."""

    values: tuple[float, ...]
    unit: str

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{_number(self.median)} {self.unit}{_spread(self.values)}"


@dataclass(frozen=True)
class Bar:
    """What a ratio, or a measure that has no baseline, must reach or stay under."""

    limit: float
    at_least: bool

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"

    def verdict(self, found: float) -> str:
        short = self.limit - found if self.at_least else found - self.limit
        return "met" if short <= 0 else f"missed by {max(1, round(100 * short / self.limit))} %"


@dataclass(frozen=True)
class Row:
    what: str
    on: str
    found: Sample
    against: str = ""
    baseline: Sample | None = None
    bar: Bar | None = None

    @property
    def ratios(self) -> tuple[float, ...]:
        """Round by round, so that a busy moment weighs on both sides."""
        if self.baseline is None:
            return ()
        if len(self.baseline.values) != len(self.found.values):
            return (self.found.median / self.baseline.median,)
        return tuple(one / other for one, other in zip(self.found.values, self.baseline.values, strict=True))

    @property
    def verdict(self) -> str:
        if self.bar is None:
            return ""
        return self.bar.verdict(median(self.ratios) if self.ratios else self.found.median)

    def cells(self) -> tuple[str, ...]:
        ratio = f"{median(self.ratios):.2f}{_spread(self.ratios)}" if self.ratios else ""
        baseline, bar = ("" if part is None else str(part) for part in (self.baseline, self.bar))
        return self.what, self.on, str(self.found), self.against, baseline, ratio, bar, self.verdict


def table(rows: Sequence[Row]) -> str:
    """In Markdown, its columns aligned for the eye."""
    lines = [HEAD, *(row.cells() for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEAD))]
    drawn = [_drawn(line, widths) for line in lines]
    return "\n".join([drawn[0], _drawn(["-" * width for width in widths], widths), *drawn[1:]])


def _drawn(cells: Sequence[str], widths: Sequence[int]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _spread(values: Sequence[float]) -> str:
    return f" ({_number(min(values))}–{_number(max(values))})" if len(values) > 1 else ""

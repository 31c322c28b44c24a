"""What the public reads of each month that is over, and where the marks of its chart stand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlmodel import Session, desc, func, select

from moderation import statements
from moderation.models.public import Figure, MonthFigure
from moderation.months import Month
from moderation.pages.scales import BOTTOM, LEFT, Mark, Scale, round_numbers, scale
from moderation.sparing import OTHERS

# Months of the page, and of its chart; the files have all of them.
SHOWN, DRAWN = 24, 12
# Drawn of each.
BARS = (Figure.RECEIVED, Figure.PUBLISHED, Figure.RESTRICTED)


@dataclass(frozen=True)
class Part:
    """Of a whole: by reason, by what an appeal is about, by outcome."""

    name: str
    count: int
    category: str = ""
    notified: bool = False

    @property
    def is_others(self) -> bool:
        """Whether it is several, none of which is told."""
        return self.name == OTHERS

    @property
    def statement(self) -> dict[str, str]:
        """Of a restriction, what the transparency database asks; several have neither ground nor category."""
        reason = None if self.is_others else self.name
        return statements.fields(reason, self.category, notified=self.notified)


@dataclass(frozen=True)
class MonthLine:
    month: Month
    # None is too small to be told, but not nothing.
    wholes: dict[Figure, int | None]
    parts: dict[Figure, tuple[Part, ...]]

    @property
    def is_empty(self) -> bool:
        """Whether nothing happened in it."""
        return not any(count != 0 for figure, count in self.wholes.items() if figure is not Figure.WAIT)


@dataclass(frozen=True)
class Strip:
    """A month’s part of the chart, from `left` on, and how far up each bar reaches."""

    line: MonthLine
    left: float
    tops: tuple[tuple[Figure, float], ...]


@dataclass(frozen=True)
class Chart:
    """Oldest first."""

    strips: tuple[Strip, ...]
    marks: tuple[Mark[int], ...]

    bottom = BOTTOM

    @property
    def width(self) -> float:
        """Of a month."""
        return round((100 - LEFT) / len(self.strips), 3)


@dataclass(frozen=True)
class Transparency:
    """Newest first."""

    months: tuple[MonthLine, ...]
    # Whether there are older ones.
    more: bool

    @property
    def earlier(self) -> tuple[tuple[MonthLine, ...], ...]:
        """After the newest: one by one, but for those in a row in which nothing happened."""
        runs = (tuple(run) for _, run in groupby(self.months[1:], key=lambda line: line.is_empty))
        return tuple(one for run in runs for one in ([run] if run[0].is_empty else zip(run, strict=True)))


def latest(session: Session) -> str | None:
    """The name of the last month that is told: what was told of it and before never changes."""
    return session.exec(select(func.max(MonthFigure.month))).one()


def transparency(session: Session) -> Transparency:
    names = session.exec(
        select(MonthFigure.month).distinct().order_by(desc(MonthFigure.month)).limit(SHOWN + 1)
    ).all()
    since = names[:SHOWN][-1] if names else ""
    return Transparency(_lines(session, since), more=len(names) > SHOWN)


def every(session: Session) -> tuple[MonthLine, ...]:
    """Newest first."""
    return _lines(session, "")


def _lines(session: Session, since: str) -> tuple[MonthLine, ...]:
    rows = session.exec(
        select(MonthFigure).where(MonthFigure.month >= since).order_by(desc(MonthFigure.month))
    )
    return tuple(_line(name, [*some]) for name, some in groupby(rows, key=lambda row: row.month))


def _line(name: str, rows: Sequence[MonthFigure]) -> MonthLine:
    wholes = {row.figure: row.count for row in rows if not row.part}
    return MonthLine(
        Month.read(name),
        {figure: wholes.get(figure) for figure in Figure},
        {figure: _parts(row for row in rows if row.figure is figure) for figure in Figure},
    )


def _parts(rows: Iterable[MonthFigure]) -> tuple[Part, ...]:
    """The largest first, and those that are together last."""
    found = [
        Part(row.part, row.count or 0, row.category, row.figure is Figure.NOTIFIED)
        for row in rows
        if row.part
    ]
    return tuple(sorted(found, key=lambda part: (part.is_others, -part.count, part.name)))


def chart(months: Sequence[MonthLine]) -> Chart:
    drawn = months[:DRAWN][::-1]
    highest = max(line.wholes[bar] or 0 for line in drawn for bar in BARS)
    heights = scale(highest, round_numbers())
    return Chart(
        tuple(_strip(line, number, len(drawn), heights) for number, line in enumerate(drawn)),
        tuple(Mark(value, heights.y(value)) for value in heights.values),
    )


def _strip(line: MonthLine, number: int, of: int, heights: Scale) -> Strip:
    tops = tuple((bar, heights.y(line.wholes[bar] or 0)) for bar in BARS)
    return Strip(line, round(LEFT + (100 - LEFT) * number / of, 3), tops)

from datetime import UTC, datetime, timedelta

import pytest

from moderation import weeks
from moderation.lifecycle import Reason
from moderation.pages.charts import BARS, Charts, charts
from moderation.pages.scales import BOTTOM, TOP
from moderation.pages.statistics import Statistics, Wait, WeekLine

(WEEK,) = weeks.latest(datetime(2026, 3, 4, tzinfo=UTC), UTC, 1)


def drawn(arrivals: int = 0, decisions: int | None = 0, wait: Wait | None = None) -> Charts:
    return charts(Statistics((WeekLine(WEEK, arrivals, decisions, wait),), None, (), (), ()))


@pytest.mark.parametrize(
    ("highest", "marked"),
    [
        (0, [1]),
        (1, [1]),
        (4, [1, 2, 3, 4]),
        (5, [2, 4, 6]),
        (21, [10, 20, 30]),
        (85, [50, 100]),
        (40_320, [20_000, 40_000, 60_000]),
    ],
)
def test_lines_stand_at_round_numbers_and_the_highest_is_never_above_them(
    highest: int, marked: list[int]
) -> None:
    page = drawn(arrivals=highest)
    assert [mark.of for mark in page.counts] == marked
    assert page.counts[-1].y == TOP <= page.strips[0].arrivals <= BOTTOM


@pytest.mark.parametrize(
    ("most", "marked"),
    [
        (timedelta(), [timedelta(minutes=1)]),
        (timedelta(minutes=50), [timedelta(minutes=15 * n) for n in (1, 2, 3, 4)]),
        (timedelta(hours=30), [timedelta(hours=12 * n) for n in (1, 2, 3)]),
        (timedelta(days=7), [timedelta(days=2 * n) for n in (1, 2, 3, 4)]),
        (timedelta(days=300), [timedelta(days=112 * n) for n in (1, 2, 3)]),
    ],
)
def test_lines_of_waits_stand_at_lengths_people_count_in(most: timedelta, marked: list[timedelta]) -> None:
    page = drawn(decisions=1, wait=Wait(most / 2, most))
    assert [mark.of for mark in page.waits] == marked
    assert TOP <= page.strips[0].most <= page.strips[0].half <= BOTTOM


def test_nothing_stands_on_the_ground() -> None:
    (strip,) = drawn(decisions=None).strips
    assert {strip.arrivals, strip.decisions, strip.half, strip.most} == {BOTTOM}


def test_bars_are_measured_by_the_longest_and_only_the_first_are_drawn() -> None:
    sections = tuple((f"Rubrique {number}", 40 - number) for number in range(20))
    page = charts(Statistics((WeekLine(WEEK, 0, 0, None),), None, ((Reason.OTHER, 3),), sections, ()))
    assert [bar.length for bar in page.reasons] == [100]
    assert len(page.sections) == BARS
    assert (page.sections[0].length, page.sections[10].length) == (100, 75)

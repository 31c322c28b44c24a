from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import weeks

PARIS = ZoneInfo("Europe/Paris")


def test_a_week_begins_on_monday_at_midnight_of_the_place() -> None:
    # Already Monday in Paris, still Sunday in Greenwich.
    (week,) = weeks.latest(datetime(2026, 3, 1, 23, 30, tzinfo=UTC), PARIS, 1)
    assert week.monday == date(2026, 3, 2)
    assert week.begins == datetime(2026, 3, 1, 23, 0, tzinfo=UTC)


def test_the_first_days_of_a_year_may_belong_to_the_last_week_of_the_one_before() -> None:
    found = weeks.latest(datetime(2027, 1, 4, 12, 0, tzinfo=UTC), PARIS, 3)
    assert [week.name for week in found] == ["2026-W52", "2026-W53", "2027-W01"]
    assert [week.monday for week in found] == [date(2026, 12, 21), date(2026, 12, 28), date(2027, 1, 4)]


def test_the_last_days_of_a_year_may_belong_to_the_first_week_of_the_next() -> None:
    (week,) = weeks.latest(datetime(2024, 12, 31, 12, 0, tzinfo=UTC), PARIS, 1)
    assert week.name == "2025-W01"


@pytest.mark.parametrize(
    ("sunday", "hours"), [(date(2026, 3, 29), 167), (date(2026, 10, 25), 169), (date(2026, 11, 1), 168)]
)
def test_a_week_in_which_the_clocks_change_is_an_hour_shorter_or_longer(sunday: date, hours: int) -> None:
    now = datetime(sunday.year, sunday.month, sunday.day, 12, 0, tzinfo=UTC)
    (week,) = weeks.latest(now, PARIS, 1)
    assert week.ends - week.begins == timedelta(hours=hours)


@given(
    st.timedeltas(timedelta(), timedelta(days=36_500)),
    st.sampled_from(
        ["Europe/Paris", "UTC", "America/Santiago", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut"]
    ),
)
def test_weeks_follow_one_another_without_a_gap_up_to_now(later: timedelta, name: str) -> None:
    now = datetime(1990, 1, 1, tzinfo=UTC) + later
    found = weeks.latest(now, ZoneInfo(name), 26)
    assert found[-1].begins <= now < found[-1].ends
    assert [one.ends for one in found[:-1]] == [one.begins for one in found[1:]]
    assert {week.monday.weekday() for week in found} == {0}

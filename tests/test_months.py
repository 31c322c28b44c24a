from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from moderation.months import Month

FIRST = datetime(1, 1, 1, tzinfo=UTC)


def test_a_month_begins_at_midnight_in_greenwich_and_ends_with_the_next() -> None:
    paris = datetime(2026, 3, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    month = Month.of(paris)
    assert (month.name, month.first) == ("2026-02", date(2026, 2, 1))
    assert paris in month
    assert month.begins in month
    assert month.ends not in month
    assert Month(2026, 12).next == Month(2027, 1)


@given(st.timedeltas(timedelta(), timedelta(days=3_000_000)))
def test_every_moment_is_of_one_month_and_names_stand_in_the_order_of_time(since: timedelta) -> None:
    moment = FIRST + since
    month = Month.of(moment)
    assert moment in month
    assert moment not in month.next
    assert month.name < month.next.name
    assert Month.read(month.name) == month

"""Weeks as calendars have them: from Monday to Sunday, at the site’s place, numbered by ISO 8601."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo


@dataclass(frozen=True)
class Week:
    """`begins` belongs to it, `ends` to the next: an hour more or less where the clocks change in between."""

    monday: date
    begins: datetime
    ends: datetime

    @property
    def name(self) -> str:
        """« 2026-W53 »: its year is that of its Thursday."""
        year, number, _ = self.monday.isocalendar()
        return f"{year}-W{number:02}"


def latest(now: datetime, zone: tzinfo, number: int) -> tuple[Week, ...]:
    """The last so many, oldest first; the last of them is the one `now` is in."""
    today = now.astimezone(zone).date()
    monday = today - timedelta(days=today.weekday())
    mondays = [monday - timedelta(weeks=ago) for ago in reversed(range(number))]
    return tuple(Week(day, _begin(day, zone), _begin(day + timedelta(weeks=1), zone)) for day in mondays)


def _begin(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)

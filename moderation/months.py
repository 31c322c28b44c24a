"""Months in UTC, as the public log counts its days: the same for whoever reads them, wherever they are."""

from dataclasses import dataclass
from datetime import UTC, date, datetime


@dataclass(frozen=True, order=True)
class Month:
    """`begins` belongs to it, `ends` to the next."""

    year: int
    number: int

    @classmethod
    def of(cls, moment: datetime) -> "Month":
        day = moment.astimezone(UTC)
        return cls(day.year, day.month)

    @classmethod
    def read(cls, name: str) -> "Month":
        year, number = map(int, name.split("-"))
        return cls(year, number)

    @property
    def name(self) -> str:
        """« 2026-03 »: names stand in the order of time."""
        return f"{self.year:04}-{self.number:02}"

    @property
    def first(self) -> date:
        return date(self.year, self.number, 1)

    @property
    def next(self) -> "Month":
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def begins(self) -> datetime:
        return datetime(self.year, self.number, 1, tzinfo=UTC)

    @property
    def ends(self) -> datetime:
        return self.next.begins

    def __contains__(self, moment: datetime) -> bool:
        return self.begins <= moment < self.ends

"""What the team is told by letter of what waits."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from moderation.models import people  # noqa: F401 - to whose tables this refers
from moderation.models.columns import UTCDateTime, words

# Of the day, unless they say another.
HOUR = 8


class How(StrEnum):
    NEVER = "never"
    DAILY = "daily"
    EACH = "each"


class Bulletin(SQLModel, table=True):
    """How a person of the team is told, and up to when they were."""

    account_id: int = Field(
        primary_key=True, foreign_key="account.id", sa_column_kwargs={"autoincrement": False}
    )
    how: How = Field(default=How.DAILY, sa_type=words(How))
    # Of the day, and where; the site’s time zone when empty.
    hour: int = HOUR
    zone: str = Field(default="", max_length=64)
    # What came after the first and until the second is in their last letter.
    told_from: datetime = Field(sa_type=UTCDateTime)
    told_until: datetime = Field(sa_type=UTCDateTime)
    # When the next may leave.
    due_at: datetime = Field(sa_type=UTCDateTime, index=True)
    # The links of their letters say it: another one ends them all.
    seal: str = Field(max_length=26)


class Witness(SQLModel, table=True):
    """An address the last hash of the public log is sent to, each day there are new lines."""

    address: str = Field(primary_key=True, max_length=254)
    # The line they were told of last.
    told: int = 0
    due_at: datetime = Field(sa_type=UTCDateTime)

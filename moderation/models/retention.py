"""The private tables of what is kept for a while alone, and of how much of all that was erased on a day."""

from datetime import datetime
from enum import StrEnum

from sqlmodel import Field, SQLModel

from moderation.models import queue  # noqa: F401 - to whose tables it refers
from moderation.models.columns import UTCDateTime, words


class Kept(StrEnum):
    """What is kept for a while. The order is the order in which it is looked for."""

    TEXT = "text"
    ADDRESS = "address"
    NOTE = "note"
    LETTER = "letter"
    MACHINE = "machine"


class Machine(SQLModel, table=True):
    """From which machine a contribution was sent, where the settings ask for that to be kept."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    # As a network, it was truncated: then it is of no use to who must know, and goes with the text.
    address: str = Field(max_length=45)
    at: datetime = Field(sa_type=UTCDateTime, index=True)


class Swept(SQLModel, table=True):
    """How much was erased on a day, in UTC, because its time was over."""

    day: str = Field(primary_key=True, max_length=10)
    kind: Kept = Field(primary_key=True, sa_type=words(Kept))
    count: int

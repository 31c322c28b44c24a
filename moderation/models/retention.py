"""The private table of what was kept no longer: how much of it, on which day, and nothing of what it was."""

from enum import StrEnum

from sqlmodel import Field, SQLModel

from moderation.models.columns import words


class Kept(StrEnum):
    """What is kept for a while. The order is the order in which it is looked for."""

    TEXT = "text"
    ADDRESS = "address"
    NOTE = "note"
    LETTER = "letter"


class Swept(SQLModel, table=True):
    """How much was erased on a day, in UTC, because its time was over."""

    day: str = Field(primary_key=True, max_length=10)
    kind: Kept = Field(primary_key=True, sa_type=words(Kept))
    count: int

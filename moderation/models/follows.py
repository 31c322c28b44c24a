"""Readers told by letter of what is new: where to write to them, about what, and how far they were told."""

from datetime import datetime

from sqlalchemy import Index, text
from sqlmodel import Field, SQLModel

from moderation.models.columns import UTCDateTime

_OF_AN_ANSWER = text("comment_id IS NOT NULL AND erase_at IS NULL")
_OF_A_FORUM = text("comment_id IS NULL AND erase_at IS NULL")
_UNCONFIRMED = text("confirmed_at IS NULL AND erase_at IS NULL")


class Follow(SQLModel, table=True):
    """An address that is to be told of all that is new in a forum, or of the answers to one text.

    Before it is confirmed it gets nothing but the letter that asks for that.
    """

    __table_args__ = (
        Index(
            "ix_follow_forum_once",
            *("digest", "thread_id"),
            unique=True,
            sqlite_where=_OF_A_FORUM,
            postgresql_where=_OF_A_FORUM,
        ),
        Index(
            "ix_follow_answers_once",
            *("digest", "comment_id"),
            unique=True,
            sqlite_where=_OF_AN_ANSWER,
            postgresql_where=_OF_AN_ANSWER,
        ),
        Index("ix_follow_unconfirmed", "asked_at", sqlite_where=_UNCONFIRMED, postgresql_where=_UNCONFIRMED),
    )

    id: str = Field(primary_key=True, max_length=26)
    # Of the address, as `Mailbox` has it. Both are empty once it is over.
    digest: str = Field(max_length=64, index=True)
    address: str = Field(max_length=254)
    thread_id: int = Field(foreign_key="thread.id", index=True)
    # Whose answers; empty for the whole forum.
    comment_id: str | None = Field(default=None, foreign_key="comment.id", index=True, max_length=26)
    asked_at: datetime = Field(sa_type=UTCDateTime)
    # When the letter that asks for it to be confirmed was due.
    letter_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    confirmed_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # The last number they were told of, and the last one the letter on its way tells of.
    told: int = 0
    seen: int = 0
    told_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Once it is over, when it leaves the files too.
    erase_at: datetime | None = Field(default=None, sa_type=UTCDateTime, index=True)


class FollowMark(SQLModel, table=True):
    """One row: the last number of which letters to who follows were written."""

    __tablename__ = "follow_mark"

    id: int = Field(default=1, primary_key=True)
    number: int = 0

"""The private tables of several people who decide together: who reads, says, notes, passes, stands aside."""

from datetime import datetime

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from moderation.models.columns import NUMBERED_ONCE, UTCDateTime, words
from moderation.policy import Say


class Lease(SQLModel, table=True):
    """Who reads a comment now. It is over when `until` has passed, whether anybody deletes it or not."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    account_id: int = Field(foreign_key="account.id", index=True)
    since: datetime = Field(sa_type=UTCDateTime)
    until: datetime = Field(sa_type=UTCDateTime)


class Voice(SQLModel, table=True):
    """What one person said of a comment where the policy asks several.

    It counts while it was not ended and the comment is still at the revision it was said on.
    """

    __table_args__ = (Index("ix_voice_account_id_comment_id", "account_id", "comment_id"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    revision: int
    account_id: int = Field(foreign_key="account.id")
    say: Say = Field(sa_type=words(Say))
    reason: str | None = Field(default=None, max_length=20)
    note: str = ""
    at: datetime = Field(sa_type=UTCDateTime)
    # When it was taken back, replaced or lifted.
    ended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Empty when its own author did.
    ended_by: int | None = Field(default=None, foreign_key="account.id")


class SectionPolicy(SQLModel, table=True):
    """How many voices a move needs in a section; the empty one is the whole site."""

    __tablename__ = "policy"

    section: str = Field(primary_key=True, max_length=200)
    publish: int
    refuse: int
    veto: bool


class Note(SQLModel, table=True):
    """Words of the team among themselves about a comment: never public, gone when it is erased."""

    __table_args__ = NUMBERED_ONCE

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    account_id: int = Field(foreign_key="account.id", index=True)
    text: str
    at: datetime = Field(sa_type=UTCDateTime)


class Mention(SQLModel, table=True):
    """Somebody a note names who has not seen it yet; the row goes when they have."""

    note_id: int = Field(primary_key=True, foreign_key="note.id")
    account_id: int = Field(primary_key=True, foreign_key="account.id", index=True)


class Recusal(SQLModel, table=True):
    """« Je suis cité·e » : a person who said they do not decide about a comment."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    account_id: int = Field(primary_key=True, foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime)


class Pass(SQLModel, table=True):
    """« Je ne sais pas » : a person who left a comment to the others."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    account_id: int = Field(primary_key=True, foreign_key="account.id", index=True)
    at: datetime = Field(sa_type=UTCDateTime)


class PutForward(SQLModel, table=True):
    """A comment everybody had passed, shown first to all from then on, once."""

    __tablename__ = "put_forward"

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    at: datetime = Field(sa_type=UTCDateTime)


class Duty(SQLModel, table=True):
    """Who is on duty in a week, as « 2026-W10 »."""

    week: str = Field(primary_key=True, max_length=8)
    account_id: int = Field(primary_key=True, foreign_key="account.id", index=True)

"""What a contribution may have several of and is found by: a private table, too."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from moderation.lifecycle import Status
from moderation.models.columns import UTCDateTime, words


class Trait(SQLModel, table=True):
    """A kind of finding in a comment’s newest text; of links, also each host they lead to.

    Status and time are copied, so that one index holds the list of those that have it, in its order.
    """

    kind: str = Field(primary_key=True, max_length=20)
    # Empty for the kind as such.
    host: str = Field(default="", primary_key=True, max_length=253)
    status: Status = Field(primary_key=True, sa_type=words(Status))
    submitted_at: datetime = Field(primary_key=True, sa_type=UTCDateTime)
    comment_id: str = Field(primary_key=True, foreign_key="comment.id", index=True, max_length=26)

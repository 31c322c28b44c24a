"""The private table of notices and rights of reply: what they say beside their text."""

from sqlmodel import Field, SQLModel

from moderation.lanes import Ground
from moderation.models import queue  # noqa: F401 - to whose tables it refers
from moderation.models.columns import words


class Claim(SQLModel, table=True):
    """Neither public nor shown to who wrote the text it is about."""

    comment_id: str = Field(primary_key=True, foreign_key="comment.id", max_length=26)
    # Of a notice: what the text is held for.
    ground: Ground | None = Field(default=None, sa_type=words(Ground))
    # Of a right of reply: the words the person answers. Empty once they are erased.
    passage: str = ""

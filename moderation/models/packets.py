"""The private table of sealed packets: what was handed out, of which comment, by whom and when."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from moderation.models import queue  # noqa: F401 - to whose tables it refers
from moderation.models.columns import UTCDateTime


class Packet(SQLModel, table=True):
    """That a packet was made. Rows are only ever added; what is in it is kept by who asked for it alone."""

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    account_id: int = Field(foreign_key="account.id", index=True)
    # The SHA-256 of its manifest, by which it is known again.
    seal: str = Field(unique=True, max_length=64)
    # Whether it tells the addresses its author gave.
    with_address: bool
    at: datetime = Field(sa_type=UTCDateTime)

"""The private tables that help to judge: words a site looks out for, and by what a decided text is found."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel


class WatchedWord(SQLModel, table=True):
    """A word, or several in a row, that the desk marks where it stands in a text. It decides nothing."""

    __tablename__ = "watched_word"

    id: int | None = Field(default=None, primary_key=True)
    # As it was typed, and what it marks: two that mark the same are one.
    word: str = Field(max_length=60)
    key: str = Field(unique=True, max_length=80)


class PrecedentWord(SQLModel, table=True):
    """A telling word of a text that was decided, as a number. The rows go when the text is erased."""

    __tablename__ = "precedent_word"
    __table_args__ = (Index("ix_precedent_word_word_id", "word", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    word: int

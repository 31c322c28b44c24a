"""The private tables that help to judge: what to look out for, reasons to give, precedents."""

from sqlalchemy import Index
from sqlmodel import Field, SQLModel

from moderation.charter import LONGEST_NAME


class WatchedWord(SQLModel, table=True):
    """A word, or several in a row, that the desk marks where it stands in a text. It decides nothing."""

    __tablename__ = "watched_word"

    id: int | None = Field(default=None, primary_key=True)
    # As it was typed, and what it marks: two that mark the same are one.
    word: str = Field(max_length=60)
    key: str = Field(unique=True, max_length=80)


# Characters of what a reason is called, of the sentence that explains it, and of its code.
LONGEST_LABEL, LONGEST_EXPLANATION, LONGEST_CODE = 80, 500, 20


class SiteReason(SQLModel, table=True):
    """A reason the site added, or a shipped one in what the site changed about it."""

    __tablename__ = "reason"

    code: str = Field(primary_key=True, max_length=LONGEST_CODE)
    # Empty where it is said as shipped; so is one that has no explanation.
    label: str = Field(default="", max_length=LONGEST_LABEL)
    explanation: str = Field(default="", max_length=LONGEST_EXPLANATION)
    # What is no longer offered is still known: old decisions name it.
    offered: bool = True
    place: int
    # The article of the charter it goes by: empty for none, absent where it is the one of its name.
    article: str | None = Field(default=None, max_length=LONGEST_NAME)
    # In the words of the transparency database, where they are not as shipped.
    category: str | None = Field(default=None, max_length=80)


class PrecedentWord(SQLModel, table=True):
    """A telling word of a text that was decided, as a number. The rows go when the text is erased."""

    __tablename__ = "precedent_word"
    __table_args__ = (Index("ix_precedent_word_word_id", "word", "id"),)

    id: int | None = Field(default=None, primary_key=True)
    comment_id: str = Field(foreign_key="comment.id", index=True, max_length=26)
    word: int

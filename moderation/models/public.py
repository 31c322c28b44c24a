"""The tables public pages read: articles, their threads, and what was published there."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from moderation.models.columns import UTCDateTime, words


class Mode(StrEnum):
    APRIORI = "apriori"
    CLOSED = "closed"


# Characters of the sentence that says the forum is moderated.
LONGEST_NOTICE = 500


class Site(SQLModel, table=True):
    """One row: what every public page depends on, and the last number given to a publication."""

    id: int = Field(default=1, primary_key=True)
    # Moves when an article is added or changed: every public page is then made anew.
    revision: int = 1
    # Moves with each publication too: for the pages that show several threads.
    activity: int = 1
    last_number: int = 0
    # Instead of the settings’ own, where it says something.
    notice: str = Field(default="", max_length=LONGEST_NOTICE)
    # Whether lines of the public log say, by a pseudonym, whose decision it was.
    log_names: bool = False


class LogLine(SQLModel, table=True):
    """One line of the public log, as it is published. Rows are only ever added; each names the one before."""

    __tablename__ = "log_line"

    seq: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    line: str


class Figure(StrEnum):
    """What is counted of a month."""

    RECEIVED = "received"
    PUBLISHED = "published"
    RESTRICTED = "restricted"
    # Taken down after somebody had given notice of it; not among those before.
    NOTIFIED = "notified"
    SPAM = "spam"
    WITHDRAWN = "withdrawn"
    APPEALED = "appealed"
    ANSWERED = "answered"
    WAIT = "wait"


class MonthFigure(SQLModel, table=True):
    """A number of a month that is over, as it is published: what is too small is in none of its rows."""

    __tablename__ = "month_figure"

    month: str = Field(primary_key=True, max_length=7)
    figure: Figure = Field(primary_key=True, sa_type=words(Figure))
    # Empty for the whole; of restrictions a reason, of appeals what they are about, of answers the outcome.
    part: str = Field(default="", primary_key=True, max_length=20)
    # What the reason went by then, in the words of the transparency database.
    category: str = Field(default="", max_length=80)
    # Empty where it is too small to be told. Of the wait, its median in whole hours.
    count: int | None = None


class CharterVersion(SQLModel, table=True):
    """The rules as they were from one day on. Rows are only ever added: decisions cite them."""

    __tablename__ = "charter_version"

    number: int = Field(primary_key=True, sa_column_kwargs={"autoincrement": False})
    source: str
    html: str
    # The name and the title of each article.
    articles: list[list[str]] = Field(sa_type=JSON)
    written_at: datetime = Field(sa_type=UTCDateTime)


class SitePage(SQLModel, table=True):
    """A page every foot leads to, as who administers wrote it; of one nobody wrote there is no row."""

    __tablename__ = "site_page"

    name: str = Field(primary_key=True, max_length=20)
    source: str
    html: str
    written_at: datetime = Field(sa_type=UTCDateTime)


class Article(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(unique=True, max_length=200)
    title: str = Field(max_length=300)
    lead: str = ""
    body: str
    postscript: str = ""
    section: str = Field(default="", max_length=200, index=True)
    place: str = Field(default="", max_length=200)
    themes: list[str] = Field(default_factory=list, sa_type=JSON)
    proposer: str = Field(default="", max_length=200)
    featured: bool = False
    published_at: datetime = Field(sa_type=UTCDateTime, index=True)
    updated_at: datetime | None = Field(default=None, sa_type=UTCDateTime)


class Thread(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    # Empty for a topic that stands alone.
    article_id: int | None = Field(default=None, foreign_key="article.id", unique=True)
    mode: Mode = Field(default=Mode.APRIORI, sa_type=words(Mode))
    # Moves whenever a public byte of the thread changes.
    revision: int = 1
    count: int = 0


class Publication(SQLModel, table=True):
    """The public copy of an approved text.

    The row outlives the copy: taken down, it keeps its number and nothing else, so that no number is ever
    given twice and « #comment12 » means one text for ever.
    """

    __table_args__ = (Index("ix_publication_thread_id_number", "thread_id", "number"),)

    id: int | None = Field(default=None, primary_key=True)
    thread_id: int = Field(foreign_key="thread.id")
    # The comment's random name. Not a foreign key: the public side knows nothing of the queue.
    comment_id: str = Field(unique=True, max_length=26)
    number: int = Field(unique=True)
    # The random name of the comment it answers.
    parent_id: str | None = Field(default=None, max_length=26)
    # Which of the comment's texts this is a copy of.
    version: int
    author: str = Field(default="", max_length=200)
    html: str
    written_at: datetime = Field(sa_type=UTCDateTime)
    published_at: datetime = Field(sa_type=UTCDateTime)
    taken_down_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # When the moderation changed words of it, and took words out of it: both are said beside it.
    corrected_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    redacted_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # When its author last had other words put in the place of those that were public.
    amended_at: datetime | None = Field(default=None, sa_type=UTCDateTime)
    # Of the moderation itself, which no name a reader types can claim.
    official: bool = False
    # A person named on the site answers: it is signed, and said to be that.
    right_of_reply: bool = False

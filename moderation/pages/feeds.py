"""What public feeds tell: the newest articles and contributions, and what answers what."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from markupsafe import Markup
from sqlalchemy import Row, Select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, desc, select

from moderation import markup
from moderation.models.public import Article, Publication, Thread
from moderation.pages.public import article_revision, home_revision

# Entries of a feed, the newest.
MOST = 50

_Query = Select[*tuple[Any, ...]]
_ANSWERED = aliased(Publication)
_CONTRIBUTIONS: _Query = (
    select(Publication)
    .join(Thread, col(Thread.id) == Publication.thread_id)
    .join(Article, col(Article.id) == Thread.article_id)
    .outerjoin(_ANSWERED, col(_ANSWERED.comment_id) == Publication.parent_id)
    .where(col(Publication.taken_down_at).is_(None))
    .order_by(desc(Publication.number))
    .limit(MOST)
    .with_only_columns(
        col(Article.id).label("article_id"),
        col(Article.slug),
        col(Article.title),
        col(Publication.number),
        col(Publication.author),
        col(Publication.html),
        col(Publication.published_at),
        col(Publication.corrected_at),
        col(Publication.redacted_at),
        col(Publication.amended_at),
        col(Publication.official),
        col(Publication.right_of_reply),
        col(_ANSWERED.number).label("answered"),
    )
)
_ARTICLES: _Query = (
    select(Article)
    .join(Thread)
    .order_by(desc(Article.published_at), desc(Article.id))
    .limit(MOST)
    .with_only_columns(
        col(Article.id),
        col(Article.slug),
        col(Article.title),
        col(Article.lead),
        col(Article.section),
        col(Article.proposer),
        col(Article.published_at),
        col(Article.updated_at),
        col(Thread.count).label("answers"),
    )
)


@dataclass(frozen=True)
class Told:
    """An article: its number never changes, whatever becomes of its address."""

    number: int
    slug: str
    title: str
    lead: str
    section: str
    author: str
    published_at: datetime
    updated_at: datetime
    answers: int


@dataclass(frozen=True)
class Said:
    """A contribution, and what it answers: another one, or the article."""

    number: int
    article_number: int
    slug: str
    title: str
    author: str
    html: Markup
    published_at: datetime
    updated_at: datetime
    official: bool
    right_of_reply: bool
    answered: int | None


Entry = Told | Said


class Kind(StrEnum):
    """What a feed is of."""

    SITE = "site"
    ARTICLES = "articles"
    SECTION = "section"
    FORUM = "forum"
    CONVERSATION = "conversation"


@dataclass(frozen=True)
class Feed:
    """Newest first. `path` is its own, `page` what it is about for people, and `about` that one’s name."""

    kind: Kind
    path: str
    page: str
    entries: tuple[Entry, ...]
    revision: str
    about: str = ""
    # When what it is about began, where it has no entries.
    since: datetime | None = None

    @property
    def updated_at(self) -> datetime | None:
        return max((entry.updated_at for entry in self.entries), default=self.since)


def site(session: Session) -> Feed:
    """All that is new."""
    entries = _newest([*_said(session, _CONTRIBUTIONS), *_told(session, _ARTICLES)])
    return Feed(Kind.SITE, "/feed.atom", "/", entries, home_revision(session))


def articles(session: Session) -> Feed:
    entries = _newest(_told(session, _ARTICLES))
    return Feed(Kind.ARTICLES, "/articles.atom", "/", entries, home_revision(session))


def section(session: Session, name: str) -> Feed | None:
    """All that is new in one; None where no article is of it."""
    found = _told(session, _ARTICLES.where(col(Article.section) == name)) if name else []
    if not found:
        return None
    entries = _newest([*_said(session, _CONTRIBUTIONS.where(col(Article.section) == name)), *found])
    path = f"/sections/{quote(name)}/feed.atom"
    return Feed(Kind.SECTION, path, "/", entries, home_revision(session), name)


def forum(session: Session, slug: str) -> Feed | None:
    """What was said about an article."""
    article = _heading(session, slug)
    if article is None:
        return None
    entries = _said(session, _CONTRIBUTIONS.where(col(Article.slug) == slug))
    path = f"/articles/{slug}/feed.atom"
    return Feed(Kind.FORUM, path, f"/articles/{slug}", tuple(entries), *article)


def conversation(session: Session, slug: str, number: int) -> Feed | None:
    """What a contribution began, with all that was answered; None where none has that number there.

    What was taken down is gone from it, and what was answered to that stays.
    """
    article, names = _heading(session, slug), _names(session, slug, number)
    if article is None or names is None:
        return None
    entries = _said(session, _CONTRIBUTIONS.where(col(Publication.comment_id).in_(names)))
    path = f"/articles/{slug}/comments/{number}/feed.atom"
    return Feed(Kind.CONVERSATION, path, f"/articles/{slug}", tuple(entries), *article)


def _heading(session: Session, slug: str) -> tuple[str, str, datetime] | None:
    """The revision, the title and the time of an article; None where there is none."""
    revision = article_revision(session, slug)
    if revision is None:
        return None
    heading = select(Article.title, Article.published_at).where(Article.slug == slug)
    return revision, *session.exec(heading).one()


def _names(session: Session, slug: str, number: int) -> list[str] | None:
    """Of the contribution with that number and all that answers it, near or far, the newest that are up."""
    there = (
        select(Publication.number, Publication.comment_id, Publication.parent_id, Publication.taken_down_at)
        .join(Thread, col(Thread.id) == Publication.thread_id)
        .join(Article, col(Article.id) == Thread.article_id)
        .where(Article.slug == slug, Publication.number >= number)
        .order_by(col(Publication.number))
    )
    known: set[str] = set()
    up: list[str] = []
    for its_number, name, parent, taken_down_at in session.exec(there):
        if its_number == number or parent in known:  # an answer is published after what it answers
            known.add(name)
            up += [name] if taken_down_at is None else []
    return up[-MOST:] if known else None


def _newest(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    return tuple(sorted(entries, key=lambda entry: entry.published_at, reverse=True)[:MOST])


def _told(session: Session, query: _Query) -> list[Told]:
    return [
        Told(
            number=row.id,
            slug=row.slug,
            title=row.title,
            lead=row.lead,
            section=row.section,
            author=row.proposer,
            published_at=row.published_at,
            updated_at=row.updated_at or row.published_at,
            answers=row.answers,
        )
        for row in _rows(session, query)
    ]


def _said(session: Session, query: _Query) -> list[Said]:
    return [
        Said(
            number=row.number,
            article_number=row.article_id,
            slug=row.slug,
            title=row.title,
            author=row.author,
            html=markup.trusted(row.html),
            published_at=row.published_at,
            updated_at=max(
                filter(None, (row.published_at, row.corrected_at, row.redacted_at, row.amended_at))
            ),
            official=row.official,
            right_of_reply=row.right_of_reply,
            answered=row.answered,
        )
        for row in _rows(session, query)
    ]


def _rows(session: Session, query: _Query) -> Sequence[Row[*tuple[Any, ...]]]:
    return session.execute(query).all()

"""What public pages show. Reads the publication tables only, so that nothing that waits can be seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import Select, bindparam, case, tuple_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, desc, select

from moderation import markup
from moderation.models.public import Article, Mode, Publication, Site, Thread

PER_PAGE = 100
# How many articles the home page shows of each kind.
FEATURED, LATEST = 10, 30


_Columns = Select[*tuple[Any, ...]]
_Teasers = Select[str, str, str, str, str, str, datetime, datetime | None, *tuple[Any, ...]]
# Without their bodies, which may be long: this page alone shows many articles.
_TEASERS = (
    select(Article)
    .join(Thread)
    .order_by(desc(Article.published_at), desc(Article.id))
    .with_only_columns(
        col(Article.slug),
        col(Article.title),
        col(Article.lead),
        col(Article.section),
        col(Article.place),
        col(Article.proposer),
        col(Article.published_at),
        col(Article.updated_at),
        col(Thread.count),
    )
)
# What a reader waits for is built once: building takes longer than running.
_REVISION = (
    select(Site.revision, Thread.revision)
    .join(Thread, col(Thread.id).is_not(None))
    .join(Article)
    .where(Article.slug == bindparam("slug"))
)
_ARTICLE = (
    select(Article, Thread, Site.revision, Site.notice)
    .join(Thread)
    .join(Site, col(Site.id) == 1)
    .where(Article.slug == bindparam("slug"))
)
_ANSWERED = aliased(Publication)
# Columns, and not rows of the model: a hundred of those cost as much as all the rest of a page.
_CONTRIBUTIONS: _Columns = (
    select(Publication)
    .outerjoin(_ANSWERED, col(_ANSWERED.comment_id) == Publication.parent_id)
    .where(col(Publication.taken_down_at).is_(None))
    .with_only_columns(
        col(Publication.comment_id),
        col(Publication.parent_id),
        col(Publication.number),
        col(Publication.author),
        col(Publication.html),
        col(Publication.written_at),
        col(Publication.published_at),
        col(Publication.corrected_at),
        col(Publication.redacted_at),
        col(Publication.amended_at),
        col(Publication.official),
        col(Publication.right_of_reply),
        col(_ANSWERED.number).label("answered"),
        # Of what was taken down nothing is left but its number.
        case((col(_ANSWERED.taken_down_at).is_(None), col(_ANSWERED.author)), else_=None).label("author_of"),
    )
)
_PUBLISHED = _CONTRIBUTIONS.where(col(Publication.thread_id) == bindparam("thread")).order_by(
    col(Publication.number)
)


class BadCursor(Exception):
    """Not a place in a list of ours."""


class Contribution(NamedTuple):
    """A tuple: a page makes and compares a hundred of them."""

    id: str
    parent: str | None
    number: int
    author: str
    html: Markup
    written_at: datetime
    published_at: datetime
    # What the moderation did to the text, if anything, and whether it is its own.
    corrected_at: datetime | None
    redacted_at: datetime | None
    # When its author had other words put in the place of what was public.
    amended_at: datetime | None
    official: bool
    # Of a person named on the site, who answers.
    right_of_reply: bool = False
    # The number of what it answers, and who wrote that: None where it is public no more.
    answered: int | None = None
    answered_author: str | None = None


@dataclass(frozen=True)
class ListPage:
    count: int
    items: tuple[Contribution, ...]
    next: str | None
    revision: str


@dataclass(frozen=True)
class Teaser:
    slug: str
    title: str
    lead: str
    section: str
    place: str
    proposer: str
    published_at: datetime
    updated_at: datetime | None
    count: int


@dataclass(frozen=True)
class HomePage:
    """The newest articles, or all that are older than one of them; `older` is where the next page begins."""

    featured: tuple[Teaser, ...]
    latest: tuple[Teaser, ...]
    before: str | None
    older: str | None
    revision: str


@dataclass(frozen=True)
class Heading:
    """What is said of an article where a text is sent to it."""

    teaser: Teaser
    open: bool
    # The sentence that says the forum is moderated; empty for that of the settings.
    notice: str


@dataclass(frozen=True)
class ArticlePage:
    teaser: Teaser
    themes: tuple[str, ...]
    body: Markup
    postscript: Markup
    open: bool
    contributions: tuple[Contribution, ...]
    page: int
    pages: int
    notice: str
    revision: str


def home(session: Session, before: str | None = None) -> HomePage | None:
    """By position and not by offset; None when there is no article to come `before`."""
    featured: tuple[Teaser, ...] = ()
    if before is None:
        featured = _teasers(session, _TEASERS.where(col(Article.featured)).limit(FEATURED))
        query = _TEASERS.where(col(Article.slug).not_in([one.slug for one in featured]))
    else:
        place = session.exec(select(Article.published_at, Article.id).where(Article.slug == before)).first()
        if place is None:
            return None
        query = _TEASERS.where(tuple_(col(Article.published_at), col(Article.id)) < place)
    latest = _teasers(session, query.limit(LATEST + 1))
    older = latest[LATEST - 1].slug if len(latest) > LATEST else None
    return HomePage(featured, latest[:LATEST], before, older, home_revision(session))


def _teasers(session: Session, query: _Teasers) -> tuple[Teaser, ...]:
    return tuple(Teaser(*row) for row in session.execute(query))


def home_revision(session: Session) -> str:
    site = session.exec(select(Site.revision, Site.activity)).one()
    return f"{site[0]}.{site[1]}"


def article(session: Session, slug: str, page: int = 1) -> ArticlePage | None:
    """One article with a page of its contributions, in two statements; None when there is no such article."""
    row = session.exec(_ARTICLE, params={"slug": slug}).first()
    if row is None:
        return None
    found, thread, revision, notice = row
    return ArticlePage(
        teaser=_teaser(found, thread.count),
        themes=tuple(found.themes),
        body=markup.trusted(found.body),
        postscript=markup.trusted(found.postscript),
        open=thread.mode is Mode.APRIORI,
        contributions=_contributions(session, thread, page),
        page=page,
        pages=max(1, -(-thread.count // PER_PAGE)),
        notice=notice,
        revision=f"{revision}.{thread.revision}",
    )


def heading(session: Session, slug: str) -> Heading | None:
    row = session.exec(_ARTICLE, params={"slug": slug}).first()
    if row is None:
        return None
    found, thread, _, notice = row
    return Heading(_teaser(found, thread.count), thread.mode is Mode.APRIORI, notice)


def said(session: Session, *, number: int | None = None, name: str = "") -> tuple[str, Contribution] | None:
    """A public contribution, by its number or its random name, and the slug of its article."""
    known = col(Publication.number) == number if number is not None else col(Publication.comment_id) == name
    query = _CONTRIBUTIONS.join(Thread, col(Thread.id) == Publication.thread_id).join(Article).where(known)
    row = session.connection().execute(query.add_columns(col(Article.slug))).first()
    return None if row is None else (row.slug, _contribution(*row[:-1]))


def article_revision(session: Session, slug: str) -> str | None:
    """What the article's page depends on, in one statement."""
    row = session.exec(_REVISION, params={"slug": slug}).first()
    return None if row is None else f"{row[0]}.{row[1]}"


def listing(session: Session, slug: str, *, limit: int, after: str | None) -> ListPage | None:
    """The published contributions of one article, by position; None when there is no such article.

    Raises BadCursor.
    """
    row = session.exec(
        select(Thread, Site.revision).join(Article).join(Site, col(Site.id) == 1).where(Article.slug == slug)
    ).first()
    if row is None:
        return None
    thread, revision = row
    query = _PUBLISHED.limit(limit + 1)
    items = _filled(
        session, thread, query.where(col(Publication.number) > _number(after)) if after else query
    )
    more = len(items) > limit
    return ListPage(
        count=thread.count,
        items=items[:limit],
        next=str(items[limit - 1].number) if more else None,
        revision=f"{revision}.{thread.revision}",
    )


def _number(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise BadCursor
    return int(cursor)


def _contributions(session: Session, thread: Thread, page: int) -> tuple[Contribution, ...]:
    return _filled(session, thread, _PUBLISHED.offset((page - 1) * PER_PAGE).limit(PER_PAGE))


def _filled(session: Session, thread: Thread, query: _Columns) -> tuple[Contribution, ...]:
    found = session.connection().execute(query, {"thread": thread.id})
    return tuple(_contribution(*row) for row in found)


def _contribution(
    name: str, parent: str | None, number: int, author: str, html: str, *more: Any
) -> Contribution:
    return Contribution(name, parent, number, author, markup.trusted(html), *more)


def _teaser(article: Article, count: int) -> Teaser:
    return Teaser(
        slug=article.slug,
        title=article.title,
        lead=article.lead,
        section=article.section,
        place=article.place,
        proposer=article.proposer,
        published_at=article.published_at,
        updated_at=article.updated_at,
        count=count,
    )

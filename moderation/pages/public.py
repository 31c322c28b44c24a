"""What public pages show. Reads the publication tables only, so that nothing that waits can be seen."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from markupsafe import Markup
from sqlalchemy import Select, bindparam, tuple_
from sqlmodel import Session, col, desc, func, select

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
# Columns, and not rows of the model: a hundred of those cost as much as all the rest of a page.
_PUBLISHED = (
    select(Publication)
    .where(Publication.thread_id == bindparam("thread"), col(Publication.taken_down_at).is_(None))
    .order_by(col(Publication.number))
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
    )
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


def place(session: Session, comment_id: str) -> str:
    """Where a published comment is read, as the end of its article's address; empty when it is not."""
    copy = session.exec(
        select(Publication).where(
            Publication.comment_id == comment_id, col(Publication.taken_down_at).is_(None)
        )
    ).first()
    if copy is None:
        return ""
    before = select(func.count()).where(
        Publication.thread_id == copy.thread_id,
        Publication.number < copy.number,
        col(Publication.taken_down_at).is_(None),
    )
    page = session.exec(before).one() // PER_PAGE + 1
    return f"?page={page}#comment{copy.number}" if page > 1 else f"#comment{copy.number}"


def permalink(session: Session, number: int) -> str | None:
    """Where the contribution with that number is read; None when it is not, or no more."""
    found = session.exec(
        select(Publication.comment_id, Article.slug)
        .join(Thread, col(Thread.id) == Publication.thread_id)
        .join(Article, col(Article.id) == Thread.article_id)
        .where(Publication.number == number, col(Publication.taken_down_at).is_(None))
    ).first()
    return None if found is None else f"/articles/{found[1]}{place(session, found[0])}"


def _number(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
        raise BadCursor
    return int(cursor)


def _contributions(session: Session, thread: Thread, page: int) -> tuple[Contribution, ...]:
    return _filled(session, thread, _PUBLISHED.offset((page - 1) * PER_PAGE).limit(PER_PAGE))


def _filled(session: Session, thread: Thread, query: _Columns) -> tuple[Contribution, ...]:
    return tuple(
        Contribution(name, parent, number, author, markup.trusted(html), *more)
        for name, parent, number, author, html, *more in session.connection().execute(
            query, {"thread": thread.id}
        )
    )


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

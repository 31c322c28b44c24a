"""Adding and replacing articles, each with the thread that goes with it."""

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import ColumnElement
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select, update

from moderation import identifiers, markup
from moderation.models.public import Article, Mode, Site, Thread
from moderation.models.queue import Comment, ForumChange


class BadSlug(Exception):
    """Not small letters, digits and single dashes."""


class NotFound(Exception):
    """There is no such article."""


class Exists(Exception):
    """The slug is taken."""


@dataclass(frozen=True)
class Content:
    """An article as its editor has it; `body` and `postscript` are HTML, for the article safelist."""

    title: str
    body: str
    lead: str = ""
    postscript: str = ""
    section: str = ""
    place: str = ""
    themes: tuple[str, ...] = field(default=())
    proposer: str = ""
    featured: bool = False
    # As it was when not said; a new forum is open.
    mode: Mode | None = None


def put(session: Session, slug: str, content: Content, *, now: datetime, replace: bool = False) -> Article:
    """Adds an article with its thread, or replaces one that is there.

    Raises BadSlug and Exists, and markup's Refused for a line that is too long.
    """
    if not identifiers.is_slug(slug):
        raise BadSlug
    known = session.exec(select(Article.id).where(Article.slug == slug)).first()
    if known is not None and not replace:
        raise Exists
    if known is None:
        article = Article(slug=slug, title="", body="", published_at=now)
    else:
        article = _held(session, known, markup.plain_line(content.section, 200))
        article.updated_at = now
    _fill(article, content)
    session.add(article)
    try:
        session.flush()
    except IntegrityError:
        raise Exists from None
    thread = _settle_thread(session, article, content.mode)
    # Who may see them follows.
    session.exec(
        update(Comment).where(*_elsewhere(thread.id, article.section)).values(section=article.section)
    )
    return article


def set_mode(session: Session, slug: str, mode: Mode) -> None:
    """Opens or closes the forum of an article. Raises NotFound."""
    article = session.exec(select(Article).where(Article.slug == slug)).first()
    if article is None:
        raise NotFound
    _settle_thread(session, article, mode)


def move(session: Session, slug: str, mode: Mode, *, by: int, now: datetime) -> None:
    """Opens or closes the forum of an article, with its line in the log; nothing when it is so already.

    `by` is the account of who does it. Raises NotFound.
    """
    thread = session.exec(
        select(Thread).join(Article).where(Article.slug == slug).with_for_update(of=Thread)
    ).first()
    if thread is None:
        raise NotFound
    if thread.mode is mode:
        return
    assert thread.id is not None
    session.add(ForumChange(thread_id=thread.id, mode=mode, account_id=by, at=now))
    set_mode(session, slug, mode)


def _fill(article: Article, content: Content) -> None:
    article.title = markup.plain_line(content.title, 300)
    article.lead = markup.plain_line(content.lead, 2000)
    article.body = markup.render_article(content.body)
    article.postscript = markup.render_article(content.postscript) if content.postscript else ""
    article.section = markup.plain_line(content.section, 200)
    article.place = markup.plain_line(content.place, 200)
    article.themes = [markup.plain_line(theme, 200) for theme in content.themes]
    article.proposer = markup.plain_line(content.proposer, 200)
    article.featured = content.featured


def _held(session: Session, article_id: int, section: str) -> Article:
    """Locked, in the order of those who decide and those who send: comments, their thread, the article."""
    here = select(Thread).where(Thread.article_id == article_id)
    thread = session.exec(here).one()
    moved = select(Comment.id).where(*_elsewhere(thread.id, section))
    session.exec(moved.order_by(col(Comment.submitted_at), Comment.id).with_for_update(key_share=True)).all()
    session.exec(here.with_for_update()).one()
    return session.get_one(Article, article_id, with_for_update=True, populate_existing=True)


def _elsewhere(thread_id: int | None, section: str) -> tuple[ColumnElement[bool], ...]:
    return col(Comment.thread_id) == thread_id, col(Comment.section) != section


def _settle_thread(session: Session, article: Article, mode: Mode | None) -> Thread:
    thread = session.exec(select(Thread).where(Thread.article_id == article.id).with_for_update()).first()
    if thread is None:
        thread = Thread(article_id=article.id, mode=mode or Mode.APRIORI)
    else:
        thread.revision += 1
        thread.mode = mode or thread.mode
    session.add(thread)
    site = session.get_one(Site, 1, with_for_update=True)
    site.revision += 1
    session.add(site)
    session.flush()
    return thread

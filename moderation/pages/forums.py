"""What the desk shows of forums: which are full, and who closed or opened one."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlmodel import Session, col, desc

from moderation.accounts import Person
from moderation.lifecycle import OPEN
from moderation.models.people import Account
from moderation.models.public import Article, Mode, Thread
from moderation.models.queue import Comment, ForumChange
from moderation.pages.cards import in_scope
from moderation.settings import Room
from moderation.submissions import is_full

SHOWN = 50


@dataclass(frozen=True)
class Forum:
    """Where contributions to one article go, and who last closed or opened it."""

    slug: str
    title: str
    open: bool
    by: str | None
    at: datetime | None


@dataclass(frozen=True)
class Crowd:
    """What is open and takes no more contributions until some are read: the whole site, or these forums."""

    everywhere: bool = False
    forums: tuple[Forum, ...] = ()


def crowd(session: Session, person: Person, room: Room) -> Crowd:
    if is_full(session, room):
        return Crowd(everywhere=True)
    if not room.thread:
        return Crowd()
    pending = select(col(Comment.thread_id)).where(col(Comment.status).in_(OPEN))
    full = pending.group_by(col(Comment.thread_id)).having(func.count() >= room.thread)
    return Crowd(
        forums=_forums(session, person, and_(col(Thread.mode) != Mode.CLOSED, col(Thread.id).in_(full)))
    )


def forum(session: Session, person: Person, slug: str) -> Forum | None:
    return next(iter(_forums(session, person, col(Article.slug) == slug)), None)


def closed(session: Session, person: Person) -> tuple[Forum, ...]:
    """Those the team closed, the latest first."""
    return _forums(session, person, and_(col(Thread.mode) == Mode.CLOSED, col(ForumChange.id).is_not(None)))


def sections(session: Session, person: Person) -> tuple[str, ...]:
    """Those of the articles, as far as the person sees them."""
    own = in_scope(person, col(Article.section))
    named = select(col(Article.section)).where(col(Article.section) != "", *own).distinct()
    return tuple(session.execute(named.order_by(col(Article.section))).scalars())


def _forums(session: Session, person: Person, which: ColumnElement[bool]) -> tuple[Forum, ...]:
    last = select(func.max(ForumChange.id)).where(col(ForumChange.thread_id) == Thread.id).correlate(Thread)
    rows = session.execute(
        select(Article.slug, Article.title, Thread.mode, Account.name, ForumChange.at)  # type: ignore[call-overload]
        .select_from(Article)
        .join(Thread)
        .outerjoin(
            ForumChange,
            # A forum that was set otherwise since, as with its article, is so by nobody of the team.
            and_(col(ForumChange.id) == last.scalar_subquery(), col(ForumChange.mode) == Thread.mode),
        )
        .outerjoin(Account, col(Account.id) == ForumChange.account_id)
        .where(which, *in_scope(person, col(Article.section)))
        .order_by(desc(ForumChange.id), col(Article.title))
        .limit(SHOWN)
    )
    return tuple(
        Forum(slug=slug, title=title, open=mode is Mode.APRIORI, by=name, at=at)
        for slug, title, mode, name, at in rows
    )

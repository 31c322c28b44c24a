"""What the desk shows: the queue, one contribution, the log."""

import base64
from dataclasses import dataclass
from datetime import UTC, datetime

from markupsafe import Markup
from sqlalchemy import ColumnElement, tuple_
from sqlmodel import Session, col, desc, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation import lifecycle, markup
from moderation.accounts import Person
from moderation.lifecycle import Action, Reason, Status
from moderation.models.public import Article, Publication, Thread
from moderation.models.queue import Account, Comment, Decision, Version
from moderation.pages import public
from moderation.pages.forums import Crowd, Forum, closed, crowd, forum
from moderation.pages.public import BadCursor
from moderation.settings import ANY_NUMBER, Room

PER_PAGE = 50
COUNTED = 1000


@dataclass(frozen=True)
class Card:
    id: str
    revision: int
    status: Status
    author: str
    email: str
    parent: str | None
    html: Markup
    source: str
    findings: tuple[tuple[str, str], ...]
    submitted_at: datetime
    article_slug: str
    article_title: str


@dataclass(frozen=True)
class Count:
    number: int

    @property
    def more(self) -> bool:
        """Past a thousand, nobody counts."""
        return self.number > COUNTED


@dataclass(frozen=True)
class Line:
    """One line of the log."""

    id: int
    comment_id: str
    action: Action
    after: Status
    reason: Reason | None
    note: str
    by: str | None
    at: datetime
    undo_until: datetime
    undo: bool
    article_title: str


@dataclass(frozen=True)
class QueuePage:
    status: Status
    cards: tuple[Card, ...]
    count: Count
    next: str | None
    done: Line | None
    crowd: Crowd
    moved: Forum | None

    statuses = tuple(Status)


@dataclass(frozen=True)
class ItemPage:
    card: Card
    number: int | None
    place: str
    actions: tuple[Action, ...]
    needs_reason: tuple[Action, ...]
    reasons: tuple[Reason, ...]
    history: tuple[Line, ...]
    waiting: Count
    next_id: str | None
    done: Line | None
    forum: Forum | None


@dataclass(frozen=True)
class LogPage:
    forums: tuple[Forum, ...]
    lines: tuple[Line, ...]
    next: str | None


def visible_to(person: Person) -> SelectOfScalar[Comment]:
    """Where every query of the desk begins: what this person may see."""
    del person  # scopes by section will narrow it
    return select(Comment)


def queue(
    session: Session,
    person: Person,
    *,
    status: Status,
    after: str | None,
    done: int | None = None,
    moved: str | None = None,
    limit: int = PER_PAGE,
    room: Room = ANY_NUMBER,
) -> QueuePage:
    """Oldest first, by position and not by offset: it does not shift while one works.

    `moved` is the slug of an article whose forum was just closed or opened.
    """
    mine = visible_to(person).where(Comment.status == status)
    page = mine.where(_beyond(after)) if after else mine
    ids = page.with_only_columns(col(Comment.id)).order_by(col(Comment.submitted_at), col(Comment.id))
    rows = list(session.execute(ids.limit(limit + 1)).scalars())
    cards = _cards(session, rows[:limit])
    more = len(rows) > limit
    number = count(session, person, status)
    return QueuePage(
        status=status,
        cards=cards,
        count=number,
        next=_cursor(cards[-1]) if more else None,
        done=line(session, done),
        crowd=_crowd(session, room, number) if status is Status.PENDING else Crowd(),
        moved=forum(session, moved) if moved else None,
    )


def count(session: Session, person: Person, status: Status) -> Count:
    # Of an index alone, as a thousand rows take longer than the whole page; and in its order, as PostgreSQL,
    # left to itself, may read the table from its start instead.
    mine = visible_to(person).where(Comment.status == status).with_only_columns(col(Comment.id))
    some = mine.order_by(col(Comment.submitted_at), col(Comment.id)).limit(COUNTED + 1).subquery()
    return Count(session.exec(select(func.count()).select_from(some)).one())


def _crowd(session: Session, room: Room, waiting: Count) -> Crowd:
    """Looks only when the count leaves a doubt."""
    least = min((most for most in (room.thread, room.site) if most), default=None)
    doubt = least is not None and (waiting.more or waiting.number >= least)
    return crowd(session, room) if doubt else Crowd()


def item(session: Session, person: Person, comment_id: str, done: int | None = None) -> ItemPage | None:
    if session.exec(visible_to(person).where(Comment.id == comment_id)).first() is None:
        return None
    (card,) = _cards(session, [comment_id])
    number = session.exec(
        select(Publication.number).where(
            Publication.comment_id == comment_id, col(Publication.taken_down_at).is_(None)
        )
    ).first()
    actions = tuple(lifecycle.actions_from(card.status))
    return ItemPage(
        card=card,
        number=number,
        place=public.place(session, comment_id),
        actions=actions,
        needs_reason=tuple(action for action in actions if action in lifecycle.NEEDS_REASON),
        reasons=tuple(Reason),
        history=_lines(session, Decision.comment_id == comment_id),
        waiting=count(session, person, Status.PENDING),
        next_id=next_waiting(session, person, comment_id),
        done=line(session, done),
        forum=forum(session, card.article_slug),
    )


def next_waiting(session: Session, person: Person, comment_id: str) -> str | None:
    """The oldest that waits after this one, else the oldest of all."""
    here = session.get(Comment, comment_id)
    mine = visible_to(person).where(Comment.status == Status.PENDING, Comment.id != comment_id)
    oldest = mine.order_by(col(Comment.submitted_at), col(Comment.id)).limit(1)
    if here is not None:
        later = oldest.where(
            tuple_(col(Comment.submitted_at), col(Comment.id)) > (here.submitted_at, here.id)
        )
        if (found := session.exec(later).first()) is not None:
            return found.id
    found = session.exec(oldest).first()
    return found.id if found is not None else None


def log(session: Session, before: int | None) -> LogPage:
    """The newest decisions first, and before them the forums the team closed."""
    lines = _lines(session, Decision.id < before if before else None, PER_PAGE + 1)  # type: ignore[operator]
    more = len(lines) > PER_PAGE
    return LogPage(
        () if before else closed(session),
        lines[:PER_PAGE],
        str(lines[PER_PAGE - 1].id) if more else None,
    )


def line(session: Session, decision_id: int | None) -> Line | None:
    if decision_id is None:
        return None
    return next(iter(_lines(session, Decision.id == decision_id)), None)


def _lines(session: Session, which: ColumnElement[bool] | bool | None, limit: int = 200) -> tuple[Line, ...]:
    query = (
        select(Decision, Account.name, Article.title)
        .join(Account, isouter=True)
        .join(Comment, col(Comment.id) == Decision.comment_id)
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .order_by(desc(Decision.id))
        .limit(limit)
    )
    rows = session.exec(query if which is None else query.where(which))
    return tuple(
        Line(
            id=decision.id or 0,
            comment_id=decision.comment_id,
            action=decision.action,
            after=decision.after,
            reason=decision.reason,
            note=decision.note,
            by=name,
            at=decision.at,
            undo_until=decision.undo_until,
            undo=decision.undoes is not None,
            article_title=title,
        )
        for decision, name, title in rows
    )


def _cards(session: Session, ids: list[str]) -> tuple[Card, ...]:
    rows = session.exec(
        select(Comment, Version, Article.slug, Article.title)
        .join(Version)
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .where(col(Comment.id).in_(ids), Version.number == Comment.version)
        .order_by(col(Comment.submitted_at), col(Comment.id))
    )
    return tuple(
        Card(
            id=comment.id,
            revision=comment.revision,
            status=comment.status,
            author=text.author,
            email=text.email,
            parent=comment.parent_id,
            html=markup.trusted(text.html),
            source=text.source,
            findings=tuple((finding["kind"], finding["detail"]) for finding in text.findings),
            submitted_at=comment.submitted_at,
            article_slug=slug,
            article_title=title,
        )
        for comment, text, slug, title in rows
    )


def _cursor(card: Card) -> str:
    return base64.urlsafe_b64encode(f"{card.submitted_at.isoformat()} {card.id}".encode()).decode()


def _beyond(cursor: str) -> ColumnElement[bool]:
    try:
        moment, comment_id = base64.urlsafe_b64decode(cursor).decode("ascii").split(" ")
        place = (datetime.fromisoformat(moment), comment_id)
    except ValueError:  # of which each step has its own kind
        raise BadCursor from None
    if place[0].tzinfo != UTC or not comment_id.isalnum():
        raise BadCursor
    return tuple_(col(Comment.submitted_at), col(Comment.id)) > place

"""The log: who moved what, when and why, and the forums the team closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement
from sqlmodel import Session, and_, col, desc, select

from moderation import appeals, charters, deciders, markup
from moderation.accounts import Person
from moderation.charter import Cited
from moderation.lifecycle import Action, Status
from moderation.models.people import Account
from moderation.models.public import Article, Thread
from moderation.models.queue import Comment, Decision, Version
from moderation.pages.cards import excerpt, in_scope
from moderation.pages.forums import Forum, closed

PER_PAGE = 50
# Among how many of the newest decisions one’s own last is looked for.
LATEST = 200


@dataclass(frozen=True)
class Line:
    """One line of the log."""

    id: int
    comment_id: str
    action: Action
    after: Status
    reason: str | None
    cites: Cited | None
    note: str
    by: str | None
    at: datetime
    undo_until: datetime
    undoes: int | None
    article_title: str
    # Who signed the text, and how it begins.
    author: str
    excerpt: str
    # Whether nothing came after it.
    newest: bool
    # What it was decided in one go with.
    lot: str | None
    # Whether what was moved is an answer of the moderation.
    official: bool = False
    # Whether its author has contested a decision about it.
    contested: bool = False

    @property
    def undo(self) -> bool:
        return self.undoes is not None

    def can_be_undone(self, now: datetime) -> bool:
        return self.newest and not self.undo and self.undo_until > now


@dataclass(frozen=True)
class LogPage:
    forums: tuple[Forum, ...]
    lines: tuple[Line, ...]
    next: str | None
    # Whether it holds one person’s own decisions alone, and whether there are others’.
    own: bool
    shared: bool
    # Which of them answer an appeal against a decision of the same person.
    alone: frozenset[int]

    def can_be_undone(self, line: Line, now: datetime) -> bool:
        """Whether the person whose decisions these are may still take that one back."""
        return self.own and line.can_be_undone(now)


def log(session: Session, person: Person, before: int | None, *, own: bool = False) -> LogPage:
    """The newest decisions first, after the forums the team closed; or the person’s own alone."""
    which = [col(Decision.id) < before] if before else []
    if own:
        which.append(col(Decision.account_id) == person.id)
    found = lines(session, person, *which, limit=PER_PAGE + 1)
    more = len(found) > PER_PAGE
    return LogPage(
        () if before or own else closed(session, person),
        found[:PER_PAGE],
        str(found[PER_PAGE - 1].id) if more else None,
        own,
        shared=deciders.is_team(session),
        alone=answered_alone(session, found[:PER_PAGE]),
    )


def answered_alone(session: Session, found: Sequence[Line]) -> frozenset[int]:
    contested = {line.comment_id for line in found if line.contested}
    return frozenset(one for name in contested for one in appeals.answered_alone(session, name))


def line(session: Session, person: Person, decision_id: int | None) -> Line | None:
    if decision_id is None:
        return None
    return next(iter(lines(session, person, col(Decision.id) == decision_id)), None)


def last(session: Session, person: Person, now: datetime, undo: timedelta) -> Line | None:
    """Their last decision that they may still take back. `undo`: for how long one may at most."""
    recent = select(Decision.id, Decision.account_id).where(col(Decision.at) > now - undo)
    # Of the newest alone, whoever made them: a person may have made a million, none of them just now.
    rows = session.exec(recent.order_by(desc(Decision.at)).limit(LATEST)).all()
    mine = [name for name, by in rows if by == person.id]
    found = lines(session, person, col(Decision.id).in_(mine)) if mine else ()
    return next((line for line in found if line.can_be_undone(now)), None)


def newest(session: Session, person: Person, comment_ids: list[str]) -> dict[str, Line]:
    """The last line of each of a few contributions."""
    found = lines(session, person, col(Decision.comment_id).in_(comment_ids)) if comment_ids else ()
    return {line.comment_id: line for line in reversed(found)}


def lines(
    session: Session, person: Person, *which: ColumnElement[bool], limit: int = 200
) -> tuple[Line, ...]:
    """Those of comments the person may see."""
    rows = session.execute(
        select(Decision, Account.name, Article.title, Comment)
        .add_columns(col(Version.author), col(Version.html))
        .join(Account, isouter=True)
        .join(Comment, col(Comment.id) == Decision.comment_id)
        .join(Version, and_(Version.comment_id == Comment.id, Version.number == Comment.version))
        .join(Thread, col(Thread.id) == Comment.thread_id)
        .join(Article)
        .where(*which, *in_scope(person, col(Comment.section)))
        .order_by(desc(Decision.id))
        .limit(limit)
    )
    return tuple(
        Line(
            id=decision.id or 0,
            comment_id=decision.comment_id,
            action=decision.action,
            after=decision.after,
            reason=decision.reason,
            cites=charters.named(decision),
            note=decision.note,
            by=name,
            at=decision.at,
            undo_until=decision.undo_until,
            undoes=decision.undoes,
            article_title=title,
            author=author,
            excerpt=excerpt(markup.trusted(html)),
            newest=decision.revision == comment.revision,
            lot=decision.lot,
            official=comment.official,
            contested=comment.contested,
        )
        for decision, name, title, comment, author, html in rows
    )

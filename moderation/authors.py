"""All that came with one address, for whoever reads there: erased a text at a time, published ones too."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from moderation import database, decisions, erasing, follows, mailboxes, public_log, publication, settling
from moderation.clock import Clock
from moderation.database import HELD
from moderation.decisions import TooLate
from moderation.lifecycle import MOVES, Action, Status
from moderation.models.public import Publication
from moderation.models.queue import Comment

# How often the delivery may be quicker.
LATE = 100


class Unconfirmed(Exception):
    """Nobody has said that the address is theirs: anybody may have typed it."""


@dataclass(frozen=True)
class Found:
    """How many contributions came with an address, and how many of them readers can read."""

    texts: int = 0
    public: int = 0


def check(session: Session, email: str) -> None:
    """Raises Unconfirmed."""
    if mailboxes.of(session, mailboxes.digest(email)).confirmed_at is None:
        raise Unconfirmed


def found(session: Session, email: str) -> Found:
    mine = select(Comment.id).where(Comment.email_key == email.lower())
    up = col(Publication.taken_down_at).is_(None)
    public = select(func.count()).select_from(Publication).where(col(Publication.comment_id).in_(mine), up)
    return Found(len(session.exec(mine).all()), session.exec(public).one())


def erase(engine: Engine, email: str, clock: Clock, *, by: int | None = None) -> int:
    """How many contributions that was; `by` is who does it for the person. It may be begun again.

    What the address wants no more of is remembered, under its digest: it would be written to again.
    """
    done = late = 0
    while (name := _next(engine, email)) is not None:
        try:
            with database.writing(engine) as session:
                done += _erase(session, name, clock(), by=by)
        except TooLate:  # another process has just published it: it is taken down instead
            late += 1
            if late > LATE:
                raise
    with database.writing(engine) as session:
        follows.end_all(session, mailboxes.digest(email), clock())
        mailboxes.forget(session, mailboxes.digest(email))
    return done


def _next(engine: Engine, email: str) -> str | None:
    """What was proposed about a text goes with it, and after it."""
    mine = select(Comment.id).where(Comment.email_key == email.lower())
    with database.reading(engine) as session:
        return session.exec(mine.order_by(col(Comment.amends).is_not(None), Comment.id).limit(1)).first()


def _erase(session: Session, name: str, now: datetime, *, by: int | None) -> int:
    comment = session.get_one(Comment, name, with_for_update=HELD)
    if comment.email_key is None:
        return 0  # another process was quicker
    decisions.set_aside(session, comment, now)
    if comment.amends is not None and comment.status is Status.PUBLISHED:  # what it asked for was done
        erasing.expire(session, comment, now)
        return 1
    action: Literal[Action.WITHDRAW, Action.RETRACT] = (
        Action.WITHDRAW if (comment.status, Action.WITHDRAW) in MOVES else Action.RETRACT
    )
    erasing.take_answers(session, comment, now)
    decision = erasing.take_away(session, comment, now, by=by, action=action)
    publication.sync(session, comment.id, now)
    public_log.follow(session, decision, now)
    settling.follow(session, decision, now)
    return 1

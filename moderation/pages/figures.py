"""What an operator is shown of the queue: whether it is kept up with, and how much there is. Never whose."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, func, select
from sqlmodel.sql.expression import SelectOfScalar

from moderation.lifecycle import Status
from moderation.models.queue import Comment, Effect, Letter

OVERDUE = timedelta(minutes=1)
# Past these nobody counts, so that a long queue costs a scrape no more than a short one.
COUNTED = 10_000


@dataclass(frozen=True)
class Figures:
    comments: dict[Status, int]
    oldest_seconds: float
    effects: int
    effects_due: int
    effects_overdue: int
    letters: int
    letters_failing: int


def is_overdue(session: Session, now: datetime) -> bool:
    """Whether a decision’s effect should have been seen a minute ago."""
    return session.exec(select(Effect.id).where(Effect.due_at < now - OVERDUE).limit(1)).first() is not None


def figures(session: Session, now: datetime) -> Figures:
    oldest = session.exec(
        select(Comment.submitted_at)
        .where(Comment.status == Status.PENDING)
        .order_by(col(Comment.submitted_at))
        .limit(1)
    ).first()
    effects, letters = select(Effect.id), select(Letter.id)
    return Figures(
        comments={
            status: _count(session, select(Comment.submitted_at).where(Comment.status == status))
            for status in Status
        },
        oldest_seconds=(now - oldest).total_seconds() if oldest else 0,
        effects=_count(session, effects),
        effects_due=_count(session, effects.where(Effect.due_at <= now)),
        effects_overdue=_count(session, effects.where(Effect.due_at < now - OVERDUE)),
        letters=_count(session, letters),
        letters_failing=_count(session, letters.where(Letter.failure != "")),
    )


def _count(session: Session, rows: SelectOfScalar[Any]) -> int:
    return session.exec(select(func.count()).select_from(rows.limit(COUNTED).subquery())).one()

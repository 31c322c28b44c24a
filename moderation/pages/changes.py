"""What happened since a page of the desk was made: how many came, and whether the open one moved."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from moderation import decisions
from moderation.accounts import Person
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.pages.cards import visible_to
from moderation.pages.queue import COUNTED, Count
from moderation.standing import Last


@dataclass(frozen=True)
class Changes:
    arrived: Count
    # Who moved the open one, if somebody did.
    moved: Last | None


def changes(
    session: Session, person: Person, since: datetime, opened: str | None, revision: int | None
) -> Changes:
    """In a time that grows neither with the queue nor with what came: nobody counts past a thousand."""
    came = (
        visible_to(person)
        .where(Comment.status == Status.PENDING, col(Comment.submitted_at) > since)
        .with_only_columns(col(Comment.id))
        .order_by(col(Comment.submitted_at), col(Comment.id))
        .limit(COUNTED + 1)
    )
    number = session.exec(select(func.count()).select_from(came.subquery())).one()
    moved = None
    if opened is not None:
        comment = session.exec(visible_to(person).where(Comment.id == opened)).first()
        if comment is not None and comment.revision != revision:
            moved = decisions.stale(session, comment).last
    return Changes(Count(number), moved)

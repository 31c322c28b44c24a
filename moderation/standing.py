"""What stands of what was decided about a comment, and what is in effect of it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, desc, select

from moderation import lifecycle
from moderation.lifecycle import Action
from moderation.models.people import Account
from moderation.models.queue import Decision


@dataclass(frozen=True)
class Last:
    """The newest line of a comment's log: who moved it, when, and how. `by` is empty for the author."""

    action: Action
    by: str | None
    at: datetime
    undo: bool


def lines(session: Session, comment_id: str) -> list[Decision]:
    """The decisions that were not undone, newest first."""
    lines = session.exec(
        select(Decision).where(Decision.comment_id == comment_id).order_by(desc(Decision.revision))
    ).all()
    undone = {line.undoes for line in lines}
    return [line for line in lines if line.undoes is None and line.id not in undone]


def in_effect(session: Session, comment_id: str, now: datetime) -> Decision | None:
    """The decision an author is shown: the newest that stands and has taken effect."""
    return next((line for line in lines(session, comment_id) if not not_yet_due(line, now)), None)


def not_yet_due(decision: Decision, now: datetime) -> bool:
    """Whether the author and the public are still shown what was true before."""
    return now < decision.undo_until and not lifecycle.takes_down(decision.before, decision.after)


def last(session: Session, ids: Collection[str]) -> dict[str, Last]:
    """The newest line of each comment that has any."""
    lines = session.exec(
        select(Decision, Account.name)
        .join(Account, isouter=True)
        .where(col(Decision.comment_id).in_(ids))
        .order_by(col(Decision.revision))
    )
    return {line.comment_id: Last(line.action, by, line.at, line.undoes is not None) for line, by in lines}

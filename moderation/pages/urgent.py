"""What is put before the list: what somebody claims about something public, and waits for an answer."""

from sqlmodel import Session, col

from moderation.accounts import Person
from moderation.lanes import Lane
from moderation.lifecycle import Status
from moderation.models.queue import Comment
from moderation.pages.cards import Card, cards, visible_to

# Of each kind at most.
SHOWN = 10


def urgent(session: Session, person: Person) -> tuple[Card, ...]:
    """Rights of reply, whose clock is running, then notices; of each the oldest first."""
    return tuple(card for lane in (Lane.REPLY, Lane.NOTICE) for card in _waiting(session, person, lane))


def _waiting(session: Session, person: Person, lane: Lane) -> tuple[Card, ...]:
    mine = visible_to(person).where(Comment.lane == lane, Comment.status == Status.PENDING)
    oldest = mine.order_by(col(Comment.submitted_at), col(Comment.id)).limit(SHOWN)
    return cards(session, [*session.execute(oldest.with_only_columns(col(Comment.id))).scalars()])

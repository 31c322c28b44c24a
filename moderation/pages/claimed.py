"""What a notice or a right of reply says beside its text: for the desk, and for who sent it."""

from dataclasses import dataclass

from sqlmodel import Session

from moderation.lanes import Ground, Lane
from moderation.models.claims import Claim
from moderation.models.queue import Comment


@dataclass(frozen=True)
class Claimed:
    lane: Lane
    ground: Ground | None
    passage: str


def claimed(session: Session, comment: Comment) -> Claimed | None:
    """None for a contribution."""
    row = session.get(Claim, comment.id) if comment.lane is not None else None
    return Claimed(comment.lane, row.ground, row.passage) if comment.lane is not None and row else None

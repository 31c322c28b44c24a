"""An appeal: its author has a decision read again, once, by somebody else than who made it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from moderation import standing
from moderation.lifecycle import MOVES, OPEN, Action, IllegalMove
from moderation.models.queue import Comment, Decision
from moderation.models.together import Voice

# How long after a decision, unless a site says otherwise.
WITHIN = timedelta(days=90)


class Unanswered(IllegalMove):
    """What is decided would leave an appeal without an answer."""


def waiting(lines: Sequence[Decision]) -> Decision | None:
    """The appeal nobody has answered, of the lines that stand, newest first."""
    return next((line for line in _since_decided(lines) if line.action is Action.APPEAL), None)


def answered(lines: Sequence[Decision]) -> Decision | None:
    """The appeal the last decision answered."""
    moved = _moved(lines)
    return waiting(moved[1:]) if moved and moved[0].after not in OPEN else None


def against(lines: Sequence[Decision], appeal: Decision) -> Decision:
    """The decision that is appealed."""
    moved = _moved(lines)
    return moved[moved.index(appeal) + 1]


def until(lines: Sequence[Decision], within: timedelta) -> datetime | None:
    """Till when its author may appeal; None where there is nothing to, or it was confirmed on an appeal."""
    moved = _moved(lines)
    if not moved or (moved[0].after, Action.APPEAL) not in MOVES or answered(lines) is not None:
        return None
    return moved[0].at + within


def follow(session: Session, comment: Comment, decision: Decision) -> None:
    """After a move: whether one waits for an answer."""
    if decision.undoes is not None:
        comment.appealed = waiting(standing.lines(session, comment.id)) is not None
    elif decision.action is Action.APPEAL or decision.after not in OPEN:
        comment.appealed = decision.action is Action.APPEAL
    session.add(comment)


def check(comment: Comment, action: Action, note: str) -> None:
    """An appeal is answered by publishing, or in words. Raises Unanswered."""
    if comment.appealed and (action is Action.SPAM or (action is Action.REFUSE and not note)):
        raise Unanswered(comment.status, action)


def decided_by(session: Session, comment: Comment) -> set[int]:
    """Who decided what is appealed, and whose voices did; nobody where no appeal waits."""
    lines = standing.lines(session, comment.id) if comment.appealed else []
    appeal = waiting(lines)
    if appeal is None:
        return set()
    made = against(lines, appeal)
    voted = select(Voice.account_id).where(
        Voice.comment_id == comment.id, Voice.revision == made.revision - 1, col(Voice.ended_at).is_(None)
    )
    return {*session.exec(voted)} | ({made.account_id} if made.account_id is not None else set())


def _moved(lines: Sequence[Decision]) -> list[Decision]:
    return [line for line in lines if line.before is not line.after]


def _since_decided(lines: Sequence[Decision]) -> list[Decision]:
    moved = _moved(lines)
    decided = next((at for at, line in enumerate(moved) if line.after not in OPEN), len(moved))
    return moved[:decided]

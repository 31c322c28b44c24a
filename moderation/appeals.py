"""An appeal: its author has a decision read again, once, by somebody else than who made it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlmodel import Session, col, or_, select

from moderation import remarks, standing
from moderation.lifecycle import BY_AUTHOR, BY_ITSELF, MOVES, OPEN, Action, IllegalMove, takes_down
from moderation.models.public import Publication
from moderation.models.queue import Comment, Decision
from moderation.models.together import Voice
from moderation.policy import Say

# How long after a decision, unless a site says otherwise.
WITHIN = timedelta(days=90)


class Outcome(StrEnum):
    """Of an appeal: it waits, the decision was upheld or changed, or the text was withdrawn."""

    WAITS = "waits"
    UPHELD = "upheld"
    CHANGED = "changed"
    WITHDRAWN = "withdrawn"


class Unanswered(IllegalMove):
    """What is decided would leave an appeal without an answer."""


def waiting(lines: Sequence[Decision]) -> Decision | None:
    """The appeal nobody has answered, of the lines that stand, newest first."""
    return next((line for line in _since_decided(lines) if line.action is Action.APPEAL), None)


def answered(lines: Sequence[Decision]) -> Decision | None:
    """The appeal the last decision answered."""
    moved = _moved(lines)
    if not moved or moved[0].after in OPEN or moved[0].action in BY_AUTHOR:
        return None
    return waiting(moved[1:])


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


def unread(lines: Sequence[Decision], known: Sequence[Decision]) -> list[int | None]:
    """The line of an appeal that its author knows no answer to, and those of answers on their way."""
    appeal = waiting(lines) or waiting(known)
    return [line.id for line in lines if appeal and line.revision >= appeal.revision]


def follow(session: Session, comment: Comment, decision: Decision) -> None:
    """After a move: whether one waits for an answer."""
    if comment.contested or decision.action is Action.APPEAL:
        comment.contested = True
        comment.appealed = waiting(standing.lines(session, comment.id)) is not None
        session.add(comment)


def check(session: Session, comment: Comment, action: Action, note: str) -> None:
    """An appeal is answered by publishing, or in words; of spam, by saying so again. Raises Unanswered.

    So is what takes the place of an answer that is not public.
    """
    if action not in {Action.SPAM, Action.REFUSE, Action.UNPUBLISH} or _unread(session, comment) is None:
        return
    if not (takes_spam(session, comment) if action is Action.SPAM else remarks.is_said(note)):
        raise Unanswered(comment.status, action)


def takes_spam(session: Session, comment: Comment) -> bool:
    """Whether it may be taken for spam: what is appealed may where that is what the appeal is about."""
    appeal = _unread(session, comment)
    return appeal is None or against(standing.lines(session, comment.id), appeal).action is Action.SPAM


def decided_by(session: Session, comment: Comment) -> set[int]:
    """Who decided what is appealed, and whose voices did, until the answer is public; nobody without one.

    They would otherwise replace an answer its author has not read. What is public they may take down: that is
    another decision, which can be appealed.
    """
    appeal = _unread(session, comment)
    return judges(session, standing.lines(session, comment.id), appeal) if appeal else set()


def _unread(session: Session, comment: Comment) -> Decision | None:
    """The appeal that has no public answer."""
    lines = standing.lines(session, comment.id) if comment.contested else []
    appeal = waiting(lines)
    return appeal or (None if _is_up(session, comment) else answered(lines))


def judges(session: Session, lines: Sequence[Decision], appeal: Decision) -> set[int]:
    """Whose decision it was: who made it, and whose voices for it counted then."""
    made = against(lines, appeal)
    voted = select(Voice.account_id).where(
        Voice.comment_id == made.comment_id,
        Voice.revision == made.revision - 1,
        col(Voice.say).in_([Say.REFUSE, Say.SPAM]),
        or_(col(Voice.ended_at).is_(None), col(Voice.ended_at) > made.at),
    )
    return {*session.exec(voted)} | ({made.account_id} if made.account_id is not None else set())


def answered_alone(session: Session, comment_id: str) -> frozenset[int]:
    """The decisions by which somebody answered an appeal against their own, as who is alone does."""
    lines = standing.lines(session, comment_id)
    rests = [lines[place:] for place, line in enumerate(lines) if line.before is not line.after]
    return frozenset(
        rest[0].id
        for rest in rests
        if rest[0].id is not None
        and (appeal := answered(rest)) is not None
        and rest[0].account_id in judges(session, rest, appeal)
    )


def _is_up(session: Session, comment: Comment) -> bool:
    there = select(Publication.id).where(
        Publication.comment_id == comment.id, col(Publication.taken_down_at).is_(None)
    )
    return session.exec(there).first() is not None


def _moved(lines: Sequence[Decision]) -> list[Decision]:
    """Those that moved it, but for what another came after before it was due: see `standing.in_effect`."""
    return [
        line
        for place, line in enumerate(lines)
        if line.before is not line.after
        and (
            standing.took_effect(line, lines[:place])
            or line.action in BY_AUTHOR | BY_ITSELF
            or takes_down(line.before, line.after)
        )
    ]


def _since_decided(lines: Sequence[Decision]) -> list[Decision]:
    moved = _moved(lines)
    decided = next((at for at, line in enumerate(moved) if line.after not in OPEN), len(moved))
    return moved[:decided]
